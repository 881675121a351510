// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "esw-manager/ids.h"
#include "esw-manager/snapshot.h"
#include "netlink/devlink_types.h"

namespace esw {

/// What a mode set would do now, as far as it can be known without trying: only the kernel knows
/// what it refuses.
struct ModePlan {
    DevlinkHandle eswitch;
    std::optional<netlink::EswitchMode> from;  ///< nothing: it could not be read
    Duration mode_age{};                       ///< since it was read: the kernel tells of no change
    netlink::EswitchMode to{};
    std::string busy;  ///< what goes on now and would be waited for, or empty

    std::vector<RepId> reps_lost;    ///< until the mode is one with representors again
    std::vector<RepId> sfs_deleted;  ///< for good: the driver deletes them on the way to legacy
    std::vector<std::string> ports_lost;     ///< OVS ports that would have no representor
    std::vector<std::string> ports_waiting;  ///< that would have one if the device has it
    bool rdma_devices_replaced = false;      ///< and with them all rules that any program put in
    bool traffic_dropped = false;            ///< all of it, until switchdev

    bool changes() const { return from != to; }
};

/// The source of what it says of subfunctions and RDMA devices: mlx5_eswitch_disable_locked(),
/// mlx5_sf_table_disable() and mlx5_rescan_drivers() of Linux.
///
/// ENODEV when there is no such eswitch.
Result<ModePlan> plan_mode(const Snapshot& snapshot, TimePoint now, const DevlinkHandle& eswitch,
                           netlink::EswitchMode mode);

std::string to_text(const ModePlan& plan);
std::string to_json(const ModePlan& plan);

}  // namespace esw
