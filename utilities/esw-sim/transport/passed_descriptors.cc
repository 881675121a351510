// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/passed_descriptors.h"

#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

namespace esw::sim {

namespace {

/// Called with each attribute that is a descriptor.
using Found = std::function<void(const AttributeView&)>;

void search_link(ByteSpan payload, const Found& found);

/// The other end of a new veth pair is described as a link of its own.
void search_link_info(ByteSpan link_info, const Found& found) {
    const auto data = find_attribute(link_info, IFLA_INFO_DATA);
    const auto kind = find_attribute(link_info, IFLA_INFO_KIND);
    const bool veth = kind && attribute_text(*kind) == "veth";
    if (const auto peer = data && veth ? find_attribute(data->payload, VETH_INFO_PEER)
                                       : std::optional<AttributeView>()) {
        search_link(peer->payload, found);
    }
}

void search_link(ByteSpan payload, const Found& found) {
    constexpr size_t kHeader = NLMSG_ALIGN(sizeof(ifinfomsg));
    ByteSpan attributes = payload.subspan(std::min(kHeader, payload.size()));
    while (const auto attribute = next_attribute(attributes)) {
        if (attribute->type == IFLA_NET_NS_FD) {
            found(*attribute);
        } else if (attribute->type == IFLA_LINKINFO) {
            search_link_info(attribute->payload, found);
        } else if (attribute->type == IFLA_XDP) {
            for (const uint16_t type : {IFLA_XDP_FD, IFLA_XDP_EXPECTED_FD}) {
                if (const auto fd = find_attribute(attribute->payload, type)) {
                    found(*fd);
                }
            }
        }
    }
}

void search(const MessageView& message, const Found& found) {
    const ByteSpan payload = message.payload();
    switch (message.header.nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_SETLINK:
        case RTM_DELLINK:
        case RTM_GETLINK:
            search_link(payload, found);
            break;
        case RTM_NEWNSID:
        case RTM_GETNSID: {
            constexpr size_t kHeader = NLMSG_ALIGN(sizeof(rtgenmsg));
            const ByteSpan attributes = payload.subspan(std::min(kHeader, payload.size()));
            if (const auto fd = find_attribute(attributes, NETNSA_FD)) {
                found(*fd);
            }
            break;
        }
        default:
            break;
    }
}

void search_datagram(ByteSpan datagram, const Found& found) {
    while (const auto message = next_message(datagram)) {
        search(*message, [&](const AttributeView& attribute) {
            if (attribute.payload.size() >= sizeof(int32_t)) {
                found(attribute);
            }
        });
    }
}

}  // namespace

bool PassedDescriptors::are_in(ByteSpan datagram) {
    bool any = false;
    search_datagram(datagram, [&](const AttributeView&) { any = true; });
    return any;
}

void PassedDescriptors::take(Bytes& datagram) {
    search_datagram(datagram, [&](const AttributeView& attribute) {
        const auto at = static_cast<size_t>(attribute.payload.data() - datagram.data());
        const int32_t fd = copy_of(*read_front<int32_t>(attribute.payload));
        std::memcpy(datagram.data() + at, &fd, sizeof fd);
    });
}

int PassedDescriptors::copy_of(int fd) {
    if (!process_) {
        process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, caller_, 0)));
    }
    UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process_.get(), fd, 0)));
    const int number = copy ? copy.get() : -1;
    copies_.push_back(std::move(copy));
    return number;
}

}  // namespace esw::sim
