// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/control_lock.h"

#include <utility>

namespace esw {

ControlLock::Outcome ControlLock::acquire(uint64_t generation, std::string owner) {
    MutexLock lock(mutex_);
    for (;;) {
        if (shut_down_) {
            return Outcome::kShutdown;
        }
        if (generation != generation_) {
            return Outcome::kStale;
        }
        if (!held_) {
            break;
        }
        changed_.wait(mutex_);
    }
    held_ = true;
    owner_ = std::move(owner);
    return Outcome::kAcquired;
}

ControlLock::Outcome ControlLock::acquire(std::string owner) {
    MutexLock lock(mutex_);
    while (held_ && !shut_down_) {
        changed_.wait(mutex_);
    }
    if (shut_down_) {
        return Outcome::kShutdown;
    }
    held_ = true;
    owner_ = std::move(owner);
    return Outcome::kAcquired;
}

void ControlLock::acquire_last(std::string owner) {
    MutexLock lock(mutex_);
    while (held_) {
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
