// SPDX-License-Identifier: Apache-2.0
// The machine round the adapter: SR-IOV, PCI hot-plug, cables, reload; and what users do to
// netdevs.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "utilities/esw-sim/model/adapter.h"

namespace esw::sim {

// sriov_numvfs_store() (drivers/pci/pci-sysfs.c), then mlx5_core_sriov_configure() (sriov.c).
void Adapter::set_num_vfs(Pf& pf, uint32_t count, Done done) {
    auto op = operation(*pf.instance, std::move(done));
    op->then_lock(pf.device_lock, *pf.device_lock);
    op->then("numvfs", [this, &pf, count, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const std::string stage = "set sriov_numvfs";
        if (!pf.present) {
            return fail(ENODEV, pf.handle(), stage, "the PCI device is not there");
        }
        if (count == pf.num_vfs) {
            return {};
        }
        if (count > pf.topology.max_vfs) {
            return fail(ERANGE, pf.handle(), stage,
                        fmt::format("sriov_totalvfs is {}", pf.topology.max_vfs));
        }
        if (count != 0 && pf.num_vfs != 0) {
            return fail(EBUSY, pf.handle(), stage,
                        fmt::format("{} VFs already enabled. Disable before enabling {} VFs",
                                    pf.num_vfs, count));
        }
        const OperationPtr self = weak.lock();
        if (count > 0) {
            enable_vfs(self, pf, count);
        } else {
            remove_vf_functions(self, pf);
            self->then_lock(pf.instance, pf.instance->lock);
            disable_vfs(self, pf);
            self->then_unlock();
        }
        return {};
    });
    op->run();
}

// mlx5_sriov_enable(): the eswitch side under the instance's lock, then the PCI core makes the
// functions and their driver probes them. mlx5_eswitch_enable() toggles LAG when it makes the FDB.
void Adapter::enable_vfs(const OperationPtr& op, Pf& pf, uint32_t count) {
    op->then_lock(pf.instance, pf.instance->lock);
    if (count > 0 && !pf.switchdev()) {
        lag_disable_change(op);
    }
    op->then([this, &pf, count, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        for (uint32_t vf = 0; vf < count; vf++) {
            Vport& vport = add_vf(pf, vf);
            if (pf.switchdev()) {
                load_rep(self, vport);
            }
        }
        self->on_error([this, &pf, weak] {
            // mlx5_device_enable_sriov() failed: what was loaded is unloaded.
            const OperationPtr failed = weak.lock();
            for (Vport* vport : vports(pf, false)) {
                remove_function(failed, *vport);
            }
            failed->then([this, &pf]() -> Status {
                for (Vport* vport : vports(pf, false)) {
                    unregister_port(*vport);
                    adevs_.erase(vport->adev);
                }
                std::erase_if(pf.vports, [](const auto& entry) { return !entry.second->is_sf; });
                pf.num_vfs = 0;
                return {};
            });
        });
        return {};
    });
    op->then_unlock();
    op->then([this, &pf, count, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        pf.num_vfs = count;
        for (Vport* vport : vports(pf, false)) {
            vport->adev = take_adev();
            probe_function(self, *vport);
        }
        return {};
    });
}

// mlx5_sriov_disable(): pci_disable_sriov() first, without the lock ...
void Adapter::remove_vf_functions(const OperationPtr& op, Pf& pf) {
    for (Vport* vport : vports(pf, false)) {
        remove_function(op, *vport);
    }
}

// ... then mlx5_device_disable_sriov() with it.
void Adapter::disable_vfs(const OperationPtr& op, Pf& pf) {
    op->then([this, &pf, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        for (Vport* vport : vports(pf, false)) {
            if (vport->enabled) {
                unload_rep(self, *vport);
            }
        }
        self->then([this, &pf]() -> Status {
            for (const Vport* vport : vports(pf, false)) {
                adevs_.erase(vport->adev);
            }
            std::erase_if(pf.vports, [](const auto& entry) { return !entry.second->is_sf; });
            if (pf.switchdev()) {  // devl_rate_nodes_destroy()
                pf.instance->rates.remove_if([](const Rate& rate) { return !rate.port_index; });
            }
            pf.num_vfs = 0;
            return {};
        });
        return {};
    });
}

// mlx5_unload_one_devl_locked() and mlx5_load_one_devl_locked(): everything of the PF but its
// devlink instance goes and comes back; the VFs stay on the bus, the mode is legacy.
Adapter::OperationPtr Adapter::reload(Instance& instance, Done done) {
    auto op = operation(instance, std::move(done));
    Pf& pf = *instance.pf;
    op->then("devlink.reload", [this, &pf, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        for (const Vport* sf : vports(pf, true)) {
            if (sf->sf_attached) {
                return fail(EOPNOTSUPP, pf.handle(), "reload",
                            "mlx5_core: reload is unsupported when SFs are allocated");
            }
        }
        if (lag_->active()) {
            return fail(EOPNOTSUPP, pf.handle(), "reload",
                        "mlx5_core: reload is unsupported in Lag mode");
        }
        if (pf.num_vfs > 0) {
            self->warn("mlx5_core: reload while VFs are present is unfavorable");
        }
        remove_ib(self, pf);
        eswitch_disable(self, pf);
        self->then([this, &pf, weak]() -> Status {
            remove_ethernet(weak.lock(), pf.instance, pf.uplink);
            return {};
        });
        self->then([this, &pf]() -> Status {
            stop_function(*pf.instance);
            return {};
        });
        self->then("devlink.reload_up", [this, &pf] {
            start_function(*pf.instance);
            Status made = make_pf_port(pf);
            nested_changed(pf.instance);
            return made;
        });
        add_ib(self, pf);
        self->then([this, &pf]() -> Status {
            pf.instance->reloads++;  // devlink_reload_stats_update()
            pf.instance->reload_failed = false;
            update_links(pf);
            notify(DEVLINK_CMD_NEW, *pf.instance);
            return {};
        });
        self->on_error([this, &pf] {
            if (!std::exchange(pf.instance->reload_failed, true)) {
                notify(DEVLINK_CMD_NEW, *pf.instance);  // devlink_reload_failed_set()
            }
        });
        return {};
    });
    return op;
}

void Adapter::pci_remove(Pf& pf, Done done) {
    auto op = operation(*pf.instance, std::move(done));
    op->then_lock(pf.device_lock, *pf.device_lock);
    op->then("pci.remove", [this, &pf, weak = std::weak_ptr<Operation>(op)]() -> Status {
        if (!pf.present) {
            return fail(ENODEV, pf.handle(), "remove", "the PCI device is not there");
        }
        removed_[pf.number] = {pf.num_vfs, pf.mode};
        remove_pf(weak.lock(), pf);
        return {};
    });
    op->run();
}

void Adapter::pci_add(Pf& pf, bool restore, Done done) {
    auto op = operation(*pf.instance, std::move(done));
    op->then_lock(pf.device_lock, *pf.device_lock);
    op->then("pci.add", [this, &pf, restore, weak = std::weak_ptr<Operation>(op)]() -> Status {
        if (pf.present) {
            return fail(EEXIST, pf.handle(), "add", "the PCI device is there already");
        }
        const OperationPtr self = weak.lock();
        probe_pf(self, pf);
        if (!restore) {
            return {};
        }
        const Removed before = removed_[pf.number];
        if (before.vfs > 0) {
            enable_vfs(self, pf, before.vfs);
        }
        restore_mode(self, pf, before.mode);
        return {};
    });
    op->run();
}

void Adapter::restore_mode(const OperationPtr& op, Pf& pf, uint16_t mode) {
    if (mode == kModeLegacy) {
        return;
    }
    op->then_lock(pf.instance, pf.instance->lock);
    op->then([this, &pf, mode, weak = std::weak_ptr<Operation>(op)]() -> Status {
        pf.mode = mode;
        to_switchdev(weak.lock(), pf);
        return {};
    });
    op->then_unlock();
}

Status Adapter::set_link(const Target& target, bool up) {
    if (!target.pf->present) {
        return fail(ENODEV, target.pf->handle(), "set link", "the PCI device is not there");
    }
    if (target.vport) {
        target.vport->link_forced_down = !up;
    } else {
        target.pf->cable = up;
    }
    update_links(*target.pf);
    netdevs_.pump();
    return {};
}

void Adapter::netdev_admin_changed(Netdev& netdev) {
    update_links(*netdev.pf);
}

// NETDEV_CHANGENAME, NETDEV_UNREGISTER and NETDEV_REGISTER of devlink_port_netdevice_event(); 6.1
// says nothing.
void Adapter::netdev_moved_or_renamed(Netdev& netdev) {
    if (!topology_.kernel.ports_follow_netdevs()) {
        return;
    }
    for (const auto& instance : instances_) {
        for (const auto& port : instance->ports) {
            if (port->netdev == &netdev) {
                notify(DEVLINK_CMD_PORT_NEW, *instance, *port);
            }
        }
    }
}

}  // namespace esw::sim
