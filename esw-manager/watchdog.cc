// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/watchdog.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "esw-manager/eswitch_record.h"

namespace esw {

namespace {

constexpr uint32_t kMaxDoublings = 20;

std::string text_of(const Watchdog::Text& text) {
    return text ? text() : std::string();
}

}  // namespace

Watchdog::Wait::Wait(EswitchRecord& record, Subject subject)
    : record_(record), subject_(std::move(subject)), begun_(record.watchdog().clock_.now()) {
    record_.watchdog().begin(*this);
}

Watchdog::Wait::~Wait() {
    record_.watchdog().end(*this);
}

Watchdog::Watchdog(EventLoop& loop, Timers& timers, const Clock& clock, LogSink& log)
    : loop_(loop), timers_(timers), clock_(clock), log_(log, "esw_watchdog") {}

Duration Watchdog::deadline() const {
    MutexLock lock(mutex_);
    return deadline_;
}

void Watchdog::set_deadline(Duration deadline) {
    {
        MutexLock lock(mutex_);
        deadline_ = deadline;
        armed_ = first_due();
    }
    loop_.post([this] { arm(); });
}

TimePoint Watchdog::due(const Wait& wait) const {
    return wait.begun_ + deadline_ * (1u << std::min(wait.reports_, kMaxDoublings));
}

std::optional<TimePoint> Watchdog::first_due() const {
    std::optional<TimePoint> first;
    for (const Wait* wait : waits_) {
        const TimePoint at = due(*wait);
        first = first ? std::min(*first, at) : at;
    }
    return first;
}

void Watchdog::begin(Wait& wait) {
    {
        MutexLock lock(mutex_);
        waits_.push_back(&wait);
        const TimePoint at = due(wait);
        if (armed_ && *armed_ <= at) {
            return;
        }
        armed_ = at;
    }
    loop_.post([this] { arm(); });
}

void Watchdog::end(Wait& wait) {
    bool late;
    {
        MutexLock lock(mutex_);
        while (wait.readers_ > 0) {
            read_.wait(mutex_);
        }
        waits_.remove(&wait);
        late = wait.reports_ > 0;
    }
    const Duration waited = clock_.now() - wait.begun_;
    wait.record_.count_wait(wait.subject_.kind, waited);
    if (late) {
        const std::string who = text_of(wait.subject_.who);
        log_.info("{}: {} waited {} ms for {}", wait.record_.name(), who, to_ms(waited),
                  wait.subject_.what);
        wait.record_.record({EventTrack::kWaits, "wait", who, 0, EventResult::kDone,
                             "for " + wait.subject_.what, wait.begun_, waited});
    }
}

std::vector<Watchdog::View> Watchdog::list(const EswitchRecord& record) const {
    std::vector<Wait*> waits;
    {
        MutexLock lock(mutex_);
        for (Wait* wait : waits_) {
            if (&wait->record_ == &record) {
                ++wait->readers_;
                waits.push_back(wait);
            }
        }
    }
    std::vector<View> views;
    for (const Wait* wait : waits) {
        const Subject& subject = wait->subject_;
        views.push_back({subject.kind, text_of(subject.who), subject.what, text_of(subject.holder),
                         wait->begun_});
    }
    MutexLock lock(mutex_);
    for (Wait* wait : waits) {
        --wait->readers_;
    }
    read_.notify_all();
    return views;
}

void Watchdog::arm() {
    std::optional<TimePoint> at;
    {
        MutexLock lock(mutex_);
        at = armed_;
    }
    timer_.reset();
    if (!at) {
        return;
    }
    auto timer = timers_.after(std::max(Duration::zero(), *at - clock_.now()), [this] { fire(); });
    if (timer) {
        timer_ = std::move(*timer);
    } else {
        log_.error("{}", timer.error().to_string());
    }
}

void Watchdog::fire() {
    const auto own = std::exchange(timer_, nullptr);  // its callback is what runs
    const TimePoint now = clock_.now();
    std::vector<Wait*> late;
    {
        MutexLock lock(mutex_);
        for (Wait* wait : waits_) {
            if (due(*wait) <= now) {
                ++wait->readers_;
                late.push_back(wait);
            }
        }
    }
    for (const Wait* wait : late) {
        report(*wait, now);
    }
    {
        MutexLock lock(mutex_);
        for (Wait* wait : late) {
            // With a shorter deadline than before, several reports may be due: they are one.
            do {
                ++wait->reports_;
            } while (due(*wait) <= now && wait->reports_ < kMaxDoublings);
            --wait->readers_;
        }
        armed_ = first_due();
        read_.notify_all();
    }
    arm();
}

void Watchdog::report(const Wait& wait, TimePoint now) {
    const Subject& subject = wait.subject_;
    const std::string who = text_of(subject.who);
    const std::string holder = text_of(subject.holder);
    const std::string held = holder.empty() ? "" : ", held by " + holder;
    const Duration waited = now - wait.begun_;
    log_.warn("{}: {} has waited {} ms for {}{}", wait.record_.name(), who, to_ms(waited),
              subject.what, held);
    wait.record_.record({EventTrack::kWaits, "wait", who, 0, EventResult::kLate,
                         "for " + subject.what + held, wait.begun_, waited});
}

}  // namespace esw
