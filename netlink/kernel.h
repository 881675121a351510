// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "base/result.h"
#include "netlink/devlink_types.h"
#include "netlink/rdma_types.h"
#include "netlink/rtnl_types.h"

/// The kernel as the eswitch manager needs it. One implementation talks netlink (netlink_kernel.h),
/// tests have one in memory.
///
/// Errors: the kernel's errno, with its extended acknowledgement text as the detail when it gave
/// one; ETIMEDOUT when no answer came before the deadline of the call's class; ENOTSUP when the
/// kernel has no devlink or no RDMA netlink at all.
namespace esw::netlink {

/// Requests. Every call blocks until the kernel has answered, for at most the client's deadline.
/// Threads: calls may come from any thread at once; each takes a socket of its own from a pool.
class Kernel {
public:
    virtual ~Kernel() = default;

    virtual Result<std::vector<DevlinkDevice>> devlink_devices() = 0;
    virtual Result<DevlinkInfo> devlink_info(const DevlinkHandle& handle) = 0;
    virtual Result<Eswitch> eswitch_get(const DevlinkHandle& handle) = 0;
    /// Absent members are not touched.
    virtual Status eswitch_set(const DevlinkHandle& handle, const Eswitch& wanted) = 0;
    virtual Status devlink_reload(const DevlinkHandle& handle) = 0;
    /// VFs of a PF, in whatever mode it is; 0 for what can have none.
    virtual Result<uint32_t> num_vfs(const DevlinkHandle& handle) = 0;

    virtual Result<std::vector<DevlinkPort>> devlink_ports() = 0;
    virtual Result<DevlinkPort> devlink_port(const DevlinkHandle& handle, uint32_t index) = 0;
    virtual Result<DevlinkPort> port_new(const NewPort& port) = 0;
    virtual Status port_del(const DevlinkHandle& handle, uint32_t index) = 0;
    virtual Status port_function_set(const DevlinkHandle& handle, uint32_t index,
                                     const PortFunction& wanted) = 0;

    virtual Result<DevlinkParam> param_get(const DevlinkHandle& handle,
                                           const std::string& name) = 0;
    virtual Status param_set(const DevlinkHandle& handle, const std::string& name, uint8_t type,
                             ParamCmode cmode, const ParamValue& value) = 0;

    virtual Result<std::vector<DevlinkRate>> rates() = 0;
    virtual Result<DevlinkRate> rate_get(const DevlinkRate& which) = 0;
    virtual Status rate_set(const DevlinkRate& wanted) = 0;
    virtual Status rate_new(const DevlinkRate& wanted) = 0;
    virtual Status rate_del(const DevlinkHandle& handle, const std::string& node_name) = 0;

    virtual Result<std::vector<Link>> links() = 0;
    virtual Result<Link> link(uint32_t ifindex) = 0;
    virtual Result<LinkStats> link_stats(uint32_t ifindex) = 0;
    /// EOPNOTSUPP when the driver has none.
    virtual Result<std::vector<DriverCounter>> driver_counters(uint32_t ifindex) = 0;
    virtual Status link_change(const LinkChange& change) = 0;
    /// EOPNOTSUPP when the driver has none, as that of a representor.
    virtual Result<LinkModes> link_modes(uint32_t ifindex) = 0;
    /// The features of this netdev that are on, as ethtool names them ("hw-tc-offload", "rx-gro").
    virtual Result<NetdevFeatures> features(uint32_t ifindex) = 0;
    /// ENOTSUP when the driver does not let the feature be changed.
    virtual Status set_feature(uint32_t ifindex, const std::string& feature, bool on) = 0;
    /// Removes the ingress (or clsact) qdisc with all that hangs on it; false when there was none.
    virtual Result<bool> remove_ingress_qdisc(uint32_t ifindex) = 0;

    virtual Result<std::vector<RdmaDevice>> rdma_devices() = 0;
    virtual Result<std::vector<RdmaPort>> rdma_ports(uint32_t device_index) = 0;
    /// The device that an RDMA device is made of, as devlink names it. ENODEV: there is no RDMA
    /// device of this name.
    virtual Result<DevlinkHandle> rdma_parent(const std::string& device) = 0;
    /// The device that an auxiliary device is part of, as devlink names it. ENODEV: there is no
    /// such auxiliary device. Asks /sys only, which takes no lock that a driver holds for long.
    virtual Result<DevlinkHandle> auxiliary_parent(const std::string& device) = 0;
};

/// Notifications of one source were lost: everything known from it may be wrong and has to be asked
/// again.
struct Overflow {
    enum class Source { kDevlink, kRtnl, kRdma };
    Source source;
};

/// A source ended with an error that reading again does not mend (its socket is gone). It is opened
/// again by itself, with back-off; an Overflow follows when it is back.
struct SourceLost {
    Overflow::Source source;
    Error error;
};

using KernelEvent =
    std::variant<DevlinkDeviceEvent, DevlinkPortEvent, DevlinkParamEvent, DevlinkRateEvent,
                 LinkEvent, RdmaEvent, RdmaDeviceEvent, Overflow, SourceLost>;

/// Notifications. Threads: all calls on the thread of the event loop that it was made with.
class KernelMonitor {
public:
    virtual ~KernelMonitor() = default;

    /// Subscribes and starts to deliver, in the order of each source. Events that arrive between
    /// the subscription and a later dump are delivered: subscribe first, dump second. A kernel
    /// without devlink is not an error here: `has_devlink` says so.
    virtual Status start(std::function<void(KernelEvent)> receiver) = 0;

    /// Delivers what the kernel has sent so far, and returns when the sockets are empty.
    virtual void drain() = 0;

    virtual bool has_devlink() const = 0;
    virtual bool has_rdma() const = 0;
    virtual bool has_rdma_monitor() const = 0;
};

}  // namespace esw::netlink
