// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <tl/expected.hpp>

#include "esw-manager/flow/megaflow.h"
#include "esw-manager/mlx5/fdb_flow.h"
#include "esw-manager/mlx5/flow_ports.h"

namespace esw::mlx5 {

/// Makes rules for the adapter of megaflows of Open vSwitch's userspace datapath, or says why there
/// is none. doc/offload.md has the tables.
///
/// A rule does to each packet that it takes exactly what Open vSwitch would. It may take fewer
/// packets than the megaflow where the adapter cannot tell apart what Open vSwitch does, never
/// more; the others go on to software as if there were no rule.
///
/// Pure functions: nothing is kept, nothing is asked of a device, no lock is taken; any thread.
/// What comes out points to nothing of what went in. Nothing is thrown but std::bad_alloc.
///
/// `ports` must know `in_port` and the ports that actions send to.
tl::expected<FdbFlow, esw_refusal> compile_flow(const esw_flow_match& match,
                                                std::span<const esw_flow_action> actions,
                                                const FlowPorts& ports);

/// Of packets in a tunnel, which Open vSwitch has two flows for: `outer` takes them from a port and
/// unpacks them (TUNNEL_POP, its only action), `inner` is of the tunnel's port and has `actions`.
/// The rule is on the port of `outer`, which must be the wire's.
tl::expected<FdbFlow, esw_refusal> compile_decapsulation(const esw_flow_match& outer,
                                                         const esw_flow_match& inner,
                                                         std::span<const esw_flow_action> actions,
                                                         const FlowPorts& ports);

}  // namespace esw::mlx5
