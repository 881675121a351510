// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace esw {
namespace {

using Handle = std::unique_ptr<EventLoop::Handle>;

class EventLoopTest : public testing::Test {
protected:
    EventLoopTest() : loop_(std::move(EventLoop::create().value())) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
            read_end_ = UniqueFd(ends[0]);
            write_end_ = UniqueFd(ends[1]);
        }
    }

    void write_byte(char byte = 'x') { EXPECT_EQ(::write(write_end_.get(), &byte, 1), 1); }
    char read_byte() {
        char byte = 0;
        EXPECT_EQ(::read(read_end_.get(), &byte, 1), 1);
        return byte;
    }

    std::unique_ptr<EventLoop> loop_;
    UniqueFd read_end_, write_end_;
    std::string trace_;
};

TEST_F(EventLoopTest, PostedFunctionsRunInTheirOrder) {
    for (const char c : std::string("abc")) {
        loop_->post([this, c] { trace_ += c; });
    }
    loop_->stop();
    loop_->run();
    EXPECT_EQ(trace_, "abc");
}

TEST_F(EventLoopTest, PostedFunctionsRunInTheOwnersThread) {
    std::thread::id ran_in;
    std::thread other([this, &ran_in] {
        loop_->post([&ran_in] { ran_in = std::this_thread::get_id(); });
        loop_->stop();
    });
    loop_->run();
    other.join();
    EXPECT_EQ(ran_in, std::this_thread::get_id());
}

TEST_F(EventLoopTest, AFunctionMayPostAnother) {
    loop_->post([this] {
        trace_ += 'a';
        loop_->post([this] {
            trace_ += 'b';
            loop_->stop();
        });
    });
    loop_->run();
    EXPECT_EQ(trace_, "ab");
}

TEST_F(EventLoopTest, RunsAgainAfterAStop) {
    loop_->stop();
    loop_->run();
    loop_->post([this] {
        trace_ += 'a';
        loop_->stop();
    });
    loop_->run();
    EXPECT_EQ(trace_, "a");
}

TEST_F(EventLoopTest, AWatchFiresForAsLongAsThereIsSomething) {
    const Handle watch =
        std::move(loop_->watch(read_end_.get(), EventLoop::Interest::kRead, [this] {
            trace_ += read_byte();
            if (trace_.size() == 3) {
                loop_->stop();
            }
        })).value();
    for (const char c : std::string("abc")) {
        write_byte(c);
    }
    loop_->run();
    EXPECT_EQ(trace_, "abc");
}

TEST_F(EventLoopTest, AWatchForWritingFiresWhenThereIsRoom) {
    std::array<char, 4096> block{};
    while (::write(write_end_.get(), block.data(), block.size()) > 0) {
    }
    ASSERT_EQ(errno, EAGAIN);
    Handle watch;
    watch = std::move(loop_->watch(write_end_.get(), EventLoop::Interest::kWrite, [this, &watch] {
                watch.reset();
                trace_ += 'w';
                loop_->stop();
            })).value();
    loop_->post([this, &block] {
        EXPECT_EQ(trace_, "");
        while (::read(read_end_.get(), block.data(), block.size()) > 0) {
        }
    });
    loop_->run();
    EXPECT_EQ(trace_, "w");
}

TEST_F(EventLoopTest, AWatchEndsWithItsHandle) {
    Handle watch = std::move(loop_->watch(read_end_.get(), EventLoop::Interest::kRead, [this] {
                       trace_ += 'r';
                   })).value();
    write_byte();
    watch.reset();
    loop_->post([this] { loop_->stop(); });
    loop_->run();
    EXPECT_EQ(trace_, "");
}

TEST_F(EventLoopTest, AHandleMayBeDestroyedInItsOwnCallback) {
    Handle watch;
    // The text is long, so that it lives on the heap with the callback that is being destroyed.
    const std::string text(100, 'r');
    watch =
        std::move(loop_->watch(read_end_.get(), EventLoop::Interest::kRead, [this, &watch, text] {
            watch.reset();
            trace_ += text;
            loop_->stop();
        })).value();
    write_byte();
    loop_->run();
    EXPECT_EQ(trace_, text);
}

TEST_F(EventLoopTest, ACallbackMayEndAnotherThatIsDue) {
    std::array<Handle, 2> watches;
    for (size_t i = 0; i < 2; ++i) {
        watches[i] = std::move(loop_->watch(read_end_.get(), EventLoop::Interest::kRead,
                                            [this, &watches, i] {
                                                trace_ += 'r';
                                                watches[1 - i].reset();
                                                watches[i].reset();
                                                loop_->stop();
                                            }))
                         .value();
    }
    write_byte();
    loop_->run();
    EXPECT_EQ(trace_, "r");
}

TEST_F(EventLoopTest, WatchOfWhatCannotBeWatchedIsAnError) {
    const auto none = loop_->watch(-1, EventLoop::Interest::kRead, [] {});
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, EBADF);
}

TEST_F(EventLoopTest, ATimerFiresOnce) {
    int fired = 0;
    Handle second;
    const Handle first = std::move(loop_->after(Duration::zero(), [&] {
                             ++fired;
                             second = std::move(loop_->after(std::chrono::milliseconds(1), [this] {
                                          loop_->stop();
                                      })).value();
                         })).value();
    loop_->run();
    EXPECT_EQ(fired, 1);
}

TEST_F(EventLoopTest, TimersFireInTheOrderOfTheirTimesAndNotEarly) {
    const auto start = std::chrono::steady_clock::now();
    const auto late = std::chrono::milliseconds(20);
    const Handle slow = std::move(loop_->after(late, [this] {
                            trace_ += 's';
                            loop_->stop();
                        })).value();
    const Handle quick =
        std::move(loop_->after(std::chrono::milliseconds(1), [this] { trace_ += 'q'; })).value();
    loop_->run();
    EXPECT_EQ(trace_, "qs");
    // The clock that libevent reads has a resolution of a few milliseconds.
    EXPECT_GE(std::chrono::steady_clock::now() - start, late - std::chrono::milliseconds(10));
}

TEST_F(EventLoopTest, ATimerThatWasEndedDoesNotFire) {
    Handle timer =
        std::move(loop_->after(std::chrono::milliseconds(1), [this] { trace_ += 't'; })).value();
    timer.reset();
    const Handle later =
        std::move(loop_->after(std::chrono::milliseconds(5), [this] { loop_->stop(); })).value();
    loop_->run();
    EXPECT_EQ(trace_, "");
}

TEST_F(EventLoopTest, ADelayThatIsOverFiresAtOnce) {
    const Handle timer =
        std::move(loop_->after(std::chrono::hours(-1), [this] { loop_->stop(); })).value();
    loop_->run();
}

}  // namespace
}  // namespace esw
