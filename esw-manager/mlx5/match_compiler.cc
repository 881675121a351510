// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/match_compiler.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "esw-manager/mlx5/tag_match.h"

namespace esw::mlx5 {

namespace {

using Fragment = PacketFacts::Fragment;

uint32_t load(const uint8_t* bytes, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

void add_mac(const uint8_t (&key)[6], const uint8_t (&mask)[6], MatchField high, MatchField low,
             MatchBuilder& builder) {
    builder.add(high, load(key, 4), load(mask, 4));
    builder.add(low, load(key + 4, 2), load(mask + 4, 2));
}

/// The address's last word for IPv4, all four for IPv6.
void add_address(const uint8_t (&key)[16], const uint8_t (&mask)[16], bool is_ipv6, uint8_t word,
                 MatchBuilder& builder) {
    for (size_t i = is_ipv6 ? 0 : 3; i < 4; i++) {
        builder.add_word(static_cast<uint8_t>(word + i), load(key + 4 * i, 4),
                         load(mask + 4 * i, 4));
    }
}

void add_tos(uint8_t key, uint8_t mask, const LayerFields& fields, MatchBuilder& builder) {
    builder.add(fields.ip_dscp, key >> 2, mask >> 2);
    builder.add(fields.ip_ecn, key, mask);
}

/// libmlx5 compares the kind of packet, which the mask names and the value repeats
/// (dr_ste_build_pre_check_spec() of rdma-core 44).
void add_ip_version(bool is_ipv6, const LayerFields& fields, MatchBuilder& builder) {
    const uint32_t version = is_ipv6 ? 6 : 4;
    builder.add(fields.ip_version, version, version);
}

/// Whether some bits are asked for, and whether one of these is not 0.
struct Wanted {
    bool any = false;
    bool ones = false;

    Wanted& operator|=(const Wanted& other) {
        any |= other.any;
        ones |= other.ones;
        return *this;
    }
};

template <class T>
Wanted wanted(T key, T mask) {
    return {mask != 0, (key & mask) != 0};
}

Wanted wanted(const uint8_t (&key)[16], const uint8_t (&mask)[16]) {
    uint64_t keys[2], masks[2];
    std::memcpy(keys, key, sizeof keys);
    std::memcpy(masks, mask, sizeof masks);
    return {(masks[0] | masks[1]) != 0, ((keys[0] & masks[0]) | (keys[1] & masks[1])) != 0};
}

Wanted wanted_transport(const esw_flow_match& match) {
    const esw_flow_key &key = match.key, &mask = match.mask;
    Wanted result = wanted(key.l4_src, mask.l4_src);
    result |= wanted(key.l4_dst, mask.l4_dst);
    result |= wanted(key.tcp_flags, mask.tcp_flags);
    return result;
}

Wanted wanted_network(const esw_flow_match& match) {
    const esw_flow_key &key = match.key, &mask = match.mask;
    Wanted result = wanted(key.ip_src, mask.ip_src);
    result |= wanted(key.ip_dst, mask.ip_dst);
    result |= wanted(key.ipv6_label, mask.ipv6_label);
    result |= wanted(key.ip_proto, mask.ip_proto);
    result |= wanted(key.ip_tos, mask.ip_tos);
    result |= wanted(key.ip_ttl, mask.ip_ttl);
    result |= wanted(key.ip_frag, mask.ip_frag);
    return result;
}

/// One level of headers of one match.
class HeaderMatch {
public:
    HeaderMatch(const esw_flow_match& match, bool inner, MatchBuilder& builder, PacketFacts& facts)
        : key_(match.key),
          mask_(match.mask),
          match_(match),
          inner_(inner),
          fields_(inner ? kInnerFields : kOuterFields),
          builder_(builder),
          facts_(facts) {}

    esw_refusal add() {
        if (mask_.eth_type != 0 && mask_.eth_type != 0xffff) {
            return ESW_REFUSAL_MATCH_ETH_TYPE;
        }
        const uint16_t eth_type = key_.eth_type & mask_.eth_type;
        if (is_link_local(eth_type)) {
            return ESW_REFUSAL_LINK_LOCAL;
        }
        // Below it is a length, which Open vSwitch reads on from (802.2) and the adapter does not.
        if (mask_.eth_type != 0 && eth_type < ETH_P_802_3_MIN) {
            return ESW_REFUSAL_MATCH_ETH_TYPE;
        }
        add_mac(key_.eth_src, mask_.eth_src, fields_.smac_47_16, fields_.smac_15_0, builder_);
        add_mac(key_.eth_dst, mask_.eth_dst, fields_.dmac_47_16, fields_.dmac_15_0, builder_);
        const TagMatch tags = add_tags(match_, eth_type, fields_, builder_, facts_);
        if (tags.refusal != ESW_REFUSAL_NONE) {
            return tags.refusal;
        }
        facts_.eth_type = tags.eth_type;
        if (!facts_.is_ipv4() && !facts_.is_ipv6()) {
            return add_other_type();
        }
        add_ip_version(facts_.is_ipv6(), fields_, builder_);
        if (const esw_refusal refusal = add_network(); refusal != ESW_REFUSAL_NONE) {
            return refusal;
        }
        return add_transport();
    }

private:
    /// Names packets that a switch does not forward (802.1Q, 8.6.3), or those of LACP and LLDP.
    bool is_link_local(uint16_t eth_type) const {
        constexpr uint8_t group[] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00};
        const bool exact = std::all_of(mask_.eth_dst, mask_.eth_dst + 5,
                                       [](uint8_t byte) { return byte == 0xff; }) &&
                           (mask_.eth_dst[5] & 0xf0) == 0xf0;
        return eth_type == ETH_P_SLOW || eth_type == ETH_P_LLDP ||
               (exact && std::equal(group, group + 5, key_.eth_dst) &&
                (key_.eth_dst[5] & 0xf0) == 0);
    }

    esw_refusal add_other_type() {
        Wanted beyond = wanted_network(match_);
        beyond |= wanted_transport(match_);
        if (beyond.any && (mask_.eth_type == 0 || facts_.eth_type == 0)) {
            return ESW_REFUSAL_MATCH_ETH_TYPE;
        }
        if (beyond.any && (facts_.eth_type == ETH_P_ARP || facts_.eth_type == ETH_P_RARP)) {
            return ESW_REFUSAL_MATCH_ARP;
        }
        if (beyond.ones) {
            return ESW_REFUSAL_NO_PACKETS;  // They are 0 where there is no such header.
        }
        if (facts_.eth_type != 0) {
            builder_.add_exactly(fields_.ethertype, facts_.eth_type);
        }
        return ESW_REFUSAL_NONE;
    }

    esw_refusal add_network() {
        if (const esw_refusal refusal = add_fragment(); refusal != ESW_REFUSAL_NONE) {
            return refusal;
        }
        const bool is_ipv6 = facts_.is_ipv6();
        add_address(key_.ip_src, mask_.ip_src, is_ipv6, fields_.src, builder_);
        add_address(key_.ip_dst, mask_.ip_dst, is_ipv6, fields_.dst, builder_);
        add_tos(key_.ip_tos, mask_.ip_tos, fields_, builder_);
        builder_.add(fields_.ttl, key_.ip_ttl, mask_.ip_ttl);
        if (is_ipv6) {
            builder_.add(fields_.ipv6_label, key_.ipv6_label, mask_.ipv6_label);
        } else if ((key_.ipv6_label & mask_.ipv6_label) != 0) {
            return ESW_REFUSAL_NO_PACKETS;
        }
        return add_protocol();
    }

    /// The adapter tells whether there are fragments, not which one it is.
    esw_refusal add_fragment() {
        const unsigned mask = mask_.ip_frag & (ESW_FRAGMENT_ANY | ESW_FRAGMENT_LATER);
        const unsigned value = key_.ip_frag & mask;
        if (mask == 0) {
            return ESW_REFUSAL_NONE;
        }
        if ((mask & ESW_FRAGMENT_ANY) != 0 && value == 0) {
            match_whole_packets();
            return ESW_REFUSAL_NONE;
        }
        // Of IPv6, a packet with a fragment header that is whole all the same is a fragment to the
        // adapter and none to Open vSwitch (RFC 6946).
        if (mask == ESW_FRAGMENT_ANY && facts_.is_ipv4()) {
            builder_.add_exactly(fields_.frag, 1);
            facts_.fragment = Fragment::kYes;
            return ESW_REFUSAL_NONE;
        }
        return ESW_REFUSAL_MATCH_FRAGMENT;
    }

    void match_whole_packets() {
        builder_.add_exactly(fields_.frag, 0);
        facts_.fragment = Fragment::kNo;
    }

    esw_refusal add_protocol() {
        if (mask_.ip_proto == 0) {
            return ESW_REFUSAL_NONE;
        }
        if (facts_.is_ipv6()) {
            // Behind the extension headers; which these are the two do not quite agree on, nor on
            // what a later fragment has.
            constexpr uint8_t extensions[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
                                              IPPROTO_AH, IPPROTO_DSTOPTS};
            if (mask_.ip_proto != 0xff || std::find(std::begin(extensions), std::end(extensions),
                                                    key_.ip_proto) != std::end(extensions)) {
                return ESW_REFUSAL_MATCH_L4;
            }
            match_whole_packets();
        }
        builder_.add(fields_.ip_protocol, key_.ip_proto, mask_.ip_proto);
        facts_.has_ip_proto = mask_.ip_proto == 0xff;
        facts_.ip_proto = key_.ip_proto;
        return ESW_REFUSAL_NONE;
    }

    esw_refusal add_transport() {
        if (!wanted_transport(match_).any) {
            return ESW_REFUSAL_NONE;
        }
        if (!facts_.has_ip_proto) {
            return ESW_REFUSAL_MATCH_L4;
        }
        // Fragments have no ports to the adapter; to Open vSwitch the first one has.
        if (facts_.fragment == Fragment::kYes) {
            return ESW_REFUSAL_MATCH_FRAGMENT;
        }
        match_whole_packets();
        if (facts_.ip_proto == IPPROTO_TCP) {
            return add_tcp();
        }
        if ((key_.tcp_flags & mask_.tcp_flags) != 0) {
            return ESW_REFUSAL_NO_PACKETS;
        }
        if (facts_.ip_proto == IPPROTO_UDP) {
            builder_.add(fields_.udp_sport, key_.l4_src, mask_.l4_src);
            builder_.add(fields_.udp_dport, key_.l4_dst, mask_.l4_dst);
            return ESW_REFUSAL_NONE;
        }
        if (facts_.ip_proto == (facts_.is_ipv6() ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP})) {
            return add_icmp();
        }
        return ESW_REFUSAL_MATCH_L4;
    }

    esw_refusal add_tcp() {
        constexpr uint16_t known = 0x1ff;  // FIN to NS; Open vSwitch has the reserved bits, too.
        if ((mask_.tcp_flags & ~known) != 0) {
            return ESW_REFUSAL_MATCH_L4;
        }
        builder_.add(fields_.tcp_sport, key_.l4_src, mask_.l4_src);
        builder_.add(fields_.tcp_dport, key_.l4_dst, mask_.l4_dst);
        builder_.add(fields_.tcp_flags, key_.tcp_flags, mask_.tcp_flags);
        return ESW_REFUSAL_NONE;
    }

    esw_refusal add_icmp() {
        if (inner_) {
            return ESW_REFUSAL_MATCH_TUNNEL;  // misc_parameters_3 has those of the outer headers.
        }
        if (((key_.l4_src & mask_.l4_src) | (key_.l4_dst & mask_.l4_dst)) > 0xff) {
            return ESW_REFUSAL_NO_PACKETS;
        }
        const bool is_ipv6 = facts_.is_ipv6();
        builder_.add(is_ipv6 ? ESW_MATCH_FIELD(misc_parameters_3.icmpv6_type)
                             : ESW_MATCH_FIELD(misc_parameters_3.icmp_type),
                     key_.l4_src, mask_.l4_src);
        builder_.add(is_ipv6 ? ESW_MATCH_FIELD(misc_parameters_3.icmpv6_code)
                             : ESW_MATCH_FIELD(misc_parameters_3.icmp_code),
                     key_.l4_dst, mask_.l4_dst);
        return ESW_REFUSAL_NONE;
    }

    const esw_flow_key& key_;
    const esw_flow_key& mask_;
    const esw_flow_match& match_;
    const bool inner_;
    const LayerFields& fields_;
    MatchBuilder& builder_;
    PacketFacts& facts_;
};

// ---- Tunnels ----

// In esw_tunnel_key::flags: FLOW_TNL_F_* of Open vSwitch 3.1's <openvswitch/packets.h>.
enum TunnelFlag : uint16_t { kOam = 1, kDontFragment = 2, kChecksum = 4, kKey = 8 };

// Where the adapter's parser looks for them.
constexpr uint16_t kVxlanPort = 4789;
constexpr uint16_t kGenevePort = 6081;

constexpr uint16_t kTransparentEthernet = 0x6558;

/// What Open vSwitch sets when it has unpacked a packet: that there is a network identifier, and of
/// Geneve that it is control traffic. That there is a checksum (kChecksum) the adapter cannot tell;
/// but no OpenFlow rule can ask for it, so that what is done to a packet never depends on it,
/// though every megaflow of a tunnel has it in its mask (tnl_wc_init() of ofproto/tunnel.c).
esw_refusal add_tunnel_flags(const esw_flow_match& match, MatchBuilder& builder) {
    const uint16_t mask = match.mask.tunnel.flags, value = match.key.tunnel.flags & mask;
    if ((mask & ~(kOam | kDontFragment | kChecksum | kKey)) != 0) {
        return ESW_REFUSAL_MATCH_TUNNEL;
    }
    const bool geneve = match.tunnel_type == ESW_TUNNEL_GENEVE;
    if ((value & kDontFragment) != 0 || (mask & kKey) != (value & kKey) ||
        (!geneve && (value & kOam) != 0)) {
        return ESW_REFUSAL_NO_PACKETS;
    }
    if (geneve) {
        builder.add(ESW_MATCH_FIELD(misc_parameters.geneve_oam), value & kOam, mask & kOam);
    }
    return ESW_REFUSAL_NONE;
}

esw_refusal add_tunnel_header(const esw_flow_match& match, MatchBuilder& builder) {
    const esw_tunnel_key &key = match.key.tunnel, &mask = match.mask.tunnel;
    constexpr uint64_t vni = 0xffffff;
    if ((key.id & mask.id & ~vni) != 0) {
        return ESW_REFUSAL_NO_PACKETS;
    }
    const auto id = static_cast<uint32_t>(key.id & vni);
    const auto id_mask = static_cast<uint32_t>(mask.id & vni);
    if (match.tunnel_type == ESW_TUNNEL_VXLAN) {
        builder.add(ESW_MATCH_FIELD(misc_parameters.vxlan_vni), id, id_mask);
        const bool options = (key.options_length & mask.options_length) != 0;
        return options ? ESW_REFUSAL_NO_PACKETS : ESW_REFUSAL_NONE;
    }
    builder.add(ESW_MATCH_FIELD(misc_parameters.geneve_vni), id, id_mask);
    // Open vSwitch throws others away.
    builder.add_exactly(ESW_MATCH_FIELD(misc_parameters.geneve_protocol_type),
                        kTransparentEthernet);
    // What is in the options takes an object of the firmware's for each option's class and type.
    if (std::any_of(std::begin(mask.options), std::end(mask.options),
                    [](uint8_t byte) { return byte != 0; })) {
        return ESW_REFUSAL_MATCH_TUNNEL;
    }
    if (mask.options_length != 0) {
        builder.add_exactly(ESW_MATCH_FIELD(misc_parameters.geneve_opt_len),
                            key.options_length / 4u);
    }
    return ESW_REFUSAL_NONE;
}

bool has_known_port(const esw_flow_match& match) {
    switch (match.tunnel_type) {
        case ESW_TUNNEL_VXLAN:
            return match.tunnel_udp_port == kVxlanPort;
        case ESW_TUNNEL_GENEVE:
            return match.tunnel_udp_port == kGenevePort;
        default:
            return false;
    }
}

}  // namespace

esw_refusal add_headers(const esw_flow_match& match, bool inner, MatchBuilder& builder,
                        PacketFacts& facts) {
    return HeaderMatch(match, inner, builder, facts).add();
}

esw_refusal add_tunnel(const esw_flow_match& inner, const PacketFacts& outer,
                       MatchBuilder& builder) {
    const esw_tunnel_key &key = inner.key.tunnel, &mask = inner.mask.tunnel;
    constexpr const LayerFields& fields = kOuterFields;
    if (!has_known_port(inner)) {
        return ESW_REFUSAL_MATCH_TUNNEL;
    }
    if (outer.eth_type != 0 && outer.eth_type != (key.is_ipv6 ? ETH_P_IPV6 : ETH_P_IP)) {
        return ESW_REFUSAL_NO_PACKETS;
    }
    // Open vSwitch looks for the tunnel's header behind an Ethernet header without tags.
    if (outer.tags[0] == PacketFacts::Tag::kPresent) {
        return ESW_REFUSAL_MATCH_TUNNEL;
    }
    builder.add_exactly(fields.tags[0].cvlan, 0);
    add_ip_version(key.is_ipv6, fields, builder);
    if (!key.is_ipv6) {
        builder.add_exactly(fields.ipv4_ihl, 5);  // It throws away those with options.
    }
    add_address(key.src, mask.src, key.is_ipv6, fields.src, builder);
    add_address(key.dst, mask.dst, key.is_ipv6, fields.dst, builder);
    add_tos(key.tos, mask.tos, fields, builder);
    builder.add(fields.ttl, key.ttl, mask.ttl);
    builder.add_exactly(fields.frag, 0);
    builder.add_exactly(fields.ip_protocol, IPPROTO_UDP);
    builder.add(fields.udp_sport, key.udp_src, mask.udp_src);
    builder.add(fields.udp_dport, key.udp_dst, mask.udp_dst);
    builder.add_exactly(fields.udp_dport, inner.tunnel_udp_port);
    if (const esw_refusal refusal = add_tunnel_flags(inner, builder); refusal != ESW_REFUSAL_NONE) {
        return refusal;
    }
    return add_tunnel_header(inner, builder);
}

bool wants_tunnel(const esw_flow_match& match) {
    const esw_tunnel_key &key = match.key.tunnel, &mask = match.mask.tunnel;
    Wanted result = wanted(key.id, mask.id);
    result |= wanted(key.src, mask.src);
    result |= wanted(key.dst, mask.dst);
    result |= wanted(key.flags, mask.flags);
    result |= wanted(key.udp_src, mask.udp_src);
    result |= wanted(key.udp_dst, mask.udp_dst);
    result |= wanted(key.tos, mask.tos);
    result |= wanted(key.ttl, mask.ttl);
    result |= wanted(key.options_length, mask.options_length);
    return result.ones;
}

}  // namespace esw::mlx5
