// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/link_queries.h"

#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>

#include "utilities/esw-sim/transport/nl_bytes.h"

namespace esw::sim {

namespace {

constexpr size_t kAnswerRoom = 32768;
/// rtgenmsg, padded.
constexpr size_t kGeneralHeader = NLMSG_ALIGN(sizeof(rtgenmsg));

}  // namespace

std::optional<LinkState> LinkState::parse(ByteSpan payload) {
    constexpr size_t kHeader = NLMSG_ALIGN(sizeof(ifinfomsg));
    const auto header = read_front<ifinfomsg>(payload);
    if (!header || header->ifi_family != AF_UNSPEC || payload.size() < kHeader) {
        return std::nullopt;
    }
    LinkState state;
    state.ifindex = static_cast<uint32_t>(header->ifi_index);
    state.up = (header->ifi_flags & IFF_UP) != 0;
    if (const auto name = find_attribute(payload.subspan(kHeader), IFLA_IFNAME)) {
        state.name = attribute_text(*name);
    }
    const auto mtu = find_attribute(payload.subspan(kHeader), IFLA_MTU);
    state.mtu = mtu ? read_front<uint32_t>(mtu->payload).value_or(state.mtu) : state.mtu;
    return state;
}

Result<LinkQueries> LinkQueries::open() {
    UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) {
        return fail(errno, "rtnetlink", "open socket");
    }
    return LinkQueries(std::move(socket));
}

// The kernel has answered when send() returns.
Result<Bytes> LinkQueries::ask(Bytes request, const std::string& stage) {
    const uint32_t sequence = ++sequence_;
    close_message(request);
    edit_header(request, 0, [&](nlmsghdr& header) { header.nlmsg_seq = sequence; });
    if (::send(socket_.get(), request.data(), request.size(), 0) < 0) {
        return fail(errno, "rtnetlink", stage);
    }
    Bytes answer(kAnswerRoom);
    for (;;) {
        const ssize_t size = ::recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
        if (size < 0) {
            return fail(errno, "rtnetlink", stage);
        }
        ByteSpan rest(answer.data(), static_cast<size_t>(size));
        const auto message = next_message(rest);
        if (!message || message->header.nlmsg_seq != sequence) {
            continue;
        }
        if (message->header.nlmsg_type != NLMSG_ERROR) {
            return Bytes(message->whole.begin(), message->whole.end());
        }
        const int error = read_front<nlmsgerr>(message->payload()).value_or(nlmsgerr{}).error;
        return error == 0 ? Result<Bytes>(Bytes())
                          : Result<Bytes>(fail(-error, "rtnetlink", stage));
    }
}

Result<int> LinkQueries::namespace_id(int file) {
    for (const uint16_t type : {RTM_NEWNSID, RTM_GETNSID}) {
        const bool make = type == RTM_NEWNSID;
        Bytes request =
            open_message(type, static_cast<uint16_t>(NLM_F_REQUEST | (make ? NLM_F_ACK : 0)), 0, 0);
        append_value(request, rtgenmsg{AF_UNSPEC});
        append_number<uint32_t>(request, NETNSA_FD, static_cast<uint32_t>(file));
        if (make) {
            append_number<int32_t>(request, NETNSA_NSID, NETNSA_NSID_NOT_ASSIGNED);
        }
        const auto answer = ask(std::move(request), "number a network namespace");
        if (!answer && !(make && answer.error().code == EEXIST)) {
            return fail(answer.error());
        }
        if (make) {
            continue;
        }
        const ByteSpan payload = ByteSpan(*answer).subspan(NLMSG_HDRLEN);
        const auto id = payload.size() < kGeneralHeader
                            ? std::nullopt
                            : find_attribute(payload.subspan(kGeneralHeader), NETNSA_NSID);
        const auto nsid = id ? read_front<int32_t>(id->payload) : std::nullopt;
        if (nsid && *nsid >= 0) {
            return *nsid;
        }
    }
    return fail(ENOENT, "rtnetlink", "number a network namespace");
}

Result<LinkState> LinkQueries::find(int nsid, const std::string& name) {
    Bytes request = open_message(RTM_GETLINK, NLM_F_REQUEST, 0, 0);
    append_value(request, ifinfomsg{});
    append_text(request, IFLA_IFNAME, name);
    if (nsid != kOwnNamespace) {
        append_number<int32_t>(request, IFLA_TARGET_NETNSID, nsid);
    }
    const auto answer = ask(std::move(request), "look for " + name);
    if (!answer) {
        return fail(answer.error());
    }
    auto link = LinkState::parse(ByteSpan(*answer).subspan(NLMSG_HDRLEN));
    return link ? Result<LinkState>(std::move(*link))
                : Result<LinkState>(fail(ENODEV, name, "look for netdev"));
}

}  // namespace esw::sim
