// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/snapshot.h"

#include <fmt/format.h>

#include <set>

namespace esw {

namespace {

/// "0-3, 7"
std::string ranges(const std::set<uint32_t>& numbers) {
    std::string text;
    for (auto it = numbers.begin(); it != numbers.end();) {
        const uint32_t first = *it;
        uint32_t last = first;
        while (++it != numbers.end() && *it == last + 1) {
            last = *it;
        }
        text += text.empty() ? "" : ", ";
        text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    }
    return text;
}

}  // namespace

std::string_view to_string(RepState state) {
    switch (state) {
        case RepState::kUnregistered:
            return "unregistered";
        case RepState::kRegistered:
            return "registered";
        case RepState::kLoading:
            return "loading";
        case RepState::kLoaded:
            return "loaded";
        case RepState::kFailed:
            return "failed";
    }
    return "unknown";
}

std::string_view to_string(ProviderType type) {
    return type == ProviderType::kEth ? "eth" : "rdma";
}

std::string_view to_string(PortState state) {
    switch (state) {
        case PortState::kAbsent:
            return "absent";
        case PortState::kRegistered:
            return "registered";
        case PortState::kLoading:
            return "loading";
        case PortState::kLoaded:
            return "loaded";
        case PortState::kFailed:
            return "failed";
    }
    return "unknown";
}

RepCensus::RepCensus(const EswitchSnapshot& eswitch) : handle_(eswitch.handle.to_string()) {
    std::set<uint32_t> uplinks, controllers{0};
    std::map<uint32_t, std::set<uint32_t>> pfs;
    std::map<RepId, std::set<uint32_t>> numbers;
    for (const auto& [id, rep] : eswitch.reps) {
        if (id.kind == RepId::Kind::kUplink) {
            uplinks.insert(id.pf);
            continue;
        }
        controllers.insert(id.controller);
        pfs[id.controller].insert(id.pf);
        numbers[{id.kind, id.controller, id.pf, 0}].insert(id.number);
        functions_.insert({id.controller, id.pf});
    }
    uplinks_ = ranges(uplinks);
    controllers_ = ranges(controllers);
    for (const auto& [controller, those] : pfs) {
        pfs_[controller] = ranges(those);
    }
    for (const auto& [group, those] : numbers) {
        numbers_[group] = ranges(those);
    }
}

std::string RepCensus::has(const RepId& rep) const {
    if (rep.kind == RepId::Kind::kUplink) {
        return uplinks_.empty() ? "has no uplink" : fmt::format("has p{}", uplinks_);
    }
    const auto pfs = pfs_.find(rep.controller);
    const std::string has_pfs = pfs == pfs_.end() ? "" : fmt::format("has pf {}", pfs->second);
    if (rep.kind == RepId::Kind::kPf) {
        return has_pfs.empty() ? "has no pf" : has_pfs;
    }
    const char* kind = rep.kind == RepId::Kind::kVf ? "vf" : "sf";
    const auto numbers = numbers_.find({rep.kind, rep.controller, rep.pf, 0});
    if (numbers != numbers_.end()) {
        return fmt::format("has {} {}", kind, numbers->second);
    }
    const bool other_pf = !has_pfs.empty() && !functions_.count({rep.controller, rep.pf});
    return other_pf ? has_pfs : fmt::format("has no {}s", kind);
}

std::string RepCensus::describe_missing(const RepId& rep) const {
    const bool no_controller =
        rep.kind != RepId::Kind::kUplink && rep.controller != 0 && !pfs_.count(rep.controller);
    if (no_controller) {
        return fmt::format("no controller {} on {} (has {})", rep.controller, handle_,
                           controllers_);
    }
    return fmt::format("no such representor {} on {} ({})", rep.to_string(), handle_, has(rep));
}

std::string offload_obstacle(const RepSnapshot& rep) {
    return rep.rdma_status().state == RepState::kLoaded ? "" : rep.rdma_reason;
}

std::string offload_obstacle(const EswitchSnapshot& eswitch) {
    if (!eswitch.mode) {
        return "the eswitch mode is not known";
    }
    if (*eswitch.mode == netlink::EswitchMode::kLegacy) {
        return "eswitch is in legacy mode";
    }
    for (const auto& [id, rep] : eswitch.reps) {
        if (id.kind == RepId::Kind::kUplink) {  // they are the first
            return offload_obstacle(*rep);
        }
    }
    return "it has no uplink";
}

LagState lag_of(const Snapshot& snapshot, const EswitchSnapshot& eswitch) {
    size_t pfs = 0;
    for (const auto& [handle, other] : snapshot.eswitches) {
        pfs += other->adapter == eswitch.adapter;
    }
    if (pfs == 1) {
        return {"none", "single pf"};
    }
    return {"", "lag is not observed in this release"};
}

}  // namespace esw
