// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace esw {

/// Where an event happened; the threads of esw/trace.
enum class EventTrack : uint8_t {
    kQueue,       ///< an item of the work queue
    kOperations,  ///< an operation that somebody asked for
    kWaits,       ///< a wait that was longer than its deadline
    kEvents,      ///< what became known: modes, providers, lost notifications
};
std::string_view to_string(EventTrack track);

enum class EventResult : uint8_t {
    kDone,
    kFailed,
    kStale,       ///< dropped without running: its generation was over
    kRequeued,    ///< runs once more
    kNoChange,    ///< an operation that found everything as it was wanted
    kSuperseded,  ///< an operation that a later one overtook
    kCanceled,    ///< the eswitch or the manager went away first
    kLate,        ///< a wait that goes on
};
std::string_view to_string(EventResult result);

struct Event {
    EventTrack track = EventTrack::kEvents;
    std::string kind{};       ///< one or two words: "load", "mode", "set-mode"
    std::string target{};     ///< what it was about, or empty
    uint64_t generation = 0;  ///< 0: that of the moment
    EventResult result = EventResult::kDone;
    std::string cause{};  ///< why it ended so, or empty
    TimePoint begun{};    ///< not set: now
    Duration duration{};

    // Given by EswitchRecord::record().
    uint64_t id = 0;                               ///< from 1, in the order of recording
    std::chrono::system_clock::time_point time{};  ///< of `begun`
};

using EventPtr = std::shared_ptr<const Event>;

/// The last events of one eswitch, a bounded number of them. Adding one costs the same however many
/// there are, and readers get shared copies.
///
/// Threads: any.
class EventHistory {
public:
    static constexpr size_t kDefaultCapacity = 1000;

    struct Copy {
        std::vector<EventPtr> events;  ///< the oldest first
        uint64_t recorded = 0;         ///< since the beginning
        uint64_t dropped = 0;          ///< of these, for later ones
        size_t capacity = 0;
    };

    explicit EventHistory(size_t capacity = kDefaultCapacity) : capacity_(capacity) {}

    void add(Event event) ESW_EXCLUDES(mutex_);

    /// The last `count` events.
    Copy copy(size_t count = SIZE_MAX) const ESW_EXCLUDES(mutex_);

private:
    const size_t capacity_;
    mutable Mutex mutex_{LockRank::kLeaf};
    std::vector<EventPtr> ring_ ESW_GUARDED_BY(mutex_);  // the event `id` is at (id - 1) % capacity
    uint64_t recorded_ ESW_GUARDED_BY(mutex_) = 0;
};

}  // namespace esw
