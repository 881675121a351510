// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/work_queue.h"

#include <fmt/format.h>

#include <utility>

namespace esw {

std::string_view to_string(WorkKind kind) {
    switch (kind) {
        case WorkKind::kTearDown:
            return "tear down";
        case WorkKind::kUnload:
            return "unload";
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
                     std::function<void()> idle)
    : control_(control), clock_(clock), handler_(std::move(handler)), idle_(std::move(idle)) {}

Status WorkQueue::start(const std::string& thread_name) {
    auto thread = Thread::start(thread_name, [this] { run(); });
    if (!thread) {
        return fail(thread.error());
    }
    thread_ = std::move(*thread);
    return {};
}

void WorkQueue::insert(WorkKind kind, const std::optional<RepId>& target) {
    const WorkItem item{kind, target, control_.generation(), clock_.now()};
    const auto known = pending_.find({kind, target});
    if (known != pending_.end()) {
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
    if (!closed_) {
        insert(WorkKind::kTearDown, {});
        closed_ = true;
    }
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

WorkQueue::Result WorkQueue::run_item(const WorkItem& item) {
    using Outcome = ControlLock::Outcome;
    Outcome outcome = Outcome::kAcquired;
    if (item.kind == WorkKind::kTearDown) {
        control_.acquire_last(item.to_string());
    } else if (item.stamped()) {
        outcome = control_.acquire(item.generation, item.to_string());
    } else {
        outcome = control_.acquire(item.to_string());
    }
    if (outcome != Outcome::kAcquired) {
        // An unload that meets the shutdown is the tear-down's.
        MutexLock lock(mutex_);
        ++totals_.stale;
        return Result::kDone;
    }
    const Result result = handler_(item);
    control_.release();

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
        }
        const Result result = run_item(item);
        bool now_idle;
        {
            MutexLock lock(mutex_);
            running_.reset();
            if (result == Result::kAgain && !closed_) {
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
