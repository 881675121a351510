// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/control_lock.h"

#include <optional>
#include <utility>

#include "esw-manager/eswitch_record.h"

namespace esw {

namespace {

/// The wait of one that wants the lock, under the eyes of the watchdog. It asks for the lock's
/// owner, so this is to be made before the lock's mutex is taken: it ends after it is released.
class ObservedWait {
public:
    ObservedWait(const ControlLock& lock, EswitchRecord* record) : lock_(lock), record_(record) {}
    void begin(const std::string& who) {
        if (record_ && !wait_) {
            wait_.emplace(*record_,
                          Watchdog::Subject{WaitKind::kControlLock, [who] { return who; },
                                            "the control lock", [this] { return lock_.owner(); }});
        }
    }

private:
    const ControlLock& lock_;
    EswitchRecord* const record_;
    std::optional<Watchdog::Wait> wait_;
};

}  // namespace

ControlLock::ControlLock(uint64_t generation, EswitchRecord* record)
    : record_(record), generation_(generation) {
    if (record_) {
        record_->set_generation(generation);
    }
}

ControlLock::Outcome ControlLock::acquire(uint64_t generation, std::string owner) {
    ObservedWait wait(*this, record_);
    MutexLock lock(mutex_);
    for (;;) {
        if (shut_down_) {
            return Outcome::kShutdown;
        }
        if (generation != generation_) {
            return Outcome::kStale;
        }
        if (!held_ && operations_ == 0) {
            break;
        }
        wait.begin(owner);
        changed_.wait(mutex_);
    }
    held_ = true;
    owner_ = std::move(owner);
    return Outcome::kAcquired;
}

ControlLock::Outcome ControlLock::acquire(std::string owner) {
    ObservedWait wait(*this, record_);
    MutexLock lock(mutex_);
    while ((held_ || operations_ > 0) && !shut_down_) {
        wait.begin(owner);
        changed_.wait(mutex_);
    }
    if (shut_down_) {
        return Outcome::kShutdown;
    }
    held_ = true;
    owner_ = std::move(owner);
    return Outcome::kAcquired;
}

ControlLock::Outcome ControlLock::acquire_first(std::string owner,
                                                const std::function<void(std::string)>& waits) {
    std::string holder;
    {
        MutexLock lock(mutex_);
        ++operations_;
        holder = owner_;
    }
    if (!holder.empty()) {
        waits(std::move(holder));
    }
    ObservedWait wait(*this, record_);
    MutexLock lock(mutex_);
    while (held_ && !shut_down_) {
        wait.begin(owner);
        changed_.wait(mutex_);
    }
    if (--operations_ == 0) {
        changed_.notify_all();
    }
    if (shut_down_) {
        return Outcome::kShutdown;
    }
    held_ = true;
    owner_ = std::move(owner);
    return Outcome::kAcquired;
}

void ControlLock::acquire_last(std::string owner) {
    ObservedWait wait(*this, record_);
    MutexLock lock(mutex_);
    while (held_) {
        wait.begin(owner);
        changed_.wait(mutex_);
    }
    held_ = true;
    owner_ = std::move(owner);
}

void ControlLock::release() {
    MutexLock lock(mutex_);
    held_ = false;
    owner_.clear();
    changed_.notify_all();
}

uint64_t ControlLock::raise_generation() {
    MutexLock lock(mutex_);
    ++generation_;
    if (record_) {
        record_->set_generation(generation_);
    }
    changed_.notify_all();
    return generation_;
}

uint64_t ControlLock::generation() const {
    MutexLock lock(mutex_);
    return generation_;
}

void ControlLock::shut_down() {
    MutexLock lock(mutex_);
    shut_down_ = true;
    changed_.notify_all();
}

std::string ControlLock::owner() const {
    MutexLock lock(mutex_);
    return owner_;
}

}  // namespace esw
