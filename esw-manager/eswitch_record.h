// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "esw-manager/counters.h"
#include "esw-manager/event_history.h"
#include "esw-manager/ids.h"
#include "esw-manager/rep_block.h"
#include "esw-manager/snapshot.h"
#include "esw-manager/watchdog.h"

namespace esw {

/// An item that is queued or runs.
struct WorkRow {
    uint64_t id = 0;
    bool running = false;
    std::string kind;
    std::string target;       ///< or empty
    uint64_t generation = 0;  ///< 0: it has none, and is never stale
    TimePoint queued_at;
    std::optional<TimePoint> begun_at;
    std::string waits_for;  ///< "the control lock", "its turn"; empty: it works
    std::string held_by;    ///< who has that, or empty

    /// As it is called in log lines: "load pf0vf3".
    std::string name() const { return target.empty() ? kind : kind + " " + target; }
};

struct WorkList {
    std::vector<WorkRow> rows;  ///< in the order of running
    QueueTotals totals;
};

/// What is kept of one eswitch for those who look: what happened, how often, and what is being done
/// now. It outlives the eswitch, so that the last events of a removed device can be read, and goes
/// on with the next one of the same handle.
///
/// Threads: any. Nothing in here waits for the kernel or for work.
class EswitchRecord {
public:
    EswitchRecord(std::string name, const Clock& clock, Watchdog& watchdog)
        : name_(std::move(name)), clock_(clock), watchdog_(watchdog), counters_(clock.now()) {}

    const std::string& name() const { return name_; }
    Watchdog& watchdog() const { return watchdog_; }
    const EventHistory& history() const { return history_; }
    Counters& counters() { return counters_; }
    const Counters& counters() const { return counters_; }

    void record(Event event);
    void count(Counter counter, uint64_t count = 1) { counters_.add(counter, count); }
    void count_wait(WaitKind kind, Duration waited);

    /// The present generation, which events get that have none of their own.
    void set_generation(uint64_t generation) { generation_ = generation; }

    /// Says where the queue can be listed; empty: nowhere any more. When that returns, the source
    /// before is not called and will not be.
    using QueueSource = std::function<WorkList()>;
    void set_queue_source(QueueSource source) ESW_EXCLUDES(sources_mutex_);

    /// Likewise, where the state of the block can be read.
    using BlockSource = std::function<BlockState()>;
    void set_block_source(BlockSource source) ESW_EXCLUDES(sources_mutex_);
    /// Nothing when the eswitch is not there.
    std::optional<BlockState> block() const ESW_EXCLUDES(sources_mutex_);

    /// An operation, from when it is asked for until this is destroyed.
    class Operation {
    public:
        Operation(std::shared_ptr<EswitchRecord> record, std::string kind, std::string target);
        ~Operation();
        Operation(const Operation&) = delete;
        Operation& operator=(const Operation&) = delete;
        /// It is its turn.
        void begin();

    private:
        const std::shared_ptr<EswitchRecord> record_;
        std::list<WorkRow>::iterator row_;
    };

    /// Queued and running work, operations last, and what it waits for; nothing when the eswitch is
    /// not there.
    std::optional<WorkList> list_work() const ESW_EXCLUDES(sources_mutex_, operations_mutex_);

private:
    const std::string name_;
    const Clock& clock_;
    Watchdog& watchdog_;
    EventHistory history_;
    Counters counters_;
    std::atomic<uint64_t> generation_{0};

    mutable Mutex sources_mutex_{LockRank::kRecord};
    QueueSource queue_source_ ESW_GUARDED_BY(sources_mutex_);
    BlockSource block_source_ ESW_GUARDED_BY(sources_mutex_);

    mutable Mutex operations_mutex_{LockRank::kLeaf};
    std::list<WorkRow> operations_ ESW_GUARDED_BY(operations_mutex_);
    uint64_t next_operation_ ESW_GUARDED_BY(operations_mutex_) = 1;
};

using RecordPtr = std::shared_ptr<EswitchRecord>;
using Records = std::map<DevlinkHandle, RecordPtr>;

}  // namespace esw
