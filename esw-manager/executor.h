// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "base/thread.h"

namespace esw {

/// What those are told who ask for something when the manager stops.
inline Error canceled() {
    return {ECANCELED, "", "", "the eswitch manager is stopping"};
}

/// Runs the operations of one adapter, one after the other, on a thread of its own, which starts
/// with the first of them.
///
/// Threads: push() from any; stop() from one, and not from an operation.
class Executor {
public:
    struct Job {
        std::function<void()> run;          ///< on the executor's thread
        std::function<void(Error)> refuse;  ///< instead of `run`: it cannot be run any more
    };

    explicit Executor(std::string thread_name) : thread_name_(std::move(thread_name)) {}
    ~Executor() { stop(); }

    /// Each job is run or refused, exactly once.
    void push(Job job) ESW_EXCLUDES(mutex_);

    /// Refuses what waits and waits for what runs. Idempotent.
    void stop() ESW_EXCLUDES(mutex_);

private:
    void run() ESW_EXCLUDES(mutex_);

    const std::string thread_name_;
    Mutex mutex_{LockRank::kExecutor};
    CondVar changed_;
    std::deque<Job> jobs_ ESW_GUARDED_BY(mutex_);
    bool stopping_ ESW_GUARDED_BY(mutex_) = false;
    std::unique_ptr<Thread> thread_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw
