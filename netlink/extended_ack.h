// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "netlink/message_parser.h"

namespace esw::netlink {

/// What an NLMSG_ERROR (or the end of a dump) says.
struct Acknowledgement {
    int code = 0;         ///< errno value, positive; 0 is success
    std::string text;     ///< the kernel's own words, or empty
    std::string culprit;  ///< the attribute of the request that it points at, or empty

    /// "TEXT (attribute NAME)".
    std::string detail() const;
};

/// `request` is what the acknowledgement answers; its attributes begin at `attributes_at`.
Result<Acknowledgement> decode_acknowledgement(const MessageView& message, ByteView request,
                                               AttributeTable table, size_t attributes_at);

/// The same of an NLMSG_DONE.
Result<Acknowledgement> decode_done(const MessageView& message);

}  // namespace esw::netlink
