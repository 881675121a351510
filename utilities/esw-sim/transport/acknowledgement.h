// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/nl_bytes.h"

namespace esw::sim {

/// The socket options that shape an acknowledgement.
struct AckOptions {
    bool extended = false;  ///< NETLINK_EXT_ACK
    bool capped = false;    ///< NETLINK_CAP_ACK
};

/// How a request ended. `error` is an errno value, or 0.
struct Outcome {
    int error = 0;
    std::string text;                    ///< of the extack
    std::optional<uint32_t> bad_offset;  ///< of the attribute, from the request's nlmsghdr
};

/// The NLMSG_ERROR that the kernel would send for `request` (netlink_ack() in af_netlink.c).
Bytes make_acknowledgement(const MessageView& request, uint32_t port_id, const Outcome& outcome,
                           AckOptions options);

/// The NLMSG_DONE that ends a dump (netlink_dump_done() in af_netlink.c).
Bytes make_done(const MessageView& request, uint32_t port_id, const Outcome& outcome,
                AckOptions options);

}  // namespace esw::sim
