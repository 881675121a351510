// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "netlink/channel.h"
#include "netlink/kernel.h"
#include "netlink/requester.h"

namespace esw::netlink {

/// The kernel by netlink. Sockets are made as calls need them, in the network namespace of the
/// calling thread: all callers must be in the same one. `log` and `clock` must outlive it.
std::unique_ptr<Kernel> make_netlink_kernel(LogSink& log, const Clock& clock,
                                            Deadlines deadlines = {},
                                            ChannelFactory factory = open_channel);

}  // namespace esw::netlink
