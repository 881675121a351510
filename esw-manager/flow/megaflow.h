/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESW_MANAGER_FLOW_MEGAFLOW_H
#define ESW_MANAGER_FLOW_MEGAFLOW_H 1

/* A megaflow of Open vSwitch's userspace datapath as plain data, in C and C++: what the C shim
 * makes of a struct match and of the Netlink attributes of its actions, and what the flow compiler
 * reads.
 *
 * Numbers are in host byte order.  Ports are the datapath's (odp_port_t).  What the compiler knows
 * nothing of is not left out: it comes as the reason why such a flow stays in software. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esw-manager/flow/refusal.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ESW_MAX_VLANS = 2, ESW_MAX_TUNNEL_OPTIONS = 256 /* bytes */ };

/* Identifies a megaflow for as long as it lives, also when its actions change. */
struct esw_ufid {
    uint64_t high, low;
};

/* In 'tci': there is such a tag.  Where Open vSwitch has it, too (VLAN_CFI). */
enum { ESW_VLAN_PRESENT = 0x1000 };

struct esw_vlan {
    uint16_t tpid; /* 0: any. */
    uint16_t tci;
};

/* In 'ip_frag', as FLOW_NW_FRAG_*. */
enum { ESW_FRAGMENT_ANY = 1, ESW_FRAGMENT_LATER = 2 };

enum esw_tunnel_type { ESW_TUNNEL_NONE, ESW_TUNNEL_VXLAN, ESW_TUNNEL_GENEVE };

/* An IPv4 address is in the last four bytes of its sixteen; the others are 0. */
struct esw_tunnel_key {
    uint8_t src[16], dst[16];
    uint64_t id;
    uint16_t flags; /* FLOW_TNL_F_* of Open vSwitch, but FLOW_TNL_F_UDPIF. */
    uint16_t udp_src, udp_dst;
    uint8_t tos, ttl;
    bool is_ipv6;            /* The same in key and mask. */
    uint16_t options_length; /* Bytes of Geneve's options; in the mask: all ones, or 0 for any. */
    uint8_t options[ESW_MAX_TUNNEL_OPTIONS]; /* As in the packet. */
};

/* The headers of a packet; that of a mask has ones where a bit must be as in the key. */
struct esw_flow_key {
    uint8_t eth_dst[6], eth_src[6];
    uint16_t eth_type; /* Behind the tags. */
    uint16_t tcp_flags;
    struct esw_vlan vlans[ESW_MAX_VLANS]; /* The outermost first. */
    uint8_t ip_src[16], ip_dst[16];       /* As in esw_tunnel_key. */
    uint32_t ipv6_label;
    uint8_t ip_proto, ip_tos, ip_ttl, ip_frag;
    uint16_t l4_src, l4_dst; /* Ports of TCP, UDP, SCTP; type and code of ICMP and ICMPv6. */
    struct esw_tunnel_key tunnel;
};

struct esw_flow_match {
    struct esw_flow_key key, mask;
    /* How many tags Open vSwitch has looked for ('flow_vlan_limit'); one more is an Ethernet type
     * to it.  0: not known, and only packets that all limits read alike will match in the adapter.
     */
    uint8_t vlan_limit;
    /* Where the packet comes from.  Of one that a tunnel's port has unpacked: that port, and in
     * 'physical_port' the one that the packet came in by; otherwise both are the same. */
    uint32_t in_port, physical_port;
    /* Of the tunnel that 'in_port' is, and the UDP port that it listens on. */
    enum esw_tunnel_type tunnel_type;
    uint16_t tunnel_udp_port;
    /* Matches on something that 'key' has no place for. */
    enum esw_refusal refusal; /* Or ESW_REFUSAL_NONE. */
};

enum esw_action_type {
    ESW_ACTION_OUTPUT,
    ESW_ACTION_DROP, /* As having no actions. */
    ESW_ACTION_SET,
    ESW_ACTION_PUSH_VLAN,
    ESW_ACTION_POP_VLAN,
    ESW_ACTION_TUNNEL_PUSH, /* The outputs after it are of the packet with the header. */
    ESW_ACTION_TUNNEL_POP,
    ESW_ACTION_OTHER, /* One that the adapter has nothing like, see 'refusal'. */
};

enum esw_field {
    ESW_FIELD_ETH_SRC,
    ESW_FIELD_ETH_DST,
    ESW_FIELD_IPV4_SRC,
    ESW_FIELD_IPV4_DST,
    ESW_FIELD_IPV4_TOS,
    ESW_FIELD_IPV4_TTL,
    ESW_FIELD_IPV6_SRC,
    ESW_FIELD_IPV6_DST,
    ESW_FIELD_IPV6_TRAFFIC_CLASS,
    ESW_FIELD_IPV6_HOP_LIMIT,
    ESW_FIELD_IPV6_LABEL,
    ESW_FIELD_TCP_SRC,
    ESW_FIELD_TCP_DST,
    ESW_FIELD_UDP_SRC,
    ESW_FIELD_UDP_DST,
};

/* Value and mask are as wide as the field and as in the packet; IPv6's label is in four bytes. */
struct esw_set_action {
    enum esw_field field;
    uint8_t value[16], mask[16];
};

struct esw_tunnel_push_action {
    enum esw_tunnel_type type;
    uint32_t tunnel_port;  /* The tunnel's. */
    uint32_t out_port;     /* The one that leads to its other end. */
    const uint8_t* header; /* All of it, from Ethernet's on; the UDP source port is 0. */
    size_t header_length;
};

struct esw_flow_action {
    enum esw_action_type type;
    union {
        uint32_t port; /* OUTPUT, TUNNEL_POP. */
        struct esw_set_action set;
        struct esw_vlan vlan; /* PUSH_VLAN; 'tci' has ESW_VLAN_PRESENT. */
        struct esw_tunnel_push_action push;
        enum esw_refusal refusal; /* OTHER. */
    };
};

#ifdef __cplusplus
}
#endif

#endif /* esw-manager/flow/megaflow.h */
