// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/netdev_requests.h"

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cstddef>

namespace esw::sim {
namespace {

/// ifinfomsg, if_stats_msg and tcmsg have it at the same place.
constexpr size_t kIndexAt = offsetof(ifinfomsg, ifi_index);
static_assert(kIndexAt == offsetof(if_stats_msg, ifindex));
static_assert(kIndexAt == offsetof(tcmsg, tcm_ifindex));

bool is_about_a_netdev(uint16_t type) {
    switch (type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
        case RTM_GETLINK:
        case RTM_SETLINK:
        case RTM_GETSTATS:
        case RTM_NEWQDISC:
        case RTM_DELQDISC:
        case RTM_GETQDISC:
            return true;
        default:
            return false;
    }
}

uint32_t ifindex_in_link_request(ByteSpan payload, const NetworkView& view) {
    constexpr size_t kAttributesAt = NLMSG_ALIGN(sizeof(ifinfomsg));
    if (payload.size() < kAttributesAt) {
        return 0;
    }
    for (const uint16_t type : {IFLA_IFNAME, IFLA_ALT_IFNAME}) {
        if (const auto name = find_attribute(payload.subspan(kAttributesAt), type)) {
            return view.ifindex_of(std::string(attribute_text(*name)));
        }
    }
    return 0;
}

/// The index in the message's head, or what its name stands for, as rtnl_dev_get() has it.
uint32_t ifindex_in_route_request(const MessageView& message, const NetworkView& view) {
    const ByteSpan payload = message.payload();
    const uint16_t type = message.header.nlmsg_type;
    const bool dump = (message.header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    if (dump || !is_about_a_netdev(type)) {
        return 0;
    }
    const auto index = read_front<uint32_t>(payload.subspan(kIndexAt)).value_or(0);
    const bool of_links = type >= RTM_NEWLINK && type <= RTM_SETLINK;
    return index == 0 && of_links ? ifindex_in_link_request(payload, view) : index;
}

}  // namespace

uint32_t requested_ifindex(int protocol, uint16_t ethtool_family, const MessageView& message,
                           const NetworkView& view) {
    const ByteSpan payload = message.payload();
    if (!(message.header.nlmsg_flags & NLM_F_REQUEST) || payload.size() < kIndexAt) {
        return 0;
    }
    if (protocol == NETLINK_ROUTE) {
        return ifindex_in_route_request(message, view);
    }
    return protocol == NETLINK_GENERIC && ethtool_family != 0 &&
                   message.header.nlmsg_type == ethtool_family
               ? named_ifindex(payload.subspan(GENL_HDRLEN), view)
               : 0;
}

}  // namespace esw::sim
