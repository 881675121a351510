// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <climits>
#include <cstddef>

namespace esw::sim {

/// A path as the program gave it, or what is in its place in the adapter's view of /sys and of
/// /dev/infiniband.
class MappedPath {
public:
    /// `path` may be null. A relative path leads into the view only from a directory that is in it,
    /// and then needs no mapping.
    explicit MappedPath(const char* path) noexcept;
    /// For opening with `flags`: what is to be written is also found by a relative path.
    MappedPath(const char* path, int flags) noexcept;
    MappedPath(const MappedPath&) = delete;
    MappedPath& operator=(const MappedPath&) = delete;

    const char* get() const noexcept { return path_; }
    bool mapped() const noexcept { return path_ == buffer_; }
    /// Of a mapped path, what follows "/sys/".
    const char* below_sys() const noexcept { return buffer_ + prefix_; }
    /// Opening it with `flags` is for writing an attribute of the adapter's.
    bool is_attribute_for(int flags) const noexcept;

private:
    bool map(const char* path) noexcept;
    bool map_device(const char* path) noexcept;
    bool map_relative(const char* path) noexcept;

    const char* path_;
    size_t prefix_ = 0;
    char buffer_[PATH_MAX];
};

/// Turns an absolute path of the view into the one that a program knows, in place.
void unmap_path(char* path) noexcept;

}  // namespace esw::sim
