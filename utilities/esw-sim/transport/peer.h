// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "utilities/esw-sim/network_namespace.h"

namespace esw::sim {

/// The network namespace that the socket `fd` was made in, by SIOCGSKNS; where that is not
/// permitted, the one that process `pid` is in now.
NamespaceId socket_network_namespace(int fd, pid_t pid);

/// Netdevs as a program sees them: in the namespace of one of its sockets, of any kind.
struct NetworkView {
    NamespaceId network;
    int socket = -1;

    uint32_t ifindex_of(const std::string& name) const;  ///< 0: none
    std::string name_of(uint32_t ifindex) const;         ///< empty: none
};

/// Who is at the other end of a connected AF_UNIX socket.
pid_t peer_process(int fd);

/// Process `pid` has CAP_NET_ADMIN in the user namespace of this process, as GENL_ADMIN_PERM wants.
bool has_net_admin(pid_t pid);

/// The same of any capability (CAP_...), as capable() wants.
bool has_capability(pid_t pid, int capability);

}  // namespace esw::sim
