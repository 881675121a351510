// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/thread.h"
#include "base/unique_fd.h"
#include "esw-manager/executor.h"
#include "esw-manager/flow/flow_offload.h"
#include "esw-manager/manager.h"
#include "netlink/kernel.h"
#include "ovs-plugin/binding_tracker.h"
#include "ovs-plugin/commands.h"
#include "ovs-plugin/device_reader.h"
#include "ovs-plugin/failure_overlay.h"
#include "ovs-plugin/netdev_setup.h"
#include "ovs-plugin/option_parser.h"
#include "ovs-plugin/pending_commands.h"
#include "ovs-plugin/wake_fd.h"

namespace esw {

/// The plugin behind its C ABI: owns the manager, keeps the ports of Open vSwitch and their claims,
/// and carries results from the manager's threads to the switch's main thread.
///
/// Threads: ports may be made, configured and destroyed by any; the others
/// belong to the main thread.
class Plugin {
public:
    struct Parts {
        std::unique_ptr<LogSink> log;
        std::unique_ptr<Clock> clock;
        std::unique_ptr<netlink::Kernel> kernel;
        /// Makes the manager; `flows` is to be told of representors that rules can name, `changed`
        /// is its dependency of that name.
        std::function<Result<std::unique_ptr<Manager>>(LogSink&, const Clock&, netlink::Kernel&,
                                                       const std::shared_ptr<FlowOffload>& flows,
                                                       std::function<void()> changed)>
            make_manager;
        FlowWorker::OpenFdb open_fdb;
        /// The bridges of the ports of type esw, by port; called on the main thread.
        std::function<std::map<std::string, std::string>()> bridges;
        /// How long stop() waits for threads that the kernel holds. ovs-ctl kills a daemon that has
        /// not ended 8 s after it was asked to.
        std::chrono::milliseconds stop_deadline = std::chrono::seconds(5);
        /// How long read_link_stats() and read_vport_counters() together wait for the kernel in
        /// one turn of the main loop.
        Duration patience = std::chrono::milliseconds(5);
    };

    /// How a port stands to its network device, for the host (struct esw_binding).
    struct Binding {
        bool rebound = false;
        uint32_t ifindex = 0;
        bool is_changing = false;  ///< the one that the port has: its link is to be read
        // Of a device that is new to the port.
        NetdevSetup::LinkState link;
        netlink::LinkStats stats;
    };

    using DriverCounters = std::vector<netlink::DriverCounter>;

    static Result<std::unique_ptr<Plugin>> create(Parts parts);
    ~Plugin();

    /// Readable when run() has something to do.
    int fd() const { return wake_->fd(); }
    NetdevSetup& setup() { return *setup_; }
    /// Any thread.
    FlowOffload& flows() { return *flows_; }

    /// Carries what has changed to the host: `changed` returns 0, or the errno for which the host
    /// cannot use a device, which it is then offered again, with back-off. `link_read` takes what
    /// read_link() has asked for.
    using Changed = std::function<int(uint64_t port_id, const Binding&)>;
    using LinkRead = std::function<void(const NetdevSetup::Reading&)>;
    void run(const Changed& changed, const LinkRead& link_read);
    /// Has it read what the device of a port is like now.
    void read_link(uint64_t port_id, uint32_t ifindex);
    /// Counters of a port's device, as they are now, or as read last when the kernel does not tell
    /// them soon enough: then answer() waits for it. Null when they were not read since the port
    /// has the device, or there are none. Any thread.
    using StatsReader = DeviceReader<netlink::LinkStats>;
    using CounterReader = DeviceReader<DriverCounters>;
    StatsReader::Pointer read_link_stats(uint64_t port_id, uint32_t ifindex) {
        return link_stats_.read(port_id, ifindex);
    }
    /// Of the vport, as its driver counts.
    CounterReader::Pointer read_vport_counters(uint64_t port_id, uint32_t ifindex) {
        return vport_counters_.read(port_id, ifindex);
    }
    /// How long until run() or answer() has something to do by the clock; nothing when there is
    /// nothing.
    std::optional<Duration> time_to_next() const;

    /// Closes a packet socket on another thread: the kernel waits for all who may be reading from
    /// it, tens of milliseconds. Any thread.
    void close(UniqueFd socket);

    using Reply = PendingCommands::Reply;
    void command(const std::vector<std::string>& args, void* conn, const Reply& reply);
    /// Answers the commands that are through when all bindings that they imply are in force and
    /// `is_status_written`, or their time is over. Without that function there is nobody to follow:
    /// it answers at once.
    void answer(const std::function<bool()>& is_status_written, const Reply& reply);
    /// Ends the threads and answers the commands that wait. A request that the kernel works on can
    /// not be called back: when that takes longer than Parts::stop_deadline, its thread goes on, to
    /// the end of the process or of this object.
    void stop(const Reply& reply);

    /// The profile as it is in the database, told at any time.
    void set_profile(const std::string& text);
    /// The overrides as they are in the database; returns what they shall be there.
    std::string sync_overrides(const std::string& found);

    uint64_t add_port(const std::string& name);
    void remove_port(uint64_t id);
    /// By which flows name the port; nothing when the datapath does not have it.
    void set_number(uint64_t id, std::optional<uint32_t> number);
    /// How often flows were refused since the last call. Main thread.
    std::array<uint64_t, ESW_N_REFUSALS> take_refusals();
    /// On a port that never had good options, bad ones are an error; on others they are kept for
    /// the status. Returns whether the status reads otherwise now.
    Result<bool> configure_port(uint64_t id, const OptionMap& options);
    /// Returns whether it is another wish than before.
    bool set_wish(uint64_t id, const LinkWish& wish);
    /// Has the device changed as it was wished last: MTU and MAC, and those flags. What is refused
    /// is in the status. To be followed by read_link().
    void change_link(uint64_t id, uint32_t ifindex, NetdevSetup::Flags flags);
    /// Waits until what was asked for of devices so far is done; returns whether it is in that
    /// time.
    bool finish_changes(std::chrono::milliseconds timeout);
    /// Flags are not done yet, nor refused. What came of them is known before the reading behind
    /// them is told.
    bool is_changing(uint64_t id) const;
    OptionMap port_config(uint64_t id) const;
    std::vector<std::pair<std::string, std::string>> port_status(uint64_t id) const;

private:
    /// What Open vSwitch wants of a device that the port has.
    struct PendingChange {
        uint64_t number = 0;       ///< of the last that was asked for; 0: there is none
        bool flags_open = false;   ///< flags are under way, or to be tried again
        NetdevSetup::Flags flags;  ///< asked for, and not done yet
        uint32_t retries = 0;
    };
    struct Port {
        std::string name;
        OptionMap options;  ///< that are in force
        std::optional<PortRequest> request;
        std::string option_error;
        std::string setup_error;
        std::string wish_error;
        LinkWish wish;
        LinkWish prepared;  ///< what the device was made ready for last
        PendingChange change;
        std::optional<uint32_t> number;
    };
    Plugin(Parts parts, std::unique_ptr<WakeFd> wake);
    /// What the host has to be told. `attempt` is that at a device that is ready for it.
    struct Change {
        uint64_t port_id;
        Binding binding;
        uint64_t attempt = 0;
    };
    std::vector<Change> collect_changes() ESW_REQUIRES(mutex_);
    Change act(const BindingTracker::Step& step) ESW_REQUIRES(mutex_);
    /// True when Open vSwitch has changed its mind since the device was made ready, which is done
    /// again.
    bool prepared_again(uint64_t id, uint32_t ifindex, uint64_t attempt) ESW_REQUIRES(mutex_);
    void prepare(uint64_t id, uint32_t ifindex, uint64_t attempt) ESW_REQUIRES(mutex_);
    std::optional<Change> take_outcome(const NetdevSetup::Outcome& outcome) ESW_REQUIRES(mutex_);
    void post_change(uint64_t id, Port& port, uint32_t ifindex) ESW_REQUIRES(mutex_);
    std::optional<Change> take_change(const NetdevSetup::ChangeOutcome& outcome)
        ESW_REQUIRES(mutex_);
    void retry_changes() ESW_REQUIRES(mutex_);
    void forget_device(Port& port) ESW_REQUIRES(mutex_);
    void tell_flows(uint64_t id, const Port& port) ESW_REQUIRES(mutex_);
    void give_number_back(uint64_t id, Port& port) ESW_REQUIRES(mutex_);
    void take_changes();
    void make_change(const Change& change, const Changed& changed);
    void attach(const Change& change, const Changed& changed);
    int tell(const Change& change, const Changed& changed);
    void caught_up(const char* what, Duration late);
    void fail_attempt(uint64_t id, uint64_t attempt, const Error& error) ESW_REQUIRES(mutex_);
    PortFailures failures() const;
    bool is_settled() const;
    std::string unsettled() const;
    void stop_threads();
    bool owns_name(uint64_t id, const Port& port) const ESW_REQUIRES(mutex_);

    const Parts parts_;
    const Logger log_;
    const std::unique_ptr<WakeFd> wake_;
    std::unique_ptr<NetdevSetup> setup_;
    const std::shared_ptr<FlowOffload> flows_;
    std::unique_ptr<Manager> manager_;
    PendingCommands commands_;

    mutable Mutex mutex_{LockRank::kPlugin};
    std::map<uint64_t, Port> ports_ ESW_GUARDED_BY(mutex_);
    std::map<std::string, uint64_t> owners_ ESW_GUARDED_BY(mutex_);  // who has claimed by that name
    std::map<uint32_t, uint64_t> numbers_ ESW_GUARDED_BY(mutex_);    // who has the number
    BindingTracker tracker_ ESW_GUARDED_BY(mutex_);
    SnapshotPtr applied_ ESW_GUARDED_BY(mutex_);
    uint64_t last_port_id_ ESW_GUARDED_BY(mutex_) = 0;
    uint64_t last_change_ ESW_GUARDED_BY(mutex_) = 0;
    std::map<uint64_t, TimePoint> change_retries_ ESW_GUARDED_BY(mutex_);  // by port
    bool stopped_ ESW_GUARDED_BY(mutex_) = false;

    // Main thread only.
    size_t reading_ = 0;          // links
    std::deque<Change> changes_;  // that the host is to be told
    std::optional<TimePoint> next_retry_;
    std::optional<std::string> profile_;          // that was told last
    std::optional<std::string> found_overrides_;  // in the database
    std::string wanted_overrides_;                // there, as was said last
    uint64_t overrides_reading_ = 0;
    std::array<uint64_t, ESW_N_REFUSALS> told_refusals_{};
    FlowOffload::Mark flow_mark_;  // until which flows are waited for

    Patience patience_;
    StatsReader link_stats_;
    CounterReader vport_counters_;

    std::atomic<size_t> closing_ = 0;  // sockets that closer_ has
    // Last: these threads end before what they use.
    Executor closer_;  // ports go after stop() too
    Executor counters_;
    std::unique_ptr<Thread> stopper_;
};

}  // namespace esw
