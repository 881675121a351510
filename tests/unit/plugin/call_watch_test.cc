// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/call_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_sink.h"

namespace esw {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class CallWatchTest : public testing::Test {
protected:
    void call(Duration takes) {
        const CallWatch::Call call(watch_, "bridge_run");
        clock_.advance(takes);
    }

    fakes::FakeClock clock_;
    fakes::MemorySink log_;
    CallWatch watch_{log_, clock_};
};

TEST_F(CallWatchTest, ACallOfTenMillisecondsIsNotLogged) {
    call({});
    call(milliseconds(10));
    EXPECT_EQ(log_.lines(), std::vector<std::string>{});
}

TEST_F(CallWatchTest, ALongerOneIsInTheDebugLog) {
    call(milliseconds(10) + microseconds(1));
    call(milliseconds(100) - microseconds(1));
    EXPECT_EQ(log_.lines(), (std::vector<std::string>{
                                "debug|esw_plugin|bridge_run held the main thread for 10 ms",
                                "debug|esw_plugin|bridge_run held the main thread for 99 ms",
                            }));
}

TEST_F(CallWatchTest, FromAHundredMillisecondsOnItIsInTheLog) {
    call(milliseconds(100));
    call(milliseconds(1234));
    EXPECT_EQ(log_.lines(), (std::vector<std::string>{
                                "info|esw_plugin|bridge_run held the main thread for 100 ms",
                                "info|esw_plugin|bridge_run held the main thread for 1234 ms",
                            }));
}

TEST_F(CallWatchTest, CallsThatAreLongAgainAndAgainDoNotFillTheLog) {
    for (int n = 0; n < 1000; ++n) {
        call(milliseconds(100));
    }
    EXPECT_GE(log_.count("info|"), 1u);
    EXPECT_LE(log_.count("info|"), 100u);
}

TEST_F(CallWatchTest, CallsOnAnotherThreadAreNotWatched) {
    std::thread([this] { call(milliseconds(1000)); }).join();
    EXPECT_EQ(log_.lines(), std::vector<std::string>{});
    call(milliseconds(1000));
    EXPECT_EQ(log_.lines().size(), 1u);
}

}  // namespace
}  // namespace esw
