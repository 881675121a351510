// SPDX-License-Identifier: Apache-2.0
#include "base/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace esw {
namespace {

TEST(Mailbox, WakesOnceForAnyNumberOfItems) {
    int wakes = 0;
    Mailbox<int> box([&wakes] { ++wakes; });
    box.put(1);
    box.put(2);
    box.put(3);
    EXPECT_EQ(wakes, 1);
    EXPECT_EQ(box.take_all(), (std::deque<int>{1, 2, 3}));
}

TEST(Mailbox, WakesAgainAfterItWasEmptied) {
    int wakes = 0;
    Mailbox<int> box([&wakes] { ++wakes; });
    box.put(1);
    box.take_all();
    EXPECT_TRUE(box.empty());
    box.put(2);
    EXPECT_FALSE(box.empty());
    EXPECT_EQ(wakes, 2);
    EXPECT_EQ(box.take_all(), (std::deque<int>{2}));
}

TEST(Mailbox, OwnerMayTakeFromWithinTheWake) {
    Mailbox<int>* self = nullptr;
    std::deque<int> got;
    Mailbox<int> box([&] { got = self->take_all(); });
    self = &box;
    box.put(7);
    EXPECT_EQ(got, (std::deque<int>{7}));
}

TEST(Mailbox, CarriesWhatCannotBeCopied) {
    Mailbox<std::unique_ptr<int>> box({});
    box.put(std::make_unique<int>(7));
    auto items = box.take_all();
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(*items[0], 7);
}

// The owner sleeps between wakes: an item without a wake would leave it asleep for good.
TEST(Mailbox, NoItemOfManyThreadsIsLostAndEachThreadsOrderIsKept) {
    constexpr int kThreads = 4;
    constexpr int kItems = 2000;
    Mutex mutex(LockRank::kLeaf);
    CondVar woken;
    bool pending = false;
    Mailbox<std::pair<int, int>> box([&] {
        MutexLock lock(mutex);
        pending = true;
        woken.notify_one();
    });
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&box, thread] {
            for (int item = 0; item < kItems; ++item) {
                box.put({thread, item});
            }
        });
    }
    std::vector<int> next(kThreads, 0);
    for (int received = 0; received < kThreads * kItems;) {
        {
            MutexLock lock(mutex);
            while (!pending) {
                woken.wait(mutex);
            }
            pending = false;
        }
        for (const auto& [thread, item] : box.take_all()) {
            EXPECT_EQ(item, next[static_cast<size_t>(thread)]++);
            ++received;
        }
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_TRUE(box.empty());
}

}  // namespace
}  // namespace esw
