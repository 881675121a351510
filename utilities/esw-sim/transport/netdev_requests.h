// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/ethtool_messages.h"

namespace esw::sim {

/// The ifindex of the one netdev that a request of rtnetlink, or of ethtool's generic netlink
/// family, is about; 0: none, or many.
/// `ethtool_family` 0: the kernel has none.
uint32_t requested_ifindex(int protocol, uint16_t ethtool_family, const MessageView& message,
                           const NetworkView& view);

}  // namespace esw::sim
