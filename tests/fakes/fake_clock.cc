// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/fake_clock.h"

#include <utility>
#include <vector>

namespace esw::fakes {

namespace {

constexpr TimePoint kStart = TimePoint(std::chrono::hours(1));
constexpr std::chrono::system_clock::time_point kWallStart{std::chrono::seconds(1767225600)};

}  // namespace

struct FakeClock::State {
    struct Timer {
        TimePoint at;
        EventLoop* loop;
        std::function<void()> callback;
    };
    mutable Mutex mutex{LockRank::kLeaf};
    TimePoint now ESW_GUARDED_BY(mutex) = kStart;
    uint64_t next_id ESW_GUARDED_BY(mutex) = 0;
    std::map<uint64_t, Timer> timers ESW_GUARDED_BY(mutex);

    /// Runs on the timer's loop, unless the timer was destroyed since it came due.
    void fire(uint64_t id) {
        std::function<void()> callback;
        {
            MutexLock lock(mutex);
            const auto timer = timers.find(id);
            if (timer == timers.end()) {
                return;
            }
            callback = std::move(timer->second.callback);
            timers.erase(timer);
        }
        callback();
    }
};

class FakeClock::TimerHandle final : public EventLoop::Handle {
public:
    TimerHandle(std::shared_ptr<State> state, uint64_t id) : state_(std::move(state)), id_(id) {}
    ~TimerHandle() override {
        MutexLock lock(state_->mutex);
        state_->timers.erase(id_);
    }

private:
    const std::shared_ptr<State> state_;
    const uint64_t id_;
};

class FakeClock::LoopTimers final : public Timers {
public:
    LoopTimers(std::shared_ptr<State> state, EventLoop& loop)
        : state_(std::move(state)), loop_(loop) {}

    Result<std::unique_ptr<EventLoop::Handle>> after(Duration delay,
                                                     std::function<void()> callback) override {
        MutexLock lock(state_->mutex);
        const uint64_t id = state_->next_id++;
        state_->timers[id] = {state_->now + delay, &loop_, std::move(callback)};
        return std::make_unique<TimerHandle>(state_, id);
    }

private:
    const std::shared_ptr<State> state_;
    EventLoop& loop_;
};

FakeClock::FakeClock() : state_(std::make_shared<State>()) {}
FakeClock::~FakeClock() = default;

TimePoint FakeClock::now() const {
    MutexLock lock(state_->mutex);
    return state_->now;
}

std::chrono::system_clock::time_point FakeClock::wall_now() const {
    return kWallStart +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(now() - kStart);
}

void FakeClock::advance(Duration by) {
    std::multimap<TimePoint, std::pair<EventLoop*, uint64_t>> due;
    {
        MutexLock lock(state_->mutex);
        state_->now += by;
        for (const auto& [id, timer] : state_->timers) {
            if (timer.at <= state_->now) {
                due.emplace(timer.at, std::pair(timer.loop, id));
            }
        }
    }
    for (const auto& [at, what] : due) {
        what.first->post([state = state_, id = what.second] { state->fire(id); });
    }
}

size_t FakeClock::pending_timers() const {
    MutexLock lock(state_->mutex);
    return state_->timers.size();
}

std::unique_ptr<Timers> FakeClock::timers(EventLoop& loop) {
    return std::make_unique<LoopTimers>(state_, loop);
}

}  // namespace esw::fakes
