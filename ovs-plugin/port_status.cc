// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/port_status.h"

namespace esw {
namespace {

/// A representor counts as loaded for the port's users once packets can pass.
PortState shown_state(const PortView& view) {
    if (!view.binding) {
        return PortState::kAbsent;
    }
    if (view.binding->state != PortState::kLoaded || view.attached != 0) {
        return view.binding->state;
    }
    return view.failure ? PortState::kFailed : PortState::kLoading;
}

std::string reason(const PortView& view, PortState state) {
    if (state == PortState::kLoaded) {
        return {};
    }
    if (!view.binding) {
        return "the eswitch manager has not looked at it yet";
    }
    if (view.binding->state == PortState::kLoaded && view.failure) {
        return view.failure->error.to_string();
    }
    if (view.binding->state == PortState::kLoaded) {
        return "its network device is being made ready";
    }
    return view.binding->reason;
}

std::string joined(const std::string& first, const std::string& second) {
    return first + (first.empty() || second.empty() ? "" : "; ") + second;
}

/// "ready", or why rules of the adapter cannot name the representor.
std::string offload(const PortBinding* binding) {
    if (!binding) {
        return "no representor";
    }
    return binding->no_offload.empty() ? "ready" : binding->no_offload;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> port_status(const PortView& view) {
    std::vector<std::pair<std::string, std::string>> rows;
    const auto add = [&](const char* key, std::string value) {
        if (!value.empty()) {
            rows.emplace_back(key, std::move(value));
        }
    };
    const PortBinding* binding = view.binding;
    const PortState state = shown_state(view);

    add("driver_name", "esw");
    if (binding && binding->rep) {
        add("esw", binding->rep->handle.to_string());
        add("rep-id", binding->rep->rep.to_string());
    } else if (view.request) {
        add("esw", view.request->device ? view.request->device->to_string() : "");
        add("rep-id", view.request->rep ? view.request->rep->to_string() : "");
    }
    add("rep-state", std::string(to_string(state)));
    add("rep-reason", reason(view, state));
    if (binding) {
        add("netdev", binding->netdev);
        add("vport", binding->vport ? std::to_string(*binding->vport) : "");
    }
    if (view.eswitch) {
        add("switch-id", view.eswitch->switch_id);
        add("esw-mode", view.eswitch->mode ? netlink::to_string(*view.eswitch->mode) : "");
        add("esw-generation", std::to_string(view.eswitch->generation));
        add("lag", view.lag.kind.empty() ? "unknown" : view.lag.kind);
    }
    add("offload", offload(binding));
    std::string option_error = view.option_error;
    if (option_error.empty() && binding) {
        option_error = binding->option_error;
    }
    add("option-error", std::move(option_error));
    add("netdev-error", joined(view.setup_error, view.wish_error));
    return rows;
}

}  // namespace esw
