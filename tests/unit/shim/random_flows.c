/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/shim/random_flows.h"

#include <stdio.h>
#include <string.h>

#include "flow.h"
#include "hash.h"
#include "odp-util.h"
#include "packets.h"
#include "random.h"
#include "util.h"

/* Making them. */

/* A field with a random value, which is matched as a whole, in part or not. */
static void
pick(void *value, void *mask, size_t size)
{
    random_bytes(value, size);
    switch (random_range(3)) {
    case 0:
        memset(mask, 0, size);
        break;
    case 1:
        memset(mask, 0xff, size);
        break;
    default:
        random_bytes(mask, size);
    }
}

#define PICK(M, FIELD)                                          \
    pick(&(M)->flow.FIELD, &(M)->wc.masks.FIELD, sizeof (M)->flow.FIELD)

static ovs_be16
random_tpid(void)
{
    return htons(random_range(2) ? ETH_TYPE_VLAN_8021Q : ETH_TYPE_VLAN_8021AD);
}

static void
pick_tag(struct match *m, int i)
{
    PICK(m, vlans[i].tci);
    PICK(m, vlans[i].tpid);
    m->flow.vlans[i].tci |= htons(VLAN_CFI);
    m->wc.masks.vlans[i].tci |= htons(VLAN_CFI);
}

static void
pick_no_tag(struct random_flow *r, int i)
{
    union flow_vlan_hdr *mask = &r->match.wc.masks.vlans[i];

    /* All the ways to say so. */
    mask->tci = htons(random_range(2) ? UINT16_MAX
                                      : VLAN_CFI | random_range(1 << 12));
    mask->tpid = random_range(2) ? OVS_BE16_MAX : 0;
    r->expected.wc.masks.vlans[i].tci = htons(VLAN_CFI);
}

static void
pick_tags(struct random_flow *r)
{
    struct match *m = &r->expected;
    int n = random_range(FLOW_MAX_VLAN_HEADERS + 1);

    for (int i = 0; i < MIN(n, flow_vlan_limit); i++) {
        pick_tag(m, i);
    }
    if (n > flow_vlan_limit) {
        m->flow.dl_type = random_tpid();
        m->wc.masks.dl_type = OVS_BE16_MAX;
    }
    r->match = r->expected;
    if (n < flow_vlan_limit && (!n || random_range(2))) {
        pick_no_tag(r, n);
    }
}

static void
pick_tunnel(struct match *m)
{
    struct flow_tnl *tunnel = &m->flow.tunnel;

    if (random_range(2)) {
        PICK(m, tunnel.ip_src);
        PICK(m, tunnel.ip_dst);
        tunnel->ip_dst |= htonl(1);
    } else {
        PICK(m, tunnel.ipv6_src);
        PICK(m, tunnel.ipv6_dst);
        tunnel->ipv6_dst.s6_addr[15] |= 1;
    }
    PICK(m, tunnel.tun_id);
    PICK(m, tunnel.flags);
    tunnel->flags &= FLOW_TNL_F_MASK;
    m->wc.masks.tunnel.flags &= FLOW_TNL_F_MASK;
    PICK(m, tunnel.ip_tos);
    PICK(m, tunnel.ip_ttl);
    PICK(m, tunnel.tp_src);
    PICK(m, tunnel.tp_dst);
    if (random_range(2)) {
        size_t length = 4 * random_range(TLV_TOT_OPT_SIZE / 4 + 1);

        tunnel->metadata.present.len = length;
        m->wc.masks.tunnel.metadata.present.len = UINT8_MAX;
        pick(tunnel->metadata.opts.gnv,
             m->wc.masks.tunnel.metadata.opts.gnv, length);
        tunnel->flags |= FLOW_TNL_F_UDPIF;
    }
}

static void
pick_l4(struct match *m, bool ipv6)
{
    static const uint8_t protocols[] = {
        IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP, IPPROTO_GRE,
    };
    uint8_t protocol = protocols[random_range(ARRAY_SIZE(protocols))];

    if (ipv6 && protocol == IPPROTO_ICMP) {
        protocol = IPPROTO_ICMPV6;
    }
    m->flow.nw_proto = protocol;
    m->wc.masks.nw_proto = UINT8_MAX;
    if (protocol == IPPROTO_GRE || m->flow.nw_frag & FLOW_NW_FRAG_LATER) {
        return;
    }
    PICK(m, tp_src);
    PICK(m, tp_dst);
    if (protocol == IPPROTO_TCP) {
        PICK(m, tcp_flags);
        m->flow.tcp_flags &= htons(0x0fff);
        m->wc.masks.tcp_flags &= htons(0x0fff);
    }
}

static void
pick_ip(struct match *m, bool ipv6)
{
    if (ipv6) {
        PICK(m, ipv6_src);
        PICK(m, ipv6_dst);
        PICK(m, ipv6_label);
        m->flow.ipv6_label &= htonl(IPV6_LABEL_MASK);
        m->wc.masks.ipv6_label &= htonl(IPV6_LABEL_MASK);
    } else {
        PICK(m, nw_src);
        PICK(m, nw_dst);
    }
    PICK(m, nw_tos);
    PICK(m, nw_ttl);
    m->flow.nw_frag = random_range(FLOW_NW_FRAG_MASK + 1);
    m->wc.masks.nw_frag = FLOW_NW_FRAG_MASK;
    if (random_range(4)) {
        pick_l4(m, ipv6);
    } else {
        PICK(m, nw_proto);
        if (m->wc.masks.nw_proto == UINT8_MAX) {
            m->wc.masks.nw_proto = 0;
        }
    }
}

static void
pick_type(struct match *m)
{
    m->wc.masks.dl_type = OVS_BE16_MAX;
    switch (random_range(4)) {
    case 0:
        m->flow.dl_type = htons(ETH_TYPE_IP);
        pick_ip(m, false);
        break;
    case 1:
        m->flow.dl_type = htons(ETH_TYPE_IPV6);
        pick_ip(m, true);
        break;
    case 2:
        m->flow.dl_type = htons(ETH_TYPE_ARP);
        break;
    default:
        m->flow.dl_type = htons(0x88f7);
        break;
    }
}

/* What packets have by nature: in 'match' only. */
static void
pick_zeros(struct match *m)
{
    struct flow *mask = &m->wc.masks;

    mask->recirc_id = UINT32_MAX;
    mask->packet_type = OVS_BE32_MAX;
    random_bytes(&mask->ct_state, sizeof mask->ct_state);
    random_bytes(&mask->ct_label, sizeof mask->ct_label);
    random_bytes(&mask->ct_tp_dst, sizeof mask->ct_tp_dst);
    random_bytes(&mask->pkt_mark, sizeof mask->pkt_mark);
    random_bytes(&mask->dp_hash, sizeof mask->dp_hash);
    random_bytes(&mask->tunnel.gbp_id, sizeof mask->tunnel.gbp_id);
    if (m->flow.dl_type == htons(ETH_TYPE_IP)) {
        random_bytes(&mask->ipv6_src, sizeof mask->ipv6_src);
        if (mask->nw_proto == UINT8_MAX) {
            random_bytes(&mask->nd_target, sizeof mask->nd_target);
        }
        random_bytes(&mask->mpls_lse, sizeof mask->mpls_lse);
    } else if (m->flow.dl_type != htons(ETH_TYPE_ARP)) {
        random_bytes(&mask->nw_src, sizeof mask->nw_src);
        random_bytes(&mask->nsh, sizeof mask->nsh);
    }
    if (m->flow.tunnel.flags & FLOW_TNL_F_UDPIF) {
        mask->tunnel.flags |= FLOW_TNL_F_UDPIF;
    }
}

void
random_flow_make(uint32_t seed, struct random_flow *r)
{
    struct match *m = &r->expected;

    /* The generator's first numbers of neighbouring seeds are alike; it takes
     * no 0. */
    random_set_seed(hash_int(seed, 0) | 1);
    memset(r, 0, sizeof *r);
    random_bytes(&m->flow.in_port, sizeof m->flow.in_port);
    m->wc.masks.in_port.odp_port = ODPP_NONE;
    PICK(m, dl_dst);
    PICK(m, dl_src);
    if (random_range(3) == 0) {
        pick_tunnel(m);
    }
    pick_tags(r);
    if (!m->wc.masks.dl_type) {
        struct match typed = *m;

        pick_type(&typed);
        memcpy(typed.wc.masks.vlans, r->match.wc.masks.vlans,
               sizeof typed.wc.masks.vlans);
        r->match = typed;
        memcpy(typed.wc.masks.vlans, m->wc.masks.vlans,
               sizeof typed.wc.masks.vlans);
        *m = typed;
    }
    pick_zeros(&r->match);
}

/* Things without a place. */

struct spoiler {
    const char *name;
    size_t offset, size;
    enum esw_refusal refusal;
};

#define SPOILER(FIELD, REFUSAL)                                         \
    { #FIELD, offsetof(struct flow, FIELD),                             \
      sizeof ((struct flow *) NULL)->FIELD, ESW_REFUSAL_##REFUSAL }

static const struct spoiler spoilers[] = {
    SPOILER(recirc_id, RECIRCULATED),
    SPOILER(dp_hash, MATCH_DP_HASH),
    SPOILER(ct_state, MATCH_CONNTRACK),
    SPOILER(ct_zone, MATCH_CONNTRACK),
    SPOILER(ct_mark, MATCH_CONNTRACK),
    SPOILER(ct_label, MATCH_CONNTRACK),
    SPOILER(ct_nw_proto, MATCH_CONNTRACK),
    SPOILER(ct_nw_src, MATCH_CONNTRACK),
    SPOILER(ct_nw_dst, MATCH_CONNTRACK),
    SPOILER(ct_ipv6_src, MATCH_CONNTRACK),
    SPOILER(ct_ipv6_dst, MATCH_CONNTRACK),
    SPOILER(ct_tp_src, MATCH_CONNTRACK),
    SPOILER(ct_tp_dst, MATCH_CONNTRACK),
    SPOILER(packet_type, MATCH_PACKET_TYPE),
    SPOILER(metadata, MATCH_METADATA),
    SPOILER(regs, MATCH_METADATA),
    SPOILER(skb_priority, MATCH_METADATA),
    SPOILER(pkt_mark, MATCH_METADATA),
    SPOILER(conj_id, MATCH_METADATA),
    SPOILER(actset_output, MATCH_METADATA),
    SPOILER(tunnel.gbp_id, MATCH_TUNNEL),
    SPOILER(tunnel.gbp_flags, MATCH_TUNNEL),
    SPOILER(tunnel.erspan_ver, MATCH_TUNNEL),
    SPOILER(tunnel.erspan_idx, MATCH_TUNNEL),
    SPOILER(tunnel.erspan_dir, MATCH_TUNNEL),
    SPOILER(tunnel.erspan_hwid, MATCH_TUNNEL),
    SPOILER(tunnel.gtpu_flags, MATCH_TUNNEL),
    SPOILER(tunnel.gtpu_msgtype, MATCH_TUNNEL),
    SPOILER(mpls_lse, MATCH_MPLS),
    SPOILER(nsh, MATCH_NSH),
};

enum esw_refusal
random_flow_spoil(struct random_flow *r, const char **name)
{
    const struct spoiler *s = &spoilers[random_range(ARRAY_SIZE(spoilers))];
    uint8_t *value = (uint8_t *) &r->match.flow + s->offset;
    uint8_t *mask = (uint8_t *) &r->match.wc.masks + s->offset;
    size_t byte = random_range(s->size);

    /* One bit of it. */
    value[byte] = mask[byte] = 1 << random_range(8);
    *name = s->name;
    return s->refusal;
}

/* And back. */

static void
convert_key_back(const struct esw_flow_key *from, uint16_t eth_type,
                 struct flow *to)
{
    memcpy(&to->dl_dst, from->eth_dst, sizeof to->dl_dst);
    memcpy(&to->dl_src, from->eth_src, sizeof to->dl_src);
    to->dl_type = htons(from->eth_type);
    for (int i = 0; i < FLOW_MAX_VLAN_HEADERS; i++) {
        to->vlans[i].tpid = htons(from->vlans[i].tpid);
        to->vlans[i].tci = htons(from->vlans[i].tci);
    }
    if (eth_type == ETH_TYPE_IPV6) {
        memcpy(&to->ipv6_src, from->ip_src, sizeof to->ipv6_src);
        memcpy(&to->ipv6_dst, from->ip_dst, sizeof to->ipv6_dst);
        to->ipv6_label = htonl(from->ipv6_label);
    } else {
        memcpy(&to->nw_src, from->ip_src + 12, sizeof to->nw_src);
        memcpy(&to->nw_dst, from->ip_dst + 12, sizeof to->nw_dst);
    }
    to->nw_proto = from->ip_proto;
    to->nw_tos = from->ip_tos;
    to->nw_ttl = from->ip_ttl;
    to->nw_frag = from->ip_frag;
    to->tp_src = htons(from->l4_src);
    to->tp_dst = htons(from->l4_dst);
    to->tcp_flags = htons(from->tcp_flags);
}

static void
convert_tunnel_back(const struct esw_tunnel_key *from, struct flow_tnl *to)
{
    if (from->is_ipv6) {
        memcpy(&to->ipv6_src, from->src, sizeof to->ipv6_src);
        memcpy(&to->ipv6_dst, from->dst, sizeof to->ipv6_dst);
    } else {
        memcpy(&to->ip_src, from->src + 12, sizeof to->ip_src);
        memcpy(&to->ip_dst, from->dst + 12, sizeof to->ip_dst);
    }
    to->tun_id = htonll(from->id);
    to->flags = from->flags;
    to->tp_src = htons(from->udp_src);
    to->tp_dst = htons(from->udp_dst);
    to->ip_tos = from->tos;
    to->ip_ttl = from->ttl;
    to->metadata.present.len = from->options_length;
    memcpy(to->metadata.opts.gnv, from->options,
           sizeof to->metadata.opts.gnv);
}

/* With vlan-limit=1 a second tag is what the type is, or nothing. */
static void
fold_second_tag(const struct esw_flow_match *from, struct match *to)
{
    if (from->key.vlans[1].tci & ESW_VLAN_PRESENT) {
        to->flow.dl_type = htons(from->key.vlans[1].tpid);
        to->wc.masks.dl_type = htons(from->mask.vlans[1].tpid);
    }
    to->flow.vlans[1].qtag = to->wc.masks.vlans[1].qtag = 0;
}

void
random_flow_convert_back(const struct esw_flow_match *from, struct match *to)
{
    memset(to, 0, sizeof *to);
    to->flow.in_port.odp_port = u32_to_odp(from->in_port);
    to->wc.masks.in_port.odp_port = ODPP_NONE;
    convert_key_back(&from->key, from->key.eth_type,
                     &to->flow);
    convert_key_back(&from->mask, from->key.eth_type,
                     &to->wc.masks);
    convert_tunnel_back(&from->key.tunnel, &to->flow.tunnel);
    convert_tunnel_back(&from->mask.tunnel, &to->wc.masks.tunnel);
    if (flow_vlan_limit == 1) {
        fold_second_tag(from, to);
    }
}

bool
random_flow_differ(const struct match *a, const struct match *b, char *text,
                   size_t size)
{
    const uint8_t *flow[] = { (const uint8_t *) &a->flow,
                              (const uint8_t *) &b->flow };
    const uint8_t *mask[] = { (const uint8_t *) &a->wc.masks,
                              (const uint8_t *) &b->wc.masks };

    for (size_t i = 0; i < sizeof a->flow; i++) {
        if (mask[0][i] != mask[1][i]
            || ((flow[0][i] ^ flow[1][i]) & mask[0][i])) {
            snprintf(text, size,
                     "byte %"PRIuSIZE": %02x/%02x came back as %02x/%02x", i,
                     flow[0][i], mask[0][i], flow[1][i], mask[1][i]);
            return true;
        }
    }
    return false;
}
