// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/port_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace esw {

namespace {

using netlink::EswitchMode;

PortOptions options_of(const PortRequest& request) {
    return {request.hw_addr,      request.state,       request.tx_share_bytes,
            request.tx_max_bytes, request.tx_priority, request.tx_weight};
}

const RepSnapshot* find_rep(const Snapshot& snapshot, const RepRef& ref) {
    const auto eswitch = snapshot.eswitches.find(ref.handle);
    if (eswitch == snapshot.eswitches.end()) {
        return nullptr;
    }
    const auto rep = eswitch->second->reps.find(ref.rep);
    return rep == eswitch->second->reps.end() ? nullptr : rep->second.get();
}

/// Why nothing can be said about any representor, or empty.
std::string blindness(const Snapshot& snapshot) {
    if (snapshot.devlink.code == ENOTSUP) {
        return "kernel has no devlink";
    }
    if (snapshot.devlink.code) {
        return snapshot.devlink.to_string();
    }
    return snapshot.scanned ? "" : "devices are not known yet";
}

PortState port_state(const ProviderStatus& eth) {
    switch (eth.state) {
        case RepState::kRegistered:
            return PortState::kRegistered;
        case RepState::kLoading:
            return PortState::kLoading;
        case RepState::kLoaded:
            return PortState::kLoaded;
        case RepState::kFailed:
            return PortState::kFailed;
        case RepState::kUnregistered:
            break;
    }
    return PortState::kAbsent;
}

/// Whether a port that waits for a representor of the eswitch may have another reason.
bool same_absences(const EswitchPtr& a, const EswitchPtr& b) {
    return a && b && a->mode == b->mode && a->error == b->error;
}

}  // namespace

/// Why representors are not there.
class PortTable::Absences {
public:
    Absences(const Snapshot& snapshot, const DeviceKnown& known)
        : snapshot_(snapshot), known_(known), blind_(blindness(snapshot)) {}

    std::string reason(const RepRef& ref) {
        if (!blind_.empty()) {
            return blind_;
        }
        const auto found = snapshot_.eswitches.find(ref.handle);
        if (found == snapshot_.eswitches.end()) {
            return known_(ref.handle) ? fmt::format("{} has no eswitch", ref.handle.to_string())
                                      : fmt::format("no such device {}", ref.handle.to_string());
        }
        const EswitchSnapshot& eswitch = *found->second;
        if (!eswitch.mode) {
            return eswitch.error.code ? eswitch.error.to_string()
                                      : "the eswitch mode is not known yet";
        }
        if (*eswitch.mode == EswitchMode::kLegacy) {
            return "eswitch is in legacy mode";
        }
        return censuses_.try_emplace(ref.handle, eswitch).first->second.describe_missing(ref.rep);
    }

private:
    const Snapshot& snapshot_;
    const DeviceKnown& known_;
    const std::string blind_;
    std::map<DevlinkHandle, RepCensus> censuses_;
};

bool PortTable::claim(PortRequest request) {
    const auto known = claims_.find(request.port);
    if (known != claims_.end()) {
        Claim& claim = known->second;
        if (claim.request == request) {
            return false;
        }
        if (claim.request.device == request.device && claim.request.rep == request.rep) {
            claim.request = std::move(request);  // other options for the same rep
            if (claim.target) {
                touch(*claim.target);
            }
            return true;
        }
        release(request.port);
    }
    Claim& claim = claims_[request.port];
    claim.serial = next_serial_++;
    if (request.device && request.rep) {
        claim.target = RepRef{*request.device, *request.rep};
        waiting_[*claim.target].emplace(claim.serial, request.port);
        touch(*claim.target);
    } else {
        unresolved_.insert(request.port);
    }
    claim.request = std::move(request);
    return true;
}

bool PortTable::release(const std::string& port) {
    const auto known = claims_.find(port);
    if (known == claims_.end()) {
        return false;
    }
    const Claim& claim = known->second;
    unresolved_.erase(port);
    marked_.insert(port);
    if (claim.target) {
        touch(*claim.target);
        note_absence(claim, false);
        const auto waiting = waiting_.find(*claim.target);
        waiting->second.erase(claim.serial);
        if (waiting->second.empty()) {
            waiting_.erase(waiting);
        }
    }
    claims_.erase(known);
    return true;
}

const PortTable::Claim* PortTable::owner_of(const RepRef& target) const {
    const auto waiting = waiting_.find(target);
    return waiting == waiting_.end() ? nullptr : &claims_.at(waiting->second.begin()->second);
}

void PortTable::touch(const RepRef& target) {
    touched_.insert(target);
    mark_ports_of(target);
}

void PortTable::mark_ports_of(const RepRef& target) {
    const auto waiting = waiting_.find(target);
    if (waiting != waiting_.end()) {
        for (const auto& [serial, port] : waiting->second) {
            marked_.insert(port);
        }
    }
}

void PortTable::find_target(Claim& claim, const Snapshot& snapshot, NetdevIndex& netdevs) const {
    if (netdevs.empty()) {
        for (const auto& [handle, eswitch] : snapshot.eswitches) {
            for (const auto& [id, rep] : eswitch->reps) {
                netdevs[rep->netdev].push_back({handle, id});
            }
        }
    }
    const PortRequest& request = claim.request;
    const auto named = netdevs.find(request.port);
    if (named != netdevs.end()) {
        for (const RepRef& ref : named->second) {
            if ((!request.device || *request.device == ref.handle) &&
                (!request.rep || *request.rep == ref.rep)) {
                claim.target = ref;
                return;
            }
        }
    }
    if (!request.rep) {
        claim.unresolved =
            fmt::format("no representor has a netdev {}: set options:representor", request.port);
        return;
    }
    std::vector<RepRef> found;
    bool all_legacy = !snapshot.eswitches.empty();
    for (const auto& [handle, eswitch] : snapshot.eswitches) {
        all_legacy &= eswitch->mode == EswitchMode::kLegacy;
        if (eswitch->reps.count(*request.rep)) {
            found.push_back({handle, *request.rep});
        }
    }
    if (found.size() == 1) {
        claim.target = found.front();
    } else if (found.size() > 1) {
        claim.unresolved =
            fmt::format("several devices have {}: set options:device", request.rep->to_string());
    } else if (snapshot.eswitches.size() == 1) {
        const DeviceKnown known = [](const DevlinkHandle&) { return true; };
        claim.unresolved =
            Absences(snapshot, known).reason({snapshot.eswitches.begin()->first, *request.rep});
    } else if (all_legacy) {
        claim.unresolved = "all eswitches are in legacy mode";
    } else {
        claim.unresolved = fmt::format("no device has {}", request.rep->to_string());
    }
}

std::vector<PortTable::UserChange> PortTable::resolve(const Snapshot& snapshot) {
    NetdevIndex netdevs;
    const std::string blind = blindness(snapshot);
    for (auto it = unresolved_.begin(); it != unresolved_.end();) {
        Claim& claim = claims_.at(*it);
        marked_.insert(*it);
        claim.unresolved = blind;
        if (blind.empty()) {
            find_target(claim, snapshot, netdevs);
        }
        if (!claim.target) {
            ++it;
            continue;
        }
        waiting_[*claim.target].emplace(claim.serial, *it);
        touch(*claim.target);
        it = unresolved_.erase(it);
    }
    std::vector<UserChange> changes;
    for (const RepRef& target : std::exchange(touched_, {})) {
        const Claim* owner = owner_of(target);
        const auto told = users_.find(target);
        if (!owner) {
            if (told != users_.end()) {
                users_.erase(told);
                changes.emplace_back(target, std::nullopt);
            }
            continue;
        }
        RepUser user{owner->request.port, options_of(owner->request)};
        if (told == users_.end() || !(told->second == user)) {
            users_[target] = user;
            changes.emplace_back(target, std::move(user));
        }
    }
    return changes;
}

std::vector<std::pair<RepId, RepUser>> PortTable::users_of(const DevlinkHandle& handle) const {
    std::vector<std::pair<RepId, RepUser>> users;
    for (auto it = users_.lower_bound({handle, RepId{}});
         it != users_.end() && it->first.handle == handle; ++it) {
        users.emplace_back(it->first.rep, it->second);
    }
    return users;
}

PortBinding PortTable::binding_of(const Claim& claim, const Snapshot& snapshot,
                                  Absences& absences) const {
    PortBinding binding;
    binding.port = claim.request.port;
    binding.no_offload = "no representor";
    if (!claim.target) {
        binding.reason = claim.unresolved;
        return binding;
    }
    binding.rep = claim.target;
    const RepSnapshot* rep = find_rep(snapshot, *claim.target);
    const Claim* owner = owner_of(*claim.target);
    if (owner != &claim) {
        binding.state = PortState::kFailed;
        binding.reason = fmt::format("in use by {}", owner->request.port);
        return binding;
    }
    if (!rep) {
        binding.reason = absences.reason(*claim.target);
        return binding;
    }
    binding.vport = rep->vport;
    binding.no_offload = offload_obstacle(*rep);
    binding.state = port_state(rep->eth());
    binding.option_error = rep->option_error;
    if (binding.state == PortState::kLoaded) {
        binding.ifindex = rep->ifindex;
        binding.life = rep->loads;
        binding.netdev = rep->netdev;
    } else {
        binding.reason = rep->reason;
    }
    return binding;
}

void PortTable::note_absence(const Claim& claim, bool absent) {
    if (absent) {
        absent_[claim.target->handle].ports.insert(claim.request.port);
        return;
    }
    const auto device = absent_.find(claim.target->handle);
    if (device != absent_.end() && device->second.ports.erase(claim.request.port) &&
        device->second.ports.empty()) {
        absent_.erase(device);
    }
}

void PortTable::mark_eswitch(const DevlinkHandle& handle, const EswitchPtr& before,
                             const EswitchPtr& now) {
    static const SharedMap<RepId, RepPtr> kNone;
    bool others = !same_absences(before, now);  // "has vf 0-3" in the reasons of absence
    SharedMap<RepId, RepPtr>::for_each_difference(
        before ? before->reps : kNone, now ? now->reps : kNone,
        [&](const RepId& id, const RepPtr* old, const RepPtr* rep) {
            mark_ports_of({handle, id});
            others |= !old || !rep;
        });
    const auto absent = absent_.find(handle);
    if (others && absent != absent_.end()) {
        marked_.insert(absent->second.ports.begin(), absent->second.ports.end());
    }
}

void PortTable::mark_changes(const Snapshot& next, const DeviceKnown& known) {
    if (std::exchange(blindness_, blindness(next)) != blindness_) {
        for (const auto& [port, claim] : claims_) {
            marked_.insert(port);
        }
    }
    for (const auto& [handle, eswitch] : next.eswitches) {
        const auto before = eswitches_.find(handle);
        if (before == eswitches_.end()) {
            mark_eswitch(handle, nullptr, eswitch);
        } else if (before->second != eswitch) {
            mark_eswitch(handle, before->second, eswitch);
        }
    }
    for (const auto& [handle, eswitch] : eswitches_) {
        if (!next.eswitches.count(handle)) {
            mark_eswitch(handle, eswitch, nullptr);
        }
    }
    eswitches_ = next.eswitches;
    for (auto& [handle, absent] : absent_) {
        if (std::exchange(absent.device_known, known(handle)) != absent.device_known) {
            marked_.insert(absent.ports.begin(), absent.ports.end());
        }
    }
}

void PortTable::bind(Snapshot& next, const DeviceKnown& known) {
    mark_changes(next, known);
    Absences absences(next, known);
    for (const std::string& port : std::exchange(marked_, {})) {
        const auto claim = claims_.find(port);
        if (claim == claims_.end()) {
            next.ports.erase(port);
            continue;
        }
        PortBinding binding = binding_of(claim->second, next, absences);
        if (claim->second.target) {
            note_absence(claim->second, binding.state == PortState::kAbsent);
        }
        const auto last = next.ports.find(port);
        if (last == next.ports.end() || !(*last->second == binding)) {
            next.ports.set(port, std::make_shared<const PortBinding>(std::move(binding)));
        }
    }
}

}  // namespace esw
