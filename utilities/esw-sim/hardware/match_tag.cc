// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/match_tag.h"

#include <endian.h>
#include <linux/if_ether.h>

#include <cstring>

#include "esw-manager/mlx5/prm_ste.h"

namespace esw::sim {

namespace {

// Values of the tags' fields: dr_ste.h and mlx5dv_dr.h of rdma-core 44.
enum VlanQualifier : uint32_t { kNoVlan = 0, kServiceVlan = 1, kCustomerVlan = 2 };
enum L3Type : uint32_t { kNoIp = 0, kIp4 = 1, kIp6 = 2 };
enum L4Type : uint32_t { kNoTransport = 0, kTcp = 1, kUdp = 2 };

/// The lookup types that libmlx5 writes, except MPLS, InfiniBand and those of match definers.
enum LookupType : uint16_t {
    kNop = 0x0000,
    kEthL2Tunnel = 0x0002,
    kEthL2Outer = 0x0003,
    kEthL2Inner = 0x0004,
    kSourceGvmi = 0x0104,
    kEthL2SrcOuter = 0x0005,
    kEthL2SrcInner = 0x0006,
    kIp4TupleOuter = 0x0007,
    kIp6DstOuter = 0x0107,
    kIp4TupleInner = 0x0008,
    kIp6DstInner = 0x0108,
    kEthL4Outer = 0x0009,
    kIp6SrcOuter = 0x0109,
    kEthL4Inner = 0x000a,
    kIp6SrcInner = 0x010a,
    kEthL2SrcDstOuter = 0x000b,
    kEthL2SrcDstInner = 0x000c,
    kIp4MiscOuter = 0x000d,
    kGre = 0x010d,
    kTunnelHeaderShort = 0x000e,
    kGeneralPurpose = 0x010e,
    kIp4MiscInner = 0x000f,  ///< also kLookupDontCare
    kRegisters0 = 0x010f,
    kRegisters1 = 0x0110,
    kFlexParserOk = 0x0011,
    kFlexParser0 = 0x0111,
    kFlexParser1 = 0x0112,
    kEthL4MiscOuter = 0x0113,
    kEthL4MiscInner = 0x0114,
    kTunnelHeader = 0x0117
};

VlanQualifier vlan_qualifier(const Headers& h, size_t index) {
    if (index >= h.vlans) {
        return kNoVlan;
    }
    return h.vlan[index].protocol == ETH_P_8021AD ? kServiceVlan : kCustomerVlan;
}

L3Type l3_type(const Headers& h) {
    return h.ip_version == 4 ? kIp4 : h.ip_version == 6 ? kIp6 : kNoIp;
}

L4Type l4_type(const Headers& h) {
    return h.transport == Headers::Transport::kTcp   ? kTcp
           : h.transport == Headers::Transport::kUdp ? kUdp
                                                     : kNoTransport;
}

uint32_t high(uint64_t mac) {
    return static_cast<uint32_t>(mac >> 16);
}
uint32_t low(uint64_t mac) {
    return mac & 0xffff;
}

// The fields of a VLAN tag, under the names that all structures give them.
#define SET_VLAN(layout, tag, which, h, index)                                     \
    do {                                                                           \
        DEVX_SET(layout, tag, which##_vlan_qualifier, vlan_qualifier(h, index));   \
        DEVX_SET(layout, tag, which##_priority, (h).vlan[index].control >> 13);    \
        DEVX_SET(layout, tag, which##_cfi, (h).vlan[index].control >> 12 & 1);     \
        DEVX_SET(layout, tag, which##_vlan_id, (h).vlan[index].control & 0x0fffu); \
    } while (0)

#define SET_TCP_FLAGS(layout, tag, h)                           \
    do {                                                        \
        DEVX_SET(layout, tag, tcp_ns, (h).tcp_flags >> 8 & 1);  \
        DEVX_SET(layout, tag, tcp_cwr, (h).tcp_flags >> 7 & 1); \
        DEVX_SET(layout, tag, tcp_ece, (h).tcp_flags >> 6 & 1); \
        DEVX_SET(layout, tag, tcp_urg, (h).tcp_flags >> 5 & 1); \
        DEVX_SET(layout, tag, tcp_ack, (h).tcp_flags >> 4 & 1); \
        DEVX_SET(layout, tag, tcp_psh, (h).tcp_flags >> 3 & 1); \
        DEVX_SET(layout, tag, tcp_rst, (h).tcp_flags >> 2 & 1); \
        DEVX_SET(layout, tag, tcp_syn, (h).tcp_flags >> 1 & 1); \
        DEVX_SET(layout, tag, tcp_fin, (h).tcp_flags & 1u);     \
    } while (0)

/// With the source or the destination address.
void eth_l2(const Headers& h, uint64_t mac, void* tag) {
    DEVX_SET(ste_eth_l2_src_v1, tag, ip_fragmented, h.fragment);
    DEVX_SET(ste_eth_l2_src_v1, tag, l3_type, l3_type(h));
    DEVX_SET(ste_eth_l2_src_v1, tag, l4_type, l4_type(h));
    SET_VLAN(ste_eth_l2_src_v1, tag, first, h, 0);
    DEVX_SET(ste_eth_l2_src_v1, tag, smac_47_16, high(mac));
    DEVX_SET(ste_eth_l2_src_v1, tag, smac_15_0, low(mac));
    DEVX_SET(ste_eth_l2_src_v1, tag, l3_ethertype, h.ethertype);
    DEVX_SET(ste_eth_l2_src_v1, tag, tcp_syn, h.tcp_flags >> 1 & 1);
    DEVX_SET(ste_eth_l2_src_v1, tag, l2_ok, h.l2.has_value());
    DEVX_SET(ste_eth_l2_src_v1, tag, l3_ok, h.l3.has_value());
    DEVX_SET(ste_eth_l2_src_v1, tag, l4_ok, h.transport != Headers::Transport::kNone);
    SET_VLAN(ste_eth_l2_src_v1, tag, second, h, 1);
}

void eth_l2_src_dst(const Headers& h, void* tag) {
    DEVX_SET(ste_eth_l2_src_dst_v1, tag, dmac_47_16, high(h.dmac));
    DEVX_SET(ste_eth_l2_src_dst_v1, tag, dmac_15_0, low(h.dmac));
    DEVX_SET(ste_eth_l2_src_dst_v1, tag, smac_47_16, high(h.smac));
    DEVX_SET(ste_eth_l2_src_dst_v1, tag, smac_15_0, low(h.smac));
    DEVX_SET(ste_eth_l2_src_dst_v1, tag, l3_type, l3_type(h));
    SET_VLAN(ste_eth_l2_src_dst_v1, tag, first, h, 0);
}

void eth_l2_tunnel(const Packet& packet, void* tag) {
    const Headers& h = packet.inner;
    if (packet.tunnel.kind == Tunnel::Kind::kVxlan) {
        DEVX_SET(ste_eth_l2_tnl_v1, tag, l2_tunneling_network_id, packet.tunnel.vni << 8);
    }
    DEVX_SET(ste_eth_l2_tnl_v1, tag, dmac_47_16, high(h.dmac));
    DEVX_SET(ste_eth_l2_tnl_v1, tag, dmac_15_0, low(h.dmac));
    DEVX_SET(ste_eth_l2_tnl_v1, tag, l3_ethertype, h.ethertype);
    DEVX_SET(ste_eth_l2_tnl_v1, tag, ip_fragmented, h.fragment);
    DEVX_SET(ste_eth_l2_tnl_v1, tag, l3_type, l3_type(h));
    DEVX_SET(ste_eth_l2_tnl_v1, tag, l4_type, l4_type(h));
    SET_VLAN(ste_eth_l2_tnl_v1, tag, first, h, 0);
}

void ip4_tuple(const Headers& h, void* tag) {
    if (h.ip_version == 4) {
        DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, source_address, h.src[3]);
        DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, destination_address, h.dst[3]);
    }
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, source_port, h.sport);
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, destination_port, h.dport);
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, l4_ok, h.transport != Headers::Transport::kNone);
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, l3_ok, h.l3.has_value());
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, fragmented, h.fragment);
    SET_TCP_FLAGS(ste_eth_l3_ipv4_5_tuple_v1, tag, h);
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, dscp, h.dscp);
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, ecn, h.ecn);
    DEVX_SET(ste_eth_l3_ipv4_5_tuple_v1, tag, protocol, h.protocol);
}

void ip4_misc(const Headers& h, void* tag) {
    if (h.ip_version != 4) {
        return;
    }
    DEVX_SET(ste_eth_l3_ipv4_misc_v1, tag, identification, h.identification);
    DEVX_SET(ste_eth_l3_ipv4_misc_v1, tag, flags, h.flags_and_offset >> 13);
    DEVX_SET(ste_eth_l3_ipv4_misc_v1, tag, fragment_offset, h.flags_and_offset & 0x1fffu);
    DEVX_SET(ste_eth_l3_ipv4_misc_v1, tag, total_length, h.ip_length);
    DEVX_SET(ste_eth_l3_ipv4_misc_v1, tag, version, h.ip_version);
    DEVX_SET(ste_eth_l3_ipv4_misc_v1, tag, ihl, h.ihl);
    DEVX_SET(ste_eth_l3_ipv4_misc_v1, tag, time_to_live, h.ttl);
}

void eth_l4(const Headers& h, void* tag) {
    DEVX_SET(ste_eth_l4_v1, tag, ipv6_version, h.ip_version == 6 ? 6u : 0u);
    DEVX_SET(ste_eth_l4_v1, tag, dscp, h.dscp);
    DEVX_SET(ste_eth_l4_v1, tag, ecn, h.ecn);
    DEVX_SET(ste_eth_l4_v1, tag, ipv6_hop_limit, h.ttl);
    DEVX_SET(ste_eth_l4_v1, tag, protocol, h.protocol);
    DEVX_SET(ste_eth_l4_v1, tag, src_port, h.sport);
    DEVX_SET(ste_eth_l4_v1, tag, dst_port, h.dport);
    DEVX_SET(ste_eth_l4_v1, tag, first_fragment, h.first_fragment);
    DEVX_SET(ste_eth_l4_v1, tag, flow_label, h.flow_label);
    DEVX_SET(ste_eth_l4_v1, tag, tcp_data_offset, h.tcp_data_offset);
    DEVX_SET(ste_eth_l4_v1, tag, l4_ok, h.transport != Headers::Transport::kNone);
    DEVX_SET(ste_eth_l4_v1, tag, l3_ok, h.l3.has_value());
    DEVX_SET(ste_eth_l4_v1, tag, fragmented, h.fragment);
    SET_TCP_FLAGS(ste_eth_l4_v1, tag, h);
    DEVX_SET(ste_eth_l4_v1, tag, ipv6_paylen, h.ip_version == 6 ? h.ip_length : 0u);
}

/// The layout follows the packet's protocol.
void eth_l4_misc(const Headers& h, void* tag) {
    switch (h.transport) {
        case Headers::Transport::kTcp:
            DEVX_SET(ste_eth_l4_misc_v1, tag, window_size, h.tcp_window);
            DEVX_SET(ste_eth_l4_misc_v1, tag, urgent_pointer, h.tcp_urgent);
            DEVX_SET(ste_eth_l4_misc_v1, tag, ack_num, h.tcp_ack);
            DEVX_SET(ste_eth_l4_misc_v1, tag, seq_num, h.tcp_seq);
            DEVX_SET(ste_eth_l4_misc_v1, tag, checksum, h.l4_checksum);
            break;
        case Headers::Transport::kUdp:
            DEVX_SET(ste_eth_l4_misc_v1, tag, length, h.l4_length);
            DEVX_SET(ste_eth_l4_misc_v1, tag, checksum, h.l4_checksum);
            break;
        case Headers::Transport::kIcmp:
        case Headers::Transport::kIcmp6:
            DEVX_SET(ste_icmp_v1, tag, icmp_payload_data, h.icmp_payload);
            DEVX_SET(ste_icmp_v1, tag, icmp_header_data, h.icmp_header_data);
            DEVX_SET(ste_icmp_v1, tag, icmp_type, h.icmp_type);
            DEVX_SET(ste_icmp_v1, tag, icmp_code, h.icmp_code);
            break;
        case Headers::Transport::kNone:
            break;
    }
}

void gre(const Tunnel& tunnel, void* tag) {
    if (tunnel.kind != Tunnel::Kind::kGre) {
        return;
    }
    const uint32_t first = tunnel.header[0];
    DEVX_SET(ste_gre_v1, tag, gre_c_present, first >> 31);
    DEVX_SET(ste_gre_v1, tag, gre_k_present, first >> 29 & 1);
    DEVX_SET(ste_gre_v1, tag, gre_s_present, first >> 28 & 1);
    DEVX_SET(ste_gre_v1, tag, gre_protocol, first & 0xffff);
    DEVX_SET(ste_gre_v1, tag, gre_key_h, tunnel.gre_key >> 8);
    DEVX_SET(ste_gre_v1, tag, gre_key_l, tunnel.gre_key & 0xff);
}

void set_words(const std::array<uint32_t, 4>& words, size_t count, void* tag) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t word = htobe32(words[i]);
        std::memcpy(static_cast<std::byte*>(tag) + 4 * i, &word, sizeof word);
    }
}

/// The header of a tunnel over UDP, as it is.
void tunnel_header(const Tunnel& tunnel, size_t words, void* tag) {
    if (tunnel.kind != Tunnel::Kind::kGre) {
        set_words(tunnel.header, words, tag);
    }
}

void ip6_address(const Headers& h, const std::array<uint32_t, 4>& address, void* tag) {
    if (h.ip_version == 6) {
        set_words(address, 4, tag);
    }
}

/// Where in the frame the first data word of the option is, when the packet has it (RFC 8926, 3.5).
std::optional<size_t> find_option(const SteeredPacket& packet, const GeneveOption& wanted) {
    const FrameBytes bytes(packet.frame);
    const Tunnel& tunnel = packet.headers.tunnel;
    const size_t end = tunnel.options + tunnel.options_length;
    size_t at = tunnel.options;
    while (at + 4 <= end) {
        const size_t data = size_t{bytes.u8(at + 3) & 0x1fu} * 4;
        if (at + 4 + data > end) {
            break;
        }
        if (bytes.u16(at) == wanted.option_class && bytes.u8(at + 2) == wanted.option_type) {
            return at + 4;
        }
        at += 4 + data;
    }
    return std::nullopt;
}

/// Flex parsers `first` to `first` + 3, the highest in the first word.
void flex_parsers(const SteeredPacket& packet, const std::optional<GeneveOption>& option,
                  uint8_t first, void* tag) {
    if (!option || option->flex_parser < first || option->flex_parser >= first + 4) {
        return;
    }
    const auto at = find_option(packet, *option);
    if (at && option->data_words > 0) {
        std::array<uint32_t, 4> words{};
        words[3 - option->flex_parser % 4] = FrameBytes(packet.frame).u32(*at);
        set_words(words, 4, tag);
    }
}

/// A bit for each flex parser that found what it looks for (flex_parsers_ok in the third word).
void flex_parsers_ok(const SteeredPacket& packet, const std::optional<GeneveOption>& option,
                     void* tag) {
    if (option && option->flex_parser < 8 && find_option(packet, *option)) {
        set_words({0, 0, 1u << (24 + option->flex_parser), 0}, 4, tag);
    }
}

void source_gvmi(const SteeredPacket& packet, void* tag) {
    DEVX_SET(ste_src_gvmi_qp_v1, tag, source_gvmi, packet.source_gvmi);
}

}  // namespace

std::optional<MatchTag> match_tag(uint16_t lookup_type, const SteeredPacket& packet,
                                  const std::optional<GeneveOption>& geneve_option) {
    alignas(8) MatchTag tag{};
    const Headers& outer = packet.headers.outer;
    const Headers& inner = packet.headers.inner;
    const Tunnel& tunnel = packet.headers.tunnel;
    const auto& c = packet.reg_c;
    void* const to = tag.data();
    switch (lookup_type) {
            // clang-format off
    case kNop:               break;
    case kEthL2Tunnel:       eth_l2_tunnel(packet.headers, to); break;
    case kEthL2Outer:        eth_l2(outer, outer.dmac, to); break;
    case kEthL2Inner:        eth_l2(inner, inner.dmac, to); break;
    case kSourceGvmi:        source_gvmi(packet, to); break;
    case kEthL2SrcOuter:     eth_l2(outer, outer.smac, to); break;
    case kEthL2SrcInner:     eth_l2(inner, inner.smac, to); break;
    case kIp4TupleOuter:     ip4_tuple(outer, to); break;
    case kIp4TupleInner:     ip4_tuple(inner, to); break;
    case kIp6DstOuter:       ip6_address(outer, outer.dst, to); break;
    case kIp6DstInner:       ip6_address(inner, inner.dst, to); break;
    case kIp6SrcOuter:       ip6_address(outer, outer.src, to); break;
    case kIp6SrcInner:       ip6_address(inner, inner.src, to); break;
    case kEthL4Outer:        eth_l4(outer, to); break;
    case kEthL4Inner:        eth_l4(inner, to); break;
    case kEthL2SrcDstOuter:  eth_l2_src_dst(outer, to); break;
    case kEthL2SrcDstInner:  eth_l2_src_dst(inner, to); break;
    case kIp4MiscOuter:      ip4_misc(outer, to); break;
    case kIp4MiscInner:      ip4_misc(inner, to); break;
    case kGre:               gre(tunnel, to); break;
    case kTunnelHeaderShort: tunnel_header(tunnel, 2, to); break;
    case kTunnelHeader:      tunnel_header(tunnel, 4, to); break;
    case kGeneralPurpose:    set_words({packet.reg_a}, 1, to); break;
    case kRegisters0:        set_words({c[0], c[1], c[2], c[3]}, 4, to); break;
    case kRegisters1:        set_words({c[4], c[5], c[6], c[7]}, 4, to); break;
    case kFlexParserOk:      flex_parsers_ok(packet, geneve_option, to); break;
    case kFlexParser0:       flex_parsers(packet, geneve_option, 0, to); break;
    case kFlexParser1:       flex_parsers(packet, geneve_option, 4, to); break;
    case kEthL4MiscOuter:    eth_l4_misc(outer, to); break;
    case kEthL4MiscInner:    eth_l4_misc(inner, to); break;
    default:                 return std::nullopt;
            // clang-format on
    }
    return tag;
}

}  // namespace esw::sim
