// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/lock_rank.h"
#include "base/thread_safety.h"

namespace esw {

/// A mutex with a rank. In builds with ESW_CHECK_LOCKS (--enable-debug-locks) taking it while the
/// thread holds one of the same or a higher rank reports both and aborts the program: such builds
/// are for tests, never for a switch in service.
class ESW_CAPABILITY("mutex") Mutex {
public:
    explicit Mutex(LockRank rank) : rank_(rank) {}
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void lock() ESW_ACQUIRE();
    void unlock() ESW_RELEASE();

private:
    friend class CondVar;
    std::mutex mutex_;
    const LockRank rank_;
};

class ESW_SCOPED_CAPABILITY MutexLock {
public:
    explicit MutexLock(Mutex& mutex) ESW_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    ~MutexLock() ESW_RELEASE() { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

private:
    Mutex& mutex_;
};

/// Waiting for a condition that a Mutex guards. Waits are loops over the condition in the caller,
/// so that the thread-safety analysis sees the guarded members that it reads:
///
///     MutexLock lock(mutex_);
///     while (!ready_) changed_.wait(mutex_);
class CondVar {
public:
    void wait(Mutex& mutex) ESW_REQUIRES(mutex);

    /// False when the deadline has passed. For deadlines that are part of a contract (an operation
    /// that gives up), never as a means of making progress.
    bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
        ESW_REQUIRES(mutex);

    void notify_one() { cv_.notify_one(); }
    void notify_all() { cv_.notify_all(); }

private:
    std::condition_variable cv_;
};

}  // namespace esw
