// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/model/adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace esw::sim {

namespace {

// An Mellanox OUI; with the low half of the adapter's first MAC it makes the system image GUID.
constexpr uint64_t kGuidBase = 0xb8cef60300000000;

}  // namespace

Adapter::Adapter(Topology topology, NetdevBackend& netdevs, Observer& observer, Points& points)
    : topology_(std::move(topology)),
      netdevs_(netdevs),
      observer_(observer),
      points_(points),
      system_image_guid_(kGuidBase | (topology_.pfs.at(0).mac & 0xffffff)) {
    for (uint32_t i = 0; i < topology_.pfs.size(); i++) {
        make_pf(i);
    }
}

Adapter::~Adapter() = default;

std::string Adapter::firmware_version() const {
    return fmt::format("{}.{}.{}", kFirmwareVersion >> 32, kFirmwareVersion >> 16 & 0xffff,
                       kFirmwareVersion & 0xffff);
}

void Adapter::make_pf(uint32_t number) {
    auto pf = std::make_unique<Pf>();
    pf->number = number;
    pf->topology = topology_.pfs[number];
    pf->mac = mac_of(pf->topology.mac);
    pf->instance = std::make_shared<Instance>();
    pf->instance->kind = Instance::Kind::kPf;
    pf->instance->bus = "pci";
    pf->instance->device = fmt::format("{}.{}", topology_.pci, number);
    pf->instance->pci = pf->instance->device;
    pf->instance->pf = pf.get();
    pf->instance->vhca_id = static_cast<uint16_t>(number);
    pfs_.push_back(std::move(pf));
}

// As at boot: all PFs are probed first, then their VFs are made, then the modes are set.
Status Adapter::bring_up() {
    using Stage = void (Adapter::*)(const OperationPtr&, Pf&);
    for (const Stage stage : {&Adapter::probe_pf, &Adapter::initial_vfs, &Adapter::initial_mode}) {
        for (const auto& pf : pfs_) {
            Status result = fail(EBUSY, pf->handle(), "start", "did not come up");
            const auto op =
                operation(*pf->instance, [&result](Status status) { result = std::move(status); });
            (this->*stage)(op, *pf);
            op->run();
            if (!result) {
                return result;
            }
        }
    }
    return {};
}

void Adapter::initial_vfs(const OperationPtr& op, Pf& pf) {
    enable_vfs(op, pf, pf.topology.vfs);
}

void Adapter::initial_mode(const OperationPtr& op, Pf& pf) {
    restore_mode(op, pf, pf.topology.mode);
}

std::shared_ptr<Instance> Adapter::find_instance(const std::string& bus,
                                                 const std::string& device) const {
    for (const auto& instance : instances_) {
        if (instance->bus == bus && instance->device == device) {
            return instance;
        }
    }
    return nullptr;
}

Result<Pf*> Adapter::find_pf(const std::string& handle) const {
    std::vector<std::string> handles;
    for (const auto& pf : pfs_) {
        if (pf->handle() == handle) {
            return pf.get();
        }
        handles.push_back(pf->handle());
    }
    return fail(ENODEV, fmt::format("\"{}\"", handle), "",
                fmt::format("no such PF; there are {}", fmt::join(handles, ", ")));
}

std::string Adapter::Target::id() const {
    return fmt::format("{}/{}", pf->handle(), vport ? vport->rep_id() : pf->uplink_id());
}

Result<Adapter::Target> Adapter::find_target(const std::string& handle_and_rep) const {
    const size_t slash = handle_and_rep.rfind('/');
    if (slash == std::string::npos || handle_and_rep.find('/') == slash) {
        return fail(EINVAL, fmt::format("\"{}\"", handle_and_rep), "",
                    "expected HANDLE/REP, for example pci/0000:08:00.0/pf0vf3");
    }
    const auto pf = find_pf(handle_and_rep.substr(0, slash));
    if (!pf) {
        return fail(pf.error());
    }
    const std::string rep = handle_and_rep.substr(slash + 1);
    if (rep == (*pf)->uplink_id()) {
        return Target{*pf, nullptr};
    }
    std::vector<std::string> ids{(*pf)->uplink_id()};
    for (const auto& [number, vport] : (*pf)->vports) {
        if (vport->rep_id() == rep) {
            return Target{*pf, vport.get()};
        }
        ids.push_back(vport->rep_id());
    }
    return fail(
        ENODEV, fmt::format("\"{}\"", rep), "",
        fmt::format("{} has no such port; there are {}", (*pf)->handle(), fmt::join(ids, ", ")));
}

// The devices of the VFs follow those of the PFs, PF by PF: "first VF offset" and "VF stride" 1 of
// the SR-IOV capability.
std::string Adapter::function_pci(const Pf& pf, const Vport& vport) const {
    const uint32_t offset = first_function(pf) + vport.vf;
    const auto bus = static_cast<uint32_t>(std::stoul(topology_.pci.substr(5, 2), nullptr, 16));
    const auto slot = static_cast<uint32_t>(std::stoul(topology_.pci.substr(8, 2), nullptr, 16));
    const uint32_t routing_id = (bus << 8) + (slot << 3) + offset;
    return fmt::format("{}:{:02x}:{:02x}.{}", topology_.pci.substr(0, 4), routing_id >> 8,
                       routing_id >> 3 & 0x1f, routing_id & 7);
}

// mlx5e_get_drvinfo() (en_ethtool.c); representors have the PF's bus-info and a driver name of
// their own (mlx5e_rep_get_drvinfo(), en_rep.c).
NetdevFace Adapter::face_for(const Instance& instance, const std::string& port_name) const {
    NetdevFace face;
    face.phys_port_name = port_name;
    face.parent_bus = instance.kind == Instance::Kind::kSf ? "auxiliary" : "pci";
    face.parent_device = instance.device;
    face.driver = "mlx5_core";
    face.driver_version = topology_.kernel.to_string();
    face.firmware_version = fmt::format("{} ({})", firmware_version(), board_id());
    face.bus_info = instance.device;
    face.link_speed_mbps = instance.pf->topology.speed_mbps;
    if (!port_name.empty()) {
        // mlx5_esw_get_port_parent_id() copies the GUID as it lies in memory.
        for (int i = 0; i < 8; i++) {
            face.switch_id.push_back(static_cast<uint8_t>(system_image_guid_ >> (8 * i)));
        }
    }
    return face;
}

Result<Netdev*> Adapter::make_netdev(Netdev wanted) {
    auto made = netdevs_.create(std::move(wanted));
    if (made) {
        netdevs_.pump();
    }
    return made;
}

void Adapter::drop_netdev(Netdev*& netdev) {
    if (netdev) {
        netdevs_.destroy(std::exchange(netdev, nullptr));
        netdevs_.pump();
    }
}

uint32_t Adapter::take_adev() {
    uint32_t number = 0;
    while (adevs_.count(number)) {
        number++;
    }
    adevs_.insert(number);
    return number;
}

uint32_t Adapter::port_index(const Pf& pf, uint16_t vport) const {
    return port_index(*pf.instance, vport);
}

uint32_t Adapter::port_index(const Instance& function, uint16_t vport) {
    return static_cast<uint32_t>(function.vhca_id) << 16 | vport;
}

// mlx5_devlink_params, mlx5_devlink_auxdev_params_register() and max_uc_list_param of devlink.c,
// with the values of a ConnectX-6 Dx.
std::vector<Param> Adapter::default_params(bool pf) const {
    constexpr uint8_t kRuntime = DEVLINK_PARAM_CMODE_RUNTIME;
    constexpr uint8_t kDriverinit = DEVLINK_PARAM_CMODE_DRIVERINIT;
    std::vector<Param> params;
    params.push_back({"flow_steering_mode", false, kRuntime, std::string("smfs")});
    params.push_back({"enable_roce", true, kDriverinit, true});
    if (pf) {
        params.push_back({"fdb_large_groups", false, kDriverinit, 15u});
        params.push_back({"esw_port_metadata", false, kRuntime, true});
        if (topology_.kernel.has_esw_multiport()) {
            params.push_back({"esw_multiport", false, kRuntime, false});
        }
        params.push_back({"enable_remote_dev_reset", true, kRuntime, true});
    }
    params.push_back({"io_eq_size", true, kDriverinit, 1024u});
    params.push_back({"event_eq_size", true, kDriverinit, 4096u});
    params.push_back({"enable_eth", true, kDriverinit, true});
    params.push_back({"enable_rdma", true, kDriverinit, true});
    params.push_back({"enable_vnet", true, kDriverinit, true});
    params.push_back({"max_macs", true, kDriverinit, 128u});
    return params;
}

Adapter::OperationPtr Adapter::operation(const Instance& instance, Done done) {
    return std::make_shared<Operation>(points_, instance.handle(), std::move(done));
}

void Adapter::update_links(Pf& pf) {
    const bool link = pf.cable && pf.present;
    const auto set = [&](Netdev* netdev, bool carrier) {
        if (netdev && netdev->carrier != carrier) {
            netdevs_.set_carrier(netdev, carrier);
        }
    };
    set(pf.uplink, link);
    set(pf.wire, link);
    for (const auto& [number, vport] : pf.vports) {
        // In switchdev mode the representor's IFF_UP is the vport's admin state (mlx5e_rep_open(),
        // mlx5e_rep_close()); in legacy mode it is "auto": that of the wire.
        const bool up = !vport->link_forced_down &&
                        (pf.switchdev() ? vport->rep && vport->rep->admin_up : link);
        set(vport->rep, up);
        set(vport->function, up);
    }
}

void Adapter::notify(int command, const Instance& instance) {
    if (instance.registered) {
        observer_.device(command, instance);
    }
}

void Adapter::notify(int command, const Instance& instance, const Port& port) {
    if (instance.registered) {
        observer_.port(command, instance, port);
    }
}

void Adapter::notify(int command, const Instance& instance, const Rate& rate) {
    if (instance.registered) {
        observer_.rate(command, instance, rate);
    }
}

void Adapter::notify(int command, const Instance& instance, const Param& param) {
    if (instance.registered) {
        observer_.param(command, instance, param);
    }
}

}  // namespace esw::sim
