// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "esw-manager/flow/packed_flow.h"
#include "esw-manager/mlx5/fdb.h"

namespace esw {

/// A flow of the datapath: what is wanted of it, and what has come of that.
///
/// Threads: any.
class Flow {
public:
    explicit Flow(const esw_ufid& ufid) : ufid_(ufid) {}
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;

    const esw_ufid& ufid() const { return ufid_; }

    /// Null: it is to be forgotten.
    PackedFlowPtr wanted() const ESW_EXCLUDES(mutex_);
    void want(PackedFlowPtr flow) ESW_EXCLUDES(mutex_);

    /// Of several that ask for it to be looked at, the first puts it into a queue. begin_look() is
    /// called before it is looked at: who asks after that has it looked at once more.
    bool queue_look() { return !queued_.exchange(true); }
    void begin_look() { queued_ = false; }

    // By who puts its rules into an adapter. Rules may go in one and come in another at a time. A
    // rule that replaces another goes on with its counter, and is not told.
    void rule_added(std::shared_ptr<const mlx5::FdbCounter> counter) ESW_EXCLUDES(mutex_);
    void rule_removed() ESW_EXCLUDES(mutex_);
    void refuse(esw_refusal reason) { refusal_ = reason; }

    bool is_offloaded() const ESW_EXCLUDES(mutex_);
    esw_refusal refusal() const { return refusal_; }

    struct Stats {
        mlx5::FdbCounter::Value counted;  ///< by the adapters, in all of its life
        int64_t idle_ms = -1;             ///< since that grew; -1: it never did
        bool offloaded = false;
        esw_refusal refusal = ESW_REFUSAL_NONE;
    };
    /// When packets were counted is known by comparing with the call before: Open vSwitch asks for
    /// each flow about twice a second.
    Stats stats(TimePoint now) ESW_EXCLUDES(mutex_);

private:
    using Counter = std::shared_ptr<const mlx5::FdbCounter>;

    const esw_ufid ufid_;
    std::atomic<bool> queued_ = false;
    std::atomic<esw_refusal> refusal_ = ESW_REFUSAL_NONE;

    mutable Mutex mutex_{LockRank::kLeaf};
    PackedFlowPtr wanted_ ESW_GUARDED_BY(mutex_);
    std::vector<Counter> counters_ ESW_GUARDED_BY(mutex_);  // that may still grow
    size_t fold_at_ ESW_GUARDED_BY(mutex_) = 4;             // so many of them
    mlx5::FdbCounter::Value ended_ ESW_GUARDED_BY(mutex_);  // by others
    mlx5::FdbCounter::Value seen_ ESW_GUARDED_BY(mutex_);
    TimePoint hit_ ESW_GUARDED_BY(mutex_);
    bool was_hit_ ESW_GUARDED_BY(mutex_) = false;
    uint32_t rules_ ESW_GUARDED_BY(mutex_) = 0;
};

using FlowPtr = std::shared_ptr<Flow>;

}  // namespace esw
