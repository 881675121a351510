// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "esw-manager/event_history.h"

namespace esw {

/// What is counted for each eswitch. The names that users see are in counters.cc and never change.
enum class Counter : uint8_t {
    kQueuePushed,     ///< wishes for work
    kQueueCollapsed,  ///< of these, with an item that was queued already
    kQueueRun,
    kQueueStale,
    kQueueRequeued,
    kQueueFailed,
    kLoads,
    kLoadFailures,
    kUnloads,
    kRetries,  ///< of what failed, when its time had come
    kInspections,
    kConfigurations,  ///< of port functions and rates
    kModeChanges,     ///< that were seen, whoever made them
    kOverflows,       ///< of notifications
    kResyncs,         ///< questions for everything, after these or on command
    kLateWaits,       ///< reports of the watchdog
    // A pair for each WaitKind: how often, and how long in all.
    kControlLockWaits,
    kControlLockWaitTime,
    kBlockWaits,
    kBlockWaitTime,
    kKernelCalls,
    kKernelCallTime,
    kSteps,
    kStepTime,
    kCount,
};

/// The counters of one eswitch.
///
/// Threads: any.
class Counters {
public:
    explicit Counters(TimePoint now);

    void add(Counter counter, uint64_t count = 1) ESW_EXCLUDES(mutex_);
    void add_time(Counter counter, Duration time) ESW_EXCLUDES(mutex_);
    /// Counts an event of the queue or an operation by its result.
    void add(const Event& event) ESW_EXCLUDES(mutex_);

    void clear(TimePoint now) ESW_EXCLUDES(mutex_);

    struct Copy {
        std::map<std::string, uint64_t> values;  ///< by name; "_ms" are milliseconds
        TimePoint since;                         ///< when all were 0
    };
    Copy copy() const ESW_EXCLUDES(mutex_);

private:
    void add_operation(const Event& event) ESW_REQUIRES(mutex_);

    mutable Mutex mutex_{LockRank::kLeaf};
    std::array<uint64_t, static_cast<size_t>(Counter::kCount)> values_ ESW_GUARDED_BY(mutex_){};
    std::map<std::string, uint64_t> operations_ ESW_GUARDED_BY(mutex_);  // by name
    TimePoint since_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw
