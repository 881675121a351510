// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace esw {
namespace {

using std::chrono::steady_clock;

class Counter {
public:
    void increment() ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        ++value_;
        changed_.notify_all();
    }
    int value() const ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        return value_;
    }
    void wait_for(int wanted) ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        while (value_ < wanted) {
            changed_.wait(mutex_);
        }
    }
    bool wait_for_until(int wanted, steady_clock::time_point deadline) ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        while (value_ < wanted) {
            if (!changed_.wait_until(mutex_, deadline)) {
                return value_ >= wanted;
            }
        }
        return true;
    }

private:
    mutable Mutex mutex_{LockRank::kLeaf};
    CondVar changed_;
    int value_ ESW_GUARDED_BY(mutex_) = 0;
};

TEST(Mutex, OneThreadAtATime) {
    constexpr int kThreads = 4;
    constexpr int kRounds = 5000;
    Counter counter;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&counter] {
            for (int round = 0; round < kRounds; ++round) {
                counter.increment();
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(counter.value(), kThreads * kRounds);
}

TEST(CondVar, WaitReturnsWhenAnotherThreadMakesItTrue) {
    Counter counter;
    std::thread other([&counter] { counter.increment(); });
    counter.wait_for(1);
    EXPECT_EQ(counter.value(), 1);
    other.join();
}

TEST(CondVar, WaitUntilGivesUpAtTheDeadline) {
    Counter counter;
    EXPECT_FALSE(counter.wait_for_until(1, steady_clock::now()));
}

TEST(CondVar, WaitUntilReturnsWhenNotified) {
    Counter counter;
    std::thread other([&counter] { counter.increment(); });
    EXPECT_TRUE(counter.wait_for_until(1, steady_clock::now() + std::chrono::hours(1)));
    other.join();
}

TEST(Mutex, IsFreeAfterAWait) {
    Counter counter;
    EXPECT_FALSE(counter.wait_for_until(1, steady_clock::now()));
    std::thread other([&counter] { counter.increment(); });
    other.join();
    EXPECT_EQ(counter.value(), 1);
}

void lock_both(Mutex& first, Mutex& second) {
    MutexLock outer(first);
    MutexLock inner(second);
}

TEST(LockRank, RisingOrderIsRight) {
    Mutex manager(LockRank::kManager), eswitch(LockRank::kEswitch), leaf(LockRank::kLeaf);
    lock_both(manager, eswitch);
    lock_both(manager, leaf);
    lock_both(eswitch, leaf);
}

TEST(LockRank, OrderIsOfEachThread) {
    Mutex manager(LockRank::kManager), leaf(LockRank::kLeaf);
    MutexLock lock(leaf);
    std::thread other([&manager] { MutexLock other_lock(manager); });
    other.join();
}

TEST(LockRank, ReleasedOutOfOrderIsForgotten) {
    Mutex manager(LockRank::kManager), eswitch(LockRank::kEswitch), leaf(LockRank::kLeaf);
    manager.lock();
    leaf.lock();
    manager.unlock();
    leaf.unlock();
    lock_both(manager, eswitch);
}

// Builds without the check take these locks as they come.
#ifdef ESW_CHECK_LOCKS

class LockRankDeathTest : public testing::Test {
protected:
    void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(LockRankDeathTest, FallingOrderAborts) {
    Mutex eswitch(LockRank::kEswitch), leaf(LockRank::kLeaf);
    EXPECT_DEATH(lock_both(leaf, eswitch), "taking rank 20 while holding rank 100");
}

TEST_F(LockRankDeathTest, EqualRanksAbort) {
    Mutex one(LockRank::kEswitch), another(LockRank::kEswitch);
    EXPECT_DEATH(lock_both(one, another), "taking rank 20 while holding rank 20");
}

TEST_F(LockRankDeathTest, TheHighestOneHeldCounts) {
    Mutex manager(LockRank::kManager), queue(LockRank::kWorkQueue), leaf(LockRank::kLeaf);
    EXPECT_DEATH(
        {
            MutexLock first(manager);
            MutexLock second(leaf);
            MutexLock third(queue);
        },
        "taking rank 30 while holding rank 100");
}

TEST_F(LockRankDeathTest, ALockIsHeldOverAWait) {
    Mutex leaf(LockRank::kLeaf), manager(LockRank::kManager);
    CondVar never;
    EXPECT_DEATH(
        {
            MutexLock lock(leaf);
            never.wait_until(leaf, steady_clock::now());
            MutexLock wrong(manager);
        },
        "taking rank 10 while holding rank 100");
}

#endif

}  // namespace
}  // namespace esw
