// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/ethtool_messages.h"

namespace esw::sim {

/// ethtool's generic netlink family for the link settings of netdevs of the adapter. The real
/// kernel has them right (tap_link_settings.h), save for those that have none: mlx5's representors
/// of functions (mlx5e_rep_ethtool_ops, en_rep.c).
class EthtoolLinks {
public:
    /// `family` 0: the kernel has none.
    EthtoolLinks(const NetdevDirectory& netdevs, uint16_t family)
        : netdevs_(netdevs), family_(family) {}

    /// The message asks for link settings, or the message level, of a netdev that has none.
    bool is_refused(const MessageView& message, const NetworkView& view) const;
    /// Answers it, as linkmodes_prepare_data() and debug_prepare_data() of net/ethtool do.
    static void refuse(Request& request);
    /// Takes out what the kernel lists of them in a dump.
    void correct(Bytes& datagram, const NetworkView& view) const;

private:
    bool has_none(const MessageView& message, const NetworkView& view) const;

    const NetdevDirectory& netdevs_;
    const uint16_t family_;
};

}  // namespace esw::sim
