// SPDX-License-Identifier: Apache-2.0
#include "netlink/rtnl_client.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <utility>

#include "netlink/ethtool_codec.h"
#include "netlink/rtnl_codec.h"

namespace esw::netlink {

namespace {

constexpr const char* kEthtool = "ethtool";

std::string link_name(uint32_t ifindex) {
    return fmt::format("ifindex {}", ifindex);
}

Status ignore(const MessageView&) {
    return {};
}

Result<Link> whole_link(const MessageView& message) {
    auto event = rtnl::decode_link(message);
    if (!event) {
        return fail(event.error());
    }
    if (!*event) {
        return fail(EBADMSG, "", "", "rtnetlink NEWLINK: not about a link as a whole");
    }
    return (*std::move(event))->link;
}

}  // namespace

RtnlClient::RtnlClient(Requester& route, GenlFamilies& families, Deadlines deadlines)
    : route_(route), families_(families), deadlines_(deadlines) {}

template <class T>
Result<T> RtnlClient::get(const Call& call, Result<Bytes> request, const Decode<T>& decode) {
    if (!request) {
        return fail(request.error());
    }
    return route_.get<T>(*std::move(request), call, decode);
}

Result<std::vector<Link>> RtnlClient::links() {
    auto request = rtnl::encode_links_dump();
    if (!request) {
        return fail(request.error());
    }
    return route_.dump<Link>(*std::move(request), {"links", "list", deadlines_.query}, whole_link);
}

Result<Link> RtnlClient::link(uint32_t ifindex) {
    return get<Link>({link_name(ifindex), "get link", deadlines_.query},
                     rtnl::encode_link_get(ifindex), whole_link);
}

Result<LinkStats> RtnlClient::stats(uint32_t ifindex) {
    return get<LinkStats>({link_name(ifindex), "get link statistics", deadlines_.query},
                          rtnl::encode_stats_get(ifindex), rtnl::decode_stats);
}

Status RtnlClient::change(const LinkChange& change) {
    Call call{link_name(change.ifindex), "change link", deadlines_.change};
    call.attributes = rtnl::link_attributes();
    call.attributes_at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(ifinfomsg));
    auto request = rtnl::encode_link_change(change);
    if (!request) {
        return fail(request.error().code, call.object, call.stage, request.error().detail);
    }
    return route_.transact(*std::move(request), call, ignore);
}

Result<LinkModes> RtnlClient::link_modes(uint32_t ifindex) {
    Call call{link_name(ifindex), "get link modes", deadlines_.query};
    call.attributes = ethtool::attributes();
    auto modes = families_.get<LinkModes>(
        kEthtool, call,
        [ifindex](uint16_t family) { return ethtool::encode_link_modes_get(family, ifindex); },
        ethtool::decode_link_modes);
    if (!modes) {
        return modes;
    }
    const auto port = families_.get<uint8_t>(
        kEthtool, call,
        [ifindex](uint16_t family) { return ethtool::encode_link_info_get(family, ifindex); },
        ethtool::decode_link_port);
    if (!port) {
        return fail(port.error());
    }
    modes->port = *port;
    return modes;
}

Result<NetdevFeatures> RtnlClient::features(uint32_t ifindex) {
    Call call{link_name(ifindex), "get features", deadlines_.query};
    call.attributes = ethtool::attributes();
    return families_.get<NetdevFeatures>(
        kEthtool, call,
        [ifindex](uint16_t family) { return ethtool::encode_features_get(family, ifindex); },
        ethtool::decode_active_features);
}

Status RtnlClient::set_feature(uint32_t ifindex, const std::string& feature, bool on) {
    const auto before = features(ifindex);
    if (!before) {
        return fail(before.error());
    }
    if (before->count(feature) == on) {
        return {};
    }
    Call call{link_name(ifindex), "set " + feature, deadlines_.change};
    call.attributes = ethtool::attributes();
    const auto encode = [&](uint16_t family) {
        return ethtool::encode_feature_set(family, ifindex, feature, on);
    };
    if (auto status = families_.transact(kEthtool, call, encode, ignore); !status) {
        return status;
    }
    // The kernel takes a wish that the driver does not follow without an error.
    const auto after = features(ifindex);
    if (!after) {
        return fail(after.error());
    }
    if (after->count(feature) != on) {
        return fail(ENOTSUP, call.object, call.stage,
                    fmt::format("the driver keeps it {}", on ? "off" : "on"));
    }
    return {};
}

Result<bool> RtnlClient::remove_ingress_qdisc(uint32_t ifindex) {
    const Call call{link_name(ifindex), "remove ingress qdisc", deadlines_.change};
    auto request = rtnl::encode_ingress_qdisc_del(ifindex);
    if (!request) {
        return fail(request.error());
    }
    const auto status = route_.transact(*std::move(request), call, ignore);
    if (status) {
        return true;
    }
    // ENOENT: nothing at this hook. EOPNOTSUPP: a kernel without traffic control.
    if (status.error().code == ENOENT || status.error().code == EOPNOTSUPP) {
        return false;
    }
    return fail(status.error());
}

}  // namespace esw::netlink
