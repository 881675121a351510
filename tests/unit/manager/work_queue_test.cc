// SPDX-License-Identifier: Apache-2.0
// The work queue and the control lock; the numbers are those of the lifecycle scenarios.
#include "esw-manager/work_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "tests/fakes/fake_clock.h"

namespace esw {
namespace {

class WorkQueueTest : public testing::Test {
protected:
    ~WorkQueueTest() override {
        queue.close();
        queue.stop();
    }

    void run_started() { ASSERT_TRUE(queue.start("test")); }

    WorkQueue::Result handle(const WorkItem& item) {
        MutexLock lock(mutex);
        ran.push_back(item.to_string());
        changed.notify_all();
        while (held_items > 0) {
            changed.wait(mutex);
        }
        return again-- > 0 ? WorkQueue::Result::kAgain : WorkQueue::Result::kDone;
    }

    std::vector<std::string> wait_for_runs(size_t count) {
        MutexLock lock(mutex);
        while (ran.size() < count) {
            changed.wait(mutex);
        }
        return ran;
    }

    std::vector<std::string> wait_until_idle() {
        MutexLock lock(mutex);
        while (!idle) {
            changed.wait(mutex);
        }
        return ran;
    }

    fakes::FakeClock clock;
    ControlLock control{1};
    Mutex mutex{LockRank::kLeaf};
    CondVar changed;
    std::vector<std::string> ran;
    int held_items = 0;
    int again = 0;
    bool idle = false;
    WorkQueue queue{control, clock, [this](const WorkItem& item) { return handle(item); },
                    [this] {
                        MutexLock lock(mutex);
                        idle = true;
                        changed.notify_all();
                    }};

    const RepId p0 = RepId::parse("p0").value();
    const RepId vf0 = RepId::parse("pf0vf0").value();
    const RepId vf1 = RepId::parse("pf0vf1").value();
};

TEST_F(WorkQueueTest, UplinksFirstUnloadsBeforeLoadsElseInOrder) {
    queue.push(WorkKind::kLoad, vf1);
    queue.push(WorkKind::kLoad, vf0);
    queue.push(WorkKind::kLoad, p0);
    queue.push(WorkKind::kInspect);
    queue.push(WorkKind::kUnload, vf1);
    run_started();
    EXPECT_EQ(wait_until_idle(), (std::vector<std::string>{"unload pf0vf1", "inspect", "load p0",
                                                           "load pf0vf1", "load pf0vf0"}));
}

TEST_F(WorkQueueTest, LikeItemsCollapse) {
    for (int i = 0; i < 5; ++i) {
        queue.push(WorkKind::kLoad, vf0);
    }
    EXPECT_EQ(queue.totals().pending, 1u);
    run_started();
    EXPECT_EQ(wait_until_idle().size(), 1u);
}

TEST_F(WorkQueueTest, ItemLikeTheRunningOneRunsAgain) {
    held_items = 1;
    run_started();
    queue.push(WorkKind::kLoad, vf0);
    wait_for_runs(1);
    queue.push(WorkKind::kLoad, vf0);
    {
        MutexLock lock(mutex);
        held_items = 0;
        changed.notify_all();
    }
    EXPECT_EQ(wait_for_runs(2).size(), 2u);
}

TEST_F(WorkQueueTest, ItemThatAsksForItIsQueuedAgain) {
    again = 2;
    queue.push(WorkKind::kLoad, vf0);
    run_started();
    EXPECT_EQ(wait_for_runs(3).size(), 3u);
    wait_until_idle();
    EXPECT_EQ(queue.totals().requeued, 2u);
}

TEST_F(WorkQueueTest, StaleItemThatAsksForItIsNotQueuedAgain) {
    held_items = 1;
    again = 1;
    queue.push(WorkKind::kLoad, vf0);
    run_started();
    wait_for_runs(1);
    control.raise_generation();
    {
        MutexLock lock(mutex);
        held_items = 0;
        changed.notify_all();
    }
    queue.drain();
    EXPECT_TRUE(queue.idle());
    EXPECT_EQ(queue.totals().requeued, 0u);
    EXPECT_EQ(queue.totals().stale, 1u);
}

// L1
TEST_F(WorkQueueTest, HolderOfTheControlLockDrainsWhatWaitsForItAndWhatIsBehind) {
    ASSERT_EQ(control.acquire("mode set"), ControlLock::Outcome::kAcquired);
    queue.push(WorkKind::kLoad, vf0);
    queue.push(WorkKind::kLoad, vf1);
    run_started();
    control.raise_generation();
    queue.drain();
    EXPECT_TRUE(queue.idle());
    EXPECT_EQ(queue.totals().stale, 2u);
    control.release();
    queue.push(WorkKind::kLoad, p0);
    EXPECT_EQ(wait_for_runs(1), std::vector<std::string>{"load p0"});
}

// L8
TEST_F(WorkQueueTest, ItemThatGoesStaleBetweenItsFirstCheckAndItsLockDoesNotRun) {
    ASSERT_EQ(control.acquire("operation"), ControlLock::Outcome::kAcquired);
    auto waiting = std::async(std::launch::async, [this] { return control.acquire(1, "load"); });
    control.raise_generation();
    // The lock is still held: only being stale lets the waiter go.
    EXPECT_EQ(waiting.get(), ControlLock::Outcome::kStale);
    control.release();
    EXPECT_EQ(control.acquire(1, "load"), ControlLock::Outcome::kStale);
    EXPECT_EQ(control.acquire(2, "load"), ControlLock::Outcome::kAcquired);
    EXPECT_EQ(control.owner(), "load");
    control.release();
}

TEST_F(WorkQueueTest, UnloadsAreNeverStale) {
    ASSERT_EQ(control.acquire("mode set"), ControlLock::Outcome::kAcquired);
    queue.push(WorkKind::kUnload, vf0);
    queue.push(WorkKind::kLoad, vf1);
    run_started();
    control.raise_generation();
    queue.drain();
    control.release();
    EXPECT_EQ(wait_until_idle(), std::vector<std::string>{"unload pf0vf0"});
    EXPECT_EQ(queue.totals().stale, 1u);
}

TEST_F(WorkQueueTest, StaleItemThatIsPushedAgainIsWantedAgain) {
    queue.push(WorkKind::kLoad, vf0);
    control.raise_generation();
    queue.push(WorkKind::kLoad, vf0);
    run_started();
    EXPECT_EQ(wait_until_idle(), std::vector<std::string>{"load pf0vf0"});
}

// L2
TEST_F(WorkQueueTest, NothingRunsOnceItIsClosed) {
    queue.push(WorkKind::kLoad, vf0);
    control.shut_down();
    control.raise_generation();
    queue.close();
    EXPECT_FALSE(queue.push(WorkKind::kLoad, vf1));
    run_started();
    queue.stop();
    EXPECT_EQ(ran, std::vector<std::string>{"tear down"});
    EXPECT_EQ(queue.totals().stale, 1u) << "what was queued before";
    EXPECT_EQ(queue.totals().pending, 0u);
}

TEST_F(WorkQueueTest, ShutdownEndsTheWaitForTheControlLock) {
    ASSERT_EQ(control.acquire("operation"), ControlLock::Outcome::kAcquired);
    auto unload = std::async(std::launch::async, [this] { return control.acquire("unload"); });
    control.shut_down();
    EXPECT_EQ(unload.get(), ControlLock::Outcome::kShutdown);
    control.release();
}

}  // namespace
}  // namespace esw
