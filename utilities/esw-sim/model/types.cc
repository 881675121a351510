// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/model/types.h"

#include <fmt/format.h>

#include <algorithm>

#include "utilities/esw-sim/transport/wire.h"

namespace esw::sim {

Mac mac_of(uint64_t number) {
    Mac mac;
    for (size_t i = 0; i < mac.size(); i++) {
        mac[i] = static_cast<uint8_t>(number >> (8 * (5 - i)));
    }
    return mac;
}

std::string to_string(const Mac& mac) {
    return fmt::format("{:02x}", fmt::join(mac, ":"));
}

Port* Instance::port(uint32_t index) {
    for (const auto& port : ports) {
        if (port->index == index) {
            return port.get();
        }
    }
    return nullptr;
}

Rate* Instance::leaf(uint32_t port_index) {
    const auto rate = std::find_if(rates.begin(), rates.end(), [&](const Rate& candidate) {
        return candidate.port_index == port_index;
    });
    return rate == rates.end() ? nullptr : &*rate;
}

Rate* Instance::node(const std::string& name) {
    const auto rate = std::find_if(rates.begin(), rates.end(), [&](const Rate& candidate) {
        return !candidate.port_index && candidate.name == name;
    });
    return rate == rates.end() ? nullptr : &*rate;
}

Param* Instance::param(std::string_view name) {
    const auto param = std::find_if(params.begin(), params.end(),
                                    [&](const Param& candidate) { return candidate.name == name; });
    return param == params.end() ? nullptr : &*param;
}

// ib_uverbs_add_one() (uverbs_main.c). Only 32 minors are fixed; the kernel gives the devices
// behind them a major that differs from machine to machine.
Chardev IbDevice::chardev() const {
    return {wire::kUverbsMajor, wire::kUverbsFirstMinor + uverbs};
}

std::string IbDevice::chardev_name() const {
    return fmt::format("uverbs{}", uverbs);
}

uint16_t IbDevice::pci_device_id() const {
    return instance->kind == Instance::Kind::kVf ? kConnectXVirtual : kConnectX6Dx;
}

// roce_address_table_size, mlx5_query_port_roce() (mlx5_ib's main.c). That of VFs and SFs is made
// up: each entry is a file below /sys, and there can be many functions.
uint32_t IbDevice::gid_table_length() const {
    if (is_rep) {
        return 0;
    }
    return instance->kind == Instance::Kind::kPf ? 256 : 16;
}

// make_default_gid() (core/roce_gid_mgmt.c): fe80::/64 and the EUI-64 of the address.
std::array<uint8_t, 16> IbDevice::default_gid(const Netdev& netdev) {
    const Mac& mac = netdev.mac;
    return {0xfe,   0x80,   0,    0,    0,      0,      0,     0, static_cast<uint8_t>(mac[0] ^ 2),
            mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
}

std::string Vport::rep_id() const {
    return is_sf ? fmt::format("pf{}sf{}", pf->number, sfnum)
                 : fmt::format("pf{}vf{}", pf->number, vf);
}

// vport_index + 1 (mlx5_ib_set_vport_rep(), ib_rep.c); the PF has index 0, then come all VFs and
// all SFs that there can be (mlx5_esw_vports_init(), eswitch.c).
uint32_t Pf::vport_index(uint16_t vport) const {
    if (vport == kUplinkVport) {
        return total_vports() - 1;
    }
    return vport < kFirstSfVport ? vport : 1 + topology.max_vfs + (vport - kFirstSfVport);
}

const char* Lag::name() const {
    static const char* const kNames[] = {"none", "roce", "sriov", "multiport_eswitch"};
    return kNames[static_cast<int>(mode)];
}

uint32_t Pf::ib_port(const Vport& vport) const {
    return vport_index(vport.number) + 1;
}

bool Pf::has_vport(uint16_t vport) const {
    const bool vf = vport >= 1 && vport <= topology.max_vfs;
    const bool sf = vport >= kFirstSfVport && vport < kFirstSfVport + topology.max_sfs;
    return vf || sf;
}

// esw_offloads_metadata_init(): each vport gets 4 bits of PF number and the next of 12 bits from 2
// on, in the order of their indices; all uplinks share 1, but in a multiport eswitch get their own
// (mlx5_mpesw_metadata_set()).
uint32_t Pf::reg_c_0(uint16_t vport) const {
    const Param* const metadata = instance->param("esw_port_metadata");
    if (!switchdev() || !metadata || !std::get<bool>(metadata->value)) {
        return 0;
    }
    constexpr uint32_t kUplink = 1, kFirst = 2, kNumberBits = 12, kUserBits = 16;
    if (vport == kUplinkVport && !multiport) {
        return kUplink << kUserBits;
    }
    return (number << kNumberBits | (kFirst + vport_index(vport))) << kUserBits;
}

std::string Pf::uplink_id() const {
    return fmt::format("p{}", number);
}

}  // namespace esw::sim
