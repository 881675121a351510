// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "esw-manager/eswitch.h"
#include "esw-manager/eth_provider.h"
#include "esw-manager/executor.h"
#include "esw-manager/inventory.h"
#include "esw-manager/log_limiter.h"
#include "esw-manager/manager.h"
#include "esw-manager/mode_policy.h"
#include "esw-manager/nested_ports.h"
#include "esw-manager/operations.h"
#include "esw-manager/port_table.h"
#include "esw-manager/rdma_devices.h"
#include "esw-manager/scanner.h"
#include "esw-manager/timers.h"

namespace esw {

/// The manager. All of its state belongs to the events thread, which runs the event loop: calls
/// from outside, events of the kernel, results of scans and of the eswitches' threads come in as
/// functions posted to it. What it knows goes out as snapshots, one for any number of changes that
/// came together.
class ManagerImpl final : public Manager {
public:
    ManagerImpl(Dependencies dependencies, std::unique_ptr<EventLoop> loop);
    ~ManagerImpl() override;

    Status start() override;
    void stop() override;
    SnapshotPtr snapshot() const override;
    Records records() const override;
    Duration wait_deadline() const override { return watchdog_.deadline(); }
    void set_wait_deadline(Duration deadline) override { watchdog_.set_deadline(deadline); }
    void claim_port(PortRequest request) override;
    void release_port(const std::string& port) override;
    void rescan(std::function<void(Status)> done) override;
    void wait(std::optional<DevlinkHandle> eswitch, bool strict, std::chrono::milliseconds timeout,
              std::function<void(Result<WaitReport>)> done) override;
    void set_mode(const DevlinkHandle& eswitch, netlink::EswitchMode mode,
                  std::chrono::milliseconds timeout, OperationDone done) override;
    void reload(const DevlinkHandle& eswitch, std::chrono::milliseconds timeout,
                OperationDone done) override;
    void add_subfunction(const DevlinkHandle& eswitch, uint32_t number,
                         std::chrono::milliseconds timeout, OperationDone done) override;
    void delete_subfunction(const RepRef& rep, std::chrono::milliseconds timeout,
                            OperationDone done) override;
    void retry(std::optional<DevlinkHandle> eswitch, std::optional<RepId> rep,
               std::function<void(Status)> done) override;
    void set_profile(const std::string& text) override;
    void set_overrides(const std::string& text, uint64_t reading) override;
    void set_mode_by_profile(const DevlinkHandle& eswitch, std::chrono::milliseconds timeout,
                             OperationDone done) override;

private:
    using TimerHandle = std::unique_ptr<EventLoop::Handle>;

    struct Entry {
        std::shared_ptr<Eswitch> eswitch;  // operations hold it too
        size_t operations = 0;             // that wait or run
        EswitchPtr published;
        std::shared_ptr<Provider> rdma;  // of the present RDMA device; null: none
        bool dirty = true;
        bool closing = false;
        TimerHandle retry_timer;
        std::optional<TimePoint> retry_at;  // when retry_timer fires
        TimerHandle inspect_timer;          // at the end of a burst of events
        std::optional<TimePoint> inspected_at;
    };
    struct Waiter {
        std::optional<DevlinkHandle> eswitch;
        bool strict = false;
        std::function<void(Result<WaitReport>)> done;
        TimerHandle deadline;
        bool inspected = false;  // the modes were asked for
    };

    /// What an operation does, on the thread of its adapter's executor.
    using Work = std::function<Result<std::string>(Eswitch&, const OperationTools&)>;
    /// What its end means for the profile; the events thread's.
    using Ended = std::function<void(const Result<std::string>&)>;
    /// One that was asked for; the events thread's.
    struct Request {
        DevlinkHandle handle;
        std::string kind;    // "set-mode"
        std::string target;  // "switchdev", or empty
        std::string name() const { return target.empty() ? kind : kind + ' ' + target; }
        std::shared_ptr<Eswitch> eswitch;
        TimePoint begun;     // when it was asked for, then when it was its turn
        OperationDone done;  // empty when it was answered
        std::unique_ptr<EswitchRecord::Operation> listed;
        Ended ended;
        bool logs_itself = false;
        TimerHandle deadline;
    };
    using RequestPtr = std::shared_ptr<Request>;

    /// Any thread: finds the eswitch and has `prepare` make its work, on the events thread.
    void submit(const DevlinkHandle& handle, std::string kind, std::string target,
                std::chrono::milliseconds timeout, OperationDone done,
                std::function<Work(Eswitch&)> prepare, Ended ended = {});
    static Error no_eswitch(const DevlinkHandle& handle);
    /// What a request is answered that is not the last one for a mode.
    static std::optional<std::string> superseded(const Eswitch& eswitch, uint64_t number);
    /// For operations: returns when what the kernel has sent so far is known to the eswitches.
    Status catch_up();
    void record_operation(const Request& request, const Result<std::string>& result);
    /// Null when the manager has stopped.
    std::shared_ptr<Executor> executor_of(const DevlinkHandle& handle) ESW_EXCLUDES(front_);

    /// After the events thread was told to shut down.
    void stop_executors() ESW_EXCLUDES(front_);

    /// Runs `function` on the events thread; false when the manager has stopped.
    bool post(std::function<void()> function) ESW_EXCLUDES(front_);

    // All below: events thread.
    void start_operation(RequestPtr request, std::chrono::milliseconds timeout, Work work);
    void finish_operation(const RequestPtr& request, Result<std::string> result);
    void start_application(const DevlinkHandle& handle, const ModePolicy::Application& application,
                           std::chrono::milliseconds timeout, OperationDone done);
    void apply_profile();
    void retry_now(const std::optional<DevlinkHandle>& eswitch, const std::optional<RepId>& rep,
                   const std::function<void(Status)>& done);
    void begin();
    void open_monitor();
    void shut_down();
    void receive(netlink::KernelEvent event);
    void apply(const netlink::KernelEvent& event);
    void log_no_parent(const DevlinkHandle& handle, const Error& error);
    void take(const Inventory::Changes& changes);

    void request_scan(ScanWhat what);
    void start_scan();
    void scanned(const ScanResult& result);
    void record_resync(const ScanResult& result);
    void finish_scan(const ScanResult& result);

    /// Gives the eswitches on these parents the provider of the RDMA device that they have now.
    void take_rdma(const RdmaDevices::Changes& parents);
    void set_rdma_provider(const DevlinkHandle& handle, Entry& entry);
    bool rdma_gone(const std::string& parent) const;

    void consider_device(const DevlinkHandle& handle);
    void open_eswitch(const DevlinkHandle& handle);
    RecordPtr record_of(const DevlinkHandle& handle);
    void forget_record(const DevlinkHandle& handle);
    void record_everywhere(Counter counter, const Event& event);
    void close_eswitch(const DevlinkHandle& handle);
    void eswitch_closed(const DevlinkHandle& handle);
    void eswitch_changed(const DevlinkHandle& handle);
    void collect(const DevlinkHandle& handle, Entry& entry);
    void touch_mode(const DevlinkHandle& handle);
    void inspect_now(Entry& entry);
    void arm_retry(const DevlinkHandle& handle, Entry& entry);

    void publish_soon();
    void publish();
    void refresh_eswitches(Snapshot& next);
    void check_waiters();
    bool settled(const Waiter& waiter);
    Result<WaitReport> report(const Waiter& waiter) const;
    std::string busy_state(const Waiter& waiter) const;
    void start_wait(Waiter waiter, std::chrono::milliseconds timeout);
    void inspect_for(Waiter& waiter);
    TimerHandle timer(Duration delay, std::function<void()> callback);

    Dependencies deps_;
    const Logger log_;
    const std::unique_ptr<EventLoop> loop_;
    const std::unique_ptr<Timers> timers_;
    Watchdog watchdog_;
    EthProvider eth_provider_;

    enum class Phase { kNew, kRunning, kStopped };
    Mutex front_{LockRank::kManager};
    Phase phase_ ESW_GUARDED_BY(front_) = Phase::kNew;
    std::map<std::string, std::shared_ptr<Executor>> executors_ ESW_GUARDED_BY(front_);
    mutable Mutex snapshot_mutex_{LockRank::kSnapshot};
    SnapshotPtr snapshot_ ESW_GUARDED_BY(snapshot_mutex_);
    Records records_ ESW_GUARDED_BY(snapshot_mutex_);

    std::unique_ptr<netlink::KernelMonitor> monitor_;
    uint32_t monitor_retries_ = 0;
    TimerHandle monitor_timer_;
    NestedPorts nested_ports_;
    Inventory inventory_;
    RdmaDevices rdma_devices_;
    std::map<DevlinkHandle, Entry> eswitches_;
    std::map<DevlinkHandle, uint64_t> last_generation_;  // of eswitches that were closed
    std::set<DevlinkHandle> plain_;                      // devices without an eswitch
    PortTable ports_;
    ModePolicy policy_;
    TimerHandle profile_timer_;
    std::optional<TimePoint> profile_retry_at_;  // when it fires

    bool scanning_ = false;
    bool scanned_ = false;
    ScanWhat scan_wanted_;  // by the next scan
    TimePoint scan_begun_;
    std::deque<netlink::KernelEvent> held_;  // that came during a scan
    std::vector<std::function<void(Status)>> rescans_, rescans_running_;
    std::vector<std::function<void(Status)>> catching_up_;  // operations, when the scan is over
    uint32_t scan_retries_ = 0;
    TimerHandle scan_timer_;
    Error devlink_;  // of the snapshot

    std::list<Waiter> waiters_;
    bool publish_pending_ = false;
    bool stopping_ = false;
    LogLimiter limiter_;

    EswitchRecord own_record_;  // of what no eswitch's thread does
    WatchedKernel scan_kernel_;
    Scanner scanner_;
    std::unique_ptr<Thread> thread_;
};

}  // namespace esw
