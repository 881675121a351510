/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/flow_match.h"

#include <string.h>

#include "flow.h"
#include "odp-util.h"
#include "openvswitch/match.h"
#include "packets.h"
#include "util.h"

/* Each member of struct flow is looked at below; another one needs a place or
 * a refusal. */
BUILD_ASSERT_DECL(FLOW_WC_SEQ == 42);
BUILD_ASSERT_DECL(ESW_MAX_VLANS == FLOW_MAX_VLAN_HEADERS);
BUILD_ASSERT_DECL(ESW_MAX_TUNNEL_OPTIONS >= TLV_TOT_OPT_SIZE);
BUILD_ASSERT_DECL(ESW_VLAN_PRESENT == VLAN_CFI);
BUILD_ASSERT_DECL((int) ESW_FRAGMENT_ANY == (int) FLOW_NW_FRAG_ANY);
BUILD_ASSERT_DECL((int) ESW_FRAGMENT_LATER == (int) FLOW_NW_FRAG_LATER);

/* What is matched: the values, 0 where the mask is, and the mask. */
struct matched {
    struct flow key;
    const struct flow *mask;
};

static void
apply_mask(const struct match *match, struct matched *m)
{
    const uint64_t *flow = (const uint64_t *) &match->flow;
    const uint64_t *mask = (const uint64_t *) &match->wc.masks;
    uint64_t *key = (uint64_t *) &m->key;

    for (size_t i = 0; i < FLOW_U64S; i++) {
        key[i] = flow[i] & mask[i];
    }
    m->mask = &match->wc.masks;
}

static const struct flow zeros;

/* Whether the match leaves 'FIELD' out, or asks for 0 where packets are 'KNOWN'
 * to be without the field, which Open vSwitch has as 0 then. */
#define LACKS(M, FIELD, KNOWN)                                          \
    (!memcmp((KNOWN) ? &(M)->key.FIELD : &(M)->mask->FIELD,             \
             &zeros.FIELD, sizeof zeros.FIELD))
#define IS_MATCHED(M, FIELD) (!LACKS(M, FIELD, false))
#define IS_NONZERO(M, FIELD) (!LACKS(M, FIELD, true))

/* What packets bring along when they come in. */

static enum esw_refusal
check_metadata(const struct matched *m)
{
    if (IS_NONZERO(m, recirc_id)) {
        return ESW_REFUSAL_RECIRCULATED;
    }
    if (IS_NONZERO(m, dp_hash)) {
        return ESW_REFUSAL_MATCH_DP_HASH;
    }
    if (IS_NONZERO(m, ct_state) || IS_NONZERO(m, ct_zone)
        || IS_NONZERO(m, ct_mark) || IS_NONZERO(m, ct_label)
        || IS_NONZERO(m, ct_nw_proto)
        || IS_NONZERO(m, ct_nw_src) || IS_NONZERO(m, ct_nw_dst)
        || IS_NONZERO(m, ct_ipv6_src) || IS_NONZERO(m, ct_ipv6_dst)
        || IS_NONZERO(m, ct_tp_src) || IS_NONZERO(m, ct_tp_dst)) {
        return ESW_REFUSAL_MATCH_CONNTRACK;
    }
    /* PT_ETH is 0. */
    if (IS_NONZERO(m, packet_type)) {
        return ESW_REFUSAL_MATCH_PACKET_TYPE;
    }
    if (IS_NONZERO(m, metadata) || IS_NONZERO(m, regs)
        || IS_NONZERO(m, skb_priority) || IS_NONZERO(m, pkt_mark)
        || IS_NONZERO(m, conj_id) || IS_NONZERO(m, actset_output)) {
        return ESW_REFUSAL_MATCH_METADATA;
    }
    if (m->mask->in_port.odp_port != ODPP_NONE) {
        return ESW_REFUSAL_IN_PORT;
    }
    return ESW_REFUSAL_NONE;
}

/* Tunnels. */

static void
put_ipv4(uint8_t to[16], ovs_be32 address)
{
    memcpy(to + 12, &address, sizeof address);
}

/* Geneve's options: raw, or none.  With FLOW_TNL_F_UDPIF the length is always
 * matched as a whole, and bytes behind it mean nothing. */
static bool
convert_options(const struct flow_tnl *key, const struct flow_tnl *mask,
                bool raw, struct esw_flow_match *to)
{
    size_t length = key->metadata.present.len;

    if (!raw) {
        return !key->metadata.present.map
               && !memcmp(&key->metadata.opts, &zeros.tunnel.metadata.opts,
                          sizeof key->metadata.opts);
    }
    if (!mask->metadata.present.len) {
        return !memcmp(&mask->metadata.opts, &zeros.tunnel.metadata.opts,
                       sizeof mask->metadata.opts);
    }
    if (mask->metadata.present.len != UINT8_MAX
        || length > sizeof key->metadata.opts.gnv) {
        return false;
    }
    to->key.tunnel.options_length = length;
    to->mask.tunnel.options_length = UINT16_MAX;
    memcpy(to->key.tunnel.options, key->metadata.opts.gnv, length);
    memcpy(to->mask.tunnel.options, mask->metadata.opts.gnv, length);
    return true;
}

static void
convert_tunnel_header(const struct flow_tnl *from, bool is_ipv6,
                      struct esw_tunnel_key *to)
{
    if (is_ipv6) {
        memcpy(to->src, &from->ipv6_src, sizeof to->src);
        memcpy(to->dst, &from->ipv6_dst, sizeof to->dst);
    } else {
        put_ipv4(to->src, from->ip_src);
        put_ipv4(to->dst, from->ip_dst);
    }
    to->is_ipv6 = is_ipv6;
    to->id = ntohll(from->tun_id);
    to->flags = from->flags & FLOW_TNL_F_MASK;
    to->tos = from->ip_tos;
    to->ttl = from->ip_ttl;
    to->udp_src = ntohs(from->tp_src);
    to->udp_dst = ntohs(from->tp_dst);
}

static enum esw_refusal
convert_tunnel(const struct matched *m, const struct flow_tnl *unmasked,
               struct esw_flow_match *to)
{
    const struct flow_tnl *key = &m->key.tunnel;
    const struct flow_tnl *mask = &m->mask->tunnel;
    bool is_ipv6 = !unmasked->ip_dst;

    if (!flow_tnl_dst_is_set(unmasked)) {
        return IS_NONZERO(m, tunnel) ? ESW_REFUSAL_MATCH_TUNNEL
                                     : ESW_REFUSAL_NONE;
    }
    convert_tunnel_header(key, is_ipv6, &to->key.tunnel);
    convert_tunnel_header(mask, is_ipv6, &to->mask.tunnel);
    if (!convert_options(key, mask, unmasked->flags & FLOW_TNL_F_UDPIF, to)
        || (key->flags & ~(FLOW_TNL_F_MASK | FLOW_TNL_F_UDPIF))
        || key->gbp_id || key->gbp_flags
        || key->erspan_ver || key->erspan_idx || key->erspan_dir
        || key->erspan_hwid || key->gtpu_flags || key->gtpu_msgtype
        /* Addresses of the other version. */
        || (is_ipv6 ? key->ip_src || key->ip_dst
                    : ipv6_addr_is_set(&key->ipv6_src)
                      || ipv6_addr_is_set(&key->ipv6_dst))) {
        return ESW_REFUSAL_MATCH_TUNNEL;
    }
    return ESW_REFUSAL_NONE;
}

/* Ethernet and its tags. */

enum tag { TAG_ANY, TAG_ABSENT, TAG_PRESENT };

static enum tag
get_tag(const struct matched *m, int i)
{
    return !(m->mask->vlans[i].tci & htons(VLAN_CFI)) ? TAG_ANY
           : m->key.vlans[i].tci & htons(VLAN_CFI) ? TAG_PRESENT
           : TAG_ABSENT;
}

static void
set_absent(struct esw_flow_match *to, int i)
{
    to->key.vlans[i] = (struct esw_vlan) { 0, 0 };
    to->mask.vlans[i] = (struct esw_vlan) { 0, ESW_VLAN_PRESENT };
}

/* Returns whether the tag is one that there can be. */
static bool
convert_tag(const struct matched *m, int i, struct esw_flow_match *to)
{
    switch (get_tag(m, i)) {
    case TAG_ABSENT:
        if (m->key.vlans[i].qtag) {
            return false;
        }
        set_absent(to, i);
        return true;
    case TAG_PRESENT:
        to->key.vlans[i].tpid = ntohs(m->key.vlans[i].tpid);
        to->mask.vlans[i].tpid = ntohs(m->mask->vlans[i].tpid);
        break;
    case TAG_ANY:
        if (m->mask->vlans[i].tpid) {
            return false;
        }
        break;
    }
    to->key.vlans[i].tci = ntohs(m->key.vlans[i].tci);
    to->mask.vlans[i].tci = ntohs(m->mask->vlans[i].tci);
    return true;
}

static bool
convert_tags(const struct matched *m, struct esw_flow_match *to)
{
    /* The TPID of a tag behind those that Open vSwitch looks at. */
    bool more = eth_type_vlan(m->key.dl_type);
    bool single = flow_vlan_limit < FLOW_MAX_VLAN_HEADERS;
    enum tag outer = get_tag(m, 0);

    if (!convert_tag(m, 0, to)) {
        return false;
    }
    if (outer == TAG_ABSENT) {
        return !more && !IS_NONZERO(m, vlans[1]);
    }
    if (single && outer == TAG_PRESENT && m->mask->dl_type == OVS_BE16_MAX) {
        if (IS_NONZERO(m, vlans[1])) {
            return false;
        }
        if (more) {
            to->key.vlans[1].tpid = ntohs(m->key.dl_type);
            to->mask.vlans[1].tpid = UINT16_MAX;
            to->key.vlans[1].tci = to->mask.vlans[1].tci = ESW_VLAN_PRESENT;
            to->key.eth_type = to->mask.eth_type = 0;
        } else {
            set_absent(to, 1);
        }
        return true;
    }
    return !more && convert_tag(m, 1, to);
}

static enum esw_refusal
convert_ethernet(const struct matched *m, struct esw_flow_match *to)
{
    memcpy(to->key.eth_dst, &m->key.dl_dst, sizeof to->key.eth_dst);
    memcpy(to->key.eth_src, &m->key.dl_src, sizeof to->key.eth_src);
    memcpy(to->mask.eth_dst, &m->mask->dl_dst, sizeof to->mask.eth_dst);
    memcpy(to->mask.eth_src, &m->mask->dl_src, sizeof to->mask.eth_src);
    to->key.eth_type = ntohs(m->key.dl_type);
    to->mask.eth_type = ntohs(m->mask->dl_type);
    /* Stands for all frames with a length there. */
    if (m->key.dl_type == htons(FLOW_DL_TYPE_NONE)) {
        return ESW_REFUSAL_MATCH_ETH_TYPE;
    }
    return convert_tags(m, to) ? ESW_REFUSAL_NONE : ESW_REFUSAL_MATCH_VLAN;
}

/* What is behind the Ethernet header. */

enum l3 { L3_ANY, L3_OTHER, L3_IPV4, L3_IPV6, L3_ARP, L3_MPLS, L3_NSH };
enum l4 { L4_ANY, L4_NONE, L4_PORTS, L4_TCP, L4_ICMP, L4_ICMPV6, L4_IGMP };

static enum l3
get_l3(const struct matched *m)
{
    if (m->mask->dl_type != OVS_BE16_MAX) {
        return L3_ANY;
    }
    switch (ntohs(m->key.dl_type)) {
    case ETH_TYPE_IP:
        return L3_IPV4;
    case ETH_TYPE_IPV6:
        return L3_IPV6;
    case ETH_TYPE_ARP:
    case ETH_TYPE_RARP:
        return L3_ARP;
    case ETH_TYPE_MPLS:
    case ETH_TYPE_MPLS_MCAST:
        return L3_MPLS;
    case ETH_TYPE_NSH:
        return L3_NSH;
    default:
        return L3_OTHER;
    }
}

static bool
is_ip(enum l3 l3)
{
    return l3 == L3_IPV4 || l3 == L3_IPV6;
}

static enum l4
get_l4(const struct matched *m, enum l3 l3)
{
    if (!is_ip(l3)) {
        return l3 == L3_ANY ? L4_ANY : L4_NONE;
    }
    if (m->key.nw_frag & FLOW_NW_FRAG_LATER) {
        return L4_NONE;
    }
    if (m->mask->nw_proto != UINT8_MAX) {
        return L4_ANY;
    }
    /* Open vSwitch takes these for what they are in the other version of IP,
     * too, which is for nobody else. */
    switch (m->key.nw_proto) {
    case IPPROTO_TCP:
        return L4_TCP;
    case IPPROTO_UDP:
    case IPPROTO_SCTP:
        return L4_PORTS;
    case IPPROTO_ICMP:
        return l3 == L3_IPV4 ? L4_ICMP : L4_ANY;
    case IPPROTO_ICMPV6:
        return l3 == L3_IPV6 ? L4_ICMPV6 : L4_ANY;
    case IPPROTO_IGMP:
        return l3 == L3_IPV4 ? L4_IGMP : L4_ANY;
    default:
        return L4_NONE;
    }
}

static enum esw_refusal
check_l3(const struct matched *m, enum l3 l3)
{
    bool known = l3 != L3_ANY;

    if (!LACKS(m, mpls_lse, known && l3 != L3_MPLS)) {
        return ESW_REFUSAL_MATCH_MPLS;
    }
    if (!LACKS(m, nsh, known && l3 != L3_NSH)) {
        return ESW_REFUSAL_MATCH_NSH;
    }
    if (l3 == L3_ARP
        && (IS_MATCHED(m, nw_src) || IS_MATCHED(m, nw_dst)
            || IS_MATCHED(m, nw_proto) || IS_MATCHED(m, arp_sha)
            || IS_MATCHED(m, arp_tha))) {
        return ESW_REFUSAL_MATCH_ARP;
    }
    /* Of a protocol that the packets do not have, or may not have. */
    if (l3 != L3_IPV4
        && !(LACKS(m, nw_src, known) && LACKS(m, nw_dst, known))) {
        return ESW_REFUSAL_MATCH_METADATA;
    }
    if (l3 != L3_IPV6
        && !(LACKS(m, ipv6_src, known) && LACKS(m, ipv6_dst, known)
             && LACKS(m, ipv6_label, known))) {
        return ESW_REFUSAL_MATCH_METADATA;
    }
    if (!is_ip(l3)
        && !(LACKS(m, nw_frag, known) && LACKS(m, nw_tos, known)
             && LACKS(m, nw_ttl, known) && LACKS(m, nw_proto, known))) {
        return ESW_REFUSAL_MATCH_METADATA;
    }
    return ESW_REFUSAL_NONE;
}

static bool
has_ports(enum l4 l4)
{
    return l4 == L4_TCP || l4 == L4_PORTS || l4 == L4_ICMP || l4 == L4_ICMPV6;
}

static enum esw_refusal
check_l4(const struct matched *m, enum l4 l4)
{
    bool known = l4 != L4_ANY;
    bool icmpv6 = l4 == L4_ICMPV6;

    if (!(LACKS(m, nd_target, known && !icmpv6)
          && LACKS(m, arp_sha, known && !icmpv6)
          && LACKS(m, arp_tha, known && !icmpv6))) {
        return ESW_REFUSAL_MATCH_ND;
    }
    /* They have bits of neighbour discovery, too. */
    if (icmpv6 && (IS_MATCHED(m, tcp_flags) || IS_MATCHED(m, igmp_group_ip4))) {
        return ESW_REFUSAL_MATCH_ND;
    }
    if (!LACKS(m, igmp_group_ip4, known && l4 != L4_IGMP)
        || (l4 != L4_TCP && !LACKS(m, tcp_flags, known))) {
        return ESW_REFUSAL_MATCH_L4;
    }
    if (!has_ports(l4)) {
        known = known && l4 != L4_IGMP;
        if (!(LACKS(m, tp_src, known) && LACKS(m, tp_dst, known))) {
            return ESW_REFUSAL_MATCH_L4;
        }
    }
    return ESW_REFUSAL_NONE;
}

static void
convert_headers(const struct flow *from, enum l3 l3, enum l4 l4,
                struct esw_flow_key *to)
{
    if (l3 == L3_IPV4) {
        put_ipv4(to->ip_src, from->nw_src);
        put_ipv4(to->ip_dst, from->nw_dst);
    } else if (l3 == L3_IPV6) {
        memcpy(to->ip_src, &from->ipv6_src, sizeof to->ip_src);
        memcpy(to->ip_dst, &from->ipv6_dst, sizeof to->ip_dst);
        to->ipv6_label = ntohl(from->ipv6_label) & IPV6_LABEL_MASK;
    }
    if (is_ip(l3)) {
        to->ip_proto = from->nw_proto;
        to->ip_tos = from->nw_tos;
        to->ip_ttl = from->nw_ttl;
        to->ip_frag = from->nw_frag & FLOW_NW_FRAG_MASK;
    }
    if (has_ports(l4)) {
        to->l4_src = ntohs(from->tp_src);
        to->l4_dst = ntohs(from->tp_dst);
    }
    if (l4 == L4_TCP) {
        to->tcp_flags = TCP_FLAGS(from->tcp_flags);
    }
}

void
flow_match_convert(const struct match *from, struct esw_flow_match *to)
{
    struct matched m;
    enum esw_refusal refusals[5];
    enum l3 l3;
    enum l4 l4;

    memset(to, 0, sizeof *to);
    apply_mask(from, &m);
    l3 = get_l3(&m);
    l4 = get_l4(&m, l3);
    convert_headers(&m.key, l3, l4, &to->key);
    convert_headers(m.mask, l3, l4, &to->mask);
    to->in_port = odp_to_u32(m.key.in_port.odp_port);

    refusals[0] = check_metadata(&m);
    refusals[1] = convert_tunnel(&m, &from->flow.tunnel, to);
    refusals[2] = convert_ethernet(&m, to);
    refusals[3] = check_l3(&m, l3);
    refusals[4] = check_l4(&m, l4);
    for (size_t i = 0; i < ARRAY_SIZE(refusals) && !to->refusal; i++) {
        to->refusal = refusals[i];
    }
}
