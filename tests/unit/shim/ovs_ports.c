/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/shim/ovs_ports.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "coverage.h"
#include "dpif.h"
#include "netdev-offload-provider.h"
#include "netdev-provider.h"
#include "odp-util.h"
#include "ofproto/ofproto-dpif-upcall.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-provider.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

#include "ovs-plugin/netdev_esw.h"
#include "ovs-plugin/shim.h"

struct ovs_port {
    struct netdev *netdev;
    const char *dpif_type;
    uint32_t number;
};

/* A class "esw" without a device. */

static struct netdev *
esw_alloc(void)
{
    struct netdev_esw *dev = xzalloc(sizeof *dev);

    dev->port = (struct esw_port *) dev;
    return &dev->up;
}

static int
esw_construct(struct netdev *netdev OVS_UNUSED)
{
    return 0;
}

static void
esw_destruct(struct netdev *netdev OVS_UNUSED)
{
}

static void
esw_dealloc(struct netdev *netdev)
{
    free(CONTAINER_OF(netdev, struct netdev_esw, up));
}

static unsigned int n_ifindex_reads;

static int
esw_get_ifindex(const struct netdev *netdev OVS_UNUSED)
{
    n_ifindex_reads++;
    return -ENODEV;
}

#define ESW_CLASS(TYPE)                         \
    {                                           \
        .type = TYPE,                           \
        .alloc = esw_alloc,                     \
        .construct = esw_construct,             \
        .destruct = esw_destruct,               \
        .dealloc = esw_dealloc,                 \
        .get_ifindex = esw_get_ifindex,         \
    }
static const struct netdev_class esw_class = ESW_CLASS("esw");
static const struct netdev_class other_class = ESW_CLASS("other");

extern __typeof__(netdev_esw_cast) __wrap_netdev_esw_cast;

struct netdev_esw *
__wrap_netdev_esw_cast(const struct netdev *netdev)
{
    ovs_assert(netdev->netdev_class == &esw_class);
    return CONTAINER_OF(netdev, struct netdev_esw, up);
}

/* A bridge, of which there is no more than it takes to find its datapath. */

extern __typeof__(udpif_flush) __wrap_udpif_flush;
extern __typeof__(ofproto_enumerate_names) __wrap_ofproto_enumerate_names;
extern __typeof__(ofproto_dpif_lookup_by_name)
    __wrap_ofproto_dpif_lookup_by_name;
void RecordFlush(void);

static char udpif; /* Any pointer. */

void
__wrap_udpif_flush(struct udpif *flushed)
{
    ovs_assert(flushed == (struct udpif *) &udpif);
    RecordFlush();
}

int
__wrap_ofproto_enumerate_names(const char *type, struct sset *names)
{
    sset_clear(names);
    if (!strcmp(type, "netdev")) {
        sset_add(names, "br0");
    }
    return 0;
}

struct ofproto_dpif *
__wrap_ofproto_dpif_lookup_by_name(const char *name)
{
    static struct dpif_backer backer;
    static struct ofproto_dpif bridge = { .backer = &backer };

    ovs_assert(!strcmp(name, "br0"));
    backer.udpif = (struct udpif *) &udpif;
    return &bridge;
}

/* The clock. */

extern __typeof__(time_msec) __wrap_time_msec;

long long int
__wrap_time_msec(void)
{
    return OVS_NOW_MSEC;
}

/* Configuration. */

static char plugin; /* Any pointer. */

void
ovs_ports_init(void)
{
    struct sset types = SSET_INITIALIZER(&types);

    /* The first to ask for types of datapaths gets all that tunnels need. */
    dp_enumerate_types(&types);
    sset_destroy(&types);
    shim_flows_init((struct esw_plugin *) &plugin);
    netdev_register_provider(&esw_class);
    netdev_register_provider(&other_class);
}

void
ovs_set_offload(bool hw_offload)
{
    struct smap other_config = SMAP_INITIALIZER(&other_config);
    bool was_enabled = netdev_is_flow_api_enabled();

    smap_add(&other_config, "hw-offload", hw_offload ? "true" : "false");
    netdev_set_flow_api_enabled(&other_config);
    shim_flows_configure(&other_config, !was_enabled
                                        && netdev_is_flow_api_enabled());
    smap_destroy(&other_config);
}

void
ovs_run(void)
{
    shim_flows_run();
}

/* Ports. */

static int
insert(struct ovs_port *port)
{
    struct dpif_port dpif_port = {
        .name = CONST_CAST(char *, netdev_get_name(port->netdev)),
        .type = CONST_CAST(char *, netdev_get_type(port->netdev)),
        .port_no = u32_to_odp(port->number),
    };

    return netdev_ports_insert(port->netdev, &dpif_port);
}

struct ovs_port *
ovs_port_add(const char *dpif_type, const char *type, const char *name,
             uint32_t number, uint16_t udp_port, const char *extensions)
{
    struct smap options = SMAP_INITIALIZER(&options);
    struct ovs_port *port = xzalloc(sizeof *port);

    port->dpif_type = dpif_type;
    port->number = number;
    ovs_assert(!netdev_open(name, type, &port->netdev));
    if (udp_port) {
        smap_add(&options, "remote_ip", "flow");
        smap_add_format(&options, "dst_port", "%u", udp_port);
        if (extensions[0]) {
            smap_add(&options, "exts", extensions);
        }
        ovs_assert(!netdev_set_config(port->netdev, &options, NULL));
    }
    smap_destroy(&options);
    netdev_set_dpif_type(port->netdev, dpif_type);
    ovs_assert(!insert(port));
    return port;
}

int
ovs_port_insert_again(struct ovs_port *port)
{
    return insert(port);
}

void
ovs_port_remove(struct ovs_port *port)
{
    netdev_flow_flush(port->netdev);
    netdev_uninit_flow_api(port->netdev);
    ovs_assert(!netdev_ports_remove(u32_to_odp(port->number),
                                    port->dpif_type));
    netdev_close(port->netdev);
    free(port);
}

const void *
ovs_port_cookie(const struct ovs_port *port)
{
    return port->netdev;
}

const char *
ovs_port_api(const struct ovs_port *port)
{
    const struct netdev_flow_api *api
        = ovsrcu_get(const struct netdev_flow_api *, &port->netdev->flow_api);

    return api ? api->type : "";
}

unsigned int
ovs_tc_ifindex_reads(const char *type)
{
    struct ovs_port *port;
    unsigned int before;

    ovs_assert(!netdev_unregister_flow_api_provider("esw"));
    before = n_ifindex_reads;
    port = ovs_port_add("netdev", type, "asked", 77, 0, "");
    ovs_assert(!ovs_port_api(port)[0]);
    ovs_port_remove(port);
    shim_flows_init((struct esw_plugin *) &plugin);
    /* Open vSwitch's table of ports has one, too. */
    return n_ifindex_reads - before - 1;
}

/* Flows. */

int
ovs_port_put(struct ovs_port *port, const char *flow, const char *actions,
             uint64_t high, uint64_t low, uint32_t orig_in_port)
{
    const ovs_u128 ufid = { .u64 = { .hi = high, .lo = low } };
    struct offload_info info = {
        .orig_in_port = u32_to_odp(orig_in_port),
    };
    struct ofpbuf key, mask, buffer;
    struct match match;
    int error;

    memset(&match, 0, sizeof match);
    ofpbuf_init(&key, 0);
    ofpbuf_init(&mask, 0);
    ofpbuf_init(&buffer, 0);
    ovs_assert(!odp_flow_from_string(flow, NULL, &key, &mask, NULL)
               && !parse_key_and_mask_to_match(key.data, key.size, mask.data,
                                               mask.size, &match)
               && !odp_actions_from_string(actions, NULL, &buffer));
    match.flow.in_port.odp_port = u32_to_odp(port->number);
    match.wc.masks.in_port.odp_port = ODPP_NONE;
    error = netdev_flow_put(port->netdev, &match, buffer.data, buffer.size,
                            &ufid, &info, NULL);
    ofpbuf_uninit(&key);
    ofpbuf_uninit(&mask);
    ofpbuf_uninit(&buffer);
    return error;
}

int
ovs_port_del(struct ovs_port *port, uint64_t high, uint64_t low)
{
    const ovs_u128 ufid = { .u64 = { .hi = high, .lo = low } };

    return netdev_flow_del(port->netdev, &ufid, NULL);
}

int
ovs_port_flush(struct ovs_port *port)
{
    return netdev_flow_flush(port->netdev);
}

uint64_t
ovs_port_n_flows(struct ovs_port *port)
{
    uint64_t n[10] = { UINT64_MAX };

    ovs_assert(!netdev_flow_get_n_flows(port->netdev, n));
    return n[0];
}

struct ovs_got
ovs_port_get(struct ovs_port *port, uint64_t high, uint64_t low)
{
    const ovs_u128 ufid = { .u64 = { .hi = high, .lo = low } };
    struct dpif_flow_attrs attrs = { .dp_layer = "" };
    struct dpif_flow_stats stats;
    struct nlattr *actions;
    struct ovs_got got;
    struct match match;

    memset(&stats, 0xaa, sizeof stats);
    got.error = netdev_flow_get(port->netdev, &match, &actions, &ufid, &stats,
                                &attrs, NULL);
    got.packets = stats.n_packets;
    got.bytes = stats.n_bytes;
    got.used_ms = stats.used;
    got.offloaded = attrs.offloaded;
    got.dp_layer = attrs.dp_layer;
    return got;
}

/* Coverage counters. */

extern __typeof__(coverage_counter_register)
    __wrap_coverage_counter_register, __real_coverage_counter_register;

static struct coverage_counter *counters[ESW_N_REFUSALS];
static size_t n_counters;

void
__wrap_coverage_counter_register(struct coverage_counter *counter)
{
    if (!strncmp(counter->name, "esw_refused_", 12)) {
        ovs_assert(n_counters < ARRAY_SIZE(counters));
        counters[n_counters++] = counter;
    }
    __real_coverage_counter_register(counter);
}

size_t
ovs_n_counters(void)
{
    return n_counters;
}

unsigned int
ovs_take_counter(const char *name)
{
    for (size_t i = 0; i < n_counters; i++) {
        if (!strcmp(counters[i]->name, name)) {
            return counters[i]->count();
        }
    }
    return UINT_MAX;
}
