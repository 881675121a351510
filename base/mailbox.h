// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "base/mutex.h"

namespace esw {

/// A queue from many threads to one owner. put() calls `wake` when the box was empty before, so one
/// wake-up serves any number of items; the owner then takes all there are.
template <class T>
class Mailbox {
public:
    /// `wake` is called from the putting thread, with no lock held. It must only wake the owner.
    explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    void put(T item) ESW_EXCLUDES(mutex_) {
        bool was_empty;
        {
            MutexLock lock(mutex_);
            was_empty = items_.empty();
            items_.push_back(std::move(item));
        }
        if (was_empty && wake_) {
            wake_();
        }
    }

    std::deque<T> take_all() ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        return std::exchange(items_, {});
    }

    bool empty() const ESW_EXCLUDES(mutex_) {
        MutexLock lock(mutex_);
        return items_.empty();
    }

private:
    mutable Mutex mutex_{LockRank::kMailbox};
    std::deque<T> items_ ESW_GUARDED_BY(mutex_);
    const std::function<void()> wake_;
};

}  // namespace esw
