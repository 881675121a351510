// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_worker.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace esw {

namespace {

/// Flows that are looked at before it is asked whether there is something more urgent: some
/// hundred microseconds.
constexpr size_t kFlowsAtOnce = 64;

}  // namespace

FlowWorker::FlowWorker(const DevlinkHandle& eswitch, Options options, LogSink& log)
    : name_(eswitch.device.substr(eswitch.device.find(':') + 1)),
      options_(std::move(options)),
      log_(log, "esw_flow"),
      switch_(eswitch, log_),
      reader_("esw count " + name_) {}

void FlowWorker::enable(bool enabled) {
    post([this, enabled] {
        enabled_ = enabled;
        if (enabled) {
            open();
        }
        switch_.enable(enabled);
        if (!enabled) {
            close();
        }
    });
}

void FlowWorker::set_port(uint32_t number, std::optional<FlowSwitch::Port> port) {
    post([this, number, port = std::move(port)] { switch_.set_port(number, port); });
}

void FlowWorker::look(FlowPtr flow) {
    look(std::vector<FlowPtr>{std::move(flow)});
}

void FlowWorker::look(std::vector<FlowPtr> flows) {
    MutexLock lock(mutex_);
    if (stopping_) {
        return;
    }
    asked_.looks += flows.size();
    std::move(flows.begin(), flows.end(), std::back_inserter(looks_));
    static_cast<void>(start());
    changed_.notify_all();
}

void FlowWorker::load(const RepId& rep, RdmaRepPtr rdma, std::shared_ptr<mlx5::IbDevice> device) {
    post([this, rep, rdma = std::move(rdma), device = std::move(device)] {
        device_ = device;
        open();
        switch_.load(rep, rdma);
    });
}

void FlowWorker::unload(const RepId& rep) {
    perform([this, rep] {
        switch_.unload(rep);
        if (switch_.has_unread()) {
            read_finally();
        }
        if (!switch_.has_loaded()) {
            close();
            device_.reset();
        }
    });
}

void FlowWorker::open() {
    if (!enabled_ || !device_ || switch_.fdb()) {
        return;
    }
    auto fdb = options_.open_fdb(device_);
    if (fdb) {
        switch_.open(*std::move(fdb));
    } else {
        log_.warn("{}: flows stay in software: {}", name_, fdb.error().to_string());
    }
}

void FlowWorker::close() {
    if (switch_.has_unread()) {
        read_finally();
    }
    wait_for_reading();
    switch_.close();
}

/// What rules that are gone have counted last.
void FlowWorker::read_finally() {
    wait_for_reading();
    if (const auto& fdb = switch_.fdb()) {
        switch_.reading_begins();
        if (const Status read = fdb->read_counters(); !read) {
            log_.debug("{}: {}", name_, read.error().to_string());
        }
        switch_.reading_ended();
    }
}

FlowWorker::Mark FlowWorker::mark() {
    MutexLock lock(mutex_);
    is_awaited_ = true;
    return marked_ = asked_;
}

bool FlowWorker::is_past(const Mark& mark) const {
    MutexLock lock(mutex_);
    return done_.tasks >= mark.tasks && done_.looks >= mark.looks && !has_more_;
}

FlowWorker::Totals FlowWorker::totals() const {
    MutexLock lock(mutex_);
    return totals_;
}

bool FlowWorker::start() {
    if (thread_) {
        return true;
    }
    auto thread = Thread::start("esw flow " + name_, [this] { run(); });
    if (!thread) {
        log_.error("{}: {}", name_, thread.error().to_string());
        return false;
    }
    thread_ = std::move(*thread);
    return true;
}

void FlowWorker::post(Task task) {
    MutexLock lock(mutex_);
    if (stopping_) {
        return;
    }
    // Without a thread it waits for the next attempt at one.
    tasks_.push_back(std::move(task));
    ++asked_.tasks;
    static_cast<void>(start());
    changed_.notify_all();
}

void FlowWorker::perform(Task task) {
    MutexLock lock(mutex_);
    if (stopping_) {
        return;
    }
    if (!thread_) {
        // Nothing was ever done. What is to be done once there is a thread goes on with this.
        if (!tasks_.empty()) {
            tasks_.push_back(std::move(task));
            ++asked_.tasks;
        }
        return;
    }
    bool done = false;
    ++asked_.tasks;
    tasks_.push_back([this, &task, &done] {
        task();
        MutexLock done_lock(mutex_);
        done = true;
    });
    changed_.notify_all();
    while (!done) {
        changed_.wait(mutex_);
    }
}

void FlowWorker::stop() {
    std::unique_ptr<Thread> thread;
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
        thread = std::move(thread_);
    }
    thread.reset();
    reader_.stop();
}

void FlowWorker::run() {
    for (;;) {
        const bool works = wait_for_work();
        run_tasks();
        {
            MutexLock lock(mutex_);
            if (stopping_ && tasks_.empty()) {
                break;
            }
        }
        const size_t looks = look_at_some();
        publish(works, looks);
    }
    close();
}

/// False when it is only about reading counters.
bool FlowWorker::wait_for_work() {
    bool has_read = false, works = false;
    {
        MutexLock lock(mutex_);
        while (tasks_.empty() && looks_.empty() && !has_more_ && !has_read_ && !stopping_) {
            if (!next_reading_ || reading_) {
                changed_.wait(mutex_);
            } else if (!changed_.wait_until(mutex_, *next_reading_)) {
                break;
            }
        }
        has_read = std::exchange(has_read_, false);
        works = !tasks_.empty() || !looks_.empty() || has_more_;
    }
    if (has_read) {
        switch_.reading_ended();
    }
    return works;
}

void FlowWorker::run_tasks() {
    for (;;) {
        Task task;
        {
            MutexLock lock(mutex_);
            if (tasks_.empty()) {
                return;
            }
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        task();
        changed_.notify_all();  // perform()
    }
}

size_t FlowWorker::look_at_some() {
    std::vector<FlowPtr> flows;
    {
        MutexLock lock(mutex_);
        // What has been asked for since goes first: a flow is asked for after its port.
        while (tasks_.empty() && !looks_.empty() && flows.size() < kFlowsAtOnce) {
            flows.push_back(std::move(looks_.front()));
            looks_.pop_front();
        }
    }
    for (const FlowPtr& flow : flows) {
        switch_.look(flow);
    }
    switch_.work(kFlowsAtOnce - flows.size());
    return flows.size();
}

void FlowWorker::publish(bool worked, size_t looks) {
    bool is_idle = false, reads = false;
    const TimePoint now = std::chrono::steady_clock::now();
    {
        MutexLock lock(mutex_);
        totals_ = {switch_.rules(), switch_.refusals()};
        // All tasks that were there were run before the flows were looked at; what follows from
        // them is known only now.
        done_.tasks = asked_.tasks - tasks_.size();
        done_.looks += looks;
        has_more_ = switch_.has_work();
        is_idle = tasks_.empty() && looks_.empty() && !has_more_;
        if (is_awaited_ && done_.tasks >= marked_.tasks && done_.looks >= marked_.looks &&
            !has_more_) {
            is_awaited_ = false;
            worked = is_idle = true;
        }
        if (!switch_.fdb() || !switch_.wants_reading()) {
            next_reading_.reset();
        } else if (!next_reading_) {
            next_reading_ = now + options_.interval;
        } else if (*next_reading_ <= now && !reading_) {
            reads = reading_ = true;
            next_reading_ = now + options_.interval;
        }
    }
    if (reads) {
        read_counters();
    }
    if (is_idle && worked) {
        options_.progress();
    }
}

void FlowWorker::read_counters() {
    switch_.reading_begins();
    const auto end = [this] {
        MutexLock lock(mutex_);
        reading_ = false;
        has_read_ = true;
        changed_.notify_all();
    };
    const auto read = [this, end, fdb = switch_.fdb()]() mutable {
        if (const Status done = fdb->read_counters(); !done) {
            log_.debug("{}: {}", name_, done.error().to_string());
        }
        fdb.reset();
        end();
    };
    reader_.push({read, [end](const Error&) { end(); }});
}

/// Nobody but this thread has the FDB then.
void FlowWorker::wait_for_reading() {
    MutexLock lock(mutex_);
    while (reading_) {
        changed_.wait(mutex_);
    }
}

}  // namespace esw
