/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/shim/ovs_flows.h"

#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "odp-util.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofpbuf.h"

#include "ovs-plugin/flow_actions.h"
#include "ovs-plugin/flow_match.h"
#include "tests/unit/shim/random_flows.h"

BUILD_ASSERT_DECL((int) OVS_MAX_ACTIONS == (int) FLOW_ACTIONS_MAX);

void
ovs_set_vlan_limit(int limit)
{
    flow_limit_vlans(limit);
}

bool
ovs_convert_match(const char *dpctl, struct esw_flow_match *to)
{
    struct ofpbuf key, mask;
    struct match match;
    char *error = NULL;
    bool ok;

    memset(&match, 0, sizeof match);
    ofpbuf_init(&key, 0);
    ofpbuf_init(&mask, 0);
    ok = !odp_flow_from_string(dpctl, NULL, &key, &mask, &error)
         && !parse_key_and_mask_to_match(key.data, key.size, mask.data,
                                         mask.size, &match);
    free(error);
    ofpbuf_uninit(&key);
    ofpbuf_uninit(&mask);
    if (ok) {
        /* As the datapath has it. */
        match.wc.masks.in_port.odp_port = ODPP_NONE;
        flow_match_convert(&match, to);
    }
    return ok;
}

bool
ovs_convert_openflow(const char *openflow, struct esw_flow_match *to)
{
    enum ofputil_protocol protocols;
    struct ofputil_flow_mod mod;
    struct match match;
    char *error;

    error = parse_ofp_flow_mod_str(&mod, openflow, NULL, NULL, OFPFC_DELETE,
                                   &protocols);
    if (error) {
        free(error);
        return false;
    }
    minimatch_expand(&mod.match, &match);
    minimatch_destroy(&mod.match);
    match.wc.masks.in_port.odp_port = ODPP_NONE;
    flow_match_convert(&match, to);
    return true;
}

void
ovs_convert_igmp(struct esw_flow_match *to)
{
    struct match match;

    memset(&match, 0, sizeof match);
    match.flow.dl_type = htons(ETH_TYPE_IP);
    match.wc.masks.dl_type = OVS_BE16_MAX;
    match.flow.nw_proto = IPPROTO_IGMP;
    match.wc.masks.nw_proto = UINT8_MAX;
    match.wc.masks.tp_src = OVS_BE16_MAX;
    match.wc.masks.in_port.odp_port = ODPP_NONE;
    flow_match_convert(&match, to);
}

static struct ofpbuf actions;

size_t
ovs_convert_actions(const char *dpctl,
                    struct esw_flow_action to[OVS_MAX_ACTIONS])
{
    ofpbuf_uninit(&actions);
    ofpbuf_init(&actions, 64);
    if (odp_actions_from_string(dpctl, NULL, &actions)) {
        return SIZE_MAX;
    }
    return flow_actions_convert(actions.data, actions.size, to);
}

size_t
ovs_convert_attributes(const void *attributes, size_t length,
                       struct esw_flow_action to[OVS_MAX_ACTIONS])
{
    return flow_actions_convert(attributes, length, to);
}

const void *
ovs_attributes(size_t *length)
{
    *length = actions.size;
    return actions.data;
}

/* Single bytes. */

enum { BASE_OPTIONS_LENGTH = 8 };

static void
init_base(enum ovs_base base, struct match *match)
{
    struct flow *flow = &match->flow;
    struct flow *mask = &match->wc.masks;

    memset(match, 0, sizeof *match);
    mask->in_port.odp_port = ODPP_NONE;
    mask->dl_type = OVS_BE16_MAX;
    mask->vlans[0].tci = htons(VLAN_CFI);
    flow->vlans[0].tci = htons(VLAN_CFI);
    mask->vlans[1].tci = htons(VLAN_CFI);
    flow->vlans[1].tci = htons(VLAN_CFI);
    if (base == OVS_BASE_ARP) {
        flow->dl_type = htons(ETH_TYPE_ARP);
        return;
    }
    mask->nw_proto = UINT8_MAX;
    if (base == OVS_BASE_IPV6_UDP) {
        flow->dl_type = htons(ETH_TYPE_IPV6);
        flow->nw_proto = IPPROTO_UDP;
    } else {
        flow->dl_type = htons(ETH_TYPE_IP);
        flow->nw_proto = IPPROTO_TCP;
    }
    if (base == OVS_BASE_VXLAN || base == OVS_BASE_GENEVE) {
        flow->tunnel.ip_dst = htonl(0x0a000001);
        mask->tunnel.ip_dst = OVS_BE32_MAX;
    }
    if (base == OVS_BASE_GENEVE) {
        flow->tunnel.flags = mask->tunnel.flags = FLOW_TNL_F_UDPIF;
        flow->tunnel.metadata.present.len = BASE_OPTIONS_LENGTH;
        mask->tunnel.metadata.present.len = UINT8_MAX;
    }
}

size_t
ovs_flow_size(void)
{
    return sizeof(struct flow);
}

void
ovs_convert_with_byte(enum ovs_base base, size_t byte, uint8_t value,
                      struct esw_flow_match *to)
{
    struct match match;

    init_base(base, &match);
    ((uint8_t *) &match.flow)[byte] ^= value;
    ((uint8_t *) &match.wc.masks)[byte] |= value;
    flow_match_convert(&match, to);
}

#define IS_IN(BYTE, FIELD)                              \
    ((BYTE) - offsetof(struct flow, FIELD)              \
     < sizeof ((struct flow *) NULL)->FIELD)

static bool
has_one_bit_outside(const void *field, const void *known, size_t size)
{
    const uint8_t *f = field, *k = known;

    for (size_t i = 0; i < size; i++) {
        if (f[i] & ~k[i]) {
            return true;
        }
    }
    return false;
}

bool
ovs_is_no_field(enum ovs_base base, size_t byte, uint8_t value)
{
    const ovs_be32 label = htonl(IPV6_LABEL_MASK);
    const ovs_be16 tcp_flags = htons(0x0fff);
    struct flow flow = { .nw_frag = 0 };

    ((uint8_t *) &flow)[byte] = value;
    if (IS_IN(byte, pad1) || IS_IN(byte, pad2) || IS_IN(byte, pad3)
        || IS_IN(byte, tunnel.pad1)
        || (flow.nw_frag & ~FLOW_NW_FRAG_MASK)
        || flow.tunnel.flags == FLOW_TNL_F_UDPIF
        || has_one_bit_outside(&flow.ipv6_label, &label, sizeof label)
        || has_one_bit_outside(&flow.tcp_flags, &tcp_flags,
                               sizeof tcp_flags)) {
        return true;
    }
    switch (base) {
    case OVS_BASE_VXLAN:
        return IS_IN(byte, tunnel.metadata.tab);
    case OVS_BASE_GENEVE:
        /* Behind the options that there are. */
        return IS_IN(byte, tunnel.metadata.tab)
               || (IS_IN(byte, tunnel.metadata.present)
                   && !IS_IN(byte, tunnel.metadata.present.len))
               || (IS_IN(byte, tunnel.metadata.opts)
                   && byte >= offsetof(struct flow, tunnel.metadata.opts)
                              + BASE_OPTIONS_LENGTH);
    default:
        return false;
    }
}

const char *
ovs_random_round_trip(uint32_t seed)
{
    static char difference[256];
    struct random_flow random;
    struct esw_flow_match converted;
    struct match back;

    random_flow_make(seed, &random);
    flow_match_convert(&random.match, &converted);
    if (converted.refusal) {
        snprintf(difference, sizeof difference, "refused: %d",
                 converted.refusal);
        return difference;
    }
    random_flow_convert_back(&converted, &back);
    return random_flow_differ(&random.expected, &back, difference,
                              sizeof difference) ? difference : NULL;
}

const char *
ovs_random_refusal(uint32_t seed)
{
    static char text[256];
    struct random_flow random;
    struct esw_flow_match converted;
    enum esw_refusal expected;
    const char *name;

    random_flow_make(seed, &random);
    expected = random_flow_spoil(&random, &name);
    flow_match_convert(&random.match, &converted);
    if (converted.refusal == expected) {
        return NULL;
    }
    snprintf(text, sizeof text, "%s gives refusal %d, not %d", name,
             converted.refusal, expected);
    return text;
}
