// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace esw::sim {

/// The kernel that the simulated adapter plays: which features there are and in which order the
/// notifications come. 6.1 is Debian 12's and the oldest one that is played.
struct KernelVersion {
    int major = 6;
    int minor = 1;

    /// "6.1", "6.12"; refuses what is older than 6.1.
    static Result<KernelVersion> parse(std::string_view text);
    std::string to_string() const;
    auto operator<=>(const KernelVersion&) const = default;

    /// Netdevs tell devlink about themselves (devlink_port_netdevice_event(), net/devlink/port.c):
    /// a port is announced as eth without and then with its netdev, a rename or a move to another
    /// namespace is announced, and drivers call devlink_port_type_*() no more.
    bool ports_follow_netdevs() const { return *this >= KernelVersion{6, 2}; }

    /// DEVLINK_PORT_FN_ATTR_CAPS (roce, migratable).
    bool has_function_caps() const { return *this >= KernelVersion{6, 2}; }

    /// Statistics of representors have RDMA's (vport_rep_stats_desc, en_rep.c).
    bool reps_count_rdma() const { return *this >= KernelVersion{6, 2}; }

    /// DEVLINK_ATTR_RATE_TX_PRIORITY and _WEIGHT in every rate message; mlx5 sets neither.
    bool has_rate_priority() const { return *this >= KernelVersion{6, 2}; }

    /// The reply to DEVLINK_CMD_PORT_NEW carries that command. 6.1 says DEVLINK_CMD_NEW
    /// (devlink_port_new_notify(), net/devlink/leftover.c).
    bool port_new_reply_is_port_new() const { return *this >= KernelVersion{6, 2}; }

    /// The devlink core says a driver's name itself: that of the device's driver, whatever the
    /// driver calls itself, and of instances without info_get, too (devlink_nl_driver_info_get()).
    bool core_names_driver() const { return *this >= KernelVersion{6, 2}; }

    /// A function's own port is in a devlink instance of its Ethernet auxiliary device, not in that
    /// of the function: commit ee75f1fc44dd "net/mlx5e: Create separate devlink instance for
    /// ethernet auxiliary device".
    bool ethernet_has_instance() const { return *this >= KernelVersion{6, 3}; }

    /// mlx5's devlink parameter esw_multiport.
    bool has_esw_multiport() const { return *this >= KernelVersion{6, 3}; }

    /// LAG of more than two ports in switchdev mode (MLX5_LAG_OFFLOADS_SUPPORTED_PORTS).
    bool has_lag_of_four() const { return *this >= KernelVersion{6, 5}; }

    /// Setting esw_multiport where it is set already succeeds; before, it is EINVAL. Of the commit
    /// "net/mlx5: make enable_mpesw idempotent", which stable kernels have got too.
    bool multiport_is_idempotent() const { return *this >= KernelVersion{6, 19}; }

    /// mlx5 registers its devlink instance before anything in it (mlx5_init_one(), "Register
    /// devlink first under devlink lock"), and takes it away last; before, the other way round.
    bool devlink_registered_first() const { return *this >= KernelVersion{6, 7}; }

    /// An instance says which are nested in it, and tells when that changes (struct devlink_rel,
    /// net/devlink/core.c; "net/mlx5e: Set en auxiliary devlink instance as nested").
    bool has_nested_instances() const { return *this >= KernelVersion{6, 7}; }

    /// RDMA_NLDEV_CMD_MONITOR and the notification group.
    bool has_rdma_monitor() const { return *this >= KernelVersion{6, 12}; }

    /// DEVLINK_ESWITCH_MODE_SWITCHDEV_INACTIVE.
    bool has_switchdev_inactive() const { return *this >= KernelVersion{6, 19}; }

    /// What NL_SET_ERR_MSG_MOD() puts before a text of the devlink core: the name of the object
    /// file, net/devlink/leftover.c in Debian's 6.1, net/core/devlink.c in 6.2. Nothing since 6.3
    /// ("devlink: stop using NL_SET_ERR_MSG_MOD").
    std::string core_prefix() const;
};

}  // namespace esw::sim
