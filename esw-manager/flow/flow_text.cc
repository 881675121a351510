// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_text.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace esw {

namespace {

using Bytes = std::span<const uint8_t>;

bool is_zero(Bytes bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

bool is_all_ones(Bytes bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xff; });
}

std::string mac(Bytes bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, ":"));
}

std::string ip(Bytes bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
    return text.data();
}

/// The members of one header, "NAME(MEMBER=VALUE,...)".
class Header {
public:
    explicit Header(std::string_view name) : name_(name) {}

    template <class Write>
    Header& bytes(std::string_view name, Bytes value, Bytes mask, Write write) {
        if (!is_zero(mask)) {
            add(name, write(value), is_all_ones(mask) ? "" : write(mask));
        }
        return *this;
    }

    template <class T>
    Header& number(std::string_view name, T value, T mask, T ones = static_cast<T>(~T{}),
                   const char* format = "{}") {
        if (mask) {
            add(name, fmt::format(fmt::runtime(format), value),
                mask == ones ? "" : fmt::format("{:#x}", mask));
        }
        return *this;
    }

    Header& word(std::string text) {
        members_.push_back(std::move(text));
        return *this;
    }

    bool is_empty() const { return members_.empty(); }
    std::string to_string() const { return fmt::format("{}({})", name_, fmt::join(members_, ",")); }

private:
    void add(std::string_view name, const std::string& value, const std::string& mask) {
        members_.push_back(fmt::format("{}={}{}{}", name, value, mask.empty() ? "" : "/", mask));
    }

    std::string_view name_;
    std::vector<std::string> members_;
};

/// Of the sixteen bytes of an address those that it has.
Bytes address(const uint8_t (&bytes)[16], bool is_ipv6) {
    return is_ipv6 ? Bytes(bytes) : Bytes(bytes).subspan(12);
}

Header eth(const esw_flow_key& key, const esw_flow_key& mask) {
    Header header("eth");
    header.bytes("src", key.eth_src, mask.eth_src, mac)
        .bytes("dst", key.eth_dst, mask.eth_dst, mac);
    return header;
}

Header vlan(const esw_vlan& key, const esw_vlan& mask) {
    Header header("vlan");
    if (mask.tci && !(key.tci & ESW_VLAN_PRESENT)) {
        header.word("none");
    } else if (mask.tci) {
        header.number<unsigned>("vid", key.tci & 0xfff, mask.tci & 0xfff, 0xfff)
            .number<unsigned>("pcp", key.tci >> 13, mask.tci >> 13, 7);
        if (header.is_empty()) {
            header.word("any");
        }
    }
    return header.number("tpid", key.tpid, mask.tpid, uint16_t{0xffff}, "{:#06x}");
}

Header ip_header(const esw_flow_key& key, const esw_flow_key& mask) {
    const bool is_ipv6 = key.eth_type == 0x86dd;
    Header header(is_ipv6 ? "ipv6" : key.eth_type == 0x0800 ? "ipv4" : "ip");
    header.bytes("src", address(key.ip_src, is_ipv6), address(mask.ip_src, is_ipv6), ip)
        .bytes("dst", address(key.ip_dst, is_ipv6), address(mask.ip_dst, is_ipv6), ip)
        .number<uint32_t>("label", key.ipv6_label, mask.ipv6_label, 0xfffff, "{:#x}")
        .number("proto", key.ip_proto, mask.ip_proto)
        .number("tos", key.ip_tos, mask.ip_tos, uint8_t{0xff}, "{:#x}")
        .number("ttl", key.ip_ttl, mask.ip_ttl);
    if (mask.ip_frag) {
        header.word(!(key.ip_frag & ESW_FRAGMENT_ANY)      ? "frag=no"
                    : !(mask.ip_frag & ESW_FRAGMENT_LATER) ? "frag=yes"
                    : key.ip_frag & ESW_FRAGMENT_LATER     ? "frag=later"
                                                           : "frag=first");
    }
    return header;
}

Header l4(const esw_flow_key& key, const esw_flow_key& mask) {
    const bool is_icmp = key.ip_proto == IPPROTO_ICMP || key.ip_proto == IPPROTO_ICMPV6;
    Header header(key.ip_proto == IPPROTO_TCP      ? "tcp"
                  : key.ip_proto == IPPROTO_UDP    ? "udp"
                  : key.ip_proto == IPPROTO_SCTP   ? "sctp"
                  : key.ip_proto == IPPROTO_ICMP   ? "icmp"
                  : key.ip_proto == IPPROTO_ICMPV6 ? "icmpv6"
                                                   : "l4");
    header.number(is_icmp ? "type" : "src", key.l4_src, mask.l4_src)
        .number(is_icmp ? "code" : "dst", key.l4_dst, mask.l4_dst)
        .number<uint16_t>("flags", key.tcp_flags, mask.tcp_flags, 0xfff, "{:#05x}");
    return header;
}

Header tunnel(const esw_tunnel_key& key, const esw_tunnel_key& mask) {
    const bool is_ipv6 = key.is_ipv6;
    Header header("tunnel");
    header.number("tun_id", key.id, mask.id, UINT64_MAX, "{:#x}")
        .bytes("src", address(key.src, is_ipv6), address(mask.src, is_ipv6), ip)
        .bytes("dst", address(key.dst, is_ipv6), address(mask.dst, is_ipv6), ip)
        .number("tos", key.tos, mask.tos, uint8_t{0xff}, "{:#x}")
        .number("ttl", key.ttl, mask.ttl)
        .number("tp_src", key.udp_src, mask.udp_src)
        .number("tp_dst", key.udp_dst, mask.udp_dst)
        .number("flags", key.flags, mask.flags, uint16_t{0xffff}, "{:#x}");
    if (mask.options_length) {
        const size_t length = std::min<size_t>(key.options_length, sizeof key.options);
        header.word(fmt::format("options={:02x}", fmt::join(Bytes(key.options, length), "")));
    }
    return header;
}

struct FieldName {
    const char *header, *member;
    enum { kMac, kIp4, kIp6, kNumber } form;
    size_t size;
};

FieldName name_of(esw_field field) {
    switch (field) {
        case ESW_FIELD_ETH_SRC:
            return {"eth", "src", FieldName::kMac, 6};
        case ESW_FIELD_ETH_DST:
            return {"eth", "dst", FieldName::kMac, 6};
        case ESW_FIELD_IPV4_SRC:
            return {"ipv4", "src", FieldName::kIp4, 4};
        case ESW_FIELD_IPV4_DST:
            return {"ipv4", "dst", FieldName::kIp4, 4};
        case ESW_FIELD_IPV4_TOS:
            return {"ipv4", "tos", FieldName::kNumber, 1};
        case ESW_FIELD_IPV4_TTL:
            return {"ipv4", "ttl", FieldName::kNumber, 1};
        case ESW_FIELD_IPV6_SRC:
            return {"ipv6", "src", FieldName::kIp6, 16};
        case ESW_FIELD_IPV6_DST:
            return {"ipv6", "dst", FieldName::kIp6, 16};
        case ESW_FIELD_IPV6_TRAFFIC_CLASS:
            return {"ipv6", "tclass", FieldName::kNumber, 1};
        case ESW_FIELD_IPV6_HOP_LIMIT:
            return {"ipv6", "hlimit", FieldName::kNumber, 1};
        case ESW_FIELD_IPV6_LABEL:
            return {"ipv6", "label", FieldName::kNumber, 4};
        case ESW_FIELD_TCP_SRC:
            return {"tcp", "src", FieldName::kNumber, 2};
        case ESW_FIELD_TCP_DST:
            return {"tcp", "dst", FieldName::kNumber, 2};
        case ESW_FIELD_UDP_SRC:
            return {"udp", "src", FieldName::kNumber, 2};
        case ESW_FIELD_UDP_DST:
            return {"udp", "dst", FieldName::kNumber, 2};
    }
    return {"field", "unknown", FieldName::kNumber, 1};
}

uint32_t big_endian(Bytes bytes) {
    uint32_t value = 0;
    for (const uint8_t byte : bytes) {
        value = value << 8 | byte;
    }
    return value;
}

std::string set(const esw_set_action& action) {
    const FieldName name = name_of(action.field);
    const Bytes value = Bytes(action.value).first(name.size);
    Bytes mask = Bytes(action.mask).first(name.size);
    Header header(name.header);
    if (name.form == FieldName::kNumber) {
        const auto ones = action.field == ESW_FIELD_IPV6_LABEL
                              ? 0xfffffu
                              : static_cast<uint32_t>((uint64_t{1} << 8 * name.size) - 1);
        header.number(name.member, big_endian(value), big_endian(mask), ones);
    } else {
        header.bytes(name.member, value, mask, name.form == FieldName::kMac ? mac : ip);
    }
    return fmt::format("set({})", header.to_string());
}

std::string to_text(const esw_flow_action& action) {
    switch (action.type) {
        case ESW_ACTION_OUTPUT:
            return std::to_string(action.port);
        case ESW_ACTION_DROP:
            return "drop";
        case ESW_ACTION_SET:
            return set(action.set);
        case ESW_ACTION_PUSH_VLAN:
            return fmt::format(
                "push_vlan({}vid={},pcp={})",
                action.vlan.tpid == 0x8100 ? "" : fmt::format("tpid={:#06x},", action.vlan.tpid),
                action.vlan.tci & 0xfff, action.vlan.tci >> 13);
        case ESW_ACTION_POP_VLAN:
            return "pop_vlan";
        case ESW_ACTION_TUNNEL_PUSH:
            return fmt::format("tnl_push(tnl_port({}),{}(header={} bytes),out_port({}))",
                               action.push.tunnel_port,
                               action.push.type == ESW_TUNNEL_VXLAN    ? "vxlan"
                               : action.push.type == ESW_TUNNEL_GENEVE ? "geneve"
                                                                       : "tunnel",
                               action.push.header_length, action.push.out_port);
        case ESW_ACTION_TUNNEL_POP:
            return fmt::format("tnl_pop({})", action.port);
        case ESW_ACTION_OTHER:
            return esw_refusal_name(action.refusal);
    }
    return "unknown";
}

}  // namespace

std::string to_text(const esw_flow_match& match) {
    std::vector<std::string> parts;
    parts.push_back(match.in_port == match.physical_port
                        ? fmt::format("in_port({})", match.in_port)
                        : fmt::format("in_port({} by {})", match.in_port, match.physical_port));
    const esw_flow_key &key = match.key, &mask = match.mask;
    const auto add = [&parts](const Header& header) {
        if (!header.is_empty()) {
            parts.push_back(header.to_string());
        }
    };
    add(tunnel(key.tunnel, mask.tunnel));
    add(eth(key, mask));
    add(vlan(key.vlans[0], mask.vlans[0]));
    add(vlan(key.vlans[1], mask.vlans[1]));
    if (mask.eth_type) {
        parts.push_back(fmt::format("eth_type({:#06x})", key.eth_type));
    }
    add(ip_header(key, mask));
    add(l4(key, mask));
    if (match.refusal != ESW_REFUSAL_NONE) {
        parts.push_back(esw_refusal_name(match.refusal));
    }
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string to_text(std::span<const esw_flow_action> actions) {
    std::vector<std::string> parts;
    for (const esw_flow_action& action : actions) {
        parts.push_back(to_text(action));
    }
    return parts.empty() ? "drop" : fmt::format("{}", fmt::join(parts, ","));
}

std::string to_text(const esw_ufid& ufid) {
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", ufid.high >> 32,
                       ufid.high >> 16 & 0xffff, ufid.high & 0xffff, ufid.low >> 48,
                       ufid.low & 0xffffffffffff);
}

}  // namespace esw
