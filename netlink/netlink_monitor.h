// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "netlink/channel.h"
#include "netlink/kernel.h"
#include "netlink/monitor_source.h"

namespace esw::netlink {

/// The kernel's notifications by netlink: devlink's group "config", rtnetlink's links, RDMA
/// netlink's group "notify" where the kernel has it (6.12), and the uevents of RDMA devices. A
/// devlink family that appears later is noticed (generic netlink's controller tells), and reported
/// as an Overflow of kDevlink; one that disappears as SourceLost with ENOTSUP. RDMA netlink that
/// appears later (the module is loaded) has no notification: it is looked for when devlink tells of
/// a device.
///
/// A notification that cannot be understood is reported as an Overflow, too: what it said is lost.
///
/// The receiver must not destroy the monitor; a drain() within it does nothing. `loop`, `log` and
/// `clock` must outlive it.
std::unique_ptr<KernelMonitor> make_netlink_monitor(EventLoop& loop, LogSink& log,
                                                    const Clock& clock, BackOff back_off = {},
                                                    ChannelFactory factory = open_channel);

}  // namespace esw::netlink
