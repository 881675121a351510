// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mlx5/adapter_judge.h"

#include <bit>

namespace esw::mlx5::test {

namespace {

/// Where the headers of one level are. 0: it has none such.
struct Level {
    size_t eth = 0, tags = 0, ip = 0, transport = 0;
    bool has_eth = false;
    uint16_t eth_type = 0;
    uint8_t version = 0, protocol = 0;
    bool fragment = false;
    size_t end = 0;  ///< of what IP carries
};

bool is_tag(uint32_t type) {
    return type == 0x8100 || type == 0x88a8;
}

void find_ip6_transport(const Bytes& p, Level& level) {
    size_t at = level.ip + 40;
    level.protocol = static_cast<uint8_t>(get(p, level.ip + 6, 1));
    level.end = at + get(p, level.ip + 4, 2);
    for (;;) {
        const uint8_t next = static_cast<uint8_t>(get(p, at, 1));
        if (level.protocol == 44) {
            level.fragment = true;
            at += 8;
        } else if (level.protocol == 0 || level.protocol == 43 || level.protocol == 60) {
            at += (get(p, at + 1, 1) + 1) * 8;
        } else {
            break;
        }
        level.protocol = next;
    }
    level.transport = at;
}

Level parse(const Bytes& p, size_t at) {
    Level level;
    level.has_eth = true;
    level.eth = at;
    at += 12;
    while (level.tags < 2 && is_tag(get(p, at, 2))) {
        level.tags++;
        at += 4;
    }
    level.eth_type = static_cast<uint16_t>(get(p, at, 2));
    at += 2;
    if (level.eth_type == 0x0800) {
        level.ip = at;
        level.version = 4;
        level.protocol = static_cast<uint8_t>(get(p, at + 9, 1));
        level.fragment = (get(p, at + 6, 2) & 0x3fff) != 0;
        level.end = at + get(p, at + 2, 2);
        level.transport = at + (get(p, at, 1) & 15) * 4;
    } else if (level.eth_type == 0x86dd) {
        level.ip = at;
        level.version = 6;
        find_ip6_transport(p, level);
    }
    if (level.fragment) {
        level.transport = 0;
    }
    return level;
}

struct Parsed {
    Level outer, inner;
    size_t tunnel = 0;  ///< the header behind UDP
    bool geneve = false;
};

Parsed parse(const Bytes& p) {
    Parsed parsed;
    parsed.outer = parse(p, 0);
    const Level& outer = parsed.outer;
    if (outer.protocol != 17 || outer.transport == 0) {
        return parsed;
    }
    const uint32_t port = get(p, outer.transport + 2, 2);
    if (port == 4789) {
        parsed.tunnel = outer.transport + 8;
        parsed.inner = parse(p, parsed.tunnel + 8);
    } else if (port == 6081) {
        parsed.tunnel = outer.transport + 8;
        parsed.geneve = true;
        if (get(p, parsed.tunnel + 2, 2) == 0x6558) {
            parsed.inner = parse(p, parsed.tunnel + 8 + (get(p, parsed.tunnel, 1) & 0x3f) * 4);
        }
    }
    return parsed;
}

// The fields of one level, which both levels have names for.
#define SET_HEADERS(param, headers, which, p, level)                                               \
    do {                                                                                           \
        if (!(level).has_eth) {                                                                    \
            break;                                                                                 \
        }                                                                                          \
        DEVX_SET(fte_match_param, param, headers.dmac_47_16, get(p, (level).eth, 4));              \
        DEVX_SET(fte_match_param, param, headers.dmac_15_0, get(p, (level).eth + 4, 2));           \
        DEVX_SET(fte_match_param, param, headers.smac_47_16, get(p, (level).eth + 6, 4));          \
        DEVX_SET(fte_match_param, param, headers.smac_15_0, get(p, (level).eth + 10, 2));          \
        DEVX_SET(fte_match_param, param, headers.ethertype, (level).eth_type);                     \
        if ((level).tags > 0) {                                                                    \
            const uint32_t tag = get(p, (level).eth + 12, 4);                                      \
            DEVX_SET(fte_match_param, param, headers.cvlan_tag, tag >> 16 == 0x8100);              \
            DEVX_SET(fte_match_param, param, headers.svlan_tag, tag >> 16 == 0x88a8);              \
            DEVX_SET(fte_match_param, param, headers.first_prio, tag >> 13 & 7);                   \
            DEVX_SET(fte_match_param, param, headers.first_cfi, tag >> 12 & 1);                    \
            DEVX_SET(fte_match_param, param, headers.first_vid, tag & 0xfffu);                     \
        }                                                                                          \
        if ((level).tags > 1) {                                                                    \
            const uint32_t tag = get(p, (level).eth + 16, 4);                                      \
            DEVX_SET(fte_match_param, param, misc_parameters.which##_second_cvlan_tag,             \
                     tag >> 16 == 0x8100);                                                         \
            DEVX_SET(fte_match_param, param, misc_parameters.which##_second_svlan_tag,             \
                     tag >> 16 == 0x88a8);                                                         \
            DEVX_SET(fte_match_param, param, misc_parameters.which##_second_prio, tag >> 13 & 7);  \
            DEVX_SET(fte_match_param, param, misc_parameters.which##_second_cfi, tag >> 12 & 1);   \
            DEVX_SET(fte_match_param, param, misc_parameters.which##_second_vid, tag & 0xfffu);    \
        }                                                                                          \
        DEVX_SET(fte_match_param, param, headers.ip_version, (level).version);                     \
        DEVX_SET(fte_match_param, param, headers.frag, (level).fragment);                          \
        DEVX_SET(fte_match_param, param, headers.ip_protocol, (level).protocol);                   \
        if ((level).version == 4) {                                                                \
            const uint32_t tos = get(p, (level).ip + 1, 1);                                        \
            DEVX_SET(fte_match_param, param, headers.ipv4_ihl, get(p, (level).ip, 1) & 15);        \
            DEVX_SET(fte_match_param, param, headers.ip_dscp, tos >> 2);                           \
            DEVX_SET(fte_match_param, param, headers.ip_ecn, tos & 3u);                            \
            DEVX_SET(fte_match_param, param, headers.ttl_hoplimit, get(p, (level).ip + 8, 1));     \
        } else if ((level).version == 6) {                                                         \
            const uint32_t first = get(p, (level).ip, 4);                                          \
            DEVX_SET(fte_match_param, param, headers.ip_dscp, first >> 22 & 0x3f);                 \
            DEVX_SET(fte_match_param, param, headers.ip_ecn, first >> 20 & 3);                     \
            DEVX_SET(fte_match_param, param, headers.ttl_hoplimit, get(p, (level).ip + 7, 1));     \
            DEVX_SET(fte_match_param, param, misc_parameters.which##_ipv6_flow_label,              \
                     first & 0xfffffu);                                                            \
        }                                                                                          \
        set_addresses(DEVX_ADDR_OF(fte_match_param, param, headers.src_ipv4_src_ipv6), p, level);  \
        if ((level).transport != 0 && (level).protocol == 6) {                                     \
            DEVX_SET(fte_match_param, param, headers.tcp_sport, get(p, (level).transport, 2));     \
            DEVX_SET(fte_match_param, param, headers.tcp_dport, get(p, (level).transport + 2, 2)); \
            DEVX_SET(fte_match_param, param, headers.tcp_flags,                                    \
                     get(p, (level).transport + 12, 2) & 0x1ffu);                                  \
        } else if ((level).transport != 0 && (level).protocol == 17) {                             \
            DEVX_SET(fte_match_param, param, headers.udp_sport, get(p, (level).transport, 2));     \
            DEVX_SET(fte_match_param, param, headers.udp_dport, get(p, (level).transport + 2, 2)); \
        }                                                                                          \
    } while (0)

void set_addresses(uint8_t* at, const Bytes& p, const Level& level) {
    auto* const words = reinterpret_cast<uint32_t*>(at);
    for (size_t i = 0; i < 4; i++) {
        if (level.version == 6) {
            words[i] = __builtin_bswap32(get(p, level.ip + 8 + 4 * i, 4));
            words[4 + i] = __builtin_bswap32(get(p, level.ip + 24 + 4 * i, 4));
        } else if (level.version == 4 && i == 3) {
            words[i] = __builtin_bswap32(get(p, level.ip + 12, 4));
            words[4 + i] = __builtin_bswap32(get(p, level.ip + 16, 4));
        }
    }
}

MatchParam describe(const Bytes& p, const Parsed& parsed) {
    MatchParam param{};
    void* const to = param.data();
    SET_HEADERS(to, outer_headers, outer, p, parsed.outer);
    SET_HEADERS(to, inner_headers, inner, p, parsed.inner);
    const size_t icmp = parsed.outer.transport;
    if (icmp != 0 && parsed.outer.protocol == 1 && parsed.outer.version == 4) {
        DEVX_SET(fte_match_param, to, misc_parameters_3.icmp_type, get(p, icmp, 1));
        DEVX_SET(fte_match_param, to, misc_parameters_3.icmp_code, get(p, icmp + 1, 1));
    } else if (icmp != 0 && parsed.outer.protocol == 58 && parsed.outer.version == 6) {
        DEVX_SET(fte_match_param, to, misc_parameters_3.icmpv6_type, get(p, icmp, 1));
        DEVX_SET(fte_match_param, to, misc_parameters_3.icmpv6_code, get(p, icmp + 1, 1));
    }
    const size_t tunnel = parsed.tunnel;
    if (tunnel != 0 && parsed.geneve) {
        DEVX_SET(fte_match_param, to, misc_parameters.geneve_vni, get(p, tunnel + 4, 4) >> 8);
        DEVX_SET(fte_match_param, to, misc_parameters.geneve_oam, get(p, tunnel + 1, 1) >> 7);
        DEVX_SET(fte_match_param, to, misc_parameters.geneve_protocol_type, get(p, tunnel + 2, 2));
        DEVX_SET(fte_match_param, to, misc_parameters.geneve_opt_len, get(p, tunnel, 1) & 0x3f);
    } else if (tunnel != 0) {
        DEVX_SET(fte_match_param, to, misc_parameters.vxlan_vni, get(p, tunnel + 4, 4) >> 8);
    }
    return param;
}

/// libmlx5 makes of ip_version a comparison of the whole kind, and of which tag there is one of
/// none, C-tag and S-tag (dr_ste_v1.c); the rest is compared bit by bit.
bool takes(const FdbFlow& flow, const MatchParam& packet) {
    auto [mask, value] = unpack(flow.match);
    MatchParam have = packet;
#define COMPARE_WHOLE(field)                                      \
    if (DEVX_GET(fte_match_param, mask.data(), field) != 0) {     \
        if (DEVX_GET(fte_match_param, mask.data(), field) !=      \
                DEVX_GET(fte_match_param, value.data(), field) || \
            DEVX_GET(fte_match_param, have.data(), field) !=      \
                DEVX_GET(fte_match_param, value.data(), field)) { \
            return false;                                         \
        }                                                         \
    }
    COMPARE_WHOLE(outer_headers.ip_version)
    COMPARE_WHOLE(inner_headers.ip_version)
#define COMPARE_TAG(cvlan, svlan)                                        \
    if (DEVX_GET(fte_match_param, mask.data(), cvlan) ||                 \
        DEVX_GET(fte_match_param, mask.data(), svlan)) {                 \
        const auto kind = [](const MatchParam& param) {                  \
            return DEVX_GET(fte_match_param, param.data(), cvlan)   ? 2  \
                   : DEVX_GET(fte_match_param, param.data(), svlan) ? 1  \
                                                                    : 0; \
        };                                                               \
        if (kind(have) != kind(value)) {                                 \
            return false;                                                \
        }                                                                \
    }
    COMPARE_TAG(outer_headers.cvlan_tag, outer_headers.svlan_tag)
    COMPARE_TAG(inner_headers.cvlan_tag, inner_headers.svlan_tag)
    COMPARE_TAG(misc_parameters.outer_second_cvlan_tag, misc_parameters.outer_second_svlan_tag)
    COMPARE_TAG(misc_parameters.inner_second_cvlan_tag, misc_parameters.inner_second_svlan_tag)
    for (size_t word = 0; word < have.size(); word++) {
        if (((have[word] ^ value[word]) & mask[word]) != 0) {
            return false;
        }
    }
    return true;
}

// ---- Actions ----

/// All checksums that a rewrite keeps, from what is there.
void set_checksums(Bytes& p) {
    const Level level = parse(p, 0);
    if (level.version == 4) {
        const size_t end = level.ip + (get(p, level.ip, 1) & 15) * 4;
        put(p, level.ip + 10, 2, 0);
        put(p, level.ip + 10, 2, ~sum(p, level.ip, end));
    }
    const bool tcp = level.protocol == 6, udp = level.protocol == 17;
    if (level.transport == 0 || (!tcp && !udp)) {
        return;
    }
    const size_t at = level.transport + (tcp ? 16 : 6);
    if (udp && get(p, at, 2) == 0) {
        return;
    }
    put(p, at, 2, 0);
    const size_t length = level.end - level.transport;
    const size_t addresses = level.ip + (level.version == 4 ? 12 : 8);
    const uint32_t pseudo = sum(p, addresses, addresses + (level.version == 4 ? 8 : 32),
                                level.protocol + static_cast<uint32_t>(length));
    const uint32_t value = ~sum(p, level.transport, level.end, pseudo) & 0xffff;
    put(p, at, 2, value == 0 && udp ? 0xffff : value);
}

struct Place {
    size_t at = 0, bytes = 0;
    unsigned shift = 0;  ///< of the field's lowest bit
};

Place address_place(const Level& level, size_t index, bool ip6) {
    if (ip6) {
        return level.version == 6 ? Place{level.ip + 8 + 4 * index, 4} : Place{};
    }
    return level.version == 4 ? Place{level.ip + 12 + 4 * index, 4} : Place{};
}

Place place_of(const Level& level, uint32_t field) {
    const size_t eth = level.eth, ip = level.ip, transport = level.transport;
    const bool tcp = transport != 0 && level.protocol == 6;
    const bool udp = transport != 0 && level.protocol == 17;
    const bool is_ip6 = level.version == 6;
    switch (field) {
        case 0x1:
            return {eth + 6, 4};
        case 0x2:
            return {eth + 10, 2};
        case 0x4:
            return {eth, 4};
        case 0x5:
            return {eth + 4, 2};
        case 0x6:
            return is_ip6 ? Place{ip, 2, 6} : Place{ip + 1, 1, 2};
        case 0x73:
            return is_ip6 ? Place{ip, 2, 4} : Place{ip + 1, 1, 0};
        case 0x8:
            return tcp ? Place{transport, 2} : Place{};
        case 0x9:
            return tcp ? Place{transport + 2, 2} : Place{};
        case 0xa:
            return level.version == 4 ? Place{ip + 8, 1} : Place{};
        case 0x47:
            return is_ip6 ? Place{ip + 7, 1} : Place{};
        case 0xb:
            return udp ? Place{transport, 2} : Place{};
        case 0xc:
            return udp ? Place{transport + 2, 2} : Place{};
        case 0x15:
        case 0x16:
            return address_place(level, field - 0x15, false);
        case 0x17:
            return level.tags > 0 ? Place{eth + 14, 2} : Place{};
        default:
            return field >= 0xd && field <= 0x14 ? address_place(level, field - 0xd, true)
                                                 : Place{};
    }
}

void rewrite(Bytes& p, const std::vector<uint64_t>& actions) {
    for (const uint64_t& action : actions) {
        const Place place = place_of(parse(p, 0), DEVX_GET(set_action_in, &action, field));
        if (place.bytes == 0) {
            continue;
        }
        unsigned length = DEVX_GET(set_action_in, &action, length);
        length = length == 0 ? 32 : length;
        const unsigned shift = place.shift + DEVX_GET(set_action_in, &action, offset);
        const uint32_t ones = (length == 32 ? ~0u : (1u << length) - 1) << shift;
        const uint32_t data = DEVX_GET(set_action_in, &action, data) << shift;
        put(p, place.at, place.bytes, (get(p, place.at, place.bytes) & ~ones) | (data & ones));
    }
    if (!actions.empty()) {
        set_checksums(p);
    }
}

Bytes encapsulated(const Bytes& packet, const std::string& header) {
    Bytes p(header.begin(), header.end());
    p.insert(p.end(), packet.begin(), packet.end());
    const bool ip6 = get(p, 12, 2) == 0x86dd;
    const auto size = static_cast<uint32_t>(p.size());
    put(p, ip6 ? 18 : 16, 2, size - (ip6 ? 54 : 14));
    put(p, ip6 ? 58 : 38, 2, size - (ip6 ? 54 : 34));
    if (!ip6) {
        put(p, 24, 2, 0);
        put(p, 24, 2, ~sum(p, 14, 34));
    }
    return p;
}

}  // namespace

bool is_fragment(const Bytes& packet) {
    return parse(packet, 0).fragment;
}

std::optional<std::vector<Sent>> run_rule(const FdbFlow& flow, const Bytes& packet) {
    const Parsed parsed = parse(packet);
    if (!takes(flow, describe(packet, parsed))) {
        return std::nullopt;
    }
    Bytes p = packet;
    if (flow.actions.decapsulate) {
        p.erase(p.begin(), p.begin() + static_cast<ptrdiff_t>(parsed.inner.eth));
    }
    for (int i = 0; i < flow.actions.pop_vlans; i++) {
        p.erase(p.begin() + 12, p.begin() + 16);
    }
    rewrite(p, flow.actions.rewrite);
    for (const uint32_t tag : flow.actions.push_vlans) {
        p.insert(p.begin() + 12, 4, 0);
        put(p, 12, 4, tag);
    }
    std::vector<Sent> sent;
    for (const FdbOutput& output : flow.actions.outputs) {
        sent.push_back({output.port,
                        output.encapsulation.empty() ? p : encapsulated(p, output.encapsulation)});
    }
    return sent;
}

}  // namespace esw::mlx5::test
