// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/packed_flow.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace esw {

static_assert(std::is_trivially_copyable_v<esw_flow_match>);

namespace {

bool is_zero(const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    return std::all_of(bytes, bytes + size, [](uint8_t byte) { return byte == 0; });
}

}  // namespace

PackedFlow::PackedFlow(const esw_flow_match& match, std::span<const esw_flow_action> actions)
    : actions_(actions.begin(), actions.end()),
      in_port_(match.in_port),
      physical_port_(match.physical_port) {
    std::memcpy(key_.data(), &match.key, key_.size());
    std::memcpy(mask_.data(), &match.mask, mask_.size());
    std::memcpy(rest_.data(), reinterpret_cast<const uint8_t*>(&match) + kRest, rest_.size());
    if (is_of_tunnel() || !is_zero(&match.mask.tunnel, sizeof match.mask.tunnel)) {
        tunnel_ = std::make_unique<const Tunnel>(Tunnel{match.key.tunnel, match.mask.tunnel});
    }
    size_t length = 0;
    for (const esw_flow_action& action : actions_) {
        length += action.type == ESW_ACTION_TUNNEL_PUSH ? action.push.header_length : 0;
    }
    headers_.reserve(length);  // they stay where they are
    for (esw_flow_action& action : actions_) {
        if (action.type == ESW_ACTION_TUNNEL_PUSH) {
            const uint8_t* from = action.push.header;
            action.push.header = headers_.data() + headers_.size();
            headers_.insert(headers_.end(), from, from + action.push.header_length);
        }
    }
}

esw_flow_match PackedFlow::match() const {
    esw_flow_match match{};
    std::memcpy(&match.key, key_.data(), key_.size());
    std::memcpy(&match.mask, mask_.data(), mask_.size());
    std::memcpy(reinterpret_cast<uint8_t*>(&match) + kRest, rest_.data(), rest_.size());
    if (tunnel_) {
        match.key.tunnel = tunnel_->key;
        match.mask.tunnel = tunnel_->mask;
    }
    return match;
}

}  // namespace esw
