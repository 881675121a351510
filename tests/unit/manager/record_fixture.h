// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/event_loop.h"
#include "base/mutex.h"
#include "esw-manager/eswitch_record.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_sink.h"

namespace esw {

/// Timers of a fake clock that say when one is set.
class TellingTimers final : public Timers {
public:
    explicit TellingTimers(std::unique_ptr<Timers> timers) : timers_(std::move(timers)) {}

    Result<std::unique_ptr<EventLoop::Handle>> after(Duration delay,
                                                     std::function<void()> callback) override {
        auto handle = timers_->after(delay, std::move(callback));
        MutexLock lock(mutex_);
        armed_ = true;
        changed_.notify_all();
        return handle;
    }
    /// Returns when a timer was set since this was made.
    void wait_until_armed() {
        MutexLock lock(mutex_);
        while (!armed_) {
            changed_.wait(mutex_);
        }
    }

private:
    const std::unique_ptr<Timers> timers_;
    Mutex mutex_{LockRank::kLeaf};
    CondVar changed_;
    bool armed_ ESW_GUARDED_BY(mutex_) = false;
};

/// A record with its watchdog. The loop runs when a test runs it.
struct RecordFixture {
    RecordFixture(fakes::FakeClock& clock, LogSink& log)
        : timers(std::make_unique<TellingTimers>(clock.timers(*loop))),
          watchdog(*loop, *timers, clock, log),
          record(std::make_shared<EswitchRecord>("pci/0000:08:00.0", clock, watchdog)) {}

    const std::unique_ptr<EventLoop> loop = EventLoop::create().value();
    const std::unique_ptr<TellingTimers> timers;
    Watchdog watchdog;
    const RecordPtr record;
};

}  // namespace esw
