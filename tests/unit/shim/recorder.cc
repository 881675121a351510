// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/shim/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace esw {

Recorder& GetRecorder() {
    static Recorder recorder;
    return recorder;
}

}  // namespace esw

// The linker takes these for the plugin's (--wrap).
extern "C" {

decltype(esw_port_set_number) __wrap_esw_port_set_number;
decltype(esw_plugin_set_offload) __wrap_esw_plugin_set_offload;
decltype(esw_plugin_take_refusals) __wrap_esw_plugin_take_refusals;
decltype(esw_flow_put) __wrap_esw_flow_put;
decltype(esw_flow_delete) __wrap_esw_flow_delete;
decltype(esw_flow_flush) __wrap_esw_flow_flush;
decltype(esw_flow_get) __wrap_esw_flow_get;
decltype(esw_flow_count) __wrap_esw_flow_count;
void RecordFlush(void);

void __wrap_esw_port_set_number(esw_port* port, uint32_t number) {
    esw::GetRecorder().numbers[port] = number;
}

void __wrap_esw_plugin_set_offload(esw_plugin*, bool enabled) {
    esw::GetRecorder().calls.push_back(fmt::format("offload {:d}", enabled));
}

void __wrap_esw_plugin_take_refusals(esw_plugin*, uint64_t counts[ESW_N_REFUSALS]) {
    auto& refusals = esw::GetRecorder().refusals;
    std::copy(std::begin(refusals), std::end(refusals), counts);
    std::fill(std::begin(refusals), std::end(refusals), 0);
}

int __wrap_esw_flow_put(esw_plugin*, const esw_ufid* ufid, const esw_flow_match* match,
                        const esw_flow_action actions[], size_t n_actions) {
    esw::GetRecorder().puts.push_back(
        {ufid->high, ufid->low, *match, {actions, actions + n_actions}});
    return esw::GetRecorder().error;
}

int __wrap_esw_flow_delete(esw_plugin*, const esw_ufid* ufid) {
    esw::GetRecorder().calls.push_back(fmt::format("delete {} {}", ufid->high, ufid->low));
    return esw::GetRecorder().error;
}

void __wrap_esw_flow_flush(esw_plugin*, uint32_t number) {
    esw::GetRecorder().calls.push_back(fmt::format("flush {}", number));
}

int __wrap_esw_flow_get(esw_plugin*, const esw_ufid* ufid, esw_flow_stats* stats) {
    esw::GetRecorder().calls.push_back(fmt::format("get {} {}", ufid->high, ufid->low));
    *stats = esw::GetRecorder().stats;
    return esw::GetRecorder().error;
}

void __wrap_esw_flow_count(esw_plugin*, uint32_t number, uint64_t* n_flows, uint64_t* n_offloaded) {
    esw::GetRecorder().calls.push_back(fmt::format("count {}", number));
    *n_flows = esw::GetRecorder().n_flows;
    *n_offloaded = esw::GetRecorder().n_offloaded;
}

// Open vSwitch's, of all megaflows: tests/unit/shim/ovs_ports.c.
void RecordFlush(void) {
    esw::GetRecorder().calls.push_back("flush of the datapath");
}
}
