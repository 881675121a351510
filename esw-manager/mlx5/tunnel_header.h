// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "esw-manager/flow/megaflow.h"

namespace esw::mlx5 {

/// Whether the adapter adds this header as Open vSwitch does: Ethernet without tags, IPv4 without
/// options or IPv6, UDP without a checksum (which the adapter does not compute), VXLAN or Geneve.
bool is_supported_tunnel_header(const esw_tunnel_push_action& push);

}  // namespace esw::mlx5
