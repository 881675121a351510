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

void EswitchRecord::set_queue_source(QueueSource source) {
    MutexLock lock(sources_mutex_);
    queue_source_ = std::move(source);
}

EswitchRecord::Operation::Operation(std::shared_ptr<EswitchRecord> record, std::string kind,
                                    std::string target)
    : record_(std::move(record)) {
    WorkRow row;
    row.kind = std::move(kind);
    row.target = std::move(target);
    row.queued_at = record_->clock_.now();
    row.waits_for = "its turn";
    MutexLock lock(record_->operations_mutex_);
    row.id = record_->next_operation_++;
    row_ = record_->operations_.insert(record_->operations_.end(), std::move(row));
}

EswitchRecord::Operation::~Operation() {
    MutexLock lock(record_->operations_mutex_);
    record_->operations_.erase(row_);
}

void EswitchRecord::Operation::begin() {
    const TimePoint now = record_->clock_.now();
    MutexLock lock(record_->operations_mutex_);
    row_->running = true;
    row_->begun_at = now;
    row_->waits_for.clear();
}

void EswitchRecord::set_block_source(BlockSource source) {
    MutexLock lock(sources_mutex_);
    block_source_ = std::move(source);
}

std::optional<BlockState> EswitchRecord::block() const {
    MutexLock lock(sources_mutex_);
    return block_source_ ? std::optional(block_source_()) : std::nullopt;
}

std::optional<WorkList> EswitchRecord::list_work() const {
    std::optional<WorkList> list;
    {
        MutexLock lock(sources_mutex_);
        if (!queue_source_) {
            return list;
        }
        list = queue_source_();
    }
    {
        MutexLock lock(operations_mutex_);
        list->rows.insert(list->rows.end(), operations_.begin(), operations_.end());
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
