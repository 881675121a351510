// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace esw::sim {

/// Identity of a network namespace: device and inode of its file in nsfs. The kernel gives an inode
/// to another namespace when the first has ended.
struct NamespaceId {
    uint64_t device = 0;
    uint64_t inode = 0;
    auto operator<=>(const NamespaceId&) const = default;
};

/// That of the calling thread.
NamespaceId own_network_namespace();

/// That of an open namespace file; all zero when `file` is none.
NamespaceId namespace_of_file(int file);

}  // namespace esw::sim
