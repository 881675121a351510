// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/packet.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/sim/hardware/frames.h"

namespace esw::sim {
namespace {

using Transport = Headers::Transport;
constexpr uint64_t kDst = 0x0102030405aa, kSrc = 0x0a0b0c0d0e0f;

TEST(Packet, EthernetOfAnyType) {
    const auto frame = FrameWriter().ethernet(kDst, kSrc, 0x0806).text("arp").finish();
    const Headers h = parse_packet(frame).outer;
    EXPECT_EQ(h.dmac, kDst);
    EXPECT_EQ(h.smac, kSrc);
    EXPECT_EQ(h.ethertype, 0x0806);
    EXPECT_EQ(h.vlans, 0);
    EXPECT_EQ(h.ip_version, 0);
    EXPECT_FALSE(h.l3);
}

TEST(Packet, TwoVlanTagsAreParsedAndAThirdIsNot) {
    const auto frame = FrameWriter()
                           .ethernet(kDst, kSrc, 0x88a8)
                           .vlan(0x2064, 0x8100)
                           .vlan(0xf001, 0x0800)
                           .ip4(1, 2, 6, 9, 0xb9)
                           .tcp(80, 443, 7, 8, 0x1ff)
                           .finish();
    const Headers h = parse_packet(frame).outer;
    ASSERT_EQ(h.vlans, 2);
    EXPECT_EQ(h.vlan[0].protocol, 0x88a8);
    EXPECT_EQ(h.vlan[0].control, 0x2064);
    EXPECT_EQ(h.vlan[1].protocol, 0x8100);
    EXPECT_EQ(h.vlan[1].control, 0xf001);
    EXPECT_EQ(h.ethertype, 0x0800);
    EXPECT_EQ(h.ttl, 9);
    EXPECT_EQ(h.dscp, 0xb9 >> 2);
    EXPECT_EQ(h.ecn, 1);
    EXPECT_EQ(h.transport, Transport::kTcp);
    EXPECT_EQ(h.tcp_flags, 0x1ff);
    EXPECT_EQ(h.tcp_seq, 7u);
    EXPECT_EQ(h.tcp_ack, 8u);

    const auto three = FrameWriter()
                           .ethernet(kDst, kSrc, 0x8100)
                           .vlan(1, 0x8100)
                           .vlan(2, 0x8100)
                           .vlan(3, 0x0800)
                           .ip4(1, 2, 6)
                           .finish();
    EXPECT_EQ(parse_packet(three).outer.ethertype, 0x8100);
    EXPECT_FALSE(parse_packet(three).outer.l3);
}

TEST(Packet, Ip4WithOptions) {
    const auto frame = FrameWriter()
                           .ethernet(kDst, kSrc, 0x0800)
                           .ip4(0x0a000001, 0x0a000002, 17, 64, 0, 0, 8)
                           .udp(1000, 2000)
                           .finish();
    const Headers h = parse_packet(frame).outer;
    EXPECT_EQ(h.ihl, 7);
    EXPECT_EQ(h.src[3], 0x0a000001u);
    EXPECT_EQ(h.dst[3], 0x0a000002u);
    EXPECT_EQ(h.l4, 14u + 28u);
    EXPECT_EQ(h.sport, 1000);
    EXPECT_EQ(h.dport, 2000);
}

TEST(Packet, PaddingIsNoTransportHeader) {
    auto frame = FrameWriter().ethernet(kDst, kSrc, 0x0800).ip4(1, 2, 17).finish();
    frame.resize(60);
    EXPECT_EQ(parse_packet(frame).outer.protocol, 17);
    EXPECT_EQ(parse_packet(frame).outer.transport, Transport::kNone);
}

TEST(Packet, FragmentsHaveNoTransportHeader) {
    const auto make = [](uint16_t fragment) {
        const auto frame = FrameWriter()
                               .ethernet(kDst, kSrc, 0x0800)
                               .ip4(1, 2, 17, 64, 0, fragment)
                               .udp(1, 2)
                               .finish();
        return parse_packet(frame).outer;
    };
    EXPECT_FALSE(make(0x4000).fragment);  // do not fragment
    EXPECT_EQ(make(0x4000).transport, Transport::kUdp);
    EXPECT_TRUE(make(0x2000).fragment);
    EXPECT_TRUE(make(0x2000).first_fragment);
    EXPECT_TRUE(make(0x2000).l4.has_value());
    EXPECT_EQ(make(0x2000).transport, Transport::kNone);
    EXPECT_TRUE(make(0x00b9).fragment);
    EXPECT_FALSE(make(0x00b9).first_fragment);
    EXPECT_FALSE(make(0x00b9).l4.has_value());
}

TEST(Packet, Ip6WithExtensionHeaders) {
    const auto frame = FrameWriter()
                           .ethernet(kDst, kSrc, 0x86dd)
                           .ip6(5, 6, 0, 33, 0xb9 << 20 | 0x54321)
                           .u8(60)
                           .u8(1)
                           .text("..............")  // hop by hop, 16 bytes
                           .u8(43)
                           .u8(0)
                           .text("......")  // destination options
                           .u8(6)
                           .u8(0)
                           .text("......")  // routing
                           .tcp(80, 443)
                           .finish();
    const Headers h = parse_packet(frame).outer;
    EXPECT_EQ(h.ip_version, 6);
    EXPECT_EQ(h.ttl, 33);
    EXPECT_EQ(h.dscp, 0xb9 >> 2);
    EXPECT_EQ(h.ecn, 1);
    EXPECT_EQ(h.flow_label, 0x54321u);
    EXPECT_EQ(h.src[3], 5u);
    EXPECT_EQ(h.dst[3], 6u);
    EXPECT_EQ(h.dst[0], 0x20010db8u);
    EXPECT_EQ(h.protocol, 6);
    EXPECT_EQ(h.transport, Transport::kTcp);
    EXPECT_EQ(h.dport, 443);
    EXPECT_FALSE(h.fragment);
}

TEST(Packet, Ip6Fragments) {
    const auto make = [](uint16_t offset) {
        const auto frame = FrameWriter()
                               .ethernet(kDst, kSrc, 0x86dd)
                               .ip6(5, 6, 44)
                               .u8(17)
                               .u8(0)
                               .u16(offset)
                               .u32(1)
                               .udp(1, 2)
                               .finish();
        return parse_packet(frame).outer;
    };
    EXPECT_TRUE(make(1).fragment);
    EXPECT_TRUE(make(1).first_fragment);
    EXPECT_EQ(make(1).protocol, 17);
    EXPECT_EQ(make(1).transport, Transport::kNone);
    EXPECT_TRUE(make(8).fragment);
    EXPECT_FALSE(make(8).first_fragment);
    EXPECT_FALSE(make(8).l4.has_value());
}

TEST(Packet, Icmp) {
    const auto four = FrameWriter()
                          .ethernet(kDst, kSrc, 0x0800)
                          .ip4(1, 2, 1)
                          .u8(8)
                          .u8(3)
                          .u16(0)
                          .u32(0x00010002)
                          .u32(77)
                          .finish();
    EXPECT_EQ(parse_packet(four).outer.transport, Transport::kIcmp);
    EXPECT_EQ(parse_packet(four).outer.icmp_type, 8);
    EXPECT_EQ(parse_packet(four).outer.icmp_code, 3);
    EXPECT_EQ(parse_packet(four).outer.icmp_header_data, 0x00010002u);
    const auto six = FrameWriter()
                         .ethernet(kDst, kSrc, 0x86dd)
                         .ip6(1, 2, 58)
                         .u8(128)
                         .u8(0)
                         .u16(0)
                         .u32(5)
                         .finish();
    EXPECT_EQ(parse_packet(six).outer.transport, Transport::kIcmp6);
    EXPECT_EQ(parse_packet(six).outer.icmp_type, 128);
}

FrameWriter outer_udp(uint16_t port) {
    return FrameWriter().ethernet(1, 2, 0x0800).ip4(3, 4, 17).udp(999, port, false);
}

FrameWriter& inner_tcp(FrameWriter& writer) {
    return writer.ethernet(kDst, kSrc, 0x8100).vlan(5, 0x86dd).ip6(5, 6, 6).tcp(80, 443);
}

void expect_inner(const Headers& h) {
    EXPECT_EQ(h.dmac, kDst);
    EXPECT_EQ(h.smac, kSrc);
    EXPECT_EQ(h.vlans, 1);
    EXPECT_EQ(h.ip_version, 6);
    EXPECT_EQ(h.transport, Transport::kTcp);
    EXPECT_EQ(h.dport, 443);
}

TEST(Packet, Vxlan) {
    auto writer = outer_udp(4789).u32(0x08000000).u32(0x12345600);
    const Packet packet = parse_packet(inner_tcp(writer).finish());
    EXPECT_EQ(packet.tunnel.kind, Tunnel::Kind::kVxlan);
    EXPECT_EQ(packet.tunnel.vni, 0x123456u);
    EXPECT_EQ(packet.outer.dport, 4789);
    expect_inner(packet.inner);
}

TEST(Packet, GeneveWithOptions) {
    auto writer = outer_udp(6081).u32(0x02006558).u32(0xabcdef00).u32(0x01028001).u32(0xdeadbeef);
    const Packet packet = parse_packet(inner_tcp(writer).finish());
    EXPECT_EQ(packet.tunnel.kind, Tunnel::Kind::kGeneve);
    EXPECT_EQ(packet.tunnel.vni, 0xabcdefu);
    EXPECT_EQ(packet.tunnel.options_length, 8u);
    expect_inner(packet.inner);
}

TEST(Packet, GeneveOptionsThatAreNotThereAreNoTunnel) {
    EXPECT_EQ(parse_packet(outer_udp(6081).u32(0x3f006558).u32(0).finish()).tunnel.kind,
              Tunnel::Kind::kNone);
}

TEST(Packet, GreWithEveryOptionalField) {
    auto writer = FrameWriter().ethernet(1, 2, 0x0800).ip4(3, 4, 47);
    writer.u32(0xb0006558).u32(0).u32(0x00c0ffee).u32(1);
    const Packet packet = parse_packet(inner_tcp(writer).finish());
    EXPECT_EQ(packet.tunnel.kind, Tunnel::Kind::kGre);
    EXPECT_EQ(packet.tunnel.gre_key, 0x00c0ffeeu);
    expect_inner(packet.inner);
}

TEST(Packet, GreOfIpHasNoInnerEthernet) {
    const auto frame = FrameWriter()
                           .ethernet(1, 2, 0x0800)
                           .ip4(3, 4, 47)
                           .u32(0x00000800)
                           .ip4(5, 6, 17)
                           .udp(7, 8)
                           .finish();
    const Packet packet = parse_packet(frame);
    EXPECT_FALSE(packet.inner.l2);
    EXPECT_EQ(packet.inner.l3, 14u + 20u + 4u);
    EXPECT_EQ(packet.inner.dport, 8);
}

TEST(Packet, OtherUdpPortsAreNoTunnel) {
    auto writer = outer_udp(4788).u32(0x08000000).u32(0x12345600);
    EXPECT_EQ(parse_packet(inner_tcp(writer).finish()).tunnel.kind, Tunnel::Kind::kNone);
}

/// Every header that is there lies within the frame, however short it is.
TEST(Packet, CutOffAnywhere) {
    auto vxlan = outer_udp(4789).u32(0x08000000).u32(0x12345600);
    auto geneve = outer_udp(6081).u32(0x02006558).u32(0).u32(0x01028001).u32(0);
    auto gre =
        FrameWriter().ethernet(1, 2, 0x0800).ip4(3, 4, 47).u32(0xb0006558).u32(0).u32(0).u32(0);
    auto extensions = FrameWriter().ethernet(1, 2, 0x86dd).ip6(5, 6, 0).u8(44).u8(0).text("......");
    extensions.u8(6).u8(0).u16(1).u32(1);
    for (FrameWriter* writer : {&vxlan, &geneve, &gre, &extensions}) {
        const auto whole = inner_tcp(*writer).finish();
        for (size_t length = 0; length <= whole.size(); length++) {
            // A buffer of its own, so that AddressSanitizer sees the end.
            const std::vector<std::byte> cut(whole.begin(),
                                             whole.begin() + static_cast<long>(length));
            const Packet packet = parse_packet(cut);
            for (const Headers* h : {&packet.outer, &packet.inner}) {
                EXPECT_LE(h->l2.value_or(0) + (h->l2 ? 14 : 0), length);
                EXPECT_LE(h->l3.value_or(0) + (h->l3 ? 20 : 0), length);
                EXPECT_LE(h->l4.value_or(0) + (h->l4 ? 4 : 0), length);
            }
        }
    }
}

}  // namespace
}  // namespace esw::sim
