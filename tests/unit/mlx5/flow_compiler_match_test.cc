// SPDX-License-Identifier: Apache-2.0
// What each part of a megaflow's match becomes, by the manual's names.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/mlx5/flow_fixture.h"

namespace esw::mlx5 {
namespace {

using namespace test;

const TestPorts kPorts;

/// A field of fte_match_param with what a rule must ask for.
struct Part {
    const char* name;
    size_t offset, width;  ///< in bits
    uint64_t value, mask;
};
#define PART(path, value, mask)                                                              \
    Part {                                                                                   \
#path, offsetof(struct mlx5_ifc_fte_match_param_bits, path),                         \
            sizeof(static_cast <mlx5_ifc_fte_match_param_bits*>(nullptr)->path), value, mask \
    }
/// One word of an address.
#define WORD(path, index, value, mask)                                                             \
    Part {                                                                                         \
#path "/" #index, offsetof(struct mlx5_ifc_fte_match_param_bits, path) + 32 * (index), 32, \
            value, mask                                                                            \
    }
#define OUTER(field, value, mask) PART(outer_headers.field, value, mask)
#define INNER(field, value, mask) PART(inner_headers.field, value, mask)
#define MISC(field, value, mask) PART(misc_parameters.field, value, mask)
#define MISC3(field, value, mask) PART(misc_parameters_3.field, value, mask)
using Parts = std::vector<Part>;

uint64_t get(const MatchParam& param, const Part& part) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(param.data());
    uint64_t value = 0;
    for (size_t bit = part.offset; bit < part.offset + part.width; bit++) {
        value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);
    }
    return value;
}

/// All of a match is in the parts, and nothing else.
void expect_parts(const FdbMatch& match, const Parts& parts) {
    const auto [mask, value] = unpack(match);
    MatchParam rest = mask;
    for (const Part& part : parts) {
        EXPECT_EQ(get(mask, part), part.mask) << part.name;
        EXPECT_EQ(get(value, part), part.value) << part.name;
        auto* bytes = reinterpret_cast<uint8_t*>(rest.data());
        for (size_t bit = part.offset; bit < part.offset + part.width; bit++) {
            bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
        }
    }
    for (size_t word = 0; word < rest.size(); word++) {
        EXPECT_EQ(rest[word], 0U) << "more than expected in word " << word;
        EXPECT_EQ(value[word] & ~mask[word], 0U) << "a value outside of the mask, word " << word;
        EXPECT_TRUE(!match.present[word] || mask[word] != 0) << "an empty word " << word;
    }
}

void expect_match(const char* name, const esw_flow_match& match, const Parts& parts) {
    SCOPED_TRACE(name);
    const auto flow = compile_flow(match, Actions{output(TestPorts::kVf2)}, kPorts);
    ASSERT_TRUE(flow) << to_string(flow.error());
    EXPECT_EQ(flow->in_port, match.in_port);
    expect_parts(flow->match, parts);
}

Parts operator+(Parts a, const Parts& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const Parts kUntagged = {OUTER(cvlan_tag, 0, 1)};
const Parts kIp4 = kUntagged + Parts{OUTER(ip_version, 4, 4), OUTER(frag, 0, 1)};
const Parts kIp6 = kUntagged + Parts{OUTER(ip_version, 6, 6), OUTER(frag, 0, 1)};

esw_flow_match edited(esw_flow_match match, const std::function<void(esw_flow_match&)>& edit) {
    edit(match);
    return match;
}

TEST(FlowCompilerMatch, Ethernet) {
    expect_match("type", untagged(0x0806), kUntagged + Parts{OUTER(ethertype, 0x0806, 0xffff)});
    expect_match("addresses",
                 edited(untagged(0x88b5),
                        [](auto& m) {
                            copy(m.key.eth_dst, {2, 1, 2, 3, 4, 5});
                            copy(m.mask.eth_dst, {255, 255, 255, 255, 255, 255});
                            copy(m.key.eth_src, {2, 3, 4, 5, 6, 7});
                            copy(m.mask.eth_src, {255, 255, 255, 0, 0, 15});
                        }),
                 kUntagged + Parts{OUTER(ethertype, 0x88b5, 0xffff),
                                   OUTER(dmac_47_16, 0x02010203, 0xffffffff),
                                   OUTER(dmac_15_0, 0x0405, 0xffff),
                                   OUTER(smac_47_16, 0x02030400, 0xffffff00),
                                   OUTER(smac_15_0, 0x0007, 0x000f)});
    esw_flow_match all{};
    all.in_port = TestPorts::kVf;
    expect_match("everything", all, {});
}

TEST(FlowCompilerMatch, BitsOutsideOfTheMaskDoNotCount) {
    expect_match("Ethernet and IP",
                 edited(ip4(),
                        [](auto& m) {
                            copy(m.key.eth_src, {2, 3, 4, 5, 6, 7});
                            copy(m.key.ip_src + 12, {10, 1, 2, 3});
                            copy(m.mask.ip_src + 12, {255, 0, 0, 0});
                            m.key.ip_ttl = 64;
                            m.key.l4_src = 80;
                            m.key.tunnel.id = 7;
                            m.key.vlans[0].tci = 0xe000;
                        }),
                 kIp4 + Parts{WORD(outer_headers.src_ipv4_src_ipv6, 3, 0x0a000000, 0xff000000)});
}

TEST(FlowCompilerMatch, Ip4) {
    expect_match("whole packets", ip4(), kIp4);
    esw_flow_match match = ip4();
    copy(match.key.ip_src + 12, {10, 1, 2, 3});
    copy(match.mask.ip_src + 12, {255, 255, 255, 0});
    copy(match.key.ip_dst + 12, {10, 9, 8, 7});
    copy(match.mask.ip_dst + 12, {255, 255, 255, 255});
    exactly(match, &esw_flow_key::ip_ttl, uint8_t{63});
    match.key.ip_tos = 0xb9;
    match.mask.ip_tos = 0xff;
    exactly(match, &esw_flow_key::ip_proto, uint8_t{47});
    expect_match("all fields", match,
                 kIp4 + Parts{WORD(outer_headers.src_ipv4_src_ipv6, 3, 0x0a010200, 0xffffff00),
                              WORD(outer_headers.dst_ipv4_dst_ipv6, 3, 0x0a090807, 0xffffffff),
                              OUTER(ttl_hoplimit, 63, 0xff), OUTER(ip_dscp, 0x2e, 0x3f),
                              OUTER(ip_ecn, 1, 3), OUTER(ip_protocol, 47, 0xff)});
    match = ip4();
    match.mask.ip_tos = 0xfc;
    match.key.ip_tos = 0x20;
    expect_match("DSCP only", match, kIp4 + Parts{OUTER(ip_dscp, 8, 0x3f)});
}

TEST(FlowCompilerMatch, Ip6) {
    esw_flow_match match = ip6();
    copy(match.key.ip_src, {0xfd, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4});
    std::memset(match.mask.ip_src, 0xff, 16);
    copy(match.key.ip_dst, {0xfd, 0, 0, 9});
    std::memset(match.mask.ip_dst, 0xff, 8);
    match.key.ipv6_label = 0x12345;
    match.mask.ipv6_label = 0xfffff;
    exactly(match, &esw_flow_key::ip_ttl, uint8_t{9});
    expect_match(
        "all fields", match,
        kIp6 + Parts{WORD(outer_headers.src_ipv4_src_ipv6, 0, 0xfd000001, 0xffffffff),
                     WORD(outer_headers.src_ipv4_src_ipv6, 1, 2, 0xffffffff),
                     WORD(outer_headers.src_ipv4_src_ipv6, 2, 3, 0xffffffff),
                     WORD(outer_headers.src_ipv4_src_ipv6, 3, 4, 0xffffffff),
                     WORD(outer_headers.dst_ipv4_dst_ipv6, 0, 0xfd000009, 0xffffffff),
                     WORD(outer_headers.dst_ipv4_dst_ipv6, 1, 0, 0xffffffff),
                     MISC(outer_ipv6_flow_label, 0x12345, 0xfffff), OUTER(ttl_hoplimit, 9, 0xff)});
}

TEST(FlowCompilerMatch, Fragments) {
    const Parts ip = kUntagged + Parts{OUTER(ip_version, 4, 4)};
    expect_match("any", untagged(0x0800), ip);
    esw_flow_match match = untagged(0x0800);
    match.mask.ip_frag = ESW_FRAGMENT_ANY;
    expect_match("none", match, ip + Parts{OUTER(frag, 0, 1)});
    match.key.ip_frag = ESW_FRAGMENT_ANY;
    expect_match("all", match, ip + Parts{OUTER(frag, 1, 1)});
}

/// Ports are of packets that are no fragments, to the adapter.
TEST(FlowCompilerMatch, PortsAreOfWholePackets) {
    esw_flow_match match = with_protocol(untagged(0x0800), 17);
    match.key.l4_dst = 53;
    match.mask.l4_dst = 0xffff;
    expect_match("UDP", match,
                 kIp4 + Parts{OUTER(ip_protocol, 17, 0xff), OUTER(udp_dport, 53, 0xffff)});
    // Of a later fragment Open vSwitch does not say what it carries.
    expect_match("protocol of IPv6", with_protocol(untagged(0x86dd), 6),
                 kIp6 + Parts{OUTER(ip_protocol, 6, 0xff)});
}

TEST(FlowCompilerMatch, Transport) {
    const auto ports = [](auto& m) {
        m.key.l4_src = 0x1234;
        m.mask.l4_src = 0xfff0;
        m.key.l4_dst = 443;
        m.mask.l4_dst = 0xffff;
    };
    esw_flow_match match = edited(with_protocol(ip4(), 6), ports);
    match.key.tcp_flags = 0x002;
    match.mask.tcp_flags = 0x117;
    expect_match("TCP", match,
                 kIp4 + Parts{OUTER(ip_protocol, 6, 0xff), OUTER(tcp_sport, 0x1230, 0xfff0),
                              OUTER(tcp_dport, 443, 0xffff), OUTER(tcp_flags, 2, 0x117)});
    expect_match("UDP", edited(with_protocol(ip6(), 17), ports),
                 kIp6 + Parts{OUTER(ip_protocol, 17, 0xff), OUTER(udp_sport, 0x1230, 0xfff0),
                              OUTER(udp_dport, 443, 0xffff)});
    const auto echo = [](uint16_t type) {
        return [type](auto& m) {
            exactly(m, &esw_flow_key::l4_src, type);
            exactly(m, &esw_flow_key::l4_dst, uint16_t{0});
        };
    };
    expect_match("ICMP", edited(with_protocol(ip4(), 1), echo(8)),
                 kIp4 + Parts{OUTER(ip_protocol, 1, 0xff), MISC3(icmp_type, 8, 0xff),
                              MISC3(icmp_code, 0, 0xff)});
    expect_match("ICMPv6", edited(with_protocol(ip6(), 58), echo(128)),
                 kIp6 + Parts{OUTER(ip_protocol, 58, 0xff), MISC3(icmpv6_type, 128, 0xff),
                              MISC3(icmpv6_code, 0, 0xff)});
}

// ---- Tags ----

const Parts kType = {OUTER(ethertype, 0x88b5, 0xffff)};

esw_flow_match with_tags(uint8_t limit, uint16_t eth_type, esw_vlan key, esw_vlan mask,
                         esw_vlan key2 = {}, esw_vlan mask2 = {}) {
    esw_flow_match match = untagged(eth_type);
    match.vlan_limit = limit;
    match.key.vlans[0] = key;
    match.mask.vlans[0] = mask;
    match.key.vlans[1] = key2;
    match.mask.vlans[1] = mask2;
    return match;
}

/// All ways to say it that Open vSwitch has.
TEST(FlowCompilerMatch, Untagged) {
    for (const uint8_t limit : {0, 1, 2}) {
        for (const uint16_t mask : {0x1fff, 0xffff, 0x1000}) {
            expect_match("by the tci", with_tags(limit, 0x88b5, {}, {0, mask}), kUntagged + kType);
            expect_match("and the tpid", with_tags(limit, 0x88b5, {}, {0xffff, mask}),
                         kUntagged + kType);
            expect_match("the second, too",
                         with_tags(limit, 0x88b5, {}, {0, mask}, {}, {0, 0xffff}),
                         kUntagged + kType);
        }
    }
}

TEST(FlowCompilerMatch, OneTag) {
    const Parts tag = {OUTER(cvlan_tag, 1, 1), OUTER(first_vid, 100, 0xfff)};
    const Parts single = kType + Parts{MISC(outer_second_cvlan_tag, 0, 1)};
    const esw_vlan key = {0x8100, 0x1064}, mask = {0xffff, 0x1fff};
    expect_match("one read", with_tags(1, 0x88b5, key, mask), single + tag);
    // Whether there is a second one is not said.
    expect_match("two read", with_tags(2, 0x88b5, key, mask), kType + tag);
    expect_match("not known", with_tags(0, 0x88b5, key, mask), single + tag);
    expect_match("two read, one there", with_tags(2, 0x88b5, key, mask, {}, {0, 0xffff}),
                 single + tag);
    expect_match("priority only", with_tags(1, 0x88b5, {0x8100, 0xb000}, {0xffff, 0xf000}),
                 single + Parts{OUTER(cvlan_tag, 1, 1), OUTER(first_prio, 5, 7)});
    expect_match("present only", with_tags(1, 0x88b5, {0x8100, 0x1000}, {0xffff, 0x1000}),
                 single + Parts{OUTER(cvlan_tag, 1, 1)});
    expect_match("S-tag", with_tags(1, 0x88b5, {0x88a8, 0x1064}, mask),
                 single + Parts{OUTER(svlan_tag, 1, 1), OUTER(first_vid, 100, 0xfff)});
}

/// A rule names one tpid: the packet's, if it is there to be seen.
TEST(FlowCompilerMatch, AnyTpid) {
    const Parts single = kType + Parts{MISC(outer_second_cvlan_tag, 0, 1)};
    const Parts customer = {OUTER(cvlan_tag, 1, 1), OUTER(first_vid, 100, 0xfff)};
    const Parts service = {OUTER(svlan_tag, 1, 1), OUTER(first_vid, 100, 0xfff)};
    expect_match("0x8100", with_tags(1, 0x88b5, {0x8100, 0x1064}, {0, 0x1fff}), single + customer);
    expect_match("0x88a8", with_tags(1, 0x88b5, {0x88a8, 0x1064}, {0, 0x1fff}), single + service);
    expect_match("unknown", with_tags(1, 0x88b5, {0, 0x1064}, {0, 0x1fff}), single + customer);
    expect_match("no 0x8100", with_tags(1, 0x88b5, {0x8808, 0x1064}, {0x0808, 0x1fff}),
                 single + service);
}

TEST(FlowCompilerMatch, TwoTags) {
    const Parts both = {OUTER(svlan_tag, 1, 1), OUTER(first_vid, 10, 0xfff),
                        MISC(outer_second_cvlan_tag, 1, 1), MISC(outer_second_vid, 20, 0xfff),
                        MISC(outer_second_prio, 3, 7)};
    expect_match("two read",
                 with_tags(2, 0x88b5, {0x88a8, 0x100a}, {0xffff, 0x1fff}, {0x8100, 0x7014},
                           {0xffff, 0xffff}),
                 kType + both);
    expect_match("the first one any",
                 with_tags(2, 0x88b5, {}, {}, {0x8100, 0x7014}, {0xffff, 0xffff}),
                 kType + Parts{MISC(outer_second_cvlan_tag, 1, 1),
                               MISC(outer_second_vid, 20, 0xfff), MISC(outer_second_prio, 3, 7)});
    // To Open vSwitch, which reads one by default, the second one is an Ethernet type.
    for (const uint16_t type : {0x8100, 0x88a8}) {
        const Parts second = {type == 0x8100 ? MISC(outer_second_cvlan_tag, 1, 1)
                                             : MISC(outer_second_svlan_tag, 1, 1)};
        expect_match("one read", with_tags(1, type, {0x88a8, 0x100a}, {0xffff, 0x1fff}),
                     second + Parts{OUTER(svlan_tag, 1, 1), OUTER(first_vid, 10, 0xfff)});
    }
}

TEST(FlowCompilerMatch, AnyTags) {
    expect_match("one read", with_tags(1, 0x88b5, {}, {}),
                 kType + Parts{MISC(outer_second_cvlan_tag, 0, 1)});
    expect_match("two read", with_tags(2, 0x88b5, {}, {}), kType);
}

// ---- Tunnels ----

Parts tunnel_parts(uint16_t port) {
    return {OUTER(cvlan_tag, 0, 1),
            OUTER(ip_version, 4, 4),
            OUTER(frag, 0, 1),
            OUTER(ipv4_ihl, 5, 0xf),
            OUTER(ip_protocol, 17, 0xff),
            OUTER(udp_dport, port, 0xffff),
            OUTER(ip_dscp, 0, 0x3f),
            OUTER(ip_ecn, 0, 3),
            WORD(outer_headers.src_ipv4_src_ipv6, 3, 0xac100002, 0xffffffff),
            WORD(outer_headers.dst_ipv4_dst_ipv6, 3, 0xac100001, 0xffffffff)};
}
const Parts kInnerIp4 = {INNER(cvlan_tag, 0, 1), INNER(ip_version, 4, 4), INNER(frag, 0, 1)};

void expect_tunnel(const char* name, const TunnelFlows& flows, const Parts& parts) {
    SCOPED_TRACE(name);
    const auto flow =
        compile_decapsulation(flows.outer, flows.inner, Actions{output(TestPorts::kVf)}, kPorts);
    ASSERT_TRUE(flow) << to_string(flow.error());
    EXPECT_EQ(flow->in_port, TestPorts::kWire);
    EXPECT_TRUE(flow->actions.decapsulate);
    expect_parts(flow->match, parts);
}

TEST(FlowCompilerMatch, Vxlan) {
    TunnelFlows flows = tunnel_flows(ESW_TUNNEL_VXLAN, 4789);
    const Parts parts = tunnel_parts(4789) + kInnerIp4;
    expect_tunnel("VXLAN", flows, parts + Parts{MISC(vxlan_vni, 77, 0xffffff)});
    flows.inner.mask.tunnel.id = 0;
    exactly(flows.inner, &esw_flow_key::ip_proto, uint8_t{6});
    exactly(flows.inner, &esw_flow_key::l4_dst, uint16_t{80});
    copy(flows.inner.key.eth_dst, {2, 1, 2, 3, 4, 5});
    copy(flows.inner.mask.eth_dst, {255, 255, 255, 255, 255, 255});
    expect_tunnel(
        "inner headers", flows,
        parts + Parts{INNER(ip_protocol, 6, 0xff), INNER(tcp_dport, 80, 0xffff),
                      INNER(dmac_47_16, 0x02010203, 0xffffffff), INNER(dmac_15_0, 0x0405, 0xffff)});
}

TEST(FlowCompilerMatch, Geneve) {
    TunnelFlows flows = tunnel_flows(ESW_TUNNEL_GENEVE, 6081);
    flows.inner.mask.tunnel.flags |= 1;
    flows.inner.key.tunnel.options_length = 8;
    flows.inner.mask.tunnel.options_length = 0xffff;
    flows.inner.key.tunnel.udp_src = 4000;
    flows.inner.mask.tunnel.udp_src = 0xffff;
    flows.inner.key.tunnel.ttl = 64;
    flows.inner.mask.tunnel.ttl = 0xff;
    expect_tunnel(
        "Geneve", flows,
        tunnel_parts(6081) + kInnerIp4 +
            Parts{MISC(geneve_vni, 77, 0xffffff), MISC(geneve_oam, 0, 1),
                  MISC(geneve_protocol_type, 0x6558, 0xffff), MISC(geneve_opt_len, 2, 0x3f),
                  OUTER(udp_sport, 4000, 0xffff), OUTER(ttl_hoplimit, 64, 0xff)});
}

TEST(FlowCompilerMatch, TunnelOverIp6WithTagsAndIp6Inside) {
    TunnelFlows flows = tunnel_flows(ESW_TUNNEL_VXLAN, 4789);
    flows.outer = with_protocol(ip6(TestPorts::kWire), 17);
    esw_flow_match& inner = flows.inner;
    const esw_flow_match inside = tagged(ip6(), 30);
    inner.key = inside.key;
    inner.mask = inside.mask;
    inner.key.ipv6_label = 7;
    inner.mask.ipv6_label = 0xf;
    inner.key.tunnel.is_ipv6 = true;
    inner.key.tunnel.src[0] = 0xfd;
    inner.mask.tunnel.src[0] = 0xff;
    expect_tunnel(
        "IPv6", flows,
        {OUTER(cvlan_tag, 0, 1), OUTER(ip_version, 6, 6), OUTER(frag, 0, 1),
         OUTER(ip_protocol, 17, 0xff), OUTER(udp_dport, 4789, 0xffff),
         WORD(outer_headers.src_ipv4_src_ipv6, 0, 0xfd000000, 0xff000000), INNER(cvlan_tag, 1, 1),
         INNER(first_vid, 30, 0xfff), MISC(inner_second_cvlan_tag, 0, 1), INNER(ip_version, 6, 6),
         INNER(frag, 0, 1), MISC(inner_ipv6_flow_label, 7, 0xf)});
}

}  // namespace
}  // namespace esw::mlx5
