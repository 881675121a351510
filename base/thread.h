// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace esw {

/// A thread with a small stack: the switch runs with all its memory locked, and std::thread would
/// lock 8 MB for each. Signals are blocked in it; they are the host's business.
class Thread {
public:
    static constexpr size_t kStackBytes = 512 * 1024;

    /// `name` is what ps -L and gdb show; the kernel keeps its first 15 characters. `body` must not
    /// throw.
    static Result<std::unique_ptr<Thread>> start(const std::string& name,
                                                 std::function<void()> body);

    /// Waits for the thread's end, as join() does.
    ~Thread() { join(); }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    /// Waits until the thread has ended. Idempotent; owner only.
    void join();

    /// The same, but for no longer than `timeout`; returns whether the thread has ended.
    bool join_for(std::chrono::milliseconds timeout);

private:
    explicit Thread(std::function<void()> body) : body_(std::move(body)) {}

    const std::function<void()> body_;
    pthread_t thread_{};
    bool joinable_ = false;
};

}  // namespace esw
