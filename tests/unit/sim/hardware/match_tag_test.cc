// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/match_tag.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/sim/hardware/frames.h"

namespace esw::sim {
namespace {

// The tags, byte by byte, of packets in which every field has a value of its own. The places are
// those of mlx5_ifc_dr_ste_v1.h of Linux 6.1, counted by hand.

std::string hex(const MatchTag& tag) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (size_t i = 0; i < tag.size(); i++) {
        text += i > 0 && i % 4 == 0 ? " " : "";
        text += digits[std::to_integer<int>(tag[i]) >> 4];
        text += digits[std::to_integer<int>(tag[i]) & 0xf];
    }
    return text;
}

std::string tag(uint16_t lookup_type, const FrameWriter& writer,
                const std::optional<GeneveOption>& option = std::nullopt) {
    SteeredPacket packet;
    packet.frame = writer.finish();
    packet.headers = parse_packet(packet.frame);
    packet.source_gvmi = 0x1234;
    packet.reg_a = 0xa0a1a2a3;
    for (uint32_t i = 0; i < packet.reg_c.size(); i++) {
        packet.reg_c[i] = 0xc0c1c200 + i;
    }
    const auto tag = match_tag(lookup_type, packet, option);
    return tag ? hex(*tag) : "unknown";
}

/// Ethernet with two tags, IPv4 and TCP.
FrameWriter& tcp4(FrameWriter& writer) {
    return writer.ethernet(0x0102030405a6, 0x0a0b0c0d0e0f, 0x88a8)
        .vlan(0x7123, 0x8100)
        .vlan(0x9456, 0x0800)
        .ip4(0x0a010203, 0x0b040506, 6, 0x3c, 0xb9)
        .tcp(0x1112, 0x2122, 0x31323334, 0x41424344, 0x155);
}

/// Ethernet, IPv6 and UDP.
FrameWriter& udp6(FrameWriter& writer) {
    return writer.ethernet(0x0102030405a6, 0x0a0b0c0d0e0f, 0x86dd)
        .ip6(0x51525354, 0x61626364, 17, 0x3d, 0xb9 << 20 | 0x54321)
        .udp(0x1112, 0x2122);
}

FrameWriter icmp(uint8_t protocol) {
    FrameWriter writer;
    protocol == 1 ? writer.ethernet(1, 2, 0x0800).ip4(1, 2, protocol)
                  : writer.ethernet(1, 2, 0x86dd).ip6(1, 2, protocol);
    return writer.u8(0x80).u8(0x05).u16(0).u32(0x71727374).u32(0x81828384);
}

FrameWriter vxlan() {
    return FrameWriter()
        .ethernet(1, 2, 0x0800)
        .ip4(1, 2, 17)
        .udp(3, 4789, false)
        .u32(0x08000000)
        .u32(0xabcdef00);
}

const std::string kNothing = "00000000 00000000 00000000 00000000";

TEST(MatchTag, Layer2) {
    FrameWriter outer, inner = vxlan();
    tcp4(outer);
    tcp4(inner);
    // IPv4, TCP and a service tag (0x15) of priority 3, CFI and id 0x123; then the address and the
    // ethertype; l2_ok, l3_ok, l4_ok and a customer tag (0x1e) of priority 4, CFI and id 0x456.
    const std::string dst = "00157123 01020304 05a60800 001e9456";
    const std::string src = "00157123 0a0b0c0d 0e0f0800 001e9456";
    const std::string both = "01020304 0a0b0c0d 05a60011 71230e0f";
    EXPECT_EQ(tag(0x0003, outer), dst);
    EXPECT_EQ(tag(0x0004, inner), dst);
    EXPECT_EQ(tag(0x0005, outer), src);
    EXPECT_EQ(tag(0x0006, inner), src);
    EXPECT_EQ(tag(0x000b, outer), both);
    EXPECT_EQ(tag(0x000c, inner), both);
    EXPECT_EQ(tag(0x0002, inner), "abcdef00 01020304 05a60800 00157123");
    // Without a tunnel there is nothing inside.
    EXPECT_EQ(tag(0x0004, outer), kNothing);
    EXPECT_EQ(tag(0x000c, outer), kNothing);
    EXPECT_EQ(tag(0x0002, outer), kNothing);
}

TEST(MatchTag, Ip4AndTcp) {
    FrameWriter outer, inner = vxlan();
    tcp4(outer);
    tcp4(inner);
    const std::string tuple = "0a010203 0b040506 11122122 0d55b906";
    EXPECT_EQ(tag(0x0007, outer), tuple);
    EXPECT_EQ(tag(0x0008, inner), tuple);
    EXPECT_EQ(tag(0x0008, outer), kNothing);
    const std::string misc = "12340000 00280000 453c0000 00000000";
    EXPECT_EQ(tag(0x000d, outer), misc);
    EXPECT_EQ(tag(0x000f, inner), misc);
    // Window, acknowledgement and sequence number; a checksum follows.
    EXPECT_EQ(tag(0x0113, outer).substr(0, 26), "03e80000 41424344 31323334");
    EXPECT_EQ(tag(0x0114, inner).substr(0, 26), "03e80000 41424344 31323334");
}

TEST(MatchTag, Ip6AndUdp) {
    FrameWriter outer, inner = vxlan();
    udp6(outer);
    udp6(inner);
    const std::string dst = "20010db8 00000003 00000004 61626364";
    const std::string src = "20010db8 00000001 00000002 51525354";
    const std::string l4 = "60b93d11 11122122 00054321 0c000008";
    EXPECT_EQ(tag(0x0107, outer), dst);
    EXPECT_EQ(tag(0x0108, inner), dst);
    EXPECT_EQ(tag(0x0109, outer), src);
    EXPECT_EQ(tag(0x010a, inner), src);
    EXPECT_EQ(tag(0x0009, outer), l4);
    EXPECT_EQ(tag(0x000a, inner), l4);
    // The outer headers of the tunnel are of IPv4.
    EXPECT_EQ(tag(0x0107, inner), kNothing);
    EXPECT_EQ(tag(0x0109, inner), kNothing);
}

TEST(MatchTag, Fragment) {
    FrameWriter frame;
    frame.ethernet(1, 2, 0x0800).ip4(1, 2, 17, 64, 0, 0x2000).udp(1, 2);
    EXPECT_EQ(tag(0x0003, frame), "10100000 00000000 00010800 00180000");
    EXPECT_EQ(tag(0x0007, frame), "00000001 00000002 00000000 06000011");
}

TEST(MatchTag, IcmpIsInThePlaceOfTcp) {
    EXPECT_EQ(tag(0x0113, icmp(1)), "81828384 71727374 80050000 00000000");
    EXPECT_EQ(tag(0x0113, icmp(58)), "81828384 71727374 80050000 00000000");
}

TEST(MatchTag, TunnelHeaders) {
    FrameWriter inner = vxlan();
    tcp4(inner);
    EXPECT_EQ(tag(0x000e, inner), "08000000 abcdef00 00000000 00000000");
    EXPECT_EQ(tag(0x0117, inner), "08000000 abcdef00 01020304 05a60a0b");
    FrameWriter gre;
    gre.ethernet(1, 2, 0x0800).ip4(1, 2, 47).u32(0xb0006558).u32(0).u32(0x01020304).u32(0);
    EXPECT_EQ(tag(0x010d, gre), "b0006558 00000000 01020304 00000000");
    EXPECT_EQ(tag(0x010d, inner), kNothing);
    EXPECT_EQ(tag(0x000e, gre), kNothing);
}

TEST(MatchTag, FlexParsersCountFromTheLastWord) {
    FrameWriter geneve;
    geneve.ethernet(1, 2, 0x0800).ip4(1, 2, 17).udp(1, 6081, false);
    geneve.u32(0x02006558).u32(0).u32(0x01028001).u32(0xdeadbeef);
    EXPECT_EQ(tag(0x0111, geneve, GeneveOption{0x0102, 0x80, 1, 0}),
              "00000000 00000000 00000000 deadbeef");
    EXPECT_EQ(tag(0x0112, geneve, GeneveOption{0x0102, 0x80, 1, 6}),
              "00000000 deadbeef 00000000 00000000");
    EXPECT_EQ(tag(0x0111, geneve, GeneveOption{0x0102, 0x80, 1, 6}), kNothing);
    EXPECT_EQ(tag(0x0011, geneve, GeneveOption{0x0102, 0x80, 1, 6}),
              "00000000 00000000 40000000 00000000");
    EXPECT_EQ(tag(0x0011, geneve), kNothing);
}

TEST(MatchTag, WhatGoesWithThePacket) {
    const FrameWriter frame = icmp(1);
    EXPECT_EQ(tag(0x0104, frame), "00001234 00000000 00000000 00000000");
    EXPECT_EQ(tag(0x010e, frame), "a0a1a2a3 00000000 00000000 00000000");
    EXPECT_EQ(tag(0x010f, frame), "c0c1c200 c0c1c201 c0c1c202 c0c1c203");
    EXPECT_EQ(tag(0x0110, frame), "c0c1c204 c0c1c205 c0c1c206 c0c1c207");
}

TEST(MatchTag, OtherLookupTypesAreUnknown) {
    EXPECT_EQ(tag(0x010b, icmp(1)), "unknown");
    EXPECT_EQ(tag(0xffff, icmp(1)), "unknown");
}

}  // namespace
}  // namespace esw::sim
