// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/ethtool_links.h"

#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>

#include <cerrno>

namespace esw::sim {

namespace {

uint8_t command_of(const MessageView& message) {
    const auto header = read_front<genlmsghdr>(message.payload());
    return header ? header->cmd : 0;
}

}  // namespace

bool EthtoolLinks::has_none(const MessageView& message, const NetworkView& view) const {
    const uint32_t ifindex = named_ifindex(message.payload().subspan(GENL_HDRLEN), view);
    const NetdevFace* const face = ifindex != 0 ? netdevs_.find(view.network, ifindex) : nullptr;
    return face && face->link_speed_mbps == 0;
}

bool EthtoolLinks::is_refused(const MessageView& message, const NetworkView& view) const {
    const uint8_t command = command_of(message);
    return family_ != 0 && message.header.nlmsg_type == family_ &&
           (command == ETHTOOL_MSG_LINKINFO_GET || command == ETHTOOL_MSG_LINKMODES_GET ||
            command == ETHTOOL_MSG_DEBUG_GET) &&
           has_none(message, view);
}

void EthtoolLinks::refuse(Request& request) {
    const auto header = read_front<genlmsghdr>(request.payload());
    const bool settings = header && header->cmd != ETHTOOL_MSG_DEBUG_GET;
    request.finish(EOPNOTSUPP, settings ? "failed to retrieve link settings" : "");
}

void EthtoolLinks::correct(Bytes& datagram, const NetworkView& view) const {
    Bytes left;
    ByteSpan rest(datagram);
    while (const auto message = next_message(rest)) {
        const uint8_t command = command_of(*message);
        const bool settings =
            family_ != 0 && message->header.nlmsg_type == family_ &&
            (command == ETHTOOL_MSG_LINKINFO_GET_REPLY ||
             command == ETHTOOL_MSG_LINKMODES_GET_REPLY || command == ETHTOOL_MSG_LINKINFO_NTF ||
             command == ETHTOOL_MSG_LINKMODES_NTF);
        if (!settings || !has_none(*message, view)) {
            append_padded(left, message->whole);
        }
    }
    if (left.size() < datagram.size() && rest.empty()) {
        datagram = std::move(left);
    }
}

}  // namespace esw::sim
