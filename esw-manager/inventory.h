// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "esw-manager/ids.h"
#include "esw-manager/kernel_bond.h"
#include "netlink/kernel.h"

namespace esw {

/// All that the kernel says about one representor, from devlink, rtnetlink and RDMA netlink.
struct RepFacts {
    RepId id;
    netlink::DevlinkPort port;  ///< ifindex and ifname as joined: see Inventory
    std::string netdev;         ///< present name, or empty
    std::vector<uint8_t> switch_id;
    std::string rdma_device;  ///< or empty
    uint32_t rdma_port = 0;
    std::optional<KernelBond> bond;  ///< that its netdev is a slave of
    uint64_t revision = 0;           ///< grows with every event about the port or its netdev

    /// Whether `other` says the same; the revision does not count.
    bool same(const RepFacts& other) const;
};

/// Joins devlink ports, netdevs and RDMA ports by identity, and says what an event changed.
///
/// A port's netdev is the one whose ifindex its devlink port has. Linux 6.1 sends no devlink event
/// when a netdev changes its name or its namespace, so the netdev's own notifications count too: a
/// netdev that was deleted is no longer the port's, and one that appears with the port's parent
/// device and phys_port_name (IFLA_PARENT_DEV_NAME, IFLA_PHYS_PORT_NAME) is taken for it until the
/// port is read again.
///
/// Knows what it was told and asks nobody. Threads: one (the manager's events thread).
class Inventory {
public:
    struct Changes {
        std::set<DevlinkHandle> devices_added;
        std::set<DevlinkHandle> devices_removed;
        /// Devices that something was said about which may go with a change of the mode.
        std::set<DevlinkHandle> active;
        std::vector<std::pair<RepRef, RepFacts>> reps;  ///< new or changed
        std::vector<RepRef> reps_removed;
    };

    Changes apply(const netlink::KernelEvent& event);

    /// Everything of one source, asked anew.
    Changes resync_devlink(std::vector<netlink::DevlinkDevice> devices,
                           std::vector<netlink::DevlinkPort> ports);
    Changes resync_links(std::vector<netlink::Link> links);
    Changes resync_rdma(std::vector<netlink::RdmaPort> ports);

    /// A port that was read when the inventory was at `revision` for it: taken over, unless an
    /// event came since.
    Changes apply_read(const RepId& rep, const netlink::DevlinkPort& port, uint64_t revision);

    bool has_device(const DevlinkHandle& handle) const { return devices_.count(handle) != 0; }
    std::vector<DevlinkHandle> devices() const;
    /// Whether the device has, or may have, an eswitch: it has a port that is a representor, or
    /// none at all. (VFs and SFs have one port, of flavour virtual.)
    bool may_have_eswitch(const DevlinkHandle& handle) const;
    std::vector<RepFacts> reps(const DevlinkHandle& handle) const;

private:
    struct Device {
        bool announced = false;                          // by itself, not only by its ports
        std::map<uint32_t, netlink::DevlinkPort> ports;  // by index
        std::map<RepId, uint32_t> index_of;              // the port that has this identity now
        std::map<RepId, RepFacts> facts;                 // as reported last
        std::map<RepId, uint64_t> revisions;
    };
    using PhysKey = std::tuple<std::string, std::string, std::string>;  // bus, device, port name

    void on(const netlink::DevlinkDeviceEvent& event, Changes& changes);
    void on(const netlink::DevlinkPortEvent& event, Changes& changes);
    void on(const netlink::LinkEvent& event, Changes& changes);
    void on(const netlink::RdmaEvent& event, Changes& changes);
    void on(const netlink::RdmaDeviceEvent& event, Changes& changes);
    // Parameters, rates: nothing is kept. Losses are the manager's.
    template <class Other>
    void on(const Other&, Changes&) {}

    /// RDMA ports that `is_it` picks are not known any more; the ifindexes of their netdevs.
    std::set<uint32_t> drop_rdma(const std::function<bool(const netlink::RdmaPort&)>& is_it);
    void refresh_netdevs(const std::set<uint32_t>& ifindexes, Changes& changes);

    void set_port(const netlink::DevlinkPort& port, Changes& changes);
    void remove_port(const DevlinkHandle& handle, uint32_t index, Changes& changes);
    void remove_device(const DevlinkHandle& handle, Changes& changes);
    void set_link(const netlink::Link& link);
    void drop_link(uint32_t ifindex);
    std::set<RepRef> reps_of_link(const netlink::Link& link) const;
    std::optional<KernelBond> bond_of(const netlink::Link& link) const;
    void refresh_slaves(uint32_t ifindex, Changes& changes);
    RepFacts join(const DevlinkHandle& handle, const Device& device, const RepId& rep) const;
    /// Joins a rep anew and reports it when that gives something else than before.
    void refresh(const RepRef& ref, Changes& changes);
    void refresh_all(Changes& changes);
    void touch(const RepRef& ref);

    std::map<DevlinkHandle, Device> devices_;
    std::map<uint32_t, netlink::Link> links_;           // by ifindex
    std::map<PhysKey, uint32_t> link_of_phys_;          // ifindex
    std::map<uint32_t, std::set<uint32_t>> slaves_of_;  // ifindexes, by that of their master
    std::map<uint32_t, std::set<RepRef>> ports_of_;     // by the ifindex of their devlink port
    std::map<uint32_t, netlink::RdmaPort> rdma_ports_;  // by ifindex of their netdev
};

}  // namespace esw
