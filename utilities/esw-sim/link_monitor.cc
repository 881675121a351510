// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/link_monitor.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "utilities/esw-sim/transport/nl_bytes.h"

namespace esw::sim {

namespace {

constexpr int kReceiveBuffer = 8 << 20;  // 1000s of netdevs coming and going in one operation
constexpr size_t kGeneralHeader = NLMSG_ALIGN(sizeof(rtgenmsg));

/// The namespace that a datagram is from, which the kernel leaves out for the socket's own.
int nsid_of(msghdr& message) {
    int nsid = kOwnNamespace;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
            std::memcpy(&nsid, CMSG_DATA(c), sizeof nsid);
        }
    }
    return nsid;
}

}  // namespace

Result<std::unique_ptr<LinkMonitor>> LinkMonitor::create(EventLoop& loop, Callbacks callbacks) {
    std::unique_ptr<LinkMonitor> monitor(new LinkMonitor(std::move(callbacks)));
    if (const Status opened = monitor->open(loop); !opened) {
        return fail(opened.error());
    }
    return monitor;
}

Status LinkMonitor::open(EventLoop& loop) {
    buffer_.resize(65536);
    socket_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | 1U << (RTNLGRP_NSID - 1);
    const int on = 1;
    if (!socket_) {
        return fail(errno, "rtnetlink", "open socket");
    }
    hears_all_ =
        ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) == 0;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return fail(errno, "rtnetlink", "listen");
    }
    auto watch = loop.watch(socket_.get(), EventLoop::Interest::kRead, [this] { read(); });
    if (!watch) {
        return fail(watch.error());
    }
    watch_ = std::move(*watch);
    return {};
}

void LinkMonitor::read() {
    while (read_one()) {
    }
}

/// False when there is nothing to read.
bool LinkMonitor::read_one() {
    alignas(cmsghdr) char control[64];
    iovec part{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(socket_.get(), &message, 0);
    if (size < 0 && errno == ENOBUFS) {
        callbacks_.lost();
        return true;
    }
    if (size <= 0) {
        return size < 0 && errno == EINTR;
    }
    take(nsid_of(message), ByteSpan(buffer_.data(), static_cast<size_t>(size)));
    return true;
}

void LinkMonitor::take(int nsid, ByteSpan datagram) {
    while (const auto message = next_message(datagram)) {
        const ByteSpan payload = message->payload();
        switch (message->header.nlmsg_type) {
            case RTM_NEWLINK:
            case RTM_DELLINK:
                take_link(nsid, message->header, payload);
                break;
            case RTM_DELNSID: {
                // Numbers that others have for a namespace mean nothing here.
                const auto id = nsid == kOwnNamespace && payload.size() >= kGeneralHeader
                                    ? find_attribute(payload.subspan(kGeneralHeader), NETNSA_NSID)
                                    : std::nullopt;
                if (const auto gone = id ? read_front<int32_t>(id->payload) : std::nullopt) {
                    callbacks_.namespace_gone(*gone);
                }
                break;
            }
            default:
                break;
        }
    }
}

void LinkMonitor::take_link(int nsid, const nlmsghdr& header, ByteSpan payload) {
    const auto state = LinkState::parse(payload);
    if (!state) {
        return;
    }
    const LinkPlace place{nsid, state->ifindex};
    if (header.nlmsg_type == RTM_DELLINK) {
        callbacks_.gone(place);
    } else {
        callbacks_.seen(place, *state);
    }
}

}  // namespace esw::sim
