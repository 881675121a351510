// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "esw-manager/control_lock.h"
#include "esw-manager/watched_kernel.h"
#include "esw-manager/work_queue.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/unit/manager/record_fixture.h"

namespace esw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WatchdogTest : public testing::Test {
protected:
    WatchdogTest() {
        loop_thread = std::thread([this] { fixture.loop->run(); });
    }
    ~WatchdogTest() override {
        fixture.loop->stop();
        loop_thread.join();
    }

    /// Returns when the loop has done all that was posted to it so far.
    void sync() {
        std::promise<void> done;
        fixture.loop->post([&] { done.set_value(); });
        done.get_future().get();
    }
    /// Lets time pass, and everything that is due then happen.
    void pass(Duration time) {
        sync();  // timers are set
        clock.advance(time);
        sync();
    }
    Watchdog::Subject subject(std::string who = "load pf0vf3") {
        return {WaitKind::kBlock, [who] { return who; }, "the block", [this] { return holder; }};
    }
    std::vector<std::string> reports() {
        std::vector<std::string> lines;
        for (const std::string& line : log.lines()) {
            if (line.find("|esw_watchdog|") != std::string::npos) {
                lines.push_back(line);
            }
        }
        return lines;
    }
    uint64_t counter(const char* name) { return record.counters().copy().values.at(name); }

    fakes::FakeClock clock;
    fakes::MemorySink log;
    RecordFixture fixture{clock, log};
    EswitchRecord& record = *fixture.record;
    Watchdog& watchdog = fixture.watchdog;
    std::string holder = "set-mode legacy";
    std::thread loop_thread;
};

TEST_F(WatchdogTest, SaysWhoWaitsForWhatAndWhoHoldsIt) {
    const Watchdog::Wait wait(record, subject());
    pass(milliseconds(4999));
    EXPECT_TRUE(reports().empty());
    pass(milliseconds(1));
    EXPECT_EQ(reports(),
              std::vector<std::string>{"warning|esw_watchdog|pci/0000:08:00.0: load pf0vf3 has "
                                       "waited 5000 ms for the block, held by set-mode legacy"});
    const auto event = record.history().copy().events.at(0);
    EXPECT_EQ(event->track, EventTrack::kWaits);
    EXPECT_EQ(event->kind, "wait");
    EXPECT_EQ(event->target, "load pf0vf3");
    EXPECT_EQ(event->result, EventResult::kLate);
    EXPECT_EQ(event->cause, "for the block, held by set-mode legacy");
    EXPECT_EQ(event->duration, seconds(5));
    EXPECT_EQ(counter("late_waits"), 1u);
}

TEST_F(WatchdogTest, SaysItAgainWithDoublingIntervals) {
    const Watchdog::Wait wait(record, subject());
    std::vector<int> at;
    for (int second = 1; second <= 45; ++second) {
        const size_t before = reports().size();
        pass(seconds(1));
        if (reports().size() != before) {
            at.push_back(second);
        }
    }
    EXPECT_EQ(at, (std::vector<int>{5, 10, 20, 40}));
}

TEST_F(WatchdogTest, WaitThatEndsInTimeIsCountedOnly) {
    for (int i = 0; i < 3; ++i) {
        const Watchdog::Wait wait(record, subject());
        pass(milliseconds(100));
    }
    EXPECT_EQ(clock.pending_timers(), 1u) << "one for all of them";
    pass(seconds(5));
    EXPECT_TRUE(reports().empty());
    EXPECT_TRUE(record.history().copy().events.empty());
    EXPECT_EQ(counter("block_waits"), 3u);
    EXPECT_EQ(counter("block_wait_ms"), 300u);
    EXPECT_EQ(clock.pending_timers(), 0u) << "nobody waits";
}

TEST_F(WatchdogTest, TimerOfAnEndedWaitFindsTheNext) {
    auto first = std::make_unique<Watchdog::Wait>(record, subject("first"));
    pass(seconds(2));
    const Watchdog::Wait second(record, subject("second"));
    first.reset();
    pass(seconds(3));
    EXPECT_TRUE(reports().empty());
    pass(seconds(2));
    ASSERT_EQ(reports().size(), 1u);
    EXPECT_NE(reports()[0].find("second has waited 5000 ms"), std::string::npos);
}

TEST_F(WatchdogTest, EndOfALateWaitIsToldAndRecorded) {
    {
        const Watchdog::Wait wait(record, subject());
        pass(seconds(7));
    }
    EXPECT_EQ(reports().back(),
              "info|esw_watchdog|pci/0000:08:00.0: load pf0vf3 waited 7000 ms for the block");
    const auto event = record.history().copy().events.back();
    EXPECT_EQ(event->result, EventResult::kDone);
    EXPECT_EQ(event->duration, seconds(7));
    EXPECT_EQ(event->begun, clock.now() - seconds(7));
}

TEST_F(WatchdogTest, NewDeadlineIsForThoseThatWaitAlready) {
    const Watchdog::Wait wait(record, subject());
    pass(seconds(4));
    watchdog.set_deadline(seconds(1));
    pass({});
    EXPECT_EQ(reports().size(), 1u) << "once, though several were due";
    pass(seconds(3));
    EXPECT_EQ(reports().size(), 1u);
    pass(seconds(1));
    EXPECT_EQ(reports().size(), 2u);
    EXPECT_EQ(watchdog.deadline(), seconds(1));
}

TEST_F(WatchdogTest, ListsTheWaitsOfOneEswitch) {
    const auto other = std::make_shared<EswitchRecord>("pci/0000:08:00.1", clock, watchdog);
    const Watchdog::Wait wait(record, subject());
    const Watchdog::Wait others(*other, subject("load pf1vf0"));
    const auto views = watchdog.list(record);
    ASSERT_EQ(views.size(), 1u);
    EXPECT_EQ(views[0].who, "load pf0vf3");
    EXPECT_EQ(views[0].what, "the block");
    EXPECT_EQ(views[0].holder, "set-mode legacy");
}

// A wait may end at any moment of its being read: whoever reads it must never see its end.
TEST_F(WatchdogTest, WaitEndsWhenNobodyReadsIt) {
    std::atomic<bool> over{false};
    std::atomic<int> read{0}, read_after_end{0};
    std::thread reader([&] {
        while (!over) {
            watchdog.list(record);
        }
    });
    for (int i = 0; i < 2000 || read == 0; ++i) {
        const auto ended = std::make_shared<std::atomic<bool>>(false);
        {
            Watchdog::Subject other = subject();
            other.holder = [&read, &read_after_end, ended] {
                std::this_thread::yield();
                read_after_end += *ended;
                ++read;
                return std::string("somebody");
            };
            const Watchdog::Wait wait(record, other);
            std::this_thread::yield();
        }
        *ended = true;
    }
    over = true;
    reader.join();
    EXPECT_EQ(read_after_end, 0);
}

TEST_F(WatchdogTest, WatchesWhoWaitsForTheControlLock) {
    ControlLock control(1, &record);
    ASSERT_EQ(control.acquire("set-mode legacy"), ControlLock::Outcome::kAcquired);
    WorkQueue queue(
        control, clock, [](const WorkItem&) { return WorkQueue::Result::kDone; }, {}, &record);
    record.set_queue_source([&queue] { return queue.list(); });
    queue.push(WorkKind::kInspect);
    queue.push(WorkKind::kUnload, RepId::parse("pf0vf3").value());
    ASSERT_TRUE(queue.start("test"));
    fixture.timers->wait_until_armed();
    pass(seconds(5));
    ASSERT_EQ(reports().size(), 1u);
    EXPECT_NE(reports()[0].find("pci/0000:08:00.0: unload pf0vf3 has waited 5000 ms for the "
                                "control lock, held by set-mode legacy"),
              std::string::npos);
    const auto row = record.list_work()->rows.at(0);
    EXPECT_EQ(row.name(), "unload pf0vf3");
    EXPECT_EQ(row.waits_for, "the control lock");
    EXPECT_EQ(row.held_by, "set-mode legacy");
    control.release();
    queue.close();
    queue.stop();
    record.set_queue_source({});
    EXPECT_EQ(counter("control_lock_waits"), 1u);
    EXPECT_EQ(counter("control_lock_wait_ms"), 5000u);
}

TEST_F(WatchdogTest, WatchesWhoWaitsForTheBlock) {
    RepBlock block("pci/0000:08:00.0", clock, {}, &record);
    const BlockHolder mode("set-mode legacy"), load("load pf0vf3");
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    auto waiting = std::async(std::launch::async, [&] { return block.acquire(load, "load"); });
    fixture.timers->wait_until_armed();
    pass(seconds(5));
    ASSERT_EQ(reports().size(), 1u);
    EXPECT_NE(reports()[0].find("load pf0vf3 has waited 5000 ms for the block, held by "
                                "set-mode legacy (to reconfigure)"),
              std::string::npos)
        << reports()[0];
    ASSERT_TRUE(block.release(mode));
    EXPECT_TRUE(waiting.get());
    EXPECT_EQ(counter("block_waits"), 1u);
    EXPECT_EQ(counter("block_wait_ms"), 5000u);
}

TEST_F(WatchdogTest, WatchesCallsOfTheKernel) {
    const DevlinkHandle handle{"pci", "0000:08:00.0"};
    fakes::FakeKernel inner;
    inner.add_pf(handle, 0, 1);
    inner.gate("eswitch_get");
    WatchedKernel kernel(inner, record, [] { return "inspect"; });
    auto mode = std::async(std::launch::async, [&] { return kernel.eswitch_get(handle); });
    inner.wait_for_blocked("eswitch_get");
    pass(seconds(5));
    inner.ungate("eswitch_get");
    EXPECT_TRUE(mode.get());
    ASSERT_EQ(reports().size(), 2u);
    EXPECT_NE(reports()[0].find("inspect has waited 5000 ms for the kernel (devlink eswitch show)"),
              std::string::npos);
    EXPECT_EQ(counter("kernel_calls"), 1u);
    EXPECT_EQ(counter("kernel_call_ms"), 5000u);
}

}  // namespace
}  // namespace esw
