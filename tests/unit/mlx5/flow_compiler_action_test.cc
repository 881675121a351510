// SPDX-License-Identifier: Apache-2.0
// What lists of a megaflow's actions become.
#include <gtest/gtest.h>

#include "tests/unit/mlx5/flow_fixture.h"

namespace esw::mlx5 {
namespace {

using namespace test;
using prm::HeaderField;

const TestPorts kPorts;

FdbActions compiled(const esw_flow_match& match, const Actions& actions) {
    const auto flow = compile_flow(match, actions, kPorts);
    EXPECT_TRUE(flow) << to_string(flow.error());
    return flow ? flow->actions : FdbActions{};
}

esw_refusal refused(const esw_flow_match& match, const Actions& actions) {
    const auto flow = compile_flow(match, actions, kPorts);
    return flow ? ESW_REFUSAL_NONE : flow.error();
}

std::vector<uint32_t> ports(const FdbActions& actions) {
    std::vector<uint32_t> result;
    for (const FdbOutput& output : actions.outputs) {
        result.push_back(output.port);
    }
    return result;
}

using Ports = std::vector<uint32_t>;
constexpr uint32_t kVf2 = TestPorts::kVf2, kVf3 = TestPorts::kVf3, kWire = TestPorts::kWire;

/// A set_action_in.
struct Write {
    HeaderField field;
    unsigned offset, length;
    uint32_t data;
    bool operator==(const Write&) const = default;
};
std::ostream& operator<<(std::ostream& to, const Write& write) {
    return to << "field 0x" << std::hex << static_cast<unsigned>(write.field) << std::dec
              << " bits " << write.offset << "+" << write.length << " = 0x" << std::hex
              << write.data << std::dec;
}
using Writes = std::vector<Write>;

Writes writes(const FdbActions& actions) {
    Writes result;
    for (const uint64_t& word : actions.rewrite) {
        EXPECT_EQ(DEVX_GET(set_action_in, &word, action_type),
                  static_cast<uint32_t>(prm::HeaderAction::kSet));
        const unsigned length = DEVX_GET(set_action_in, &word, length);
        result.push_back({static_cast<HeaderField>(DEVX_GET(set_action_in, &word, field)),
                          DEVX_GET(set_action_in, &word, offset), length == 0 ? 32 : length,
                          DEVX_GET(set_action_in, &word, data)});
    }
    return result;
}

TEST(FlowCompilerActions, Outputs) {
    EXPECT_EQ(ports(compiled(ip4(), {output(kVf2)})), Ports{kVf2});
    EXPECT_EQ(ports(compiled(ip4(), {output(kVf2), output(kWire), output(kVf3)})),
              (Ports{kVf2, kWire, kVf3}));
    EXPECT_EQ(compiled(ip4(), {output(kVf2)}).outputs[0].encapsulation, "");
    Actions many;
    for (uint32_t i = 0; i < 32; i++) {
        many.push_back(output(TestPorts::kFirstOfMany + i));
    }
    EXPECT_EQ(compiled(ip4(), many).outputs.size(), 32U);
}

TEST(FlowCompilerActions, Drop) {
    const FdbActions drop;
    EXPECT_EQ(compiled(ip4(), {}), drop);
    EXPECT_EQ(compiled(ip4(), {simple(ESW_ACTION_DROP)}), drop);
    EXPECT_EQ(compiled(ip4(), {push_vlan(5)}), drop);
    EXPECT_EQ(compiled(ip4(), {simple(ESW_ACTION_DROP), output(kVf2)}), drop);
    TunnelFlows flows = tunnel_flows(ESW_TUNNEL_VXLAN, 4789);
    EXPECT_EQ(compile_decapsulation(flows.outer, flows.inner, {}, kPorts)->actions, drop);
}

// ---- Fields ----

struct FieldCase {
    esw_flow_match match;
    esw_flow_action action;
    Writes writes;
};

TEST(FlowCompilerActions, Fields) {
    const auto tcp = [](const esw_flow_match& match) { return with_protocol(match, 6); };
    const auto udp = [](const esw_flow_match& match) { return with_protocol(match, 17); };
    const std::initializer_list<int> address = {0xfd, 1, 2,  3,  4,  5,  6,  7,
                                                8,    9, 10, 11, 12, 13, 14, 15};
    const FieldCase cases[] = {
        {untagged(0x0806),
         set(ESW_FIELD_ETH_SRC, {2, 1, 2, 3, 4, 5}),
         {{HeaderField::kSmac47_16, 0, 32, 0x02010203}, {HeaderField::kSmac15_0, 0, 16, 0x0405}}},
        {untagged(0x0806),
         set(ESW_FIELD_ETH_DST, {2, 1, 2, 3, 4, 5}),
         {{HeaderField::kDmac47_16, 0, 32, 0x02010203}, {HeaderField::kDmac15_0, 0, 16, 0x0405}}},
        {ip4(), set(ESW_FIELD_IPV4_SRC, {10, 1, 2, 3}), {{HeaderField::kSip4, 0, 32, 0x0a010203}}},
        {ip4(), set(ESW_FIELD_IPV4_DST, {10, 1, 2, 3}), {{HeaderField::kDip4, 0, 32, 0x0a010203}}},
        {ip4(), set(ESW_FIELD_IPV4_TTL, {63}), {{HeaderField::kIp4Ttl, 0, 8, 63}}},
        {ip4(),
         set(ESW_FIELD_IPV4_TOS, {0xb9}),
         {{HeaderField::kIpDscp, 0, 6, 0x2e}, {HeaderField::kIpEcn, 0, 2, 1}}},
        {ip6(),
         set(ESW_FIELD_IPV6_TRAFFIC_CLASS, {0xb8}, {0xfc}),
         {{HeaderField::kIpDscp, 0, 6, 0x2e}}},
        {ip6(), set(ESW_FIELD_IPV6_HOP_LIMIT, {63}), {{HeaderField::kIp6HopLimit, 0, 8, 63}}},
        {tcp(ip6()),
         set(ESW_FIELD_IPV6_SRC, address),
         {{HeaderField::kSip6_127_96, 0, 32, 0xfd010203},
          {HeaderField::kSip6_95_64, 0, 32, 0x04050607},
          {HeaderField::kSip6_63_32, 0, 32, 0x08090a0b},
          {HeaderField::kSip6_31_0, 0, 32, 0x0c0d0e0f}}},
        {udp(ip6()),
         set(ESW_FIELD_IPV6_DST, address),
         {{HeaderField::kDip6_127_96, 0, 32, 0xfd010203},
          {HeaderField::kDip6_95_64, 0, 32, 0x04050607},
          {HeaderField::kDip6_63_32, 0, 32, 0x08090a0b},
          {HeaderField::kDip6_31_0, 0, 32, 0x0c0d0e0f}}},
        {tcp(ip4()),
         set(ESW_FIELD_TCP_SRC, {0x12, 0x34}),
         {{HeaderField::kTcpSport, 0, 16, 0x1234}}},
        {tcp(ip6()),
         set(ESW_FIELD_TCP_DST, {0x12, 0x34}),
         {{HeaderField::kTcpDport, 0, 16, 0x1234}}},
        {udp(ip6()),
         set(ESW_FIELD_UDP_SRC, {0x12, 0x34}),
         {{HeaderField::kUdpSport, 0, 16, 0x1234}}},
        {udp(ip4()),
         set(ESW_FIELD_UDP_DST, {0x12, 0x34}),
         {{HeaderField::kUdpDport, 0, 16, 0x1234}}},
    };
    for (const FieldCase& a_case : cases) {
        EXPECT_EQ(writes(compiled(a_case.match, {a_case.action, output(kVf2)})), a_case.writes);
    }
}

TEST(FlowCompilerActions, PartsOfFields) {
    // Bits outside of the mask are no part of the value.
    EXPECT_EQ(
        writes(compiled(ip4(), {set(ESW_FIELD_IPV4_SRC, {10, 0xff, 2, 3}, {255, 0, 0x0f, 0xf0}),
                                output(kVf2)})),
        (Writes{{HeaderField::kSip4, 4, 8, 0x20}, {HeaderField::kSip4, 24, 8, 10}}));
    EXPECT_EQ(writes(compiled(ip4(), {set(ESW_FIELD_IPV4_TTL, {255}, {0}), output(kVf2)})),
              Writes{});
}

TEST(FlowCompilerActions, AFieldAgain) {
    EXPECT_EQ(writes(compiled(
                  ip4(), {set(ESW_FIELD_IPV4_DST, {10, 1, 2, 3}),
                          set(ESW_FIELD_IPV4_DST, {0, 0, 9, 9}, {0, 0, 255, 0}), output(kVf2)})),
              (Writes{{HeaderField::kDip4, 0, 32, 0x0a010903}}));
    EXPECT_EQ(writes(compiled(
                  ip4(), {set(ESW_FIELD_IPV4_DST, {10, 0, 0, 0}, {255, 0, 0, 0}),
                          set(ESW_FIELD_IPV4_DST, {0, 1, 0, 0}, {0, 255, 0, 0}), output(kVf2)})),
              (Writes{{HeaderField::kDip4, 16, 16, 0x0a01}}));
}

/// The adapter has no transport header in fragments, Open vSwitch in the first one of them has.
TEST(FlowCompilerActions, AddressesAndPortsOnlyOfWholePackets) {
    const auto matches_fragments = [](const esw_flow_action& action) {
        const auto flow = compile_flow(untagged(0x0800), Actions{action, output(kVf2)}, kPorts);
        EXPECT_TRUE(flow) << to_string(flow.error());
        return !DEVX_GET(fte_match_param, unpack(flow->match)[0].data(), outer_headers.frag);
    };
    EXPECT_FALSE(matches_fragments(set(ESW_FIELD_IPV4_SRC, {10, 1, 2, 3})));
    EXPECT_FALSE(matches_fragments(set(ESW_FIELD_IPV4_DST, {10, 1, 2, 3})));
    EXPECT_TRUE(matches_fragments(set(ESW_FIELD_IPV4_TTL, {9})));
    EXPECT_TRUE(matches_fragments(set(ESW_FIELD_ETH_SRC, {2, 1, 2, 3, 4, 5})));
}

// ---- Tags ----

TEST(FlowCompilerActions, PushAndPop) {
    const FdbActions pushed = compiled(ip4(), {push_vlan(0x6064), output(kVf2)});
    EXPECT_EQ(pushed.push_vlans, std::vector<uint32_t>{0x81006064});
    EXPECT_EQ(pushed.pop_vlans, 0);
    const FdbActions two = compiled(ip4(), {push_vlan(20), push_vlan(10, 0x88a8), output(kVf2)});
    EXPECT_EQ(two.push_vlans, (std::vector<uint32_t>{0x81000014, 0x88a8000a}));
    const FdbActions popped =
        compiled(tagged(ip4(), 5), {simple(ESW_ACTION_POP_VLAN), output(kVf2)});
    EXPECT_EQ(popped.pop_vlans, 1);
    EXPECT_TRUE(popped.push_vlans.empty());
    esw_flow_match double_tagged = tagged(ip4(), 5, 0x88a8);
    double_tagged.vlan_limit = 2;
    double_tagged.key.vlans[1] = {0x8100, 0x1006};
    double_tagged.mask.vlans[1] = {0xffff, 0x1fff};
    EXPECT_EQ(compiled(double_tagged,
                       {simple(ESW_ACTION_POP_VLAN), simple(ESW_ACTION_POP_VLAN), output(kVf2)})
                  .pop_vlans,
              2);
}

TEST(FlowCompilerActions, PopOfNothing) {
    EXPECT_EQ(compiled(ip4(), {simple(ESW_ACTION_POP_VLAN), output(kVf2)}).pop_vlans, 0);
    // The second one finds none.
    EXPECT_EQ(compiled(tagged(ip4(), 5),
                       {simple(ESW_ACTION_POP_VLAN), simple(ESW_ACTION_POP_VLAN), output(kVf2)})
                  .pop_vlans,
              1);
    EXPECT_EQ(compiled(ip4(), {push_vlan(5), simple(ESW_ACTION_POP_VLAN), output(kVf2)}),
              compiled(ip4(), {output(kVf2)}));
}

/// libmlx5 takes no push right behind a pop, and a write is less work anyway.
TEST(FlowCompilerActions, AnotherTagInItsPlace) {
    const Actions translate = {simple(ESW_ACTION_POP_VLAN), push_vlan(0xa007), output(kVf2)};
    const FdbActions actions = compiled(tagged(ip4(), 5), translate);
    EXPECT_EQ(actions.pop_vlans, 0);
    EXPECT_TRUE(actions.push_vlans.empty());
    EXPECT_EQ(writes(actions), (Writes{{HeaderField::kFirstVid, 0, 16, 0xa007}}));

    const FdbActions deeper = compiled(tagged(ip4(), 5), {simple(ESW_ACTION_POP_VLAN), push_vlan(7),
                                                          push_vlan(8, 0x88a8), output(kVf2)});
    EXPECT_EQ(writes(deeper), (Writes{{HeaderField::kFirstVid, 0, 16, 7}}));
    EXPECT_EQ(deeper.push_vlans, std::vector<uint32_t>{0x88a80008});

    // Of another tpid: from a representor libmlx5 does both, from the wire with a write between.
    const FdbActions other = compiled(
        tagged(ip4(), 5), {simple(ESW_ACTION_POP_VLAN), push_vlan(7, 0x88a8), output(kVf2)});
    EXPECT_EQ(other.pop_vlans, 1);
    EXPECT_EQ(other.push_vlans, std::vector<uint32_t>{0x88a80007});
    const FdbActions wire =
        compiled(tagged(ip4(kWire), 5), {simple(ESW_ACTION_POP_VLAN), set(ESW_FIELD_IPV4_TTL, {9}),
                                         push_vlan(7, 0x88a8), output(kVf2)});
    EXPECT_EQ(wire.pop_vlans, 1);
    EXPECT_EQ(wire.rewrite.size(), 1U);
}

// ---- Order ----

TEST(FlowCompilerActions, EditsBehindTheLastOutputAreDead) {
    EXPECT_EQ(compiled(ip4(), {output(kVf2), set(ESW_FIELD_IPV4_TTL, {1}), push_vlan(5),
                               set(ESW_FIELD_IPV6_LABEL, {0, 0, 0, 1})}),
              compiled(ip4(), {output(kVf2)}));
}

TEST(FlowCompilerActions, EditsBetweenOutputsThatComeToNothing) {
    const Actions actions = {push_vlan(5), output(kVf2), simple(ESW_ACTION_POP_VLAN), push_vlan(5),
                             output(kVf3)};
    EXPECT_EQ(compiled(ip4(), actions),
              compiled(ip4(), {push_vlan(5), output(kVf2), output(kVf3)}));
}

// ---- Tunnels ----

TEST(FlowCompilerActions, Encapsulation) {
    for (const esw_tunnel_type type : {ESW_TUNNEL_VXLAN, ESW_TUNNEL_GENEVE}) {
        for (const bool is_ipv6 : {false, true}) {
            const auto header = tunnel_header(type, is_ipv6);
            const FdbActions actions = compiled(ip4(), {set(ESW_FIELD_IPV4_TTL, {9}), output(kVf2),
                                                        tunnel_push(type, header), output(kWire)});
            ASSERT_EQ(ports(actions), (Ports{kVf2, kWire}));
            EXPECT_EQ(actions.outputs[0].encapsulation, "");
            EXPECT_EQ(actions.outputs[1].encapsulation, std::string(header.begin(), header.end()));
            EXPECT_EQ(actions.rewrite.size(), 1U);
        }
    }
}

TEST(FlowCompilerActions, GeneveOptions) {
    auto header = tunnel_header(ESW_TUNNEL_GENEVE);
    header[42] |= 2;
    header.insert(header.end(), {0x01, 0x02, 0x80, 0x01, 0, 0, 0, 7});
    EXPECT_EQ(compiled(ip4(), {tunnel_push(ESW_TUNNEL_GENEVE, header), output(kWire)})
                  .outputs[0]
                  .encapsulation.size(),
              58U);
}

TEST(FlowCompilerActions, HeadersThatTheAdapterCannotAdd) {
    const auto reason = [](esw_tunnel_type type, size_t at, uint8_t value, int longer = 0) {
        auto header = tunnel_header(type);
        header.at(at) = value;
        header.resize(header.size() + static_cast<size_t>(longer));
        return refused(ip4(), {tunnel_push(type, header), output(kWire)});
    };
    EXPECT_EQ(reason(ESW_TUNNEL_VXLAN, 0, 2), ESW_REFUSAL_NONE);
    const struct {
        const char* what;
        esw_tunnel_type type;
        size_t at;
        uint8_t value;
        int longer;
    } cases[] = {
        {"ARP", ESW_TUNNEL_VXLAN, 13, 0x06, 0},
        {"options of IPv4", ESW_TUNNEL_VXLAN, 14, 0x46, 4},
        {"TCP", ESW_TUNNEL_VXLAN, 23, 6, 0},
        {"a checksum, which the adapter does not compute", ESW_TUNNEL_VXLAN, 40, 0xff, 0},
        {"no network identifier", ESW_TUNNEL_VXLAN, 42, 0, 0},
        {"GPE", ESW_TUNNEL_VXLAN, 42, 0x0c, 0},
        {"something behind", ESW_TUNNEL_VXLAN, 0, 2, 4},
        {"too short", ESW_TUNNEL_VXLAN, 0, 2, -4},
        {"Geneve's next version", ESW_TUNNEL_GENEVE, 42, 0x40, 0},
        {"a length that is not its own", ESW_TUNNEL_GENEVE, 42, 1, 0},
        {"no Ethernet inside", ESW_TUNNEL_GENEVE, 44, 0x08, 0},
        {"no such tunnel", ESW_TUNNEL_NONE, 0, 2, 0},
        {"too long", ESW_TUNNEL_GENEVE, 42, 20, 80},
    };
    for (const auto& a_case : cases) {
        EXPECT_EQ(reason(a_case.type == ESW_TUNNEL_NONE ? ESW_TUNNEL_NONE : a_case.type, a_case.at,
                         a_case.value, a_case.longer),
                  ESW_REFUSAL_TUNNEL_HEADER)
            << a_case.what;
    }
}

TEST(FlowCompilerActions, Decapsulation) {
    const TunnelFlows flows = tunnel_flows(ESW_TUNNEL_GENEVE, 6081);
    const auto flow = compile_decapsulation(
        flows.outer, flows.inner,
        Actions{set(ESW_FIELD_ETH_DST, {2, 1, 2, 3, 4, 5}), push_vlan(5), output(kVf2)}, kPorts);
    ASSERT_TRUE(flow) << to_string(flow.error());
    EXPECT_TRUE(flow->actions.decapsulate);
    EXPECT_EQ(flow->actions.rewrite.size(), 2U);
    EXPECT_EQ(flow->actions.push_vlans, std::vector<uint32_t>{0x81000005});
    EXPECT_EQ(ports(flow->actions), Ports{kVf2});
}

}  // namespace
}  // namespace esw::mlx5
