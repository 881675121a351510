/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESW_MANAGER_FLOW_REFUSAL_H
#define ESW_MANAGER_FLOW_REFUSAL_H 1

/* Why a flow is not in the adapter and stays in software.  This list is closed: each refusal is
 * one of these, is counted, and is shown with its name by esw/flow-show.
 *
 * X(NAME, "name", "what it means to an operator") */
#define ESW_REFUSALS(X)                                                                          \
    /* Of the match. */                                                                          \
    X(RECIRCULATED, "recirculated", "matches on what an earlier pass has found (recirc_id)")     \
    X(MATCH_DP_HASH, "match-dp-hash", "matches on the datapath's hash")                          \
    X(MATCH_CONNTRACK, "match-conntrack", "matches on a connection's state")                     \
    X(MATCH_METADATA, "match-metadata", "matches on metadata that packets do not carry")         \
    X(MATCH_PACKET_TYPE, "match-packet-type", "packets without an Ethernet header")              \
    X(MATCH_MPLS, "match-mpls", "matches on MPLS labels")                                        \
    X(MATCH_NSH, "match-nsh", "matches on a network service header")                             \
    X(MATCH_ARP, "match-arp", "matches inside of ARP")                                           \
    X(MATCH_ND, "match-nd", "matches inside of IPv6 neighbour discovery")                        \
    X(MATCH_ETH_TYPE, "match-eth-type", "an Ethernet type the adapter cannot tell, or a length") \
    X(MATCH_L4, "match-l4", "matches on a transport header that the adapter does not read")      \
    X(MATCH_FRAGMENT, "match-fragment", "tells first fragments from later ones")                 \
    X(MATCH_VLAN, "match-vlan", "matches on tags that the adapter does not tell apart")          \
    X(MATCH_TUNNEL, "match-tunnel", "matches on what the adapter does not see of a tunnel")      \
    X(LINK_LOCAL, "link-local", "LACP, LLDP and the like are Open vSwitch's own")                \
    X(IN_PORT, "in-port", "packets come from a port that is no loaded representor")              \
    X(TUNNEL_PORT, "tunnel-port", "unpacks a tunnel whose packets do not come from the wire")    \
    X(NO_PACKETS, "no-packets", "no packet can match it")                                        \
    /* Of the actions. */                                                                        \
    X(USERSPACE, "userspace", "packets go to Open vSwitch (controller, slow path, sampling)")    \
    X(RECIRCULATES, "recirculates", "needs another pass (recirc)")                               \
    X(HASHES, "hashes", "bond chooses by hash (dp_hash, balance-tcp)")                           \
    X(LB_OUTPUT, "lb-output", "bond chooses by hash (lb_output, balance-tcp)")                   \
    X(CONNTRACK, "conntrack", "goes through connection tracking")                                \
    X(METER, "meter", "is metered")                                                              \
    X(SAMPLES, "samples", "samples packets")                                                     \
    X(NESTED, "nested", "has actions within actions (clone, check_pkt_len)")                     \
    X(ACTION, "action", "has an action that the adapter has nothing like")                       \
    X(SET_FIELD, "set-field", "changes a field that the adapter cannot write")                   \
    X(EDITS_BETWEEN_OUTPUTS, "edits-between-outputs", "changes a packet between two outputs")    \
    X(ACTION_ORDER, "action-order", "does things in an order that the adapter cannot follow")    \
    X(OUT_PORT, "out-port", "sends to a port that is no loaded representor")                     \
    X(OTHER_ADAPTER, "other-adapter", "sends to a port of another adapter")                      \
    X(WIRE_TO_WIRE, "wire-to-wire", "sends from the wire to the wire")                           \
    X(TO_IN_PORT, "to-in-port", "sends back to where packets come from")                         \
    X(TOO_MANY_OUTPUTS, "too-many-outputs", "sends to more ports than the adapter can copy to")  \
    X(TUNNEL_HEADER, "tunnel-header", "adds a header that the adapter cannot")                   \
    X(TUNNEL_POP, "tunnel-pop", "unpacks a tunnel; the flows behind it are what is offloaded")   \
    /* Of the adapter, at the time. */                                                           \
    X(TOO_MANY_MASKS, "too-many-masks", "its port has as many different masks as it may have")   \
    X(NO_MEMORY, "no-memory", "the adapter has no memory left for it")                           \
    X(NO_COUNTER, "no-counter", "the adapter has no counter left for it")                        \
    X(DEVICE, "device", "the adapter refused it")

enum esw_refusal {
    ESW_REFUSAL_NONE,
#define ESW_REFUSAL_ENUM(NAME, name, text) ESW_REFUSAL_##NAME,
    ESW_REFUSALS(ESW_REFUSAL_ENUM)
#undef ESW_REFUSAL_ENUM
        ESW_N_REFUSALS
};

#ifdef __cplusplus
extern "C" {
#endif

/* The name and the text of the list, which live for ever; of ESW_REFUSAL_NONE and of what is none,
 * "none" and "is not refused". */
const char* esw_refusal_name(enum esw_refusal);
const char* esw_refusal_text(enum esw_refusal);

#ifdef __cplusplus
}

namespace esw {
inline const char* to_string(esw_refusal reason) {
    return esw_refusal_name(reason);
}
}  // namespace esw
#endif

#endif /* esw-manager/flow/refusal.h */
