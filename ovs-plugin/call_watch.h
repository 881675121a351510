// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "esw-manager/log_limiter.h"

namespace esw {

/// Tells when a call into the plugin held the switch's main thread, which is the one that makes the
/// watch, for longer than any is to: in the debug log, as a busy machine makes any call long, and
/// from kNotable on in the log.
///
/// Threads: any; only the calls of that one are watched.
class CallWatch {
public:
    static constexpr Duration kLongest = std::chrono::milliseconds(10);
    static constexpr Duration kNotable = std::chrono::milliseconds(100);

    CallWatch(LogSink& log, const Clock& clock)
        : log_(log, "esw_plugin"), clock_(clock), thread_(std::this_thread::get_id()) {}

    /// While it lives the call runs. `name` must live as long.
    class Call {
    public:
        Call(CallWatch& watch, const char* name)
            : watch_(watch), name_(name), begun_(watch.clock_.now()) {}
        ~Call() { watch_.ended(name_, begun_); }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;

    private:
        CallWatch& watch_;
        const char* const name_;
        const TimePoint begun_;
    };

private:
    void ended(const char* name, TimePoint begun) {
        const Duration took = clock_.now() - begun;
        if (took <= kLongest || std::this_thread::get_id() != thread_) {
            return;
        }
        constexpr auto kText = "{} held the main thread for {} ms";
        if (took < kNotable) {
            log_.debug(kText, name, to_ms(took));
        } else if (limiter_.allow(begun + took)) {
            log_.info(kText, name, to_ms(took));
        }
    }

    const Logger log_;
    const Clock& clock_;
    const std::thread::id thread_;
    LogLimiter limiter_;
};

}  // namespace esw
