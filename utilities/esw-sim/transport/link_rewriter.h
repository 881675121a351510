// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/nl_bytes.h"

namespace esw::sim {

/// Makes the real kernel's rtnetlink messages speak of the adapter's netdevs as mlx5's would: adds
/// the switch id, the port's name and the parent device, and takes out what says that they are
/// TAPs. Messages about other netdevs stay as they are, byte for byte.
class LinkRewriter {
public:
    explicit LinkRewriter(const NetdevDirectory& netdevs) : netdevs_(netdevs) {}

    /// Changes a datagram of messages about netdevs of namespace `network`; true when anything was
    /// changed.
    bool rewrite(Bytes& datagram, const NamespaceId& network) const;

private:
    const NetdevFace* face_of(const MessageView& message, const NamespaceId& network) const;
    static void append_rewritten(Bytes& to, const MessageView& message, const NetdevFace& face);

    const NetdevDirectory& netdevs_;
};

}  // namespace esw::sim
