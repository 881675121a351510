// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <future>

namespace esw {
namespace {

TEST(Thread, RunsItsBodyAndIsWaitedForAtItsEnd) {
    std::atomic<bool> ran{false};
    {
        const auto thread = Thread::start("worker", [&ran] { ran = true; });
        ASSERT_TRUE(thread.has_value());
    }
    EXPECT_TRUE(ran);
}

TEST(Thread, IsWaitedForUntilADeadline) {
    std::promise<void> end;
    auto thread = Thread::start("test", [&end] { end.get_future().wait(); });
    ASSERT_TRUE(thread);
    EXPECT_FALSE((*thread)->join_for(std::chrono::milliseconds(0)));
    end.set_value();
    EXPECT_TRUE((*thread)->join_for(std::chrono::minutes(1)));
    EXPECT_TRUE((*thread)->join_for(std::chrono::milliseconds(0)));
    (*thread)->join();
}

TEST(Thread, JoinMayBeCalledTwice) {
    auto thread = std::move(Thread::start("worker", [] {})).value();
    thread->join();
    thread->join();
}

TEST(Thread, SignalsAreBlockedInItAndNotInItsCreator) {
    sigset_t inside, outside;
    auto thread = std::move(Thread::start("worker", [&inside] {
                      pthread_sigmask(SIG_SETMASK, nullptr, &inside);
                  })).value();
    thread->join();
    pthread_sigmask(SIG_SETMASK, nullptr, &outside);
    for (const int signal : {SIGTERM, SIGHUP, SIGALRM, SIGINT}) {
        EXPECT_TRUE(sigismember(&inside, signal));
        EXPECT_FALSE(sigismember(&outside, signal));
    }
}

TEST(Thread, HasASmallStack) {
    size_t bytes = 0;
    auto thread = std::move(Thread::start("worker", [&bytes] {
                      pthread_attr_t attributes;
                      pthread_getattr_np(pthread_self(), &attributes);
                      pthread_attr_getstacksize(&attributes, &bytes);
                      pthread_attr_destroy(&attributes);
                  })).value();
    thread->join();
    EXPECT_EQ(bytes, Thread::kStackBytes);
}

TEST(Thread, ALongNameIsNoError) {
    EXPECT_TRUE(Thread::start("a name with more than 15 characters", [] {}).has_value());
}

}  // namespace
}  // namespace esw
