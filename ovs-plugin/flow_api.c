/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/shim.h"

#include <errno.h>
#include <string.h>

#include "dpif.h"
#include "netdev-offload-provider.h"
#include "netdev-provider.h"
#include "ofproto/ofproto-dpif-upcall.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-provider.h"
#include "ovs-rcu.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

#include "ovs-plugin/flow_actions.h"
#include "ovs-plugin/flow_match.h"
#include "ovs-plugin/netdev_esw.h"

/* Megaflows of the userspace datapath.  Open vSwitch offers those of a port to
 * the netdev_flow_api that its netdev was assigned: ours for the ports of our
 * class, and for tunnels, whose flows are about packets that one of our ports
 * may have received.
 *
 * Open vSwitch calls flow_put(), flow_del() and flow_flush() on its threads
 * "hw_offload", flow_get() on revalidators and the main thread, all with the
 * datapath's port_rwlock, which the main thread needs for ports; and
 * init_flow_api() with that of netdev_ports_*(), which therefore nothing here
 * calls.  None of them waits: the plugin's esw_flow_*() do not. */

extern __typeof__(netdev_ports_insert)
    __wrap_netdev_ports_insert, __real_netdev_ports_insert;
extern __typeof__(netdev_ports_remove)
    __wrap_netdev_ports_remove, __real_netdev_ports_remove;

#define DPIF_TYPE "netdev"

/* Set once, before any port is there. */
static struct esw_plugin *plugin;

/* Main thread. */
static bool offload;            /* other_config:hw-offload. */
static unsigned int n_ports;    /* Of our class, in the datapath. */

static enum esw_tunnel_type
get_tunnel_type(const struct netdev *netdev)
{
    const char *type = netdev_get_type(netdev);

    return !strcmp(type, "vxlan") ? ESW_TUNNEL_VXLAN
           : !strcmp(type, "geneve") ? ESW_TUNNEL_GENEVE
           : ESW_TUNNEL_NONE;
}

static bool
is_esw(const struct netdev *netdev)
{
    return !strcmp(netdev_get_type(netdev), "esw");
}

static bool
has_flows(struct netdev *netdev)
{
    const char *dpif_type = netdev_get_dpif_type(netdev);

    return dpif_type && !strcmp(dpif_type, DPIF_TYPE)
           && (is_esw(netdev) || get_tunnel_type(netdev));
}

/* The datapath's numbers of ports.
 *
 * A flow names the ports that it sends to by number, and such a port need not
 * have flows of its own.  Open vSwitch tells a netdev its number nowhere, but
 * enters all ports save taps in its table for flow offload, whether that is on
 * or not: netdev_ports_insert() and netdev_ports_remove(), which the linker
 * wraps.  Both are called by the main thread, and no packet or flow of the port
 * comes before the first one has returned: the main thread polls it.
 *
 * A netdev's number + 1 is kept in what 'hw_info' has for the provider of its
 * flows; 0 says that it is in no datapath. */

static void
set_number(struct netdev *netdev, uint32_t number)
{
    ovsrcu_set(&netdev->hw_info.offload_data,
               (void *) (uintptr_t) (number + 1));
    if (is_esw(netdev)) {
        n_ports += number == UINT32_MAX ? -1 : 1;
        esw_port_set_number(netdev_esw_cast(netdev)->port, number);
    }
}

/* Returns UINT32_MAX if there is none. */
static uint32_t
get_number(const struct netdev *netdev)
{
    return (uint32_t) (uintptr_t) ovsrcu_get(void *,
                                             &netdev->hw_info.offload_data)
           - 1;
}

int
__wrap_netdev_ports_insert(struct netdev *netdev, struct dpif_port *port)
{
    int error = __real_netdev_ports_insert(netdev, port);

    if (plugin && !error && has_flows(netdev)) {
        set_number(netdev, odp_to_u32(port->port_no));
    }
    return error;
}

int
__wrap_netdev_ports_remove(odp_port_t port_no, const char *dpif_type)
{
    struct netdev *netdev = netdev_ports_get(port_no, dpif_type);
    int error = __real_netdev_ports_remove(port_no, dpif_type);

    if (netdev) {
        if (plugin && has_flows(netdev)) {
            set_number(netdev, UINT32_MAX);
        }
        netdev_close(netdev);
    }
    return error;
}

/* The flow API. */

static struct esw_ufid
convert_ufid(const ovs_u128 *ufid)
{
    return (struct esw_ufid) { .high = ufid->u64.hi, .low = ufid->u64.lo };
}

/* 'match' is of packets that the tunnel's port has unpacked. */
static void
add_tunnel(const struct netdev *netdev, const struct offload_info *info,
           struct esw_flow_match *match)
{
    const struct netdev_tunnel_config *config
        = netdev_get_tunnel_config(netdev);

    match->tunnel_type = get_tunnel_type(netdev);
    match->physical_port = odp_to_u32(info->orig_in_port);
    if (config) {
        match->tunnel_udp_port = ntohs(config->dst_port);
    }
    if (match->refusal) {
        return;
    }
    if (info->orig_in_port == ODPP_NONE) {
        /* A flow that was added by hand. */
        match->refusal = ESW_REFUSAL_IN_PORT;
    } else if (!config || config->exts) {
        /* VXLAN's extensions are other headers than VXLAN's. */
        match->refusal = ESW_REFUSAL_MATCH_TUNNEL;
    }
}

static int
flow_put(struct netdev *netdev, struct match *match, struct nlattr *actions,
         size_t actions_len, const ovs_u128 *ufid, struct offload_info *info,
         struct dpif_flow_stats *stats)
{
    const struct esw_ufid id = convert_ufid(ufid);
    struct esw_flow_action list[FLOW_ACTIONS_MAX];
    struct esw_flow_match m;

    flow_match_convert(match, &m);
    if (is_esw(netdev)) {
        m.physical_port = m.in_port;
    } else {
        add_tunnel(netdev, info, &m);
    }
    if (stats) {
        memset(stats, 0, sizeof *stats);
    }
    return esw_flow_put(plugin, &id, &m, list,
                        flow_actions_convert(actions, actions_len, list));
}

static int
flow_del(struct netdev *netdev OVS_UNUSED, const ovs_u128 *ufid,
         struct dpif_flow_stats *stats)
{
    const struct esw_ufid id = convert_ufid(ufid);

    if (stats) {
        memset(stats, 0, sizeof *stats);
    }
    return esw_flow_delete(plugin, &id);
}

/* The datapath adds what it has counted itself. */
static int
flow_get(struct netdev *netdev OVS_UNUSED, struct match *match OVS_UNUSED,
         struct nlattr **actions OVS_UNUSED, const ovs_u128 *ufid,
         struct dpif_flow_stats *stats, struct dpif_flow_attrs *attrs,
         struct ofpbuf *buffer OVS_UNUSED)
{
    const struct esw_ufid id = convert_ufid(ufid);
    struct esw_flow_stats counted;
    int error;

    error = esw_flow_get(plugin, &id, &counted);
    if (error) {
        return error;
    }
    memset(stats, 0, sizeof *stats);
    stats->n_packets = counted.packets;
    stats->n_bytes = counted.bytes;
    if (counted.idle_ms >= 0) {
        /* 0 would be never. */
        stats->used = MAX(time_msec() - counted.idle_ms, 1);
    }
    attrs->offloaded = counted.offloaded;
    attrs->dp_layer = counted.offloaded ? "esw" : "ovs";
    return 0;
}

static int
flow_flush(struct netdev *netdev)
{
    uint32_t number = get_number(netdev);

    if (number != UINT32_MAX) {
        esw_flow_flush(plugin, number);
    }
    return 0;
}

/* Open vSwitch adds up a number for each of its offload threads. */
static int
flow_get_n_flows(struct netdev *netdev, uint64_t *n_flows)
{
    uint32_t number = get_number(netdev);
    uint64_t n_kept;

    *n_flows = 0;
    if (number != UINT32_MAX) {
        esw_flow_count(plugin, number, &n_kept, n_flows);
    }
    return 0;
}

static int
init_flow_api(struct netdev *netdev)
{
    return has_flows(netdev) ? 0 : EOPNOTSUPP;
}

/* The port's flows are flushed before Open vSwitch takes the API away from it,
 * and netdev_ports_remove() follows. */
static const struct netdev_flow_api flow_api = {
    .type = "esw",
    .flow_flush = flow_flush,
    .flow_put = flow_put,
    .flow_get = flow_get,
    .flow_del = flow_del,
    .flow_get_n_flows = flow_get_n_flows,
    .init_flow_api = init_flow_api,
};

/* tc.
 *
 * The first provider that takes a netdev has it, and they are asked in an order
 * that is random in each process.  Open vSwitch offers ports of the userspace
 * datapath to tc, too, whose provider would put an ingress qdisc on
 * representors.  This one is the same, save that it leaves our class alone.
 * Tunnels of the userspace datapath it leaves alone anyway. */

static struct netdev_flow_api tc_flow_api;

static int
init_tc_flow_api(struct netdev *netdev)
{
    return is_esw(netdev) ? EOPNOTSUPP
                          : netdev_offload_tc.init_flow_api(netdev);
}

static void
restrict_tc(void)
{
    struct sset types = SSET_INITIALIZER(&types);

    /* The first to ask makes Open vSwitch register its own providers. */
    netdev_enumerate_types(&types);
    sset_destroy(&types);

    if (!netdev_unregister_flow_api_provider(netdev_offload_tc.type)) {
        tc_flow_api = netdev_offload_tc;
        tc_flow_api.init_flow_api = init_tc_flow_api;
        netdev_register_flow_api_provider(&tc_flow_api);
    }
}

void
shim_flows_init(struct esw_plugin *plugin_)
{
    plugin = plugin_;
    restrict_tc();
    netdev_register_flow_api_provider(&flow_api);
}

/* other_config:hw-offload.
 *
 * Open vSwitch takes it from the first time that it is true, for the life of
 * the process.  From then on flows are offered as they are made or changed, and
 * the plugin keeps them all, also while it is false again.
 *
 * Those that were there before are not offered.  So they are deleted, as
 * Open vSwitch does it itself for such ends: with their counters told to
 * OpenFlow, and made again by their next packets.  Packets that miss while that
 * goes on, some milliseconds, wait at the ports that the main thread polls;
 * polling threads drop them. */

static struct udpif *
find_udpif(void)
{
    struct sset bridges = SSET_INITIALIZER(&bridges);
    struct udpif *udpif = NULL;
    const char *bridge;

    ofproto_enumerate_names(DPIF_TYPE, &bridges);
    SSET_FOR_EACH (bridge, &bridges) {
        const struct ofproto_dpif *ofproto
            = ofproto_dpif_lookup_by_name(bridge);

        if (ofproto) {
            /* All bridges of a type have one datapath. */
            udpif = ofproto->backer->udpif;
            break;
        }
    }
    sset_destroy(&bridges);
    return udpif;
}

void
shim_flows_configure(const struct smap *other_config, bool began)
{
    bool enabled = smap_get_bool(other_config, "hw-offload", false);

    if (enabled != offload) {
        offload = enabled;
        esw_plugin_set_offload(plugin, enabled);
    }
    if (began && n_ports) {
        struct udpif *udpif = find_udpif();

        if (udpif) {
            udpif_flush(udpif);
        }
    }
}

void
shim_flows_run(void)
{
    uint64_t counts[ESW_N_REFUSALS];

    esw_plugin_take_refusals(plugin, counts);
    shim_count_refusals(counts);
}
