// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "esw-manager/flow/megaflow.h"

namespace esw {

/// Flows as people read them: words and order of ovs-dpctl(8), with ports by number. What a match
/// leaves open is left out; a mask is written where it is not all ones.
///
///     in_port(2),eth(dst=02:00:00:00:00:07),eth_type(0x0800),ipv4(dst=10.0.0.0/255.0.0.0,proto=6)
///     set(eth(src=02:00:00:00:00:01)),push_vlan(vid=7,pcp=0),3
std::string to_text(const esw_flow_match& match);
std::string to_text(std::span<const esw_flow_action> actions);

/// As ovs-appctl and the daemon's log have it.
std::string to_text(const esw_ufid& ufid);

}  // namespace esw
