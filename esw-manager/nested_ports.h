// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "netlink/kernel.h"

namespace esw {

/// A port that the kernel has in an instance of `device` or of a driver of it, as one of `device`.
netlink::DevlinkPort as_port_of(const netlink::DevlinkHandle& device, netlink::DevlinkPort port);

/// Tells the ports that a driver has put into devlink instances of their own as those of the device
/// that they are part of.
///
/// Linux 6.3 took the uplink's port out of the PF's instance: it is in that of the PF's Ethernet
/// driver, auxiliary/mlx5_core.eth.0/65535, and the eswitch and its representors are where they
/// were ("net/mlx5e: Create separate devlink instance for ethernet auxiliary device"). The instance
/// comes before the PF's own is announced and goes after that is gone, and comes and goes with the
/// driver while the PF's stays.
///
/// Threads: one (the manager's events thread).
class NestedPorts {
public:
    using DevlinkHandle = netlink::DevlinkHandle;
    /// The device that an auxiliary device is part of; nothing when that is not known. The ports
    /// of the auxiliary device are left out then; it is asked again with its next notification.
    using Parent = std::function<std::optional<DevlinkHandle>(const DevlinkHandle&)>;

    explicit NestedPorts(Parent parent) : parent_(std::move(parent)) {}

    /// `event` as it is of devices that have all their ports themselves: with the handle of the
    /// port's device and the port's own one in DevlinkPort::instance. Nothing when it is of a
    /// nested instance only; with its ports when it brings their device.
    std::vector<netlink::KernelEvent> apply(netlink::KernelEvent event);

    /// The same of a dump of everything.
    void resync(std::vector<netlink::DevlinkDevice>& devices,
                std::vector<netlink::DevlinkPort>& ports);

private:
    struct Instance {
        std::optional<DevlinkHandle> device;  // that it is part of, when that is known
        std::map<uint32_t, netlink::DevlinkPort> ports;
    };
    using Events = std::vector<netlink::KernelEvent>;

    Events apply_device(netlink::DevlinkDeviceEvent event);
    Events apply_port(netlink::DevlinkPortEvent event);
    void add_device(const DevlinkHandle& handle, Events& events);
    Instance& add_instance(const DevlinkHandle& handle, Events& events);
    void remove_instance(const DevlinkHandle& handle, Events& events);
    void add_ports(const Instance& instance, Events& events) const;

    const Parent parent_;
    std::map<DevlinkHandle, Instance> instances_;
    std::set<DevlinkHandle> devices_;  // that are there, as apply() and resync() tell them
};

}  // namespace esw
