// SPDX-License-Identifier: Apache-2.0
// The functions of plugin_abi.h about flows. Threads of Open vSwitch's that are not its main one
// call most of them.
#include <algorithm>
#include <cerrno>
#include <optional>

#include "ovs-plugin/plugin_object.h"

using namespace esw;

void esw_port_set_number(esw_port* port, uint32_t number) {
    caught(port->owner, 0, [&] {
        port->owner->plugin->set_number(
            port->id, number == UINT32_MAX ? std::nullopt : std::optional(number));
        return 0;
    });
}

void esw_plugin_set_offload(esw_plugin* plugin, bool enabled) {
    caught(plugin, 0, [&] {
        plugin->plugin->flows().enable(enabled);
        return 0;
    });
}

int esw_flow_put(esw_plugin* plugin, const esw_ufid* ufid, const esw_flow_match* match,
                 const esw_flow_action actions[], size_t n_actions) {
    return caught(plugin, ENOMEM, [&] {
        plugin->plugin->flows().put(*ufid, *match, {actions, n_actions});
        return 0;
    });
}

int esw_flow_delete(esw_plugin* plugin, const esw_ufid* ufid) {
    return caught(plugin, ENOMEM,
                  [&] { return plugin->plugin->flows().remove(*ufid) ? 0 : ENOENT; });
}

void esw_flow_flush(esw_plugin* plugin, uint32_t number) {
    caught(plugin, 0, [&] {
        plugin->plugin->flows().flush(number);
        return 0;
    });
}

int esw_flow_get(esw_plugin* plugin, const esw_ufid* ufid, esw_flow_stats* stats) {
    return caught(plugin, ENOMEM, [&] {
        const auto found = plugin->plugin->flows().stats(*ufid);
        if (!found) {
            return ENOENT;
        }
        *stats = {found->counted.packets, found->counted.bytes, found->idle_ms, found->offloaded,
                  found->refusal};
        return 0;
    });
}

void esw_flow_count(esw_plugin* plugin, uint32_t number, uint64_t* n_flows, uint64_t* n_offloaded) {
    *n_flows = *n_offloaded = 0;
    caught(plugin, 0, [&] {
        const auto totals = plugin->plugin->flows().totals_of(number);
        *n_flows = totals.flows;
        *n_offloaded = totals.offloaded;
        return 0;
    });
}

void esw_plugin_take_refusals(esw_plugin* plugin, uint64_t counts[ESW_N_REFUSALS]) {
    std::fill_n(counts, ESW_N_REFUSALS, 0);
    caught(plugin, 0, [&] {
        const auto refusals = plugin->plugin->take_refusals();
        std::copy(refusals.begin(), refusals.end(), counts);
        return 0;
    });
}
