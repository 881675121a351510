// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/device_host.h"

#include <fmt/format.h>
#include <rdma/ib_user_ioctl_verbs.h>

#include <algorithm>

namespace esw::sim {

namespace {

uint64_t number_of(const Mac& mac) {
    uint64_t number = 0;
    for (const uint8_t byte : mac) {
        number = number << 8 | byte;
    }
    return number;
}

bool is_up(const Netdev* netdev) {
    return netdev && netdev->admin_up && netdev->carrier;
}

void set_traffic(FirmwareHost::Vport& vport, const Traffic& traffic) {
    vport.rx_packets = traffic.rx_packets;
    vport.rx_bytes = traffic.rx_bytes;
    vport.tx_packets = traffic.tx_packets;
    vport.tx_bytes = traffic.tx_bytes;
}

}  // namespace

std::optional<FirmwareHost::Vport> FunctionHost::vport(uint16_t number) const {
    if (number == 0) {
        return own();
    }
    if (!eswitch_manager()) {
        return std::nullopt;
    }
    if (number == kUplinkVport) {
        return uplink();
    }
    return instance_.pf->has_vport(number) ? std::optional(function(number)) : std::nullopt;
}

std::vector<uint16_t> FunctionHost::vports() const {
    std::vector<uint16_t> numbers{0};
    if (eswitch_manager()) {
        for (uint16_t vf = 1; vf <= max_vfs(); vf++) {
            numbers.push_back(vf);
        }
        for (uint16_t sf = 0; sf < max_sfs(); sf++) {
            numbers.push_back(static_cast<uint16_t>(kFirstSfVport + sf));
        }
        numbers.push_back(kUplinkVport);
    }
    return numbers;
}

// Vport 0 is the function's own, whichever it is.
FirmwareHost::Vport FunctionHost::own() const {
    const Pf& pf = *instance_.pf;
    if (instance_.vport) {
        Vport vport = function(instance_.vport->number);
        vport.number = 0;
        return vport;
    }
    Vport vport;
    vport.vhca_id = instance_.vhca_id;
    vport.reg_c_0 = pf.reg_c_0(0);
    vport.admin_up = pf.uplink && pf.uplink->admin_up;
    vport.link_up = is_up(pf.uplink);
    vport.mac = number_of(pf.mac);
    return vport;
}

FirmwareHost::Vport FunctionHost::uplink() const {
    const Pf& pf = *instance_.pf;
    Vport vport = own();
    vport.number = kUplinkVport;
    vport.reg_c_0 = pf.reg_c_0(kUplinkVport);
    set_traffic(vport, pf.wire_traffic);
    return vport;
}

// In switchdev mode the representor's IFF_UP is the admin state; in legacy mode it is "auto".
FirmwareHost::Vport FunctionHost::function(uint16_t number) const {
    const Pf& pf = *instance_.pf;
    Vport vport;
    vport.number = number;
    vport.vhca_id = adapter_.function_vhca_id(pf, number);
    vport.reg_c_0 = pf.reg_c_0(number);
    const auto entry = pf.vports.find(number);
    if (entry == pf.vports.end()) {
        return vport;
    }
    const auto& function = *entry->second;
    vport.admin_up =
        !function.link_forced_down && (!pf.switchdev() || (function.rep && function.rep->admin_up));
    vport.link_up = function.function && function.function->carrier;
    vport.mac = number_of(function.admin_mac == Mac{} ? function.mac : function.admin_mac);
    set_traffic(vport, function.traffic);
    return vport;
}

uint16_t FunctionHost::max_vfs() const {
    return eswitch_manager() ? static_cast<uint16_t>(instance_.pf->topology.max_vfs) : 0;
}

uint16_t FunctionHost::num_vfs() const {
    return eswitch_manager() ? static_cast<uint16_t>(instance_.pf->num_vfs) : 0;
}

uint16_t FunctionHost::max_sfs() const {
    return eswitch_manager() ? static_cast<uint16_t>(instance_.pf->topology.max_sfs) : 0;
}

// mlx5_cmd_create_lag(), get_port_sel_mode(): a bond in a hash mode, as 802.3ad is.
FirmwareHost::Lag FunctionHost::lag() const {
    constexpr uint8_t kByHash = 1, kMultiport = 2;
    const esw::sim::Lag& model = adapter_.lag();
    Lag lag;
    if (!eswitch_manager() || !model.active()) {
        return lag;
    }
    const bool multiport = model.mode == esw::sim::Lag::Mode::kMultiport;
    lag.active = true;
    lag.state = 1;
    lag.port_select_mode = multiport ? kMultiport : kByHash;
    lag.fdb_selection_mode = model.shared_fdb || multiport;
    return lag;
}

UverbsHost::Port DeviceHost::port(uint32_t number) const {
    Port port;
    port.gid_length = device_.gid_table_length();
    const auto entry = device_.netdevs.find(number);
    if (entry == device_.netdevs.end()) {
        return port;
    }
    const Netdev& netdev = *entry->second;
    port.ifindex = netdev.in_namespace ? netdev.ifindex : 0;
    port.link_up = is_up(&netdev);
    port.mtu = netdev.mtu;
    if (!device_.is_rep) {
        const auto gid = IbDevice::default_gid(netdev);
        for (const uint32_t type : {IB_UVERBS_GID_TYPE_ROCE_V1, IB_UVERBS_GID_TYPE_ROCE_V2}) {
            port.gids.push_back({static_cast<uint32_t>(port.gids.size()), type, {}});
            std::transform(gid.begin(), gid.end(), port.gids.back().raw.begin(),
                           [](uint8_t byte) { return std::byte{byte}; });
        }
        return port;
    }
    const Pf& pf = *netdev.pf;
    const uint16_t vport = netdev.vport ? netdev.vport->number : kUplinkVport;
    port.vport = VportId{pf.instance->vhca_id, vport};
    port.vhca_id = netdev.vport ? netdev.vport->vhca_id : 0;
    port.reg_c_0 = pf.reg_c_0(vport);
    if (pf.instance.get() != device_.instance) {
        port.firmware = firmware_of_(*pf.instance);
    }
    return port;
}

void DeviceHost::admit(const Call& call, std::function<void(int)> proceed) {
    if (points_.idle()) {
        proceed(0);
        return;
    }
    std::vector<std::string> points{"uverbs.ioctl"};
    if (call.opcode != 0) {
        points.push_back("firmware.command");
        points.push_back(fmt::format("firmware.{:#05x}", call.opcode));
    }
    points_.pass_all(std::move(points), device_.instance->handle(),
                     [proceed = std::move(proceed)](const Status& status) {
                         proceed(status ? 0 : status.error().code);
                     });
}

}  // namespace esw::sim
