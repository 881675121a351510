// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/report_json.h"

#include <chrono>

#include "esw-manager/json_values.h"
#include "esw-manager/profile_report.h"

namespace esw {

namespace {

ordered_json mode_or_null(const std::optional<netlink::EswitchMode>& mode) {
    return mode ? ordered_json(netlink::to_string(*mode)) : ordered_json(nullptr);
}

ordered_json error_or_null(const Error& error) {
    if (!error.code) {
        return nullptr;
    }
    return {{"errno", errno_name(error.code)},
            {"stage", text_or_null(error.stage)},
            {"reason", error.detail.empty() ? errno_text(error.code) : error.detail}};
}

ordered_json provider(const ReportContext& context, const ProviderStatus& status,
                      const std::string& reason) {
    ordered_json out{{"state", to_string(status.state)}};
    if (status.state == RepState::kFailed) {
        out.update(error_or_null(status.error));
        out["retries"] = status.retries;
        out["retry_in_ms"] =
            status.retry_at
                ? ordered_json(std::max<int64_t>(0, to_ms(*status.retry_at - context.now)))
                : ordered_json(nullptr);
    } else if (status.state != RepState::kLoaded) {
        out["reason"] = reason;
    }
    return out;
}

/// What rules of the adapter name the representor by.
ordered_json rdma_details(const RdmaRep* rep) {
    if (!rep) {
        return ordered_json::object();
    }
    ordered_json out{{"device_generation", rep->device_generation},
                     {"vhca_id", value_or_null(rep->vhca_id)},
                     {"metadata", nullptr}};
    if (rep->metadata) {
        out["metadata"] = {{"value", rep->metadata->value}, {"mask", rep->metadata->mask}};
    }
    return out;
}

}  // namespace

ordered_json block_to_json(const BlockState& block, TimePoint now) {
    ordered_json waiters = ordered_json::array();
    for (const BlockState::Party& waiter : block.waiters) {
        waiters.push_back({{"name", waiter.name},
                           {"reason", waiter.reason},
                           {"waits_ms", to_ms(now - waiter.since)}});
    }
    if (!block.owner) {
        return {{"owner", nullptr},
                {"reason", nullptr},
                {"held_ms", nullptr},
                {"lent_to", nullptr},
                {"waiters", waiters}};
    }
    return {{"owner", block.owner->name},
            {"reason", block.owner->reason},
            {"held_ms", to_ms(now - block.owner->since)},
            {"lent_to", text_or_null(block.lent_to)},
            {"waiters", waiters}};
}

std::string eswitches_to_json(const ReportContext& context, const EswitchRows& rows, bool more) {
    ordered_json out = ordered_json::object();
    for (const EswitchPtr& eswitch : rows) {
        const RepCounts counts = count_reps(context.snapshot, *eswitch);
        const auto [lag, lag_reason] = lag_of(context.snapshot, *eswitch);
        const std::string offload = offload_obstacle(*eswitch);
        ordered_json& row = out[eswitch->handle.to_string()];
        row = {{"mode", mode_or_null(eswitch->mode)},
               {"wanted", mode_or_null(wanted_mode(context.snapshot, *eswitch))},
               {"state", eswitch->state},
               {"generation", eswitch->generation},
               {"switch_id", text_or_null(eswitch->switch_id)},
               {"adapter", eswitch->adapter},
               {"uplink", text_or_null(eswitch->uplink)},
               {"block", eswitch->block.owner ? block_to_json(eswitch->block, context.now)
                                              : ordered_json(nullptr)},
               {"lag", {{"kind", text_or_null(lag)}, {"reason", lag_reason}}},
               {"reps",
                {{"total", counts.total},
                 {"loaded", counts.loaded},
                 {"failed", counts.failed},
                 {"absent", counts.absent}}},
               {"queue",
                {{"pending", eswitch->queue.pending},
                 {"stale", eswitch->queue.stale},
                 {"run", eswitch->queue.run}}},
               {"offload",
                {{"ready", offload.empty()},
                 {"flows", context.flows_of(eswitch->handle)},
                 {"reason", text_or_null(offload)}}},
               {"error", error_or_null(eswitch->error)}};
        if (more) {
            row["mode_age_ms"] = eswitch->mode_read_at
                                     ? ordered_json(to_ms(context.now - *eswitch->mode_read_at))
                                     : ordered_json(nullptr);
            row["profile"] = describe_profile(context.snapshot, eswitch->handle);
            row["queue"]["requeued"] = eswitch->queue.requeued;
            row["queue"]["failed"] = eswitch->queue.failed;
        }
    }
    return dump(out);
}

std::string reps_to_json(const ReportContext& context, const RepRows& rows, bool more) {
    ordered_json out = ordered_json::object();
    for (const auto& [eswitch, rep] : rows) {
        const auto bridge = context.bridges.find(rep->port);
        ordered_json& row = out[RepRef{eswitch->handle, rep->id}.to_string()];
        row = {{"vport", value_or_null(rep->vport)},
               {"netdev", text_or_null(rep->netdev)},
               {"ifindex", value_or_null(rep->ifindex)},
               {"port", text_or_null(rep->port)},
               {"bridge", bridge == context.bridges.end() ? ordered_json(nullptr)
                                                          : text_or_null(bridge->second)},
               {"eth", provider(context, rep->providers[0], rep->reason)},
               {"rdma", provider(context, rep->providers[1], rep->rdma_reason)},
               {"loads", rep->loads},
               {"unloads", rep->unloads},
               {"load_ms",
                rep->load_time ? ordered_json(to_ms(*rep->load_time)) : ordered_json(nullptr)}};
        if (!more) {
            continue;
        }
        row["devlink_port"] = rep->port_index;
        row["bond"] =
            rep->bond ? ordered_json{{"name", rep->bond->name},
                                     {"mode", text_or_null(rep->bond->mode_name())},
                                     {"state", text_or_null(std::string(rep->bond->state_name()))}}
                      : ordered_json(nullptr);
        row["rdma_device"] = text_or_null(rep->rdma_device);
        row["rdma_port"] =
            rep->rdma_device.empty() ? ordered_json(nullptr) : ordered_json(rep->rdma_port);
        row["rdma"].update(rdma_details(rep->rdma.get()));
        const netlink::PortFunction function = rep->function.value_or(netlink::PortFunction{});
        row["hw_addr"] = function.hw_addr ? ordered_json(netlink::to_string(*function.hw_addr))
                                          : ordered_json(nullptr);
        row["function_state"] =
            function.state
                ? ordered_json(*function.state == netlink::FunctionState::kActive ? "active"
                                                                                  : "inactive")
                : ordered_json(nullptr);
        row["option_error"] = text_or_null(rep->option_error);
    }
    return dump(out);
}

}  // namespace esw
