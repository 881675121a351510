// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/eswitch_record.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace esw {

void EswitchRecord::record(Event event) {
    const TimePoint now = clock_.now();
    if (event.begun == TimePoint()) {
        event.begun = now;
    }
    if (event.generation == 0) {
        event.generation = generation_;
    }
    event.time = clock_.wall_now() -
                 std::chrono::duration_cast<std::chrono::system_clock::duration>(now - event.begun);
    counters_.add(event);
    history_.add(std::move(event));
}

void EswitchRecord::count_wait(WaitKind kind, Duration waited) {
    static constexpr std::pair<Counter, Counter> kCounters[] = {
        {Counter::kControlLockWaits, Counter::kControlLockWaitTime},
        {Counter::kBlockWaits, Counter::kBlockWaitTime},
        {Counter::kKernelCalls, Counter::kKernelCallTime},
        {Counter::kSteps, Counter::kStepTime},
    };
    const auto [times, time] = kCounters[static_cast<size_t>(kind)];
    counters_.add(times);
    counters_.add_time(time, waited);
}

void EswitchRecord::set_source(EventTrack track, WorkSource source) {
    MutexLock lock(sources_mutex_);
    sources_.at(static_cast<size_t>(track)) = std::move(source);
}

std::optional<WorkList> EswitchRecord::list_work() const {
    std::optional<WorkList> list;
    {
        MutexLock lock(sources_mutex_);
        for (const WorkSource& source : sources_) {
            if (!source) {
                continue;
            }
            WorkList part = source();
            if (!list) {
                list = std::move(part);
                continue;
            }
            list->rows.insert(list->rows.end(), part.rows.begin(), part.rows.end());
        }
    }
    if (!list) {
        return list;
    }
    for (const Watchdog::View& wait : watchdog_.list(*this)) {
        for (WorkRow& row : list->rows) {
            if (row.running && row.name() == wait.who) {
                row.waits_for = wait.what;
                row.held_by = wait.holder;
            }
        }
    }
    return list;
}

}  // namespace esw
