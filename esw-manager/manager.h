// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "esw-manager/eswitch_record.h"
#include "esw-manager/snapshot.h"
#include "netlink/kernel.h"

namespace esw {

class EventLoop;
class Provider;
class Timers;

/// What a port of type esw asks for, as its options say. Parsing them is the plugin's.
struct PortRequest {
    std::string port;                     ///< OVS port name
    std::optional<DevlinkHandle> device;  ///< option `device`
    std::optional<RepId> rep;             ///< option `representor`, or the port's name read as one
    // Port function attributes and rates, applied when the rep is there, read back after.
    std::optional<netlink::MacAddress> hw_addr;
    std::optional<netlink::FunctionState> state;
    std::optional<uint64_t> tx_share_bytes, tx_max_bytes;  ///< per second
    std::optional<uint32_t> tx_priority, tx_weight;

    bool operator==(const PortRequest&) const = default;
};

/// Answer of wait().
struct WaitReport {
    uint64_t failed = 0;  ///< reps that failed and will be tried again later
};

/// The eswitch manager's front door. Keeps an inventory of eswitches and representors true by the
/// kernel's notifications, loads representors, and binds OVS ports to them.
///
/// Threads: all members may be called from any thread; none blocks on the kernel or waits for the
/// manager's own threads, save stop(). Callbacks given here run on the manager's threads, with no
/// lock held, and must only hand over (mailbox, eventfd): they never call Open vSwitch.
class Manager {
public:
    struct Dependencies {
        netlink::Kernel& kernel;
        /// Makes the monitor on the manager's event loop.
        std::function<Result<std::unique_ptr<netlink::KernelMonitor>>(EventLoop&)> make_monitor;
        const Clock& clock;
        LogSink& log;
        /// A new snapshot was published.
        std::function<void()> changed;
        /// Makes the timers on the manager's event loop; empty: the loop's own. For tests.
        std::function<std::unique_ptr<Timers>(EventLoop&)> make_timers = {};
        /// Makes the provider of an eswitch's RDMA device, of which this is generation
        /// `generation`; empty: RDMA devices are left alone.
        std::function<std::shared_ptr<Provider>(const DevlinkHandle& eswitch, uint64_t generation)>
            make_rdma_provider = {};
    };

    static Result<std::unique_ptr<Manager>> create(Dependencies dependencies);
    virtual ~Manager() = default;

    /// Starts the threads and the first scan. A kernel without devlink is no error: the snapshot
    /// says so.
    virtual Status start() = 0;
    /// Ends all threads and answers everything that still waits, with ECANCELED. Idempotent.
    virtual void stop() = 0;

    virtual SnapshotPtr snapshot() const = 0;

    /// The records of the eswitches that are or were there.
    virtual Records records() const = 0;

    /// How long something may take before a warning says what it waits for.
    virtual Duration wait_deadline() const = 0;
    virtual void set_wait_deadline(Duration deadline) = 0;

    /// Binds a port, now or when its rep appears. Claiming again with another request replaces the
    /// old one; the same request does nothing. The outcome is in the snapshot's `ports`.
    virtual void claim_port(PortRequest request) = 0;
    virtual void release_port(const std::string& port) = 0;

    /// Asks the kernel for everything again and compares. `done` is called when that is through.
    virtual void rescan(std::function<void(Status)> done) = 0;

    /// Calls `done` once what the kernel has sent so far was read and nothing is queued or running
    /// for `eswitch` (nothing: for all); reps in back-off do not hold it. ETIMEDOUT with the state
    /// in the detail after `timeout`; ENODEV when there is no such eswitch.
    virtual void wait(std::optional<DevlinkHandle> eswitch, bool strict,
                      std::chrono::milliseconds timeout,
                      std::function<void(Result<WaitReport>)> done) = 0;

    /// Called once, when the operation is over and what it changed is in the snapshot; with
    /// ETIMEDOUT after `timeout`, while the operation goes on; ENODEV when there is no such
    /// eswitch; ECANCELED when the manager stops first.
    using OperationDone = std::function<void(Result<std::string>)>;

    // Operations of one adapter run one after the other, in the order of the calls.
    /// "done", "no change", or "superseded by MODE": of several that wait, the last one wins.
    virtual void set_mode(const DevlinkHandle& eswitch, netlink::EswitchMode mode,
                          std::chrono::milliseconds timeout, OperationDone done) = 0;
    virtual void reload(const DevlinkHandle& eswitch, std::chrono::milliseconds timeout,
                        OperationDone done) = 0;
    /// The id of the new representor.
    virtual void add_subfunction(const DevlinkHandle& eswitch, uint32_t number,
                                 std::chrono::milliseconds timeout, OperationDone done) = 0;
    virtual void delete_subfunction(const RepRef& rep, std::chrono::milliseconds timeout,
                                    OperationDone done) = 0;

    // The profile (esw-manager/profile.h). Nothing is applied before both texts were told once.
    /// other_config:esw-profile; empty: there is none. One that is wrong changes nothing, and the
    /// snapshot's `profile` says why.
    virtual void set_profile(const std::string& text) = 0;
    /// external_ids:esw-override, as it is in the database. The snapshot's `profile` has the
    /// `reading` once it is taken over, and what the database shall have from then on: set_mode()
    /// changes that.
    virtual void set_overrides(const std::string& text, uint64_t reading) = 0;
    /// Takes back what set_mode() has said, and applies the profile: as set_mode(), or "no change"
    /// when the profile does not name the eswitch.
    virtual void set_mode_by_profile(const DevlinkHandle& eswitch,
                                     std::chrono::milliseconds timeout, OperationDone done) = 0;

    /// Loads what failed now, without waiting for its back-off: one rep, all of an eswitch, or all.
    virtual void retry(std::optional<DevlinkHandle> eswitch, std::optional<RepId> rep,
                       std::function<void(Status)> done) = 0;
};

}  // namespace esw
