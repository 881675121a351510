// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mlx5/random_flows.h"

#include <algorithm>
#include <cstring>

namespace esw::mlx5::test {

namespace {

/// None, all or some of the bits.
uint32_t random_mask(Random& random, uint32_t all) {
    const uint32_t kind = random.below(100);
    return kind < 50 ? 0 : kind < 85 ? all : random.bits() & all;
}

void random_bytes(Random& random, uint8_t* mask, size_t count) {
    const uint32_t kind = random.below(100);
    for (size_t i = 0; i < count; i++) {
        mask[i] = static_cast<uint8_t>(kind < 50   ? 0
                                       : kind < 80 ? 0xff
                                                   : random.one_of({0u, 0xffu, 0xf0u}));
    }
}

/// The ways of Open vSwitch, and some of others.
void random_tag(Random& random, esw_vlan& mask, bool always) {
    const uint32_t kind = random.below(100);
    if (kind < 10 && !always) {
        return;
    }
    mask.tci = random.one_of<uint16_t>({0x1fff, 0x1fff, 0xffff, 0xf000, 0x1000, 0x1f00});
    mask.tpid = random.one_of<uint16_t>({0, 0xffff, 0xffff, 0x0100});
}

void random_transport(Random& random, esw_flow_match& match) {
    esw_flow_key& mask = match.mask;
    mask.l4_src = static_cast<uint16_t>(random_mask(random, 0xffff));
    mask.l4_dst = static_cast<uint16_t>(random_mask(random, 0xffff));
    if (match.key.ip_proto == 6) {
        mask.tcp_flags =
            static_cast<uint16_t>(random_mask(random, random.percent(95) ? 0x1ff : 0xfff));
    }
}

void random_network(Random& random, esw_flow_match& match) {
    esw_flow_key& mask = match.mask;
    const bool is_ip6 = match.key.eth_type == 0x86dd;
    const size_t unused = is_ip6 ? 0 : 12;
    random_bytes(random, mask.ip_src + unused, 16 - unused);
    random_bytes(random, mask.ip_dst + unused, 16 - unused);
    mask.ip_tos = static_cast<uint8_t>(random_mask(random, 0xff));
    mask.ip_ttl = static_cast<uint8_t>(random_mask(random, 0xff));
    // Of most fragments the adapter can be asked only whether they are some.
    const bool fragment = match.key.ip_frag != 0 && !is_ip6 && random.percent(80);
    mask.ip_frag = fragment ? 1 : random.one_of<uint8_t>({3, 3, 3, 3, 3, 3, 3, 1, 1, 0});
    if (is_ip6) {
        mask.ipv6_label = random_mask(random, 0xfffff);
        mask.ip_proto = random.percent(75) ? 0xff : 0;
    } else {
        mask.ip_proto = static_cast<uint8_t>(random.percent(70) ? 0xff : random_mask(random, 0xff));
    }
    if (mask.ip_proto == 0xff && match.key.ip_proto != 132 && !fragment) {
        random_transport(random, match);
    }
}

// ---- Actions ----

esw_flow_action random_set(Random& random, esw_field field, size_t bytes) {
    esw_flow_action action = simple(ESW_ACTION_SET);
    action.set = {};
    action.set.field = field;
    const bool whole = random.percent(70);
    for (size_t i = 0; i < bytes; i++) {
        action.set.mask[i] = static_cast<uint8_t>(whole ? 0xff : random.one_of({0u, 0xffu, 0x3cu}));
        action.set.value[i] = static_cast<uint8_t>(random.bits());
    }
    return action;
}

struct FieldSize {
    esw_field field;
    size_t bytes;
};

/// What a packet of the key has, now and then something else.
FieldSize random_field(Random& random, const esw_flow_key& key) {
    std::vector<FieldSize> fields = {{ESW_FIELD_ETH_SRC, 6}, {ESW_FIELD_ETH_DST, 6}};
    const bool any = random.percent(2);
    if (any || key.eth_type == 0x0800) {
        fields.insert(fields.end(), {{ESW_FIELD_IPV4_SRC, 4},
                                     {ESW_FIELD_IPV4_DST, 4},
                                     {ESW_FIELD_IPV4_TOS, 1},
                                     {ESW_FIELD_IPV4_TTL, 1}});
    }
    if (any || key.eth_type == 0x86dd) {
        fields.insert(fields.end(),
                      {{ESW_FIELD_IPV6_TRAFFIC_CLASS, 1}, {ESW_FIELD_IPV6_HOP_LIMIT, 1}});
        if (any || key.ip_proto == 6 || key.ip_proto == 17) {
            fields.insert(fields.end(), {{ESW_FIELD_IPV6_SRC, 16}, {ESW_FIELD_IPV6_DST, 16}});
        }
        if (any) {
            fields.push_back({ESW_FIELD_IPV6_LABEL, 4});
        }
    }
    if (any || key.ip_proto == 6) {
        fields.insert(fields.end(), {{ESW_FIELD_TCP_SRC, 2}, {ESW_FIELD_TCP_DST, 2}});
    }
    if (any || key.ip_proto == 17) {
        fields.insert(fields.end(), {{ESW_FIELD_UDP_SRC, 2}, {ESW_FIELD_UDP_DST, 2}});
    }
    return fields[random.below(static_cast<uint32_t>(fields.size()))];
}

esw_flow_action random_edit(Random& random, const esw_flow_key& key) {
    const uint32_t kind = random.below(100);
    if (kind < 20) {
        const auto control = static_cast<uint16_t>(random.bits() & 0xefff);
        return push_vlan(control, random.percent(75) ? 0x8100 : 0x88a8);
    }
    if (kind < 40) {
        return simple(ESW_ACTION_POP_VLAN);
    }
    const FieldSize field = random_field(random, key);
    return random_set(random, field.field, field.bytes);
}

constexpr const char* kFieldNames[] = {
    "set eth src",    "set eth dst",  "set ipv4 src", "set ipv4 dst",   "set ipv4 tos",
    "set ipv4 ttl",   "set ipv6 src", "set ipv6 dst", "set ipv6 class", "set ipv6 hop limit",
    "set ipv6 label", "set tcp src",  "set tcp dst",  "set udp src",    "set udp dst"};

template <class T>
bool some(const T& mask) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&mask);
    return std::any_of(bytes, bytes + sizeof mask, [](uint8_t byte) { return byte != 0; });
}

void tally_transport(const esw_flow_match& match, const std::string& protocol, Tally& tally) {
    tally[protocol + " src"] += match.mask.l4_src != 0;
    tally[protocol + " dst"] += match.mask.l4_dst != 0;
    tally[protocol + " flags"] += match.mask.tcp_flags != 0;
}

}  // namespace

void random_headers(Random& random, const esw_flow_key& key, uint8_t vlan_limit,
                    esw_flow_match& match) {
    const esw_tunnel_key tunnel = match.key.tunnel;
    match.key = key;
    match.key.tunnel = tunnel;
    esw_flow_key& mask = match.mask;
    random_bytes(random, mask.eth_dst, 6);
    random_bytes(random, mask.eth_src, 6);
    random_tag(random, mask.vlans[0], false);
    if (vlan_limit == 2 && random.percent(60)) {
        random_tag(random, mask.vlans[1], true);
    }
    match.vlan_limit = random.percent(90) ? vlan_limit : uint8_t{0};
    if (random.percent(4)) {
        return;
    }
    mask.eth_type = 0xffff;
    if (key.eth_type == 0x0800 || key.eth_type == 0x86dd) {
        random_network(random, match);
    }
}

void random_tunnel(Random& random, const esw_tunnel_key& key, esw_flow_match& match) {
    match.key.tunnel = key;
    esw_tunnel_key& mask = match.mask.tunnel;
    const size_t unused = key.is_ipv6 ? 0 : 12;
    std::memset(mask.src + unused, random.percent(90) ? 0xff : 0, 16 - unused);
    std::memset(mask.dst + unused, random.percent(90) ? 0xff : 0, 16 - unused);
    mask.id = random.percent(90) ? ~uint64_t{0} : 0xff;
    mask.flags = static_cast<uint16_t>(random.percent(50) ? 0xe : 0xf);
    mask.tos = random.percent(80) ? 0xff : 0;
    mask.ttl = random.percent(40) ? 0xff : 0;
    mask.udp_src = random.percent(30) ? 0xffff : 0;
    mask.udp_dst = random.percent(30) ? 0xffff : 0;
    mask.is_ipv6 = key.is_ipv6;
    mask.options_length = random.percent(70) ? 0xffff : 0;
    mask.options[0] = random.percent(2) ? 0xff : 0;
}

Actions random_actions(Random& random, const esw_flow_key& key, uint32_t in_port,
                       const TunnelHeaders& headers) {
    Actions actions;
    const auto edits = [&](uint32_t most) {
        for (uint32_t n = random.below(most + 1); n-- > 0;) {
            actions.push_back(random_edit(random, key));
        }
    };
    edits(4);
    if (random.percent(6)) {
        if (random.percent(50)) {
            actions.push_back(simple(ESW_ACTION_DROP));
        }
        return actions;
    }
    std::vector<uint32_t> to = {TestPorts::kVf2, TestPorts::kVf3, TestPorts::kFirstOfMany};
    for (uint32_t n = random.percent(65) ? 1 : 2 + random.below(2), i = 0; i < n; i++) {
        actions.push_back(output(to[i]));
        if (random.percent(3)) {
            edits(2);
        }
    }
    if (in_port != TestPorts::kWire && random.percent(30)) {
        const bool geneve = random.percent(50);
        actions.push_back(tunnel_push(geneve ? ESW_TUNNEL_GENEVE : ESW_TUNNEL_VXLAN,
                                      headers.of[geneve][random.below(2)]));
        actions.push_back(output(TestPorts::kWire));
    } else if (random.percent(10)) {
        edits(2);
    }
    return actions;
}

void tally(const esw_flow_match& match, Tally& tally) {
    const esw_flow_key &key = match.key, &mask = match.mask;
    const bool is_ip6 = key.eth_type == 0x86dd;
    const std::string ip = is_ip6 ? "ipv6" : "ipv4";
    tally["eth dst"] += some(mask.eth_dst);
    tally["eth src"] += some(mask.eth_src);
    tally["eth type"] += mask.eth_type != 0;
    const bool tagged = (key.vlans[0].tci & mask.vlans[0].tci & ESW_VLAN_PRESENT) != 0;
    tally["tag"] += tagged;
    tally["second tag"] += (key.vlans[1].tci & mask.vlans[1].tci & ESW_VLAN_PRESENT) != 0 ||
                           (tagged && (key.eth_type & mask.eth_type) == 0x8100);
    tally["no tag"] += mask.vlans[0].tci != 0 && key.vlans[0].tci == 0;
    tally[ip + " src"] += some(mask.ip_src);
    tally[ip + " dst"] += some(mask.ip_dst);
    tally[ip + " tos"] += mask.ip_tos != 0;
    tally[ip + " ttl"] += mask.ip_ttl != 0;
    tally[ip + " protocol"] += mask.ip_proto != 0;
    tally["ipv6 label"] += mask.ipv6_label != 0;
    tally["no fragment"] += (mask.ip_frag & ~key.ip_frag & 1) != 0;
    tally["fragment"] += (mask.ip_frag & key.ip_frag & 1) != 0;
    if (mask.ip_proto == 0xff) {
        tally_transport(match,
                        key.ip_proto == 6    ? "tcp"
                        : key.ip_proto == 17 ? "udp"
                        : is_ip6             ? "icmpv6"
                                             : "icmp",
                        tally);
    }
    const esw_tunnel_key& tunnel = mask.tunnel;
    tally["tunnel id"] += tunnel.id != 0;
    tally["tunnel src"] += some(tunnel.src);
    tally["tunnel dst"] += some(tunnel.dst);
    tally["tunnel tos"] += tunnel.tos != 0;
    tally["tunnel ttl"] += tunnel.ttl != 0;
    tally["tunnel udp src"] += tunnel.udp_src != 0;
    tally["tunnel oam"] += (tunnel.flags & 1) != 0;
    tally["tunnel options length"] += tunnel.options_length != 0;
}

void tally(const Actions& actions, Tally& tally) {
    unsigned outputs = 0;
    for (const esw_flow_action& action : actions) {
        switch (action.type) {
            case ESW_ACTION_OUTPUT:
                outputs++;
                break;
            case ESW_ACTION_SET:
                tally[kFieldNames[action.set.field]]++;
                break;
            case ESW_ACTION_PUSH_VLAN:
                tally["push"]++;
                break;
            case ESW_ACTION_POP_VLAN:
                tally["pop"]++;
                break;
            case ESW_ACTION_TUNNEL_PUSH:
                tally[action.push.type == ESW_TUNNEL_VXLAN ? "vxlan" : "geneve"]++;
                break;
            default:
                break;
        }
    }
    tally[outputs == 0 ? "drop" : outputs == 1 ? "output" : "outputs"]++;
}

std::vector<std::string> supported_fields() {
    return {"eth dst",  "eth src",  "eth type",   "tag",           "second tag",    "no tag",
            "ipv4 src", "ipv4 dst", "ipv4 tos",   "ipv4 ttl",      "ipv4 protocol", "ipv6 src",
            "ipv6 dst", "ipv6 tos", "ipv6 ttl",   "ipv6 protocol", "ipv6 label",    "no fragment",
            "fragment", "tcp src",  "tcp dst",    "tcp flags",     "udp src",       "udp dst",
            "icmp src", "icmp dst", "icmpv6 src", "icmpv6 dst"};
}

std::vector<std::string> supported_tunnel_fields() {
    return {"tunnel id",  "tunnel src",     "tunnel dst", "tunnel tos",
            "tunnel ttl", "tunnel udp src", "tunnel oam", "tunnel options length"};
}

std::vector<std::string> supported_actions() {
    std::vector<std::string> kinds = {"output", "outputs", "drop",  "push",
                                      "pop",    "vxlan",   "geneve"};
    for (const char* name : kFieldNames) {
        if (name != std::string("set ipv6 label")) {
            kinds.emplace_back(name);
        }
    }
    return kinds;
}

}  // namespace esw::mlx5::test
