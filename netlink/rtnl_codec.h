// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/result.h"
#include "netlink/message_parser.h"
#include "netlink/rtnl_types.h"

/// rtnetlink's link messages to and from values: pure functions. Encoders give whole requests that
/// lack only sequence number and port.
namespace esw::netlink::rtnl {

/// Links are asked for without the list of VFs (with many of them the kernel's answer would not fit
/// a netlink message) and without the statistics of address families.
Result<Bytes> encode_links_dump();
Result<Bytes> encode_link_get(uint32_t ifindex);
Result<Bytes> encode_stats_get(uint32_t ifindex);
Result<Bytes> encode_link_change(const LinkChange& change);
/// The qdisc at the ingress hook, "ingress" and "clsact" alike (they have the same place).
Result<Bytes> encode_ingress_qdisc_del(uint32_t ifindex);

/// A NEWLINK or DELLINK, notification or reply. Nothing for one that does not describe a link as a
/// whole: those of other families (a bridge's view of its port, where DELLINK means "left the
/// bridge") and wireless events.
Result<std::optional<LinkEvent>> decode_link(const MessageView& message);
Result<LinkStats> decode_stats(const MessageView& message);

/// Of link requests, for the names of attributes that the kernel complains about.
AttributeTable link_attributes();

}  // namespace esw::netlink::rtnl
