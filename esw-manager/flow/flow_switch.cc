// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_switch.h"

#include <algorithm>
#include <cerrno>

#include "esw-manager/mlx5/flow_compiler.h"

namespace esw {

namespace {

/// See FlowSwitch::failures_left_.
constexpr size_t kFailures = 64;

/// Calls `visit` with each port that the flow's packets come in by or are sent to.
template <class Visit>
void for_each_port(const PackedFlow& flow, Visit visit) {
    visit(flow.physical_port());
    for (const esw_flow_action& action : flow.actions()) {
        if (action.type == ESW_ACTION_OUTPUT) {
            visit(action.port);
        } else if (action.type == ESW_ACTION_TUNNEL_PUSH) {
            visit(action.push.out_port);
        }
    }
}

/// The tunnel's port by which the flow unpacks packets.
std::optional<uint32_t> unpacks_for(const PackedFlow& flow) {
    const auto actions = flow.actions();
    const auto pop = std::find_if(actions.begin(), actions.end(), [](const auto& action) {
        return action.type == ESW_ACTION_TUNNEL_POP;
    });
    return pop == actions.end() ? std::nullopt : std::optional(pop->port);
}

/// Whether a rule of `before` may be replaced by one of `after`; if not it is of another pair.
bool is_of_same_kind(const PackedFlow& before, const PackedFlow& after) {
    return before.physical_port() == after.physical_port() && before.in_port() == after.in_port() &&
           !unpacks_for(before) && !unpacks_for(after);
}

}  // namespace

/// The ports as the compiler sees them: those whose representors are known.
class FlowSwitch::Ports final : public mlx5::FlowPorts {
public:
    explicit Ports(const FlowSwitch& self) : self_(self) {}

    const mlx5::FlowPort* find(uint32_t number) const override {
        const auto port = self_.ports_.find(number);
        return port == self_.ports_.end() || !port->second.rep ? nullptr : &port->second.facts;
    }

private:
    const FlowSwitch& self_;
};

void FlowSwitch::enable(bool enabled) {
    if (std::exchange(enabled_, enabled) == enabled) {
        return;
    }
    for (const auto& [number, port] : ports_) {
        if (enabled) {
            start_port(number);
        } else {
            stop_port(number);
        }
    }
}

void FlowSwitch::set_port(uint32_t number, std::optional<Port> port) {
    const auto known = ports_.find(number);
    if (known == ports_.end() ? !port : port && port->rep == known->second.rep) {
        return;
    }
    stop_port(number);
    if (port) {
        KnownPort& entry = ports_[number];
        entry.rep = std::move(port->rep);
        entry.facts.adapter = is_own(entry) ? 0 : 1;
        entry.facts.uplink = entry.rep && entry.rep->rep.kind == RepId::Kind::kUplink;
        start_port(number);
    } else {
        ports_.erase(number);
    }
    port_changed(number);
}

void FlowSwitch::open(std::shared_ptr<mlx5::Fdb> fdb) {
    close();
    fdb_ = std::move(fdb);
    for (const auto& [number, port] : ports_) {
        start_port(number);
    }
}

void FlowSwitch::close() {
    if (!fdb_) {
        return;
    }
    for (auto& [flow, placement] : placements_) {
        for (const Rule& rule : std::exchange(placement.rules, {})) {
            forget_rule(placement, rule);
        }
    }
    started_.clear();
    port_of_.clear();
    unread_ = frees_ = false;
    fdb_.reset();
}

void FlowSwitch::load(const RepId& rep, RdmaRepPtr rdma) {
    unload(rep);
    loaded_[rep] = std::move(rdma);
    for (const auto& [number, port] : ports_) {
        if (is_own(port) && port.rep->rep == rep) {
            start_port(number);
        }
    }
}

void FlowSwitch::unload(const RepId& rep) {
    if (loaded_.erase(rep) == 0) {
        return;
    }
    for (const auto& [number, port] : ports_) {
        if (is_own(port) && port.rep->rep == rep) {
            stop_port(number);
        }
    }
}

bool FlowSwitch::is_of_this_eswitch(uint32_t number) const {
    const auto port = ports_.find(number);
    return port != ports_.end() && is_own(port->second);
}

bool FlowSwitch::waits_for_port(const PackedFlow& flow) const {
    bool waits = false;
    for_each_port(flow, [&](uint32_t number) {
        const auto port = ports_.find(number);
        if (port != ports_.end()) {
            waits |= !port->second.rep || (is_own(port->second) && !started_.contains(number));
        }
    });
    return waits;
}

void FlowSwitch::start_port(uint32_t number) {
    const KnownPort& port = ports_.at(number);
    if (!enabled_ || !fdb_ || !is_own(port) || started_.contains(number)) {
        return;
    }
    const auto rdma = loaded_.find(port.rep->rep);
    if (rdma == loaded_.end()) {
        return;
    }
    // It may have been another port's, which has not been told yet that it is no more.
    if (const auto other = port_of_.find(port.rep->rep); other != port_of_.end()) {
        stop_port(uint32_t{other->second});
    }
    if (const Status added = fdb_->add_port(number, *rdma->second); !added) {
        log_.warn("{}: no flows in the adapter: {}", port.rep->to_string(),
                  added.error().to_string());
        return;
    }
    started_.insert(number);
    port_of_[port.rep->rep] = number;
    port_changed(number);
}

/// First the rules that send to it go, so that no packet gets to a port that is not there. Then the
/// FDB takes its own out, all at once.
void FlowSwitch::stop_port(uint32_t number) {
    if (started_.erase(number) == 0) {
        return;
    }
    std::erase_if(port_of_, [number](const auto& port) { return port.second == number; });
    const auto named = named_by_.find(number);
    const auto flows = named == named_by_.end() ? std::unordered_set<Placement*>() : named->second;
    for (Placement* placement : flows) {
        if (placement->packed->physical_port() != number) {
            withdraw(*placement);
        }
    }
    if (const Status removed = fdb_->remove_port(number); !removed) {
        log_.error("{}: rules stay in the adapter: {}", eswitch_.to_string(),
                   removed.error().to_string());
    }
    for (Placement* placement : flows) {
        for (const Rule& rule : std::exchange(placement->rules, {})) {
            forget_rule(*placement, rule);
        }
    }
    room_came(kFailures);
}

void FlowSwitch::port_changed(uint32_t number) {
    const auto named = named_by_.find(number);
    if (named == named_by_.end()) {
        return;
    }
    const auto flows = named->second;  // forget() changes it
    for (Placement* placement : flows) {
        if (is_of_this_eswitch(placement->packed->physical_port())) {
            schedule(*placement);
        } else {
            forget(*placement);
        }
    }
}

void FlowSwitch::schedule(Placement& placement) {
    if (!std::exchange(placement.is_scheduled, true)) {
        scheduled_.push_back(placement.flow);
    }
}

/// The placement of the first flow, if it is still there.
FlowSwitch::Placement* FlowSwitch::take(Queue& queue) {
    const FlowPtr flow = queue.front().lock();
    queue.pop_front();
    const auto placement = flow ? placements_.find(flow.get()) : placements_.end();
    return placement == placements_.end() ? nullptr : &placement->second;
}

void FlowSwitch::work(size_t budget) {
    for (; budget > 0 && !scheduled_.empty(); --budget) {
        Placement* placement = take(scheduled_);
        if (placement && std::exchange(placement->is_scheduled, false)) {
            place(*placement);
        }
    }
    // That one has found no room says nothing of others with another mask.
    for (; budget > 0 && failures_left_ > 0 && !waiting_.empty(); --budget) {
        Placement* placement = take(waiting_);
        if (placement && std::exchange(placement->waits_for_room, false)) {
            const uint64_t evictions = evictions_;
            place(*placement);
            // What it took from others is no room that was left.
            failures_left_ -= placement->waits_for_room || evictions != evictions_;
        }
    }
}

void FlowSwitch::room_came(size_t failures) {
    failures_left_ = std::max(failures_left_, failures);
}

void FlowSwitch::reading_ended() {
    // Now and then one is tried though nothing is known to have gone: others use the adapter, too.
    room_came(std::exchange(frees_, false) ? kFailures : 1);
}

void FlowSwitch::look(const FlowPtr& flow) {
    flow->begin_look();
    const PackedFlowPtr wanted = flow->wanted();
    const auto found = placements_.find(flow.get());
    if (!wanted || !is_of_this_eswitch(wanted->physical_port())) {
        if (found != placements_.end()) {
            forget(found->second);
        }
        return;
    }
    Placement& placement = found == placements_.end() ? placements_[flow.get()] : found->second;
    placement.flow = flow;
    if (placement.packed != wanted) {
        if (placement.packed) {
            if (!is_of_same_kind(*placement.packed, *wanted)) {
                withdraw(placement);
            }
            unindex(placement);
        }
        placement.packed = wanted;
        index(placement);
    }
    place(placement);
}

void FlowSwitch::index(Placement& placement) {
    const PackedFlow& flow = *placement.packed;
    for_each_port(flow, [&](uint32_t number) { named_by_[number].insert(&placement); });
    if (flow.is_of_tunnel()) {
        tunnels_[{flow.physical_port(), flow.in_port()}].inner.insert(&placement);
    }
    if (const auto tunnel = unpacks_for(flow)) {
        tunnels_[{flow.physical_port(), *tunnel}].outer.insert(&placement);
    }
}

void FlowSwitch::unindex(Placement& placement) {
    const PackedFlow& flow = *placement.packed;
    for_each_port(flow, [&](uint32_t number) {
        const auto named = named_by_.find(number);
        if (named != named_by_.end() && named->second.erase(&placement) && named->second.empty()) {
            named_by_.erase(named);
        }
    });
    const auto leave = [&](uint32_t tunnel_port, auto members) {
        const auto tunnel = tunnels_.find({flow.physical_port(), tunnel_port});
        (tunnel->second.*members).erase(&placement);
        if (tunnel->second.outer.empty() && tunnel->second.inner.empty()) {
            tunnels_.erase(tunnel);
        }
    };
    if (flow.is_of_tunnel()) {
        leave(flow.in_port(), &Tunnel::inner);
    }
    if (const auto tunnel = unpacks_for(flow)) {
        leave(*tunnel, &Tunnel::outer);
    }
}

void FlowSwitch::forget(Placement& placement) {
    withdraw(placement);
    unindex(placement);
    placements_.erase(placement.flow.get());
}

void FlowSwitch::place(Placement& placement) {
    const PackedFlow& flow = *placement.packed;
    if (const auto tunnel = unpacks_for(flow)) {
        refuse(placement, ESW_REFUSAL_TUNNEL_POP);
        // There may be very many.
        for (Placement* inner : tunnels_.at({flow.physical_port(), *tunnel}).inner) {
            schedule(*inner);
        }
    } else if (flow.is_of_tunnel()) {
        for (Placement* outer : tunnels_.at({flow.physical_port(), flow.in_port()}).outer) {
            place_rule(placement, outer);
        }
    } else {
        place_rule(placement, nullptr);
    }
}

void FlowSwitch::place_rule(Placement& placement, Placement* outer) {
    if (waits_for_port(*placement.packed) || !fdb_ || !enabled_) {
        withdraw(placement, outer);
        placement.flow->refuse(ESW_REFUSAL_NONE);
        return;
    }
    const PackedFlow& flow = *placement.packed;
    const auto rule = std::find_if(placement.rules.begin(), placement.rules.end(),
                                   [&](const Rule& other) { return other.outer == outer; });
    if (rule != placement.rules.end() && rule->of == &flow &&
        rule->of_outer == (outer ? outer->packed.get() : nullptr)) {
        return;  // it is as it is to be
    }
    const Ports ports(*this);
    const auto compiled = outer ? mlx5::compile_decapsulation(outer->packed->match(), flow.match(),
                                                              flow.actions(), ports)
                                : mlx5::compile_flow(flow.match(), flow.actions(), ports);
    if (compiled) {
        insert(placement, outer, *compiled);
    } else {
        withdraw(placement, outer);
        refuse(placement, compiled.error());
    }
}

void FlowSwitch::insert(Placement& placement, Placement* outer, const mlx5::FdbFlow& compiled) {
    const auto old = std::find_if(placement.rules.begin(), placement.rules.end(),
                                  [&](const Rule& rule) { return rule.outer == outer; });
    auto done =
        old == placement.rules.end() ? fdb_->insert(compiled) : fdb_->replace(old->id, compiled);
    if (!done) {
        // A rule that does what was wanted before is none any more.
        withdraw(placement, outer);
        log_.debug("{}: {}", eswitch_.to_string(), done.error().error.to_string());
        if (done.error().error.code == EIO) {
            // The device has gone: who loads representors from it notices, and comes again.
            placement.flow->refuse(ESW_REFUSAL_NONE);
        } else {
            refuse(placement, done.error().reason);
            keep_for_room(placement);
        }
        return;
    }
    const Rule rule{outer, done->rule, placement.packed.get(),
                    outer ? outer->packed.get() : nullptr};
    if (old != placement.rules.end()) {
        owners_.erase(old->id);
        *old = rule;
    } else {
        placement.rules.push_back(rule);
        placement.flow->rule_added(done->counter);
        if (outer) {
            outer->flow->rule_added(done->counter);
        }
    }
    owners_[done->rule] = {&placement, outer};
    placement.flow->refuse(ESW_REFUSAL_NONE);
    evict(done->evicted);
}

void FlowSwitch::evict(const std::vector<RuleId>& rules) {
    for (const RuleId id : rules) {
        const auto owner = owners_.find(id);
        if (owner == owners_.end()) {
            continue;
        }
        Placement& placement = *owner->second.first;
        const auto rule = std::find_if(placement.rules.begin(), placement.rules.end(),
                                       [id](const Rule& other) { return other.id == id; });
        const Rule gone = *rule;
        placement.rules.erase(rule);
        forget_rule(placement, gone);
        ++evictions_;
        refuse(placement, ESW_REFUSAL_TOO_MANY_MASKS);
        keep_for_room(placement);
    }
}

void FlowSwitch::withdraw(Placement& placement) {
    for (const Rule& rule : std::exchange(placement.rules, {})) {
        fdb_->remove(rule.id);
        forget_rule(placement, rule);
        room_came(kFailures);
    }
    // Those of others that it unpacks packets for.
    if (const auto tunnel = unpacks_for(*placement.packed)) {
        for (Placement* inner : tunnels_.at({placement.packed->physical_port(), *tunnel}).inner) {
            withdraw(*inner, &placement);
        }
    }
}

void FlowSwitch::withdraw(Placement& placement, Placement* outer) {
    const auto rule = std::find_if(placement.rules.begin(), placement.rules.end(),
                                   [&](const Rule& other) { return other.outer == outer; });
    if (rule == placement.rules.end()) {
        return;
    }
    const Rule gone = *rule;
    placement.rules.erase(rule);
    fdb_->remove(gone.id);
    forget_rule(placement, gone);
    room_came(kFailures);
}

/// A rule that is not in the adapter any more.
void FlowSwitch::forget_rule(Placement& placement, const Rule& rule) {
    owners_.erase(rule.id);
    unread_ = true;
    placement.flow->rule_removed();
    if (rule.outer) {
        rule.outer->flow->rule_removed();
    }
}

void FlowSwitch::refuse(Placement& placement, esw_refusal reason) {
    if (placement.flow->refusal() != reason) {
        placement.flow->refuse(reason);
        ++refusals_[reason];
    }
}

void FlowSwitch::keep_for_room(Placement& placement) {
    if (std::exchange(placement.waits_for_room, true)) {
        return;
    }
    // Flows come and go; those that have gone are not kept for room that may never come.
    if (waiting_.size() > 2 * placements_.size() + kFailures) {
        std::erase_if(waiting_, [](const auto& flow) { return flow.expired(); });
    }
    waiting_.push_back(placement.flow);
}

}  // namespace esw
