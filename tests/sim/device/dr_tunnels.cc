// SPDX-License-Identifier: Apache-2.0
// Encapsulation and decapsulation, and rules with several actions.
#include "tests/sim/device/action_bench.h"

namespace {

using namespace device;

// ---- tunnels ----

std::vector<Frame> tunnels() {
    return {vxlan4_tunnel(),  vxlan6_tunnel(), geneve4_tunnel(),
            geneve6_tunnel(), gre4_tunnel(),   gre6_tunnel()};
}

std::vector<Frame> insides() {
    return {tcp4(1), udp6(2), with_tag(udp4(3), {0x111, 2})};
}

class Tunnels : public BothSides {};
ON_BOTH_SIDES(Tunnels);

class TunnelsFromWire : public ActionBench {};

/// The adapter fills in the lengths, and the checksum of an outer IPv4 header.
TEST_P(Tunnels, Encapsulate) {
    for (const Frame& tunnel : tunnels()) {
        const Action encap = steering().encapsulate(encode(tunnel));
        for (const Frame& inside : insides()) {
            EXPECT_TRUE(gives({encap.get()}, inside, tunnel + inside));
        }
    }
}

TEST_P(Tunnels, EncapsulateToWire) {
    const Action to_wire = steering().to_vport(kWireVport);
    const Action encap = steering().encapsulate(encode(vxlan4_tunnel()));
    EXPECT_TRUE(gives({encap.get(), to_wire.get()}, tcp4(1),
                      from() == From::kWire
                          ? Outputs{}
                          : Outputs{{netdevs().wire(), encode(vxlan4_tunnel() + tcp4(1))}}));
}

/// The Ethernet header, with its tags, is replaced by the tunnel's headers.
TEST_P(Tunnels, EncapsulateLayer3) {
    for (const Frame& inside : {tcp4(1), udp6(2), with_tag(tcp4(3), {0x111})}) {
        Frame tunnel = gre4_tunnel();
        header<Gre>(tunnel).protocol = std::holds_alternative<Ip6>(inside[1]) ? 0x86dd : 0x0800;
        Bytes headers = encode(tunnel);
        const Action encap(check(
            mlx5dv_dr_action_create_packet_reformat(
                steering().domain(), 0, MLX5DV_FLOW_ACTION_PACKET_REFORMAT_TYPE_L2_TO_L3_TUNNEL,
                headers.size(), headers.data()),
            "encapsulate IP"));
        EXPECT_TRUE(gives({encap.get()}, inside, tunnel + without<Vlan>(without<Eth>(inside))));
    }
}

/// To each destination in another tunnel, or in none.
TEST_P(Tunnels, EncapsulateToSeveral) {
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Action to_vf2 = steering().to_vport(vf_vport(2));
    const Action to_vf3 = steering().to_vport(vf_vport(3));
    const Action vxlan = steering().encapsulate(encode(vxlan4_tunnel()));
    const Action geneve = steering().encapsulate(encode(geneve6_tunnel()));
    const Action all =
        to_all({{to_vf1.get(), vxlan.get()}, {to_vf2.get()}, {to_vf3.get(), geneve.get()}});
    EXPECT_TRUE(gives({all.get()}, tcp4(1),
                      {{netdevs().vf(1), encode(vxlan4_tunnel() + tcp4(1))},
                       {netdevs().vf(2), encode(tcp4(1))},
                       {netdevs().vf(3), encode(geneve6_tunnel() + tcp4(1))}}));
}

TEST_F(TunnelsFromWire, Decapsulate) {
    const Action decap = steering().decapsulate(), to_vf1 = steering().to_vport(vf_vport(1));
    for (const Frame& tunnel : tunnels()) {
        for (const Frame& inside : insides()) {
            EXPECT_TRUE(gives(From::kWire, {decap.get(), to_vf1.get()}, tunnel + inside,
                              {{netdevs().vf(1), encode(inside)}}));
        }
    }
}

/// With the outer Ethernet header in a VLAN.
TEST_F(TunnelsFromWire, DecapsulateTagged) {
    const Action decap = steering().decapsulate(), to_vf1 = steering().to_vport(vf_vport(1));
    EXPECT_TRUE(gives(From::kWire, {decap.get(), to_vf1.get()},
                      with_tag(vxlan4_tunnel() + tcp4(1), {7}),
                      {{netdevs().vf(1), encode(tcp4(1))}}));
}

/// The inner packet gets the Ethernet header that the action has, which may have a tag.
TEST_F(TunnelsFromWire, DecapsulateLayer3) {
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    for (const bool tagged : {false, true}) {
        for (const Frame& inside : {tcp4(1), udp6(2)}) {
            const Frame packet = without<Eth>(inside);
            Frame link = {Eth{0x020a0b0c0d0e, 0x020102030405}};
            if (tagged) {
                link.push_back(Vlan{0x123, 4});
            }
            // Of the new header, up to and with the type of what is behind it.
            Bytes bytes = encode(link + packet);
            bytes.resize(tagged ? 18 : 14);
            const Action decap(check(
                mlx5dv_dr_action_create_packet_reformat(
                    steering().domain(), 0, MLX5DV_FLOW_ACTION_PACKET_REFORMAT_TYPE_L3_TUNNEL_TO_L2,
                    bytes.size(), bytes.data()),
                "decapsulate IP"));
            Frame tunnel = gre4_tunnel();
            header<Gre>(tunnel).protocol = {};
            EXPECT_TRUE(gives(From::kWire, {decap.get(), to_vf1.get()}, tunnel + packet,
                              {{netdevs().vf(1), encode(link + packet)}}));
        }
    }
}

// ---- in one rule ----

class Together : public BothSides {};
ON_BOTH_SIDES(Together);

class FromOneSide : public ActionBench {};

TEST_P(Together, RewriteAndPush) {
    const Action write =
        steering().rewrite(Rewrite().set(MLX5_ACTION_IN_FIELD_OUT_DIPV4, 0x0c0d0e0f, 0));
    const Action push = steering().push_vlan(0x8100, 0x2345);
    Frame out = with_tag(udp4(1), {0x345, 1});
    header<Ip4>(out).dst = 0x0c0d0e0f;
    EXPECT_TRUE(gives({write.get(), push.get()}, udp4(1), out));
}

TEST_P(Together, PopAndRewrite) {
    const Action pop = pop_vlan();
    const Action write = steering().rewrite(Rewrite()
                                                .set(MLX5_ACTION_IN_FIELD_OUT_DIPV4, 0x0c0d0e0f, 0)
                                                .add(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 0xff));
    Frame out = udp4(1);
    header<Ip4>(out).dst = 0x0c0d0e0f;
    header<Ip4>(out).ttl--;
    EXPECT_TRUE(gives({pop.get(), write.get()}, with_tag(udp4(1), {1}), out));
}

TEST_P(Together, PushAndEncapsulate) {
    const Action push = steering().push_vlan(0x8100, 0x0777);
    const Action encap = steering().encapsulate(encode(geneve4_tunnel()));
    EXPECT_TRUE(
        gives({push.get(), encap.get()}, tcp4(1), geneve4_tunnel() + with_tag(tcp4(1), {0x777})));
}

TEST_P(Together, PopRewriteAndEncapsulate) {
    const Action pop = pop_vlan();
    const Action write =
        steering().rewrite(Rewrite().set(MLX5_ACTION_IN_FIELD_OUT_TCP_DPORT, 4242, 16));
    const Action encap = steering().encapsulate(encode(vxlan6_tunnel()));
    Frame out = tcp4(1);
    header<Tcp>(out).dport = 4242;
    EXPECT_TRUE(gives({pop.get(), write.get(), encap.get()}, with_tag(tcp4(1), {8}),
                      vxlan6_tunnel() + out));
}

TEST_P(Together, CountRewriteAndSeveral) {
    const Counters counters(steering().context(), 0);
    const Action count = counters.action(0);
    const Action write =
        steering().rewrite(Rewrite().set(MLX5_ACTION_IN_FIELD_OUT_UDP_SPORT, 99, 16));
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Action to_vf2 = steering().to_vport(vf_vport(2));
    const Action vxlan = steering().encapsulate(encode(vxlan4_tunnel()));
    const Action all = to_all({{to_vf1.get()}, {to_vf2.get(), vxlan.get()}});
    Frame out = udp4(1);
    header<Udp>(out).sport = 99;
    EXPECT_TRUE(
        gives({count.get(), write.get(), all.get()}, udp4(1),
              {{netdevs().vf(1), encode(out)}, {netdevs().vf(2), encode(vxlan4_tunnel() + out)}}));
    EXPECT_EQ(counters.read()[0].packets, 1u);
}

TEST_F(FromOneSide, PopAndPush) {
    const Action pop = pop_vlan(), push = steering().push_vlan(0x88a8, 0x0bcd);
    const Action to_wire = steering().to_vport(kWireVport);
    EXPECT_TRUE(gives(From::kVf, {pop.get(), push.get(), to_wire.get()}, with_tag(udp4(1), {1}),
                      {{netdevs().wire(), encode(with_tag(udp4(1), {0xbcd, 0, false, 0x88a8}))}}));
}

TEST_F(FromOneSide, AllFromAVf) {
    const Counters counters(steering().context(), 0);
    const Action count = counters.action(0), pop = pop_vlan();
    const Action write =
        steering().rewrite(Rewrite()
                               .set(MLX5_ACTION_IN_FIELD_OUT_SMAC_47_16, 0x02abcdef, 0)
                               .set(MLX5_ACTION_IN_FIELD_OUT_SMAC_15_0, 0x0102, 16)
                               .add(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 0xff));
    const Action push = steering().push_vlan(0x8100, 0x0666);
    const Action encap = steering().encapsulate(encode(gre6_tunnel()));
    const Action to_wire = steering().to_vport(kWireVport);
    Frame out = with_tag(tcp4(1), {0x666});
    header<Eth>(out).src = 0x02abcdef0102;
    header<Ip4>(out).ttl--;
    EXPECT_TRUE(gives(From::kVf,
                      {count.get(), pop.get(), write.get(), push.get(), encap.get(), to_wire.get()},
                      with_tag(tcp4(1), {5}), {{netdevs().wire(), encode(gre6_tunnel() + out)}}));
    EXPECT_EQ(counters.read()[0].packets, 1u);
}

/// A counter counts what is inside (dr_ste_v1_set_actions_rx() puts it behind the decapsulation).
TEST_F(FromOneSide, DecapsulateCountAndRewrite) {
    const Counters counters(steering().context(), 0);
    const Action count = counters.action(0), decap = steering().decapsulate();
    const Action write =
        steering().rewrite(Rewrite()
                               .set(MLX5_ACTION_IN_FIELD_OUT_DMAC_47_16, 0x02010101, 0)
                               .set(MLX5_ACTION_IN_FIELD_OUT_DMAC_15_0, 0x0101, 16)
                               .set(MLX5_ACTION_IN_FIELD_OUT_DIPV4, 0x0a0a0a0a, 0));
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    Frame out = tcp4(1);
    header<Eth>(out).dst = 0x020101010101;
    header<Ip4>(out).dst = 0x0a0a0a0a;
    EXPECT_TRUE(gives(From::kWire, {count.get(), decap.get(), write.get(), to_vf1.get()},
                      vxlan4_tunnel() + tcp4(1), {{netdevs().vf(1), encode(out)}}));
    EXPECT_EQ(counters.read()[0], (Counters::Value{1, encode(tcp4(1)).size()}));
}

TEST_F(FromOneSide, DecapsulateAndPop) {
    const Action decap = steering().decapsulate(), pop = pop_vlan();
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    EXPECT_TRUE(gives(From::kWire, {decap.get(), pop.get(), to_vf1.get()},
                      geneve4_tunnel() + with_tag(udp6(1), {3}),
                      {{netdevs().vf(1), encode(udp6(1))}}));
}

TEST_F(FromOneSide, DecapsulateAndPush) {
    const Action decap = steering().decapsulate(), push = steering().push_vlan(0x8100, 0x0101);
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    EXPECT_TRUE(gives(From::kWire, {decap.get(), push.get(), to_vf1.get()}, gre4_tunnel() + udp6(1),
                      {{netdevs().vf(1), encode(with_tag(udp6(1), {0x101}))}}));
}

/// From one tunnel to another one.
TEST_F(FromOneSide, DecapsulateAndEncapsulate) {
    const Action decap = steering().decapsulate();
    const Action encap = steering().encapsulate(encode(geneve6_tunnel()));
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    EXPECT_TRUE(gives(From::kWire, {decap.get(), encap.get(), to_vf1.get()},
                      vxlan4_tunnel() + tcp4(1),
                      {{netdevs().vf(1), encode(geneve6_tunnel() + tcp4(1))}}));
}

/// A packet that was decapsulated is matched by its own headers in the next table.
TEST_F(FromOneSide, DecapsulateAndMatchAgain) {
    const Table second = steering().table(2);
    const Action decap = steering().decapsulate(), jump = steering().to_table(second);
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    Match match = steering().from(kWireVport);
    match.set(FIELD(outer_headers.ip_version), 4, 4)
        .set(FIELD(outer_headers.ip_protocol), 6)
        .set(FIELD(outer_headers.tcp_dport), 0x1f90);
    const Matcher matcher = steering().matcher(second.get(), 1, match);
    const Rule rule = Steering::rule(matcher, match, {to_vf1.get()});
    EXPECT_TRUE(gives(From::kWire, {decap.get(), jump.get()}, vxlan4_tunnel() + tcp4(1),
                      {{netdevs().vf(1), encode(tcp4(1))}}));
    EXPECT_TRUE(gives(From::kWire, {decap.get(), jump.get()}, vxlan4_tunnel() + udp4(2),
                      {{netdevs().uplink(), encode(udp4(2))}}));
}

}  // namespace
