// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/work_queue.h"

#include <fmt/format.h>

#include <utility>

namespace esw {

namespace {

constexpr std::string_view kClosing = "the eswitch is closing";

}  // namespace

std::string_view to_string(WorkKind kind) {
    switch (kind) {
        case WorkKind::kTearDown:
            return "tear down";
        case WorkKind::kUnload:
            return "unload";
        case WorkKind::kProviders:
            return "sync providers";
        case WorkKind::kInspect:
            return "inspect";
        case WorkKind::kLoad:
            return "load";
        case WorkKind::kConfigure:
            return "configure";
    }
    return "unknown";
}

std::string WorkItem::to_string() const {
    std::string text(esw::to_string(kind));
    if (target) {
        text += " " + target->to_string();
    }
    return text;
}

WorkQueue::WorkQueue(ControlLock& control, const Clock& clock, Handler handler,
                     std::function<void()> idle, EswitchRecord* record)
    : control_(control),
      clock_(clock),
      handler_(std::move(handler)),
      idle_(std::move(idle)),
      record_(record) {}

Status WorkQueue::start(const std::string& thread_name) {
    auto thread = Thread::start(thread_name, [this] { run(); });
    if (!thread) {
        return fail(thread.error());
    }
    thread_ = std::move(*thread);
    return {};
}

void WorkQueue::insert(WorkKind kind, const std::optional<RepId>& target) {
    const WorkItem item{serial_, kind, target, control_.generation(), clock_.now()};
    count(Counter::kQueuePushed);
    const auto known = pending_.find({kind, target});
    if (known != pending_.end()) {
        count(Counter::kQueueCollapsed);
        // What was stale is wanted again, at its old place.
        items_[known->second].generation = item.generation;
        return;
    }
    const bool uplink = target && target->kind == RepId::Kind::kUplink;
    const Key key{kind, !uplink, serial_++};
    pending_.emplace(Level{kind, target}, key);
    items_.emplace(key, item);
    changed_.notify_all();
}

bool WorkQueue::push(WorkKind kind, std::optional<RepId> target) {
    MutexLock lock(mutex_);
    if (closed_) {
        return false;
    }
    insert(kind, target);
    return true;
}

void WorkQueue::drain() {
    MutexLock lock(mutex_);
    const uint64_t generation = control_.generation();
    for (auto it = items_.begin(); it != items_.end();) {
        if (it->second.stamped() && it->second.generation != generation) {
            record(it->second, clock_.now(), EventResult::kStale, staleness(it->second));
            pending_.erase({it->second.kind, it->second.target});
            it = items_.erase(it);
            ++totals_.stale;
        } else {
            ++it;
        }
    }
    while (running_ && running_->stamped() && running_->generation != generation) {
        changed_.wait(mutex_);
    }
}

void WorkQueue::close() {
    MutexLock lock(mutex_);
    if (std::exchange(closed_, true)) {
        return;
    }
    for (const auto& [key, item] : items_) {
        record(item, clock_.now(), EventResult::kStale, std::string(kClosing));
        ++totals_.stale;
    }
    items_.clear();
    pending_.clear();
    insert(WorkKind::kTearDown, {});
}

bool WorkQueue::idle() const {
    MutexLock lock(mutex_);
    return items_.empty() && !running_;
}

QueueTotals WorkQueue::totals() const {
    MutexLock lock(mutex_);
    QueueTotals totals = totals_;
    totals.pending = items_.size() + (running_ ? 1 : 0);
    return totals;
}

std::string WorkQueue::describe() const {
    MutexLock lock(mutex_);
    if (items_.empty() && !running_) {
        return "idle";
    }
    const std::string now = running_ ? running_->to_string() : "about to run";
    return items_.empty() ? now : fmt::format("{}, {} queued", now, items_.size());
}

std::string WorkQueue::running() const {
    MutexLock lock(mutex_);
    return running_ ? running_->to_string() : std::string();
}

WorkList WorkQueue::list() const {
    const auto row_of = [](const WorkItem& item) {
        WorkRow row;
        row.id = item.id;
        row.kind = esw::to_string(item.kind);
        row.target = item.target ? item.target->to_string() : std::string();
        row.generation = item.stamped() ? item.generation : 0;
        row.queued_at = item.queued_at;
        return row;
    };
    WorkList list;
    MutexLock lock(mutex_);
    if (running_) {
        list.rows.push_back(row_of(*running_));
        list.rows.back().running = true;
        list.rows.back().begun_at = running_since_;
    }
    for (const auto& [key, item] : items_) {
        list.rows.push_back(row_of(item));
        list.rows.back().waits_for = "its turn";
        list.rows.back().held_by = running_ ? running_->to_string() : std::string();
    }
    list.totals = totals_;
    list.totals.pending = list.rows.size();
    return list;
}

void WorkQueue::count(Counter counter) {
    if (record_) {
        record_->count(counter);
    }
}

void WorkQueue::record(const WorkItem& item, TimePoint begun, EventResult result,
                       std::string cause) {
    if (record_) {
        record_->record({EventTrack::kQueue, std::string(esw::to_string(item.kind)),
                         item.target ? item.target->to_string() : std::string(),
                         item.stamped() ? item.generation : 0, result, std::move(cause), begun,
                         clock_.now() - begun});
    }
}

std::string WorkQueue::staleness(const WorkItem& item) const {
    return fmt::format("generation {} is over, it is {} now", item.generation,
                       control_.generation());
}

ControlLock::Outcome WorkQueue::acquire(const WorkItem& item) {
    if (item.kind == WorkKind::kTearDown) {
        control_.acquire_last(item.to_string());
        return ControlLock::Outcome::kAcquired;
    }
    if (!item.needs_control()) {
        return ControlLock::Outcome::kAcquired;  // takes the block
    }
    return item.stamped() ? control_.acquire(item.generation, item.to_string())
                          : control_.acquire(item.to_string());
}

WorkQueue::Result WorkQueue::run_item(const WorkItem& item) {
    using Outcome = ControlLock::Outcome;
    const TimePoint begun = clock_.now();
    const Outcome outcome = acquire(item);
    if (outcome != Outcome::kAcquired) {
        // An unload that meets the shutdown is the tear-down's.
        record(item, begun, EventResult::kStale,
               outcome == Outcome::kStale ? staleness(item) : std::string(kClosing));
        MutexLock lock(mutex_);
        ++totals_.stale;
        return Result::kDone;
    }
    cause_.clear();
    const Result result = handler_(item);
    if (item.needs_control()) {
        control_.release();
    }
    record(item, begun,
           result == Result::kFailed  ? EventResult::kFailed
           : result == Result::kAgain ? EventResult::kRequeued
                                      : EventResult::kDone,
           std::exchange(cause_, {}));

    MutexLock lock(mutex_);
    ++totals_.run;
    totals_.failed += result == Result::kFailed;
    return result;
}

void WorkQueue::run() {
    for (;;) {
        WorkItem item;
        {
            MutexLock lock(mutex_);
            while (items_.empty()) {
                changed_.wait(mutex_);
            }
            item = items_.begin()->second;
            items_.erase(items_.begin());
            pending_.erase({item.kind, item.target});
            running_ = item;
            running_since_ = clock_.now();
        }
        const Result result = run_item(item);
        bool now_idle;
        {
            MutexLock lock(mutex_);
            running_.reset();
            if (result == Result::kAgain && item.stamped() &&
                item.generation != control_.generation()) {
                // drain() waits for it to go, not to come again.
                record(item, clock_.now(), EventResult::kStale, staleness(item));
                ++totals_.stale;
            } else if (result == Result::kAgain && !closed_) {
                insert(item.kind, item.target);
                ++totals_.requeued;
            }
            now_idle = items_.empty();
            changed_.notify_all();
        }
        if (item.kind == WorkKind::kTearDown) {
            return;
        }
        if (now_idle && idle_) {
            idle_();
        }
    }
}

}  // namespace esw
