// SPDX-License-Identifier: Apache-2.0
#include <endian.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <cstring>

#include "esw-manager/mlx5/prm.h"
#include "utilities/esw-sim/hardware/packet.h"
#include "utilities/esw-sim/hardware/pipeline.h"

namespace esw::sim::pipeline {

namespace {

/// Of each part of fte_match_param; bit n of match_criteria_enable is for the nth.
constexpr size_t kPart = DEVX_ST_SZ_BYTES(fte_match_set_lyr_2_4);
constexpr size_t kParts = 7;

using Params = std::array<uint32_t, DEVX_ST_SZ_DW(fte_match_param)>;

void set_address(void* to, const std::array<uint32_t, 4>& address) {
    for (size_t i = 0; i < address.size(); i++) {
        const uint32_t word = htobe32(address[i]);
        std::memcpy(static_cast<char*>(to) + 4 * i, &word, sizeof word);
    }
}

void set_headers(const Headers& h, void* to) {
    const auto vlan = [&h](uint16_t protocol) {
        return h.vlans > 0 && h.vlan[0].protocol == protocol;
    };
    DEVX_SET(fte_match_set_lyr_2_4, to, smac_47_16, static_cast<uint32_t>(h.smac >> 16));
    DEVX_SET(fte_match_set_lyr_2_4, to, smac_15_0, static_cast<uint32_t>(h.smac & 0xffff));
    DEVX_SET(fte_match_set_lyr_2_4, to, dmac_47_16, static_cast<uint32_t>(h.dmac >> 16));
    DEVX_SET(fte_match_set_lyr_2_4, to, dmac_15_0, static_cast<uint32_t>(h.dmac & 0xffff));
    DEVX_SET(fte_match_set_lyr_2_4, to, ethertype, h.ethertype);
    DEVX_SET(fte_match_set_lyr_2_4, to, first_prio, h.vlan[0].control >> 13);
    DEVX_SET(fte_match_set_lyr_2_4, to, first_cfi, h.vlan[0].control >> 12 & 1);
    DEVX_SET(fte_match_set_lyr_2_4, to, first_vid, h.vlan[0].control & 0xfffu);
    DEVX_SET(fte_match_set_lyr_2_4, to, cvlan_tag, vlan(ETH_P_8021Q));
    DEVX_SET(fte_match_set_lyr_2_4, to, svlan_tag, vlan(ETH_P_8021AD));
    DEVX_SET(fte_match_set_lyr_2_4, to, ip_protocol, h.protocol);
    DEVX_SET(fte_match_set_lyr_2_4, to, ip_dscp, h.dscp);
    DEVX_SET(fte_match_set_lyr_2_4, to, ip_ecn, h.ecn);
    DEVX_SET(fte_match_set_lyr_2_4, to, frag, h.fragment);
    DEVX_SET(fte_match_set_lyr_2_4, to, ip_version, h.ip_version);
    DEVX_SET(fte_match_set_lyr_2_4, to, ipv4_ihl, h.ihl);
    DEVX_SET(fte_match_set_lyr_2_4, to, ttl_hoplimit, h.ttl);
    set_address(DEVX_ADDR_OF(fte_match_set_lyr_2_4, to, src_ipv4_src_ipv6), h.src);
    set_address(DEVX_ADDR_OF(fte_match_set_lyr_2_4, to, dst_ipv4_dst_ipv6), h.dst);
    if (h.transport == Headers::Transport::kTcp) {
        DEVX_SET(fte_match_set_lyr_2_4, to, tcp_flags, h.tcp_flags);
        DEVX_SET(fte_match_set_lyr_2_4, to, tcp_sport, h.sport);
        DEVX_SET(fte_match_set_lyr_2_4, to, tcp_dport, h.dport);
    } else {
        DEVX_SET(fte_match_set_lyr_2_4, to, udp_sport, h.sport);
        DEVX_SET(fte_match_set_lyr_2_4, to, udp_dport, h.dport);
    }
}

void set_second_vlans(const Packet& packet, void* to) {
    const VlanTag& outer = packet.outer.vlan[1];
    const VlanTag& inner = packet.inner.vlan[1];
    DEVX_SET(fte_match_set_misc, to, outer_second_prio, outer.control >> 13);
    DEVX_SET(fte_match_set_misc, to, outer_second_cfi, outer.control >> 12 & 1);
    DEVX_SET(fte_match_set_misc, to, outer_second_vid, outer.control & 0xfffu);
    DEVX_SET(fte_match_set_misc, to, inner_second_prio, inner.control >> 13);
    DEVX_SET(fte_match_set_misc, to, inner_second_cfi, inner.control >> 12 & 1);
    DEVX_SET(fte_match_set_misc, to, inner_second_vid, inner.control & 0xfffu);
    DEVX_SET(fte_match_set_misc, to, outer_second_cvlan_tag, outer.protocol == ETH_P_8021Q);
    DEVX_SET(fte_match_set_misc, to, inner_second_cvlan_tag, inner.protocol == ETH_P_8021Q);
    DEVX_SET(fte_match_set_misc, to, outer_second_svlan_tag, outer.protocol == ETH_P_8021AD);
    DEVX_SET(fte_match_set_misc, to, inner_second_svlan_tag, inner.protocol == ETH_P_8021AD);
}

void set_tunnel(const Tunnel& tunnel, void* to) {
    const uint32_t first = tunnel.header[0];
    switch (tunnel.kind) {
        case Tunnel::Kind::kVxlan:
            DEVX_SET(fte_match_set_misc, to, vxlan_vni, tunnel.vni);
            break;
        case Tunnel::Kind::kGeneve:
            DEVX_SET(fte_match_set_misc, to, geneve_vni, tunnel.vni);
            DEVX_SET(fte_match_set_misc, to, geneve_oam, first >> 23 & 1);
            DEVX_SET(fte_match_set_misc, to, geneve_opt_len, first >> 24 & 0x3f);
            DEVX_SET(fte_match_set_misc, to, geneve_protocol_type, first & 0xffff);
            break;
        case Tunnel::Kind::kGre:
            DEVX_SET(fte_match_set_misc, to, gre_c_present, first >> 31);
            DEVX_SET(fte_match_set_misc, to, gre_k_present, first >> 29 & 1);
            DEVX_SET(fte_match_set_misc, to, gre_s_present, first >> 28 & 1);
            DEVX_SET(fte_match_set_misc, to, gre_protocol, first & 0xffff);
            DEVX_SET(fte_match_set_misc, to, gre_key, tunnel.gre_key);
            break;
        case Tunnel::Kind::kNone:
        case Tunnel::Kind::kVxlanGpe:
            break;
    }
}

void set_transport(const Packet& packet, void* to) {
    const Headers& h = packet.outer;
    DEVX_SET(fte_match_set_misc3, to, outer_tcp_seq_num, h.tcp_seq);
    DEVX_SET(fte_match_set_misc3, to, outer_tcp_ack_num, h.tcp_ack);
    DEVX_SET(fte_match_set_misc3, to, inner_tcp_seq_num, packet.inner.tcp_seq);
    DEVX_SET(fte_match_set_misc3, to, inner_tcp_ack_num, packet.inner.tcp_ack);
    if (h.transport == Headers::Transport::kIcmp) {
        DEVX_SET(fte_match_set_misc3, to, icmp_type, h.icmp_type);
        DEVX_SET(fte_match_set_misc3, to, icmp_code, h.icmp_code);
        DEVX_SET(fte_match_set_misc3, to, icmp_header_data, h.icmp_header_data);
    } else if (h.transport == Headers::Transport::kIcmp6) {
        DEVX_SET(fte_match_set_misc3, to, icmpv6_type, h.icmp_type);
        DEVX_SET(fte_match_set_misc3, to, icmpv6_code, h.icmp_code);
        DEVX_SET(fte_match_set_misc3, to, icmpv6_header_data, h.icmp_header_data);
    }
}

/// Everything that a root rule can compare of a frame.
Params params_of(const Source& source, const Packet& packet) {
    Params params{};
    void* const to = params.data();
    set_headers(packet.outer, DEVX_ADDR_OF(fte_match_param, to, outer_headers));
    set_headers(packet.inner, DEVX_ADDR_OF(fte_match_param, to, inner_headers));
    void* const misc = DEVX_ADDR_OF(fte_match_param, to, misc_parameters);
    DEVX_SET(fte_match_set_misc, misc, source_port, source.vport.number);
    DEVX_SET(fte_match_set_misc, misc, source_eswitch_owner_vhca_id, source.vport.owner_vhca_id);
    DEVX_SET(fte_match_set_misc, misc, outer_ipv6_flow_label, packet.outer.flow_label);
    DEVX_SET(fte_match_set_misc, misc, inner_ipv6_flow_label, packet.inner.flow_label);
    set_second_vlans(packet, misc);
    set_tunnel(packet.tunnel, misc);
    DEVX_SET(fte_match_param, to, misc_parameters_2.metadata_reg_c_0, source.reg_c_0);
    set_transport(packet, DEVX_ADDR_OF(fte_match_param, to, misc_parameters_3));
    return params;
}

}  // namespace

bool matches(const RootRule& rule, const Source& source, const Frame& frame) {
    const Params params = params_of(source, parse_packet(frame));
    const auto* const bytes = reinterpret_cast<const std::byte*>(params.data());
    const size_t size = std::min({rule.mask.size(), rule.value.size(), kPart * kParts});
    for (size_t i = 0; i < size; i++) {
        const bool enabled = (rule.criteria >> (i / kPart) & 1) != 0;
        if (enabled && (bytes[i] & rule.mask[i]) != (rule.value[i] & rule.mask[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace esw::sim::pipeline
