// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "esw-manager/flow/megaflow.h"
#include "tests/unit/shim/flow_text.h"
#include "tests/unit/shim/ovs_flows.h"

namespace esw {
namespace {

esw_flow_match Parse(const std::string& dpctl) {
    esw_flow_match match{};
    EXPECT_TRUE(ovs_convert_match(dpctl.c_str(), &match)) << dpctl;
    return match;
}

esw_flow_match ParseOpenFlow(const std::string& openflow) {
    esw_flow_match match{};
    EXPECT_TRUE(ovs_convert_openflow(openflow.c_str(), &match)) << openflow;
    return match;
}

class FlowMatch : public testing::Test {
protected:
    FlowMatch() { ovs_set_vlan_limit(1); }
    ~FlowMatch() override { ovs_set_vlan_limit(2); }
};

TEST_F(FlowMatch, HeadersOfIpv4AndTcp) {
    const auto match = Parse(
        "recirc_id(0),in_port(7),packet_type(ns=0,id=0),"
        "eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02/ff:ff:00:00:00:ff),eth_type(0x0800),"
        "ipv4(src=10.1.2.3,dst=10.4.0.0/255.255.0.0,proto=6,tos=0x12/0xfc,ttl=64,frag=no),"
        "tcp(src=1000,dst=2000/0xfff0),tcp_flags(syn|ack)");

    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(match.in_port, 7u);
    EXPECT_EQ(Mac(match.key.eth_src), "02:00:00:00:00:01");
    EXPECT_EQ(Mac(match.mask.eth_src), "ff:ff:ff:ff:ff:ff");
    EXPECT_EQ(Mac(match.key.eth_dst), "02:00:00:00:00:02");
    EXPECT_EQ(Mac(match.mask.eth_dst), "ff:ff:00:00:00:ff");
    EXPECT_EQ(match.key.eth_type, 0x800);
    EXPECT_EQ(match.mask.eth_type, 0xffff);
    EXPECT_EQ(Ip(match.key.ip_src), "::10.1.2.3");
    EXPECT_EQ(Ip(match.mask.ip_src), "::255.255.255.255");
    EXPECT_EQ(Ip(match.key.ip_dst), "::10.4.0.0");
    EXPECT_EQ(Ip(match.mask.ip_dst), "::255.255.0.0");
    EXPECT_EQ(match.key.ip_proto, 6);
    EXPECT_EQ(match.mask.ip_proto, 0xff);
    EXPECT_EQ(match.key.ip_tos, 0x10);
    EXPECT_EQ(match.mask.ip_tos, 0xfc);
    EXPECT_EQ(match.key.ip_ttl, 64);
    EXPECT_EQ(match.mask.ip_ttl, 0xff);
    EXPECT_EQ(match.key.ip_frag, 0);
    EXPECT_EQ(match.mask.ip_frag, ESW_FRAGMENT_ANY | ESW_FRAGMENT_LATER);
    EXPECT_EQ(match.key.l4_src, 1000);
    EXPECT_EQ(match.mask.l4_src, 0xffff);
    EXPECT_EQ(match.key.l4_dst, 2000 & 0xfff0);
    EXPECT_EQ(match.mask.l4_dst, 0xfff0);
    EXPECT_EQ(match.key.tcp_flags, 0x12);
    EXPECT_EQ(match.mask.tcp_flags, 0xfff);
    EXPECT_EQ(match.key.ipv6_label, 0u);
    EXPECT_EQ(match.mask.ipv6_label, 0u);
    EXPECT_EQ(match.mask.tunnel.id, 0u);
}

TEST_F(FlowMatch, HeadersOfIpv6AndUdp) {
    const auto match = Parse(
        "in_port(1),eth(),eth_type(0x86dd),"
        "ipv6(src=2001:db8::1,dst=2001:db8::/ffff:ffff::,label=0xabcde,"
        "proto=17,tclass=0x70,hlimit=3,frag=later)");

    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(match.key.eth_type, 0x86dd);
    EXPECT_EQ(Ip(match.key.ip_src), "2001:db8::1");
    EXPECT_EQ(Ip(match.mask.ip_src), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    EXPECT_EQ(Ip(match.key.ip_dst), "2001:db8::");
    EXPECT_EQ(Ip(match.mask.ip_dst), "ffff:ffff::");
    EXPECT_EQ(match.key.ipv6_label, 0xabcdeu);
    EXPECT_EQ(match.mask.ipv6_label, 0xfffffu);
    EXPECT_EQ(match.key.ip_proto, 17);
    EXPECT_EQ(match.key.ip_tos, 0x70);
    EXPECT_EQ(match.key.ip_ttl, 3);
    EXPECT_EQ(match.key.ip_frag, ESW_FRAGMENT_ANY | ESW_FRAGMENT_LATER);
    EXPECT_EQ(match.mask.l4_dst, 0);

    const auto first = Parse(
        "in_port(1),eth(),eth_type(0x86dd),ipv6(proto=17,frag=first),"
        "udp(src=5,dst=6)");
    EXPECT_EQ(first.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(first.key.ip_frag, ESW_FRAGMENT_ANY);
    EXPECT_EQ(first.key.l4_src, 5);
    EXPECT_EQ(first.key.l4_dst, 6);
}

TEST_F(FlowMatch, TypeAndCodeOfIcmp) {
    const auto v4 =
        Parse("in_port(1),eth(),eth_type(0x0800),ipv4(proto=1,frag=no),icmp(type=8,code=3)");
    EXPECT_EQ(v4.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(v4.key.l4_src, 8);
    EXPECT_EQ(v4.key.l4_dst, 3);

    const auto v6 =
        Parse("in_port(1),eth(),eth_type(0x86dd),ipv6(proto=58,frag=no),icmpv6(type=128,code=1)");
    EXPECT_EQ(v6.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(v6.key.l4_src, 128);
    EXPECT_EQ(v6.key.l4_dst, 1);
}

TEST_F(FlowMatch, LaterFragmentsHaveNoPorts) {
    const auto match = ParseOpenFlow("udp6,nw_frag=later,udp_src=0");
    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(match.mask.l4_src, 0);
    EXPECT_EQ(ParseOpenFlow("udp6,nw_frag=later,udp_src=5").refusal, ESW_REFUSAL_MATCH_L4);
}

TEST_F(FlowMatch, ZerosThatPacketsHaveByNatureAreNotMatched) {
    const auto plain = Parse("in_port(1),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp()");
    const auto zeros = Parse(
        "recirc_id(0),dp_hash(0/0xff),skb_priority(0),skb_mark(0),"
        "ct_state(-trk),ct_zone(0),ct_mark(0),ct_label(0),in_port(1),"
        "packet_type(ns=0,id=0),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp()");

    EXPECT_EQ(zeros.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(0, std::memcmp(&plain, &zeros, sizeof plain));
}

TEST_F(FlowMatch, AllPacketsOfAPort) {
    const auto match = ParseOpenFlow("");
    esw_flow_match none{};

    EXPECT_EQ(0, std::memcmp(&match, &none, sizeof match));
}

// Tags.

TEST_F(FlowMatch, NoTagHasOneForm) {
    for (const char* tag : {"0x1fff", "0xffff", "0x1000"}) {
        const auto match = ParseOpenFlow(fmt::format("vlan_tci=0x0000/{},ip", tag));
        EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
        EXPECT_EQ(match.key.vlans[0].tci, 0);
        EXPECT_EQ(match.mask.vlans[0].tci, ESW_VLAN_PRESENT);
        EXPECT_EQ(match.mask.vlans[0].tpid, 0);
        EXPECT_EQ(match.mask.vlans[1].tci, 0);
    }
}

TEST_F(FlowMatch, OneTagIsTheOnlyOne) {
    const auto match = Parse(
        "in_port(1),eth(),eth_type(0x8100),vlan(vid=100,pcp=3),"
        "encap(eth_type(0x0800),ipv4(frag=no))");

    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(match.key.vlans[0].tpid, 0x8100);
    EXPECT_EQ(match.mask.vlans[0].tpid, 0xffff);
    EXPECT_EQ(match.key.vlans[0].tci, 0x7064);
    EXPECT_EQ(match.mask.vlans[0].tci, 0xffff);
    EXPECT_EQ(match.key.eth_type, 0x800);
    // A packet with two has another type for Open vSwitch, which looks at one.
    EXPECT_EQ(match.key.vlans[1].tci, 0);
    EXPECT_EQ(match.mask.vlans[1].tci, ESW_VLAN_PRESENT);
}

TEST_F(FlowMatch, SecondTagBehindTheLimitIsATag) {
    const auto match = ParseOpenFlow("vlan_tci=0x1064/0x1fff,dl_type=0x8100");

    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(match.key.vlans[0].tci, 0x1064);
    EXPECT_EQ(match.mask.vlans[0].tci, 0x1fff);
    EXPECT_EQ(match.key.vlans[1].tpid, 0x8100);
    EXPECT_EQ(match.mask.vlans[1].tpid, 0xffff);
    EXPECT_EQ(match.key.vlans[1].tci, ESW_VLAN_PRESENT);
    EXPECT_EQ(match.mask.vlans[1].tci, ESW_VLAN_PRESENT);
    EXPECT_EQ(match.mask.eth_type, 0);
}

TEST_F(FlowMatch, TwoTags) {
    ovs_set_vlan_limit(2);
    const auto match = Parse(
        "in_port(1),eth(),eth_type(0x88a8),vlan(vid=5,pcp=0),encap("
        "eth_type(0x8100),vlan(vid=6/0xff,pcp=1),encap(eth_type(0x86dd),ipv6(frag=no)))");

    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(match.key.vlans[0].tpid, 0x88a8);
    EXPECT_EQ(match.key.vlans[0].tci, 0x1005);
    EXPECT_EQ(match.key.vlans[1].tpid, 0x8100);
    EXPECT_EQ(match.key.vlans[1].tci, 0x3006);
    EXPECT_EQ(match.mask.vlans[1].tci, 0xf0ff);
    EXPECT_EQ(match.key.eth_type, 0x86dd);
}

// Tunnels.

TEST_F(FlowMatch, Vxlan) {
    const auto match = Parse(
        "tunnel(tun_id=0x4d,src=172.16.0.2,dst=172.16.0.1,tos=0x8/0xfc,ttl=64,"
        "tp_src=0/0,tp_dst=4789,flags(-df+csum+key)),in_port(5),eth(),eth_type(0x0800),"
        "ipv4(frag=no)");

    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_FALSE(match.key.tunnel.is_ipv6);
    EXPECT_FALSE(match.mask.tunnel.is_ipv6);
    EXPECT_EQ(match.key.tunnel.id, 0x4du);
    EXPECT_EQ(match.mask.tunnel.id, UINT64_MAX);
    EXPECT_EQ(Ip(match.key.tunnel.src), "::172.16.0.2");
    EXPECT_EQ(Ip(match.mask.tunnel.src), "::255.255.255.255");
    EXPECT_EQ(Ip(match.key.tunnel.dst), "::172.16.0.1");
    EXPECT_EQ(match.key.tunnel.tos, 8);
    EXPECT_EQ(match.mask.tunnel.tos, 0xfc);
    EXPECT_EQ(match.key.tunnel.ttl, 64);
    EXPECT_EQ(match.mask.tunnel.udp_src, 0);
    EXPECT_EQ(match.key.tunnel.udp_dst, 4789);
    EXPECT_EQ(match.mask.tunnel.udp_dst, 0xffff);
    EXPECT_EQ(match.key.tunnel.flags, 0xc);
    EXPECT_EQ(match.mask.tunnel.flags, 0xe);
    EXPECT_EQ(match.mask.tunnel.options_length, 0);
    // What only the netdev knows.
    EXPECT_EQ(match.tunnel_type, ESW_TUNNEL_NONE);
}

TEST_F(FlowMatch, GeneveWithOptions) {
    const auto match = Parse(
        "tunnel(tun_id=0x5,ipv6_src=fc00::2,ipv6_dst=fc00::1,ttl=64,tp_dst=6081,"
        "geneve({class=0x102,type=0x80,len=4,0xa0b/0xffff}),flags(-df-csum+key)),"
        "in_port(5),eth(),eth_type(0x0800),ipv4(frag=no)");

    EXPECT_EQ(match.refusal, ESW_REFUSAL_NONE);
    EXPECT_TRUE(match.key.tunnel.is_ipv6);
    EXPECT_TRUE(match.mask.tunnel.is_ipv6);
    EXPECT_EQ(Ip(match.key.tunnel.src), "fc00::2");
    EXPECT_EQ(match.key.tunnel.flags, 0x8);
    EXPECT_EQ(match.mask.tunnel.flags, 0xe);
    EXPECT_EQ(match.key.tunnel.options_length, 8);
    EXPECT_EQ(match.mask.tunnel.options_length, 0xffff);
    EXPECT_EQ(Hex(match.key.tunnel.options, 9),
              "010280010000"
              "0a0b"
              "00");
    EXPECT_EQ(Hex(match.mask.tunnel.options, 9),
              "ffffff1f"
              "0000ffff"
              "00");
}

// Refusals: one case or more for each that is of the match alone.

struct Refused {
    esw_refusal refusal;
    std::string openflow, dpctl;
};

const std::string kIpv4 = "in_port(1),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp()";

std::vector<Refused> RefusedMatches() {
    return {
        {ESW_REFUSAL_RECIRCULATED, "recirc_id=1,ip", ""},
        {ESW_REFUSAL_RECIRCULATED, "recirc_id=2,dp_hash=3,ct_state=+trk,ip", ""},
        {ESW_REFUSAL_MATCH_DP_HASH, "", "dp_hash(0x5/0xff)," + kIpv4},
        {ESW_REFUSAL_MATCH_CONNTRACK, "ct_state=+trk+est,ip", ""},
        {ESW_REFUSAL_MATCH_CONNTRACK, "ct_zone=5,ip", ""},
        {ESW_REFUSAL_MATCH_CONNTRACK, "ct_mark=5,ip", ""},
        {ESW_REFUSAL_MATCH_CONNTRACK, "ct_label=5,ip", ""},
        {ESW_REFUSAL_MATCH_METADATA, "metadata=1", ""},
        {ESW_REFUSAL_MATCH_METADATA, "reg0=1", ""},
        {ESW_REFUSAL_MATCH_METADATA, "xreg7=0x1", ""},
        {ESW_REFUSAL_MATCH_METADATA, "pkt_mark=1", ""},
        {ESW_REFUSAL_MATCH_METADATA, "conj_id=1", ""},
        {ESW_REFUSAL_MATCH_METADATA, "actset_output=1", ""},
        {ESW_REFUSAL_MATCH_METADATA, "", "skb_priority(1)," + kIpv4},
        {ESW_REFUSAL_MATCH_PACKET_TYPE, "packet_type=(1,0x800)", ""},
        {ESW_REFUSAL_MATCH_ETH_TYPE, "dl_type=0x5ff", ""},
        {ESW_REFUSAL_MATCH_MPLS, "mpls,mpls_label=3", ""},
        {ESW_REFUSAL_MATCH_NSH, "dl_type=0x894f,nsh_spi=1", ""},
        {ESW_REFUSAL_MATCH_ARP, "arp,arp_op=1", ""},
        {ESW_REFUSAL_MATCH_ARP, "arp,arp_spa=10.0.0.1", ""},
        {ESW_REFUSAL_MATCH_ARP, "arp,arp_tpa=0.0.0.0", ""},
        {ESW_REFUSAL_MATCH_ARP, "arp,arp_sha=02:00:00:00:00:01", ""},
        {ESW_REFUSAL_MATCH_ARP, "arp,arp_tha=00:00:00:00:00:00", ""},
        {ESW_REFUSAL_MATCH_ND, "icmp6,icmp_type=135,nd_target=::", ""},
        {ESW_REFUSAL_MATCH_ND, "icmp6,icmp_type=135,icmp_code=0,nd_sll=00:00:00:00:00:00", ""},
        {ESW_REFUSAL_MATCH_ND, "icmp6,icmp_type=136,icmp_code=0,nd_reserved=0", ""},
        {ESW_REFUSAL_MATCH_VLAN, "vlan_tci=0x0000,dl_type=0x8100", ""},
        {ESW_REFUSAL_MATCH_TUNNEL, "tun_id=1,ip", ""},
        {ESW_REFUSAL_MATCH_TUNNEL, "",
         "tunnel(src=1.1.1.1,dst=2.2.2.2,ttl=64,vxlan(gbp(id=1,flags=0)),flags(key))," + kIpv4},
        {ESW_REFUSAL_MATCH_TUNNEL, "",
         "tunnel(src=1.1.1.1,dst=2.2.2.2,ttl=64,erspan(ver=1,idx=0x7),flags(key))," + kIpv4},
    };
}

TEST_F(FlowMatch, WhatHasNoPlaceIsRefused) {
    std::map<esw_refusal, int> seen;
    for (const Refused& refused : RefusedMatches()) {
        const auto match =
            refused.dpctl.empty() ? ParseOpenFlow(refused.openflow) : Parse(refused.dpctl);
        EXPECT_EQ(match.refusal, refused.refusal) << refused.openflow << refused.dpctl;
        seen[refused.refusal]++;
    }
    esw_flow_match igmp;
    ovs_convert_igmp(&igmp);
    EXPECT_EQ(igmp.refusal, ESW_REFUSAL_MATCH_L4);
    seen[igmp.refusal]++;
    // The others are of what a port, an adapter or the actions are.
    for (const esw_refusal refusal :
         {ESW_REFUSAL_RECIRCULATED, ESW_REFUSAL_MATCH_DP_HASH, ESW_REFUSAL_MATCH_CONNTRACK,
          ESW_REFUSAL_MATCH_METADATA, ESW_REFUSAL_MATCH_PACKET_TYPE, ESW_REFUSAL_MATCH_ETH_TYPE,
          ESW_REFUSAL_MATCH_MPLS, ESW_REFUSAL_MATCH_NSH, ESW_REFUSAL_MATCH_ARP,
          ESW_REFUSAL_MATCH_ND, ESW_REFUSAL_MATCH_L4, ESW_REFUSAL_MATCH_VLAN,
          ESW_REFUSAL_MATCH_TUNNEL}) {
        EXPECT_GT(seen[refusal], 0) << RefusalName(refusal);
    }
}

// Each byte of struct flow.

class FlowMatchBytes : public testing::TestWithParam<ovs_base> {};

TEST_P(FlowMatchBytes, NothingThatIsMatchedGetsLost) {
    esw_flow_match plain, match;
    ovs_convert_with_byte(GetParam(), 0, 0, &plain);
    ASSERT_EQ(plain.refusal, ESW_REFUSAL_NONE);

    size_t matched = 0;
    for (size_t byte = 0; byte < ovs_flow_size(); byte++) {
        for (int bit = 0; bit < 8; bit++) {
            const auto value = static_cast<uint8_t>(1 << bit);
            ovs_convert_with_byte(GetParam(), byte, value, &match);
            const bool lost = !std::memcmp(&match, &plain, sizeof match);
            if (ovs_is_no_field(GetParam(), byte, value)) {
                continue;
            }
            EXPECT_FALSE(lost) << "byte " << byte << ", bit " << bit;
            matched++;
        }
    }
    // Most of struct flow is Geneve's options.
    EXPECT_GT(matched, 8u * 250);
}

INSTANTIATE_TEST_SUITE_P(All, FlowMatchBytes,
                         testing::Values(OVS_BASE_IPV4_TCP, OVS_BASE_IPV6_UDP, OVS_BASE_ARP,
                                         OVS_BASE_VXLAN, OVS_BASE_GENEVE));

// At random.

TEST(FlowMatchAtRandom, ComesBackAsItWas) {
    for (const int limit : {1, 2}) {
        ovs_set_vlan_limit(limit);
        for (uint32_t seed = 0; seed < 10'000; seed++) {
            const char* difference = ovs_random_round_trip(seed);
            ASSERT_EQ(difference, nullptr)
                << difference << ", seed " << seed << ", limit " << limit;
        }
    }
}

TEST(FlowMatchAtRandom, IsRefusedForTheOneThingThatHasNoPlace) {
    ovs_set_vlan_limit(2);
    for (uint32_t seed = 0; seed < 10'000; seed++) {
        const char* wrong = ovs_random_refusal(seed);
        ASSERT_EQ(wrong, nullptr) << wrong << ", seed " << seed;
    }
}

}  // namespace
}  // namespace esw
