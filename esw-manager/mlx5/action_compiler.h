// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "esw-manager/flow/megaflow.h"
#include "esw-manager/mlx5/fdb_flow.h"
#include "esw-manager/mlx5/flow_ports.h"
#include "esw-manager/mlx5/match_compiler.h"

namespace esw::mlx5 {

/// Copies that one rule makes at most: 1 << log_max_destination of a FDB's capabilities, 32 or
/// more.
constexpr size_t kMaxOutputs = 32;
/// Bytes of a tunnel's headers at most: max_encap_header_size of an eswitch's capabilities.
constexpr size_t kMaxEncapsulation = 128;

struct CompiledActions {
    esw_refusal refusal = ESW_REFUSAL_NONE;
    FdbActions actions;
    /// They do to packets that are no fragments only what Open vSwitch does.
    bool whole_packets_only = false;
};

/// The list that has the effect of `actions`, on packets of which `facts` are known; or why there
/// is none. Decapsulation is left to the caller.
CompiledActions compile_actions(std::span<const esw_flow_action> actions, uint32_t in_port,
                                const PacketFacts& facts, const FlowPorts& ports);

}  // namespace esw::mlx5
