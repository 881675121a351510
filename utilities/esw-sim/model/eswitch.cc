// SPDX-License-Identifier: Apache-2.0
// The eswitch: mode, representors, SFs. drivers/net/ethernet/mellanox/mlx5/core: eswitch.c,
// eswitch_offloads.c, en_rep.c, esw/devlink_port.c, sf/devlink.c (Linux 6.1).
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "utilities/esw-sim/model/adapter.h"

namespace esw::sim {

std::vector<Vport*> Adapter::vports(Pf& pf, bool sfs) const {
    std::vector<Vport*> found;
    for (const auto& [number, vport] : pf.vports) {
        if (vport->is_sf == sfs) {
            found.push_back(vport.get());
        }
    }
    return found;
}

// esw_offloads_load_rep(): the devlink port, then the Ethernet side, then the RDMA side.
void Adapter::load_rep(const OperationPtr& op, Vport& vport) {
    op->then([this, &vport] { return register_port(vport); });
    op->then("rep.load", [this, &vport] { return make_rep(vport); });
    op->then("rdma.attach", [this, &vport]() -> Status {
        const IbPort port = ib_port(*vport.pf, &vport);
        if (port.device && vport.rep) {
            ib_attach(*port.device, port.number, vport.rep);
        }
        return {};
    });
}

// mlx5_esw_offloads_devlink_port_register(), mlx5_esw_devlink_sf_port_register().
Status Adapter::register_port(Vport& vport) {
    Pf& pf = *vport.pf;
    Instance& instance = *pf.instance;
    auto port = std::make_unique<Port>();
    port->index = port_index(pf, vport.number);
    port->flavour = vport.is_sf ? DEVLINK_PORT_FLAVOUR_PCI_SF : DEVLINK_PORT_FLAVOUR_PCI_VF;
    port->number = vport.is_sf ? vport.sfnum : vport.vf;
    port->pf_number = static_cast<uint16_t>(pf.number);
    port->vport = &vport;
    vport.enabled = true;
    instance.ports.push_back(std::move(port));
    notify(DEVLINK_CMD_PORT_NEW, instance, *instance.ports.back());
    Rate leaf;
    leaf.port_index = instance.ports.back()->index;
    instance.rates.push_back(std::move(leaf));
    notify(DEVLINK_CMD_RATE_NEW, instance, instance.rates.back());
    return {};
}

// mlx5e_vport_vf_rep_load().
Status Adapter::make_rep(Vport& vport) {
    Pf& pf = *vport.pf;
    Port* const port = pf.instance->port(port_index(pf, vport.number));
    if (topology_.kernel.ports_follow_netdevs()) {
        port->type = DEVLINK_PORT_TYPE_ETH;
        notify(DEVLINK_CMD_PORT_NEW, *pf.instance, *port);
    }
    Netdev wanted;
    wanted.role = Netdev::Role::kRepresentor;
    wanted.pf = &pf;
    wanted.vport = &vport;
    wanted.name = topology_.prefix + vport.rep_id();
    if (wanted.name.size() >= 16) {  // a long SF number: as unique, and short
        wanted.name = fmt::format("{}pf{}sv{:x}", topology_.prefix, pf.number, vport.number);
    }
    // mlx5e_build_rep_netdev(): eth_hw_addr_random(), not the function's.
    wanted.mac = mac_of(0x020000000000 | (pf.topology.mac & 0xffff000) << 8 | vport.number);
    wanted.face = face_for(*pf.instance, vport.rep_id());
    wanted.face.driver = "mlx5e_rep";
    wanted.face.link_speed_mbps = 0;  // mlx5e_rep_ethtool_ops has no get_link_ksettings
    const auto made = make_netdev(std::move(wanted));
    if (!made) {
        return fail(made.error());
    }
    vport.rep = *made;
    port_gets_netdev(*pf.instance, *port, vport.rep);
    update_links(pf);
    return {};
}

// esw_offloads_unload_rep(): the RDMA side first.
void Adapter::unload_rep(const OperationPtr& op, Vport& vport) {
    op->then("rdma.detach", [this, &vport]() -> Status {
        const IbPort port = ib_port(*vport.pf, &vport);
        if (port.device) {
            ib_detach(*port.device, port.number);
        }
        return {};
    });
    op->then("rep.unload", [this, &vport]() -> Status {
        unregister_port(vport);
        return {};
    });
}

// mlx5e_vport_rep_unload() and mlx5_esw_offloads_devlink_port_unregister().
void Adapter::unregister_port(Vport& vport) {
    Instance& instance = *vport.pf->instance;
    const uint32_t index = port_index(*vport.pf, vport.number);
    Port* const port = instance.port(index);
    if (!port) {
        return;
    }
    if (vport.rep) {
        if (const IbPort rdma = ib_port(*vport.pf, &vport); rdma.device) {
            ib_detach(*rdma.device, rdma.number);
        }
        port_loses_netdev(instance, *port, vport.rep);
    }
    if (const Rate* leaf = instance.leaf(index)) {
        notify(DEVLINK_CMD_RATE_DEL, instance, *leaf);
        instance.rates.remove_if([&](const Rate& rate) { return &rate == leaf; });
    }
    notify(DEVLINK_CMD_PORT_DEL, instance, *port);
    const auto entry = std::find_if(instance.ports.begin(), instance.ports.end(),
                                    [&](const auto& owned) { return owned.get() == port; });
    instance.ports.erase(entry);
    vport.enabled = false;
    update_links(*vport.pf);
}

Adapter::OperationPtr Adapter::mode_set(Instance& instance, uint16_t mode, Done done) {
    // mlx5_devlink_eswitch_mode_set().
    auto op = operation(instance, std::move(done));
    Pf& pf = *instance.pf;
    const std::weak_ptr<Operation> weak = op;
    op->then("devlink.mode_set", [this, &pf, mode, weak]() -> Status {
        const OperationPtr self = weak.lock();
        lag_disable_change(self);
        self->then([this, &pf, mode, weak]() -> Status {
            change_mode(weak.lock(), pf, mode);
            return {};
        });
        return {};
    });
    return op;
}

void Adapter::change_mode(const OperationPtr& op, Pf& pf, uint16_t mode) {
    if (pf.mode == mode) {
        return;
    }
    if (pf.mode != kModeLegacy && mode != kModeLegacy) {
        pf.mode = mode;  // switchdev_inactive and back: only the traffic
    } else if (mode == kModeLegacy) {
        to_legacy(op, pf);
    } else {
        pf.mode = mode;
        to_switchdev(op, pf);
    }
}

// mlx5_eswitch_enable_locked() in offloads mode.
void Adapter::to_switchdev(const OperationPtr& op, Pf& pf) {
    remove_ib(op, pf);  // mlx5_rescan_drivers(): the plain RDMA device goes
    add_ib(op, pf);     // esw_offloads_load_rep() of the uplink
    op->then([this, &pf, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        // "Representor will control the vport link state"
        update_links(pf);
        for (Vport* vport : vports(pf, false)) {
            load_rep(self, *vport);
        }
        return {};
    });
    op->on_error([this, &pf, weak = std::weak_ptr<Operation>(op)] {
        const OperationPtr self = weak.lock();
        self->then([this, &pf]() -> Status {
            for (Vport* vport : vports(pf, false)) {
                unregister_port(*vport);
            }
            drop_ib(pf.ib);
            pf.mode = kModeLegacy;
            update_links(pf);
            return {};
        });
        add_ib(self, pf);
    });
}

// mlx5_eswitch_disable_locked() in offloads mode, then esw_offloads_stop().
void Adapter::to_legacy(const OperationPtr& op, Pf& pf) {
    eswitch_disable(op, pf);
    add_ib(op, pf);  // mlx5_rescan_drivers()
}

void Adapter::eswitch_disable(const OperationPtr& op, Pf& pf) {
    for (Vport* sf : vports(pf, true)) {  // mlx5_sf_table_disable()
        remove_sf(op, pf, sf->number);
    }
    for (Vport* vport : vports(pf, false)) {
        unload_rep(op, *vport);
    }
    op->then("rdma.detach", [this, &pf]() -> Status {
        if (pf.switchdev()) {
            drop_ib(pf.ib);
        }
        pf.instance->rates.remove_if([](const Rate& rate) { return !rate.port_index; });
        pf.mode = kModeLegacy;
        update_links(pf);
        return {};
    });
}

// The adapter's functions are numbered PFs first, then the VFs of each PF, then the SFs.
uint32_t Adapter::first_function(const Pf& pf) const {
    auto first = static_cast<uint32_t>(pfs_.size());
    for (uint32_t i = 0; i < pf.number; i++) {
        first += pfs_[i]->topology.max_vfs;
    }
    return first;
}

uint32_t Adapter::first_sf_vhca_id(const Pf& pf) const {
    uint32_t first = first_function(*pfs_.back()) + pfs_.back()->topology.max_vfs;
    for (uint32_t i = 0; i < pf.number; i++) {
        first += pfs_[i]->topology.max_sfs;
    }
    return first;
}

uint16_t Adapter::function_vhca_id(const Pf& pf, uint16_t vport) const {
    return static_cast<uint16_t>(vport < kFirstSfVport
                                     ? first_function(pf) + vport - 1
                                     : first_sf_vhca_id(pf) + vport - kFirstSfVport);
}

Vport& Adapter::add_vf(Pf& pf, uint32_t vf) {
    auto vport = std::make_unique<Vport>();
    vport->pf = &pf;
    vport->number = static_cast<uint16_t>(vf + 1);
    vport->vf = vf;
    vport->mac = mac_of(pf.topology.mac + 1 + vf);
    vport->vhca_id = function_vhca_id(pf, vport->number);
    return *(pf.vports[vport->number] = std::move(vport));
}

// mlx5_devlink_sf_port_new() behind mlx5_sf_new_check_attr().
Adapter::OperationPtr Adapter::sf_new(Instance& instance, NewSf wanted, Done done) {
    auto op = operation(instance, std::move(done));
    Pf& pf = *instance.pf;
    op->then("devlink.port_new",
             [this, &pf, wanted, weak = std::weak_ptr<Operation>(op)]() -> Status {
                 const OperationPtr self = weak.lock();
                 uint32_t id = 0;
                 for (const Vport* sf : vports(pf, true)) {
                     if (sf->sfnum == wanted.sfnum) {
                         return fail(EEXIST, pf.handle(), "add SF",
                                     "mlx5_core: SF already exist. Choose different sfnum");
                     }
                 }
                 while (pf.vports.count(static_cast<uint16_t>(kFirstSfVport + id))) {
                     id++;
                 }
                 if (id >= pf.topology.max_sfs) {
                     return fail(ENOSPC, pf.handle(), "add SF");  // mlx5_sf_hw_table_id_alloc()
                 }
                 auto owned = std::make_unique<Vport>();
                 Vport& sf = *owned;
                 sf.pf = &pf;
                 sf.number = static_cast<uint16_t>(kFirstSfVport + id);
                 sf.is_sf = true;
                 sf.sfnum = wanted.sfnum;
                 sf.mac = mac_of(pf.topology.mac + 1 + Topology::kMaxVfs + id);
                 sf.vhca_id = function_vhca_id(pf, sf.number);
                 pf.vports[sf.number] = std::move(owned);
                 *wanted.index = port_index(pf, sf.number);
                 self->on_error([this, &pf, number = sf.number] {
                     unregister_port(*pf.vports.at(number));
                     pf.vports.erase(number);
                 });
                 load_rep(self, sf);
                 return {};
             });
    return op;
}

// mlx5_devlink_sf_port_del(): the representor goes first, then the function loses its driver.
Adapter::OperationPtr Adapter::sf_del(Instance& instance, uint32_t index, Done done) {
    auto op = operation(instance, std::move(done));
    Pf& pf = *instance.pf;
    op->then("devlink.port_del",
             [this, &pf, index, weak = std::weak_ptr<Operation>(op)]() -> Status {
                 const auto entry = pf.vports.find(static_cast<uint16_t>(index & 0xffff));
                 if (entry == pf.vports.end() || !entry->second->is_sf ||
                     index != port_index(pf, entry->first)) {
                     return fail(ENODEV, pf.handle(), "delete port");
                 }
                 remove_sf(weak.lock(), pf, entry->first);
                 return {};
             });
    return op;
}

void Adapter::remove_sf(const OperationPtr& op, Pf& pf, uint16_t number) {
    Vport& sf = *pf.vports.at(number);
    unload_rep(op, sf);
    remove_function(op, sf);
    op->then([this, &pf, number]() -> Status {
        Vport& gone = *pf.vports.at(number);
        if (gone.sf_attached) {
            adevs_.erase(gone.adev);
        }
        pf.vports.erase(number);
        return {};
    });
}

// mlx5_sf_state_set().
Status Adapter::sf_state_set(Vport& vport, bool active) {
    if (vport.sf_active == active) {
        return {};
    }
    if (active && vport.sf_attached) {
        return fail(EBUSY, vport.rep_id(), "activate",
                    "mlx5_core: SF is inactivated but it is still attached");
    }
    vport.sf_active = active;
    return {};
}

void Adapter::settle_sf(Pf& pf, uint16_t number) {
    auto op = operation(*pf.instance, [](const Status&) {});
    op->then_lock(pf.instance, pf.instance->lock);
    op->then([this, &pf, number, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        const auto entry = pf.vports.find(number);
        if (entry == pf.vports.end()) {
            return {};
        }
        Vport& sf = *entry->second;
        if (sf.sf_active && !sf.sf_attached) {
            sf.adev = take_adev();
            sf.sf_attached = true;
            probe_function(self, sf);
        } else if (!sf.sf_active && sf.sf_attached) {
            remove_function(self, sf);
            self->then([this, &sf]() -> Status {
                adevs_.erase(sf.adev);
                sf.sf_attached = false;
                return {};
            });
        }
        return {};
    });
    op->run();
}

}  // namespace esw::sim
