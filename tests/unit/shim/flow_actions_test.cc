// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "esw-manager/flow/megaflow.h"
#include "tests/unit/shim/flow_text.h"
#include "tests/unit/shim/ovs_flows.h"

namespace esw {
namespace {

using Actions = std::vector<esw_flow_action>;

Actions Parse(const std::string& dpctl) {
    std::array<esw_flow_action, OVS_MAX_ACTIONS> actions;
    const size_t n = ovs_convert_actions(dpctl.c_str(), actions.data());
    EXPECT_NE(n, SIZE_MAX) << dpctl;
    return n == SIZE_MAX ? Actions() : Actions(actions.begin(), actions.begin() + n);
}

// "FIELD=VALUE/MASK", with as many bytes as are given.
std::string Set(const esw_flow_action& action, size_t size) {
    EXPECT_EQ(action.type, ESW_ACTION_SET);
    // The bytes behind the field are 0.
    for (size_t i = size; i < sizeof action.set.value; i++) {
        EXPECT_EQ(action.set.value[i], 0);
        EXPECT_EQ(action.set.mask[i], 0);
    }
    return fmt::format("{}={}/{}", static_cast<int>(action.set.field), Hex(action.set.value, size),
                       Hex(action.set.mask, size));
}

std::string Field(esw_field field, const std::string& rest) {
    return fmt::format("{}={}", static_cast<int>(field), rest);
}

TEST(FlowActions, NoneAtAll) {
    std::array<esw_flow_action, OVS_MAX_ACTIONS> actions;
    EXPECT_EQ(ovs_convert_attributes(nullptr, 0, actions.data()), 0u);
}

TEST(FlowActions, OutputsAndDrop) {
    const auto outputs = Parse("3,7");
    ASSERT_EQ(outputs.size(), 2u);
    EXPECT_EQ(outputs[0].type, ESW_ACTION_OUTPUT);
    EXPECT_EQ(outputs[0].port, 3u);
    EXPECT_EQ(outputs[1].port, 7u);

    const auto drop = Parse("drop");
    ASSERT_EQ(drop.size(), 1u);
    EXPECT_EQ(drop[0].type, ESW_ACTION_DROP);
}

TEST(FlowActions, Tags) {
    const auto actions = Parse("push_vlan(tpid=0x88a8,vid=100,pcp=5),pop_vlan");
    ASSERT_EQ(actions.size(), 2u);
    EXPECT_EQ(actions[0].type, ESW_ACTION_PUSH_VLAN);
    EXPECT_EQ(actions[0].vlan.tpid, 0x88a8);
    EXPECT_EQ(actions[0].vlan.tci, 0xb064);
    EXPECT_EQ(actions[1].type, ESW_ACTION_POP_VLAN);

    // Whatever that bit is, there is a tag afterwards.
    EXPECT_EQ(Parse("push_vlan(vid=1,pcp=0,cfi=0)").at(0).vlan.tci, 0x1001);
}

// Setting fields.

TEST(FlowActions, SetOfEthernet) {
    const auto whole = Parse("set(eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02))");
    ASSERT_EQ(whole.size(), 2u);
    EXPECT_EQ(Set(whole[0], 6), Field(ESW_FIELD_ETH_SRC, "020000000001/ffffffffffff"));
    EXPECT_EQ(Set(whole[1], 6), Field(ESW_FIELD_ETH_DST, "020000000002/ffffffffffff"));

    const auto part = Parse("set(eth(dst=02:00:00:00:00:02/ff:00:00:00:00:0f))");
    ASSERT_EQ(part.size(), 1u);
    EXPECT_EQ(Set(part[0], 6), Field(ESW_FIELD_ETH_DST, "020000000002/ff000000000f"));
}

TEST(FlowActions, SetOfIpv4) {
    const auto whole =
        Parse("set(ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0x10,ttl=63,frag=no))");
    ASSERT_EQ(whole.size(), 4u);
    EXPECT_EQ(Set(whole[0], 4), Field(ESW_FIELD_IPV4_SRC, "0a000001/ffffffff"));
    EXPECT_EQ(Set(whole[1], 4), Field(ESW_FIELD_IPV4_DST, "0a000002/ffffffff"));
    EXPECT_EQ(Set(whole[2], 1), Field(ESW_FIELD_IPV4_TOS, "10/ff"));
    EXPECT_EQ(Set(whole[3], 1), Field(ESW_FIELD_IPV4_TTL, "3f/ff"));

    const auto part = Parse("set(ipv4(dst=10.2.0.0/255.255.0.0,tos=0x10/0xfc))");
    ASSERT_EQ(part.size(), 2u);
    EXPECT_EQ(Set(part[0], 4), Field(ESW_FIELD_IPV4_DST, "0a020000/ffff0000"));
    EXPECT_EQ(Set(part[1], 1), Field(ESW_FIELD_IPV4_TOS, "10/fc"));
}

TEST(FlowActions, SetOfIpv6) {
    const auto whole = Parse(
        "set(ipv6(src=2001:db8::1,dst=2001:db8::2,label=0x12345,proto=17,"
        "tclass=0x20,hlimit=9,frag=no))");
    ASSERT_EQ(whole.size(), 5u);
    EXPECT_EQ(Set(whole[0], 16), Field(ESW_FIELD_IPV6_SRC,
                                       "20010db8000000000000000000000001/"
                                       "ffffffffffffffffffffffffffffffff"));
    EXPECT_EQ(Set(whole[1], 16), Field(ESW_FIELD_IPV6_DST,
                                       "20010db8000000000000000000000002/"
                                       "ffffffffffffffffffffffffffffffff"));
    EXPECT_EQ(Set(whole[2], 4), Field(ESW_FIELD_IPV6_LABEL, "00012345/000fffff"));
    EXPECT_EQ(Set(whole[3], 1), Field(ESW_FIELD_IPV6_TRAFFIC_CLASS, "20/ff"));
    EXPECT_EQ(Set(whole[4], 1), Field(ESW_FIELD_IPV6_HOP_LIMIT, "09/ff"));

    const auto part = Parse("set(ipv6(label=0x12345/0xfffff,hlimit=9))");
    ASSERT_EQ(part.size(), 2u);
    EXPECT_EQ(Set(part[0], 4), Field(ESW_FIELD_IPV6_LABEL, "00012345/000fffff"));
    EXPECT_EQ(Set(part[1], 1), Field(ESW_FIELD_IPV6_HOP_LIMIT, "09/ff"));
}

TEST(FlowActions, SetOfPorts) {
    const auto tcp = Parse("set(tcp(src=4660,dst=80))");
    ASSERT_EQ(tcp.size(), 2u);
    EXPECT_EQ(Set(tcp[0], 2), Field(ESW_FIELD_TCP_SRC, "1234/ffff"));
    EXPECT_EQ(Set(tcp[1], 2), Field(ESW_FIELD_TCP_DST, "0050/ffff"));

    const auto udp = Parse("set(udp(dst=0x1200/0xff00))");
    ASSERT_EQ(udp.size(), 1u);
    EXPECT_EQ(Set(udp[0], 2), Field(ESW_FIELD_UDP_DST, "1200/ff00"));
}

// Tunnels.

TEST(FlowActions, PushOfVxlan) {
    const auto actions = Parse(
        "tnl_push(tnl_port(5),header(size=50,type=4,eth(dst=02:00:00:00:00:02,"
        "src=02:00:00:00:00:01,dl_type=0x0800),ipv4(src=1.1.2.88,dst=1.1.2.92,proto=17,tos=0,"
        "ttl=64,frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x7b)),"
        "out_port(4)),9");
    ASSERT_EQ(actions.size(), 2u);
    const esw_tunnel_push_action& push = actions[0].push;
    EXPECT_EQ(actions[0].type, ESW_ACTION_TUNNEL_PUSH);
    EXPECT_EQ(push.type, ESW_TUNNEL_VXLAN);
    EXPECT_EQ(push.tunnel_port, 5u);
    EXPECT_EQ(push.out_port, 4u);
    ASSERT_EQ(push.header_length, 50u);
    EXPECT_EQ(Hex(push.header, 14),
              "020000000002020000000001"
              "0800");
    EXPECT_EQ(Hex(push.header + 34, 16),
              "000012b500000000"
              "0800000000007b00");
    EXPECT_EQ(actions[1].port, 9u);
}

TEST(FlowActions, PushOfGeneveAndPop) {
    const auto actions = Parse(
        "tnl_push(tnl_port(6),header(size=58,type=5,eth(dst=02:00:00:00:00:02,"
        "src=02:00:00:00:00:01,dl_type=0x0800),ipv4(src=1.1.2.88,dst=1.1.2.92,proto=17,tos=0,"
        "ttl=64,frag=0x4000),udp(src=0,dst=6081,csum=0x0),geneve(vni=0x7b,"
        "options({class=0xffff,type=0x80,len=4,0xa}))),out_port(4)),9,tnl_pop(6)");
    ASSERT_EQ(actions.size(), 3u);
    EXPECT_EQ(actions[0].push.type, ESW_TUNNEL_GENEVE);
    ASSERT_EQ(actions[0].push.header_length, 58u);
    EXPECT_EQ(Hex(actions[0].push.header + 50, 8), "ffff80010000000a");
    EXPECT_EQ(actions[2].type, ESW_ACTION_TUNNEL_POP);
    EXPECT_EQ(actions[2].port, 6u);
}

// What has nothing like it.

struct Refused {
    esw_refusal refusal;
    std::string dpctl;
};

const Refused kRefused[] = {
    {ESW_REFUSAL_USERSPACE, "userspace(pid=0,slow_path(lacp))"},
    {ESW_REFUSAL_USERSPACE,
     "userspace(pid=0,controller(reason=1,dont_send=0,continuation=0,"
     "recirc_id=1,rule_cookie=0,controller_id=0,max_len=65535))"},
    {ESW_REFUSAL_RECIRCULATES, "recirc(2)"},
    {ESW_REFUSAL_LB_OUTPUT, "lb_output(2)"},
    {ESW_REFUSAL_CONNTRACK, "ct(commit,zone=5,mark=0x7/0xffffffff)"},
    {ESW_REFUSAL_CONNTRACK, "ct_clear"},
    {ESW_REFUSAL_METER, "meter(0)"},
    {ESW_REFUSAL_SAMPLES, "sample(sample=50.0%,actions(1))"},
    {ESW_REFUSAL_NESTED, "clone(1)"},
    {ESW_REFUSAL_NESTED, "check_pkt_len(size=200,gt(drop),le(5))"},
    {ESW_REFUSAL_ACTION, "trunc(100)"},
    {ESW_REFUSAL_ACTION, "pop_nsh()"},
    {ESW_REFUSAL_SET_FIELD, "set(skb_mark(1))"},
    {ESW_REFUSAL_SET_FIELD, "set(skb_priority(1))"},
    {ESW_REFUSAL_SET_FIELD, "set(tunnel(tun_id=0x1,dst=1.1.1.1,ttl=64,flags(df)))"},
    {ESW_REFUSAL_SET_FIELD, "set(sctp(src=1,dst=2))"},
    {ESW_REFUSAL_SET_FIELD, "set(icmp(type=1,code=2))"},
    {ESW_REFUSAL_SET_FIELD,
     "set(arp(sip=1.1.1.1,tip=2.2.2.2,op=2,sha=02:00:00:00:00:01,"
     "tha=02:00:00:00:00:02))"},
    {ESW_REFUSAL_SET_FIELD, "set(mpls(label=5,tc=0,ttl=64,bos=1))"},
    {ESW_REFUSAL_TUNNEL_HEADER,
     "tnl_push(tnl_port(6),header(size=42,type=3,eth(dst=02:00:00:00:00:02,src=02:00:00:00:00:01,"
     "dl_type=0x0800),ipv4(src=1.1.2.88,dst=1.1.2.92,proto=47,tos=0,ttl=64,frag=0x4000),"
     "gre((flags=0x2000,proto=0x6558),key=0x1e241)),out_port(4))"},
};

TEST(FlowActions, WhatHasNothingLikeItIsRefused) {
    std::map<esw_refusal, int> seen;
    for (const Refused& refused : kRefused) {
        // Amid others, which stay.
        const auto actions = Parse("1," + refused.dpctl + ",2");
        ASSERT_EQ(actions.size(), 3u) << refused.dpctl;
        EXPECT_EQ(actions[0].port, 1u);
        EXPECT_EQ(actions[1].type, ESW_ACTION_OTHER) << refused.dpctl;
        EXPECT_EQ(actions[1].refusal, refused.refusal)
            << refused.dpctl << ": " << RefusalName(actions[1].refusal);
        EXPECT_EQ(actions[2].port, 2u);
        seen[refused.refusal]++;
    }
    for (const esw_refusal refusal :
         {ESW_REFUSAL_USERSPACE, ESW_REFUSAL_RECIRCULATES, ESW_REFUSAL_LB_OUTPUT,
          ESW_REFUSAL_CONNTRACK, ESW_REFUSAL_METER, ESW_REFUSAL_SAMPLES, ESW_REFUSAL_NESTED,
          ESW_REFUSAL_ACTION, ESW_REFUSAL_SET_FIELD, ESW_REFUSAL_TUNNEL_HEADER}) {
        EXPECT_GT(seen[refusal], 0) << RefusalName(refusal);
    }
}

TEST(FlowActions, MoreThanThereIsRoomForAreRefused) {
    std::string outputs = "1";
    for (int i = 1; i < OVS_MAX_ACTIONS; i++) {
        outputs += ",2";
    }
    EXPECT_EQ(Parse(outputs).back().type, ESW_ACTION_OUTPUT);
    EXPECT_EQ(Parse(outputs).size(), size_t{OVS_MAX_ACTIONS});

    const auto more = Parse(outputs + ",3,pop_vlan");
    ASSERT_EQ(more.size(), size_t{OVS_MAX_ACTIONS});
    EXPECT_EQ(more.back().type, ESW_ACTION_OTHER);
    EXPECT_EQ(more.back().refusal, ESW_REFUSAL_TOO_MANY_OUTPUTS);

    const auto other = Parse(outputs + ",pop_vlan,3");
    EXPECT_EQ(other.back().type, ESW_ACTION_OTHER);
    EXPECT_EQ(other.back().refusal, ESW_REFUSAL_ACTION);
}

// Attributes that no Open vSwitch of this version makes.

struct Attribute {
    uint16_t length, type;
    std::array<uint8_t, 64> data;
};

Actions Convert(const void* attributes, size_t length) {
    std::array<esw_flow_action, OVS_MAX_ACTIONS> actions;
    const size_t n = ovs_convert_attributes(attributes, length, actions.data());
    return Actions(actions.begin(), actions.begin() + n);
}

TEST(FlowActions, EachTypeWithEachLengthIsSurvived) {
    int refused = 0;
    for (uint16_t type = 0; type < 64; type++) {
        for (uint16_t length = 0; length <= 64; length++) {
            Attribute attribute{};
            attribute.length = static_cast<uint16_t>(4 + length);
            attribute.type = type;
            for (const auto& action : Convert(&attribute, 4u + length)) {
                refused += action.type == ESW_ACTION_OTHER;
            }
        }
    }
    EXPECT_GT(refused, 64 * 50);
}

// With all of the field's four bytes, as Open vSwitch's parser does not write it.
TEST(FlowActions, SetOfLabelIsOfTwentyBits) {
    Attribute attribute{};
    attribute.length = 4 + 4 + 40;
    attribute.type = 3;                  // OVS_ACTION_ATTR_SET
    const uint16_t key[] = {4 + 40, 8};  // OVS_KEY_ATTR_IPV6
    std::memcpy(attribute.data.data(), key, sizeof key);
    std::memset(&attribute.data[4 + 32], 0xff, 4);
    const auto actions = Convert(&attribute, attribute.length);
    ASSERT_EQ(actions.size(), 5u);
    EXPECT_EQ(Set(actions[2], 4), Field(ESW_FIELD_IPV6_LABEL, "000fffff/000fffff"));
}

TEST(FlowActions, SetOfAnotherLengthIsRefused) {
    for (const uint16_t masked : {0, 1}) {
        for (uint16_t size = 0; size <= 20; size++) {
            Attribute attribute{};
            attribute.length = static_cast<uint16_t>(4 + 4 + size);
            attribute.type = masked ? 11 : 3;  // OVS_ACTION_ATTR_SET_MASKED, SET
            const uint16_t key[] = {static_cast<uint16_t>(4 + size), 9};  // OVS_KEY_ATTR_TCP
            std::memcpy(attribute.data.data(), key, sizeof key);
            std::memset(&attribute.data[4], 0xff, size);
            const auto actions = Convert(&attribute, attribute.length);
            ASSERT_FALSE(actions.empty());
            EXPECT_EQ(actions[0].type, size == (masked ? 8 : 4) ? ESW_ACTION_SET : ESW_ACTION_OTHER)
                << masked << ' ' << size;
        }
    }
}

TEST(FlowActions, PushOfALongerHeaderThanThereIsIsRefused) {
    Parse(
        "tnl_push(tnl_port(5),header(size=50,type=4,eth(dst=02:00:00:00:00:02,"
        "src=02:00:00:00:00:01,dl_type=0x0800),ipv4(src=1.1.2.88,dst=1.1.2.92,proto=17,tos=0,"
        "ttl=64,frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x7b)),"
        "out_port(4))");
    size_t length = 0;
    const auto* bytes = static_cast<const uint8_t*>(ovs_attributes(&length));
    std::vector<uint8_t> cut(bytes, bytes + length);
    uint16_t whole = 0;
    std::memcpy(&whole, cut.data(), sizeof whole);
    for (uint16_t n = 4; n <= whole; n++) {
        std::memcpy(cut.data(), &n, sizeof n);
        const auto actions = Convert(cut.data(), n);
        ASSERT_EQ(actions.size(), 1u);
        EXPECT_EQ(actions[0].type, n < whole ? ESW_ACTION_OTHER : ESW_ACTION_TUNNEL_PUSH) << n;
    }
}

// Those that cannot be written as text, by OVS_ACTION_ATTR_*.
TEST(FlowActions, WhatHasNoTextIsRefused) {
    struct {
        const char* name;
        uint16_t type, size;
        esw_refusal refusal;
    } const cases[] = {
        {"hash", 8, 8, ESW_REFUSAL_HASHES},       {"push_mpls", 9, 8, ESW_REFUSAL_ACTION},
        {"pop_mpls", 10, 2, ESW_REFUSAL_ACTION},  {"push_eth", 14, 12, ESW_REFUSAL_ACTION},
        {"pop_eth", 15, 0, ESW_REFUSAL_ACTION},   {"push_nsh", 17, 8, ESW_REFUSAL_ACTION},
        {"add_mpls", 22, 10, ESW_REFUSAL_ACTION},
    };
    for (const auto& c : cases) {
        Attribute attribute{};
        attribute.length = static_cast<uint16_t>(4 + c.size);
        attribute.type = c.type;
        const auto actions = Convert(&attribute, attribute.length);
        ASSERT_EQ(actions.size(), 1u) << c.name;
        EXPECT_EQ(actions[0].type, ESW_ACTION_OTHER) << c.name;
        EXPECT_EQ(actions[0].refusal, c.refusal) << c.name;
    }
}

TEST(FlowActions, UnknownOnesAreRefused) {
    Attribute attribute{};
    attribute.length = 8;
    for (const uint16_t type : {0, 40, 1000}) {
        attribute.type = type;
        const auto actions = Convert(&attribute, 8);
        ASSERT_EQ(actions.size(), 1u);
        EXPECT_EQ(actions[0].type, ESW_ACTION_OTHER);
        EXPECT_EQ(actions[0].refusal, ESW_REFUSAL_ACTION);
    }
}

TEST(FlowActions, OneThatIsCutOffIsRefused) {
    Parse("1,set(eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02))");
    size_t length = 0;
    const auto* bytes = static_cast<const uint8_t*>(ovs_attributes(&length));
    ASSERT_GT(length, 9u);
    for (size_t n = 9; n < length; n++) {
        const auto actions = Convert(bytes, n);
        ASSERT_EQ(actions.size(), 2u) << n;
        EXPECT_EQ(actions[0].port, 1u);
        EXPECT_EQ(actions[1].type, ESW_ACTION_OTHER) << n;
    }
}

TEST(FlowActions, RandomBytesAreSurvived) {
    std::mt19937 random(7);
    size_t n_actions = 0;
    for (int round = 0; round < 20'000; round++) {
        alignas(8) std::array<uint8_t, 256> bytes{};
        for (uint8_t& byte : bytes) {
            byte = static_cast<uint8_t>(random());
        }
        // Mostly types and lengths that there are, one in the other.
        for (size_t at = 0; at + 8 <= bytes.size();) {
            const uint16_t length = static_cast<uint16_t>(4 + random() % 60);
            const uint16_t type = static_cast<uint16_t>(random() % 30);
            std::memcpy(&bytes[at], &length, 2);
            std::memcpy(&bytes[at + 2], &type, 2);
            if (random() % 2) {
                const uint16_t inner = static_cast<uint16_t>(length - 4);
                const uint16_t key = static_cast<uint16_t>(random() % 34);
                std::memcpy(&bytes[at + 4], &inner, 2);
                std::memcpy(&bytes[at + 6], &key, 2);
            }
            at += (length + 3u) & ~3u;
        }
        n_actions += Convert(bytes.data(), random() % (bytes.size() + 1)).size();
    }
    EXPECT_GT(n_actions, 20'000u);
}

}  // namespace
}  // namespace esw
