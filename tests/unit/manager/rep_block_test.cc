// SPDX-License-Identifier: Apache-2.0
// The block: the numbers are those of the lifecycle scenarios.
#include "esw-manager/rep_block.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <future>
#include <vector>

#include "tests/fakes/fake_clock.h"

namespace esw {
namespace {

class RepBlockTest : public testing::Test {
protected:
    /// Returns when so many have begun to wait since the last time.
    void until_waiting(size_t count) {
        MutexLock lock(mutex);
        while (waits < count) {
            began.wait(mutex);
        }
        waits = 0;
    }
    std::future<Status> take(const BlockHolder& holder, const char* reason) {
        return std::async(std::launch::async, [this, &holder, reason] {
            Status status = block.acquire(holder, reason);
            if (status) {
                MutexLock lock(mutex);
                order.push_back(holder.name());
            }
            return status;
        });
    }

    Mutex mutex{LockRank::kLeaf};
    CondVar began;
    size_t waits = 0;
    std::vector<std::string> order;
    fakes::FakeClock clock;
    RepBlock block{"pci/0000:08:00.0", clock, [this] {
                       MutexLock lock(mutex);
                       ++waits;
                       began.notify_all();
                   }};
    const BlockHolder mode{"set-mode switchdev"}, load{"load"}, registration{"registration of eth"};
};

TEST_F(RepBlockTest, TellsWhoHoldsItWhyAndSinceWhen) {
    EXPECT_EQ(block.state(), BlockState{});
    const TimePoint begin = clock.now();
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    clock.advance(std::chrono::seconds(3));
    const auto state = block.state();
    ASSERT_TRUE(state.owner);
    EXPECT_EQ(*state.owner, (BlockState::Party{"set-mode switchdev", "reconfigure", begin}));
    EXPECT_TRUE(state.waiters.empty());
    ASSERT_TRUE(block.release(mode));
    EXPECT_FALSE(block.state().owner);
}

TEST_F(RepBlockTest, ServesWaitersInTheirOrder) {
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    auto first = take(load, "load p0");
    until_waiting(1);
    auto second = take(registration, "register");
    until_waiting(1);
    EXPECT_EQ(block.state().waiters[0].name, "load");
    EXPECT_EQ(block.state().waiters[1].reason, "register");
    ASSERT_TRUE(block.release(mode));
    EXPECT_TRUE(first.get());
    ASSERT_TRUE(block.release(load));
    EXPECT_TRUE(second.get());
    EXPECT_EQ(order, (std::vector<std::string>{"load", "registration of eth"}));
}

TEST_F(RepBlockTest, TakingItTwiceFailsAtOnceAndNamesBothReasons) {
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    const Status again = block.acquire(mode, "unload p0");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, EDEADLK);
    EXPECT_NE(again.error().detail.find("reconfigure"), std::string::npos);
    EXPECT_NE(again.error().detail.find("unload p0"), std::string::npos);
    // From another thread it is the same operation still.
    EXPECT_EQ(take(mode, "load").get().error().code, EDEADLK);
    EXPECT_TRUE(block.state().owner);
}

TEST_F(RepBlockTest, OnlyTheOwnerReleasesIt) {
    EXPECT_EQ(block.release(mode).error().code, EPERM);
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    EXPECT_EQ(block.release(load).error().code, EPERM);
    EXPECT_EQ(block.state().owner->name, "set-mode switchdev");
}

// L15
TEST_F(RepBlockTest, ALoanGoesToTheBorrowerBeforeAllWhoWait) {
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    auto other = take(load, "load p0");
    until_waiting(1);
    EXPECT_EQ(block.lend(load, registration).error().code, EPERM);
    ASSERT_TRUE(block.lend(mode, registration));
    EXPECT_EQ(block.state().lent_to, "registration of eth");
    EXPECT_EQ(block.lend(mode, load).error().code, EBUSY);
    // From the same thread, twice in a row, and not while it has it.
    ASSERT_TRUE(block.acquire(registration, "register"));
    EXPECT_EQ(block.acquire(registration, "register").error().code, EDEADLK);
    ASSERT_TRUE(block.release(registration));
    ASSERT_TRUE(block.acquire(registration, "unregister"));
    EXPECT_EQ(block.release(mode).error().code, EBUSY);
    ASSERT_TRUE(block.release(registration));
    ASSERT_TRUE(block.take_back(mode));
    EXPECT_EQ(block.take_back(mode).error().code, EPERM);
    // The loan is over: the borrower waits as everybody does.
    auto late = take(registration, "register");
    until_waiting(1);
    EXPECT_EQ(block.state().owner->name, "set-mode switchdev");
    ASSERT_TRUE(block.release(mode));
    EXPECT_TRUE(other.get());
    ASSERT_TRUE(block.release(load));
    EXPECT_TRUE(late.get());
}

TEST_F(RepBlockTest, TakingBackWaitsForTheBorrower) {
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    ASSERT_TRUE(block.lend(mode, registration));
    ASSERT_TRUE(block.acquire(registration, "register"));
    auto back = std::async(std::launch::async, [this] { return block.take_back(mode); });
    ASSERT_TRUE(block.release(registration));
    EXPECT_TRUE(back.get());
    EXPECT_EQ(block.state().lent_to, "");
    EXPECT_TRUE(block.release(mode));
}

TEST_F(RepBlockTest, AShutdownEndsEveryWaitButThoseThatMayNotBeDropped) {
    ASSERT_TRUE(block.acquire(mode, "reconfigure"));
    auto waiting = take(load, "load p0");
    until_waiting(1);
    auto owed = std::async(std::launch::async,
                           [this] { return block.acquire_always(registration, "unregister"); });
    until_waiting(1);
    block.shut_down();
    EXPECT_EQ(waiting.get().error().code, ECANCELED);
    EXPECT_EQ(block.acquire(load, "load p1").error().code, ECANCELED);
    ASSERT_TRUE(block.release(mode));
    EXPECT_TRUE(owed.get());
}

}  // namespace
}  // namespace esw
