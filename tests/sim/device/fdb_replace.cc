// SPDX-License-Identifier: Apache-2.0
// A rule that takes another one's place: no packet finds neither, none finds both.
#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/sim/device/fdb_bench.h"

namespace {

using namespace device;

class FdbReplace : public FdbBench {
protected:
    static FdbFlow flow(const FdbActions& actions) {
        return {vf_port(0), by_destination(frame_to(1)), actions};
    }
    /// Of all frames of this test, by another mask.
    static FdbFlow wide(const FdbActions& actions) {
        return {vf_port(0), compiled(Match().set(FIELD(outer_headers.ethertype), 0x88b5)), actions};
    }

    Fdb::Inserted replace(Fdb::RuleId old, const FdbFlow& flow) {
        auto replaced = fdb_->replace(old, flow);
        EXPECT_TRUE(replaced) << (replaced ? "" : to_string(replaced.error()));
        return replaced ? *replaced : Fdb::Inserted{};
    }
};

TEST_F(FdbReplace, DoesWhatTheNewOneSays) {
    const auto first = fdb_.insert(flow(to(vf_port(1))));
    const auto second = replace(first.rule, flow(to(vf_port(2))));
    EXPECT_NE(first.rule, second.rule);
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().vf(2), frame_to(1)}}));
    const auto third = replace(second.rule, wide(to(vf_port(3))));
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(2)}), arrivals({{netdevs().vf(3), frame_to(2)}}));
    fdb_->remove(first.rule);
    fdb_->remove(second.rule);
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().vf(3), frame_to(1)}}));
    fdb_->remove(third.rule);
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().rep(0), frame_to(1)}}));
    EXPECT_TRUE(fdb_->remove_port(vf_port(1)));
}

TEST_F(FdbReplace, CounterGoesOn) {
    const auto first = fdb_.insert(flow(to(vf_port(1))));
    sent(netdevs().vf(0), {frame_to(1), frame_to(1)});
    ASSERT_TRUE(fdb_->read_counters());
    const auto second = replace(first.rule, wide(to(vf_port(2))));
    EXPECT_EQ(first.counter, second.counter);
    sent(netdevs().vf(0), {frame_to(1)});
    ASSERT_TRUE(fdb_->read_counters());
    EXPECT_EQ(second.counter->value().packets, 3u);
}

TEST_F(FdbReplace, OldOneStaysAfterAnError) {
    const auto first = fdb_.insert(flow(to(vf_port(1))));
    const auto refused = fdb_->replace(first.rule, flow(to(99)));
    ASSERT_FALSE(refused);
    sent(netdevs().vf(0), {frame_to(1)});
    ASSERT_TRUE(fdb_->read_counters());
    EXPECT_EQ(first.counter->value().packets, 1u);
}

/// Of a rule that is no longer there: a new one.
TEST_F(FdbReplace, UnknownRule) {
    const auto first = fdb_.insert(flow(to(vf_port(1))));
    fdb_->remove(first.rule);
    const auto second = replace(first.rule, flow(to(vf_port(2))));
    EXPECT_NE(first.counter, second.counter);
    EXPECT_EQ(sent(netdevs().vf(0), {frame_to(1)}), arrivals({{netdevs().vf(2), frame_to(1)}}));
}

/// Thousands of times, of the same match and of two masks in turn, while packets come.
TEST_F(FdbReplace, UnderPackets) {
    constexpr unsigned kBatch = 50, kReplacements = 3000;
    auto current = fdb_.insert(flow(to(vf_port(1)))).rule;
    std::atomic<bool> over{false};
    std::thread replacing([&] {
        for (unsigned i = 0; i < kReplacements; i++) {
            const FdbActions actions = to(vf_port(1 + i % 2));
            current = replace(current, i % 3 == 0 ? wide(actions) : flow(actions)).rule;
        }
        over = true;
    });
    uint32_t sequence = 0;
    do {
        std::vector<Frame> frames;
        std::vector<Bytes> wanted, came;
        for (unsigned i = 0; i < kBatch; i++) {
            frames.push_back(frame_to(1, sequence++));
            wanted.push_back(encode(frames.back()));
        }
        for (const Netdevs::Arrival& arrival : sent(netdevs().vf(0), frames)) {
            EXPECT_TRUE(arrival.at == netdevs().vf(1) || arrival.at == netdevs().vf(2))
                << netdevs().name(arrival.at);
            came.push_back(arrival.frame);
        }
        std::sort(wanted.begin(), wanted.end());
        std::sort(came.begin(), came.end());
        EXPECT_EQ(came, wanted);
    } while (!over && !HasFailure());
    replacing.join();
    EXPECT_GT(sequence, kBatch);
}

}  // namespace
