/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/shim.h"

#include <limits.h>

#include "if-notifier.h"
#include "netdev-offload.h"
#include "netdev-provider.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-provider.h"
#include "openvswitch/poll-loop.h"
#include "smap.h"
#include "sset.h"
#include "unixctl.h"
#include "vswitchd/bridge.h"

#include "ovs-plugin/netdev_esw.h"

/* The linker puts these round Open vSwitch's functions of the same name
 * (--wrap).  Declared by the type of what they wrap: a function that is not
 * what we think it is does not compile. */
extern __typeof__(bridge_init) __wrap_bridge_init, __real_bridge_init;
extern __typeof__(bridge_exit) __wrap_bridge_exit, __real_bridge_exit;
extern __typeof__(bridge_run) __wrap_bridge_run, __real_bridge_run;
extern __typeof__(bridge_wait) __wrap_bridge_wait, __real_bridge_wait;
extern __typeof__(netdev_set_flow_api_enabled)
    __wrap_netdev_set_flow_api_enabled, __real_netdev_set_flow_api_enabled;

/* Never freed: threads of Open vSwitch may still destroy netdevs when main()
 * returns. */
static struct esw_plugin *plugin;

/* Commands. */

static void
reply(void *conn, bool error, const char *text)
{
    if (error) {
        unixctl_command_reply_error(conn, text);
    } else {
        unixctl_command_reply(conn, text);
    }
}

static void
run_command(struct unixctl_conn *conn, int argc, const char *argv[],
            void *aux OVS_UNUSED)
{
    esw_plugin_command(plugin, argc, argv, conn, reply);
}

static void
register_commands(void)
{
    const struct esw_command *c;

    for (c = esw_plugin_commands(plugin); c->name; c++) {
        unixctl_command_register(c->name, c->usage, 0, INT_MAX,
                                 run_command, NULL);
    }
}

/* Ports of type esw in bridges: neither a netdev nor the manager knows whose a
 * port is. */

typedef bool port_func(const struct ofproto *, const struct ofport *,
                       void *aux);

/* Calls 'cb' for ports until it returns false. */
static void
for_each_port(port_func *cb, void *aux)
{
    struct sset types = SSET_INITIALIZER(&types);
    struct sset bridges = SSET_INITIALIZER(&bridges);
    const char *bridge;
    const char *type;

    ofproto_enumerate_types(&types);
    SSET_FOR_EACH (type, &types) {
        ofproto_enumerate_names(type, &bridges);
        SSET_FOR_EACH (bridge, &bridges) {
            const struct ofproto_dpif *ofproto
                = ofproto_dpif_lookup_by_name(bridge);
            const struct shash_node *node;

            SHASH_FOR_EACH (node, &ofproto->up.port_by_name) {
                const struct ofport *port = node->data;

                if (!strcmp(netdev_get_type(port->netdev), "esw")
                    && !cb(&ofproto->up, port, aux)) {
                    goto done;
                }
            }
        }
    }
done:
    sset_destroy(&bridges);
    sset_destroy(&types);
}

struct list_ports_aux {
    esw_setting_func *add;
    void *aux;
};

static bool
list_port(const struct ofproto *ofproto, const struct ofport *port, void *aux_)
{
    struct list_ports_aux *aux = aux_;

    aux->add(netdev_get_name(port->netdev), ofproto->name, aux->aux);
    return true;
}

static void
list_ports(esw_setting_func *add, void *aux_)
{
    struct list_ports_aux aux = { add, aux_ };

    for_each_port(list_port, &aux);
}

static bool
is_port_status_written(const struct ofproto *ofproto OVS_UNUSED,
                       const struct ofport *port, void *written)
{
    *(bool *) written = !netdev_esw_is_status_unread(port->netdev);
    return *(bool *) written;
}

/* bridge_run() puts off writing the status while a transaction of the status
 * before is on its way. */
static bool
is_status_written(void)
{
    bool written = true;

    for_each_port(is_port_status_written, &written);
    return written && shim_ovsdb_is_written();
}

/* Hooks. */

/* After the daemon has forked and before the database is there. */
void
__wrap_bridge_init(const char *remote)
{
    static const struct esw_host host = {
        .log = shim_log,
        .log_enabled = shim_log_enabled,
        .list_ports = list_ports,
    };

    __real_bridge_init(remote);

    /* Without the plugin the switch works, but has no type "esw". */
    plugin = esw_plugin_create(&host);
    if (plugin) {
        /* First, as it makes Open vSwitch register its own providers, and its
         * hook for fatal signals, before our class has one. */
        shim_flows_init(plugin);
        netdev_esw_register(plugin);
        register_commands();
        shim_ovsdb_init(remote);
    }
}

/* bridge_run() calls this with Open_vSwitch's other_config each time that it
 * has read the database, before it reconfigures anything. */
void
__wrap_netdev_set_flow_api_enabled(const struct smap *other_config)
{
    bool was_enabled = netdev_is_flow_api_enabled();

    if (plugin) {
        esw_plugin_set_profile(plugin,
                               smap_get_def(other_config, "esw-profile", ""));
    }
    __real_netdev_set_flow_api_enabled(other_config);
    if (plugin) {
        shim_flows_configure(other_config, !was_enabled
                                           && netdev_is_flow_api_enabled());
    }
}

void
__wrap_bridge_run(void)
{
    if (!plugin) {
        __real_bridge_run();
        return;
    }
    /* What the kernel has told of network devices comes first.  bridge_run()
     * takes it in, too, but after esw_plugin_run() has told what was read of
     * them, which may be newer. */
    if_notifier_run();
    /* Bindings change first: bridge_run() then lets the datapaths reconfigure
     * the ports, writes their status, and commands may be answered. */
    esw_plugin_run(plugin, netdev_esw_binding_changed, netdev_esw_link_read);
    shim_ovsdb_run(plugin);
    shim_flows_run();
    __real_bridge_run();
    /* Without the database bridge_run() does nothing, neither to ports nor to
     * their status: commands do not wait for it, and all of it follows. */
    esw_plugin_answer(plugin, shim_ovsdb_is_lost() ? NULL : is_status_written,
                      reply);
}

void
__wrap_bridge_wait(void)
{
    __real_bridge_wait();
    if (plugin) {
        const int64_t next_ms = esw_plugin_next_ms(plugin);

        shim_ovsdb_wait();
        poll_fd_wait(esw_plugin_fd(plugin), POLLIN);
        if (next_ms >= 0) {
            poll_timer_wait(next_ms);
        }
    }
}

void
__wrap_bridge_exit(bool delete_datapath)
{
    /* A restart must not take links down. */
    if (plugin && !delete_datapath) {
        esw_plugin_keep_devices(plugin);
    }
    __real_bridge_exit(delete_datapath);
    if (plugin) {
        shim_ovsdb_exit();
        esw_plugin_stop(plugin, reply);
    }
}
