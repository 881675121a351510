// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/link_rewriter.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace esw::sim {

namespace {

constexpr size_t kLinkHeader = NLMSG_ALIGN(sizeof(ifinfomsg));

bool is_tun(const AttributeView& link_info) {
    const auto kind = find_attribute(link_info.payload, IFLA_INFO_KIND);
    return kind && attribute_text(*kind) == "tun";
}

bool replaced(const AttributeView& attribute) {
    switch (attribute.type) {
        case IFLA_PHYS_SWITCH_ID:
        case IFLA_PHYS_PORT_NAME:
        case IFLA_PARENT_DEV_NAME:
        case IFLA_PARENT_DEV_BUS_NAME:
            return true;
        case IFLA_LINKINFO:
            return is_tun(attribute);
        default:
            return false;
    }
}

}  // namespace

const NetdevFace* LinkRewriter::face_of(const MessageView& message,
                                        const NamespaceId& network) const {
    const uint16_t type = message.header.nlmsg_type;
    if (type != RTM_NEWLINK && type != RTM_DELLINK) {
        return nullptr;
    }
    const auto link = read_front<ifinfomsg>(message.payload());
    // Bridge ports are also told by these messages, with none of the attributes.
    if (!link || link->ifi_family != AF_UNSPEC || link->ifi_index <= 0) {
        return nullptr;
    }
    const auto ifindex = static_cast<uint32_t>(link->ifi_index);
    const NetdevFace* const face = netdevs_.find(network, ifindex);
    return face || type == RTM_NEWLINK ? face : netdevs_.find_former(network, ifindex);
}

// In the order of rtnl_fill_ifinfo() in net/core/rtnetlink.c: those of the parent come last.
void LinkRewriter::append_rewritten(Bytes& to, const MessageView& message, const NetdevFace& face) {
    const size_t start = to.size();
    append_padded(to, message.whole.first(NLMSG_HDRLEN + kLinkHeader));
    ByteSpan attributes = message.payload().subspan(kLinkHeader);
    while (const auto attribute = next_attribute(attributes)) {
        if (!replaced(*attribute)) {
            append_padded(to, attribute->whole);
        }
    }
    if (!face.phys_port_name.empty()) {
        append_text(to, IFLA_PHYS_PORT_NAME, face.phys_port_name);
    }
    if (!face.switch_id.empty()) {
        append_attribute(to, IFLA_PHYS_SWITCH_ID, std::as_bytes(std::span(face.switch_id)));
    }
    if (!face.parent_device.empty()) {
        append_text(to, IFLA_PARENT_DEV_NAME, face.parent_device);
    }
    if (!face.parent_bus.empty()) {
        append_text(to, IFLA_PARENT_DEV_BUS_NAME, face.parent_bus);
    }
    edit_header(to, start, [&](nlmsghdr& header) {
        header.nlmsg_len = static_cast<uint32_t>(to.size() - start);
    });
}

bool LinkRewriter::rewrite(Bytes& datagram, const NamespaceId& network) const {
    Bytes changed;
    bool any = false;
    ByteSpan rest(datagram);
    while (const auto message = next_message(rest)) {
        const NetdevFace* face = face_of(*message, network);
        if (face && message->payload().size() >= kLinkHeader) {
            append_rewritten(changed, *message, *face);
            any = true;
        } else {
            append_padded(changed, message->whole);
        }
    }
    if (any) {
        datagram = std::move(changed);
    }
    return any;
}

}  // namespace esw::sim
