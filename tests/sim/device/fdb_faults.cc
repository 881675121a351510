// SPDX-License-Identifier: Apache-2.0
// What the adapter has no room for: refused with the reason, nothing of it stays, what is there
// goes on, and when there is room again it is taken.
#include <cerrno>

#include "tests/sim/device/fdb_bench.h"
#include "tests/sim/device/knobs.h"

namespace {

using namespace device;

class FdbFaults : public FdbBench {
protected:
    ~FdbFaults() override { run("esw-sim ctl fault clear"); }

    static void fail_command(const char* opcode, const char* code, unsigned nth = 1) {
        run(std::string("esw-sim ctl fault add firmware.") + opcode + " --errno " + code +
            " --count " + std::to_string(nth) + " --times 0");
    }
    static FdbFlow flow(uint32_t number, const FdbActions& actions = to(vf_port(1))) {
        return {vf_port(0), by_destination(frame_to(number)), actions};
    }

    /// While that command fails, the flow is refused so, and everything is as before.
    void expect_refused(const char* opcode, const char* code, const FdbFlow& flow,
                        esw_refusal reason, unsigned nth = 1) {
        SCOPED_TRACE(std::string(opcode) + " " + code);
        const auto other = fdb_.insert({vf_port(2), {}, to(vf_port(3))});
        const Counts before = counts();
        fail_command(opcode, code, nth);
        const auto refused = fdb_->insert(flow);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, reason) << to_string(refused.error());
        EXPECT_NE(refused.error().error.code, EIO);
        EXPECT_EQ(refused.error().error.object, fdb_.device().name());
        EXPECT_NE(refused.error().error.stage, "");
        expect_nothing_left(before);
        EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}),
                  arrivals({{netdevs().rep(0), frame_to(1)}}));
        EXPECT_EQ(sent(netdevs().vf(2), {frame_to(1)}), arrivals({{netdevs().vf(3), frame_to(1)}}));
        run("esw-sim ctl fault clear");
        const auto inserted = fdb_.insert(flow);
        EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}).size(),
                  std::max<size_t>(flow.actions.outputs.size(), 1));
        fdb_->remove(inserted.rule);
        fdb_->remove(other.rule);
    }
    static void expect_nothing_left(const Counts& before) {
        const Counts after = counts();
        EXPECT_EQ(after.root_rules, before.root_rules);
        auto left = after.made_since(before);
        left.erase("0xa00");  // the adapter's memory, which libmlx5 keeps
        left.erase("0x939");  // counters wait for the next rule
        EXPECT_EQ(left, (std::map<std::string, int64_t>{}));
    }
    static std::string header() {
        const Bytes bytes = encode(vxlan4_tunnel());
        return {bytes.begin(), bytes.end()};
    }
};

TEST_F(FdbFaults, NoCounters) {
    // The bulk that the other rule has is used up first.
    std::vector<Fdb::RuleId> rules;
    for (uint32_t i = 0; i < 127; i++) {
        rules.push_back(fdb_.insert(flow(100 + i)).rule);
    }
    const Counts before = counts();
    fail_command("0x939", "ENOMEM");
    const auto one_more = fdb_.insert(flow(1));
    const auto refused = fdb_->insert(flow(2));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, ESW_REFUSAL_NO_COUNTER);
    fdb_->remove(one_more.rule);
    // There is one, once it was read.
    ASSERT_FALSE(fdb_->insert(flow(2)));
    ASSERT_TRUE(fdb_->read_counters());
    EXPECT_TRUE(fdb_->insert(flow(2)));
    run("esw-sim ctl fault clear");
    EXPECT_TRUE(fdb_->insert(flow(3)));
    EXPECT_EQ(counts().made_since(before).at("0x939"), 1);
}

TEST_F(FdbFaults, NoCounterForTheFirstRule) {
    expect_refused("0x93d", "ENOMEM", flow(1, to({{kWirePort, header()}})), ESW_REFUSAL_NO_MEMORY);
    FdbSetup second(the());
    const Counts before = counts();
    fail_command("0x939", "EAGAIN");
    const auto refused = second->insert(flow(1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, ESW_REFUSAL_NO_COUNTER);
    expect_nothing_left(before);
}

TEST_F(FdbFaults, NoTable) {
    expect_refused("0x930", "ENOMEM", flow(1), ESW_REFUSAL_NO_MEMORY);
    expect_refused("0x930", "EINVAL", flow(1), ESW_REFUSAL_DEVICE);
}

/// Of a set of outputs: its table, its group, its entry.
TEST_F(FdbFaults, NoSetOfOutputs) {
    const FdbFlow several = flow(1, to({{vf_port(1), {}}, {kWirePort, header()}}));
    for (const char* opcode : {"0x930", "0x933", "0x936", "0x93d"}) {
        expect_refused(opcode, "ENOMEM", several, ESW_REFUSAL_NO_MEMORY);
    }
}

/// An internal error of the firmware is told as EIO, too; the device is there.
TEST_F(FdbFaults, InternalError) {
    expect_refused("0x930", "EIO", flow(1), ESW_REFUSAL_DEVICE);
}

/// Each ioctl that the first rule of a port makes, in turn: its table and its root rule.
TEST_F(FdbFaults, NoRootRule) {
    const auto other = fdb_.insert({vf_port(2), {}, to(vf_port(3))});
    const FdbFlow wanted = flow(1);
    const Counts before = counts();
    const auto cost = cost_of([&] { fdb_->remove(fdb_.insert(wanted).rule); });
    bool refused_once = false;
    for (uint64_t nth = 1; nth <= cost.ioctls; nth++) {
        run("esw-sim ctl fault add uverbs.ioctl --errno ENOMEM --times 1 --count " +
            std::to_string(nth));
        const auto inserted = fdb_->insert(wanted);
        run("esw-sim ctl fault clear");
        if (inserted) {
            EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}),
                      arrivals({{netdevs().vf(1), frame_to(1)}}));
            fdb_->remove(inserted->rule);
        } else {
            refused_once = true;
            EXPECT_EQ(inserted.error().reason, ESW_REFUSAL_NO_MEMORY)
                << to_string(inserted.error());
        }
        expect_nothing_left(before);
        EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}),
                  arrivals({{netdevs().rep(0), frame_to(1)}}));
    }
    EXPECT_TRUE(refused_once);
    EXPECT_EQ(sent(netdevs().vf(2), {frame_to(1)}), arrivals({{netdevs().vf(3), frame_to(1)}}));
}

/// The adapter's memory is used up: rules that are there go on, and others come when some went.
TEST_F(FdbFaults, NoMemoryForRules) {
    constexpr uint32_t kMost = 200000;
    fdb_.insert(flow(1));
    run("esw-sim ctl fault add uverbs.ioctl --errno ENOMEM --times 0");
    std::vector<Fdb::RuleId> rules;
    esw_refusal reason = ESW_REFUSAL_NONE;
    for (uint32_t i = 2; i < kMost && reason == ESW_REFUSAL_NONE; i++) {
        const auto inserted = fdb_->insert(flow(i));
        if (inserted) {
            rules.push_back(inserted->rule);
        } else {
            reason = inserted.error().reason;
        }
    }
    EXPECT_TRUE(reason == ESW_REFUSAL_NO_MEMORY || reason == ESW_REFUSAL_NO_COUNTER) << reason;
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1), frame_to(2)}),
              arrivals({{netdevs().vf(1), frame_to(1)}, {netdevs().vf(1), frame_to(2)}}));
    run("esw-sim ctl fault clear");
    EXPECT_TRUE(fdb_->insert(flow(kMost)));
    for (const Fdb::RuleId rule : rules) {
        fdb_->remove(rule);
    }
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1), frame_to(2)}),
              arrivals({{netdevs().rep(0), frame_to(2)}, {netdevs().vf(1), frame_to(1)}}));
}

/// A reading that fails leaves the values, and the next one has them.
TEST_F(FdbFaults, NoReading) {
    const auto rule = fdb_.insert(flow(1));
    sent(netdevs().vf(0), {frame_to(1)});
    fail_command("0x93b", "ENOMEM");
    const auto failed = fdb_->read_counters();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().object, fdb_.device().name());
    EXPECT_EQ(rule.counter->value().packets, 0u);
    run("esw-sim ctl fault clear");
    ASSERT_TRUE(fdb_->read_counters());
    EXPECT_EQ(rule.counter->value().packets, 1u);
}

}  // namespace
