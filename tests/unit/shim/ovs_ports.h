/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SHIM_OVS_PORTS_H
#define TESTS_UNIT_SHIM_OVS_PORTS_H 1

/* Netdevs in Open vSwitch's table of the datapath's ports and its flow API, over the shim's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ovs_port;

enum { OVS_NOW_MSEC = 100000 };

/* Registers the shim's flow API and a class "esw". */
void ovs_ports_init(void);

/* Open_vSwitch's other_config:hw-offload, as each run of the bridge takes it over. */
void ovs_set_offload(bool hw_offload);
void ovs_run(void);

/* A port in a datapath of type 'dpif_type'. "vxlan" and "geneve" listen on 'udp_port'. */
struct ovs_port* ovs_port_add(const char* dpif_type, const char* type, const char* name,
                              uint32_t number, uint16_t udp_port, const char* extensions);
/* As when it is removed: its flows are flushed first. */
void ovs_port_remove(struct ovs_port* port);
/* Enters it a second time; returns the error. */
int ovs_port_insert_again(struct ovs_port* port);

/* How often tc, when it alone is asked to take the flows of a port of the class ("esw" or "other"),
 * looks for the network device behind it. */
unsigned int ovs_tc_ifindex_reads(const char* type);

/* What esw_port_set_number() is told for it. */
const void* ovs_port_cookie(const struct ovs_port* port);
/* Of its flows, or "". */
const char* ovs_port_api(const struct ovs_port* port);

/* With in_port(...) in 'flow' as the port's number. 'orig_in_port' UINT32_MAX: not known. */
int ovs_port_put(struct ovs_port* port, const char* flow, const char* actions, uint64_t high,
                 uint64_t low, uint32_t orig_in_port);
int ovs_port_del(struct ovs_port* port, uint64_t high, uint64_t low);
int ovs_port_flush(struct ovs_port* port);
uint64_t ovs_port_n_flows(struct ovs_port* port);

struct ovs_got {
    int error;
    uint64_t packets, bytes;
    int64_t used_ms; /* By Open vSwitch's clock, which says OVS_NOW_MSEC all the time. */
    bool offloaded;
    const char* dp_layer;
};
struct ovs_got ovs_port_get(struct ovs_port* port, uint64_t high, uint64_t low);

/* Coverage counters of refusals: how many, and what one has counted since the last time, UINT_MAX
 * if there is none with the name. */
size_t ovs_n_counters(void);
unsigned int ovs_take_counter(const char* name);

#ifdef __cplusplus
}
#endif

#endif /* tests/unit/shim/ovs_ports.h */
