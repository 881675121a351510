// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/event_history.h"

#include <algorithm>
#include <utility>

namespace esw {

std::string_view to_string(EventTrack track) {
    switch (track) {
        case EventTrack::kQueue:
            return "queue";
        case EventTrack::kOperations:
            return "operations";
        case EventTrack::kWaits:
            return "waits";
        case EventTrack::kEvents:
            return "events";
    }
    return "unknown";
}

std::string_view to_string(EventResult result) {
    switch (result) {
        case EventResult::kDone:
            return "done";
        case EventResult::kFailed:
            return "failed";
        case EventResult::kStale:
            return "stale";
        case EventResult::kRequeued:
            return "requeued";
        case EventResult::kNoChange:
            return "no change";
        case EventResult::kSuperseded:
            return "superseded";
        case EventResult::kCanceled:
            return "canceled";
        case EventResult::kLate:
            return "late";
    }
    return "unknown";
}

void EventHistory::add(Event event) {
    // Memory is taken and given back outside of the lock.
    const auto made = std::make_shared<Event>(std::move(event));
    EventPtr dropped;
    MutexLock lock(mutex_);
    made->id = ++recorded_;
    if (ring_.size() < capacity_) {
        ring_.push_back(made);
    } else {
        dropped = std::exchange(ring_[(made->id - 1) % capacity_], made);
    }
}

EventHistory::Copy EventHistory::copy(size_t count) const {
    Copy copy;
    copy.capacity = capacity_;
    MutexLock lock(mutex_);
    copy.recorded = recorded_;
    copy.dropped = recorded_ - ring_.size();
    const size_t wanted = std::min(count, ring_.size());
    copy.events.reserve(wanted);
    for (uint64_t id = recorded_ - wanted; id < recorded_; ++id) {
        copy.events.push_back(ring_[id % capacity_]);
    }
    return copy;
}

}  // namespace esw
