// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace esw::sim {

/// Identity of a namespace: device and inode of its file in nsfs.
struct NamespaceId {
    uint64_t device = 0;
    uint64_t inode = 0;
    bool operator==(const NamespaceId&) const = default;
};

/// The calling process's own network namespace.
NamespaceId own_network_namespace();

/// The network namespace that the socket `fd` was made in, by SIOCGSKNS; where that is not
/// permitted, the one that process `pid` is in now.
NamespaceId socket_network_namespace(int fd, pid_t pid);

/// Who is at the other end of a connected AF_UNIX socket.
pid_t peer_process(int fd);

/// Process `pid` has CAP_NET_ADMIN in the user namespace of this process, as GENL_ADMIN_PERM wants.
bool has_net_admin(pid_t pid);

/// The same of any capability (CAP_...), as capable() wants.
bool has_capability(pid_t pid, int capability);

}  // namespace esw::sim
