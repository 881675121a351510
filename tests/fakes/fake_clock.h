// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>

#include "base/clock.h"
#include "base/mutex.h"
#include "esw-manager/timers.h"

namespace esw::fakes {

/// A clock that stands still until a test moves it, with the timers that go by it. Threads: any.
class FakeClock final : public Clock {
public:
    FakeClock();
    ~FakeClock() override;

    TimePoint now() const override;
    /// 2026-01-01 00:00:00 UTC when the clock was made.
    std::chrono::system_clock::time_point wall_now() const override;

    /// Moves the time on; timers that are due then fire, in order, on their loops' threads.
    void advance(Duration by);

    /// Timers that have not fired.
    size_t pending_timers() const;

    /// Timers of this clock on `loop`, which must outlive them.
    std::unique_ptr<Timers> timers(EventLoop& loop);

private:
    struct State;
    class LoopTimers;
    class TimerHandle;
    const std::shared_ptr<State> state_;
};

}  // namespace esw::fakes
