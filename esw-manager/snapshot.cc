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

std::string describe_missing(const EswitchSnapshot& eswitch, const RepId& rep) {
    const std::string handle = eswitch.handle.to_string();
    std::set<uint32_t> uplinks, controllers{0}, pfs, numbers;
    for (const auto& [id, known] : eswitch.reps) {
        if (id.kind == RepId::Kind::kUplink) {
            uplinks.insert(id.pf);
            continue;
        }
        controllers.insert(id.controller);
        if (id.controller == rep.controller) {
            pfs.insert(id.pf);
            if (id.pf == rep.pf && id.kind == rep.kind) {
                numbers.insert(id.number);
            }
        }
    }
    std::string has;
    switch (rep.kind) {
        case RepId::Kind::kUplink:
            has = uplinks.empty() ? "has no uplink" : fmt::format("has p{}", ranges(uplinks));
            break;
        case RepId::Kind::kPf:
            has = pfs.empty() ? "has no pf" : fmt::format("has pf {}", ranges(pfs));
            break;
        case RepId::Kind::kVf:
        case RepId::Kind::kSf: {
            const char* kind = rep.kind == RepId::Kind::kVf ? "vf" : "sf";
            if (!numbers.empty()) {
                has = fmt::format("has {} {}", kind, ranges(numbers));
            } else if (!pfs.empty() && !pfs.count(rep.pf)) {
                has = fmt::format("has pf {}", ranges(pfs));
            } else {
                has = fmt::format("has no {}s", kind);
            }
            break;
        }
    }
    if (rep.kind != RepId::Kind::kUplink && !controllers.count(rep.controller)) {
        return fmt::format("no controller {} on {} (has {})", rep.controller, handle,
                           ranges(controllers));
    }
    return fmt::format("no such representor {} on {} ({})", rep.to_string(), handle, has);
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
