// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "esw-manager/control_lock.h"
#include "esw-manager/eswitch_record.h"
#include "esw-manager/ids.h"
#include "esw-manager/snapshot.h"

namespace esw {

/// What an item asks for; the order is that of running. Every kind is level-triggered: it says
/// "look at the target and make it as it should be", so one pending item stands for any number.
enum class WorkKind : uint8_t {
    kTearDown,   ///< the last item of a queue
    kUnload,     ///< of one rep; never dropped
    kProviders,  ///< register and unregister providers as wanted; never dropped
    kInspect,    ///< read the eswitch's mode
    kLoad,       ///< of one rep; uplinks before others
    kConfigure,  ///< port function and rates of one rep
};
std::string_view to_string(WorkKind kind);

struct WorkItem {
    uint64_t id = 0;  ///< grows with each item of the queue
    WorkKind kind = WorkKind::kInspect;
    std::optional<RepId> target;
    uint64_t generation = 0;
    TimePoint queued_at;

    /// Loads, inspections and configurations carry a generation; the rest is owed to somebody.
    bool stamped() const { return kind >= WorkKind::kInspect; }
    /// Providers come and go under the block alone: from within operations, too.
    bool needs_control() const { return kind != WorkKind::kProviders; }
    std::string to_string() const;
};

/// The serial work of one eswitch, on a thread of its own.
///
/// Each item but kProviders runs under the eswitch's control lock. An item whose generation was
/// raised meanwhile is dropped without running, before it waits for the lock or while it does. The
/// queue is bounded by the number of reps: an item like a pending one collapses with it (and takes
/// the present generation).
///
/// Threads: all members from any thread, but drain() and stop() not from the handler.
class WorkQueue {
public:
    enum class Result { kDone, kFailed, kAgain };  ///< kAgain queues it again, if not stale
    /// Runs on the queue's thread, with the control lock if the item needs it and no mutex held.
    using Handler = std::function<Result(const WorkItem&)>;

    /// `idle` is called from the queue's thread, with no mutex held, when nothing is left to do.
    /// `record`, which may be null, is told what became of each item.
    WorkQueue(ControlLock& control, const Clock& clock, Handler handler, std::function<void()> idle,
              EswitchRecord* record = nullptr);
    ~WorkQueue() { stop(); }

    Status start(const std::string& thread_name);

    /// False when the queue is closed and takes no more.
    bool push(WorkKind kind, std::optional<RepId> target = {}) ESW_EXCLUDES(mutex_);

    /// For the holder of the control lock, after raise_generation(): drops all stale items and
    /// returns when none of them is queued or waiting for the lock any more.
    void drain() ESW_EXCLUDES(mutex_);

    /// Drops what is queued, takes no more items, and makes kTearDown the next and last one.
    void close() ESW_EXCLUDES(mutex_);

    /// Waits for the thread to end; after close(), or before start().
    void stop() { thread_.reset(); }

    bool idle() const ESW_EXCLUDES(mutex_);
    QueueTotals totals() const ESW_EXCLUDES(mutex_);
    /// "idle", or what runs and how much waits: "load pf0vf3, 4 queued".
    std::string describe() const ESW_EXCLUDES(mutex_);
    /// "load pf0vf3", or empty.
    std::string running() const ESW_EXCLUDES(mutex_);
    /// The running item and the queued ones, in the order of running.
    WorkList list() const ESW_EXCLUDES(mutex_);

    /// For the handler: why the item in hand fails, for the record.
    void explain(std::string cause) { cause_ = std::move(cause); }

private:
    using Key = std::tuple<WorkKind, bool, uint64_t>;  // kind, not an uplink, serial number
    using Level = std::pair<WorkKind, std::optional<RepId>>;

    void run();
    Result run_item(const WorkItem& item);
    void count(Counter counter);
    ControlLock::Outcome acquire(const WorkItem& item);
    void record(const WorkItem& item, TimePoint begun, EventResult result, std::string cause);
    std::string staleness(const WorkItem& item) const;
    void insert(WorkKind kind, const std::optional<RepId>& target) ESW_REQUIRES(mutex_);

    ControlLock& control_;
    const Clock& clock_;
    const Handler handler_;
    const std::function<void()> idle_;

    mutable Mutex mutex_{LockRank::kWorkQueue};
    CondVar changed_;
    std::map<Key, WorkItem> items_ ESW_GUARDED_BY(mutex_);
    std::map<Level, Key> pending_ ESW_GUARDED_BY(mutex_);
    std::optional<WorkItem> running_ ESW_GUARDED_BY(mutex_);
    TimePoint running_since_ ESW_GUARDED_BY(mutex_);
    uint64_t serial_ ESW_GUARDED_BY(mutex_) = 0;
    QueueTotals totals_ ESW_GUARDED_BY(mutex_);
    bool closed_ ESW_GUARDED_BY(mutex_) = false;

    EswitchRecord* const record_;
    std::string cause_;  // queue's thread

    std::unique_ptr<Thread> thread_;
};

}  // namespace esw
