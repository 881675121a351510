// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <climits>
#include <cstddef>

namespace esw::sim {

/// A descriptor for writing a file such as sriov_numvfs: a socket that is connected to nothing and
/// whose name is the file's path, so that it is found again after dup, fork and exec (the shell
/// opens it, duplicates it to 1 and runs echo).
struct Attribute {
    char path[108];  ///< below /sys

    /// The path as the program knows it.
    struct FullPath {
        explicit FullPath(const Attribute& attribute) noexcept;
        char text[128] = "/sys/";
    };

    /// False, quickly, for every other descriptor.
    static bool find(int fd, Attribute& out) noexcept;
    /// As open() with `flags`.
    static int open(const char* path_below_sys, int flags) noexcept;
    /// As write(): returns when the kernel that is played has carried it out.
    ssize_t write(const void* data, size_t length) const noexcept;
};

}  // namespace esw::sim
