// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/result.h"
#include "netlink/bytes.h"
#include "netlink/rdma_types.h"

/// The kernel's uevents (NETLINK_KOBJECT_UEVENT): the one way in which kernels before 6.12 tell
/// that an RDMA device came or went. A datagram is "ACTION@DEVPATH" and then KEY=VALUE, each with a
/// NUL behind it (kobject_uevent_env() in lib/kobject_uevent.c of Linux).
namespace esw::netlink::uevent {

/// Nothing for what is not about an RDMA device, or says of one only that something changed.
Result<std::optional<RdmaDeviceEvent>> decode(ByteView datagram);

}  // namespace esw::netlink::uevent
