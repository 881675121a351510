// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "esw-manager/mlx5/flow_compiler.h"
#include "esw-manager/mlx5/prm.h"

namespace esw::mlx5::test {

using Actions = std::vector<esw_flow_action>;

/// Ports of two adapters.
class TestPorts final : public FlowPorts {
public:
    static constexpr uint32_t kWire = 1, kOtherWire = 2, kVf = 3, kVf2 = 4, kVf3 = 5;
    static constexpr uint32_t kTunnel = 9;    ///< no representor
    static constexpr uint32_t kForeign = 20;  ///< of the other adapter
    static constexpr uint32_t kFirstOfMany = 100, kMany = 64;

    TestPorts() {
        ports_[kWire] = {0, true};
        ports_[kOtherWire] = {0, true};
        ports_[kVf] = ports_[kVf2] = ports_[kVf3] = {0, false};
        ports_[kForeign] = {1, false};
        for (uint32_t i = 0; i < kMany; i++) {
            ports_[kFirstOfMany + i] = {0, false};
        }
    }
    const FlowPort* find(uint32_t port) const override {
        const auto found = ports_.find(port);
        return found == ports_.end() ? nullptr : &found->second;
    }

private:
    std::map<uint32_t, FlowPort> ports_;
};

inline void copy(uint8_t* to, std::initializer_list<int> bytes) {
    for (const int byte : bytes) {
        *to++ = static_cast<uint8_t>(byte);
    }
}

/// Asks for all bits of a field of the key.
template <class T>
void exactly(esw_flow_match& match, T esw_flow_key::*field, T value) {
    match.key.*field = value;
    match.mask.*field = static_cast<T>(~T{0});
}

/// What almost all megaflows have: the port, the Ethernet type, and that there is no tag.
inline esw_flow_match untagged(uint16_t eth_type, uint32_t in_port = TestPorts::kVf) {
    esw_flow_match match{};
    match.in_port = match.physical_port = in_port;
    match.vlan_limit = 1;
    match.mask.vlans[0].tci = 0x1fff;
    exactly(match, &esw_flow_key::eth_type, eth_type);
    return match;
}
/// As above, and no fragments, as Open vSwitch has it for all of IP.
inline esw_flow_match ip4(uint32_t in_port = TestPorts::kVf) {
    esw_flow_match match = untagged(0x0800, in_port);
    match.mask.ip_frag = 3;
    return match;
}
inline esw_flow_match ip6(uint32_t in_port = TestPorts::kVf) {
    esw_flow_match match = untagged(0x86dd, in_port);
    match.mask.ip_frag = 3;
    return match;
}
inline esw_flow_match with_protocol(esw_flow_match match, uint8_t protocol) {
    exactly(match, &esw_flow_key::ip_proto, protocol);
    return match;
}
inline esw_flow_match tagged(esw_flow_match match, uint16_t vid, uint16_t tpid = 0x8100) {
    match.key.vlans[0] = {tpid, static_cast<uint16_t>(ESW_VLAN_PRESENT | vid)};
    match.mask.vlans[0] = {0xffff, 0x1fff};
    return match;
}

/// The two flows of a VXLAN or Geneve tunnel from the wire, as Open vSwitch makes them.
struct TunnelFlows {
    esw_flow_match outer, inner;
};
inline TunnelFlows tunnel_flows(esw_tunnel_type type, uint16_t udp_port) {
    TunnelFlows flows{with_protocol(ip4(TestPorts::kWire), 17), ip4(TestPorts::kTunnel)};
    exactly(flows.outer, &esw_flow_key::l4_dst, udp_port);
    esw_flow_match& inner = flows.inner;
    inner.physical_port = TestPorts::kWire;
    inner.tunnel_type = type;
    inner.tunnel_udp_port = udp_port;
    copy(inner.key.tunnel.src + 12, {172, 16, 0, 2});
    copy(inner.key.tunnel.dst + 12, {172, 16, 0, 1});
    copy(inner.mask.tunnel.src + 12, {0xff, 0xff, 0xff, 0xff});
    copy(inner.mask.tunnel.dst + 12, {0xff, 0xff, 0xff, 0xff});
    inner.key.tunnel.id = 77;
    inner.mask.tunnel.id = ~uint64_t{0};
    inner.key.tunnel.flags = 8;
    inner.mask.tunnel.flags = 2 | 4 | 8;
    inner.mask.tunnel.tos = 0xff;
    return flows;
}

inline esw_flow_action output(uint32_t port) {
    esw_flow_action action{};
    action.type = ESW_ACTION_OUTPUT;
    action.port = port;
    return action;
}
inline esw_flow_action simple(esw_action_type type) {
    esw_flow_action action{};
    action.type = type;
    return action;
}
inline esw_flow_action other(esw_refusal reason) {
    esw_flow_action action = simple(ESW_ACTION_OTHER);
    action.refusal = reason;
    return action;
}
inline esw_flow_action push_vlan(uint16_t vid, uint16_t tpid = 0x8100) {
    esw_flow_action action = simple(ESW_ACTION_PUSH_VLAN);
    action.vlan = {tpid, static_cast<uint16_t>(ESW_VLAN_PRESENT | vid)};
    return action;
}
inline esw_flow_action set(esw_field field, std::initializer_list<int> value,
                           std::initializer_list<int> mask = {}) {
    esw_flow_action action = simple(ESW_ACTION_SET);
    action.set = {};
    action.set.field = field;
    copy(action.set.value, value);
    copy(action.set.mask, mask);
    if (mask.size() == 0) {
        std::memset(action.set.mask, 0xff, value.size());
    }
    return action;
}
/// Points to `header`.
inline esw_flow_action tunnel_push(esw_tunnel_type type, const std::vector<uint8_t>& header) {
    esw_flow_action action = simple(ESW_ACTION_TUNNEL_PUSH);
    action.push = {type, TestPorts::kTunnel, TestPorts::kWire, header.data(), header.size()};
    return action;
}

/// A tunnel's headers as Open vSwitch makes them, without the Geneve options.
inline std::vector<uint8_t> tunnel_header(esw_tunnel_type type, bool is_ipv6 = false) {
    std::vector<uint8_t> header = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8};
    const auto add = [&header](std::initializer_list<int> bytes) {
        for (const int byte : bytes) {
            header.push_back(static_cast<uint8_t>(byte));
        }
    };
    if (is_ipv6) {
        add({0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 17, 64});
        add({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
        add({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
    } else {
        add({0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 172, 16, 0, 1, 172, 16, 0, 2});
    }
    if (type == ESW_TUNNEL_VXLAN) {
        add({0, 0, 0x12, 0xb5, 0, 0, 0, 0, 0x08, 0, 0, 0, 0, 0, 77, 0});
    } else {
        add({0, 0, 0x17, 0xc1, 0, 0, 0, 0, 0x00, 0, 0x65, 0x58, 0, 0, 77, 0});
    }
    return header;
}

/// fte_match_param as it is in memory.
using MatchParam = std::array<uint32_t, FdbMatch::kWords>;

/// All words of a match, also those that it has not.
inline std::array<MatchParam, 2> unpack(const FdbMatch& match) {
    std::array<MatchParam, 2> mask_and_value{};
    size_t at = 0;
    for (size_t word = 0; word < FdbMatch::kWords; word++) {
        if (match.present[word]) {
            mask_and_value[0][word] = match.mask.at(at);
            mask_and_value[1][word] = match.value.at(at);
            at++;
        }
    }
    return mask_and_value;
}

}  // namespace esw::mlx5::test
