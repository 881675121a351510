// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/mutex.h"

namespace esw {

class EswitchRecord;

/// The right to run one long operation on an eswitch, with the generation that tells which queued
/// work is still wanted.
///
/// Who waits for it waits for one of three things, on one condition variable: the lock is free, the
/// waiter's generation is stale, the eswitch shuts down. So whoever holds the lock can make every
/// waiter leave at once, without letting it run.
///
/// Threads: any. Not recursive.
class ControlLock {
public:
    enum class Outcome { kAcquired, kStale, kShutdown };

    /// `record`, which may be null, is told of waits and generations.
    explicit ControlLock(uint64_t generation, EswitchRecord* record = nullptr);

    /// For work that carries a generation. kStale wins over kAcquired: work that is stale never
    /// gets the lock, whether it became so before the call or while it waited.
    Outcome acquire(uint64_t generation, std::string owner) ESW_EXCLUDES(mutex_);

    /// For work that is never stale (unloads): kAcquired or kShutdown.
    Outcome acquire(std::string owner) ESW_EXCLUDES(mutex_);

    /// For operations: likewise, and before all queued work, however much of it comes. `waits` is
    /// called with the present owner, and no mutex held, once it is sure that no other work will
    /// go first.
    Outcome acquire_first(std::string owner, const std::function<void(std::string)>& waits)
        ESW_EXCLUDES(mutex_);

    /// For the tear-down, which runs after shut_down(): waits for the last holder to let go.
    void acquire_last(std::string owner) ESW_EXCLUDES(mutex_);

    void release() ESW_EXCLUDES(mutex_);

    /// Makes all work queued so far stale, and wakes what waits. Returns the new generation.
    uint64_t raise_generation() ESW_EXCLUDES(mutex_);
    uint64_t generation() const ESW_EXCLUDES(mutex_);

    /// From now on nothing but the tear-down acquires the lock.
    void shut_down() ESW_EXCLUDES(mutex_);

    /// Who holds it, or empty.
    std::string owner() const ESW_EXCLUDES(mutex_);

private:
    EswitchRecord* const record_;
    mutable Mutex mutex_{LockRank::kControlLock};
    CondVar changed_;
    uint64_t generation_ ESW_GUARDED_BY(mutex_);
    bool held_ ESW_GUARDED_BY(mutex_) = false;
    uint32_t operations_ ESW_GUARDED_BY(mutex_) = 0;  // that wait
    bool shut_down_ ESW_GUARDED_BY(mutex_) = false;
    std::string owner_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw
