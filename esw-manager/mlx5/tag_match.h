// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "esw-manager/mlx5/match_compiler.h"

namespace esw::mlx5 {

/// The part of add_headers() that is about tags. `eth_type` is the key's, 0 where it is wildcarded;
/// the result says what it is behind the tags that the adapter sees: 0 when that is not said.
///
/// To Open vSwitch a tag is there or not (ESW_VLAN_PRESENT), its DEI bit is no part of the key, and
/// as many tags are read as `vlan_limit` says; the adapter reads two and knows 0x8100 and 0x88a8,
/// one of which a rule must name.
struct TagMatch {
    esw_refusal refusal = ESW_REFUSAL_NONE;
    uint16_t eth_type = 0;
};
TagMatch add_tags(const esw_flow_match& match, uint16_t eth_type, const LayerFields& fields,
                  MatchBuilder& builder, PacketFacts& facts);

}  // namespace esw::mlx5
