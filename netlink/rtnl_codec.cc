// SPDX-License-Identifier: Apache-2.0
#include "netlink/rtnl_codec.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <utility>

#include "netlink/message_builder.h"

namespace esw::netlink::rtnl {

namespace {

using enum AttributeKind;

constexpr AttributeSpec kBond[] = {
    {IFLA_BOND_MODE, kU8, "BOND_MODE"},
    {IFLA_BOND_ACTIVE_SLAVE, kU32, "BOND_ACTIVE_SLAVE"},
    {IFLA_BOND_MIIMON, kU32, "BOND_MIIMON"},
    {IFLA_BOND_XMIT_HASH_POLICY, kU8, "BOND_XMIT_HASH_POLICY"},
};

constexpr AttributeSpec kBondSlave[] = {
    {IFLA_BOND_SLAVE_STATE, kU8, "BOND_SLAVE_STATE"},
    {IFLA_BOND_SLAVE_MII_STATUS, kU8, "BOND_SLAVE_MII_STATUS"},
    {IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, kU16, "BOND_SLAVE_AD_AGGREGATOR_ID"},
};

// The tables of the data are those of a bond; other kinds' data are not looked into.
constexpr AttributeSpec kLinkInfo[] = {
    {IFLA_INFO_KIND, kString, "INFO_KIND"},
    {IFLA_INFO_DATA, kNested, "INFO_DATA", kBond},
    {IFLA_INFO_SLAVE_KIND, kString, "INFO_SLAVE_KIND"},
    {IFLA_INFO_SLAVE_DATA, kNested, "INFO_SLAVE_DATA", kBondSlave},
};

constexpr AttributeSpec kPropList[] = {
    {IFLA_ALT_IFNAME, kString, "ALT_IFNAME"},
};

constexpr AttributeSpec kLink[] = {
    {IFLA_ADDRESS, kBinary, "ADDRESS"},
    {IFLA_IFNAME, kString, "IFNAME"},
    {IFLA_MTU, kU32, "MTU"},
    {IFLA_MASTER, kU32, "MASTER"},
    {IFLA_WIRELESS, kBinary, "WIRELESS"},
    {IFLA_OPERSTATE, kU8, "OPERSTATE"},
    {IFLA_LINKINFO, kNested, "LINKINFO", kLinkInfo},
    {IFLA_CARRIER, kU8, "CARRIER"},
    {IFLA_PHYS_SWITCH_ID, kBinary, "PHYS_SWITCH_ID"},
    {IFLA_PHYS_PORT_NAME, kString, "PHYS_PORT_NAME"},
    {IFLA_EVENT, kU32, "EVENT"},
    {IFLA_MIN_MTU, kU32, "MIN_MTU"},
    {IFLA_MAX_MTU, kU32, "MAX_MTU"},
    {IFLA_PROP_LIST, kNested, "PROP_LIST", kPropList},
    {IFLA_PARENT_DEV_NAME, kString, "PARENT_DEV_NAME"},
    {IFLA_PARENT_DEV_BUS_NAME, kString, "PARENT_DEV_BUS_NAME"},
};

// The structure has grown over time; its first part, up to rx_compressed and tx_compressed, is in
// all kernels.
constexpr AttributeSpec kStats[] = {
    {IFLA_STATS_LINK_64, kBinary, "STATS_LINK_64", {}, offsetof(rtnl_link_stats64, rx_nohandler)},
};

ifinfomsg link_header(uint32_t ifindex) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = static_cast<int>(ifindex);
    return header;
}

Status read_bond(const Attributes& info, Link& link) {
    if (link.kind == "bond") {
        const auto data = info.nested(IFLA_INFO_DATA);
        if (!data) {
            return fail(data.error());
        }
        BondInfo bond;
        if (*data) {
            bond.mode = (*data)->u8(IFLA_BOND_MODE);
            bond.active_slave = (*data)->u32(IFLA_BOND_ACTIVE_SLAVE);
            bond.xmit_hash_policy = (*data)->u8(IFLA_BOND_XMIT_HASH_POLICY);
            bond.miimon_ms = (*data)->u32(IFLA_BOND_MIIMON);
        }
        link.bond = bond;
    }
    if (link.slave_kind == "bond") {
        const auto data = info.nested(IFLA_INFO_SLAVE_DATA);
        if (!data) {
            return fail(data.error());
        }
        BondSlaveInfo slave;
        if (*data) {
            slave.state = (*data)->u8(IFLA_BOND_SLAVE_STATE);
            slave.mii_status = (*data)->u8(IFLA_BOND_SLAVE_MII_STATUS);
            slave.aggregator = (*data)->u16(IFLA_BOND_SLAVE_AD_AGGREGATOR_ID);
        }
        link.bond_slave = slave;
    }
    return {};
}

Status read_nests(const Attributes& in, Link& link) {
    const auto info = in.nested(IFLA_LINKINFO);
    if (!info) {
        return fail(info.error());
    }
    if (*info) {
        link.kind = (*info)->string(IFLA_INFO_KIND).value_or("");
        link.slave_kind = (*info)->string(IFLA_INFO_SLAVE_KIND).value_or("");
        if (auto read = read_bond(**info, link); !read) {
            return read;
        }
    }
    const auto properties = in.nested(IFLA_PROP_LIST);
    if (!properties) {
        return fail(properties.error());
    }
    if (*properties) {
        link.alt_names = (*properties)->all_strings(IFLA_ALT_IFNAME);
    }
    return {};
}

Result<Link> link_of(const ifinfomsg& header, const Attributes& in) {
    Link link;
    link.ifindex = static_cast<uint32_t>(header.ifi_index);
    link.flags = header.ifi_flags;
    auto name = in.require_string(IFLA_IFNAME);
    if (!name) {
        return fail(name.error());
    }
    link.name = *std::move(name);
    link.mac = in.mac(IFLA_ADDRESS);
    link.mtu = in.u32(IFLA_MTU);
    link.min_mtu = in.u32(IFLA_MIN_MTU);
    link.max_mtu = in.u32(IFLA_MAX_MTU);
    if (const auto carrier = in.u8(IFLA_CARRIER)) {
        link.carrier = *carrier != 0;
    }
    link.operstate = in.u8(IFLA_OPERSTATE);
    link.master = in.u32(IFLA_MASTER);
    if (const auto id = in.binary(IFLA_PHYS_SWITCH_ID)) {
        for (const std::byte byte : *id) {
            link.switch_id.push_back(std::to_integer<uint8_t>(byte));
        }
    }
    link.phys_port_name = in.string(IFLA_PHYS_PORT_NAME).value_or("");
    link.parent_bus = in.string(IFLA_PARENT_DEV_BUS_NAME).value_or("");
    link.parent_device = in.string(IFLA_PARENT_DEV_NAME).value_or("");
    if (auto read = read_nests(in, link); !read) {
        return fail(read.error());
    }
    return link;
}

}  // namespace

AttributeTable link_attributes() {
    return kLink;
}

Result<Bytes> encode_links_dump() {
    return MessageBuilder(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP)
        .put_header(link_header(0))
        .put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
        .finish();
}

Result<Bytes> encode_link_get(uint32_t ifindex) {
    return MessageBuilder(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK)
        .put_header(link_header(ifindex))
        .put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
        .finish();
}

Result<Bytes> encode_stats_get(uint32_t ifindex) {
    if_stats_msg header{};
    header.family = AF_UNSPEC;
    header.ifindex = ifindex;
    header.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
    return MessageBuilder(RTM_GETSTATS, NLM_F_REQUEST | NLM_F_ACK).put_header(header).finish();
}

Result<Bytes> encode_link_change(const LinkChange& change) {
    ifinfomsg header = link_header(change.ifindex);
    const auto set_flag = [&header](const std::optional<bool>& wanted, unsigned flag) {
        if (wanted) {
            header.ifi_change |= flag;
            header.ifi_flags |= *wanted ? flag : 0;
        }
    };
    set_flag(change.up, IFF_UP);
    set_flag(change.promiscuous, IFF_PROMISC);
    MessageBuilder builder(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
    builder.put_header(header);
    if (change.mtu) {
        builder.put_u32(IFLA_MTU, *change.mtu);
    }
    if (change.mac) {
        builder.put_mac(IFLA_ADDRESS, *change.mac);
    }
    if (change.name) {
        builder.put_string(IFLA_IFNAME, *change.name);
    }
    if (change.master) {
        builder.put_u32(IFLA_MASTER, *change.master);
    }
    return builder.finish();
}

Result<Bytes> encode_ingress_qdisc_del(uint32_t ifindex) {
    tcmsg header{};
    header.tcm_family = AF_UNSPEC;
    header.tcm_ifindex = static_cast<int>(ifindex);
    header.tcm_parent = TC_H_INGRESS;
    return MessageBuilder(RTM_DELQDISC, NLM_F_REQUEST | NLM_F_ACK).put_header(header).finish();
}

Result<std::optional<LinkEvent>> decode_link(const MessageView& message) {
    const bool removed = message.header.nlmsg_type == RTM_DELLINK;
    const MessageName name{"rtnetlink", removed ? "DELLINK" : "NEWLINK"};
    const auto header = message.fixed_header<ifinfomsg>(name);
    if (!header) {
        return fail(header.error());
    }
    if (header->ifi_family != AF_UNSPEC) {
        return std::optional<LinkEvent>{};
    }
    const auto in = Attributes::parse(message.behind(sizeof *header), kLink, name);
    if (!in) {
        return fail(in.error());
    }
    if (in->has(IFLA_WIRELESS)) {
        return std::optional<LinkEvent>{};
    }
    auto link = link_of(*header, *in);
    if (!link) {
        return fail(link.error());
    }
    return std::optional(LinkEvent{*std::move(link), removed, in->u32(IFLA_EVENT)});
}

Result<LinkStats> decode_stats(const MessageView& message) {
    const MessageName name{"rtnetlink", "NEWSTATS"};
    const auto header = message.fixed_header<if_stats_msg>(name);
    if (!header) {
        return fail(header.error());
    }
    const auto in = Attributes::parse(message.behind(sizeof *header), kStats, name);
    if (!in) {
        return fail(in.error());
    }
    const auto payload = in->binary(IFLA_STATS_LINK_64);
    if (!payload) {
        return in->malformed(IFLA_STATS_LINK_64, "missing");
    }
    rtnl_link_stats64 raw{};
    std::memcpy(&raw, payload->data(), std::min(sizeof raw, payload->size()));
    LinkStats out;
    out.rx_packets = raw.rx_packets;
    out.tx_packets = raw.tx_packets;
    out.rx_bytes = raw.rx_bytes;
    out.tx_bytes = raw.tx_bytes;
    out.rx_errors = raw.rx_errors;
    out.tx_errors = raw.tx_errors;
    out.rx_dropped = raw.rx_dropped;
    out.tx_dropped = raw.tx_dropped;
    out.multicast = raw.multicast;
    out.collisions = raw.collisions;
    out.rx_length_errors = raw.rx_length_errors;
    out.rx_over_errors = raw.rx_over_errors;
    out.rx_crc_errors = raw.rx_crc_errors;
    out.rx_frame_errors = raw.rx_frame_errors;
    out.rx_fifo_errors = raw.rx_fifo_errors;
    out.rx_missed_errors = raw.rx_missed_errors;
    out.tx_aborted_errors = raw.tx_aborted_errors;
    out.tx_carrier_errors = raw.tx_carrier_errors;
    out.tx_fifo_errors = raw.tx_fifo_errors;
    out.tx_heartbeat_errors = raw.tx_heartbeat_errors;
    out.tx_window_errors = raw.tx_window_errors;
    return out;
}

}  // namespace esw::netlink::rtnl
