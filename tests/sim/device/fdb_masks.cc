// SPDX-License-Identifier: Apache-2.0
// A port has so many masks. One that is of no use makes room for another, with all its rules.
#include <algorithm>

#include "tests/sim/device/fdb_bench.h"

namespace {

using namespace device;

class FdbMaskLimit : public FdbBench {
protected:
    FdbMaskLimit() : FdbBench({.masks_per_port = 2, .idle_readings = 2}) {}

    /// Rules by destination, by source and by Ethernet type.
    static FdbFlow by_dst(uint32_t number) {
        return {vf_port(0), by_destination(frame_to(number)), to(vf_port(1))};
    }
    static FdbFlow by_src() {
        return {vf_port(0),
                compiled(Match()
                             .set(FIELD(outer_headers.smac_47_16), 0)
                             .set(FIELD(outer_headers.smac_15_0), 3)),
                to(vf_port(2))};
    }
    static FdbFlow by_type() {
        return {vf_port(0), compiled(Match().set(FIELD(outer_headers.ethertype), 0x9999)),
                to(vf_port(3))};
    }
    static Frame of_src() { return {Eth{9, 3, 0x7777}, payload(1)}; }
    static Frame of_type() { return {Eth{9, 4, 0x9999}, payload(2)}; }

    void read() { ASSERT_TRUE(fdb_->read_counters()); }
    esw_refusal reason_of(const FdbFlow& flow) {
        const auto result = fdb_->insert(flow);
        return result ? ESW_REFUSAL_NONE : result.error().reason;
    }
};

TEST_F(FdbMaskLimit, RefusesWhileAllAreOfUse) {
    fdb_.insert(by_dst(1));
    fdb_.insert(by_src());
    EXPECT_EQ(reason_of(by_type()), ESW_REFUSAL_TOO_MANY_MASKS);
    EXPECT_EQ(reason_of(by_dst(2)), ESW_REFUSAL_NONE);
    for (unsigned i = 0; i < 5; i++) {
        sent(netdevs().vf(0), {frame_to(1), of_src()});
        read();
        EXPECT_EQ(reason_of(by_type()), ESW_REFUSAL_TOO_MANY_MASKS);
    }
    // Another port has its own.
    FdbFlow other = by_type();
    other.in_port = vf_port(1);
    EXPECT_EQ(reason_of(other), ESW_REFUSAL_NONE);
}

TEST_F(FdbMaskLimit, IdleOneMakesRoom) {
    const auto first = fdb_.insert(by_dst(1)), second = fdb_.insert(by_dst(2));
    fdb_.insert(by_src());
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_EQ(reason_of(by_type()), ESW_REFUSAL_TOO_MANY_MASKS);
        sent(netdevs().vf(0), {of_src()});
        read();
    }
    auto evicted = fdb_.insert(by_type()).evicted;
    std::sort(evicted.begin(), evicted.end());
    EXPECT_EQ(evicted, (std::vector{first.rule, second.rule}));
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1), of_src(), of_type()}),
              arrivals({{netdevs().rep(0), frame_to(1)},
                        {netdevs().vf(2), of_src()},
                        {netdevs().vf(3), of_type()}}));
}

TEST_F(FdbMaskLimit, FewestRulesFirst) {
    fdb_.insert(by_dst(1));
    fdb_.insert(by_dst(2));
    const auto one = fdb_.insert(by_src());
    read();
    read();
    EXPECT_EQ(fdb_.insert(by_type()).evicted, std::vector{one.rule});
}

/// Not one with a rule that is new.
TEST_F(FdbMaskLimit, NewRulesAreOfUse) {
    const auto old = fdb_.insert(by_dst(1));
    read();
    fdb_.insert(by_src());
    read();
    fdb_.insert(by_dst(2));
    EXPECT_EQ(reason_of(by_type()), ESW_REFUSAL_TOO_MANY_MASKS);
    read();
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().vf(1), frame_to(1)}}));
}

/// A mask whose last rule is replaced makes room for the new one's.
TEST_F(FdbMaskLimit, ReplacedOneMakesRoom) {
    fdb_.insert(by_dst(1));
    const auto old = fdb_.insert(by_src());
    const auto replaced = fdb_->replace(old.rule, by_type());
    ASSERT_TRUE(replaced);
    EXPECT_TRUE(replaced->evicted.empty());
    EXPECT_EQ(reason_of(by_src()), ESW_REFUSAL_TOO_MANY_MASKS);
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1), of_type()}),
              arrivals({{netdevs().vf(1), frame_to(1)}, {netdevs().vf(3), of_type()}}));
}

/// What is replaced is not told of as evicted, also if its mask goes.
TEST_F(FdbMaskLimit, ReplacedAndEvicted) {
    const auto old = fdb_.insert(by_dst(1)), beside = fdb_.insert(by_dst(2));
    fdb_.insert(by_src());
    read();
    sent(netdevs().vf(0), {of_src()});
    read();
    const auto replaced = fdb_->replace(old.rule, by_type());
    ASSERT_TRUE(replaced) << to_string(replaced.error());
    EXPECT_EQ(replaced->evicted, std::vector{beside.rule});
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(2), of_type()}),
              arrivals({{netdevs().rep(0), frame_to(2)}, {netdevs().vf(3), of_type()}}));
}

TEST_F(FdbMaskLimit, EmptyOneIsGone) {
    const auto first = fdb_.insert(by_dst(1));
    fdb_.insert(by_src());
    fdb_->remove(first.rule);
    EXPECT_EQ(reason_of(by_type()), ESW_REFUSAL_NONE);
}

/// The refused one has left nothing, and nobody was evicted for it.
TEST_F(FdbMaskLimit, NobodyIsEvictedForNothing) {
    const auto idle = fdb_.insert(by_dst(1));
    fdb_.insert(by_src());
    read();
    read();
    FdbFlow impossible = by_type();
    impossible.actions.decapsulate = true;
    EXPECT_EQ(reason_of(impossible), ESW_REFUSAL_DEVICE);
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().vf(1), frame_to(1)}}));
}

}  // namespace
