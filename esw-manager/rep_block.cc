// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/rep_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "esw-manager/eswitch_record.h"

namespace esw {

BlockHolder::BlockHolder(std::string name) : name_(std::move(name)) {
    static std::atomic<uint64_t> next{1};
    id_ = next++;
}

std::string RepBlock::describe_holder() const {
    const BlockState now = state();
    if (!now.owner) {
        return {};
    }
    return fmt::format("{} (to {}){}", now.owner->name, now.owner->reason,
                       now.lent_to.empty() ? "" : ", lent to " + now.lent_to);
}

Error RepBlock::deadlock(const Hold& held, const std::string& wanted) const {
    return {EDEADLK, object_, "take the block",
            fmt::format("{} holds it already to {}, and wants it to {}", held.holder.name(),
                        held.reason, wanted)};
}

Error RepBlock::not_owner(const BlockHolder& holder, const char* action) const {
    return {EPERM, object_, action,
            fmt::format("{} does not own it: {}", holder.name(),
                        owner_ ? owner_->holder.name() + " does" : "nobody does")};
}

bool RepBlock::may_take(const Hold& waiter) const {
    if (owner_) {
        return lent_to_ == waiter.holder && !borrowed_;
    }
    return waiters_.front().ticket == waiter.ticket;
}

Result<RepBlock::Hold> RepBlock::join(const BlockHolder& holder, std::string reason) {
    for (const auto* held : {&owner_, &borrowed_}) {
        if (*held && (*held)->holder == holder) {
            return fail(deadlock(**held, reason));
        }
    }
    waiters_.push_back({holder, std::move(reason), clock_.now(), next_ticket_++});
    return waiters_.back();
}

Status RepBlock::wait_for(const Hold& waiter, bool always) {
    while (!may_take(waiter) && (always || !shut_down_)) {
        changed_.wait(mutex_);
    }
    const bool taken = may_take(waiter) && (always || !shut_down_);
    waiters_.erase(std::find_if(waiters_.begin(), waiters_.end(),
                                [&](const Hold& other) { return other.ticket == waiter.ticket; }));
    if (!taken) {
        changed_.notify_all();  // it may have been the first
        return fail(ECANCELED, object_, "take the block", "the eswitch is going away");
    }
    auto& place = owner_ ? borrowed_ : owner_;
    place = waiter;
    place->since = clock_.now();
    return {};
}

Status RepBlock::take(const BlockHolder& holder, std::string reason, bool always) {
    std::optional<Hold> waiter;
    {
        MutexLock lock(mutex_);
        auto joined = join(holder, std::move(reason));
        if (!joined) {
            return fail(joined.error());
        }
        if (may_take(*joined)) {
            return wait_for(*joined, always);
        }
        waiter = std::move(*joined);
    }
    if (waits_) {
        waits_();
    }
    // It asks for the owner: so it is made before the mutex is taken, and ends after.
    std::optional<Watchdog::Wait> watched;
    if (record_) {
        watched.emplace(*record_, Watchdog::Subject{
                                      WaitKind::kBlock, [&waiter] { return waiter->holder.name(); },
                                      "the block", [this] { return describe_holder(); }});
    }
    MutexLock lock(mutex_);
    return wait_for(*waiter, always);
}

Status RepBlock::acquire(const BlockHolder& holder, std::string reason) {
    return take(holder, std::move(reason), false);
}

Status RepBlock::acquire_always(const BlockHolder& holder, std::string reason) {
    return take(holder, std::move(reason), true);
}

Status RepBlock::release(const BlockHolder& holder) {
    MutexLock lock(mutex_);
    if (borrowed_ && borrowed_->holder == holder) {
        borrowed_.reset();
    } else if (owner_ && owner_->holder == holder) {
        if (lent_to_) {
            return fail(EBUSY, object_, "release the block",
                        fmt::format("it is lent to {}", lent_to_->name()));
        }
        owner_.reset();
    } else {
        return fail(not_owner(holder, "release the block"));
    }
    changed_.notify_all();
    return {};
}

Status RepBlock::lend(const BlockHolder& owner, const BlockHolder& borrower) {
    MutexLock lock(mutex_);
    if (!owner_ || !(owner_->holder == owner)) {
        return fail(not_owner(owner, "lend the block"));
    }
    if (lent_to_) {
        return fail(EBUSY, object_, "lend the block",
                    fmt::format("it is lent to {}", lent_to_->name()));
    }
    lent_to_ = borrower;
    changed_.notify_all();
    return {};
}

Status RepBlock::take_back(const BlockHolder& owner) {
    MutexLock lock(mutex_);
    if (!lent_to_ || !(owner_->holder == owner)) {
        return fail(not_owner(owner, "take the block back"));
    }
    while (borrowed_) {
        changed_.wait(mutex_);
    }
    lent_to_.reset();
    return {};
}

void RepBlock::shut_down() {
    MutexLock lock(mutex_);
    shut_down_ = true;
    changed_.notify_all();
}

BlockState RepBlock::state() const {
    MutexLock lock(mutex_);
    const auto party = [](const Hold& hold) {
        return BlockState::Party{hold.holder.name(), hold.reason, hold.since};
    };
    BlockState state;
    if (owner_) {
        state.owner = party(*owner_);
    }
    state.lent_to = lent_to_ ? lent_to_->name() : std::string();
    for (const Hold& waiter : waiters_) {
        state.waiters.push_back(party(waiter));
    }
    return state;
}

}  // namespace esw
