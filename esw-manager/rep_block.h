// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace esw {

class EswitchRecord;

/// Who can hold a block: an operation, not a thread. A copy is the same operation.
class BlockHolder {
public:
    explicit BlockHolder(std::string name);
    const std::string& name() const { return name_; }
    /// The same, called after what it does now.
    BlockHolder named(std::string name) const {
        BlockHolder other = *this;
        other.name_ = std::move(name);
        return other;
    }
    bool operator==(const BlockHolder& other) const { return id_ == other.id_; }

private:
    uint64_t id_;
    std::string name_;
};

/// What esw/block-show tells of a block.
struct BlockState {
    struct Party {
        std::string name;    ///< the holder's, or the waiter's
        std::string reason;  ///< what it holds or wants the block for
        TimePoint since;
        bool operator==(const Party&) const = default;
    };
    std::optional<Party> owner;
    std::string lent_to;         ///< the holder that may take it from the owner now, or empty
    std::vector<Party> waiters;  ///< in the order in which they will have it
    bool operator==(const BlockState&) const = default;
};

/// A hold on the representors of one eswitch: while it is held nobody else registers, unregisters,
/// loads, unloads or reconfigures them.
///
/// Waiters sleep and are served in the order in which they came. The owner may lend the block to
/// one other holder, by name, for the time in which providers vanish and come back: they register
/// from within the operation, on its own thread or another.
///
/// Threads: any. A holder that a thread made can be used by another.
class RepBlock {
public:
    /// `waits` is called, on the thread of the waiter and with no mutex held, when somebody begins
    /// to wait. `record`, which may be null, is told of waits.
    RepBlock(std::string object, const Clock& clock, std::function<void()> waits = {},
             EswitchRecord* record = nullptr)
        : object_(std::move(object)), clock_(clock), waits_(std::move(waits)), record_(record) {}

    /// Waits until it is free. EDEADLK at once for the present owner, ECANCELED at shutdown.
    Status acquire(const BlockHolder& holder, std::string reason) ESW_EXCLUDES(mutex_);

    /// For what nobody may drop, unregistrations and the tear-down: also after shut_down().
    Status acquire_always(const BlockHolder& holder, std::string reason) ESW_EXCLUDES(mutex_);

    /// EPERM, and nothing is changed, when `holder` does not own it.
    Status release(const BlockHolder& holder) ESW_EXCLUDES(mutex_);

    /// Lets `borrower` acquire the block, before everybody who waits. EPERM when `owner` is not the
    /// owner, EBUSY while it is lent already.
    Status lend(const BlockHolder& owner, const BlockHolder& borrower) ESW_EXCLUDES(mutex_);

    /// Ends the loan: waits for the borrower to release what it holds. EPERM when `owner` did not
    /// lend it.
    Status take_back(const BlockHolder& owner) ESW_EXCLUDES(mutex_);

    /// Every waiter leaves with ECANCELED, and whoever comes later.
    void shut_down() ESW_EXCLUDES(mutex_);

    BlockState state() const ESW_EXCLUDES(mutex_);

private:
    struct Hold {
        BlockHolder holder;
        std::string reason;
        TimePoint since;
        uint64_t ticket = 0;
    };

    Status take(const BlockHolder& holder, std::string reason, bool always) ESW_EXCLUDES(mutex_);
    /// Queues up; a waiter that need not wait, too.
    Result<Hold> join(const BlockHolder& holder, std::string reason) ESW_REQUIRES(mutex_);
    /// Its owner, and whom that lent it to: for the watchdog.
    std::string describe_holder() const ESW_EXCLUDES(mutex_);
    /// Waits, and leaves the queue.
    Status wait_for(const Hold& waiter, bool always) ESW_REQUIRES(mutex_);
    /// It is free, and this waiter's turn; or it is lent to it.
    bool may_take(const Hold& waiter) const ESW_REQUIRES(mutex_);
    Error deadlock(const Hold& held, const std::string& wanted) const;
    Error not_owner(const BlockHolder& holder, const char* action) const ESW_REQUIRES(mutex_);

    const std::string object_;
    const Clock& clock_;
    const std::function<void()> waits_;
    EswitchRecord* const record_;
    mutable Mutex mutex_{LockRank::kRepBlock};
    CondVar changed_;
    std::optional<Hold> owner_ ESW_GUARDED_BY(mutex_);
    std::optional<BlockHolder> lent_to_ ESW_GUARDED_BY(mutex_);
    std::optional<Hold> borrowed_ ESW_GUARDED_BY(mutex_);  // taken by lent_to_
    std::deque<Hold> waiters_ ESW_GUARDED_BY(mutex_);
    uint64_t next_ticket_ ESW_GUARDED_BY(mutex_) = 0;
    bool shut_down_ ESW_GUARDED_BY(mutex_) = false;
};

}  // namespace esw
