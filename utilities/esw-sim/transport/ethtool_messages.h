// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/nl_bytes.h"
#include "utilities/esw-sim/transport/peer.h"

namespace esw::sim {

/// The netdev that a message of ethtool's family names in its header, which is attribute 1 of all;
/// 0: none.
uint32_t named_ifindex(ByteSpan attributes, const NetworkView& view);

}  // namespace esw::sim
