// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/binding_tracker.h"

namespace esw {
namespace {

/// Whether two states of an eswitch look the same in the status of its ports.
bool same_status(const EswitchPtr& a, const EswitchPtr& b) {
    if (a == b) {
        return true;
    }
    return a && b && a->handle == b->handle && a->mode == b->mode &&
           a->generation == b->generation && a->switch_id == b->switch_id;
}

EswitchPtr find_eswitch(const Snapshot& snapshot, const PortBindingPtr& binding) {
    if (!binding || !binding->rep) {
        return nullptr;
    }
    const auto found = snapshot.eswitches.find(binding->rep->handle);
    return found == snapshot.eswitches.end() ? nullptr : found->second;
}

uint64_t loads_of(const EswitchPtr& eswitch, const PortBindingPtr& binding) {
    if (!eswitch) {
        return 0;
    }
    const auto rep = eswitch->reps.find(binding->rep->rep);
    return rep == eswitch->reps.end() ? 0 : rep->second->loads;
}

}  // namespace

void BindingTracker::add(uint64_t id, const std::string& name) {
    ports_[id].name = name;
    ports_[id].port.id = id;
    by_name_[name] = id;
}

std::optional<uint32_t> BindingTracker::remove(uint64_t id) {
    const auto found = ports_.extract(id);
    if (found.empty()) {
        return std::nullopt;
    }
    const Entry& entry = found.mapped();
    const auto named = by_name_.find(entry.name);
    if (named != by_name_.end() && named->second == id) {
        by_name_.erase(named);
    }
    preparing_ -= entry.attempt != 0;
    if (!entry.target || is_taken(entry.target->ifindex)) {
        return std::nullopt;
    }
    return entry.target->ifindex;
}

bool BindingTracker::is_taken(uint32_t ifindex) const {
    for (const auto& [id, entry] : ports_) {
        if (entry.target && entry.target->ifindex == ifindex) {
            return true;
        }
    }
    return false;
}

std::vector<BindingTracker::Step> BindingTracker::update(const Snapshot& snapshot) {
    std::vector<Step> steps;
    for (auto& [id, entry] : ports_) {
        // A port that another of the same name has replaced is on its way out: it gets no more.
        if (by_name_[entry.name] == id) {
            update_port(entry, snapshot, steps);
        }
    }
    return steps;
}

void BindingTracker::update_port(Entry& entry, const Snapshot& snapshot, std::vector<Step>& steps) {
    const auto found = snapshot.ports.find(entry.name);
    const PortBindingPtr binding = found == snapshot.ports.end() ? nullptr : found->second;
    const EswitchPtr eswitch = find_eswitch(snapshot, binding);
    if (binding == entry.port.binding && eswitch == entry.port.eswitch) {
        return;
    }
    const bool shows = binding != entry.port.binding || !same_status(eswitch, entry.port.eswitch);
    entry.port.binding = binding;
    entry.port.eswitch = eswitch;

    std::optional<Target> target;
    if (binding && binding->state == PortState::kLoaded && binding->ifindex) {
        target = Target{*binding->ifindex, loads_of(eswitch, binding)};
    }
    if (target == entry.target) {
        if (shows) {
            steps.push_back({Step::Kind::kStatus, entry.port.id, 0, 0});
        }
        return;
    }
    if (entry.target) {
        // What is being prepared is put back after that, in the order of the requests.
        preparing_ -= entry.attempt != 0;
        entry.attempt = 0;
        entry.port.attached = 0;
        steps.push_back({Step::Kind::kDetach, entry.port.id, entry.target->ifindex, 0});
    } else if (shows) {
        steps.push_back({Step::Kind::kStatus, entry.port.id, 0, 0});
    }
    entry.target = target;
    if (target) {
        entry.attempt = ++last_attempt_;
        ++preparing_;
        steps.push_back({Step::Kind::kPrepare, entry.port.id, target->ifindex, entry.attempt});
    }
}

bool BindingTracker::awaits(uint64_t id, uint64_t attempt) const {
    const auto found = ports_.find(id);
    return found != ports_.end() && attempt != 0 && found->second.attempt == attempt;
}

std::vector<BindingTracker::Step> BindingTracker::prepared(uint64_t id, uint64_t attempt,
                                                           bool gone) {
    if (!awaits(id, attempt)) {
        return {};
    }
    Entry& entry = ports_.at(id);
    entry.attempt = 0;
    --preparing_;
    if (gone) {
        // The manager will say so too. The target stays, so that only another one is tried.
        return {};
    }
    entry.port.attached = entry.target->ifindex;
    return {{Step::Kind::kAttach, id, entry.port.attached, 0}};
}

const BindingTracker::Port* BindingTracker::find(uint64_t id) const {
    const auto found = ports_.find(id);
    return found == ports_.end() ? nullptr : &found->second.port;
}

}  // namespace esw
