// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/inventory.h"

#include <linux/if_bonding.h>

#include <algorithm>
#include <utility>

namespace esw {

namespace {

/// IFLA_INFO_KIND of a bond, IFLA_INFO_SLAVE_KIND of its slaves.
constexpr std::string_view kBond = "bond";

/// Netdevs that can be a representor's say which device they sit on and which port they are.
bool names_port(const netlink::Link& link) {
    return !link.parent_device.empty() && !link.phys_port_name.empty();
}

}  // namespace

bool RepFacts::same(const RepFacts& other) const {
    return id == other.id && port == other.port && netdev == other.netdev &&
           switch_id == other.switch_id && rdma_device == other.rdma_device &&
           rdma_port == other.rdma_port && bond == other.bond;
}

Inventory::Changes Inventory::apply(const netlink::KernelEvent& event) {
    Changes changes;
    std::visit([&](const auto& what) { on(what, changes); }, event);
    return changes;
}

std::vector<DevlinkHandle> Inventory::devices() const {
    std::vector<DevlinkHandle> handles;
    for (const auto& [handle, device] : devices_) {
        handles.push_back(handle);
    }
    return handles;
}

bool Inventory::may_have_eswitch(const DevlinkHandle& handle) const {
    const auto device = devices_.find(handle);
    return device != devices_.end() &&
           (device->second.ports.empty() || !device->second.index_of.empty());
}

std::vector<RepFacts> Inventory::reps(const DevlinkHandle& handle) const {
    std::vector<RepFacts> reps;
    const auto device = devices_.find(handle);
    if (device != devices_.end()) {
        for (const auto& [rep, facts] : device->second.facts) {
            reps.push_back(facts);
        }
    }
    return reps;
}

void Inventory::touch(const RepRef& ref) {
    const auto device = devices_.find(ref.handle);
    if (device != devices_.end()) {
        ++device->second.revisions[ref.rep];
    }
}

RepFacts Inventory::join(const DevlinkHandle& handle, const Device& device,
                         const RepId& rep) const {
    RepFacts facts;
    facts.id = rep;
    facts.port = device.ports.at(device.index_of.at(rep));
    const auto revision = device.revisions.find(rep);
    facts.revision = revision == device.revisions.end() ? 0 : revision->second;
    if (!facts.port.ifindex && facts.port.type == netlink::PortType::kEth) {
        const auto link = link_of_phys_.find({handle.bus, handle.device, rep.to_string()});
        if (link != link_of_phys_.end()) {
            facts.port.ifindex = link->second;
        }
    }
    if (!facts.port.ifindex) {
        return facts;
    }
    facts.netdev = facts.port.ifname;
    const auto link = links_.find(*facts.port.ifindex);
    if (link != links_.end()) {
        facts.netdev = link->second.name;
        facts.switch_id = link->second.switch_id;
        facts.bond = bond_of(link->second);
    }
    // The name is the netdev's; in the port it would only be an older one.
    facts.port.ifname = facts.netdev;
    const auto rdma = rdma_ports_.find(*facts.port.ifindex);
    if (rdma != rdma_ports_.end()) {
        facts.rdma_device = rdma->second.device_name;
        facts.rdma_port = rdma->second.port;
    }
    return facts;
}

void Inventory::refresh(const RepRef& ref, Changes& changes) {
    const auto found = devices_.find(ref.handle);
    if (found == devices_.end()) {
        return;
    }
    Device& device = found->second;
    if (!device.index_of.count(ref.rep)) {
        if (device.facts.erase(ref.rep)) {
            changes.reps_removed.push_back(ref);
        }
        return;
    }
    RepFacts facts = join(ref.handle, device, ref.rep);
    const auto known = device.facts.find(ref.rep);
    if (known == device.facts.end() || !known->second.same(facts) ||
        known->second.revision != facts.revision) {
        device.facts[ref.rep] = facts;
        changes.reps.emplace_back(ref, std::move(facts));
    }
}

void Inventory::refresh_all(Changes& changes) {
    for (const auto& [handle, device] : devices_) {
        std::set<RepId> reps;
        for (const auto& [rep, index] : device.index_of) {
            reps.insert(rep);
        }
        for (const auto& [rep, facts] : device.facts) {
            reps.insert(rep);
        }
        for (const RepId& rep : reps) {
            refresh({handle, rep}, changes);
        }
    }
}

void Inventory::set_port(const netlink::DevlinkPort& port, Changes& changes) {
    // Ports are announced after their device; one that is heard of first brings it along.
    const bool is_new = !devices_.count(port.handle);
    Device& device = devices_[port.handle];
    if (is_new) {
        changes.devices_added.insert(port.handle);
    }
    changes.active.insert(port.handle);
    const auto old = device.ports.find(port.index);
    if (old != device.ports.end()) {
        const auto old_rep = RepId::of_port(old->second);
        if (old->second.ifindex && old_rep) {
            ports_of_[*old->second.ifindex].erase({port.handle, *old_rep});
        }
        if (old_rep && old_rep != RepId::of_port(port)) {
            remove_port(port.handle, port.index, changes);
        }
    }
    device.ports[port.index] = port;
    const auto rep = RepId::of_port(port);
    if (!rep) {
        return;
    }
    device.index_of[*rep] = port.index;
    const RepRef ref{port.handle, *rep};
    if (port.ifindex) {
        ports_of_[*port.ifindex].insert(ref);
    }
    touch(ref);
    refresh(ref, changes);
}

void Inventory::remove_port(const DevlinkHandle& handle, uint32_t index, Changes& changes) {
    const auto found = devices_.find(handle);
    if (found == devices_.end()) {
        return;
    }
    Device& device = found->second;
    const auto port = device.ports.find(index);
    if (port == device.ports.end()) {
        return;
    }
    changes.active.insert(handle);
    const auto rep = RepId::of_port(port->second);
    if (rep) {
        if (port->second.ifindex) {
            ports_of_[*port->second.ifindex].erase({handle, *rep});
        }
        // Another port may have taken over the identity already.
        const auto current = device.index_of.find(*rep);
        if (current != device.index_of.end() && current->second == index) {
            device.index_of.erase(current);
        }
    }
    device.ports.erase(port);
    if (rep) {
        touch({handle, *rep});
        refresh({handle, *rep}, changes);
    }
}

void Inventory::remove_device(const DevlinkHandle& handle, Changes& changes) {
    const auto found = devices_.find(handle);
    if (found == devices_.end()) {
        return;
    }
    std::vector<uint32_t> indexes;
    for (const auto& [index, port] : found->second.ports) {
        indexes.push_back(index);
    }
    for (const uint32_t index : indexes) {
        remove_port(handle, index, changes);
    }
    devices_.erase(handle);
    changes.devices_removed.insert(handle);
    changes.devices_added.erase(handle);
    changes.active.erase(handle);
}

void Inventory::on(const netlink::DevlinkDeviceEvent& event, Changes& changes) {
    const DevlinkHandle& handle = event.device.handle;
    if (event.removed) {
        remove_device(handle, changes);
        return;
    }
    const auto [device, is_new] = devices_.try_emplace(handle);
    if (is_new) {
        changes.devices_added.insert(handle);
    }
    device->second.announced = true;
    changes.active.insert(handle);
}

void Inventory::on(const netlink::DevlinkPortEvent& event, Changes& changes) {
    if (!event.removed) {
        set_port(event.port, changes);
        return;
    }
    const DevlinkHandle& handle = event.port.handle;
    remove_port(handle, event.port.index, changes);
    // A device that goes to another namespace says so first, and then its ports do
    // (devlink_ns_change_notify() of 6.1, before the driver's reload_down()).
    const auto device = devices_.find(handle);
    if (device != devices_.end() && !device->second.announced && device->second.ports.empty()) {
        remove_device(handle, changes);
    }
}

void Inventory::set_link(const netlink::Link& link) {
    drop_link(link.ifindex);
    links_[link.ifindex] = link;
    if (names_port(link)) {
        link_of_phys_[{link.parent_bus, link.parent_device, link.phys_port_name}] = link.ifindex;
    }
    if (link.master && link.slave_kind == kBond) {
        slaves_of_[*link.master].insert(link.ifindex);
    }
}

std::optional<KernelBond> Inventory::bond_of(const netlink::Link& link) const {
    const auto master = link.master ? links_.find(*link.master) : links_.end();
    if (master == links_.end() || master->second.kind != kBond) {
        return std::nullopt;
    }
    KernelBond bond;
    bond.name = master->second.name;
    if (master->second.bond) {
        bond.mode = master->second.bond->mode;
    }
    if (link.bond_slave && link.bond_slave->state) {
        bond.active = *link.bond_slave->state == BOND_STATE_ACTIVE;
    }
    return bond;
}

/// After something was said about a netdev: if it is a bond, its slaves show its name and mode.
void Inventory::refresh_slaves(uint32_t ifindex, Changes& changes) {
    const auto slaves = slaves_of_.find(ifindex);
    if (slaves == slaves_of_.end()) {
        return;
    }
    for (const uint32_t slave : slaves->second) {
        for (const RepRef& ref : reps_of_link(links_.at(slave))) {
            refresh(ref, changes);
        }
    }
}

void Inventory::drop_link(uint32_t ifindex) {
    const auto old = links_.find(ifindex);
    if (old == links_.end()) {
        return;
    }
    const auto phys = link_of_phys_.find(
        {old->second.parent_bus, old->second.parent_device, old->second.phys_port_name});
    if (phys != link_of_phys_.end() && phys->second == ifindex) {
        link_of_phys_.erase(phys);
    }
    const auto slaves = slaves_of_.find(old->second.master.value_or(0));
    if (slaves != slaves_of_.end() && slaves->second.erase(ifindex) && slaves->second.empty()) {
        slaves_of_.erase(slaves);
    }
    links_.erase(old);
}

std::set<RepRef> Inventory::reps_of_link(const netlink::Link& link) const {
    std::set<RepRef> refs;
    const auto ports = ports_of_.find(link.ifindex);
    if (ports != ports_of_.end()) {
        refs = ports->second;
    }
    // The last word about a netdev may leave out what the first one said.
    const auto known = links_.find(link.ifindex);
    for (const netlink::Link* named : {&link, known == links_.end() ? &link : &known->second}) {
        if (!names_port(*named)) {
            continue;
        }
        const DevlinkHandle handle{named->parent_bus, named->parent_device};
        const auto rep = RepId::parse(named->phys_port_name);
        const auto device = devices_.find(handle);
        if (rep && device != devices_.end() && device->second.index_of.count(*rep)) {
            refs.insert({handle, *rep});
        }
    }
    return refs;
}

void Inventory::on(const netlink::LinkEvent& event, Changes& changes) {
    const uint32_t ifindex = event.link.ifindex;
    const auto old = links_.find(ifindex);
    const std::set<RepRef> refs = reps_of_link(event.link);
    const bool news = event.removed || old == links_.end() ||
                      old->second.switch_id != event.link.switch_id ||
                      old->second.name != event.link.name || old->second.flags != event.link.flags;
    if (event.removed) {
        drop_link(ifindex);
        for (const RepRef& ref : refs) {
            Device& device = devices_.at(ref.handle);
            netlink::DevlinkPort& port = device.ports.at(device.index_of.at(ref.rep));
            if (port.ifindex == ifindex) {
                port.ifindex.reset();
                port.ifname.clear();
            }
        }
        ports_of_.erase(ifindex);
        rdma_ports_.erase(ifindex);
    } else {
        set_link(event.link);
    }
    for (const RepRef& ref : refs) {
        if (news) {
            touch(ref);
        }
        // Of netdevs only the uplink's tells of a mode change without VFs.
        if (news && ref.rep.kind == RepId::Kind::kUplink) {
            changes.active.insert(ref.handle);
        }
        refresh(ref, changes);
    }
    refresh_slaves(ifindex, changes);
}

std::set<uint32_t> Inventory::drop_rdma(
    const std::function<bool(const netlink::RdmaPort&)>& is_it) {
    std::set<uint32_t> dropped;
    for (auto it = rdma_ports_.begin(); it != rdma_ports_.end();) {
        if (is_it(it->second)) {
            dropped.insert(it->first);
            it = rdma_ports_.erase(it);
        } else {
            ++it;
        }
    }
    return dropped;
}

void Inventory::refresh_netdevs(const std::set<uint32_t>& ifindexes, Changes& changes) {
    for (const uint32_t ifindex : ifindexes) {
        const auto ports = ports_of_.find(ifindex);
        if (ports != ports_of_.end()) {
            for (const RepRef& ref : ports->second) {
                touch(ref);
                refresh(ref, changes);
            }
        }
    }
}

void Inventory::on(const netlink::RdmaEvent& event, Changes& changes) {
    using Kind = netlink::RdmaEvent::Kind;
    if (event.kind == Kind::kUnregister || event.kind == Kind::kNetdevDetach) {
        refresh_netdevs(drop_rdma([&](const netlink::RdmaPort& port) {
                            return event.device_index == port.device_index &&
                                   (!event.port || *event.port == port.port);
                        }),
                        changes);
    } else if (event.kind == Kind::kNetdevAttach && event.ifindex && event.port &&
               event.device_index) {
        netlink::RdmaPort port;
        port.device_index = *event.device_index;
        port.device_name = event.device_name;
        port.port = *event.port;
        port.ifindex = event.ifindex;
        port.ifname = event.ifname;
        rdma_ports_[*event.ifindex] = std::move(port);
        refresh_netdevs({*event.ifindex}, changes);
    }
}

void Inventory::on(const netlink::RdmaDeviceEvent& event, Changes& changes) {
    if (event.kind == netlink::RdmaDeviceEvent::Kind::kWent) {
        refresh_netdevs(drop_rdma([&](const netlink::RdmaPort& port) {
                            return port.device_name == event.name;
                        }),
                        changes);
    } else if (event.kind == netlink::RdmaDeviceEvent::Kind::kRenamed) {
        std::set<uint32_t> renamed;
        for (auto& [ifindex, port] : rdma_ports_) {
            if (port.device_name == event.old_name) {
                port.device_name = event.name;
                renamed.insert(ifindex);
            }
        }
        refresh_netdevs(renamed, changes);
    }
}

Inventory::Changes Inventory::resync_devlink(std::vector<netlink::DevlinkDevice> devices,
                                             std::vector<netlink::DevlinkPort> ports) {
    Changes changes;
    std::map<DevlinkHandle, std::set<uint32_t>> there;
    for (const auto& device : devices) {
        there[device.handle];
    }
    for (const auto& port : ports) {
        there[port.handle].insert(port.index);
    }
    std::vector<std::pair<DevlinkHandle, uint32_t>> gone;
    std::vector<DevlinkHandle> gone_devices;
    for (const auto& [handle, device] : devices_) {
        const auto now = there.find(handle);
        if (now == there.end()) {
            gone_devices.push_back(handle);
            continue;
        }
        for (const auto& [index, port] : device.ports) {
            if (!now->second.count(index)) {
                gone.emplace_back(handle, index);
            }
        }
    }
    for (const DevlinkHandle& handle : gone_devices) {
        remove_device(handle, changes);
    }
    for (const auto& [handle, index] : gone) {
        remove_port(handle, index, changes);
    }
    for (const auto& device : devices) {
        on(netlink::DevlinkDeviceEvent{device, false}, changes);
    }
    for (const auto& port : ports) {
        set_port(port, changes);
    }
    return changes;
}

Inventory::Changes Inventory::resync_links(std::vector<netlink::Link> links) {
    Changes changes;
    links_.clear();
    link_of_phys_.clear();
    slaves_of_.clear();
    for (const auto& link : links) {
        set_link(link);
    }
    // Which netdevs are not in our namespace any more, devlink did not say.
    for (auto& [handle, device] : devices_) {
        for (auto& [index, port] : device.ports) {
            if (port.ifindex && !links_.count(*port.ifindex)) {
                ports_of_.erase(*port.ifindex);
                port.ifindex.reset();
                port.ifname.clear();
            }
        }
    }
    refresh_all(changes);
    return changes;
}

Inventory::Changes Inventory::resync_rdma(std::vector<netlink::RdmaPort> ports) {
    Changes changes;
    rdma_ports_.clear();
    for (auto& port : ports) {
        if (port.ifindex) {
            const uint32_t ifindex = *port.ifindex;
            rdma_ports_[ifindex] = std::move(port);
        }
    }
    refresh_all(changes);
    return changes;
}

Inventory::Changes Inventory::apply_read(const RepId& rep, const netlink::DevlinkPort& port,
                                         uint64_t revision) {
    Changes changes;
    const auto device = devices_.find(port.handle);
    if (device == devices_.end()) {
        return changes;
    }
    const auto current = device->second.index_of.find(rep);
    const auto known = device->second.revisions.find(rep);
    if (current == device->second.index_of.end() || current->second != port.index ||
        known == device->second.revisions.end() || known->second != revision) {
        return changes;
    }
    netlink::DevlinkPort& stored = device->second.ports.at(port.index);
    if (stored.ifindex) {
        ports_of_[*stored.ifindex].erase({port.handle, rep});
    }
    stored = port;
    if (stored.ifindex) {
        ports_of_[*stored.ifindex].insert({port.handle, rep});
    }
    refresh({port.handle, rep}, changes);
    return changes;
}

}  // namespace esw
