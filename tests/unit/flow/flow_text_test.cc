// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_text.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/flow/some_flows.h"

namespace esw {
namespace {

void set_ip4(uint8_t (&address)[16], std::array<uint8_t, 4> bytes) {
    std::memcpy(address + 12, bytes.data(), 4);
}

esw_flow_action set_field(esw_field field, std::vector<uint8_t> value, std::vector<uint8_t> mask) {
    esw_flow_action action{};
    action.type = ESW_ACTION_SET;
    action.set.field = field;
    std::copy(value.begin(), value.end(), action.set.value);
    std::copy(mask.begin(), mask.end(), action.set.mask);
    return action;
}

std::string text_of(const std::vector<esw_flow_action>& actions) {
    return to_text(std::span(actions));
}

TEST(FlowText, WhatAMatchLeavesOpenIsLeftOut) {
    esw_flow_match match{};
    match.in_port = match.physical_port = 2;
    EXPECT_EQ(to_text(match), "in_port(2)");
    EXPECT_EQ(to_text(match_of(2, 7)), "in_port(2),eth(dst=02:00:00:00:00:07),eth_type(0x0800)");
}

TEST(FlowText, MasksAreWrittenWhereTheyAreNotAllOnes) {
    esw_flow_match match = match_of(2, 7);
    match.mask.eth_dst[5] = 0;
    set_ip4(match.key.ip_dst, {10, 1, 0, 0});
    set_ip4(match.mask.ip_dst, {255, 255, 0, 0});
    match.key.ip_proto = 6;
    match.mask.ip_proto = 0xff;
    match.key.l4_dst = 80;
    match.mask.l4_dst = 0xffff;
    match.key.l4_src = 1024;
    match.mask.l4_src = 0xfc00;
    match.mask.ip_frag = 3;
    EXPECT_EQ(to_text(match),
              "in_port(2),eth(dst=02:00:00:00:00:07/ff:ff:ff:ff:ff:00),eth_type(0x0800),"
              "ipv4(dst=10.1.0.0/255.255.0.0,proto=6,frag=no),tcp(src=1024/0xfc00,dst=80)");
}

TEST(FlowText, Tags) {
    esw_flow_match match{};
    match.in_port = match.physical_port = 1;
    match.mask.vlans[0].tci = 0xffff;
    EXPECT_EQ(to_text(match), "in_port(1),vlan(none)");
    match.key.vlans[0] = {0x88a8, ESW_VLAN_PRESENT | 3 << 13 | 100};
    match.mask.vlans[0] = {0xffff, ESW_VLAN_PRESENT | 0xefff};
    match.key.vlans[1].tci = match.mask.vlans[1].tci = ESW_VLAN_PRESENT;
    EXPECT_EQ(to_text(match), "in_port(1),vlan(vid=100,pcp=3,tpid=0x88a8),vlan(any)");
}

TEST(FlowText, Tunnels) {
    esw_flow_match match = match_of(9, 1);
    match.physical_port = 1;
    match.key.tunnel.id = 0x4d;
    match.mask.tunnel.id = UINT64_MAX;
    set_ip4(match.key.tunnel.src, {172, 16, 0, 2});
    set_ip4(match.mask.tunnel.src, {255, 255, 255, 255});
    match.key.tunnel.options_length = 4;
    match.mask.tunnel.options_length = 0xffff;
    match.key.tunnel.options[0] = 1;
    EXPECT_EQ(to_text(match),
              "in_port(9 by 1),tunnel(tun_id=0x4d,src=172.16.0.2,options=01000000),"
              "eth(dst=02:00:00:00:00:01),eth_type(0x0800)");
}

TEST(FlowText, Actions) {
    EXPECT_EQ(text_of({}), "drop");
    esw_flow_action push{};
    push.type = ESW_ACTION_PUSH_VLAN;
    push.vlan = {0x8100, ESW_VLAN_PRESENT | 7};
    esw_flow_action other{};
    other.type = ESW_ACTION_OTHER;
    other.refusal = ESW_REFUSAL_METER;
    EXPECT_EQ(
        text_of({set_field(ESW_FIELD_ETH_SRC, {2, 0, 0, 0, 0, 1}, std::vector<uint8_t>(6, 255)),
                 set_field(ESW_FIELD_IPV4_TTL, {64}, {255}),
                 set_field(ESW_FIELD_IPV4_DST, {10, 0, 0, 1}, {255, 0, 0, 255}),
                 set_field(ESW_FIELD_UDP_DST, {0x12, 0xb5}, {255, 255}), push, other, output_to(3),
                 pop_for(9)}),
        "set(eth(src=02:00:00:00:00:01)),set(ipv4(ttl=64)),"
        "set(ipv4(dst=10.0.0.1/255.0.0.255)),set(udp(dst=4789)),push_vlan(vid=7,pcp=0),meter,"
        "3,tnl_pop(9)");
}

TEST(FlowText, Ufid) {
    EXPECT_EQ(to_text(esw_ufid{0x0123456789abcdef, 0xfedcba9876543210}),
              "01234567-89ab-cdef-fedc-ba9876543210");
}

TEST(PackedFlow, SaysWhatItWasTold) {
    esw_flow_match match = match_of(9, 1);
    match.physical_port = 1;
    match.tunnel_type = ESW_TUNNEL_GENEVE;
    match.tunnel_udp_port = 6081;
    match.refusal = ESW_REFUSAL_MATCH_ND;
    match.mask.tunnel.id = 3;
    match.key.tunnel.options[255] = 9;
    std::vector<uint8_t> header(50, 7);
    esw_flow_action push{};
    push.type = ESW_ACTION_TUNNEL_PUSH;
    push.push = {ESW_TUNNEL_VXLAN, 5, 4, header.data(), header.size()};
    const std::vector<esw_flow_action> actions{push, push, output_to(4)};
    const PackedFlow packed(match, actions);
    header.assign(50, 0);
    const esw_flow_match unpacked = packed.match();
    EXPECT_EQ(std::memcmp(&unpacked, &match, sizeof match), 0);
    ASSERT_EQ(packed.actions().size(), 3u);
    EXPECT_EQ(packed.actions()[1].push.header[49], 7);
    EXPECT_EQ(packed.actions()[2].port, 4u);
    // Without a tunnel, that part is not kept and comes back as zeros.
    const esw_flow_match plain = match_of(2, 1), again = PackedFlow(plain, {}).match();
    EXPECT_EQ(std::memcmp(&again, &plain, sizeof plain), 0);
}

}  // namespace
}  // namespace esw
