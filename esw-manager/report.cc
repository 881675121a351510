// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "esw-manager/profile_report.h"
#include "esw-manager/report_json.h"
#include "esw-manager/table.h"

namespace esw {

namespace {

std::string mode_text(const std::optional<netlink::EswitchMode>& mode, const char* word) {
    return mode ? netlink::to_string(*mode) : word;
}

std::string counts_text(const RepCounts& counts) {
    std::string text = fmt::format("{} of {}", counts.loaded, counts.total);
    if (counts.failed) {
        text += fmt::format(", {} failed", counts.failed);
    }
    if (counts.absent) {
        text += fmt::format(", {} absent", counts.absent);
    }
    return text;
}

std::string describe(const BlockState& block, TimePoint now) {
    if (!block.owner) {
        return "none";
    }
    return fmt::format("{} holds it for {} ms, {} wait", block.owner->name,
                       to_ms(now - block.owner->since), block.waiters.size());
}

std::string eswitch_table(const ReportContext& context, const EswitchRows& rows, bool more) {
    Table table(
        {"ESWITCH", "MODE", "WANTED", "STATE", "GENERATION", "LAG", "REPS LOADED", "OFFLOAD"});
    for (const EswitchPtr& eswitch : rows) {
        const auto [lag, lag_reason] = lag_of(context.snapshot, *eswitch);
        const std::string offload = offload_obstacle(*eswitch);
        Table::Details details;
        if (more) {
            details = {
                {"adapter", eswitch->adapter},
                {"uplink", or_word(eswitch->uplink, "none")},
                {"switch id", or_word(eswitch->switch_id, "none")},
                {"mode read",
                 eswitch->mode_read_at
                     ? fmt::format("{} ms ago", to_ms(context.now - *eswitch->mode_read_at))
                     : "never"},
                {"profile", describe_profile(context.snapshot, eswitch->handle)},
                {"block", describe(eswitch->block, context.now)},
                {"lag", lag_reason},
                {"queue",
                 fmt::format("{} pending, {} run, {} stale, {} requeued, {} failed",
                             eswitch->queue.pending, eswitch->queue.run, eswitch->queue.stale,
                             eswitch->queue.requeued, eswitch->queue.failed)},
                {"offload", or_word(offload, "ready")},
                {"flows", fmt::format("{} in the adapter", context.flows_of(eswitch->handle))},
            };
        }
        if (eswitch->error.code) {
            details.emplace_back("error", eswitch->error.to_string());
        }
        table.add({eswitch->handle.to_string(), mode_text(eswitch->mode, "unknown"),
                   mode_text(wanted_mode(context.snapshot, *eswitch), "not set"), eswitch->state,
                   std::to_string(eswitch->generation), or_word(lag, "unknown"),
                   counts_text(count_reps(context.snapshot, *eswitch)),
                   offload.empty() ? "ready" : "not ready"},
                  std::move(details));
    }
    return table.to_string();
}

/// How packets of the representor are known to rules, or why there are none.
std::string rdma_text(const RepSnapshot& rep) {
    if (!rep.rdma) {
        return rep.rdma_reason;
    }
    const auto& metadata = rep.rdma->metadata;
    return fmt::format(
        "device generation {}, {}", rep.rdma->device_generation,
        metadata ? fmt::format("metadata {:#010x}/{:#010x}", metadata->value, metadata->mask)
                 : std::string("no metadata"));
}

void add_retries(const char* key, const ProviderStatus& status, const ReportContext& context,
                 Table::Details& details) {
    if (status.state != RepState::kFailed) {
        return;
    }
    const auto& at = status.retry_at;
    const auto left = at ? std::max<int64_t>(0, to_ms(*at - context.now)) : 0;
    details.emplace_back(
        key, fmt::format("{}, {}", status.retries,
                         at ? fmt::format("next in {} ms", left) : std::string("none due")));
}

Table::Details rep_details(const ReportContext& context, const RepSnapshot& rep) {
    Table::Details details{
        {"devlink port", std::to_string(rep.port_index)},
        {"ifindex", rep.ifindex ? std::to_string(*rep.ifindex) : "none"},
        {"rdma port", rep.rdma_device.empty()
                          ? "unknown"
                          : fmt::format("{}/{}", rep.rdma_device, rep.rdma_port)},
        {"rdma", rdma_text(rep)},
        {"loads",
         fmt::format("{}, {} unloads{}", rep.loads, rep.unloads,
                     rep.load_time ? fmt::format(", last load took {} ms", to_ms(*rep.load_time))
                                   : std::string())}};
    if (rep.bond) {
        details.emplace_back("bond", rep.bond->to_string());
    }
    if (rep.function) {
        std::string text = rep.function->hw_addr
                               ? "hw-addr " + netlink::to_string(*rep.function->hw_addr)
                               : "hw-addr unknown";
        if (rep.function->state) {
            text +=
                *rep.function->state == netlink::FunctionState::kActive ? ", active" : ", inactive";
        }
        details.emplace_back("function", std::move(text));
    }
    add_retries("retries", rep.eth(), context, details);
    add_retries("rdma retries", rep.rdma_status(), context, details);
    if (!rep.option_error.empty()) {
        details.emplace_back("option error", rep.option_error);
    }
    return details;
}

std::string rep_table(const ReportContext& context, const RepRows& rows, bool more) {
    Table table({"REPRESENTOR", "VPORT", "NETDEV", "PORT", "BRIDGE", "ETH", "RDMA", "REASON"});
    for (const auto& [eswitch, rep] : rows) {
        const auto bridge = context.bridges.find(rep->port);
        const std::string bridge_name = bridge == context.bridges.end() ? "" : bridge->second;
        table.add({RepRef{eswitch->handle, rep->id}.to_string(),
                   rep->vport ? std::to_string(*rep->vport) : "unknown",
                   or_word(rep->netdev, "none"), or_word(rep->port, "none"),
                   or_word(bridge_name, "none"), std::string(to_string(rep->providers[0].state)),
                   std::string(to_string(rep->providers[1].state)), or_word(rep->reason, "none")},
                  more ? rep_details(context, *rep) : Table::Details());
    }
    return table.to_string();
}

}  // namespace

std::string emptiness(const Snapshot& snapshot, const char* what) {
    if (snapshot.devlink.code == ENOTSUP) {
        return "kernel has no devlink";
    }
    if (snapshot.devlink.code) {
        return fmt::format("no {}: {}", what, snapshot.devlink.to_string());
    }
    return fmt::format("no {}{}", what, snapshot.scanned ? "" : " known yet");
}

tl::unexpected<Error> no_such_eswitch(const std::string& text) {
    return fail(ENODEV, "", "", fmt::format("no such eswitch {}", text));
}

namespace {

EswitchPtr find_eswitch(const Snapshot& snapshot, const std::string& text) {
    const auto handle = DevlinkHandle::parse(text);
    if (!handle) {
        return nullptr;
    }
    const auto found = snapshot.eswitches.find(*handle);
    return found == snapshot.eswitches.end() ? nullptr : found->second;
}

Result<RepRef> find_rep_anywhere(const Snapshot& snapshot, const RepId& id) {
    std::optional<RepRef> found;
    for (const auto& [handle, eswitch] : snapshot.eswitches) {
        if (!eswitch->reps.count(id)) {
            continue;
        }
        if (found) {
            return fail(EINVAL, "", "",
                        fmt::format("several eswitches have {}: say which, as in {}",
                                    id.to_string(), found->to_string()));
        }
        found = RepRef{handle, id};
    }
    if (!found) {
        return fail(ENODEV, "", "", fmt::format("no such representor {}", id.to_string()));
    }
    return *found;
}

}  // namespace

Result<RepRef> find_rep(const Snapshot& snapshot, const std::string& text) {
    const size_t slash = text.rfind('/');
    const auto id = RepId::parse(slash == std::string::npos ? text : text.substr(slash + 1));
    if (slash == std::string::npos) {
        if (!id) {
            return fail(EINVAL, "", "",
                        fmt::format("{} is no eswitch and no representor: expected for example "
                                    "pci/0000:08:00.0, pci/0000:08:00.0/pf0vf3 or pf0vf3",
                                    text));
        }
        return find_rep_anywhere(snapshot, *id);
    }
    if (find_eswitch(snapshot, text)) {
        return fail(EINVAL, "", "", fmt::format("{} is an eswitch, not a representor", text));
    }
    const EswitchPtr eswitch = find_eswitch(snapshot, text.substr(0, slash));
    if (!eswitch) {
        return no_such_eswitch(id ? text.substr(0, slash) : text);
    }
    if (!id) {
        return fail(EINVAL, "", "", id.error().to_string());
    }
    if (!eswitch->reps.count(*id)) {
        return fail(ENODEV, "", "", RepCensus(*eswitch).describe_missing(*id));
    }
    return RepRef{eswitch->handle, *id};
}

namespace {

/// Rows of what one argument of esw/rep-show names.
Status select_reps(const Snapshot& snapshot, const std::string& text,
                   std::map<RepRef, std::pair<EswitchPtr, RepPtr>>& rows) {
    if (const EswitchPtr eswitch = find_eswitch(snapshot, text)) {
        for (const auto& [id, rep] : eswitch->reps) {
            rows[{eswitch->handle, id}] = {eswitch, rep};
        }
        return {};
    }
    const auto ref = find_rep(snapshot, text);
    if (!ref) {
        return fail(ref.error());
    }
    const EswitchPtr& eswitch = snapshot.eswitches.at(ref->handle);
    rows[*ref] = {eswitch, eswitch->reps.at(ref->rep)};
    return {};
}

}  // namespace

RepCounts count_reps(const Snapshot& snapshot, const EswitchSnapshot& eswitch) {
    RepCounts counts;
    for (const auto& [id, rep] : eswitch.reps) {
        const auto has = [&providers = rep->providers](RepState state) {
            return std::any_of(providers.begin(), providers.end(),
                               [&](const ProviderStatus& status) { return status.state == state; });
        };
        ++counts.total;
        counts.failed += has(RepState::kFailed);
        counts.loaded += !has(RepState::kFailed) && has(RepState::kLoaded);
    }
    std::map<RepId, bool> asked;
    for (const auto& [port, binding] : snapshot.ports) {
        if (binding->rep && binding->rep->handle == eswitch.handle &&
            !eswitch.reps.count(binding->rep->rep)) {
            asked[binding->rep->rep] = true;
        }
    }
    counts.absent = asked.size();
    counts.total += asked.size();
    return counts;
}

Result<std::string> report_eswitches(const ReportContext& context, const ReportRequest& request) {
    std::map<DevlinkHandle, EswitchPtr> chosen;
    if (request.objects.empty()) {
        chosen = context.snapshot.eswitches;
    }
    for (const std::string& object : request.objects) {
        const EswitchPtr eswitch = find_eswitch(context.snapshot, object);
        if (!eswitch) {
            return no_such_eswitch(object);
        }
        chosen[eswitch->handle] = eswitch;
    }
    EswitchRows rows;
    for (const auto& [handle, eswitch] : chosen) {
        rows.push_back(eswitch);
    }
    if (request.json) {
        return eswitches_to_json(context, rows, request.more);
    }
    return rows.empty() ? emptiness(context.snapshot, "eswitches")
                        : eswitch_table(context, rows, request.more);
}

Result<std::string> report_reps(const ReportContext& context, const ReportRequest& request) {
    std::map<RepRef, std::pair<EswitchPtr, RepPtr>> chosen;
    std::vector<std::string> objects = request.objects;
    if (objects.empty()) {
        for (const auto& [handle, eswitch] : context.snapshot.eswitches) {
            objects.push_back(handle.to_string());
        }
    }
    for (const std::string& object : objects) {
        if (auto selected = select_reps(context.snapshot, object, chosen); !selected) {
            return fail(selected.error());
        }
    }
    RepRows rows;
    for (const auto& [ref, row] : chosen) {
        rows.push_back(row);
    }
    if (request.json) {
        return reps_to_json(context, rows, request.more);
    }
    return rows.empty() ? emptiness(context.snapshot, "representors")
                        : rep_table(context, rows, request.more);
}

}  // namespace esw
