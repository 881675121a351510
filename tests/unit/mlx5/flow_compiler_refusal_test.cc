// SPDX-License-Identifier: Apache-2.0
// Every reason that the compilers have for refusing a flow, provoked.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/unit/mlx5/flow_fixture.h"

namespace esw::mlx5 {
namespace {

using namespace test;

const TestPorts kPorts;
constexpr uint32_t kVf = TestPorts::kVf, kVf2 = TestPorts::kVf2, kVf3 = TestPorts::kVf3,
                   kWire = TestPorts::kWire;

struct RefusalCase {
    esw_refusal reason;
    const char* what;
    esw_flow_match match;
    Actions actions = {output(kVf2)};
};

template <class Edit>
esw_flow_match edited(esw_flow_match match, Edit edit) {
    edit(match);
    return match;
}

Actions many_outputs() {
    Actions actions;
    for (uint32_t i = 0; i < 33; i++) {
        actions.push_back(output(TestPorts::kFirstOfMany + i));
    }
    return actions;
}

/// More writes than the adapter takes with one rule: of every other bit.
Actions many_writes() {
    return {set(ESW_FIELD_ETH_SRC, {0, 0, 0, 0, 0, 0}, {0x55, 0x55, 0x55, 0x55, 0x55, 0x55}),
            set(ESW_FIELD_ETH_DST, {0, 0, 0, 0, 0, 0}, {0x55, 0x55, 0x55, 0x55, 0x55, 0x55}),
            output(kVf2)};
}

const std::vector<uint8_t> kHeader = tunnel_header(ESW_TUNNEL_VXLAN);

esw_flow_match with_frag(esw_flow_match match, uint8_t key, uint8_t mask) {
    match.key.ip_frag = key;
    match.mask.ip_frag = mask;
    return match;
}
esw_flow_match with_port(esw_flow_match match) {
    match.key.l4_dst = 80;
    match.mask.l4_dst = 0xffff;
    return match;
}
esw_flow_match with_tag(uint8_t limit, uint16_t type, esw_vlan key, esw_vlan mask,
                        esw_vlan key2 = {}, esw_vlan mask2 = {}) {
    esw_flow_match match = untagged(type);
    match.vlan_limit = limit;
    match.key.vlans[0] = key;
    match.mask.vlans[0] = mask;
    match.key.vlans[1] = key2;
    match.mask.vlans[1] = mask2;
    return match;
}

esw_flow_match two_tags_of_any_type() {
    const esw_vlan key = {0x8100, 0x1001}, mask = {0xffff, 0x1fff};
    esw_flow_match match = with_tag(2, 0, key, mask, key, mask);
    match.mask.eth_type = 0;
    return match;
}

std::vector<RefusalCase> match_cases() {
    std::vector<RefusalCase> cases = {
        {ESW_REFUSAL_RECIRCULATED, "its own reason",
         edited(ip4(), [](auto& m) { m.refusal = ESW_REFUSAL_RECIRCULATED; })},
        {ESW_REFUSAL_IN_PORT, "no such port", ip4(77)},
        {ESW_REFUSAL_IN_PORT, "a tunnel's port",
         edited(ip4(), [](auto& m) { m.tunnel_type = ESW_TUNNEL_VXLAN; })},
        {ESW_REFUSAL_LINK_LOCAL, "LACP", untagged(0x8809)},
        {ESW_REFUSAL_LINK_LOCAL, "LLDP", untagged(0x88cc)},
        {ESW_REFUSAL_LINK_LOCAL, "802.1X",
         edited(untagged(0x888e),
                [](auto& m) {
                    copy(m.key.eth_dst, {1, 0x80, 0xc2, 0, 0, 3});
                    std::memset(m.mask.eth_dst, 0xff, 6);
                })},
        {ESW_REFUSAL_MATCH_ETH_TYPE, "a part of it",
         edited(untagged(0x0800), [](auto& m) { m.mask.eth_type = 0xff00; })},
        {ESW_REFUSAL_MATCH_ETH_TYPE, "none (802.2)", untagged(0x05ff)},
        {ESW_REFUSAL_MATCH_ETH_TYPE, "fields of any type",
         edited(ip4(),
                [](auto& m) {
                    m.mask.eth_type = 0;
                    m.key.ip_frag = 0;
                })},
        {ESW_REFUSAL_MATCH_ARP, "its operation", with_protocol(untagged(0x0806), 1)},
        {ESW_REFUSAL_MATCH_L4, "SCTP", with_port(with_protocol(ip4(), 132))},
        {ESW_REFUSAL_MATCH_L4, "ports of any protocol", with_port(ip4())},
        {ESW_REFUSAL_MATCH_L4, "ICMP over IPv6", with_port(with_protocol(ip6(), 1))},
        {ESW_REFUSAL_MATCH_L4, "reserved flags",
         edited(with_protocol(ip4(), 6), [](auto& m) { m.mask.tcp_flags = 0xfff; })},
        {ESW_REFUSAL_MATCH_L4, "an extension header", with_protocol(ip6(), 51)},
        {ESW_REFUSAL_MATCH_L4, "a part of the protocol of IPv6",
         edited(ip6(), [](auto& m) { m.mask.ip_proto = 0xf0; })},
        {ESW_REFUSAL_MATCH_FRAGMENT, "first", with_frag(ip4(), 1, 3)},
        {ESW_REFUSAL_MATCH_FRAGMENT, "later", with_frag(ip4(), 3, 3)},
        {ESW_REFUSAL_MATCH_FRAGMENT, "not later", with_frag(ip4(), 0, 2)},
        {ESW_REFUSAL_MATCH_FRAGMENT, "IPv6", with_frag(ip6(), 1, 1)},
        {ESW_REFUSAL_MATCH_FRAGMENT, "ports of fragments",
         with_port(with_protocol(with_frag(ip4(), 1, 1), 6))},
        {ESW_REFUSAL_MATCH_VLAN, "id 0 or none", with_tag(1, 0x0800, {}, {0, 0x0fff})},
        {ESW_REFUSAL_MATCH_VLAN, "not 0x88a8", with_tag(1, 0x0800, {}, {0x0800, 0})},
        {ESW_REFUSAL_MATCH_VLAN, "the second: id 0 or none",
         with_tag(2, 0x0800, {0x8100, 0x1001}, {0xffff, 0x1fff}, {}, {0, 0x0fff})},
        {ESW_REFUSAL_MATCH_VLAN, "a third tag", with_tag(2, 0x8100, {}, {})},
        {ESW_REFUSAL_MATCH_VLAN, "a second or a third tag", with_tag(0, 0x8100, {}, {})},
        {ESW_REFUSAL_NO_PACKETS, "a tpid that there is not",
         with_tag(1, 0x0800, {0x9100, 0x1001}, {0xffff, 0x1fff})},
        {ESW_REFUSAL_NO_PACKETS, "a tag in a tag that is not there",
         with_tag(2, 0x0800, {}, {0, 0xffff}, {0x8100, 0x1001}, {0xffff, 0x1fff})},
        {ESW_REFUSAL_NO_PACKETS, "a second tag where none was looked for",
         with_tag(1, 0x0800, {0x8100, 0x1001}, {0xffff, 0x1fff}, {0x8100, 0x1001},
                  {0xffff, 0x1fff})},
        {ESW_REFUSAL_NO_PACKETS, "flags of UDP",
         edited(with_port(with_protocol(ip4(), 17)),
                [](auto& m) { m.key.tcp_flags = m.mask.tcp_flags = 2; })},
        {ESW_REFUSAL_NO_PACKETS, "ICMP type 256",
         edited(with_protocol(ip4(), 1), [](auto& m) { m.key.l4_src = m.mask.l4_src = 0x100; })},
        {ESW_REFUSAL_NO_PACKETS, "a label of IPv4",
         edited(ip4(), [](auto& m) { m.key.ipv6_label = m.mask.ipv6_label = 1; })},
        {ESW_REFUSAL_NO_PACKETS, "addresses of no IP",
         edited(untagged(0x88b5), [](auto& m) { m.key.ip_src[15] = m.mask.ip_src[15] = 1; })},
        {ESW_REFUSAL_NO_PACKETS, "a tunnel of a port that is none",
         edited(ip4(), [](auto& m) { m.key.tunnel.id = m.mask.tunnel.id = 1; })},
    };
    return cases;
}

std::vector<RefusalCase> action_cases() {
    const esw_flow_match tcp4 = with_protocol(ip4(), 6), tcp6 = with_protocol(ip6(), 6);
    const esw_flow_action pop = simple(ESW_ACTION_POP_VLAN), ttl = set(ESW_FIELD_IPV4_TTL, {9});
    const esw_flow_action vxlan = tunnel_push(ESW_TUNNEL_VXLAN, kHeader);
    const std::initializer_list<int> address = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return {
        {ESW_REFUSAL_USERSPACE,
         "its own reason",
         ip4(),
         {output(kVf2), other(ESW_REFUSAL_USERSPACE)}},
        {ESW_REFUSAL_ACTION, "no reason", ip4(), {other(ESW_REFUSAL_NONE)}},
        {ESW_REFUSAL_ACTION,
         "a third tag",
         ip4(),
         {push_vlan(1), push_vlan(2), push_vlan(3), output(kVf2)}},
        {ESW_REFUSAL_ACTION, "a tag of another kind", ip4(), {push_vlan(1, 0x9100), output(kVf2)}},
        {ESW_REFUSAL_TUNNEL_POP, "the outer flow", ip4(), {simple(ESW_ACTION_TUNNEL_POP)}},
        {ESW_REFUSAL_SET_FIELD,
         "the label",
         ip6(),
         {set(ESW_FIELD_IPV6_LABEL, {0, 0, 0, 1}), output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD, "of IPv4, of IPv6", ip6(), {ttl, output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD,
         "of IPv6, of IPv4",
         ip4(),
         {set(ESW_FIELD_IPV6_HOP_LIMIT, {1}), output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD,
         "of TCP, of UDP",
         with_protocol(ip4(), 17),
         {set(ESW_FIELD_TCP_DST, {0, 1}), output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD,
         "of UDP, of TCP",
         tcp6,
         {set(ESW_FIELD_UDP_DST, {0, 1}), output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD,
         "addresses over ICMPv6",
         with_protocol(ip6(), 58),
         {set(ESW_FIELD_IPV6_SRC, address), output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD,
         "addresses over what may be it",
         ip6(),
         {set(ESW_FIELD_IPV6_SRC, address), output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD,
         "addresses of fragments",
         with_frag(ip4(), 1, 1),
         {set(ESW_FIELD_IPV4_SRC, {1, 2, 3, 4}), output(kVf2)}},
        {ESW_REFUSAL_SET_FIELD, "too many writes", tcp4, many_writes()},
        {ESW_REFUSAL_EDITS_BETWEEN_OUTPUTS, "a write", ip4(), {output(kVf2), ttl, output(kVf3)}},
        {ESW_REFUSAL_EDITS_BETWEEN_OUTPUTS,
         "a tag",
         ip4(),
         {push_vlan(1), output(kVf2), pop, output(kVf3)}},
        {ESW_REFUSAL_EDITS_BETWEEN_OUTPUTS,
         "another tag",
         ip4(),
         {push_vlan(1), output(kVf2), pop, push_vlan(2), output(kVf3)}},
        {ESW_REFUSAL_EDITS_BETWEEN_OUTPUTS,
         "in front of a tunnel",
         ip4(),
         {output(kVf2), ttl, vxlan, output(kWire)}},
        {ESW_REFUSAL_ACTION_ORDER, "a write in a tunnel", ip4(), {vxlan, ttl, output(kWire)}},
        {ESW_REFUSAL_ACTION_ORDER,
         "a tag around a tunnel",
         ip4(),
         {vxlan, push_vlan(5), output(kWire)}},
        {ESW_REFUSAL_ACTION_ORDER, "a tunnel in a tunnel", ip4(), {vxlan, vxlan, output(kWire)}},
        {ESW_REFUSAL_ACTION_ORDER,
         "a tag of another kind in its place, from the wire",
         tagged(ip4(kWire), 5),
         {pop, push_vlan(5, 0x88a8), output(kVf2)}},
        {ESW_REFUSAL_MATCH_VLAN,
         "a tag goes that may not be there",
         with_tag(1, 0x0800, {}, {}),
         {pop, output(kVf2)}},
        {ESW_REFUSAL_MATCH_VLAN,
         "a third tag goes",
         two_tags_of_any_type(),
         {pop, pop, pop, output(kVf2)}},
        {ESW_REFUSAL_OUT_PORT, "no such port", ip4(), {output(77)}},
        {ESW_REFUSAL_OTHER_ADAPTER, "another eswitch", ip4(), {output(TestPorts::kForeign)}},
        {ESW_REFUSAL_TO_IN_PORT, "back", ip4(), {output(kVf)}},
        {ESW_REFUSAL_WIRE_TO_WIRE,
         "out of the other port",
         ip4(kWire),
         {output(TestPorts::kOtherWire)}},
        {ESW_REFUSAL_TOO_MANY_OUTPUTS, "33", ip4(), many_outputs()},
        {ESW_REFUSAL_TOO_MANY_OUTPUTS, "one twice", ip4(), {output(kVf2), output(kVf2)}},
        {ESW_REFUSAL_TUNNEL_HEADER,
         "a VXLAN header of Geneve's",
         ip4(),
         {tunnel_push(ESW_TUNNEL_GENEVE, kHeader), output(kWire)}},
    };
}

struct TunnelCase {
    esw_refusal reason;
    const char* what;
    std::function<void(TunnelFlows&)> edit;
    esw_tunnel_type type = ESW_TUNNEL_VXLAN;
    Actions actions = {output(kVf2)};
};

std::vector<TunnelCase> tunnel_cases() {
    return {
        {ESW_REFUSAL_MATCH_ND, "of the outer flow",
         [](auto& f) { f.outer.refusal = ESW_REFUSAL_MATCH_ND; }},
        {ESW_REFUSAL_MATCH_ND, "of the inner flow",
         [](auto& f) { f.inner.refusal = ESW_REFUSAL_MATCH_ND; }},
        {ESW_REFUSAL_IN_PORT, "no such port", [](auto& f) { f.outer.in_port = 77; }},
        {ESW_REFUSAL_IN_PORT, "a tunnel in a tunnel",
         [](auto& f) { f.outer.tunnel_type = ESW_TUNNEL_VXLAN; }},
        {ESW_REFUSAL_TUNNEL_PORT, "a representor",
         [](auto& f) { f.outer.in_port = f.inner.physical_port = kVf; }},
        {ESW_REFUSAL_LINK_LOCAL, "inside", [](auto& f) { f.inner.key.eth_type = 0x88cc; }},
        {ESW_REFUSAL_MATCH_TUNNEL, "another UDP port",
         [](auto& f) { f.inner.tunnel_udp_port = 4790; }},
        {ESW_REFUSAL_MATCH_TUNNEL, "no tunnel",
         [](auto& f) { f.inner.tunnel_type = ESW_TUNNEL_NONE; }},
        {ESW_REFUSAL_MATCH_TUNNEL, "unknown flags",
         [](auto& f) { f.inner.mask.tunnel.flags |= 0x100; }},
        {ESW_REFUSAL_MATCH_TUNNEL, "options", [](auto& f) { f.inner.mask.tunnel.options[255] = 1; },
         ESW_TUNNEL_GENEVE},
        {ESW_REFUSAL_MATCH_TUNNEL, "a tag outside", [](auto& f) { f.outer = tagged(f.outer, 5); }},
        {ESW_REFUSAL_MATCH_TUNNEL, "ICMP inside",
         [](auto& f) { f.inner = with_port(with_protocol(f.inner, 1)); }},
        {ESW_REFUSAL_NO_PACKETS, "two ports",
         [](auto& f) { f.inner.physical_port = TestPorts::kOtherWire; }},
        {ESW_REFUSAL_NO_PACKETS, "IPv4 and IPv6",
         [](auto& f) { f.inner.key.tunnel.is_ipv6 = true; }},
        {ESW_REFUSAL_NO_PACKETS, "TCP and UDP", [](auto& f) { f.outer.key.ip_proto = 6; }},
        {ESW_REFUSAL_NO_PACKETS, "two UDP ports", [](auto& f) { f.outer.key.l4_dst = 4790; }},
        {ESW_REFUSAL_NO_PACKETS, "two addresses",
         [](auto& f) { f.outer.key.ip_src[15] = f.outer.mask.ip_src[15] = 1; }},
        {ESW_REFUSAL_NO_PACKETS, "an identifier that is too long",
         [](auto& f) { f.inner.key.tunnel.id = 1 << 24; }},
        {ESW_REFUSAL_NO_PACKETS, "no identifier", [](auto& f) { f.inner.key.tunnel.flags = 0; }},
        {ESW_REFUSAL_NO_PACKETS, "don't fragment, which is not told",
         [](auto& f) { f.inner.key.tunnel.flags |= 2; }},
        {ESW_REFUSAL_NO_PACKETS, "VXLAN's control traffic",
         [](auto& f) {
             f.inner.key.tunnel.flags |= 1;
             f.inner.mask.tunnel.flags |= 1;
         }},
        {ESW_REFUSAL_NO_PACKETS, "VXLAN's options",
         [](auto& f) {
             f.inner.key.tunnel.options_length = f.inner.mask.tunnel.options_length = 4;
         }},
        {ESW_REFUSAL_NO_PACKETS, "a tunnel around the outer flow",
         [](auto& f) { f.outer.key.tunnel.id = f.outer.mask.tunnel.id = 1; }},
        {ESW_REFUSAL_WIRE_TO_WIRE,
         "back to the wire",
         [](auto&) {},
         ESW_TUNNEL_VXLAN,
         {output(TestPorts::kOtherWire)}},
        {ESW_REFUSAL_TUNNEL_POP,
         "a tunnel in a tunnel",
         [](auto&) {},
         ESW_TUNNEL_VXLAN,
         {simple(ESW_ACTION_TUNNEL_POP)}},
    };
}

/// What others find out, and the compilers only pass on, or never hear of.
const std::set<esw_refusal> kOfOthers = {ESW_REFUSAL_RECIRCULATED,
                                         ESW_REFUSAL_MATCH_DP_HASH,
                                         ESW_REFUSAL_MATCH_CONNTRACK,
                                         ESW_REFUSAL_MATCH_METADATA,
                                         ESW_REFUSAL_MATCH_PACKET_TYPE,
                                         ESW_REFUSAL_MATCH_MPLS,
                                         ESW_REFUSAL_MATCH_NSH,
                                         ESW_REFUSAL_MATCH_ND,
                                         ESW_REFUSAL_USERSPACE,
                                         ESW_REFUSAL_RECIRCULATES,
                                         ESW_REFUSAL_HASHES,
                                         ESW_REFUSAL_LB_OUTPUT,
                                         ESW_REFUSAL_CONNTRACK,
                                         ESW_REFUSAL_METER,
                                         ESW_REFUSAL_SAMPLES,
                                         ESW_REFUSAL_NESTED,
                                         ESW_REFUSAL_TOO_MANY_MASKS,
                                         ESW_REFUSAL_NO_MEMORY,
                                         ESW_REFUSAL_NO_COUNTER,
                                         ESW_REFUSAL_DEVICE};

TEST(FlowCompilerRefusals, EachIsProvoked) {
    std::set<esw_refusal> seen;
    std::vector<RefusalCase> cases = match_cases();
    for (const RefusalCase& a_case : action_cases()) {
        cases.push_back(a_case);
    }
    for (const RefusalCase& a_case : cases) {
        const auto flow = compile_flow(a_case.match, a_case.actions, kPorts);
        ASSERT_FALSE(flow) << to_string(a_case.reason) << ": " << a_case.what;
        EXPECT_STREQ(to_string(flow.error()), to_string(a_case.reason)) << a_case.what;
        seen.insert(flow.error());
    }
    for (const TunnelCase& a_case : tunnel_cases()) {
        TunnelFlows flows =
            tunnel_flows(a_case.type, a_case.type == ESW_TUNNEL_VXLAN ? 4789 : 6081);
        ASSERT_TRUE(compile_decapsulation(flows.outer, flows.inner, {}, kPorts));
        a_case.edit(flows);
        const auto flow = compile_decapsulation(flows.outer, flows.inner, a_case.actions, kPorts);
        ASSERT_FALSE(flow) << to_string(a_case.reason) << ": " << a_case.what;
        EXPECT_STREQ(to_string(flow.error()), to_string(a_case.reason)) << a_case.what;
        seen.insert(flow.error());
    }
    for (int reason = ESW_REFUSAL_NONE + 1; reason < ESW_N_REFUSALS; reason++) {
        const auto refusal = static_cast<esw_refusal>(reason);
        EXPECT_TRUE(seen.contains(refusal) || kOfOthers.contains(refusal)) << to_string(refusal);
    }
}

/// Without the thing that makes it one, each is accepted: the cases fail for what they are named
/// for.
TEST(FlowCompilerRefusals, TheRestOfTheCasesIsGood) {
    for (const esw_flow_match& match :
         {ip4(), ip6(), with_port(with_protocol(ip4(), 6)), with_port(with_protocol(ip6(), 17)),
          with_tag(1, 0x0800, {0x8100, 0x1001}, {0xffff, 0x1fff})}) {
        EXPECT_TRUE(compile_flow(match, Actions{output(kVf2), output(kVf3)}, kPorts));
    }
    EXPECT_TRUE(compile_flow(ip4(kWire), Actions{output(kVf2)}, kPorts));
}

TEST(Refusals, HaveNamesAndTexts) {
    EXPECT_STREQ(esw_refusal_name(ESW_REFUSAL_MATCH_VLAN), "match-vlan");
    EXPECT_STREQ(esw_refusal_text(ESW_REFUSAL_DEVICE), "the adapter refused it");
    EXPECT_STREQ(to_string(ESW_REFUSAL_NONE), "none");
    EXPECT_STREQ(to_string(static_cast<esw_refusal>(ESW_N_REFUSALS + 1)), "none");
    std::set<std::string> names;
    for (int reason = 0; reason < ESW_N_REFUSALS; reason++) {
        names.insert(esw_refusal_name(static_cast<esw_refusal>(reason)));
    }
    EXPECT_EQ(names.size(), size_t{ESW_N_REFUSALS});
}

}  // namespace
}  // namespace esw::mlx5
