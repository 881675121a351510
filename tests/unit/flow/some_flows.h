// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "esw-manager/flow/flow.h"

namespace esw {

/// A megaflow of IPv4 packets to the Ethernet address 02:00:00:00:00:`host`.
inline esw_flow_match match_of(uint32_t in_port, uint8_t host) {
    esw_flow_match match{};
    match.in_port = match.physical_port = in_port;
    match.key.eth_dst[0] = 2;
    match.key.eth_dst[5] = host;
    match.key.eth_type = 0x0800;
    for (uint8_t& byte : match.mask.eth_dst) {
        byte = 0xff;
    }
    match.mask.eth_type = 0xffff;
    return match;
}

inline esw_flow_action output_to(uint32_t port) {
    esw_flow_action action{};
    action.type = ESW_ACTION_OUTPUT;
    action.port = port;
    return action;
}

inline esw_flow_action pop_for(uint32_t tunnel_port) {
    esw_flow_action action{};
    action.type = ESW_ACTION_TUNNEL_POP;
    action.port = tunnel_port;
    return action;
}

inline FlowPtr make_flow(uint64_t ufid, const esw_flow_match& match,
                         const std::vector<esw_flow_action>& actions) {
    auto flow = std::make_shared<Flow>(esw_ufid{0, ufid});
    flow->want(std::make_shared<const PackedFlow>(match, actions));
    return flow;
}

inline FlowPtr make_flow(uint64_t ufid, uint32_t from, uint32_t to) {
    return make_flow(ufid, match_of(from, static_cast<uint8_t>(ufid)), {output_to(to)});
}

}  // namespace esw
