// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/flow_compiler.h"

#include <utility>

#include "esw-manager/mlx5/action_compiler.h"
#include "esw-manager/mlx5/match_compiler.h"

namespace esw::mlx5 {

namespace {

using Refused = tl::unexpected<esw_refusal>;

/// The rule, when the match is complete but for what the actions ask of it.
tl::expected<FdbFlow, esw_refusal> finish(uint32_t in_port, const PacketFacts& facts,
                                          const LayerFields& fields, MatchBuilder& builder,
                                          std::span<const esw_flow_action> actions,
                                          const FlowPorts& ports) {
    CompiledActions compiled = compile_actions(actions, in_port, facts, ports);
    if (compiled.refusal != ESW_REFUSAL_NONE) {
        return Refused(compiled.refusal);
    }
    if (compiled.whole_packets_only) {
        builder.add_exactly(fields.frag, 0);
    }
    if (builder.contradictory()) {
        return Refused(ESW_REFUSAL_NO_PACKETS);
    }
    return FdbFlow{in_port, builder.build(), std::move(compiled.actions)};
}

}  // namespace

tl::expected<FdbFlow, esw_refusal> compile_flow(const esw_flow_match& match,
                                                std::span<const esw_flow_action> actions,
                                                const FlowPorts& ports) {
    if (match.refusal != ESW_REFUSAL_NONE) {
        return Refused(match.refusal);
    }
    if (match.tunnel_type != ESW_TUNNEL_NONE || !ports.find(match.in_port)) {
        return Refused(ESW_REFUSAL_IN_PORT);
    }
    if (wants_tunnel(match)) {
        return Refused(ESW_REFUSAL_NO_PACKETS);
    }
    MatchBuilder builder;
    PacketFacts facts;
    if (const esw_refusal refusal = add_headers(match, false, builder, facts);
        refusal != ESW_REFUSAL_NONE) {
        return Refused(refusal);
    }
    return finish(match.in_port, facts, kOuterFields, builder, actions, ports);
}

tl::expected<FdbFlow, esw_refusal> compile_decapsulation(const esw_flow_match& outer,
                                                         const esw_flow_match& inner,
                                                         std::span<const esw_flow_action> actions,
                                                         const FlowPorts& ports) {
    for (const esw_flow_match* match : {&outer, &inner}) {
        if (match->refusal != ESW_REFUSAL_NONE) {
            return Refused(match->refusal);
        }
    }
    const FlowPort* const port = ports.find(outer.in_port);
    if (!port || outer.tunnel_type != ESW_TUNNEL_NONE) {
        return Refused(ESW_REFUSAL_IN_PORT);
    }
    if (!port->uplink) {
        return Refused(ESW_REFUSAL_TUNNEL_PORT);
    }
    if (inner.physical_port != outer.in_port || wants_tunnel(outer)) {
        return Refused(ESW_REFUSAL_NO_PACKETS);
    }
    MatchBuilder builder;
    PacketFacts outside, inside;
    esw_refusal refusal = add_headers(outer, false, builder, outside);
    if (refusal == ESW_REFUSAL_NONE) {
        refusal = add_tunnel(inner, outside, builder);
    }
    if (refusal == ESW_REFUSAL_NONE) {
        refusal = add_headers(inner, true, builder, inside);
    }
    if (refusal != ESW_REFUSAL_NONE) {
        return Refused(refusal);
    }
    auto flow = finish(outer.in_port, inside, kInnerFields, builder, actions, ports);
    if (flow) {
        flow->actions.decapsulate = !flow->actions.outputs.empty();
    }
    return flow;
}

}  // namespace esw::mlx5
