// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/preload/simulated_socket.h"

namespace esw::sim {

// What a system call on a netlink socket would do, on one of the daemon's. They set errno.

ssize_t simulated_receive(const SimulatedSocket& socket, msghdr* message, int flags) noexcept;
ssize_t simulated_send(const SimulatedSocket& socket, const msghdr* message) noexcept;

}  // namespace esw::sim
