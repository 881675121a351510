// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/device_reader.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <deque>
#include <future>
#include <map>
#include <semaphore>
#include <thread>

namespace esw {
namespace {

/// Devices that count how often they are read, and a reader of that.
class DeviceReaderTest : public testing::Test {
protected:
    ~DeviceReaderTest() override { executor_.stop(); }

    /// It lives as long as what runs on the executor.
    DeviceReader<int>& reader(Patience& patience) {
        return readers_.emplace_back(
            executor_, [this](uint32_t ifindex) { return count(ifindex); }, patience,
            [this](Duration) { caught_up_.release(); });
    }
    static int value(const DeviceReader<int>::Pointer& reading) { return reading->value; }

    Result<int> count(uint32_t ifindex) {
        MutexLock lock(mutex_);
        while (held_) {
            changed_.wait(mutex_);
        }
        EXPECT_NE(std::this_thread::get_id(), test_);
        if (ifindex == 0) {
            return fail(ENODEV, "ifindex 0", "count");
        }
        return ++counts_[ifindex];
    }
    void hold(bool hold) {
        MutexLock lock(mutex_);
        held_ = hold;
        changed_.notify_all();
    }
    void wait_until_caught_up() { caught_up_.acquire(); }

    Patience endless_{std::chrono::hours(1)};
    Patience little_{std::chrono::milliseconds(1)};
    Patience none_{Duration::zero()};
    const std::thread::id test_ = std::this_thread::get_id();
    Mutex mutex_{LockRank::kLeaf};
    CondVar changed_;
    bool held_ ESW_GUARDED_BY(mutex_) = false;
    std::map<uint32_t, int> counts_ ESW_GUARDED_BY(mutex_);
    std::counting_semaphore<> caught_up_{0};
    std::deque<DeviceReader<int>> readers_;
    Executor executor_{"esw counters"};
};

TEST_F(DeviceReaderTest, TellsWhatItIsAtThisMoment) {
    auto& reader = this->reader(endless_);
    EXPECT_EQ(value(reader.read(1, 12)), 1);
    EXPECT_EQ(value(reader.read(1, 12)), 2);
    EXPECT_EQ(value(reader.read(2, 13)), 1);
    EXPECT_FALSE(reader.is_overdue());
}

TEST_F(DeviceReaderTest, TellsTheLastReadingWhenItWouldHaveToWait) {
    auto& reader = this->reader(none_);
    hold(true);
    EXPECT_EQ(reader.read(1, 12), nullptr) << "there is none yet";
    EXPECT_TRUE(reader.is_overdue());
    hold(false);
    wait_until_caught_up();
    EXPECT_FALSE(reader.is_overdue());
    hold(true);
    EXPECT_EQ(value(reader.read(1, 12)), 1);
    hold(false);
    wait_until_caught_up();
}

TEST_F(DeviceReaderTest, NobodyWaitsBehindAReadingThatIsOverdue) {
    auto& reader = this->reader(little_);
    hold(true);
    EXPECT_EQ(reader.read(1, 12), nullptr);
    EXPECT_TRUE(reader.is_overdue());
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(reader.read(1, 12), nullptr);
        EXPECT_EQ(reader.read(2, 13), nullptr);
    }
    hold(false);
    wait_until_caught_up();
    MutexLock lock(mutex_);
    EXPECT_EQ(counts_, (std::map<uint32_t, int>{{12, 1}, {13, 1}})) << "readings piled up";
}

TEST_F(DeviceReaderTest, OnePatienceIsForAllReadingsOfATurn) {
    auto& first = this->reader(little_);
    EXPECT_GT(little_.left(), Duration::zero());
    hold(true);
    EXPECT_EQ(first.read(1, 12), nullptr);
    EXPECT_EQ(little_.left(), Duration::zero());
    little_.renew();
    EXPECT_GT(little_.left(), Duration::zero());
    hold(false);
    wait_until_caught_up();
}

TEST_F(DeviceReaderTest, ReadingsAreNumbered) {
    auto& reader = this->reader(endless_);
    const auto first = reader.read(1, 12);
    EXPECT_GT(first->number, 0u);
    EXPECT_GT(reader.read(2, 13)->number, first->number);
}

TEST_F(DeviceReaderTest, AReadingThatFailsLeavesTheOneBefore) {
    auto& reader = this->reader(endless_);
    EXPECT_EQ(reader.read(1, 0), nullptr);
    EXPECT_EQ(value(reader.read(1, 12)), 1);
    executor_.stop();
    EXPECT_EQ(value(reader.read(1, 12)), 1) << "nobody reads any more";
    EXPECT_FALSE(reader.is_overdue());
}

TEST_F(DeviceReaderTest, AnotherDeviceHasNothingOfTheOneBefore) {
    auto& reader = this->reader(none_);
    hold(true);
    EXPECT_EQ(reader.read(1, 12), nullptr);
    reader.forget(1);
    // The same one again, whose first reading is under way still.
    EXPECT_EQ(reader.read(1, 12), nullptr);
    hold(false);
    wait_until_caught_up();
    hold(true);
    EXPECT_EQ(value(reader.read(1, 12)), 2) << "of the reading before it was forgotten";
    EXPECT_EQ(reader.read(1, 13), nullptr);
    hold(false);
    wait_until_caught_up();
}

}  // namespace
}  // namespace esw
