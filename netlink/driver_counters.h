// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "netlink/rtnl_types.h"

namespace esw::netlink {

/// Kernel::driver_counters(), by the ethtool ioctl: its generic netlink family has the counters of
/// standards only (ETHTOOL_MSG_STATS_GET), and not those of a driver.
Result<std::vector<DriverCounter>> driver_counters(uint32_t ifindex);

}  // namespace esw::netlink
