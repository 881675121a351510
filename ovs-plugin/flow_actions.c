/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/flow_actions.h"

#include <string.h>

#include "flow.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "openvswitch/packets.h"
#include "openvswitch/types.h"
#include "util.h"

/* The actions that there are so far. */
struct list {
    struct esw_flow_action *actions;
    size_t n;
};

static struct esw_flow_action *
add(struct list *list, enum esw_action_type type)
{
    struct esw_flow_action *action;

    if (list->n == FLOW_ACTIONS_MAX) {
        action = &list->actions[list->n - 1];
        if (action->type != ESW_ACTION_OTHER) {
            action->refusal = type == ESW_ACTION_OUTPUT
                              ? ESW_REFUSAL_TOO_MANY_OUTPUTS
                              : ESW_REFUSAL_ACTION;
            action->type = ESW_ACTION_OTHER;
        }
        return NULL;
    }
    action = &list->actions[list->n++];
    action->type = type;
    return action;
}

static void
add_refused(struct list *list, enum esw_refusal refusal)
{
    struct esw_flow_action *action = add(list, ESW_ACTION_OTHER);

    if (action) {
        action->refusal = refusal;
    }
}

/* Fields. */

struct field {
    enum esw_field field;
    uint8_t offset, size; /* In the attribute. */
};

#define FIELD(FIELD, STRUCT, MEMBER)                            \
    { FIELD, offsetof(struct STRUCT, MEMBER),                   \
      sizeof(((struct STRUCT *) NULL)->MEMBER) }

static const struct field ethernet_fields[] = {
    FIELD(ESW_FIELD_ETH_SRC, ovs_key_ethernet, eth_src),
    FIELD(ESW_FIELD_ETH_DST, ovs_key_ethernet, eth_dst),
};

/* Others of their members cannot be set; Open vSwitch leaves them alone. */
static const struct field ipv4_fields[] = {
    FIELD(ESW_FIELD_IPV4_SRC, ovs_key_ipv4, ipv4_src),
    FIELD(ESW_FIELD_IPV4_DST, ovs_key_ipv4, ipv4_dst),
    FIELD(ESW_FIELD_IPV4_TOS, ovs_key_ipv4, ipv4_tos),
    FIELD(ESW_FIELD_IPV4_TTL, ovs_key_ipv4, ipv4_ttl),
};

static const struct field ipv6_fields[] = {
    FIELD(ESW_FIELD_IPV6_SRC, ovs_key_ipv6, ipv6_src),
    FIELD(ESW_FIELD_IPV6_DST, ovs_key_ipv6, ipv6_dst),
    FIELD(ESW_FIELD_IPV6_LABEL, ovs_key_ipv6, ipv6_label),
    FIELD(ESW_FIELD_IPV6_TRAFFIC_CLASS, ovs_key_ipv6, ipv6_tclass),
    FIELD(ESW_FIELD_IPV6_HOP_LIMIT, ovs_key_ipv6, ipv6_hlimit),
};

static const struct field tcp_fields[] = {
    FIELD(ESW_FIELD_TCP_SRC, ovs_key_tcp, tcp_src),
    FIELD(ESW_FIELD_TCP_DST, ovs_key_tcp, tcp_dst),
};

static const struct field udp_fields[] = {
    FIELD(ESW_FIELD_UDP_SRC, ovs_key_udp, udp_src),
    FIELD(ESW_FIELD_UDP_DST, ovs_key_udp, udp_dst),
};

struct header {
    const struct field *fields;
    size_t n_fields;
    size_t size; /* Of the attribute. */
};

#define HEADER(FIELDS, STRUCT) \
    { FIELDS, ARRAY_SIZE(FIELDS), sizeof(struct STRUCT) }

static const struct header *
find_header(int type)
{
    static const struct header ethernet
        = HEADER(ethernet_fields, ovs_key_ethernet);
    static const struct header ipv4 = HEADER(ipv4_fields, ovs_key_ipv4);
    static const struct header ipv6 = HEADER(ipv6_fields, ovs_key_ipv6);
    static const struct header tcp = HEADER(tcp_fields, ovs_key_tcp);
    static const struct header udp = HEADER(udp_fields, ovs_key_udp);

    switch (type) {
    case OVS_KEY_ATTR_ETHERNET:
        return &ethernet;
    case OVS_KEY_ATTR_IPV4:
        return &ipv4;
    case OVS_KEY_ATTR_IPV6:
        return &ipv6;
    case OVS_KEY_ATTR_TCP:
        return &tcp;
    case OVS_KEY_ATTR_UDP:
        return &udp;
    default:
        return NULL;
    }
}

/* 'mask' is NULL for all of the field. */
static void
set_field(struct list *list, const struct field *field, const uint8_t *value,
          const uint8_t *mask)
{
    struct esw_set_action set = { .field = field->field };
    struct esw_flow_action *action;

    if (mask) {
        memcpy(set.mask, mask + field->offset, field->size);
    } else {
        memset(set.mask, 0xff, field->size);
    }
    if (field->field == ESW_FIELD_IPV6_LABEL) {
        /* The label has 20 bits. */
        set.mask[0] = 0;
        set.mask[1] &= 0x0f;
    }
    if (is_all_zeros(set.mask, field->size)) {
        return;
    }
    for (size_t i = 0; i < field->size; i++) {
        set.value[i] = value[field->offset + i] & set.mask[i];
    }
    action = add(list, ESW_ACTION_SET);
    if (action) {
        action->set = set;
    }
}

/* SET, or SET_MASKED, which has the mask behind the value. */
static void
convert_set(struct list *list, const struct nlattr *a, bool masked)
{
    const struct nlattr *key = nl_attr_get(a);
    const struct header *header;
    const uint8_t *value;

    if (!nl_attr_is_valid(key, nl_attr_get_size(a))) {
        add_refused(list, ESW_REFUSAL_ACTION);
        return;
    }
    header = find_header(nl_attr_type(key));
    if (!header) {
        add_refused(list, ESW_REFUSAL_SET_FIELD);
        return;
    }
    if (nl_attr_get_size(key) != header->size * (masked ? 2 : 1)) {
        add_refused(list, ESW_REFUSAL_ACTION);
        return;
    }
    value = nl_attr_get(key);
    for (size_t i = 0; i < header->n_fields; i++) {
        set_field(list, &header->fields[i], value,
                  masked ? value + header->size : NULL);
    }
}

/* Other actions. */

static void
convert_port(struct list *list, enum esw_action_type type,
             const struct nlattr *a)
{
    struct esw_flow_action *action;

    if (nl_attr_get_size(a) != sizeof(uint32_t)) {
        add_refused(list, ESW_REFUSAL_ACTION);
        return;
    }
    action = add(list, type);
    if (action) {
        action->port = nl_attr_get_u32(a);
    }
}

static void
convert_push_vlan(struct list *list, const struct nlattr *a)
{
    const struct ovs_action_push_vlan *vlan = nl_attr_get(a);
    struct esw_flow_action *action;

    if (nl_attr_get_size(a) != sizeof *vlan) {
        add_refused(list, ESW_REFUSAL_ACTION);
        return;
    }
    action = add(list, ESW_ACTION_PUSH_VLAN);
    if (action) {
        action->vlan.tpid = ntohs(vlan->vlan_tpid);
        action->vlan.tci = ntohs(vlan->vlan_tci) | ESW_VLAN_PRESENT;
    }
}

static enum esw_tunnel_type
get_tunnel_type(uint32_t type)
{
    switch (type) {
    case OVS_VPORT_TYPE_VXLAN:
        return ESW_TUNNEL_VXLAN;
    case OVS_VPORT_TYPE_GENEVE:
        return ESW_TUNNEL_GENEVE;
    default:
        return ESW_TUNNEL_NONE;
    }
}

static void
convert_tunnel_push(struct list *list, const struct nlattr *a)
{
    const struct ovs_action_push_tnl *push = nl_attr_get(a);
    const size_t size = nl_attr_get_size(a);
    const size_t begin = offsetof(struct ovs_action_push_tnl, header);
    struct esw_flow_action *action;
    enum esw_tunnel_type type;

    /* It is as long as its header, or as 'header'. */
    if (size < begin || push->header_len > size - begin
        || push->header_len > sizeof push->header) {
        add_refused(list, ESW_REFUSAL_ACTION);
        return;
    }
    type = get_tunnel_type(push->tnl_type);
    if (type == ESW_TUNNEL_NONE) {
        add_refused(list, ESW_REFUSAL_TUNNEL_HEADER);
        return;
    }
    action = add(list, ESW_ACTION_TUNNEL_PUSH);
    if (action) {
        action->push = (struct esw_tunnel_push_action) {
            .type = type,
            .tunnel_port = odp_to_u32(push->tnl_port),
            .out_port = odp_to_u32(push->out_port),
            .header = (const uint8_t *) push->header,
            .header_length = push->header_len,
        };
    }
}

static enum esw_refusal
get_refusal(int type)
{
    switch (type) {
    case OVS_ACTION_ATTR_USERSPACE:
        return ESW_REFUSAL_USERSPACE;
    case OVS_ACTION_ATTR_RECIRC:
        return ESW_REFUSAL_RECIRCULATES;
    case OVS_ACTION_ATTR_HASH:
        return ESW_REFUSAL_HASHES;
    case OVS_ACTION_ATTR_LB_OUTPUT:
        return ESW_REFUSAL_LB_OUTPUT;
    case OVS_ACTION_ATTR_CT:
    case OVS_ACTION_ATTR_CT_CLEAR:
        return ESW_REFUSAL_CONNTRACK;
    case OVS_ACTION_ATTR_METER:
        return ESW_REFUSAL_METER;
    case OVS_ACTION_ATTR_SAMPLE:
        return ESW_REFUSAL_SAMPLES;
    case OVS_ACTION_ATTR_CLONE:
    case OVS_ACTION_ATTR_CHECK_PKT_LEN:
        return ESW_REFUSAL_NESTED;
    default:
        /* MPLS, NSH, Ethernet headers, truncation, and what is unknown. */
        return ESW_REFUSAL_ACTION;
    }
}

static void
convert(struct list *list, const struct nlattr *a)
{
    switch (nl_attr_type(a)) {
    case OVS_ACTION_ATTR_OUTPUT:
        convert_port(list, ESW_ACTION_OUTPUT, a);
        break;
    case OVS_ACTION_ATTR_DROP:
        add(list, ESW_ACTION_DROP);
        break;
    case OVS_ACTION_ATTR_SET:
        convert_set(list, a, false);
        break;
    case OVS_ACTION_ATTR_SET_MASKED:
        convert_set(list, a, true);
        break;
    case OVS_ACTION_ATTR_PUSH_VLAN:
        convert_push_vlan(list, a);
        break;
    case OVS_ACTION_ATTR_POP_VLAN:
        add(list, ESW_ACTION_POP_VLAN);
        break;
    case OVS_ACTION_ATTR_TUNNEL_PUSH:
        convert_tunnel_push(list, a);
        break;
    case OVS_ACTION_ATTR_TUNNEL_POP:
        convert_port(list, ESW_ACTION_TUNNEL_POP, a);
        break;
    default:
        add_refused(list, get_refusal(nl_attr_type(a)));
        break;
    }
}

size_t
flow_actions_convert(const struct nlattr *attributes, size_t length,
                     struct esw_flow_action to[FLOW_ACTIONS_MAX])
{
    struct list list = { .actions = to };
    const struct nlattr *a;
    size_t left;

    NL_ATTR_FOR_EACH (a, left, attributes, length) {
        convert(&list, a);
    }
    if (left) {
        /* One that is longer than what is left. */
        add_refused(&list, ESW_REFUSAL_ACTION);
    }
    return list.n;
}
