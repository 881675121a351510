// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/port_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

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

/// Why `ref` is not among the representors.
std::string absence(const Snapshot& snapshot, const RepRef& ref,
                    const PortTable::DeviceKnown& known) {
    std::string blind = blindness(snapshot);
    if (!blind.empty()) {
        return blind;
    }
    const auto found = snapshot.eswitches.find(ref.handle);
    if (found == snapshot.eswitches.end()) {
        return known(ref.handle) ? fmt::format("{} has no eswitch", ref.handle.to_string())
                                 : fmt::format("no such device {}", ref.handle.to_string());
    }
    const EswitchSnapshot& eswitch = *found->second;
    if (!eswitch.mode) {
        return eswitch.error.code ? eswitch.error.to_string() : "the eswitch mode is not known yet";
    }
    if (*eswitch.mode == EswitchMode::kLegacy) {
        return "eswitch is in legacy mode";
    }
    return describe_missing(eswitch, ref.rep);
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

}  // namespace

bool PortTable::claim(PortRequest request) {
    const auto known = claims_.find(request.port);
    if (known != claims_.end()) {
        Claim& claim = known->second;
        if (claim.request == request) {
            return false;
        }
        if (claim.request.device == request.device && claim.request.rep == request.rep) {
            claim.request = std::move(request);  // other options for the same rep
            return true;
        }
        release(request.port);
    }
    Claim& claim = claims_[request.port];
    claim.serial = next_serial_++;
    if (request.device && request.rep) {
        claim.target = RepRef{*request.device, *request.rep};
        waiting_[*claim.target].emplace(claim.serial, request.port);
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
    if (claim.target) {
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
    std::string first_absence;
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
        claim.unresolved = absence(snapshot, {snapshot.eswitches.begin()->first, *request.rep},
                                   [](const DevlinkHandle&) { return true; });
    } else if (all_legacy) {
        claim.unresolved = "all eswitches are in legacy mode";
    } else {
        claim.unresolved = fmt::format("no device has {}", request.rep->to_string());
    }
}

std::vector<PortTable::UserChange> PortTable::resolve(const Snapshot& snapshot) {
    NetdevIndex netdevs;
    const std::string blind = blindness(snapshot);
    for (auto& [port, claim] : claims_) {
        if (claim.target) {
            continue;
        }
        claim.unresolved = blind;
        if (blind.empty()) {
            find_target(claim, snapshot, netdevs);
        }
        if (claim.target) {
            waiting_[*claim.target].emplace(claim.serial, port);
        }
    }
    std::map<RepRef, RepUser> users;
    for (const auto& [target, ports] : waiting_) {
        const Claim* owner = owner_of(target);
        users.emplace(target, RepUser{owner->request.port, options_of(owner->request)});
    }
    std::vector<UserChange> changes;
    for (const auto& [target, user] : users_) {
        if (!users.count(target)) {
            changes.emplace_back(target, std::nullopt);
        }
    }
    for (const auto& [target, user] : users) {
        const auto old = users_.find(target);
        if (old == users_.end() || !(old->second == user)) {
            changes.emplace_back(target, user);
        }
    }
    users_ = std::move(users);
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
                                  const PortTable::DeviceKnown& known) const {
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
        binding.reason = absence(snapshot, *claim.target, known);
        return binding;
    }
    binding.vport = rep->vport;
    binding.no_offload = offload_obstacle(*rep);
    binding.state = port_state(rep->eth());
    binding.option_error = rep->option_error;
    if (binding.state == PortState::kLoaded) {
        binding.ifindex = rep->ifindex;
        binding.netdev = rep->netdev;
    } else {
        binding.reason = rep->reason;
    }
    return binding;
}

void PortTable::bind(Snapshot& next, const PortTable::DeviceKnown& known) const {
    for (auto it = next.ports.begin(); it != next.ports.end();) {
        it = claims_.count(it->first) ? std::next(it) : next.ports.erase(it);
    }
    for (const auto& [port, claim] : claims_) {
        PortBinding binding = binding_of(claim, next, known);
        PortBindingPtr& last = next.ports[port];
        if (!last || !(*last == binding)) {
            last = std::make_shared<const PortBinding>(std::move(binding));
        }
    }
}

}  // namespace esw
