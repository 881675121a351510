// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "esw-manager/flow/flow.h"
#include "esw-manager/flow/flow_worker.h"
#include "esw-manager/mlx5/rdma_provider.h"

namespace esw {

/// The flows of the datapath: what it wants of them, and which eswitch each is given to, by the
/// port that its packets come in by. A flow is kept until it is removed, whether its eswitch is
/// there or not, and is in the adapter whenever it can be.
///
/// Threads: any. Nothing here waits for an adapter but rep_unloaded() and stop(), nor for a lock
/// that is held while somebody does.
class FlowOffload final : public mlx5::RepUser {
public:
    FlowOffload(FlowWorker::Options options, const Clock& clock, LogSink& log)
        : options_(std::move(options)), clock_(clock), log_(log) {}
    ~FlowOffload() override { stop(); }
    FlowOffload(const FlowOffload&) = delete;

    void enable(bool enabled) ESW_EXCLUDES(mutex_);

    /// See FlowSwitch::set_port().
    void set_port(uint32_t number, std::optional<FlowSwitch::Port> port) ESW_EXCLUDES(mutex_);

    void put(const esw_ufid& ufid, const esw_flow_match& match,
             std::span<const esw_flow_action> actions) ESW_EXCLUDES(mutex_);
    /// False: there is no such flow.
    bool remove(const esw_ufid& ufid) ESW_EXCLUDES(mutex_);
    /// Removes the flows whose in_port is `number`.
    void flush(uint32_t number) ESW_EXCLUDES(mutex_);
    std::optional<Flow::Stats> stats(const esw_ufid& ufid) ESW_EXCLUDES(mutex_);

    /// All that are kept, in no order.
    std::vector<FlowPtr> flows() const ESW_EXCLUDES(mutex_);
    struct Totals {
        uint64_t flows = 0;  ///< that are kept
        uint64_t rules = 0;  ///< in adapters
        std::array<uint64_t, ESW_N_REFUSALS> refusals{};
    };
    Totals totals() const ESW_EXCLUDES(mutex_);
    /// Of those whose in_port is `number`.
    struct PortTotals {
        uint64_t flows = 0;
        uint64_t offloaded = 0;
    };
    PortTotals totals_of(uint32_t number) const ESW_EXCLUDES(mutex_);
    /// Rules in the adapter, by eswitch.
    std::map<DevlinkHandle, uint64_t> rules() const ESW_EXCLUDES(mutex_);
    /// The representor that rules name for the port; nothing when there is none now.
    std::optional<RepRef> rep_of(uint32_t number) const ESW_EXCLUDES(mutex_);
    /// How much was asked for until now; and whether all of that has come into the adapters, or out
    /// of them, or is refused.
    using Mark = std::map<DevlinkHandle, FlowWorker::Mark>;
    Mark mark() ESW_EXCLUDES(mutex_);
    bool is_past(const Mark& mark) const ESW_EXCLUDES(mutex_);

    void rep_loaded(const RepRef& ref, const RdmaRepPtr& rep,
                    const std::shared_ptr<mlx5::IbDevice>& device) override ESW_EXCLUDES(mutex_);
    void rep_unloaded(const RepRef& ref) override ESW_EXCLUDES(mutex_);

    /// Takes all rules out of all adapters, for good.
    void stop() ESW_EXCLUDES(mutex_);

private:
    struct UfidHash {
        size_t operator()(const esw_ufid& ufid) const { return ufid.low; }  // is one already
    };
    struct UfidEqual {
        bool operator()(const esw_ufid& a, const esw_ufid& b) const {
            return a.low == b.low && a.high == b.high;
        }
    };
    using WorkerPtr = std::shared_ptr<FlowWorker>;

    FlowWorker& worker_for(const DevlinkHandle& eswitch) ESW_REQUIRES(mutex_);
    /// Of the eswitch that packets of the flow come in by; null: it is not known.
    FlowWorker* worker_of(const PackedFlow& flow) const ESW_REQUIRES(mutex_);
    void queue(const FlowPtr& flow, const PackedFlow& packed) ESW_REQUIRES(mutex_);
    void index(const FlowPtr& flow, const PackedFlow& packed) ESW_REQUIRES(mutex_);
    void unindex(const FlowPtr& flow, const PackedFlow& packed) ESW_REQUIRES(mutex_);
    void forget(const FlowPtr& flow) ESW_REQUIRES(mutex_);
    std::vector<WorkerPtr> workers() const ESW_EXCLUDES(mutex_);

    const FlowWorker::Options options_;
    const Clock& clock_;
    LogSink& log_;

    mutable Mutex mutex_{LockRank::kFlows};
    bool enabled_ ESW_GUARDED_BY(mutex_) = false;
    bool stopped_ ESW_GUARDED_BY(mutex_) = false;
    std::unordered_map<esw_ufid, FlowPtr, UfidHash, UfidEqual> flows_ ESW_GUARDED_BY(mutex_);
    /// By in_port and by physical_port.
    std::unordered_map<uint32_t, std::unordered_set<FlowPtr>> flows_of_ ESW_GUARDED_BY(mutex_);
    std::unordered_map<uint32_t, FlowSwitch::Port> ports_ ESW_GUARDED_BY(mutex_);
    std::map<DevlinkHandle, WorkerPtr> workers_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw
