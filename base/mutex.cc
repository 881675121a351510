// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace esw {

namespace {

#ifdef ESW_CHECK_LOCKS
thread_local std::vector<int> held_ranks;

void check_and_push(LockRank rank) {
    const int wanted = static_cast<int>(rank);
    for (int held : held_ranks) {
        if (held >= wanted) {
            std::fprintf(stderr, "lock rank violation: taking rank %d while holding rank %d\n",
                         wanted, held);
            std::abort();
        }
    }
    held_ranks.push_back(wanted);
}

void pop(LockRank rank) {
    for (auto it = held_ranks.rbegin(); it != held_ranks.rend(); ++it) {
        if (*it == static_cast<int>(rank)) {
            held_ranks.erase(std::next(it).base());
            return;
        }
    }
}
#else
void check_and_push(LockRank) {}
void pop(LockRank) {}
#endif

}  // namespace

// The bodies work on the std::mutex, of which the analysis knows nothing.
void Mutex::lock() ESW_NO_ANALYSIS {
    check_and_push(rank_);
    mutex_.lock();
}

void Mutex::unlock() ESW_NO_ANALYSIS {
    mutex_.unlock();
    pop(rank_);
}

void CondVar::wait(Mutex& mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
}

bool CondVar::wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const auto status = cv_.wait_until(lock, deadline);
    lock.release();
    return status == std::cv_status::no_timeout;
}

}  // namespace esw
