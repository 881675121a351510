// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_offload.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_sink.h"
#include "tests/unit/flow/fake_fdb.h"
#include "tests/unit/flow/some_flows.h"
#include "tests/unit/mlx5/fake_ib_device.h"

namespace esw {
namespace {

const DevlinkHandle kPf0{"pci", "0000:08:00.0"};
const DevlinkHandle kPf1{"pci", "0000:08:00.1"};

RepRef ref(const char* text, const DevlinkHandle& eswitch = kPf0) {
    return {eswitch, RepId::parse(text).value()};
}

/// Ports 1 to 3 are p0, pf0vf0 and pf0vf1 of one eswitch, and 4 is an uplink of another.
class FlowOffloadTest : public ::testing::Test {
protected:
    FlowOffloadTest()
        : flows_({[this](const auto&) { return opened(); }, std::chrono::hours(1),
                  [this] { changed(); }},
                 clock_, sink_) {
        flows_.enable(true);
        flows_.set_port(1, FlowSwitch::Port{ref("p0")});
        flows_.set_port(2, FlowSwitch::Port{ref("pf0vf0")});
        flows_.set_port(3, FlowSwitch::Port{ref("pf0vf1")});
        flows_.set_port(4, FlowSwitch::Port{ref("p1", kPf1)});
    }

    Result<std::shared_ptr<mlx5::Fdb>> opened() {
        std::lock_guard lock(mutex_);
        auto fdb = std::make_shared<FakeFdb>();
        fdb_ = fdb;
        fdb->on_reading = [this] { ++readings_; };
        ++opened_;
        return std::shared_ptr<mlx5::Fdb>(fdb);
    }
    void changed() {
        std::lock_guard lock(mutex_);
        ++changes_;
        condition_.notify_all();
    }
    void settle() {
        std::unique_lock lock(mutex_);
        const auto mark = flows_.mark();
        condition_.wait(lock, [&] { return flows_.is_past(mark); });
    }
    void load(const char* name) {
        flows_.rep_loaded(ref(name), std::make_shared<const RdmaRep>(), device_);
    }
    void load_all() {
        for (const char* name : {"p0", "pf0vf0", "pf0vf1"}) {
            load(name);
        }
    }
    void put(uint64_t ufid, uint32_t from, uint32_t to) {
        const esw_flow_action action = output_to(to);
        flows_.put({0, ufid}, match_of(from, static_cast<uint8_t>(ufid)), {&action, 1});
    }
    bool is_offloaded(uint64_t ufid) { return flows_.stats({0, ufid})->offloaded; }

    const std::shared_ptr<mlx5::IbDevice> device_ =
        std::make_shared<mlx5::test::FakeIbDevice>(4, 0);
    std::mutex mutex_;
    std::condition_variable condition_;
    std::atomic<uint64_t> readings_ = 0;  ///< of all that were opened
    uint64_t changes_ = 0, opened_ = 0;
    std::weak_ptr<FakeFdb> fdb_;
    fakes::FakeClock clock_;
    fakes::MemorySink sink_;
    FlowOffload flows_;
};

TEST_F(FlowOffloadTest, FlowsComeBeforeOrAfterTheRepresentors) {
    put(1, 2, 3);
    settle();
    EXPECT_FALSE(is_offloaded(1));
    load_all();
    put(2, 3, 2);
    settle();
    EXPECT_TRUE(is_offloaded(1));
    EXPECT_TRUE(is_offloaded(2));
    EXPECT_EQ(flows_.totals().flows, 2u);
    EXPECT_EQ(flows_.totals().rules, 2u);
    EXPECT_TRUE(flows_.remove({0, 1}));
    EXPECT_FALSE(flows_.remove({0, 1}));
    EXPECT_FALSE(flows_.stats({0, 1}));
    settle();
    EXPECT_EQ(flows_.totals().rules, 1u);
}

TEST_F(FlowOffloadTest, NothingIsLeftWhenTheLastRepresentorIsUnloaded) {
    load_all();
    put(1, 2, 3);
    settle();
    EXPECT_EQ(fdb_.lock()->rules.size(), 1u);
    flows_.rep_unloaded(ref("pf0vf1"));
    EXPECT_EQ(fdb_.lock()->rules.size(), 0u);
    EXPECT_EQ(fdb_.lock()->readings, 1u) << "the last of what it counted";
    flows_.rep_unloaded(ref("pf0vf0"));
    flows_.rep_unloaded(ref("p0"));
    EXPECT_TRUE(fdb_.expired());
    load_all();
    settle();
    EXPECT_EQ(opened_, 2u);
    EXPECT_TRUE(is_offloaded(1));
}

TEST_F(FlowOffloadTest, APortThatFindsItsRepresentorTakesItsFlowsAlong) {
    load_all();
    flows_.set_port(2, FlowSwitch::Port{});
    put(1, 2, 3);
    put(2, 3, 2);
    settle();
    EXPECT_FALSE(is_offloaded(1));
    EXPECT_FALSE(is_offloaded(2));
    flows_.set_port(2, FlowSwitch::Port{ref("pf0vf0")});
    settle();
    EXPECT_TRUE(is_offloaded(1));
    EXPECT_TRUE(is_offloaded(2));
    flows_.set_port(2, FlowSwitch::Port{ref("pf1vf0", kPf1)});
    settle();
    EXPECT_FALSE(is_offloaded(1));
    EXPECT_EQ(flows_.stats({0, 2})->refusal, ESW_REFUSAL_OTHER_ADAPTER);
    EXPECT_EQ(flows_.totals().refusals[ESW_REFUSAL_OTHER_ADAPTER], 1u);
}

TEST_F(FlowOffloadTest, AFlushTakesOneDatapathPortsFlowsOnly) {
    load_all();
    for (uint64_t ufid = 1; ufid <= 100; ++ufid) {
        put(ufid, ufid % 2 ? 2 : 3, 1);
    }
    settle();
    EXPECT_EQ(flows_.totals().rules, 100u);
    flows_.flush(2);
    settle();
    EXPECT_EQ(flows_.totals().flows, 50u);
    EXPECT_EQ(flows_.totals().rules, 50u);
    EXPECT_FALSE(flows_.stats({0, 1}));
    EXPECT_TRUE(is_offloaded(2));
}

TEST_F(FlowOffloadTest, ItIsKnownWhenPacketsWereSeenLast) {
    load_all();
    put(1, 2, 3);
    settle();
    EXPECT_EQ(flows_.stats({0, 1})->idle_ms, -1);
    fdb_.lock()->rules.begin()->second.counter->packets = 2;
    EXPECT_EQ(flows_.stats({0, 1})->idle_ms, 0);
    clock_.advance(std::chrono::seconds(3));
    const auto stats = flows_.stats({0, 1});
    EXPECT_EQ(stats->idle_ms, 3000);
    EXPECT_EQ(stats->counted, (mlx5::FdbCounter::Value{2, 128}));
}

TEST_F(FlowOffloadTest, TurnedOffNothingIsOpenAndWhatWasCountedIsKept) {
    load_all();
    put(1, 2, 3);
    settle();
    fdb_.lock()->rules.begin()->second.counter->packets = 7;
    flows_.enable(false);
    settle();
    EXPECT_TRUE(fdb_.expired());
    EXPECT_FALSE(is_offloaded(1));
    EXPECT_EQ(flows_.stats({0, 1})->counted.packets, 7u);
    EXPECT_EQ(readings_, 1u) << "the last of what it counted";
    flows_.enable(true);
    settle();
    EXPECT_TRUE(is_offloaded(1));
    EXPECT_EQ(opened_, 2u);
}

// A flow is asked for after its port: not looked at before that is known.
TEST_F(FlowOffloadTest, APortThatComesWhileFlowsAreLookedAt) {
    load_all();
    settle();
    std::promise<void> inside, go;
    fdb_.lock()->on_insert = [&, first = true]() mutable {
        if (std::exchange(first, false)) {
            inside.set_value();
            go.get_future().wait();
        }
    };
    put(1, 2, 3);
    inside.get_future().wait();
    flows_.set_port(7, FlowSwitch::Port{ref("pf0vf2")});
    load("pf0vf2");
    put(2, 7, 3);
    go.set_value();
    settle();
    EXPECT_TRUE(is_offloaded(2));
}

TEST_F(FlowOffloadTest, ManyThreadsPutAndRemoveWhileRepresentorsComeAndGo) {
    constexpr uint64_t kFlows = 200;
    load_all();
    std::vector<std::future<void>> threads;
    for (uint64_t thread = 0; thread < 3; ++thread) {
        threads.push_back(std::async(std::launch::async, [this, thread] {
            for (uint64_t round = 0; round < 5; ++round) {
                for (uint64_t i = 0; i < kFlows; ++i) {
                    put(thread * kFlows + i, 2 + thread % 2, 1);
                    static_cast<void>(flows_.stats({0, i}));
                }
                for (uint64_t i = 0; round < 4 && i < kFlows; ++i) {
                    flows_.remove({0, thread * kFlows + i});
                }
            }
        }));
    }
    for (int round = 0; round < 50; ++round) {
        flows_.rep_unloaded(ref("pf0vf0"));
        flows_.rep_unloaded(ref("pf0vf1"));
        flows_.rep_unloaded(ref("p0"));
        EXPECT_TRUE(fdb_.expired());
        load_all();
    }
    for (auto& thread : threads) {
        thread.get();
    }
    settle();
    EXPECT_EQ(flows_.totals().rules, 3 * kFlows);
    EXPECT_EQ(fdb_.lock()->rules.size(), 3 * kFlows);
    flows_.stop();
    EXPECT_TRUE(fdb_.expired());
}

}  // namespace
}  // namespace esw
