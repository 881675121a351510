// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "esw-manager/flow/flow.h"
#include "esw-manager/ids.h"
#include "esw-manager/mlx5/fdb.h"
#include "esw-manager/mlx5/flow_compiler.h"

namespace esw {

/// Puts flows into one eswitch, as far as its representors are there, and takes them out before
/// these go. Flows whose packets come in by a port of this eswitch are given to it; they stay with
/// it when they cannot be in the adapter, and get there as soon as they can.
///
/// A flow that unpacks a tunnel (ESW_ACTION_TUNNEL_POP) and one that takes what was unpacked are
/// one rule in the adapter: there is one for each pair of them, which counts for both.
///
/// Threads: one at a time, save what fdb() says.
class FlowSwitch {
public:
    FlowSwitch(DevlinkHandle eswitch, Logger log)
        : eswitch_(std::move(eswitch)), log_(std::move(log)) {}
    FlowSwitch(const FlowSwitch&) = delete;

    /// Whether flows are to be in the adapter at all.
    void enable(bool enabled);

    /// What the datapath's port is: a port of type esw, with the representor that it stands for if
    /// that is known; or (nothing) none of ours. Flows from a port that is not of this eswitch any
    /// more are forgotten.
    struct Port {
        std::optional<RepRef> rep;
    };
    void set_port(uint32_t number, std::optional<Port> port);

    /// The adapter is there, for one generation of its RDMA device. close(): all rules are gone.
    void open(std::shared_ptr<mlx5::Fdb> fdb);
    void close();
    /// For reading counters; null when it is closed.
    const std::shared_ptr<mlx5::Fdb>& fdb() const { return fdb_; }

    /// Rules may name the representor from now on; or not any more, and none does.
    void load(const RepId& rep, RdmaRepPtr rdma);
    void unload(const RepId& rep);
    bool has_loaded() const { return !loaded_.empty(); }

    /// Does what is wanted of the flow.
    void look(const FlowPtr& flow);

    /// What is not done at once, as it may be for very many flows: those that a port or the adapter
    /// has come for are put into it, and those that there may be room for now. Looks at `budget` of
    /// them at most.
    void work(size_t budget);
    bool has_work() const {
        return !scheduled_.empty() || (failures_left_ > 0 && !waiting_.empty());
    }

    /// A reading of the counters begins: what rules that are gone by now have counted is known when
    /// it has ended, and their counters are free then.
    void reading_begins() { frees_ = std::exchange(unread_, false); }
    void reading_ended();
    /// Whether there is something that the next reading is good for.
    bool wants_reading() const { return unread_ || !owners_.empty() || !waiting_.empty(); }
    /// Rules went since the last reading began.
    bool has_unread() const { return unread_; }

    size_t rules() const { return owners_.size(); }
    /// How many flows are kept until there is room, some of which may have gone since.
    size_t waiting() const { return waiting_.size(); }
    const std::array<uint64_t, ESW_N_REFUSALS>& refusals() const { return refusals_; }

private:
    using RuleId = mlx5::Fdb::RuleId;
    struct Placement;
    /// One rule. `outer` has unpacked the packets; null: nobody had to.
    struct Rule {
        Placement* outer = nullptr;
        RuleId id = 0;
        const PackedFlow *of = nullptr, *of_outer = nullptr;  ///< what it was made of
    };
    struct Placement {
        FlowPtr flow;
        PackedFlowPtr packed;  ///< that it is placed as
        std::vector<Rule> rules;
        bool is_scheduled = false;
        bool waits_for_room = false;
    };
    using Queue = std::deque<std::weak_ptr<Flow>>;
    /// Tunnels' ports by those that packets come in by.
    using TunnelKey = std::pair<uint32_t, uint32_t>;
    struct Tunnel {
        std::unordered_set<Placement*> outer, inner;
    };
    class Ports;
    struct KnownPort : Port {
        mlx5::FlowPort facts;
    };

    void schedule(Placement& placement);
    Placement* take(Queue& queue);
    void place(Placement& placement);
    void place_rule(Placement& placement, Placement* outer);
    void insert(Placement& placement, Placement* outer, const mlx5::FdbFlow& compiled);
    void withdraw(Placement& placement);
    void withdraw(Placement& placement, Placement* outer);
    void forget_rule(Placement& placement, const Rule& rule);
    void room_came(size_t failures);
    void evict(const std::vector<RuleId>& rules);
    void forget(Placement& placement);
    void index(Placement& placement);
    void unindex(Placement& placement);
    void port_changed(uint32_t number);
    void start_port(uint32_t number);
    void stop_port(uint32_t number);
    bool is_own(const Port& port) const { return port.rep && port.rep->handle == eswitch_; }
    bool is_of_this_eswitch(uint32_t number) const;
    bool waits_for_port(const PackedFlow& flow) const;
    void refuse(Placement& placement, esw_refusal reason);
    void keep_for_room(Placement& placement);

    const DevlinkHandle eswitch_;
    const Logger log_;
    bool enabled_ = false;
    std::shared_ptr<mlx5::Fdb> fdb_;
    std::unordered_map<uint32_t, KnownPort> ports_;
    std::map<RepId, RdmaRepPtr> loaded_;
    std::unordered_set<uint32_t> started_;  ///< ports that the FDB knows
    std::map<RepId, uint32_t> port_of_;     ///< of those, by representor
    std::unordered_map<const Flow*, Placement> placements_;
    std::unordered_map<uint32_t, std::unordered_set<Placement*>> named_by_;  ///< by port
    std::map<TunnelKey, Tunnel> tunnels_;
    Queue scheduled_;
    std::unordered_map<RuleId, std::pair<Placement*, Placement*>> owners_;  ///< flow, outer flow
    Queue waiting_;                                                         ///< for room
    /// How many of those may still fail before the rest is left for the next time: each time that
    /// there may be room they are tried in turn, but not thousands in vain.
    size_t failures_left_ = 0;
    bool unread_ = false;  ///< rules went since the last reading began
    bool frees_ = false;   ///< the reading that is under way does so for counters
    std::array<uint64_t, ESW_N_REFUSALS> refusals_{};
    uint64_t evictions_ = 0;
};

}  // namespace esw
