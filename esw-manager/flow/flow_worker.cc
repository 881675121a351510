// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_worker.h"

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
    post([this, enabled] { switch_.enable(enabled); });
}

void FlowWorker::set_port(uint32_t number, std::optional<FlowSwitch::Port> port) {
    post([this, number, port = std::move(port)] { switch_.set_port(number, port); });
}

void FlowWorker::look(FlowPtr flow) {
    MutexLock lock(mutex_);
    if (stopping_ || !start()) {
        return;
    }
    looks_.push_back(std::move(flow));
    ++asked_.looks;
    changed_.notify_all();
}

void FlowWorker::load(const RepId& rep, RdmaRepPtr rdma, std::shared_ptr<mlx5::IbDevice> device) {
    post([this, rep, rdma = std::move(rdma), device = std::move(device)] {
        if (!switch_.fdb()) {
            open(device);
        }
        switch_.load(rep, rdma);
    });
}

void FlowWorker::unload(const RepId& rep) {
    perform([this, rep] {
        const size_t rules = switch_.rules();
        switch_.unload(rep);
        wait_for_reading();
        if (switch_.rules() != rules) {
            read_finally();
        }
        if (!switch_.has_loaded()) {
            switch_.close();
        }
    });
}

void FlowWorker::open(const std::shared_ptr<mlx5::IbDevice>& device) {
    auto fdb = options_.open_fdb(device);
    if (fdb) {
        switch_.open(*std::move(fdb));
    } else {
        log_.warn("{}: flows stay in software: {}", name_, fdb.error().to_string());
    }
}

/// What rules that are gone have counted last.
void FlowWorker::read_finally() {
    if (const auto& fdb = switch_.fdb()) {
        if (const Status read = fdb->read_counters(); !read) {
            log_.debug("{}: {}", name_, read.error().to_string());
        }
    }
}

FlowWorker::Mark FlowWorker::mark() const {
    MutexLock lock(mutex_);
    return asked_;
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
    if (stopping_ || !thread_) {
        return;  // it never had anything
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
    wait_for_reading();
    switch_.close();
}

/// False when it is only time to read counters.
bool FlowWorker::wait_for_work() {
    MutexLock lock(mutex_);
    while (tasks_.empty() && looks_.empty() && !has_more_ && !stopping_) {
        if (!next_reading_ || reading_) {
            changed_.wait(mutex_);
        } else if (!changed_.wait_until(mutex_, *next_reading_)) {
            return false;
        }
    }
    return true;
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
        while (!looks_.empty() && flows.size() < kFlowsAtOnce) {
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
        if (totals_.rules == 0) {
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
        options_.idle();
    }
}

void FlowWorker::read_counters() {
    const auto end = [this] {
        MutexLock lock(mutex_);
        reading_ = false;
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
