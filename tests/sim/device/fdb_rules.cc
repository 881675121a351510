// SPDX-License-Identifier: Apache-2.0
// The rules that the product makes, judged by packets: where they come out, and what of them.
#include <cerrno>

#include "tests/sim/device/action_bench.h"
#include "tests/sim/device/fdb_bench.h"
#include "tests/sim/device/knobs.h"

namespace {

using namespace device;

class FdbRules : public FdbBench {
protected:
    /// A rule for the first frame makes of it exactly those.
    void expect_makes(uint32_t from, const Frame& in, const FdbActions& actions,
                      const std::vector<std::pair<Netdevs::Id, Frame>>& out) {
        const auto netdev = from == kWirePort ? netdevs().wire() : netdevs().vf(from - vf_port(0));
        const auto inserted = fdb_->insert({from, by_destination(in), actions});
        ASSERT_TRUE(inserted) << to_string(inserted.error());
        EXPECT_EQ(sent(netdev, {in}), arrivals(out));
        fdb_->remove(inserted->rule);
        EXPECT_EQ(sent(netdev, {in}), arrivals({{Netdevs::peer(netdev), in}}));
    }
    static std::string header_of(const Frame& tunnel) {
        const Bytes bytes = encode(tunnel);
        return {bytes.begin(), bytes.end()};
    }
};

TEST_F(FdbRules, FromVportToVport) {
    expect_makes(vf_port(0), udp4(1), to(vf_port(1)), {{netdevs().vf(1), udp4(1)}});
}

TEST_F(FdbRules, FromVportToWire) {
    expect_makes(vf_port(0), udp4(1), to(kWirePort), {{netdevs().wire(), udp4(1)}});
}

TEST_F(FdbRules, FromWireToVport) {
    expect_makes(kWirePort, udp4(1), to(vf_port(2)), {{netdevs().vf(2), udp4(1)}});
}

TEST_F(FdbRules, Drop) {
    expect_makes(vf_port(0), udp4(1), drop(), {});
    expect_makes(kWirePort, udp4(1), drop(), {});
    // Whatever happens to it before.
    FdbActions actions;
    actions.push_vlans = {0x8100u << 16 | 5};
    expect_makes(vf_port(0), udp4(1), actions, {});
}

TEST_F(FdbRules, ToSeveral) {
    expect_makes(
        vf_port(0), udp4(1), to({{vf_port(1), {}}, {vf_port(2), {}}, {kWirePort, {}}}),
        {{netdevs().wire(), udp4(1)}, {netdevs().vf(1), udp4(1)}, {netdevs().vf(2), udp4(1)}});
    expect_makes(kWirePort, udp4(1), to({{vf_port(1), {}}, {vf_port(3), {}}}),
                 {{netdevs().vf(1), udp4(1)}, {netdevs().vf(3), udp4(1)}});
}

TEST_F(FdbRules, ToSeveralWithHeaders) {
    const std::string vxlan = header_of(vxlan4_tunnel()), geneve = header_of(geneve6_tunnel());
    expect_makes(vf_port(0), tcp4(1),
                 to({{kWirePort, vxlan}, {vf_port(1), {}}, {vf_port(2), geneve}}),
                 {{netdevs().wire(), vxlan4_tunnel() + tcp4(1)},
                  {netdevs().vf(1), tcp4(1)},
                  {netdevs().vf(2), geneve6_tunnel() + tcp4(1)}});
}

TEST_F(FdbRules, Rewrite) {
    FdbActions actions = to(vf_port(1));
    actions.rewrite = Rewrite()
                          .set(MLX5_ACTION_IN_FIELD_OUT_SIPV4, 0x0a0b0c0d, 0)
                          .set(MLX5_ACTION_IN_FIELD_OUT_UDP_DPORT, 0x7777, 16)
                          .add(MLX5_ACTION_IN_FIELD_OUT_IP_TTL, 0xffffffff)
                          .words;
    Frame out = udp4(1);
    header<Ip4>(out).src = 0x0a0b0c0d;
    header<Udp>(out).dport = 0x7777;
    header<Ip4>(out).ttl--;
    for (const uint32_t from : {vf_port(0), kWirePort}) {
        expect_makes(from, udp4(1), actions, {{netdevs().vf(1), out}});
    }
}

TEST_F(FdbRules, PushAndPopVlans) {
    const Frame plain = udp4(1);
    const Frame one = with_tag(plain, {0x123, 5});
    const Frame two = with_tag(one, {0x456, 2, false, 0x88a8});
    const uint32_t inner = 0x8100u << 16 | 5 << 13 | 0x123, outer = 0x88a8u << 16 | 2 << 13 | 0x456;
    for (const uint32_t from : {vf_port(0), kWirePort}) {
        FdbActions push = to(vf_port(1));
        push.push_vlans = {inner};
        expect_makes(from, plain, push, {{netdevs().vf(1), one}});
        push.push_vlans = {inner, outer};
        expect_makes(from, plain, push, {{netdevs().vf(1), two}});
        FdbActions pop = to(vf_port(1));
        pop.pop_vlans = 1;
        expect_makes(from, one, pop, {{netdevs().vf(1), plain}});
        pop.pop_vlans = 2;
        expect_makes(from, two, pop, {{netdevs().vf(1), plain}});
    }
}

TEST_F(FdbRules, Tunnels) {
    for (const Frame& tunnel : {vxlan4_tunnel(), vxlan6_tunnel(), geneve4_tunnel()}) {
        expect_makes(vf_port(0), tcp4(1), to({{kWirePort, header_of(tunnel)}}),
                     {{netdevs().wire(), tunnel + tcp4(1)}});
        FdbActions decapsulate = to(vf_port(1));
        decapsulate.decapsulate = true;
        expect_makes(kWirePort, tunnel + tcp4(1), decapsulate, {{netdevs().vf(1), tcp4(1)}});
    }
}

/// All that a rule can do, in its order; on the way in and on the way out.
TEST_F(FdbRules, AllAtOnce) {
    const Frame tagged = with_tag(tcp4(1), {0x123, 5});
    Frame out = with_tag(tcp4(1), {0x456, 2});
    header<Eth>(out).dst = 0x020202020202;
    FdbActions actions;
    actions.pop_vlans = 1;
    actions.rewrite = Rewrite()
                          .set(MLX5_ACTION_IN_FIELD_OUT_DMAC_47_16, 0x02020202, 0)
                          .set(MLX5_ACTION_IN_FIELD_OUT_DMAC_15_0, 0x0202, 16)
                          .words;
    actions.push_vlans = {0x8100u << 16 | 2 << 13 | 0x456};
    actions.outputs = {{kWirePort, header_of(vxlan4_tunnel())}};
    expect_makes(vf_port(0), tagged, actions, {{netdevs().wire(), vxlan4_tunnel() + out}});
    actions.decapsulate = true;
    actions.outputs = {{vf_port(1), {}}};
    expect_makes(kWirePort, vxlan4_tunnel() + tagged, actions, {{netdevs().vf(1), out}});
}

/// Another address, another port: to the representor, which software reads.
TEST_F(FdbRules, MissesGoToTheRepresentor) {
    fdb_.insert({vf_port(0), by_destination(frame_to(1)), to(vf_port(1))});
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1), frame_to(2)}),
              arrivals({{netdevs().vf(1), frame_to(1)}, {netdevs().rep(0), frame_to(2)}}));
    EXPECT_EQ(sent(netdevs().vf(1), {frame_to(1)}), arrivals({{netdevs().rep(1), frame_to(1)}}));
    EXPECT_EQ(sent(netdevs().wire(), {frame_to(1)}), arrivals({{netdevs().uplink(), frame_to(1)}}));
}

/// Also where rules take all packets of their ports.
TEST_F(FdbRules, WhatRepresentorsSendIsNotCaught) {
    fdb_.insert({vf_port(0), {}, drop()});
    fdb_.insert({kWirePort, {}, drop()});
    EXPECT_EQ(sent(netdevs().rep(0), {frame_to(1)}), arrivals({{netdevs().vf(0), frame_to(1)}}));
    EXPECT_EQ(sent(netdevs().uplink(), {frame_to(1)}), arrivals({{netdevs().wire(), frame_to(1)}}));
}

TEST_F(FdbRules, SeveralMasksOfOnePort) {
    Match type;
    type.set(FIELD(outer_headers.ethertype), 0x88b5);
    Match source;
    source.set(FIELD(outer_headers.smac_47_16), 0).set(FIELD(outer_headers.smac_15_0), 3);
    const auto by_type = fdb_.insert({vf_port(0), compiled(type), to(vf_port(1))});
    const auto by_source = fdb_.insert({vf_port(0), compiled(source), to(vf_port(2))});
    const Frame third = {Eth{5, 3, 0x9999}, payload(3)};
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1), third}),
              arrivals({{netdevs().vf(1), frame_to(1)}, {netdevs().vf(2), third}}));
    fdb_->remove(by_type.rule);
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1), third}),
              arrivals({{netdevs().rep(0), frame_to(1)}, {netdevs().vf(2), third}}));
}

TEST_F(FdbRules, IdsAreNotUsedAgain) {
    const FdbFlow flow{vf_port(0), by_destination(frame_to(1)), to(vf_port(1))};
    const auto first = fdb_.insert(flow).rule;
    fdb_->remove(first);
    const auto second = fdb_.insert(flow).rule;
    EXPECT_NE(first, 0u);
    EXPECT_NE(first, second);
    fdb_->remove(first);
    fdb_->remove(0);
    fdb_->remove(~Fdb::RuleId{0});
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().vf(1), frame_to(1)}}));
}

// ---- ports ----

TEST_F(FdbRules, PortThatOthersSendToStays) {
    const auto to_vf1 = fdb_.insert({vf_port(0), by_destination(frame_to(1)), to(vf_port(1))});
    fdb_.insert({vf_port(1), by_destination(frame_to(1)), to(vf_port(2))});
    const auto refused = fdb_->remove_port(vf_port(1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EBUSY);
    EXPECT_EQ(sent(netdevs().vf(1), {frame_to(1)}), arrivals({{netdevs().vf(2), frame_to(1)}}));
    fdb_->remove(to_vf1.rule);
    EXPECT_TRUE(fdb_->remove_port(vf_port(1)));
    EXPECT_EQ(sent(netdevs().vf(1), {frame_to(1)}), arrivals({{netdevs().rep(1), frame_to(1)}}));
    EXPECT_TRUE(fdb_->remove_port(vf_port(2)));
}

/// Its own rules do not keep it, whatever they do; and it can come back.
TEST_F(FdbRules, PortThatSendsToItselfGoes) {
    const FdbFlow both{vf_port(0), {}, to({{vf_port(0), {}}, {vf_port(1), {}}})};
    fdb_.insert(both);
    EXPECT_TRUE(fdb_->remove_port(vf_port(0)));
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().rep(0), frame_to(1)}}));
    EXPECT_TRUE(fdb_->remove_port(vf_port(1)));
    for (const unsigned n : {0u, 1u}) {
        EXPECT_TRUE(fdb_->add_port(vf_port(n), fdb_.rep_of(static_cast<uint16_t>(n + 1))));
    }
    fdb_.insert({vf_port(0), {}, to(vf_port(1))});
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().vf(1), frame_to(1)}}));
}

TEST_F(FdbRules, UnknownAndKnownPorts) {
    const auto code_of = [](const auto& result) { return result ? 0 : result.error().code; };
    EXPECT_EQ(code_of(fdb_->remove_port(99)), ENOENT);
    EXPECT_EQ(code_of(fdb_->add_port(vf_port(0), fdb_.rep_of(1))), EEXIST);
    for (const FdbFlow& flow : {FdbFlow{99, {}, to(vf_port(0))}, FdbFlow{vf_port(0), {}, to(99)},
                                FdbFlow{vf_port(0), {}, to({{vf_port(1), {}}, {99, {}}})}}) {
        const auto refused = fdb_->insert(flow);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, ESW_REFUSAL_DEVICE);
        EXPECT_EQ(refused.error().error.code, ENOENT);
    }
}

/// The adapter would drop what goes from the wire to the wire, and libmlx5 says nothing.
TEST_F(FdbRules, WhatCannotBe) {
    FdbActions decapsulate = to(vf_port(1));
    decapsulate.decapsulate = true;
    FdbActions three = to(vf_port(1));
    three.push_vlans = {1, 2, 3};
    FdbMatch no_value = by_destination(frame_to(1));
    no_value.value.pop_back();
    FdbMatch source = compiled(Match().set(FIELD(misc_parameters_2.metadata_reg_c_0), 0));
    const Counts before = counts();
    for (const FdbFlow& flow :
         {FdbFlow{kWirePort, {}, to(kWirePort)},
          FdbFlow{kWirePort, {}, to({{vf_port(1), {}}, {kWirePort, {}}})},
          FdbFlow{vf_port(0), {}, decapsulate}, FdbFlow{vf_port(0), {}, three},
          FdbFlow{vf_port(0), no_value, to(vf_port(1))},
          FdbFlow{vf_port(0), source, to(vf_port(1))}}) {
        const auto refused = fdb_->insert(flow);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, ESW_REFUSAL_DEVICE);
        EXPECT_EQ(refused.error().error.object, fdb_.device().name());
        EXPECT_NE(refused.error().error.code, EIO);
    }
    EXPECT_EQ(counts().root_rules, before.root_rules);
    EXPECT_EQ(sent(netdevs().wire(), {frame_to(1)}), arrivals({{netdevs().uplink(), frame_to(1)}}));
}

}  // namespace
