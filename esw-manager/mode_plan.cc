// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mode_plan.h"

#include <fmt/format.h>

#include "esw-manager/json_values.h"
#include "esw-manager/report.h"

namespace esw {

namespace {

using netlink::EswitchMode;

/// The uplink's devlink port and netdev are the PF's own, and stay.
bool goes_in_legacy_mode(const RepSnapshot& rep) {
    return rep.id.kind != RepId::Kind::kUplink;
}

void plan_legacy(ModePlan& plan, const Snapshot& snapshot, const EswitchSnapshot& eswitch) {
    for (const auto& [id, rep] : eswitch.reps) {
        if (!goes_in_legacy_mode(*rep)) {
            continue;
        }
        plan.reps_lost.push_back(id);
        if (id.kind == RepId::Kind::kSf) {
            plan.sfs_deleted.push_back(id);
        }
    }
    for (const auto& [name, binding] : snapshot.ports) {
        // The uplink's port, too: only a representor carries what no rule matches.
        if (binding->rep && binding->rep->handle == eswitch.handle &&
            binding->state != PortState::kAbsent) {
            plan.ports_lost.push_back(name);
        }
    }
}

void plan_switchdev(ModePlan& plan, const Snapshot& snapshot) {
    for (const auto& [name, binding] : snapshot.ports) {
        if (binding->rep && binding->rep->handle == plan.eswitch &&
            binding->state != PortState::kLoaded) {
            plan.ports_waiting.push_back(name);
        }
    }
}

const std::string& name_of(const std::string& port) {
    return port;
}

std::string name_of(const RepId& rep) {
    return rep.to_string();
}

/// All of a few, or the first and the last of many, with their number.
template <class Thing>
std::string names(const std::vector<Thing>& things) {
    constexpr size_t kMany = 8;
    if (things.size() > kMany) {
        return fmt::format("{}, {} ... {} ({})", name_of(things[0]), name_of(things[1]),
                           name_of(things.back()), things.size());
    }
    std::string text;
    for (const Thing& thing : things) {
        text += (text.empty() ? "" : ", ") + name_of(thing);
    }
    return text;
}

ordered_json to_array(const std::vector<RepId>& reps) {
    ordered_json array = ordered_json::array();
    for (const RepId& id : reps) {
        array.push_back(id.to_string());
    }
    return array;
}

}  // namespace

Result<ModePlan> plan_mode(const Snapshot& snapshot, TimePoint now, const DevlinkHandle& handle,
                           EswitchMode mode) {
    const auto found = snapshot.eswitches.find(handle);
    if (found == snapshot.eswitches.end()) {
        return no_such_eswitch(handle.to_string());
    }
    const EswitchSnapshot& eswitch = *found->second;
    ModePlan plan;
    plan.eswitch = handle;
    plan.from = eswitch.mode;
    plan.mode_age = now - eswitch.mode_read_at.value_or(now);
    plan.to = mode;
    plan.busy = eswitch.state == "idle" ? "" : eswitch.state;
    if (!plan.changes()) {
        return plan;
    }
    const bool has_reps = plan.from && *plan.from != EswitchMode::kLegacy;
    if (mode == EswitchMode::kLegacy) {
        plan_legacy(plan, snapshot, eswitch);
    } else {
        plan_switchdev(plan, snapshot);
    }
    // switchdev_inactive and back is a matter of traffic only.
    plan.rdma_devices_replaced = mode == EswitchMode::kLegacy || !has_reps;
    plan.traffic_dropped = mode == EswitchMode::kSwitchdevInactive;
    return plan;
}

std::string to_text(const ModePlan& plan) {
    std::string text = plan.eswitch.to_string();
    if (plan.from) {
        text += fmt::format(": {} (read {} ms ago) to {}", netlink::to_string(*plan.from),
                            to_ms(plan.mode_age), netlink::to_string(plan.to));
    } else {
        text += fmt::format(": unknown mode to {}", netlink::to_string(plan.to));
    }
    if (!plan.changes()) {
        return text + ": no change";
    }
    const auto add = [&text](const std::string& line) { text += "\n  " + line; };
    if (!plan.busy.empty()) {
        add("waits for: " + plan.busy);
    }
    if (!plan.reps_lost.empty()) {
        add("representors that go: " + names(plan.reps_lost));
    }
    if (!plan.sfs_deleted.empty()) {
        add("deleted for good, since the driver does so: " + names(plan.sfs_deleted));
    }
    if (!plan.ports_lost.empty()) {
        add("ports that lose theirs and wait for it: " + names(plan.ports_lost));
    }
    if (!plan.ports_waiting.empty()) {
        add("ports that wait for a representor: " + names(plan.ports_waiting));
    }
    if (plan.rdma_devices_replaced) {
        add("RDMA devices are made anew; rules that programs put into the adapter are lost");
    }
    if (plan.traffic_dropped) {
        add("all traffic is dropped until switchdev");
    }
    return text;
}

std::string to_json(const ModePlan& plan) {
    return dump(
        {{plan.eswitch.to_string(),
          {{"from",
            plan.from ? ordered_json(netlink::to_string(*plan.from)) : ordered_json(nullptr)},
           {"mode_age_ms", plan.from ? ordered_json(to_ms(plan.mode_age)) : ordered_json(nullptr)},
           {"to", netlink::to_string(plan.to)},
           {"change", plan.changes()},
           {"waits_for", text_or_null(plan.busy)},
           {"reps_lost", to_array(plan.reps_lost)},
           {"sfs_deleted", to_array(plan.sfs_deleted)},
           {"ports_lost", plan.ports_lost},
           {"ports_waiting", plan.ports_waiting},
           {"rdma_devices_replaced", plan.rdma_devices_replaced},
           {"traffic_dropped", plan.traffic_dropped}}}});
}

}  // namespace esw
