// SPDX-License-Identifier: Apache-2.0
// What a driver's probe and remove do for PFs, VFs and SFs: mlx5 main.c (probe_one(), remove_one(),
// mlx5_init_one(), mlx5_uninit_one()), en_main.c (mlx5e_probe(), mlx5e_remove()), en/devlink.c, and
// devlink_register() (net/devlink).
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "utilities/esw-sim/model/adapter.h"

namespace esw::sim {

// register_netdev() was called before. Since 6.2 the netdev's own events tell devlink, and the
// first of them (type, no netdev) was sent before it.
void Adapter::port_gets_netdev(Instance& instance, Port& port, Netdev* netdev) {
    port.type = DEVLINK_PORT_TYPE_ETH;
    port.netdev = netdev;
    notify(DEVLINK_CMD_PORT_NEW, instance, port);
}

// 6.1: devlink_port_type_clear(), then unregister_netdev(). Since 6.2 NETDEV_UNREGISTER takes the
// netdev away from the port and NETDEV_PRE_UNINIT the type.
void Adapter::port_loses_netdev(Instance& instance, Port& port, Netdev*& netdev) {
    const bool follows = topology_.kernel.ports_follow_netdevs();
    port.netdev = nullptr;
    if (follows) {
        notify(DEVLINK_CMD_PORT_NEW, instance, port);
    }
    port.type = DEVLINK_PORT_TYPE_NOTSET;
    if (!follows) {
        notify(DEVLINK_CMD_PORT_NEW, instance, port);
    }
    drop_netdev(netdev);
    if (follows) {
        notify(DEVLINK_CMD_PORT_NEW, instance, port);
    }
}

// devlink_notify_register() and devlink_notify_unregister().
void Adapter::announce(const Instance& instance) {
    notify(DEVLINK_CMD_NEW, instance);
    for (const auto& port : instance.ports) {
        notify(DEVLINK_CMD_PORT_NEW, instance, *port);
    }
    for (const Rate& rate : instance.rates) {
        notify(DEVLINK_CMD_RATE_NEW, instance, rate);
    }
    for (const Param& param : instance.params) {
        notify(DEVLINK_CMD_PARAM_NEW, instance, param);
    }
}

void Adapter::withdraw(const Instance& instance) {
    for (auto param = instance.params.rbegin(); param != instance.params.rend(); ++param) {
        notify(DEVLINK_CMD_PARAM_DEL, instance, *param);
    }
    for (auto rate = instance.rates.rbegin(); rate != instance.rates.rend(); ++rate) {
        notify(DEVLINK_CMD_RATE_DEL, instance, *rate);
    }
    for (auto port = instance.ports.rbegin(); port != instance.ports.rend(); ++port) {
        notify(DEVLINK_CMD_PORT_DEL, instance, **port);
    }
    notify(DEVLINK_CMD_DEL, instance);
}

void Adapter::register_instance(const std::shared_ptr<Instance>& instance) {
    instance->registered = true;
    const auto behind = std::find_if(instances_.begin(), instances_.end(), [&](const auto& other) {
        return other->devlink_index > instance->devlink_index;
    });
    instances_.insert(behind, instance);
    announce(*instance);
}

void Adapter::unregister_instance(const std::shared_ptr<Instance>& instance) {
    if (instance->registered) {
        withdraw(*instance);
        instance->registered = false;
        std::erase(instances_, instance);
    }
}

void Adapter::start_function(Instance& instance) {
    if (!std::exchange(instance.up, true)) {
        observer_.function_up(instance);
    }
}

void Adapter::stop_function(Instance& instance) {
    if (std::exchange(instance.up, false)) {
        observer_.function_down(instance);
    }
}

// devlink_rel_nested_in_notify_work() (net/devlink/core.c): when the instance's lock is free.
void Adapter::nested_changed(const std::shared_ptr<Instance>& instance) {
    if (!topology_.kernel.has_nested_instances()) {
        return;
    }
    instance->lock.acquire(
        [this, weak = std::weak_ptr<Instance>(instance)](const KernelLock::Release& release) {
            if (const auto changed = weak.lock()) {
                notify(DEVLINK_CMD_NEW, *changed);
            }
            release();
        });
}

// mlx5e_create_devlink() (en/devlink.c). Its auxiliary device has the function's number
// (add_adev(), dev.c), an SF's the SF's own (mlx5_sf_dev_probe()). Returns where the function's
// port belongs.
Instance& Adapter::make_ethernet_instance(Instance& function) {
    if (!topology_.kernel.ethernet_has_instance()) {
        return function;
    }
    auto ethernet = std::make_shared<Instance>();
    ethernet->kind = Instance::Kind::kEthernet;
    ethernet->devlink_index = next_instance_++;
    ethernet->bus = "auxiliary";
    ethernet->device =
        fmt::format("mlx5_core.eth.{}", function.vport ? function.vport->adev : function.pf->adev);
    ethernet->pci = function.pci;
    ethernet->pf = function.pf;
    ethernet->vport = function.vport;
    ethernet->vhca_id = function.vhca_id;
    function.ethernet = ethernet;
    register_instance(ethernet);
    return *ethernet;
}

// mlx5e_destroy_devlink()
void Adapter::drop_ethernet_instance(const std::shared_ptr<Instance>& function) {
    if (const auto ethernet = std::exchange(function->ethernet, nullptr)) {
        unregister_instance(ethernet);
        nested_changed(function);
    }
}

// mlx5e_probe(): since 6.3 the devlink instance is the first, whether that of the function is
// registered already (6.7) or not yet.
Status Adapter::make_ethernet(const std::shared_ptr<Instance>& function, Port wanted_port,
                              Netdev wanted, Netdev*& netdev) {
    Instance& home = make_ethernet_instance(*function);
    home.ports.insert(home.ports.begin(), std::make_unique<Port>(std::move(wanted_port)));
    Port& port = *home.ports.front();
    notify(DEVLINK_CMD_PORT_NEW, home, port);
    if (topology_.kernel.ports_follow_netdevs()) {
        port.type = DEVLINK_PORT_TYPE_ETH;
        notify(DEVLINK_CMD_PORT_NEW, home, port);
    }
    const auto made = make_netdev(std::move(wanted));
    if (!made) {
        notify(DEVLINK_CMD_PORT_DEL, home, port);
        home.ports.erase(home.ports.begin());
        drop_ethernet_instance(function);
        return fail(made.error());
    }
    netdev = *made;
    port_gets_netdev(home, port, netdev);
    return {};
}

// mlx5e_remove(). The port goes under the lock of its instance (devlink_port_unregister()), which
// is the operation's own before 6.3.
void Adapter::remove_ethernet(const OperationPtr& op, const std::shared_ptr<Instance>& function,
                              Netdev*& netdev) {
    const auto ethernet = function->ethernet;
    if (ethernet) {
        op->then_lock(ethernet, ethernet->lock);
    }
    op->then([this, function, ethernet, &netdev]() -> Status {
        Instance& home = ethernet ? *ethernet : *function;
        const uint16_t vport = function->vport ? 0 : kUplinkVport;
        Port* const port = home.port(port_index(*function, vport));
        if (!port) {  // a reload has failed on its way up
            return {};
        }
        if (topology_.kernel.ports_follow_netdevs()) {
            port_loses_netdev(home, *port, netdev);
            notify(DEVLINK_CMD_PORT_DEL, home, *port);
        } else {  // 6.1: unregister_netdev(), then the port goes and still names the netdev
            std::optional<Netdev> gone;
            if (port->netdev) {
                gone = *port->netdev;
                port->netdev = &*gone;
            }
            drop_netdev(netdev);
            notify(DEVLINK_CMD_PORT_DEL, home, *port);
        }
        std::erase_if(home.ports, [&](const auto& owned) { return owned.get() == port; });
        drop_ethernet_instance(function);
        return {};
    });
    if (ethernet) {
        op->then_unlock();
    }
}

// A VF or an SF. Without a driver on the host (bind_vfs false) its netdev is what a guest would
// have.
void Adapter::probe_function(const OperationPtr& op, Vport& vport) {
    const bool bound = vport.is_sf || topology_.bind_vfs;
    auto instance = std::make_shared<Instance>();
    instance->kind = vport.is_sf ? Instance::Kind::kSf : Instance::Kind::kVf;
    instance->pf = vport.pf;
    instance->vport = &vport;
    instance->vhca_id = vport.vhca_id;
    instance->pci = vport.is_sf ? vport.pf->instance->pci : function_pci(*vport.pf, vport);
    instance->bus = vport.is_sf ? "auxiliary" : "pci";
    instance->device = vport.is_sf ? fmt::format("mlx5_core.sf.{}", vport.adev) : instance->pci;
    const bool first = topology_.kernel.devlink_registered_first();
    op->then([this, &vport, instance, bound, first]() -> Status {
        Netdev wanted;
        wanted.role = Netdev::Role::kFunction;
        wanted.pf = vport.pf;
        wanted.vport = &vport;
        wanted.name = fmt::format("{}p{}{}{}", topology_.prefix, vport.pf->number,
                                  vport.is_sf ? "s" : "v", vport.is_sf ? vport.sfnum : vport.vf);
        if (wanted.name.size() >= 16) {
            wanted.name =
                fmt::format("{}p{}sv{:x}", topology_.prefix, vport.pf->number, vport.number);
        }
        wanted.mac = vport.admin_mac == Mac{} ? vport.mac : vport.admin_mac;
        wanted.face = face_for(*instance, "");
        if (!bound) {
            const auto made = make_netdev(std::move(wanted));
            if (!made) {
                return fail(made.error());
            }
            vport.function = *made;
            update_links(*vport.pf);
            return {};
        }
        instance->devlink_index = next_instance_++;
        vport.instance = instance;
        start_function(*instance);
        instance->params = default_params(false);
        if (first) {
            register_instance(instance);
        }
        Port port;
        port.index = port_index(*instance, 0);
        port.flavour = DEVLINK_PORT_FLAVOUR_VIRTUAL;
        if (Status made =
                make_ethernet(instance, std::move(port), std::move(wanted), vport.function);
            !made) {
            unregister_instance(instance);
            stop_function(*instance);
            vport.instance.reset();
            return made;
        }
        update_links(*vport.pf);
        return {};
    });
    if (!bound) {
        return;
    }
    op->then(
        "rdma.attach",
        [this, &vport, instance, first]() -> Status {
            uint64_t guid = 0;
            for (size_t i = 0; i < vport.mac.size(); i++) {
                guid = guid << 8 | vport.mac[i];
                guid = i == 2 ? guid << 16 | 0x0300 : guid;
            }
            vport.ib = make_ib(*instance, 1, false, guid);
            ib_attach(*vport.ib, 1, vport.function);
            if (!first) {
                register_instance(instance);
            }
            nested_changed(instance);
            return {};
        },
        instance->handle());
}

void Adapter::remove_function(const OperationPtr& op, Vport& vport) {
    const std::shared_ptr<Instance> instance = vport.instance;
    if (!instance) {
        op->then([this, &vport]() -> Status {
            drop_netdev(vport.function);
            return {};
        });
        return;
    }
    const bool first = topology_.kernel.devlink_registered_first();
    op->then_lock(instance, instance->lock);
    op->then(
        "rdma.detach",
        [this, &vport, instance, first, weak = std::weak_ptr<Operation>(op)]() -> Status {
            const OperationPtr self = weak.lock();
            if (!first) {
                unregister_instance(instance);
            }
            drop_ib(vport.ib);
            remove_ethernet(self, instance, vport.function);
            self->then([this, &vport, instance]() -> Status {
                unregister_instance(instance);
                stop_function(*instance);
                vport.instance.reset();
                return {};
            });
            return {};
        },
        instance->handle());
    op->then_unlock();
}

Status Adapter::make_pf_port(Pf& pf) {
    Port port;
    port.index = port_index(pf, kUplinkVport);
    port.number = pf.number;
    Netdev wanted;
    wanted.role = Netdev::Role::kUplink;
    wanted.pf = &pf;
    wanted.name = topology_.prefix + pf.uplink_id();
    wanted.mac = pf.mac;
    wanted.face = face_for(*pf.instance, pf.uplink_id());
    if (Status made = make_ethernet(pf.instance, std::move(port), std::move(wanted), pf.uplink);
        !made) {
        return made;
    }
    update_links(pf);
    return {};
}

void Adapter::probe_pf(const OperationPtr& op, Pf& pf) {
    const bool first = topology_.kernel.devlink_registered_first();
    op->then([this, &pf, first]() -> Status {
        pf.present = true;
        pf.leaving = false;
        pf.ib_disabled = false;
        pf.mode = kModeLegacy;
        pf.inline_mode = 0;
        pf.encap = 1;
        pf.instance->devlink_index = next_instance_++;
        pf.instance->reloads = 0;
        pf.instance->params = default_params(true);
        pf.adev = take_adev();
        if (!pf.wire) {
            Netdev wanted;
            wanted.role = Netdev::Role::kWire;
            wanted.pf = &pf;
            wanted.name = fmt::format("{}wire{}", topology_.prefix, pf.number);
            wanted.face.link_speed_mbps = pf.topology.speed_mbps;
            // Some other vendor's address: what the cable ends in.
            wanted.mac =
                mac_of(0x020000ee0000 | (pf.topology.mac & 0xffff000) >> 12 << 4 | pf.number);
            auto made = make_netdev(std::move(wanted));
            if (!made) {
                pf.present = false;
                return fail(made.error());
            }
            pf.wire = *made;
        }
        start_function(*pf.instance);
        if (first) {
            register_instance(pf.instance);
        }
        return make_pf_port(pf);
    });
    add_ib(op, pf);
    op->then([this, &pf, first]() -> Status {
        if (!first) {
            register_instance(pf.instance);
        }
        nested_changed(pf.instance);
        update_links(pf);
        return {};
    });
}

void Adapter::remove_pf(const OperationPtr& op, Pf& pf) {
    const bool first = topology_.kernel.devlink_registered_first();
    op->then_lock(pf.instance, pf.instance->lock);
    if (!first) {
        op->then([this, &pf]() -> Status {
            unregister_instance(pf.instance);
            return {};
        });
    }
    remove_vf_functions(op, pf);
    disable_vfs(op, pf);
    op->then([this, &pf, weak = std::weak_ptr<Operation>(op)]() -> Status {
        const OperationPtr self = weak.lock();
        pf.leaving = true;
        lag_->bonded = false;  // a bond releases a netdev that goes
        if (lag_->active()) {
            remove_ib(self, pf);
            lag_disable_change(self);
        }
        eswitch_disable(self, pf);
        remove_ib(self, pf);
        self->then([this, &pf, weak]() -> Status {
            remove_ethernet(weak.lock(), pf.instance, pf.uplink);
            return {};
        });
        self->then([this, &pf]() -> Status {
            pf.instance->ports.clear();
            pf.instance->rates.clear();
            unregister_instance(pf.instance);
            stop_function(*pf.instance);
            pf.present = false;
            adevs_.erase(pf.adev);
            update_links(pf);
            return {};
        });
        return {};
    });
    op->then_unlock();
}

}  // namespace esw::sim
