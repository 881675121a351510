/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PLUGIN_FLOW_MATCH_H
#define OVS_PLUGIN_FLOW_MATCH_H 1

#include "esw-manager/flow/megaflow.h"

struct match;

/* Makes 'to' of the match of a megaflow of the userspace datapath: all of it
 * but 'physical_port', 'tunnel_type' and 'tunnel_udp_port', which a match does
 * not have.
 *
 * What is matched and has no place in 'to' gives 'to->refusal'.  Values that a
 * packet has by nature need no place: those of metadata are 0 in every packet
 * that has just come in, and so are those of headers that it does not have.
 * Open vSwitch matches on such zeros often (ct_state=-trk), and on all of them
 * without megaflows.
 *
 * There is one form for packets without a tag: 'tci' 0, its mask
 * ESW_VLAN_PRESENT.  Tags behind other_config:vlan-limit are not left to
 * 'eth_type', as in Open vSwitch: a second tag that must or must not be there
 * is in 'vlans'.  Key bits outside of the mask are 0. */
void flow_match_convert(const struct match *from, struct esw_flow_match *to);

#endif /* ovs-plugin/flow_match.h */
