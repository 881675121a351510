// SPDX-License-Identifier: Apache-2.0
// Each action alone: one packet in, and exactly the packets that must come out, where they must
// come out. Header rewrites and tunnels are in files of their own, and what rules have of several.
#include "tests/sim/device/action_bench.h"

namespace {

using namespace device;

class Actions : public BothSides {};
ON_BOTH_SIDES(Actions);

// ---- where to ----

TEST_P(Actions, ToVport) {
    const Action to_vf2 = steering().to_vport(vf_vport(2));
    EXPECT_TRUE(gives({to_vf2.get()}, udp4(1), {{netdevs().vf(2), encode(udp4(1))}}));
}

/// By the port of the RDMA device, which is how vports of another eswitch are reached.
TEST_P(Actions, ToPort) {
    for (uint32_t number = 1;; number++) {
        mlx5dv_port port{};
        if (mlx5dv_query_port(steering().context(), number, &port) == 0 &&
            port.vport == vf_vport(2)) {
            const Action to_port(check(
                mlx5dv_dr_action_create_dest_ib_port(steering().domain(), number), "to port"));
            EXPECT_TRUE(gives({to_port.get()}, udp4(1), {{netdevs().vf(2), encode(udp4(1))}}));
            return;
        }
        ASSERT_LT(number, 1000u);
    }
}

/// The eswitch manager has the representors: the vport's own takes the packet.
TEST_P(Actions, ToManager) {
    const Action to_manager = steering().to_vport(0);
    EXPECT_TRUE(
        gives({to_manager.get()}, udp4(1), {{Netdevs::peer(netdev(from())), encode(udp4(1))}}));
}

/// What came from the wire does not go back there.
TEST_P(Actions, ToWire) {
    const Action to_wire = steering().to_vport(kWireVport);
    EXPECT_TRUE(
        gives({to_wire.get()}, udp4(1),
              from() == From::kWire ? Outputs{} : Outputs{{netdevs().wire(), encode(udp4(1))}}));
}

TEST_P(Actions, Drop) {
    const Action dropped = drop();
    EXPECT_TRUE(gives({dropped.get()}, udp4(1), Outputs{}));
}

TEST_P(Actions, DefaultMiss) {
    const Action missed = miss();
    EXPECT_TRUE(gives({missed.get()}, udp4(1), {{Netdevs::peer(netdev(from())), encode(udp4(1))}}));
}

/// Tables one behind the other; a packet that no rule of the last one matches misses, as it is by
/// then.
TEST_P(Actions, ToTable) {
    const Table second = steering().table(2), third = steering().table(7);
    const Action to_second = steering().to_table(second), to_third = steering().to_table(third);
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Action set_ttl = steering().rewrite(Rewrite().set(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 9, 8));
    Match match = match_of(from(), udp4(1)), port = steering().from(vport(from()));
    port.set(FIELD(outer_headers.ip_version), 4, 4).set(FIELD(outer_headers.udp_sport), 0x3344);
    const Matcher second_matcher = steering().matcher(second.get(), 1, match);
    const Matcher third_matcher = steering().matcher(third.get(), 1, port);
    const Rule on = Steering::rule(second_matcher, match, {set_ttl.get(), to_third.get()});
    const Rule out = Steering::rule(third_matcher, port, {to_vf1.get()});
    Frame hit = udp4(1), other = udp4(1);
    header<Udp>(other).sport = 1;
    Frame hit_out = hit, other_out = other;
    header<Ip4>(hit_out).ttl = header<Ip4>(other_out).ttl = 9;
    EXPECT_TRUE(gives({to_second.get()}, hit, {{netdevs().vf(1), encode(hit_out)}}));
    EXPECT_TRUE(
        gives({to_second.get()}, other, {{Netdevs::peer(netdev(from())), encode(other_out)}}));
}

TEST_P(Actions, ToSeveral) {
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Action to_vf2 = steering().to_vport(vf_vport(2));
    const Action to_vf3 = steering().to_vport(vf_vport(3));
    const Action all = to_all({{to_vf3.get()}, {to_vf1.get()}, {to_vf2.get()}});
    const Bytes frame = encode(tcp6(1));
    EXPECT_TRUE(
        gives({all.get()}, tcp6(1),
              {{netdevs().vf(1), frame}, {netdevs().vf(2), frame}, {netdevs().vf(3), frame}}));
}

/// One of the destinations is a table, another one the representor.
TEST_P(Actions, ToTableAndRepresentor) {
    const Table table = steering().table(5);
    Match any = match_of(from(), udp4(1));
    const Matcher matcher = steering().matcher(table.get(), 1, any);
    const Action to_vf1 = steering().to_vport(vf_vport(1)), to_table = steering().to_table(table);
    const Action missed = miss();
    const Rule rule = Steering::rule(matcher, any, {to_vf1.get()});
    const Action all = to_all({{to_table.get()}, {missed.get()}});
    const Bytes frame = encode(udp4(1));
    EXPECT_TRUE(gives({all.get()}, udp4(1),
                      {{Netdevs::peer(netdev(from())), frame}, {netdevs().vf(1), frame}}));
}

// ---- counters ----

TEST_P(Actions, Count) {
    const Counters one(steering().context(), 0);
    const Action count = one.action(0);
    const uint64_t bytes = encode(udp4(1)).size();
    EXPECT_EQ(one.read()[0], (Counters::Value{0, 0}));
    EXPECT_TRUE(gives({count.get()}, udp4(1), udp4(1)));
    EXPECT_EQ(one.read()[0], (Counters::Value{1, bytes}));
    const Action dropped = drop();
    EXPECT_TRUE(gives({count.get(), dropped.get()}, udp4(1), Outputs{}));
    EXPECT_EQ(one.read()[0], (Counters::Value{2, 2 * bytes}));
}

/// Several counters with one object: each counts its own.
TEST_P(Actions, CountInBulk) {
    const Counters bulk(steering().context(), 2);
    const uint64_t bytes = encode(udp4(1)).size();
    std::vector<Counters::Value> wanted(256);
    for (const unsigned index : {0u, 1u, 127u, 128u, 255u, 128u}) {
        const Action count = bulk.action(index);
        EXPECT_TRUE(gives({count.get()}, udp4(1), udp4(1)));
        wanted[index].packets++;
        wanted[index].bytes += bytes;
    }
    EXPECT_EQ(bulk.read(), wanted);
}

// ---- VLAN tags ----

TEST_P(Actions, PushVlan) {
    for (const uint16_t tpid : {0x8100, 0x88a8}) {
        const Action push = steering().push_vlan(tpid, 0x6123);
        const Vlan tag{0x123, 3, false, tpid};
        EXPECT_TRUE(gives({push.get()}, udp4(1), with_tag(udp4(1), tag)));
        EXPECT_TRUE(gives({push.get()}, tcp6(1), with_tag(tcp6(1), tag)));
        const Frame tagged = with_tag(udp4(1), Vlan{9});
        EXPECT_TRUE(gives({push.get()}, tagged, with_tag(tagged, tag)));
    }
}

TEST_P(Actions, PushTwoVlans) {
    const Action inside = steering().push_vlan(0x8100, 0xe111);
    const Action outside = steering().push_vlan(0x88a8, 0x3222);
    EXPECT_TRUE(gives({inside.get(), outside.get()}, udp4(1),
                      with_tag(with_tag(udp4(1), {0x111, 7}), {0x222, 1, true, 0x88a8})));
}

TEST_P(Actions, PopVlan) {
    const Action pop = pop_vlan();
    EXPECT_TRUE(gives({pop.get()}, with_tag(udp4(1), {5}), udp4(1)));
    EXPECT_TRUE(gives({pop.get()}, with_tag(tcp6(1), {6, 7, true, 0x88a8}), tcp6(1)));
    const Frame two = with_tag(with_tag(udp4(1), {5, 1}), {6, 2, false, 0x88a8});
    EXPECT_TRUE(gives({pop.get()}, two, with_tag(udp4(1), {5, 1})));
}

TEST_P(Actions, PopTwoVlans) {
    const Action first = pop_vlan(), second = pop_vlan();
    const Frame two = with_tag(with_tag(udp4(1), {5, 1}), {6, 2, false, 0x88a8});
    EXPECT_TRUE(gives({first.get(), second.get()}, two, udp4(1)));
}

// ---- outside the rules ----

using Paths = Bench;

/// What a representor sends goes to its vport, whatever rules the vport's own packets have.
TEST_F(Paths, FromRepresentors) {
    steering().take_over(vf_vport(0));
    steering().take_over(kWireVport);
    for (const auto rep : {netdevs().rep(0), netdevs().rep(1), netdevs().uplink()}) {
        const Bytes frame = encode(udp4(1));
        EXPECT_EQ(netdevs().exchange(rep, {frame}), (Outputs{{Netdevs::peer(rep), frame}}));
    }
}

TEST_F(Paths, RootDrop) {
    const Action drop(check(mlx5dv_dr_action_create_drop(), "drop"));
    Match match = steering().from(vf_vport(0));
    match.set(FIELD(outer_headers.dmac_15_0), 0x4321);
    const Frame frame = {Eth{0x4321, 1, 0x88b5}, payload(1)};
    const Matcher matcher = steering().matcher(steering().root(), 1, match);
    {
        const Rule rule = Steering::rule(matcher, match, {drop.get()});
        EXPECT_TRUE(comes_out(From::kVf, frame, {}));
    }
    EXPECT_TRUE(comes_out(From::kVf, frame, {{netdevs().rep(0), encode(frame)}}));
}

/// A rule of the root that counts, and one before it in order.
TEST_F(Paths, RootPriorities) {
    const Counters counters(steering().context(), 0);
    const Action count = counters.action(0), drop(check(mlx5dv_dr_action_create_drop(), "drop"));
    mlx5dv_dr_table* const table = steering().take_over(vf_vport(0));
    const Action to_table(check(mlx5dv_dr_action_create_dest_table(table), "to table"));
    Match match = steering().from(vf_vport(0));
    match.set(FIELD(outer_headers.dmac_15_0), 0x4321);
    const Frame frame = {Eth{0x4321, 1, 0x88b5}, payload(1)};
    const Matcher last = steering().matcher(steering().root(), 15, match);
    const Matcher first = steering().matcher(steering().root(), 0, match);
    const Rule behind = Steering::rule(last, match, {drop.get()});
    {
        const Rule before = Steering::rule(first, match, {count.get(), to_table.get()});
        EXPECT_TRUE(comes_out(From::kVf, frame, {{netdevs().rep(0), encode(frame)}}));
        EXPECT_EQ(counters.read()[0], (Counters::Value{1, encode(frame).size()}));
    }
    // Now the rule of priority 8, of the vport's table, is the first.
    EXPECT_TRUE(comes_out(From::kVf, frame, {{netdevs().rep(0), encode(frame)}}));
    EXPECT_EQ(counters.read()[0].packets, 1u);
    steering().give_back(vf_vport(0));
    EXPECT_TRUE(comes_out(From::kVf, frame, {}));
}

}  // namespace
