// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "esw-manager/flow/megaflow.h"
#include "esw-manager/mlx5/match_builder.h"

namespace esw::mlx5 {

/// What a match says for sure of the packets that it takes, which actions depend on.
struct PacketFacts {
    enum class Tag : uint8_t { kUnknown, kAbsent, kPresent };
    enum class Fragment : uint8_t { kUnknown, kNo, kYes };

    std::array<Tag, ESW_MAX_VLANS> tags{};        ///< the outermost first
    std::array<uint16_t, ESW_MAX_VLANS> tpids{};  ///< of those that are present; 0: unknown
    uint16_t eth_type = 0;                        ///< behind two tags; 0: unknown
    uint8_t ip_proto = 0;                         ///< if `has_ip_proto`
    bool has_ip_proto = false;
    Fragment fragment = Fragment::kUnknown;

    bool is_ipv4() const { return eth_type == 0x0800; }
    bool is_ipv6() const { return eth_type == 0x86dd; }
};

/// Adds all of the key but the tunnel's part to `builder`, as fields of one nesting level. Where
/// the adapter cannot tell apart what Open vSwitch does, fewer packets match, never more; which
/// those are is in doc/offload.md.
///
/// `inner`: of a packet in a tunnel. Says NONE and sets `facts`, or why not.
esw_refusal add_headers(const esw_flow_match& match, bool inner, MatchBuilder& builder,
                        PacketFacts& facts);

/// Adds the outer headers that a tunnel's flow matches on by its tunnel key, to those of the flow
/// that has unpacked the packet, of which `outer` tells.
esw_refusal add_tunnel(const esw_flow_match& inner, const PacketFacts& outer,
                       MatchBuilder& builder);

/// Whether the tunnel part of the key, of packets that come from no tunnel, asks for something.
bool wants_tunnel(const esw_flow_match& match);

}  // namespace esw::mlx5
