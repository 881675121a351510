// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "utilities/esw-sim/points.h"

namespace esw::sim {

class KernelLock;

/// One thing that the simulated kernel does, made of steps that run in order. Between steps it may
/// be held at a point; other operations go on meanwhile, except those that need the same lock.
///
/// Steps add further steps right behind themselves with then(); on an error the remaining steps are
/// dropped, `unwind` may add others, and the operation ends with that error.
class Operation : public std::enable_shared_from_this<Operation> {
public:
    using Step = std::function<Status()>;
    using Done = std::function<void(Status)>;

    Operation(Points& points, std::string handle, Done done)
        : points_(points), handle_(std::move(handle)), done_(std::move(done)) {}

    /// Adds a step; called from a step: behind the running step and what it added already.
    void then(Step step) { then("", std::move(step)); }
    /// The same, passing `point` first. `handle`: whose point, when not the operation's own.
    void then(std::string_view point, Step step, std::string handle = "");

    /// Adds a step that ends when it calls the function that it is given.
    void then_wait(std::function<void(std::function<void()> resume)> start);

    /// Adds steps that take and give back a lock; `owner` keeps it alive. What is still held at the
    /// end of the operation is given back then.
    void then_lock(std::shared_ptr<void> owner, KernelLock& lock);
    void then_unlock();

    /// Called when the operation is over, behind `done`.
    void at_end(std::function<void()> call) { at_end_.push_back(std::move(call)); }

    /// Called once on the first error, before the operation goes on with the steps that it adds.
    void on_error(std::function<void()> unwind) { unwind_ = std::move(unwind); }

    /// The text that goes with success (NL_SET_ERR_MSG without an error).
    void warn(const std::string& text) {
        if (warned_) {
            warned_(text);
        }
    }
    void on_warning(std::function<void(const std::string&)> warned) { warned_ = std::move(warned); }

    void run();

private:
    struct Item {
        std::string point;
        std::string handle;
        Step step;
        std::function<void(std::function<void()>)> wait;
    };
    void add(Item item);
    bool finished_at_once(const Item& item);
    void run_item(const Item& item);
    void finish();
    void failed(const Error& error);

    Points& points_;
    const std::string handle_;
    Done done_;
    std::function<void()> unwind_;
    std::vector<std::function<void()>> at_end_;
    std::deque<Item> steps_;
    size_t insert_at_ = 0;  ///< where then() puts the next one
    bool running_ = false;
    std::vector<std::function<void()>> held_;
    std::optional<Error> error_;
    std::function<void(const std::string&)> warned_;
};

/// A mutex of the simulated kernel: who wants it waits in line, as an operation.
class KernelLock {
public:
    using Release = std::function<void()>;

    /// Calls `locked` when the lock is free and this is the first in line. The holder calls the
    /// function that it is given, once.
    void acquire(std::function<void(Release)> locked);
    bool held() const { return held_; }

private:
    void next();

    bool held_ = false;
    bool handing_over_ = false;
    std::deque<std::function<void(Release)>> waiting_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace esw::sim
