// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/operation.h"

#include <utility>

namespace esw::sim {

void Operation::then(std::string_view point, Step step, std::string handle) {
    add({std::string(point), handle.empty() ? handle_ : std::move(handle), std::move(step), {}});
}

void Operation::then_wait(std::function<void(std::function<void()> resume)> start) {
    add({"", "", {}, std::move(start)});
}

void Operation::then_lock(std::shared_ptr<void> owner, KernelLock& lock) {
    then_wait([this, owner, &lock](const std::function<void()>& resume) {
        lock.acquire([this, owner, resume](const KernelLock::Release& release) {
            held_.push_back([owner, release] { release(); });
            resume();
        });
    });
}

void Operation::then_unlock() {
    then([this]() -> Status {
        const auto release = std::move(held_.back());
        held_.pop_back();
        release();
        return {};
    });
}

void Operation::add(Item item) {
    if (running_) {
        steps_.insert(steps_.begin() + static_cast<ptrdiff_t>(insert_at_++), std::move(item));
    } else {
        steps_.push_back(std::move(item));
    }
}

// A loop, not recursion: 512 VFs are thousands of steps. Each turn ends either with the next step
// or, when the step waits for something, with a callback that starts the loop anew.
void Operation::run() {
    const auto keep = shared_from_this();
    while (!steps_.empty()) {
        const Item item = std::move(steps_.front());
        steps_.pop_front();
        if (!finished_at_once(item)) {
            return;
        }
    }
    finish();
}

bool Operation::finished_at_once(const Item& item) {
    if (item.point.empty() && !item.wait) {
        run_item(item);
        return true;
    }
    enum class Phase { kStarting, kResumed, kLeft };
    const auto phase = std::make_shared<Phase>(Phase::kStarting);
    const auto keep = shared_from_this();
    const auto resume = [keep, phase] {
        if (std::exchange(*phase, Phase::kResumed) == Phase::kLeft) {
            keep->run();
        }
    };
    if (item.wait) {
        item.wait(resume);
    } else {
        points_.pass(item.point, item.handle, [keep, item, resume](const Status& status) {
            if (status) {
                keep->run_item(item);
            } else {
                keep->failed(status.error());
            }
            resume();
        });
    }
    return std::exchange(*phase, Phase::kLeft) == Phase::kResumed;
}

void Operation::run_item(const Item& item) {
    running_ = true;
    insert_at_ = 0;
    const Status status = item.step();
    running_ = false;
    if (!status) {
        failed(status.error());
    }
}

void Operation::finish() {
    while (!held_.empty()) {
        const auto release = std::move(held_.back());
        held_.pop_back();
        release();
    }
    if (auto done = std::exchange(done_, nullptr)) {
        Status result;
        if (error_) {
            result = fail(*error_);
        }
        done(std::move(result));
    }
    for (const auto& call : std::exchange(at_end_, {})) {
        call();
    }
}

void Operation::failed(const Error& error) {
    if (error_) {
        return;  // while unwinding: the first error is the one that counts
    }
    error_ = error;
    steps_.clear();
    if (unwind_) {
        unwind_();
    }
}

void KernelLock::acquire(std::function<void(Release)> locked) {
    waiting_.push_back(std::move(locked));
    next();
}

void KernelLock::next() {
    if (handing_over_) {
        return;
    }
    handing_over_ = true;
    const std::weak_ptr<int> alive = alive_;
    while (!held_ && !waiting_.empty()) {
        held_ = true;
        {
            // It may be the last that keeps the owner of the lock.
            const auto locked = std::move(waiting_.front());
            waiting_.pop_front();
            locked([this, alive] {
                // The owner of the lock may be gone by then (PCI removal).
                if (!alive.expired()) {
                    held_ = false;
                    next();
                }
            });
        }
        if (alive.expired()) {
            return;
        }
    }
    handing_over_ = false;
}

}  // namespace esw::sim
