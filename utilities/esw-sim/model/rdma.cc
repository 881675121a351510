// SPDX-License-Identifier: Apache-2.0
// RDMA devices of the model: drivers/infiniband/hw/mlx5 (main.c, ib_rep.c) and core/device.c.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "utilities/esw-sim/model/adapter.h"

namespace esw::sim {

namespace {

// node_guid of a function: its MAC with 0x0300 in the middle, as firmware builds it.
uint64_t guid_of(const Mac& mac) {
    uint64_t guid = 0;
    for (size_t i = 0; i < mac.size(); i++) {
        guid = guid << 8 | mac[i];
        if (i == 2) {
            guid = guid << 16 | 0x0300;
        }
    }
    return guid;
}

}  // namespace

// The PF's RDMA device: in legacy mode one with one port; in switchdev mode
// mlx5_ib_vport_rep_load() of the uplink makes one with a port for every vport there can be. That
// of a LAG's master gets the ports of the other PFs with mlx5_eswitch_reload_ib_reps() of theirs.
void Adapter::add_ib(const OperationPtr& op, Pf& pf) {
    op->then(
        "rdma.attach",
        [this, &pf]() -> Status {
            if (!pf.rdma_loaded || pf.ib_disabled || pf.leaving || pf.ib || !pf.uplink) {
                return {};
            }
            const uint32_t ports = pf.switchdev() ? ib_port_count(pf) : 1;
            pf.ib = make_ib(*pf.instance, ports, pf.switchdev(), guid_of(pf.mac));
            if (pf.switchdev()) {
                attach_reps(pf);
            } else {
                ib_attach(*pf.ib, 1, pf.uplink);
            }
            return {};
        },
        pf.handle());
    op->then([this, &pf, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        for (const auto& peer : pfs_) {
            if (lag_->shared_fdb && &pf == &lag_master() && peer.get() != &pf) {
                self->then(
                    "rdma.attach",
                    [this, &peer = *peer]() -> Status {
                        attach_reps(peer);
                        return {};
                    },
                    peer->handle());
            }
        }
        return {};
    });
}

void Adapter::attach_reps(const Pf& pf) {
    const IbPort uplink = ib_port(pf, nullptr);
    if (uplink.device && pf.uplink) {
        ib_attach(*uplink.device, uplink.number, pf.uplink);
    }
    for (const auto& [number, vport] : pf.vports) {
        const IbPort port = ib_port(pf, vport.get());
        if (port.device && vport->rep) {
            ib_attach(*port.device, port.number, vport->rep);
        }
    }
}

void Adapter::remove_ib(const OperationPtr& op, Pf& pf) {
    op->then(
        "rdma.detach",
        [this, &pf]() -> Status {
            drop_ib(pf.ib);
            return {};
        },
        pf.handle());
}

// assign_name() of core/device.c: the lowest free number in the name, but indexes go round. The
// name tells a LAG (mlx5_ib_stage_ib_reg_init()).
IbDevice* Adapter::make_ib(Instance& instance, uint32_t ports, bool is_rep, uint64_t guid) {
    const auto name_taken = [&](const std::string& name) {
        return std::any_of(ib_devices_.begin(), ib_devices_.end(),
                           [&](const auto& entry) { return entry.second->name == name; });
    };
    const bool in_lag = instance.kind == Instance::Kind::kPf && lag_->active();
    const std::string prefix = in_lag ? "mlx5_bond_" : "mlx5_";
    uint32_t number = 0;
    while (name_taken(prefix + std::to_string(number))) {
        number++;
    }
    auto device = std::make_unique<IbDevice>();
    device->index = next_ib_index_++;
    device->name = prefix + std::to_string(number);
    while (uverbs_.count(device->uverbs)) {
        device->uverbs++;
    }
    uverbs_.insert(device->uverbs);
    device->port_count = ports;
    device->is_rep = is_rep;
    device->node_guid = guid;
    device->instance = &instance;
    IbDevice* const raw = device.get();
    ib_devices_[raw->index] = std::move(device);
    observer_.uverbs_added(*raw);
    observer_.rdma(Observer::RdmaEvent::kRegister, *raw, 0, nullptr);
    return raw;
}

void Adapter::drop_ib(IbDevice*& device) {
    if (!device) {
        return;
    }
    // mlx5_eswitch_unregister_vport_reps(): the representors go first, the uplink's last.
    while (device->is_rep && !device->netdevs.empty()) {
        ib_detach(*device, device->netdevs.begin()->first);
    }
    // disable_device(): nobody finds it any more, then its clients go, then it is said.
    const auto owned = ib_devices_.extract(std::exchange(device, nullptr)->index);
    uverbs_.erase(owned.mapped()->uverbs);
    observer_.uverbs_removed(*owned.mapped());
    observer_.rdma(Observer::RdmaEvent::kUnregister, *owned.mapped(), 0, nullptr);
}

void Adapter::ib_attach(IbDevice& device, uint32_t port, Netdev* netdev) {
    device.netdevs[port] = netdev;
    observer_.rdma(Observer::RdmaEvent::kNetdevAttach, device, port, netdev);
}

void Adapter::ib_detach(IbDevice& device, uint32_t port) {
    const auto entry = device.netdevs.extract(port);
    if (!entry.empty()) {
        observer_.rdma(Observer::RdmaEvent::kNetdevDetach, device, port, entry.mapped());
    }
}

// The RDMA driver leaves: mlx5_eswitch_unregister_vport_reps() unloads its side of every
// representor, the uplink's last, which takes the device away (ib_rep.c).
void Adapter::rdma_unload(Pf& pf, Done done) {
    auto op = operation(*pf.instance, std::move(done));
    op->then_lock(pf.device_lock, *pf.device_lock);
    op->then_lock(pf.instance, pf.instance->lock);
    op->then([&pf]() -> Status {
        if (!pf.rdma_loaded) {
            return fail(EALREADY, pf.handle(), "unload the RDMA driver", "it is not loaded");
        }
        pf.rdma_loaded = false;
        return {};
    });
    remove_ib(op, pf);
    op->run();
}

void Adapter::rdma_load(Pf& pf, Done done) {
    auto op = operation(*pf.instance, std::move(done));
    op->then_lock(pf.device_lock, *pf.device_lock);
    op->then_lock(pf.instance, pf.instance->lock);
    op->then([&pf]() -> Status {
        if (pf.rdma_loaded) {
            return fail(EALREADY, pf.handle(), "load the RDMA driver", "it is loaded already");
        }
        pf.rdma_loaded = true;
        return {};
    });
    op->on_error([&pf] { pf.rdma_loaded = pf.ib != nullptr; });
    add_ib(op, pf);
    op->run();
}

}  // namespace esw::sim
