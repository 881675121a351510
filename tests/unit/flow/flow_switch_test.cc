// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_switch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fakes/memory_sink.h"
#include "tests/unit/flow/fake_fdb.h"
#include "tests/unit/flow/some_flows.h"

namespace esw {
namespace {

const DevlinkHandle kPf0{"pci", "0000:08:00.0"};
const DevlinkHandle kPf1{"pci", "0000:08:00.1"};

RepId rep(const char* text) {
    return RepId::parse(text).value();
}

/// Ports 1 (the uplink), 2 and 3 (VFs), all loaded.
class FlowSwitchTest : public ::testing::Test {
protected:
    FlowSwitchTest() {
        flows_.enable(true);
        open();
        set_port(1, "p0");
        set_port(2, "pf0vf0");
        set_port(3, "pf0vf1");
        for (const char* name : {"p0", "pf0vf0", "pf0vf1"}) {
            load(name);
        }
    }

    void open() {
        fdb_ = std::make_shared<FakeFdb>();
        flows_.open(fdb_);
    }
    void set_port(uint32_t number, const char* name, const DevlinkHandle& eswitch = kPf0) {
        flows_.set_port(number, FlowSwitch::Port{RepRef{eswitch, rep(name)}});
    }
    void load(const char* name) { flows_.load(rep(name), std::make_shared<const RdmaRep>()); }
    void settle() {
        while (flows_.has_work()) {
            flows_.work(2);
        }
    }
    FlowPtr put(FlowPtr flow) {
        flows_.look(flow);
        settle();
        return flow;
    }
    void change(const FlowPtr& flow, const esw_flow_match& match,
                const std::vector<esw_flow_action>& actions) {
        flow->want(std::make_shared<const PackedFlow>(match, actions));
        put(flow);
    }
    void forget(const FlowPtr& flow) {
        flow->want(nullptr);
        put(flow);
    }
    std::vector<std::pair<uint32_t, uint32_t>> pairs() const {
        std::vector<std::pair<uint32_t, uint32_t>> pairs;
        for (const auto& [id, rule] : fdb_->rules) {
            pairs.emplace_back(rule.flow.in_port, rule.flow.actions.outputs.empty()
                                                      ? 0
                                                      : rule.flow.actions.outputs[0].port);
        }
        std::sort(pairs.begin(), pairs.end());
        return pairs;
    }

    fakes::MemorySink sink_;
    FlowSwitch flows_{kPf0, Logger(sink_, "esw_flow")};
    std::shared_ptr<FakeFdb> fdb_;
};

using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;

TEST_F(FlowSwitchTest, AFlowIsARuleUntilItIsForgotten) {
    const FlowPtr flow = put(make_flow(7, 2, 3));
    EXPECT_TRUE(flow->is_offloaded());
    EXPECT_EQ(pairs(), (Pairs{{2, 3}}));
    forget(flow);
    EXPECT_FALSE(flow->is_offloaded());
    EXPECT_EQ(pairs(), Pairs());
    EXPECT_EQ(flows_.rules(), 0u);
}

TEST_F(FlowSwitchTest, OtherActionsReplaceTheRuleAndItsCounterGoesOn) {
    const FlowPtr flow = put(make_flow(7, 2, 3));
    fdb_->rules.begin()->second.counter->packets = 5;
    change(flow, match_of(2, 7), {output_to(1)});
    EXPECT_EQ(pairs(), (Pairs{{2, 1}}));
    EXPECT_EQ(fdb_->replaced, 1u);
    EXPECT_EQ(fdb_->removed, 0u);
    fdb_->rules.begin()->second.counter->packets = 6;
    EXPECT_EQ(flow->stats({}).counted.packets, 6u);
}

TEST_F(FlowSwitchTest, WhatIsRefusedHasNoRuleOfBefore) {
    const FlowPtr flow = put(make_flow(7, 2, 3));
    change(flow, match_of(2, 7), {output_to(99)});
    EXPECT_EQ(flow->refusal(), ESW_REFUSAL_OUT_PORT);
    EXPECT_EQ(pairs(), Pairs());
    EXPECT_EQ(flows_.refusals()[ESW_REFUSAL_OUT_PORT], 1u);
    change(flow, match_of(2, 7), {output_to(3)});
    EXPECT_EQ(flow->refusal(), ESW_REFUSAL_NONE);
    EXPECT_TRUE(flow->is_offloaded());
}

TEST_F(FlowSwitchTest, AFlowWaitsForTheRepresentorThatItSendsTo) {
    flows_.unload(rep("pf0vf1"));
    const FlowPtr flow = put(make_flow(7, 2, 3));
    EXPECT_FALSE(flow->is_offloaded());
    EXPECT_EQ(flow->refusal(), ESW_REFUSAL_NONE);
    load("pf0vf1");
    settle();
    EXPECT_TRUE(flow->is_offloaded());
}

TEST_F(FlowSwitchTest, FlowsLeaveBeforeTheRepresentorThatTheyNameAndComeBack) {
    const FlowPtr to = put(make_flow(1, 2, 3)), from = put(make_flow(2, 3, 2));
    const FlowPtr other = put(make_flow(3, 2, 1));
    flows_.unload(rep("pf0vf1"));  // the fake judges the order
    EXPECT_EQ(pairs(), (Pairs{{2, 1}}));
    EXPECT_FALSE(to->is_offloaded() || from->is_offloaded());
    EXPECT_TRUE(other->is_offloaded());
    load("pf0vf1");
    settle();
    EXPECT_EQ(pairs(), (Pairs{{2, 1}, {2, 3}, {3, 2}}));
}

TEST_F(FlowSwitchTest, CountersOfAllGenerationsAdd) {
    const FlowPtr flow = put(make_flow(7, 2, 3));
    for (uint64_t generation = 1; generation <= 5; ++generation) {
        fdb_->rules.begin()->second.counter->packets = 10;
        EXPECT_EQ(flow->stats({}).counted,
                  (mlx5::FdbCounter::Value{10 * generation, 640 * generation}));
        flows_.close();
        fdb_.reset();
        EXPECT_FALSE(flow->is_offloaded());
        EXPECT_EQ(flow->stats({}).counted.packets, 10 * generation);
        open();
        settle();
        EXPECT_TRUE(flow->is_offloaded());
    }
}

TEST_F(FlowSwitchTest, TurnedOffAndOnAgain) {
    const FlowPtr flow = put(make_flow(7, 2, 3));
    flows_.enable(false);
    EXPECT_EQ(pairs(), Pairs());
    EXPECT_TRUE(fdb_->ports.empty());
    EXPECT_EQ(flow->stats({}).refusal, ESW_REFUSAL_NONE);
    put(make_flow(8, 3, 2));
    EXPECT_EQ(pairs(), Pairs());
    flows_.enable(true);
    settle();
    EXPECT_EQ(pairs(), (Pairs{{2, 3}, {3, 2}}));
}

TEST_F(FlowSwitchTest, APortThatTurnsIntoAnother) {
    const FlowPtr to = put(make_flow(1, 2, 3)), from = put(make_flow(2, 3, 2));
    set_port(4, "p0", kPf1);
    set_port(3, "pf1vf0", kPf1);
    settle();
    EXPECT_EQ(to->refusal(), ESW_REFUSAL_OTHER_ADAPTER);
    EXPECT_EQ(pairs(), Pairs());
    EXPECT_FALSE(from->is_offloaded()) << "another eswitch's";
    set_port(3, "pf0vf1");
    settle();
    EXPECT_EQ(pairs(), (Pairs{{2, 3}})) << "the other one has to be given anew";
    put(from);
    EXPECT_EQ(pairs(), (Pairs{{2, 3}, {3, 2}}));
    flows_.set_port(3, std::nullopt);
    settle();
    EXPECT_EQ(to->refusal(), ESW_REFUSAL_OUT_PORT);
    EXPECT_EQ(pairs(), Pairs());
}

TEST_F(FlowSwitchTest, WhatFoundNoRoomComesWhenThereIsSome) {
    fdb_->room = 2;
    const FlowPtr first = put(make_flow(1, 2, 3)), second = put(make_flow(2, 2, 3));
    const FlowPtr third = put(make_flow(3, 2, 3)), fourth = put(make_flow(4, 2, 3));
    EXPECT_EQ(third->refusal(), ESW_REFUSAL_NO_MEMORY);
    forget(first);
    EXPECT_TRUE(third->is_offloaded());
    EXPECT_FALSE(fourth->is_offloaded());
    EXPECT_FALSE(flows_.has_work()) << "nothing to do before something goes";
    forget(third);
    EXPECT_TRUE(fourth->is_offloaded());
    EXPECT_EQ(flows_.rules(), 2u);
}

// Counters are free again only when they were read; others than us may make room, too.
TEST_F(FlowSwitchTest, AReadingMayMakeRoom) {
    fdb_->room = 1;
    put(make_flow(1, 2, 3));
    const FlowPtr second = put(make_flow(2, 2, 3));
    EXPECT_EQ(second->refusal(), ESW_REFUSAL_NO_MEMORY);
    fdb_->room = 2;
    settle();
    EXPECT_FALSE(second->is_offloaded());
    EXPECT_TRUE(flows_.wants_reading());
    flows_.reading_begins();
    flows_.reading_ended();
    settle();
    EXPECT_TRUE(second->is_offloaded());
}

TEST_F(FlowSwitchTest, ThousandsAreNotTriedInVain) {
    fdb_->room = 1;
    const FlowPtr first = put(make_flow(1, 2, 3));
    for (uint64_t ufid = 2; ufid < 1000; ++ufid) {
        put(make_flow(ufid, 2, 3));
    }
    fdb_->room = 0;
    const uint64_t before = fdb_->attempts;
    forget(first);
    EXPECT_LE(fdb_->attempts - before, 64u);
}

TEST_F(FlowSwitchTest, FlowsThatHaveGoneWaitForNoRoom) {
    fdb_->room = 0;
    for (uint64_t ufid = 1; ufid < 1000; ++ufid) {
        const FlowPtr flow = put(make_flow(ufid, 2, 3));
        forget(flow);
    }
    EXPECT_LE(flows_.waiting(), 100u);
}

TEST_F(FlowSwitchTest, ARepresentorIsOnePortsAtATime) {
    put(make_flow(1, 2, 3));
    set_port(7, "pf0vf0");  // 2 has lost it and was not told yet
    const FlowPtr flow = put(make_flow(2, 7, 3));
    EXPECT_TRUE(flow->is_offloaded());
    EXPECT_EQ(pairs(), (Pairs{{7, 3}}));
    flows_.set_port(2, FlowSwitch::Port{});
    settle();
    EXPECT_EQ(pairs(), (Pairs{{7, 3}}));
}

TEST_F(FlowSwitchTest, EvictedFlowsAreToldAndDoNotPushOthersOutInTurn) {
    const FlowPtr old = put(make_flow(1, 2, 3));
    fdb_->to_evict = {fdb_->rules.begin()->first};
    const FlowPtr young = put(make_flow(2, 2, 3));
    EXPECT_EQ(old->refusal(), ESW_REFUSAL_TOO_MANY_MASKS);
    EXPECT_FALSE(old->is_offloaded());
    EXPECT_EQ(flows_.rules(), 1u);
    EXPECT_FALSE(flows_.has_work());
    forget(young);
    EXPECT_TRUE(old->is_offloaded());
}

TEST_F(FlowSwitchTest, ADeviceThatHasGoneIsNoReasonToRefuse) {
    fdb_->error = EIO;
    const FlowPtr flow = put(make_flow(7, 2, 3));
    EXPECT_EQ(flow->refusal(), ESW_REFUSAL_NONE);
    EXPECT_FALSE(flow->is_offloaded());
    flows_.close();
    open();
    settle();
    EXPECT_TRUE(flow->is_offloaded());
}

/// Port 1 is the wire, and tunnel port 9 is behind it.
class FlowSwitchTunnelTest : public FlowSwitchTest {
protected:
    static esw_flow_match outer_match(uint8_t host) {
        esw_flow_match match = match_of(1, host);
        match.key.ip_proto = 17;
        match.key.l4_dst = 4789;
        match.key.ip_dst[15] = match.key.ip_dst[12] = 10;
        match.mask.ip_proto = 0xff;
        match.mask.l4_dst = 0xffff;
        for (size_t i = 12; i < 16; ++i) {
            match.mask.ip_dst[i] = 0xff;
        }
        return match;
    }
    static esw_flow_match inner_match(uint8_t host) {
        esw_flow_match match = match_of(9, host);
        match.physical_port = 1;
        match.tunnel_type = ESW_TUNNEL_VXLAN;
        match.tunnel_udp_port = 4789;
        match.key.tunnel.id = 5;
        match.mask.tunnel.id = UINT64_MAX;
        return match;
    }
    FlowPtr put_outer(uint64_t ufid) {
        return put(make_flow(ufid, outer_match(static_cast<uint8_t>(ufid)), {pop_for(9)}));
    }
    FlowPtr put_inner(uint64_t ufid, uint32_t to) {
        return put(make_flow(ufid, inner_match(static_cast<uint8_t>(ufid)), {output_to(to)}));
    }
};

TEST_F(FlowSwitchTunnelTest, BothFlowsAreOneRule) {
    const FlowPtr inner = put_inner(2, 3);
    EXPECT_FALSE(inner->is_offloaded());
    const FlowPtr outer = put_outer(1);
    EXPECT_TRUE(inner->is_offloaded());
    EXPECT_TRUE(outer->is_offloaded());
    ASSERT_EQ(pairs(), (Pairs{{1, 3}}));
    EXPECT_TRUE(fdb_->rules.begin()->second.flow.actions.decapsulate);
    fdb_->rules.begin()->second.counter->packets = 3;
    EXPECT_EQ(inner->stats({}).counted.packets, 3u);
    EXPECT_EQ(outer->stats({}).counted.packets, 3u);
    EXPECT_EQ(outer->stats({}).refusal, ESW_REFUSAL_NONE);
    forget(outer);
    EXPECT_EQ(pairs(), Pairs());
    EXPECT_FALSE(inner->is_offloaded() || outer->is_offloaded());
}

TEST_F(FlowSwitchTunnelTest, EachPairIsARule) {
    const FlowPtr outer1 = put_outer(1), outer2 = put_outer(2);
    EXPECT_EQ(outer1->refusal(), ESW_REFUSAL_TUNNEL_POP);
    const FlowPtr inner1 = put_inner(11, 2), inner2 = put_inner(12, 3);
    EXPECT_EQ(pairs(), (Pairs{{1, 2}, {1, 2}, {1, 3}, {1, 3}}));
    forget(inner1);
    EXPECT_EQ(pairs(), (Pairs{{1, 3}, {1, 3}}));
    change(inner2, inner_match(12), {output_to(2)});
    EXPECT_EQ(pairs(), (Pairs{{1, 2}, {1, 2}}));
    EXPECT_EQ(fdb_->replaced, 2u);
    // It does not unpack any more.
    change(outer1, outer_match(1), {output_to(3)});
    EXPECT_EQ(pairs(), (Pairs{{1, 2}, {1, 3}}));
    flows_.unload(rep("p0"));
    EXPECT_EQ(pairs(), Pairs());
    EXPECT_FALSE(outer2->is_offloaded());
    load("p0");
    settle();
    EXPECT_EQ(pairs(), (Pairs{{1, 2}, {1, 3}}));
}

}  // namespace
}  // namespace esw
