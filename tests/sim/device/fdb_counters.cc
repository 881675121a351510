// SPDX-License-Identifier: Apache-2.0
// What rules count: from 0 on, whatever the adapter's counter had counted for others before.
#include <thread>

#include "tests/sim/device/fdb_bench.h"

namespace {

using namespace device;

const std::string kQuery = "firmware.0x93b";

class FdbCounting : public FdbBench {
protected:
    FdbFlow flow(uint32_t number) {
        return {vf_port(0), by_destination(frame_to(number)), to(vf_port(1))};
    }
    void send(uint32_t number, size_t times) {
        const std::vector<Frame> frames(times, frame_to(number));
        ASSERT_EQ(sent(netdevs().vf(0), frames).size(), times);
    }
    static FdbCounter::Value packets(uint64_t number) {
        return {number, number * encode(frame_to(0)).size()};
    }
    void read() { ASSERT_TRUE(fdb_->read_counters()); }
};

TEST_F(FdbCounting, EachRuleItsOwn) {
    const auto one = fdb_.insert(flow(1)), two = fdb_.insert(flow(2));
    const auto dropped = fdb_.insert({vf_port(0), by_destination(frame_to(3)), drop()});
    send(1, 3);
    send(2, 5);
    sent(netdevs().vf(0), {frame_to(3), frame_to(4)});
    EXPECT_EQ(one.counter->value(), packets(0));
    read();
    EXPECT_EQ(one.counter->value(), packets(3));
    EXPECT_EQ(two.counter->value(), packets(5));
    EXPECT_EQ(dropped.counter->value(), packets(1));
    send(1, 1);
    read();
    EXPECT_EQ(one.counter->value(), packets(4));
    EXPECT_EQ(two.counter->value(), packets(5));
}

TEST_F(FdbCounting, HasAllThatItsRuleDidAfterTheNextReading) {
    const auto rule = fdb_.insert(flow(1));
    send(1, 3);
    read();
    send(1, 2);
    fdb_->remove(rule.rule);
    EXPECT_EQ(rule.counter->value(), packets(3));
    EXPECT_FALSE(rule.counter->is_final());
    read();
    EXPECT_EQ(rule.counter->value(), packets(5));
    EXPECT_TRUE(rule.counter->is_final());
    fdb_.close();
    EXPECT_EQ(rule.counter->value(), packets(5));
}

TEST_F(FdbCounting, KeepsWhatWasReadLastWhenTheFdbEnds) {
    const auto rule = fdb_.insert(flow(1));
    send(1, 3);
    read();
    send(1, 2);
    fdb_.close();
    EXPECT_EQ(rule.counter->value(), packets(3));
    EXPECT_TRUE(rule.counter->is_final());
}

/// The adapter's counter had 5 from another rule.
TEST_F(FdbCounting, UsedAgainStartsFromNothing) {
    const auto old = fdb_.insert(flow(1));
    send(1, 3);
    read();
    send(1, 2);
    fdb_->remove(old.rule);
    read();
    const auto next = fdb_.insert(flow(2));
    EXPECT_EQ(next.counter->value(), packets(0));
    read();
    EXPECT_EQ(next.counter->value(), packets(0));
    send(2, 4);
    read();
    EXPECT_EQ(next.counter->value(), packets(4));
    EXPECT_EQ(old.counter->value(), packets(5));
}

/// Nobody knows yet what the adapter's counter has.
TEST_F(FdbCounting, NotUsedAgainBeforeItWasRead) {
    const auto old = fdb_.insert(flow(1));
    send(1, 3);
    fdb_->remove(old.rule);
    const auto next = fdb_.insert(flow(2));
    read();
    EXPECT_EQ(next.counter->value(), packets(0));
}

/// Held in the firmware, a reading keeps nobody from inserting; and what it finds of a counter that
/// was given back meanwhile may be old.
TEST_F(FdbCounting, InsertsWhileTheFirmwareReads) {
    const auto old = fdb_.insert(flow(1));
    read();
    run("esw-sim ctl gate " + kQuery);
    std::thread reader([&] { EXPECT_TRUE(fdb_->read_counters()); });
    run("esw-sim ctl wait-gate " + kQuery);
    send(1, 3);
    fdb_->remove(old.rule);
    const auto meanwhile = fdb_.insert(flow(2));
    send(2, 2);
    run("esw-sim ctl ungate " + kQuery);
    reader.join();
    const auto next = fdb_.insert(flow(3));
    read();
    EXPECT_EQ(old.counter->value(), packets(3));
    EXPECT_EQ(meanwhile.counter->value(), packets(2));
    EXPECT_EQ(next.counter->value(), packets(0));
}

/// One command reads a bulk, of any size; bulks that nobody uses are read once more, and all but
/// one go.
TEST_F(FdbCounting, Bulks) {
    constexpr uint32_t kRules = 128 + 256 + 512 + 1024 + 2048 + 1;
    std::vector<Fdb::Inserted> rules;
    const Counts before = counts();
    for (uint32_t i = 0; i < kRules; i++) {
        rules.push_back(fdb_.insert(flow(i)));
    }
    send(0, 1);
    send(kRules - 1, 2);
    EXPECT_EQ(counts().made_since(before).at("0x939"), 6);
    EXPECT_EQ(cost_of([&] { read(); }).commands, 6u);
    EXPECT_EQ(rules.front().counter->value(), packets(1));
    EXPECT_EQ(rules.back().counter->value(), packets(2));
    for (uint32_t i = 1; i < kRules; i++) {
        fdb_->remove(rules[i].rule);
    }
    EXPECT_EQ(cost_of([&] { read(); }).commands, 6u + 4u) << "four bulks go";
    EXPECT_EQ(counts().made_since(before).at("0x939"), 2);
    EXPECT_EQ(cost_of([&] { read(); }).commands, 1u);
    // Those that are there serve the next rules.
    const Counts cost = cost_of([&] {
        for (uint32_t i = 1; i < 2000; i++) {
            fdb_.insert(flow(i));
        }
    });
    EXPECT_EQ(cost.made_since({}).count("0x939"), 0u);
}

/// From any thread, without a lock: never backwards, nor packets without their bytes.
TEST_F(FdbCounting, ReadByOthersMeanwhile) {
    const auto rule = fdb_.insert(flow(1));
    const uint64_t size = packets(1).bytes;
    std::atomic<bool> over{false};
    std::thread other([&] {
        FdbCounter::Value last;
        while (!over) {
            const FdbCounter::Value value = rule.counter->value();
            EXPECT_GE(value.packets, last.packets);
            EXPECT_GE(value.bytes, value.packets * size);
            last = value;
        }
    });
    for (unsigned round = 1; round <= 30; round++) {
        send(1, 20);
        read();
        EXPECT_EQ(rule.counter->value(), packets(20 * round));
    }
    over = true;
    other.join();
}

}  // namespace
