// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace esw {

namespace {

// In the order of Counter.
constexpr std::array<std::string_view, static_cast<size_t>(Counter::kCount)> kNames{
    "queue_pushed",
    "queue_collapsed",
    "queue_run",
    "queue_stale",
    "queue_requeued",
    "queue_failed",
    "loads",
    "load_failures",
    "unloads",
    "retries",
    "inspections",
    "configurations",
    "mode_changes",
    "overflows",
    "resyncs",
    "late_waits",
    "control_lock_waits",
    "control_lock_wait_ms",
    "block_waits",
    "block_wait_ms",
    "kernel_calls",
    "kernel_call_ms",
    "steps",
    "step_ms",
};

// So that their counters are there before the first of them.
constexpr std::string_view kOperations[] = {"profile", "reload", "set-mode", "sf-add", "sf-del"};
constexpr EventResult kOperationResults[] = {EventResult::kDone, EventResult::kFailed,
                                             EventResult::kNoChange, EventResult::kSuperseded};

std::string operation_name(std::string_view kind, EventResult result) {
    std::string name = fmt::format("operation_{}_{}", kind, to_string(result));
    const auto is_break = [](char c) { return c == '-' || c == ' '; };
    std::replace_if(name.begin(), name.end(), is_break, '_');
    return name;
}

/// Times are kept in microseconds, so that many short ones are not lost.
bool is_time(std::string_view name) {
    return name.size() > 3 && name.substr(name.size() - 3) == "_ms";
}

size_t index(Counter counter) {
    return static_cast<size_t>(counter);
}

}  // namespace

Counters::Counters(TimePoint now) {
    clear(now);
}

void Counters::clear(TimePoint now) {
    MutexLock lock(mutex_);
    values_ = {};
    operations_.clear();
    for (const std::string_view kind : kOperations) {
        for (const EventResult result : kOperationResults) {
            operations_[operation_name(kind, result)] = 0;
        }
    }
    since_ = now;
}

void Counters::add(Counter counter, uint64_t count) {
    MutexLock lock(mutex_);
    values_[index(counter)] += count;
}

void Counters::add_time(Counter counter, Duration time) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    add(counter, static_cast<uint64_t>(std::max<int64_t>(0, us)));
}

void Counters::add(const Event& event) {
    MutexLock lock(mutex_);
    if (event.track == EventTrack::kOperations) {
        add_operation(event);
    } else if (event.track == EventTrack::kQueue) {
        const bool stale = event.result == EventResult::kStale;
        values_[index(stale ? Counter::kQueueStale : Counter::kQueueRun)] += 1;
        values_[index(Counter::kQueueRequeued)] += event.result == EventResult::kRequeued;
        values_[index(Counter::kQueueFailed)] += event.result == EventResult::kFailed;
    } else if (event.result == EventResult::kLate) {
        values_[index(Counter::kLateWaits)] += 1;
    }
}

void Counters::add_operation(const Event& event) {
    ++operations_[operation_name(event.kind, event.result)];
}

Counters::Copy Counters::copy() const {
    Copy copy;
    MutexLock lock(mutex_);
    copy.values = operations_;
    for (size_t i = 0; i < kNames.size(); ++i) {
        copy.values[std::string(kNames[i])] = is_time(kNames[i]) ? values_[i] / 1000 : values_[i];
    }
    copy.since = since_;
    return copy;
}

}  // namespace esw
