/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SHIM_OVS_FLOWS_H
#define TESTS_UNIT_SHIM_OVS_FLOWS_H 1

/* Open vSwitch's own parsers and flows before the C shim's conversions, for tests in C++, which
 * cannot read Open vSwitch's headers. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esw-manager/flow/megaflow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { OVS_MAX_ACTIONS = 256 };

/* other_config:vlan-limit, 1 or 2. */
void ovs_set_vlan_limit(int limit);

/* A match as dpctl(8) prints it, or one of OpenFlow's, which has fields that dpctl does not. False:
 * it does not parse. */
bool ovs_convert_match(const char* dpctl, struct esw_flow_match* to);
bool ovs_convert_openflow(const char* openflow, struct esw_flow_match* to);

/* All of the packets that report membership of an IPv4 multicast group, which is in neither. */
void ovs_convert_igmp(struct esw_flow_match* to);

/* Actions as dpctl(8) prints them, or as bytes. What is in 'to' lives until the next call.
 * SIZE_MAX: they do not parse. */
size_t ovs_convert_actions(const char* dpctl, struct esw_flow_action to[OVS_MAX_ACTIONS]);
size_t ovs_convert_attributes(const void* attributes, size_t length,
                              struct esw_flow_action to[OVS_MAX_ACTIONS]);

/* Of the last actions that were parsed. */
const void* ovs_attributes(size_t* length);

/* Bytes of a match: which ones there are, and with one more that is matched. */
enum ovs_base {
    OVS_BASE_IPV4_TCP,
    OVS_BASE_IPV6_UDP,
    OVS_BASE_ARP,
    OVS_BASE_VXLAN,
    OVS_BASE_GENEVE
};
size_t ovs_flow_size(void);
void ovs_convert_with_byte(enum ovs_base base, size_t byte, uint8_t value,
                           struct esw_flow_match* to);
/* Padding, pointers and bits that no packet has. */
bool ovs_is_no_field(enum ovs_base base, size_t byte, uint8_t value);

/* A random match, converted and converted back. Returns NULL, or how the two differ. */
const char* ovs_random_round_trip(uint32_t seed);

/* A random match with something that has no place in it. Returns NULL, or what was not refused, or
 * for another reason than it is to be. */
const char* ovs_random_refusal(uint32_t seed);

#ifdef __cplusplus
}
#endif

#endif /* tests/unit/shim/ovs_flows.h */
