// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device/knobs.h"

namespace device {

namespace {

using Knobs = std::vector<Knob>;
using Needs = std::vector<std::pair<Field, uint32_t>>;

enum Level { kOuter, kInner };

Field at(Level level, Field field) {
    return level == kInner ? inner(field) : field;
}

Knobs operator+(Knobs first, Knobs second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

Needs operator+(Needs first, const Needs& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// A knob for a member of the level's header.
template <typename T, typename Member>
Knob member(Level level, Field field, Member T::*member, Needs needs = {}) {
    const unsigned n = level;
    return {field,
            [n, member](Frame& frame, uint32_t value) {
                header<T>(frame, n).*member = static_cast<Member>(value);
            },
            std::move(needs)};
}

/// A knob for bits of a MAC address.
Knob mac(Level level, Field field, uint64_t Eth::*address, unsigned shift) {
    const unsigned n = level;
    const uint64_t ones = field.ones() << shift;
    return {field, [n, address, shift, ones](Frame& frame, uint32_t value) {
                uint64_t& mac = header<Eth>(frame, n).*address;
                mac = (mac & ~ones) | uint64_t{value} << shift;
            }};
}

Knobs eth(Level level) {
    return {mac(level, at(level, FIELD(outer_headers.dmac_47_16)), &Eth::dst, 16),
            mac(level, at(level, FIELD(outer_headers.dmac_15_0)), &Eth::dst, 0),
            mac(level, at(level, FIELD(outer_headers.smac_47_16)), &Eth::src, 16),
            mac(level, at(level, FIELD(outer_headers.smac_15_0)), &Eth::src, 0)};
}

/// `frame_n`: which VLAN header of the frame the level's first one is.
Knobs first_vlan(Level level, unsigned frame_n, Field kind_of_tag) {
    const Needs needs = {{at(level, kind_of_tag), 1}};
    const auto vlan = [frame_n](auto member) {
        return [frame_n, member](Frame& frame, uint32_t value) {
            Vlan& tag = header<Vlan>(frame, frame_n);
            tag.*member = static_cast<std::decay_t<decltype(tag.*member)>>(value);
        };
    };
    return {{at(level, FIELD(outer_headers.first_vid)), vlan(&Vlan::vid), needs},
            {at(level, FIELD(outer_headers.first_prio)), vlan(&Vlan::priority), needs},
            {at(level, FIELD(outer_headers.first_cfi)), vlan(&Vlan::cfi), needs}};
}

Knobs second_vlan() {
    const Needs needs = {{FIELD(outer_headers.svlan_tag), 1},
                         {FIELD(misc_parameters.outer_second_cvlan_tag), 1}};
    return {member(kInner, FIELD(misc_parameters.outer_second_vid), &Vlan::vid, needs),
            member(kInner, FIELD(misc_parameters.outer_second_prio), &Vlan::priority, needs),
            member(kInner, FIELD(misc_parameters.outer_second_cfi), &Vlan::cfi, needs)};
}

Needs version(Level level, uint32_t number) {
    return {{at(level, FIELD(outer_headers.ip_version)), number}};
}

Needs protocol(Level level, uint32_t number) {
    return {{at(level, FIELD(outer_headers.ip_protocol)), number}};
}

Knobs ip4(Level level, unsigned n) {
    const Needs needs = version(level, 4);
    return {member(Level(n), at(level, source_word(3)), &Ip4::src, needs),
            member(Level(n), at(level, destination_word(3)), &Ip4::dst, needs),
            member(Level(n), at(level, FIELD(outer_headers.ip_dscp)), &Ip4::dscp, needs),
            member(Level(n), at(level, FIELD(outer_headers.ip_ecn)), &Ip4::ecn, needs),
            member(Level(n), at(level, FIELD(outer_headers.ttl_hoplimit)), &Ip4::ttl, needs)};
}

Knobs ip6(Level level, unsigned n) {
    const Needs needs = version(level, 6);
    Knobs knobs = {
        member(Level(n), at(level, FIELD(outer_headers.ip_dscp)), &Ip6::dscp, needs),
        member(Level(n), at(level, FIELD(outer_headers.ip_ecn)), &Ip6::ecn, needs),
        member(Level(n), at(level, FIELD(outer_headers.ttl_hoplimit)), &Ip6::hop_limit, needs),
        member(Level(n),
               level == kInner ? FIELD(misc_parameters.inner_ipv6_flow_label)
                               : FIELD(misc_parameters.outer_ipv6_flow_label),
               &Ip6::flow_label, needs)};
    for (unsigned word = 0; word < 4; word++) {
        knobs.push_back(
            {at(level, source_word(word)),
             [n, word](Frame& frame, uint32_t value) { header<Ip6>(frame, n).src[word] = value; },
             needs});
        knobs.push_back(
            {at(level, destination_word(word)),
             [n, word](Frame& frame, uint32_t value) { header<Ip6>(frame, n).dst[word] = value; },
             needs});
    }
    return knobs;
}

/// Not the inner header's numbers: what libmlx5 44 makes of those matches the outer header's
/// (dr_ste_v1_build_eth_l4_misc_init() has one lookup type for both).
Knobs tcp(Level level, uint32_t ip) {
    const Needs needs = version(level, ip) + protocol(level, 6);
    Knobs knobs = {member(kOuter, at(level, FIELD(outer_headers.tcp_sport)), &Tcp::sport, needs),
                   member(kOuter, at(level, FIELD(outer_headers.tcp_dport)), &Tcp::dport, needs),
                   member(kOuter, at(level, FIELD(outer_headers.tcp_flags)), &Tcp::flags, needs)};
    if (level == kOuter) {
        knobs.push_back(
            member(kOuter, FIELD(misc_parameters_3.outer_tcp_seq_num), &Tcp::seq, needs));
        knobs.push_back(
            member(kOuter, FIELD(misc_parameters_3.outer_tcp_ack_num), &Tcp::ack, needs));
    }
    return knobs;
}

/// `n`: which UDP header of the frame it is.
Knobs udp(Level level, uint32_t ip, unsigned n) {
    const Needs needs = version(level, ip) + protocol(level, 17);
    Knobs knobs = {member(Level(n), at(level, FIELD(outer_headers.udp_sport)), &Udp::sport, needs),
                   member(Level(n), at(level, FIELD(outer_headers.udp_dport)), &Udp::dport, needs)};
    return knobs;
}

/// The destination port of a tunnel says what is behind.
Knobs tunnel_udp(uint32_t ip) {
    Knobs knobs = udp(kOuter, ip, 0);
    knobs.back().alone = true;
    return knobs;
}

Knobs icmp4() {
    const Needs needs = version(kOuter, 4) + protocol(kOuter, 1);
    return {member(kOuter, FIELD(misc_parameters_3.icmp_type), &Icmp::type, needs),
            member(kOuter, FIELD(misc_parameters_3.icmp_code), &Icmp::code, needs),
            member(kOuter, FIELD(misc_parameters_3.icmp_header_data), &Icmp::rest, needs)};
}

Knobs icmp6() {
    const Needs needs = version(kOuter, 6) + protocol(kOuter, 58);
    return {member(kOuter, FIELD(misc_parameters_3.icmpv6_type), &Icmp::type, needs),
            member(kOuter, FIELD(misc_parameters_3.icmpv6_code), &Icmp::code, needs),
            member(kOuter, FIELD(misc_parameters_3.icmpv6_header_data), &Icmp::rest, needs)};
}

Knobs vxlan() {
    return {member(kOuter, FIELD(misc_parameters.vxlan_vni), &Vxlan::vni)};
}

Knobs geneve() {
    Knobs knobs = {member(kOuter, FIELD(misc_parameters.geneve_vni), &Geneve::vni),
                   member(kOuter, FIELD(misc_parameters.geneve_oam), &Geneve::oam),
                   {FIELD(misc_parameters.geneve_protocol_type), [](Frame& frame, uint32_t value) {
                        header<Geneve>(frame).protocol = static_cast<uint16_t>(value);
                    }}};
    knobs.back().alone = true;
    return knobs;
}

Knobs gre() {
    const Needs with_key = {{FIELD(misc_parameters.gre_k_present), 1}};
    const auto key = [](unsigned shift, uint32_t ones) {
        return [shift, ones](Frame& frame, uint32_t value) {
            uint32_t& whole = *header<Gre>(frame).key;
            whole = (whole & ~(ones << shift)) | value << shift;
        };
    };
    Knobs knobs = {{kGreKeyHigh, key(8, 0xffffff), with_key},
                   {kGreKeyLow, key(0, 0xff), with_key},
                   {FIELD(misc_parameters.gre_protocol), [](Frame& frame, uint32_t value) {
                        header<Gre>(frame).protocol = static_cast<uint16_t>(value);
                    }}};
    knobs.back().alone = true;
    return knobs;
}

/// Ethernet type and protocol, of frames that have nothing else behind.
Knobs ethertype() {
    return {{FIELD(outer_headers.ethertype), [](Frame& frame, uint32_t value) {
                 header<Eth>(frame).type = static_cast<uint16_t>(value);
             }}};
}

Knobs bare_protocol() {
    const Knob four = {FIELD(outer_headers.ip_protocol),
                       [](Frame& frame, uint32_t value) {
                           header<Ip4>(frame).protocol = static_cast<uint8_t>(value);
                       },
                       version(kOuter, 4)};
    return {four};
}

Knobs bare_next_header() {
    const Knob six = {
        FIELD(outer_headers.ip_protocol),
        [](Frame& frame, uint32_t value) { header<Ip6>(frame).next = static_cast<uint8_t>(value); },
        version(kOuter, 6)};
    return {six};
}

Eth outer_eth() {
    return {0x02a1a2a3a4a5, 0x02b1b2b3b4b5};
}
Eth inner_eth() {
    return {0x02c1c2c3c4c5, 0x02d1d2d3d4d5};
}
Ip4 outer_ip4() {
    return {0x0a010203, 0x0a0a0b0c, 0x12, 1, 0x3c};
}
Ip6 outer_ip6() {
    return {{0x20010db8, 0x11223344, 0x55667788, 0x99aabbcc},
            {0x20010db8, 0x0a0b0c0d, 0x0e0f1011, 0x12131415},
            0x15,
            2,
            0x54321,
            0x33};
}

}  // namespace

Field inner(Field outer) {
    return {outer.name, outer.offset + FIELD(inner_headers.smac_47_16).offset, outer.width};
}

Field source_word(unsigned word) {
    return {"source address", FIELD(outer_headers.src_ipv4_src_ipv6).offset + word * 32, 32};
}

Field destination_word(unsigned word) {
    return {"destination address", FIELD(outer_headers.dst_ipv4_dst_ipv6).offset + word * 32, 32};
}

Frame tcp4(uint32_t seed) {
    return {inner_eth(), Ip4{0xc0a80102, 0xc0a80304, 0x0a, 2, 0x21},
            Tcp{0x4d2, 0x1f90, 0xdeadbeef, 0xcafe1234, 0x10}, payload(seed)};
}

Frame udp4(uint32_t seed) {
    return {inner_eth(), Ip4{0xc0a80506, 0xc0a80708, 0x2e, 0, 0x40}, Udp{0x3344, 0x5566},
            payload(seed)};
}

Frame tcp6(uint32_t seed) {
    Ip6 ip = outer_ip6();
    ip.src[3] = seed;
    return {inner_eth(), ip, Tcp{0x1234, 0x1bb, 0x01020304, 0x0a0b0c0d, 0x18}, payload(seed)};
}

Frame udp6(uint32_t seed) {
    Ip6 ip = outer_ip6();
    ip.src[3] = seed;
    return {inner_eth(), ip, Udp{0x7788, 0x2244}, payload(seed)};
}

Frame vxlan4_tunnel() {
    return {outer_eth(), outer_ip4(), Udp{0xc123, kVxlanPort, false}, Vxlan{0xabcdef}};
}

Frame vxlan6_tunnel() {
    return {outer_eth(), outer_ip6(), Udp{0xc124, kVxlanPort, false}, Vxlan{0x123456}};
}

Frame geneve4_tunnel() {
    return {outer_eth(), outer_ip4(), Udp{0xc125, kGenevePort, false},
            Geneve{0x0f1e2d, false, 0x6558, {0x01, 0x02, 0x03, 1, 0xd0, 0xd1, 0xd2, 0xd3}}};
}

Frame geneve6_tunnel() {
    return {outer_eth(), outer_ip6(), Udp{0xc126, kGenevePort, false},
            Geneve{0x998877, false, 0x6558}};
}

Frame gre4_tunnel() {
    return {outer_eth(), outer_ip4(), Gre{0x6558, false, 0x01234567}};
}

Frame gre6_tunnel() {
    return {outer_eth(), outer_ip6(), Gre{0x6558, false, 0x89abcdef}};
}

std::vector<Kind> kinds() {
    const Frame experimental = {Eth{0x02a1a2a3a4a5, 0x02b1b2b3b4b5, 0x88b5}, payload(1)};
    const Ip6Extension hop_by_hop{0, {1, 4, 0, 0, 0, 0}};
    const Ip6Extension options{60, {1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
    const Knobs inner_tcp4 = eth(kInner) + ip4(kInner, 1) + tcp(kInner, 4);
    // The inner IPv6 header of an IPv4 tunnel is the frame's first one.
    const Knobs inner_udp6_in4 = eth(kInner) + ip6(kInner, 0) + udp(kInner, 6, 1);
    const Knobs inner_udp6_in_gre4 = eth(kInner) + ip6(kInner, 0) + udp(kInner, 6, 0);
    const Knobs inner_tcp4_in6 = eth(kInner) + ip4(kInner, 0) + tcp(kInner, 4);
    return {
        {"Ethernet", experimental, eth(kOuter) + ethertype()},
        {"CustomerVlan",
         {outer_eth(), Vlan{0x123, 5, true}, outer_ip4(), Udp{9, 10}, payload(2)},
         eth(kOuter) + first_vlan(kOuter, 0, FIELD(outer_headers.cvlan_tag)) + ip4(kOuter, 0)},
        {"ServiceVlan",
         {outer_eth(), Vlan{0x456, 2, false, 0x88a8}, outer_ip6(), Udp{9, 10}, payload(3)},
         eth(kOuter) + first_vlan(kOuter, 0, FIELD(outer_headers.svlan_tag)) + ip6(kOuter, 0)},
        {"TwoVlans",
         {outer_eth(), Vlan{0x789, 1, false, 0x88a8}, Vlan{0xabc, 6, true}, outer_ip4(),
          Tcp{11, 12}, payload(4)},
         eth(kOuter) + first_vlan(kOuter, 0, FIELD(outer_headers.svlan_tag)) + second_vlan() +
             ip4(kOuter, 0) + tcp(kOuter, 4)},
        {"Ip4", {outer_eth(), outer_ip4(), payload(5)}, ip4(kOuter, 0) + bare_protocol()},
        {"Ip6", {outer_eth(), outer_ip6(), payload(6)}, ip6(kOuter, 0) + bare_next_header()},
        {"Tcp4", tcp4(7), eth(kOuter) + ip4(kOuter, 0) + tcp(kOuter, 4)},
        {"Udp4", udp4(8), eth(kOuter) + ip4(kOuter, 0) + udp(kOuter, 4, 0)},
        {"Tcp6", tcp6(9), eth(kOuter) + ip6(kOuter, 0) + tcp(kOuter, 6)},
        {"Udp6", udp6(10), eth(kOuter) + ip6(kOuter, 0) + udp(kOuter, 6, 0)},
        {"Udp4WithOptions",
         {outer_eth(), Ip4{1, 2, 3, 1, 4, {}, 0, 5, {1, 1, 1, 1}}, Udp{0x1111, 0x2222},
          payload(11)},
         ip4(kOuter, 0) + udp(kOuter, 4, 0)},
        {"Udp6WithExtensions",
         {outer_eth(), outer_ip6(), hop_by_hop, options, Udp{0x1111, 0x2222}, payload(12)},
         ip6(kOuter, 0) + udp(kOuter, 6, 0)},
        {"Icmp",
         {outer_eth(), outer_ip4(), Icmp{8, 3, 0x11223344}, payload(13)},
         ip4(kOuter, 0) + icmp4()},
        {"Icmp6",
         {outer_eth(), outer_ip6(), Icmp{128, 1, 0x55667788}, payload(14)},
         ip6(kOuter, 0) + icmp6()},
        {"Vxlan4", vxlan4_tunnel() + tcp4(15),
         eth(kOuter) + ip4(kOuter, 0) + tunnel_udp(4) + vxlan() + inner_tcp4},
        {"Vxlan4WithIp6", vxlan4_tunnel() + udp6(16), ip4(kOuter, 0) + vxlan() + inner_udp6_in4},
        {"Vxlan6", vxlan6_tunnel() + tcp4(17),
         eth(kOuter) + ip6(kOuter, 0) + tunnel_udp(6) + vxlan() + inner_tcp4_in6},
        {"VxlanWithVlan",
         vxlan4_tunnel() +
             Frame{inner_eth(), Vlan{0x321, 3, true}, outer_ip4(), Tcp{21, 22}, payload(18)},
         ip4(kOuter, 0) + vxlan() + first_vlan(kInner, 0, FIELD(outer_headers.cvlan_tag)) +
             inner_tcp4},
        {"Geneve4", geneve4_tunnel() + tcp4(19),
         eth(kOuter) + ip4(kOuter, 0) + tunnel_udp(4) + geneve() + inner_tcp4},
        {"Geneve6", geneve6_tunnel() + tcp4(20), ip6(kOuter, 0) + geneve() + inner_tcp4_in6},
        {"Gre4", gre4_tunnel() + tcp4(21), eth(kOuter) + ip4(kOuter, 0) + gre() + inner_tcp4},
        {"Gre4WithIp6", gre4_tunnel() + udp6(22), ip4(kOuter, 0) + gre() + inner_udp6_in_gre4},
        {"Gre6", gre6_tunnel() + tcp4(23), ip6(kOuter, 0) + gre() + inner_tcp4_in6},
    };
}

}  // namespace device
