// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/thread.h"
#include "esw-manager/executor.h"
#include "esw-manager/flow/flow_switch.h"

namespace esw {

namespace mlx5 {
class IbDevice;
}

/// The thread that has an eswitch's flows ("esw flow BUS:DEV.F"). It starts with the first thing to
/// do. What concerns ports and representors goes before flows that wait, so that nobody who takes a
/// representor away waits for a hundred thousand insertions.
///
/// Counters are read by a second thread while there are rules, every `interval`.
///
/// Threads: any; none waits for the adapter, save unload(), flush() and stop().
class FlowWorker {
public:
    using OpenFdb = std::function<Result<std::shared_ptr<mlx5::Fdb>>(
        const std::shared_ptr<mlx5::IbDevice>& device)>;
    struct Options {
        OpenFdb open_fdb;
        Duration interval = std::chrono::milliseconds(500);
        /// The last mark was passed, or nothing waits any more, which was not so before. Called on
        /// the worker's thread.
        std::function<void()> progress = [] {};
    };

    FlowWorker(const DevlinkHandle& eswitch, Options options, LogSink& log);
    ~FlowWorker() { stop(); }
    FlowWorker(const FlowWorker&) = delete;

    void enable(bool enabled);
    void set_port(uint32_t number, std::optional<FlowSwitch::Port> port);
    void look(FlowPtr flow);
    void look(std::vector<FlowPtr> flows);

    /// With the first representor the adapter is opened, if flows are to be in it at all.
    void load(const RepId& rep, RdmaRepPtr rdma, std::shared_ptr<mlx5::IbDevice> device);
    /// When this returns, nothing in the adapter names the representor, and what its rules had
    /// counted is known; with the last one, the adapter is closed and `device` let go.
    void unload(const RepId& rep);

    /// How much was asked for until now; and whether all of that is done, and what follows from it.
    struct Mark {
        uint64_t tasks = 0, looks = 0;
    };
    Mark mark() ESW_EXCLUDES(mutex_);
    bool is_past(const Mark& mark) const ESW_EXCLUDES(mutex_);

    struct Totals {
        uint64_t rules = 0;
        std::array<uint64_t, ESW_N_REFUSALS> refusals{};
    };
    Totals totals() const ESW_EXCLUDES(mutex_);

    /// Takes all rules out of the adapter. Nothing is done after that. Idempotent.
    void stop();

private:
    using Task = std::function<void()>;

    void post(Task task) ESW_EXCLUDES(mutex_);
    /// As post(), and waits until it is done.
    void perform(Task task) ESW_EXCLUDES(mutex_);
    bool start() ESW_REQUIRES(mutex_);
    void run() ESW_EXCLUDES(mutex_);
    bool wait_for_work() ESW_EXCLUDES(mutex_);
    void run_tasks() ESW_EXCLUDES(mutex_);
    size_t look_at_some() ESW_EXCLUDES(mutex_);
    void publish(bool worked, size_t looks) ESW_EXCLUDES(mutex_);
    void open();
    void close();
    void read_counters();
    void wait_for_reading() ESW_EXCLUDES(mutex_);
    void read_finally();

    const std::string name_;
    const Options options_;
    const Logger log_;
    // The thread's.
    FlowSwitch switch_;
    std::shared_ptr<mlx5::IbDevice> device_;  ///< of the representors that are loaded
    bool enabled_ = false;

    mutable Mutex mutex_{LockRank::kFlowWorker};
    CondVar changed_;
    std::deque<Task> tasks_ ESW_GUARDED_BY(mutex_);
    std::deque<FlowPtr> looks_ ESW_GUARDED_BY(mutex_);
    Mark asked_ ESW_GUARDED_BY(mutex_), done_ ESW_GUARDED_BY(mutex_);
    bool is_awaited_ ESW_GUARDED_BY(mutex_) = false;  ///< that the last mark is passed
    Mark marked_ ESW_GUARDED_BY(mutex_);
    bool has_more_ ESW_GUARDED_BY(mutex_) = false;  ///< the switch has
    bool reading_ ESW_GUARDED_BY(mutex_) = false;   ///< the second thread is at it
    bool has_read_ ESW_GUARDED_BY(mutex_) = false;  ///< and has just been
    bool stopping_ ESW_GUARDED_BY(mutex_) = false;
    std::optional<TimePoint> next_reading_ ESW_GUARDED_BY(mutex_);
    Totals totals_ ESW_GUARDED_BY(mutex_);
    std::unique_ptr<Thread> thread_ ESW_GUARDED_BY(mutex_);

    Executor reader_;
};

}  // namespace esw
