// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/event_loop.h"

namespace esw {

/// One-shot timers on an event loop. An interface of its own so that tests decide when time passes.
/// Threads: the owner thread of the loop.
class Timers {
public:
    virtual ~Timers() = default;

    /// Calls `callback` on the loop's thread, `delay` from now, unless the handle is gone by then.
    virtual Result<std::unique_ptr<EventLoop::Handle>> after(Duration delay,
                                                             std::function<void()> callback) = 0;
};

class LoopTimers final : public Timers {
public:
    explicit LoopTimers(EventLoop& loop) : loop_(loop) {}
    Result<std::unique_ptr<EventLoop::Handle>> after(Duration delay,
                                                     std::function<void()> callback) override {
        return loop_.after(delay, std::move(callback));
    }

private:
    EventLoop& loop_;
};

}  // namespace esw
