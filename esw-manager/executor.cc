// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/executor.h"

#include <cerrno>
#include <utility>

namespace esw {

void Executor::push(Job job) {
    Error error = canceled();
    {
        MutexLock lock(mutex_);
        if (!stopping_ && !thread_) {
            auto thread = Thread::start(thread_name_, [this] { run(); });
            if (thread) {
                thread_ = std::move(*thread);
            } else {
                error = thread.error();
            }
        }
        if (!stopping_ && thread_) {
            jobs_.push_back(std::move(job));
            changed_.notify_all();
            return;
        }
    }
    job.refuse(std::move(error));
}

void Executor::stop() {
    std::deque<Job> refused;
    std::unique_ptr<Thread> thread;
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        refused = std::exchange(jobs_, {});
        thread = std::move(thread_);
        changed_.notify_all();
    }
    for (const Job& job : refused) {
        job.refuse(canceled());
    }
}

void Executor::run() {
    for (;;) {
        Job job;
        {
            MutexLock lock(mutex_);
            while (jobs_.empty() && !stopping_) {
                changed_.wait(mutex_);
            }
            if (jobs_.empty()) {
                return;
            }
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job.run();
    }
}

}  // namespace esw
