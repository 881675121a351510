// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ovs-plugin/plugin_abi.h"

namespace esw {

// In place of the plugin: remembers what the shim tells it, and answers what the test says.
struct Recorder {
    struct Put {
        uint64_t high, low;
        esw_flow_match match;
        std::vector<esw_flow_action> actions;
    };
    std::vector<Put> puts;
    std::vector<std::string> calls;           // The others: "delete 1 2", "flush 5", "offload 1".
    std::map<const void*, uint32_t> numbers;  // Of ports.

    int error = 0;  // What puts, deletions and readings return.
    esw_flow_stats stats{};
    uint64_t n_flows = 0, n_offloaded = 0;
    uint64_t refusals[ESW_N_REFUSALS] = {};  // To be taken.
};

Recorder& GetRecorder();

}  // namespace esw
