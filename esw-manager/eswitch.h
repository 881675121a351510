// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "esw-manager/control_lock.h"
#include "esw-manager/inventory.h"
#include "esw-manager/log_limiter.h"
#include "esw-manager/port_options.h"
#include "esw-manager/provider.h"
#include "esw-manager/rep_block.h"
#include "esw-manager/snapshot.h"
#include "esw-manager/watched_kernel.h"
#include "esw-manager/work_queue.h"
#include "netlink/kernel.h"

namespace esw {

/// The OVS port that uses a representor.
struct RepUser {
    std::string port;
    PortOptions options;
    bool operator==(const RepUser&) const = default;
};

/// One eswitch: its mode, its representors and their states, and the thread that loads them.
///
/// What the kernel says comes in as facts (update_rep, remove_rep) and is turned into queued work;
/// the work asks the device again when it runs and sets the states. Uplinks are loaded first:
/// another rep is loaded when no uplink has failed or waits for its netdev. Each rep is on its own
/// after that: one that fails is tried again with back-off and does not stop the others.
///
/// Threads: any, unless a member says otherwise. Callbacks come from any thread, with no lock held.
class Eswitch {
public:
    struct Callbacks {
        std::function<void()> changed;  ///< snapshot() has something new
        std::function<void()> idle;     ///< the work queue ran empty
        std::function<void()> closed;   ///< close() is through; join() returns at once
    };
    /// A devlink port as the work found it, for the inventory.
    struct PortRead {
        RepId rep;
        netlink::DevlinkPort port;
        uint64_t revision = 0;
    };

    Eswitch(DevlinkHandle handle, netlink::Kernel& kernel, const Clock& clock, LogSink& log,
            RecordPtr record, uint64_t generation, Callbacks callbacks);
    ~Eswitch();

    /// Starts the thread. When the system has none to give, that is the eswitch's error, and
    /// retry() tries again.
    void start();

    const DevlinkHandle& handle() const { return handle_; }

    // What the kernel says. Nothing of it does anything after close().
    void update_rep(const RepFacts& facts);
    void remove_rep(const RepId& id);
    void request_inspection();

    // Providers. Both wait for the block, and neither is called from a provider's callback.
    /// Installs a provider, marks every eligible rep registered and queues the loads. EBUSY while
    /// there is a provider of this type: it is unregistered first, and never forgets its reps.
    Status register_provider(Provider& provider);
    /// Unloads what it has loaded, whatever the mode is, and returns when no callback runs or will
    /// run any more.
    void unregister_provider(ProviderType type);
    /// The provider that shall be registered from now on, or null for none; never waits. A provider
    /// that it takes the place of is unregistered first.
    void set_provider(ProviderType type, std::shared_ptr<Provider> provider);

    // For operations, on the thread of one.
    //
    // An operation takes the control lock (ECANCELED when the eswitch goes away), then suspends the
    // queue, then takes the block; and gives them back in the opposite order. What may be called
    // only in between says so.
    Status take_control(const BlockHolder& operation);
    void release_control();
    /// With the control lock: what the kernel says queues nothing any more, and what was queued is
    /// dropped unrun.
    void suspend();
    /// With the control lock: queues what is wanted now.
    void resume();
    Status take_block(const BlockHolder& operation);
    void release_block(const BlockHolder& operation);
    RepBlock& block() { return block_; }
    EswitchRecord& record() const { return *record_; }
    /// With the block: unloads the reps of a provider, or one of them.
    void unload_all(ProviderType type);
    void unload_rep(const RepId& id);
    /// With the block: the mode that the device was just read to have.
    void keep_mode(netlink::EswitchMode mode);
    /// With the block, or with it lent to `holder`: registers and unregisters providers as
    /// set_provider() said.
    void sync_providers(const BlockHolder& holder);
    /// Says what the operation does; empty: that it is over.
    void set_activity(std::string activity);
    /// Nothing when there is no such rep.
    std::optional<uint32_t> port_index(const RepId& id) const;
    /// False when the rep is still there at the deadline.
    bool wait_until_gone(const RepId& id, TimePoint deadline);
    /// A request to set the mode; the last one wins. Returns its number.
    uint64_t request_mode(netlink::EswitchMode mode);
    /// The mode of a later request than that with this number, if there was one.
    std::optional<netlink::EswitchMode> superseding(uint64_t request) const;
    /// Queues what failed again without waiting for its back-off; one rep's, or all. False: there
    /// is no such rep.
    bool retry_now(const std::optional<RepId>& id);

    /// Makes queued loads and inspections stale, and queues again what is still true of them.
    void invalidate(const std::string& reason);

    /// Who uses a rep, known or not: nothing, or a port with options that are applied each time
    /// that the rep was loaded.
    void set_user(const RepId& id, std::optional<RepUser> user);

    /// Queues what is in back-off and due.
    void retry(TimePoint now);
    std::optional<TimePoint> next_retry();

    bool idle() const;
    std::string describe() const;
    /// Nothing is queued or running, and `published` was made after the last of it.
    bool settled(const EswitchSnapshot& published) const;
    uint64_t generation() const { return control_.generation(); }
    /// The device said that it has no eswitch.
    bool unsupported() const;
    std::vector<PortRead> take_reads();
    std::string option_error(const RepId& id) const;

    /// The present state; parts that did not change since `previous`, which must be the last answer
    /// (or null, the first time), are shared with it. One thread.
    EswitchPtr snapshot(const EswitchPtr& previous);

    /// Begins the tear-down: stops listening, makes queued work stale, then unloads all reps on the
    /// eswitch's own thread and calls `closed`.
    void close();
    void join();

    ControlLock& control_lock() { return control_; }
    WorkQueue& queue() { return queue_; }

private:
    struct Slot {
        ProviderStatus status;
        uint32_t ifindex = 0;     // of the netdev that it was loaded with (eth)
        uint32_t port_index = 0;  // of the devlink port, which says the vport (rdma)
        uint64_t removals = 0;    // the rep's, when it was loaded (rdma)
        RdmaRepPtr rdma;          // what was loaded (rdma)
        std::string note;         // why the last load found nothing to load
    };
    struct Representor {
        RepFacts facts;
        bool present = true;
        uint64_t removals = 0;  // one that comes back is another
        std::array<Slot, kProviderTypes> slots;
        uint64_t loads = 0, unloads = 0;  // of its netdev
        std::optional<Duration> load_time;
        std::optional<PortOptions> applied;  // since the last load
        std::string option_error;
    };
    /// By provider type: why only uplinks are loaded, or empty.
    using Gates = std::array<std::string, kProviderTypes>;
    /// A load in back-off.
    struct Due {
        TimePoint at;
        RepId rep;
        ProviderType type;
        auto operator<=>(const Due&) const = default;
    };
    struct Attempt {
        DevlinkHandle instance;  // that has the port
        uint32_t port_index = 0;
        uint64_t revision = 0;
        uint64_t removals = 0;
        std::vector<ProviderType> types;
    };

    // Handlers: on the queue's thread, under the control lock.
    WorkQueue::Result handle_item(const WorkItem& item);
    WorkQueue::Result inspect();
    WorkQueue::Result load(const RepId& id);
    WorkQueue::Result unload(const RepId& id);
    WorkQueue::Result configure(const RepId& id);
    void tear_down();
    void read_info();

    std::optional<Attempt> begin_load(const RepId& id);
    Result<LoadResult> read_port(const RepId& id, const Attempt& attempt,
                                 netlink::DevlinkPort& port);
    /// False when it failed.
    bool load_type(const RepId& id, const Attempt& attempt, ProviderType type,
                   const Result<LoadResult>& found, const netlink::DevlinkPort& port,
                   TimePoint begun);
    bool finish_load(const RepId& id, const Attempt& attempt, ProviderType type,
                     const Result<LoadResult>& outcome, TimePoint begun) ESW_REQUIRES(mutex_);
    bool begin_unload(const RepId& id, ProviderType type);
    /// Under the block.
    void unload_type(const RepId& id, ProviderType type);
    Status install(ProviderType type, std::shared_ptr<Provider> provider);
    void remove(ProviderType type);
    /// The end of a provider closes its device, for as long as the kernel likes: with no mutex
    /// held.
    void end(std::shared_ptr<Provider> provider) ESW_EXCLUDES(mutex_);

    bool registered(const Representor& rep, ProviderType type) const ESW_REQUIRES(mutex_);
    RepState base_state(const Representor& rep, ProviderType type) const ESW_REQUIRES(mutex_);
    /// Why the rep cannot be loaded by a provider of this type now; empty: it can.
    std::string obstacle(const Representor& rep, ProviderType type) const ESW_REQUIRES(mutex_);
    /// It was loaded from what the rep is not any more.
    bool is_elsewhere(const Representor& rep, ProviderType type) const ESW_REQUIRES(mutex_);
    bool is_loaded(const Representor& rep, ProviderType type) const ESW_REQUIRES(mutex_);
    /// A provider has something of it to unload.
    static bool has_loaded(const Representor& rep);
    void evaluate(const RepId& id, Representor& rep) ESW_REQUIRES(mutex_);
    void evaluate_all() ESW_REQUIRES(mutex_);
    void update_gate() ESW_REQUIRES(mutex_);
    std::string find_gate(ProviderType type) const ESW_REQUIRES(mutex_);
    Gates find_gates() const ESW_REQUIRES(mutex_);
    void want_configured(const RepId& id, Representor& rep) ESW_REQUIRES(mutex_);
    /// The queue's thread as a holder of the block, called after the item that runs.
    BlockHolder working() const;
    void queue(WorkKind kind, std::optional<RepId> target = {}) ESW_REQUIRES(mutex_);
    void change_mode(netlink::EswitchMode mode) ESW_REQUIRES(mutex_);
    void mode_was_read() ESW_REQUIRES(mutex_);
    void set_failed(const RepId& id, ProviderType type, Error error) ESW_REQUIRES(mutex_);
    std::set<Due>::const_iterator next_due() ESW_REQUIRES(mutex_);
    RepPtr snapshot_rep(const RepId& id, const Representor& rep) const ESW_REQUIRES(mutex_);
    std::string reason(const RepId& id, const Representor& rep, ProviderType type) const
        ESW_REQUIRES(mutex_);

    const DevlinkHandle handle_;
    const std::string name_;
    const RecordPtr record_;
    WatchedKernel kernel_;
    const Clock& clock_;
    const Logger log_;
    const Callbacks callbacks_;

    ControlLock control_;
    RepBlock block_;
    const BlockHolder worker_;  // the queue's thread
    mutable Mutex mutex_{LockRank::kEswitch};
    bool closed_ ESW_GUARDED_BY(mutex_) = false;
    bool suspended_ ESW_GUARDED_BY(mutex_) = false;  // queue() drops; resume() looks again
    std::string activity_ ESW_GUARDED_BY(mutex_);    // of an operation
    std::array<std::shared_ptr<Provider>, kProviderTypes> providers_ ESW_GUARDED_BY(mutex_);
    // What set_provider() said last, while it is not done.
    std::array<std::optional<std::shared_ptr<Provider>>, kProviderTypes> wanted_providers_
        ESW_GUARDED_BY(mutex_);

    CondVar rep_gone_;  // or the eswitch
    std::map<RepId, Representor> reps_ ESW_GUARDED_BY(mutex_);
    std::map<RepId, RepUser> users_ ESW_GUARDED_BY(mutex_);
    std::set<RepId> dirty_ ESW_GUARDED_BY(mutex_);  // since the last snapshot
    std::set<Due> due_ ESW_GUARDED_BY(mutex_);      // and some that are not due any more
    Gates gates_ ESW_GUARDED_BY(mutex_);
    std::vector<PortRead> reads_ ESW_GUARDED_BY(mutex_);

    std::optional<netlink::EswitchMode> mode_ ESW_GUARDED_BY(mutex_);
    std::optional<netlink::EswitchMode> wanted_mode_ ESW_GUARDED_BY(mutex_);
    uint64_t mode_requests_ ESW_GUARDED_BY(mutex_) = 0;
    std::optional<TimePoint> mode_read_at_ ESW_GUARDED_BY(mutex_);
    Error error_ ESW_GUARDED_BY(mutex_);  // of the last inspection
    uint32_t inspect_retries_ ESW_GUARDED_BY(mutex_) = 0;
    std::optional<TimePoint> inspect_at_ ESW_GUARDED_BY(mutex_);
    bool started_ ESW_GUARDED_BY(mutex_) = false;
    bool unsupported_ ESW_GUARDED_BY(mutex_) = false;
    std::optional<std::string> driver_ ESW_GUARDED_BY(mutex_);  // nothing: not asked yet
    LogLimiter limiter_ ESW_GUARDED_BY(mutex_);

    bool joined_ = false;  // the manager's, and the destructor's

    // Last, so that its thread ends before what it uses.
    WorkQueue queue_;
};

}  // namespace esw
