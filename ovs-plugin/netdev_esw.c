/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/netdev_esw.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "fatal-signal.h"
#include "hash.h"
#include "openvswitch/vlog.h"
#include "rtnetlink.h"
#include "smap.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(esw_netdev);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(30, 60);

/* Set once, before the class is registered. */
static struct esw_plugin *plugin;

/* All netdevs of the class.  A netdev that is found here lives as long as
 * 'netdevs_mutex' is held, which is taken after the global netdev_mutex and
 * before any netdev's own. */
static struct ovs_mutex netdevs_mutex = OVS_MUTEX_INITIALIZER;
static struct hmap netdevs_by_id OVS_GUARDED_BY(netdevs_mutex)
    = HMAP_INITIALIZER(&netdevs_by_id);
static struct hmap netdevs_by_ifindex OVS_GUARDED_BY(netdevs_mutex)
    = HMAP_INITIALIZER(&netdevs_by_ifindex);

static const struct netdev_class netdev_esw_class;

struct netdev_esw *
netdev_esw_cast(const struct netdev *netdev)
{
    ovs_assert(netdev->netdev_class == &netdev_esw_class);
    return CONTAINER_OF(netdev, struct netdev_esw, up);
}

struct esw_plugin *
netdev_esw_plugin(void)
{
    return plugin;
}

/* Binding. */

static struct netdev_esw *
find_by_id(uint64_t id) OVS_REQUIRES(netdevs_mutex)
{
    struct netdev_esw *dev;

    HMAP_FOR_EACH_WITH_HASH (dev, id_node, hash_uint64(id), &netdevs_by_id) {
        if (esw_port_id(dev->port) == id) {
            return dev;
        }
    }
    return NULL;
}

static struct netdev_esw *
find_by_ifindex(unsigned int ifindex) OVS_REQUIRES(netdevs_mutex)
{
    struct netdev_esw *dev;

    HMAP_FOR_EACH_WITH_HASH (dev, ifindex_node, hash_int(ifindex, 0),
                             &netdevs_by_ifindex) {
        if (netdev_esw_ifindex(dev) == ifindex) {
            return dev;
        }
    }
    return NULL;
}

void
netdev_esw_update_link(struct netdev_esw *dev, const struct esw_link *link)
    OVS_EXCLUDED(dev->mutex)
{
    ovs_mutex_lock(&dev->mutex);
    if ((link->flags ^ dev->link.flags) & IFF_RUNNING) {
        dev->carrier_resets++;
    }
    dev->link = *link;
    ovs_mutex_unlock(&dev->mutex);

    netdev_esw_status_changed(dev);
}

/* Opens what it takes to use a device. */
static int
open_sockets(unsigned int ifindex, struct esw_rx_socket **rx)
{
    int error = netdev_esw_open_tx();

    return error ? error : netdev_esw_open_rx(ifindex, rx);
}

/* Has the link of the device read, which may have changed unheard.  One reading
 * at a time: when anything was heard since it began, there is another one after
 * it. */
void
netdev_esw_read_link(struct netdev_esw *dev)
{
    dev->news = dev->reading;
    if (!dev->reading) {
        dev->reading = true;
        esw_link_read(plugin, esw_port_id(dev->port), netdev_esw_ifindex(dev));
    }
}

/* Binds 'dev' to a device, or to nothing if the ifindex is 0 or there are no
 * sockets for it, which is the error. */
static int
bind_device(struct netdev_esw *dev, const struct esw_binding *binding)
    OVS_REQUIRES(netdevs_mutex)
{
    unsigned int ifindex = binding->ifindex;
    struct esw_rx_socket *rx = NULL;
    int error = 0;

    if (ifindex) {
        error = open_sockets(ifindex, &rx);
        ifindex = error ? 0 : ifindex;
    }
    if (netdev_esw_ifindex(dev)) {
        hmap_remove(&netdevs_by_ifindex, &dev->ifindex_node);
    }
    ovs_mutex_lock(&dev->mutex);
    netdev_esw_close_rx(dev->rx);
    dev->rx = rx;
    dev->changing = 0;
    if (ifindex) {
        netdev_esw_rebase_stats(dev, &binding->stats);
    }
    ovs_mutex_unlock(&dev->mutex);
    atomic_store_relaxed(&dev->ifindex, ifindex);
    if (ifindex) {
        hmap_insert(&netdevs_by_ifindex, &dev->ifindex_node,
                    hash_int(ifindex, 0));
        netdev_esw_update_link(dev, &binding->link);
        netdev_esw_read_link(dev);
    } else {
        struct esw_link gone;

        ovs_mutex_lock(&dev->mutex);
        gone = dev->link;
        ovs_mutex_unlock(&dev->mutex);
        gone.flags = 0;
        gone.name[0] = '\0';
        netdev_esw_update_link(dev, &gone);
    }

    /* The datapath closes the receive queue and opens one on the new device,
     * or none. */
    netdev_request_reconfigure(&dev->up);
    return error;
}

int
netdev_esw_binding_changed(uint64_t port_id, const struct esw_binding *binding)
{
    struct netdev_esw *dev;
    int error = 0;

    ovs_mutex_lock(&netdevs_mutex);
    dev = find_by_id(port_id);
    if (dev) {
        if (binding->rebound) {
            error = bind_device(dev, binding);
        } else if (binding->is_changing && netdev_esw_ifindex(dev)) {
            netdev_esw_read_link(dev);
        } else {
            netdev_esw_status_changed(dev);
        }
    }
    ovs_mutex_unlock(&netdevs_mutex);
    return error;
}

/* What the kernel tells about network devices.  Main thread. */

/* The manager will say that it is gone, too, and what comes next. */
static void
unbind_device(struct netdev_esw *dev) OVS_REQUIRES(netdevs_mutex)
{
    bind_device(dev, &(struct esw_binding) { .ifindex = 0 });
}

static void
take_link(struct netdev_esw *dev, int error, const struct esw_link *link)
    OVS_REQUIRES(netdevs_mutex)
{
    if (!esw_port_is_changing(dev->port)) {
        ovs_mutex_lock(&dev->mutex);
        dev->changing = 0;
        ovs_mutex_unlock(&dev->mutex);
    }
    if (!error) {
        netdev_esw_update_link(dev, link);
    } else if (error == ENODEV) {
        unbind_device(dev);
    } else {
        VLOG_WARN_RL(&rl, "%s: its network device could not be read (%s)",
                     netdev_get_name(&dev->up), ovs_strerror(error));
    }
}

/* What netdev_esw_read_link() has asked for. */
void
netdev_esw_link_read(uint64_t port_id, uint32_t ifindex, int error,
                     const struct esw_link *link)
{
    struct netdev_esw *dev;

    ovs_mutex_lock(&netdevs_mutex);
    dev = find_by_id(port_id);
    if (dev) {
        dev->reading = false;
        if (!netdev_esw_ifindex(dev)) {
            /* There is none any more. */
        } else if (dev->news || netdev_esw_ifindex(dev) != ifindex) {
            netdev_esw_read_link(dev);
        } else {
            take_link(dev, error, link);
        }
    }
    ovs_mutex_unlock(&netdevs_mutex);
}

/* After word that a device is gone, which one that leaves a Linux bridge gives,
 * too.  Its name is asked for, as that does not wait for the kernel's rtnl
 * lock, which is held for seconds where a hundred devices go. */
static bool
is_gone(unsigned int ifindex)
{
    char name[IF_NAMESIZE];

    return !if_indextoname(ifindex, name);
}

static void
read_all_links(void) OVS_EXCLUDED(netdevs_mutex)
{
    struct netdev_esw *dev;

    ovs_mutex_lock(&netdevs_mutex);
    HMAP_FOR_EACH (dev, ifindex_node, &netdevs_by_ifindex) {
        netdev_esw_read_link(dev);
    }
    ovs_mutex_unlock(&netdevs_mutex);
}

static void
link_told(struct netdev_esw *dev, const struct rtnetlink_change *change)
{
    struct esw_link link;
    bool carrier_changed;

    ovs_mutex_lock(&dev->mutex);
    link = dev->link;
    ovs_mutex_unlock(&dev->mutex);

    carrier_changed = (link.flags ^ change->ifi_flags) & IFF_RUNNING;
    ovs_strlcpy(link.name, change->ifname, sizeof link.name);
    link.flags = change->ifi_flags;
    if (change->mtu) {
        link.mtu = change->mtu;
    }
    if (!eth_addr_is_zero(change->mac)) {
        link.has_mac = true;
        memcpy(link.mac, &change->mac, sizeof link.mac);
    }
    dev->news = true;
    netdev_esw_update_link(dev, &link);
    if (carrier_changed) {
        /* And with it the speed, which is not told. */
        netdev_esw_read_link(dev);
    }
}

static void
link_changed(const struct rtnetlink_change *change, void *aux OVS_UNUSED)
{
    struct netdev_esw *dev;

    if (!change) {
        /* Some were lost. */
        read_all_links();
        return;
    }
    ovs_mutex_lock(&netdevs_mutex);
    dev = find_by_ifindex(change->if_index);
    if (dev && change->nlmsg_type == RTM_NEWLINK) {
        link_told(dev, change);
    } else if (dev && change->nlmsg_type == RTM_DELLINK
               && is_gone(change->if_index)) {
        unbind_device(dev);
    }
    ovs_mutex_unlock(&netdevs_mutex);
}

/* Life cycle. */

static struct netdev *
netdev_esw_alloc(void)
{
    struct netdev_esw *dev = xzalloc(sizeof *dev);
    return &dev->up;
}

static int
netdev_esw_construct(struct netdev *netdev)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    dev->port = esw_port_create(plugin, netdev_get_name(netdev));
    if (!dev->port) {
        return ENOMEM;
    }
    ovs_mutex_init(&dev->mutex);
    atomic_init(&dev->ifindex, 0);
    atomic_init(&dev->status_unread, false);
    atomic_init(&dev->tx_absent, 0);
    atomic_init(&dev->tx_failed, 0);
    atomic_init(&dev->rx_bad, 0);
    dev->wish.up = true;
    netdev->n_rxq = 0;

    ovs_mutex_lock(&netdevs_mutex);
    hmap_insert(&netdevs_by_id, &dev->id_node,
                hash_uint64(esw_port_id(dev->port)));
    ovs_mutex_unlock(&netdevs_mutex);
    return 0;
}

static void
netdev_esw_destruct(struct netdev *netdev)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    ovs_mutex_lock(&netdevs_mutex);
    if (netdev_esw_ifindex(dev)) {
        hmap_remove(&netdevs_by_ifindex, &dev->ifindex_node);
    }
    hmap_remove(&netdevs_by_id, &dev->id_node);
    ovs_mutex_unlock(&netdevs_mutex);

    if (dev->configured && !dev->in_datapath) {
        VLOG_WARN("%s: the datapath of its bridge does not take ports of type "
                  "esw; set the bridge's datapath_type to netdev",
                  netdev_get_name(netdev));
    }
    esw_port_destroy(dev->port);
    netdev_esw_close_rx(dev->rx);
    ovs_mutex_destroy(&dev->mutex);
}

static void
netdev_esw_dealloc(struct netdev *netdev)
{
    free(netdev_esw_cast(netdev));
}

/* Called when the datapath does not use the netdev. */
static int
netdev_esw_reconfigure(struct netdev *netdev)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    dev->in_datapath = true;
    netdev->n_rxq = netdev_esw_ifindex(dev) ? 1 : 0;
    ovs_mutex_unlock(&dev->mutex);
    return 0;
}

/* Configuration and status. */

static void
add_to_smap(const char *key, const char *value, void *smap)
{
    smap_add(smap, key, value);
}

static int
netdev_esw_get_config(const struct netdev *netdev, struct smap *args)
{
    esw_port_get_config(netdev_esw_cast(netdev)->port, add_to_smap, args);
    return 0;
}

static int
netdev_esw_set_config(struct netdev *netdev, const struct smap *args,
                      char **errp)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct esw_setting *settings;
    bool status_changed = false;
    struct smap_node *node;
    size_t n = 0;
    int error;

    settings = xmalloc(smap_count(args) * sizeof *settings);
    SMAP_FOR_EACH (node, args) {
        settings[n++] = (struct esw_setting) { node->key, node->value };
    }
    error = esw_port_configure(dev->port, settings, n, &status_changed, errp);
    free(settings);

    if (error) {
        VLOG_WARN_RL(&rl, "%s", *errp ? *errp : netdev_get_name(netdev));
        return error;
    }
    ovs_mutex_lock(&dev->mutex);
    dev->configured = true;
    ovs_mutex_unlock(&dev->mutex);
    if (status_changed) {
        netdev_esw_status_changed(dev);
    }
    return 0;
}

static int
netdev_esw_get_status(const struct netdev *netdev, struct smap *smap)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    atomic_store_relaxed(&dev->status_unread, false);
    esw_port_get_status(dev->port, add_to_smap, smap);
    return 0;
}

bool
netdev_esw_is_status_unread(const struct netdev *netdev)
{
    bool unread;

    atomic_read_relaxed(&netdev_esw_cast(netdev)->status_unread, &unread);
    return unread;
}

static const struct netdev_class netdev_esw_class = {
    .type = "esw",
    .is_pmd = false,
    .alloc = netdev_esw_alloc,
    .construct = netdev_esw_construct,
    .destruct = netdev_esw_destruct,
    .dealloc = netdev_esw_dealloc,
    .get_config = netdev_esw_get_config,
    .set_config = netdev_esw_set_config,
    .get_status = netdev_esw_get_status,
    .update_flags = netdev_esw_update_flags,
    .reconfigure = netdev_esw_reconfigure,
    .set_etheraddr = netdev_esw_set_etheraddr,
    .get_etheraddr = netdev_esw_get_etheraddr,
    .get_mtu = netdev_esw_get_mtu,
    .set_mtu = netdev_esw_set_mtu,
    .get_ifindex = netdev_esw_get_ifindex,
    .get_carrier = netdev_esw_get_carrier,
    .get_carrier_resets = netdev_esw_get_carrier_resets,
    .get_stats = netdev_esw_get_stats,
    .get_custom_stats = netdev_esw_get_custom_stats,
    .get_features = netdev_esw_get_features,
    .send = netdev_esw_send,
    .rxq_alloc = netdev_esw_rxq_alloc,
    .rxq_construct = netdev_esw_rxq_construct,
    .rxq_destruct = netdev_esw_rxq_destruct,
    .rxq_dealloc = netdev_esw_rxq_dealloc,
    .rxq_recv = netdev_esw_rxq_recv,
    .rxq_wait = netdev_esw_rxq_wait,
    .rxq_drain = netdev_esw_rxq_drain,
};

static void
finish_changes(void *aux OVS_UNUSED)
{
    esw_plugin_finish_changes(plugin);
}

void
netdev_esw_register(struct esw_plugin *plugin_)
{
    plugin = plugin_;
    /* When a signal ends the daemon, Open vSwitch takes back the flags of all
     * netdevs, by the hook before this one. */
    fatal_signal_add_hook(finish_changes, NULL, NULL, false);
    /* Tells on the main thread, from within if_notifier_run().  Lives as long
     * as the process. */
    rtnetlink_notifier_create(link_changed, NULL);
    netdev_register_provider(&netdev_esw_class);
}
