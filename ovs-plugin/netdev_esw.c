/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/netdev_esw.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

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

static unsigned int
get_ifindex(const struct netdev_esw *dev)
{
    unsigned int ifindex;

    atomic_read_relaxed(&CONST_CAST(struct netdev_esw *, dev)->ifindex,
                        &ifindex);
    return ifindex;
}

static bool
has_carrier(const struct esw_link *link)
{
    return (link->flags & IFF_RUNNING) != 0;
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
        if (get_ifindex(dev) == ifindex) {
            return dev;
        }
    }
    return NULL;
}

/* Takes over what the kernel says of the device. */
static void
update_link(struct netdev_esw *dev, const struct esw_link *link)
    OVS_EXCLUDED(dev->mutex)
{
    ovs_mutex_lock(&dev->mutex);
    if (has_carrier(link) != has_carrier(&dev->link)) {
        dev->carrier_resets++;
    }
    dev->link = *link;
    dev->features_valid = false;
    ovs_mutex_unlock(&dev->mutex);

    netdev_change_seq_changed(&dev->up);
}

/* Binds 'dev' to 'ifindex', or to nothing if that is 0. */
static void
bind_device(struct netdev_esw *dev, unsigned int ifindex,
            const struct esw_link *link) OVS_REQUIRES(netdevs_mutex)
{
    if (get_ifindex(dev)) {
        hmap_remove(&netdevs_by_ifindex, &dev->ifindex_node);
    }
    atomic_store_relaxed(&dev->ifindex, ifindex);
    if (ifindex) {
        hmap_insert(&netdevs_by_ifindex, &dev->ifindex_node,
                    hash_int(ifindex, 0));
        update_link(dev, link);
    } else {
        struct esw_link gone;

        ovs_mutex_lock(&dev->mutex);
        gone = dev->link;
        ovs_mutex_unlock(&dev->mutex);
        gone.flags = 0;
        gone.name[0] = '\0';
        update_link(dev, &gone);
    }

    /* The datapath closes the receive queue and opens one on the new device,
     * or none. */
    netdev_request_reconfigure(&dev->up);
}

void
netdev_esw_binding_changed(uint64_t port_id, const struct esw_binding *binding)
{
    struct netdev_esw *dev;

    ovs_mutex_lock(&netdevs_mutex);
    dev = find_by_id(port_id);
    if (dev) {
        if (binding->rebound) {
            bind_device(dev, binding->ifindex, &binding->link);
        } else {
            netdev_change_seq_changed(&dev->up);
        }
    }
    ovs_mutex_unlock(&netdevs_mutex);
}

/* What the kernel tells about network devices.  Main thread. */

/* Asks the kernel how the device is, which may be that there is none. */
static void
refresh_device(unsigned int ifindex) OVS_EXCLUDED(netdevs_mutex)
{
    struct netdev_esw *dev;
    struct esw_link link;
    int error;

    error = esw_link_get(plugin, ifindex, &link);
    if (error && error != ENODEV) {
        VLOG_WARN_RL(&rl, "ifindex %u: could not be read (%s)", ifindex,
                     ovs_strerror(error));
        return;
    }

    ovs_mutex_lock(&netdevs_mutex);
    dev = find_by_ifindex(ifindex);
    if (dev) {
        if (error) {
            /* The manager will say so too, and what comes next. */
            bind_device(dev, 0, NULL);
        } else {
            update_link(dev, &link);
        }
    }
    ovs_mutex_unlock(&netdevs_mutex);
}

static void
refresh_all_devices(void) OVS_EXCLUDED(netdevs_mutex)
{
    unsigned int *ifindexes;
    struct netdev_esw *dev;
    size_t n = 0;

    ovs_mutex_lock(&netdevs_mutex);
    ifindexes = xmalloc(hmap_count(&netdevs_by_ifindex) * sizeof *ifindexes);
    HMAP_FOR_EACH (dev, ifindex_node, &netdevs_by_ifindex) {
        ifindexes[n++] = get_ifindex(dev);
    }
    ovs_mutex_unlock(&netdevs_mutex);

    for (size_t i = 0; i < n; i++) {
        refresh_device(ifindexes[i]);
    }
    free(ifindexes);
}

static void
link_changed(const struct rtnetlink_change *change, void *aux OVS_UNUSED)
{
    struct netdev_esw *dev;

    if (!change) {
        refresh_all_devices();
        return;
    }
    if (change->nlmsg_type != RTM_NEWLINK
        && change->nlmsg_type != RTM_DELLINK) {
        return;
    }

    ovs_mutex_lock(&netdevs_mutex);
    dev = find_by_ifindex(change->if_index);
    if (dev && change->nlmsg_type == RTM_NEWLINK) {
        struct esw_link link;

        ovs_mutex_lock(&dev->mutex);
        link = dev->link;
        ovs_mutex_unlock(&dev->mutex);

        ovs_strlcpy(link.name, change->ifname, sizeof link.name);
        link.flags = change->ifi_flags;
        if (change->mtu) {
            link.mtu = change->mtu;
        }
        if (!eth_addr_is_zero(change->mac)) {
            link.has_mac = true;
            memcpy(link.mac, &change->mac, sizeof link.mac);
        }
        update_link(dev, &link);
    }
    ovs_mutex_unlock(&netdevs_mutex);

    if (dev && change->nlmsg_type == RTM_DELLINK) {
        /* A device that leaves a Linux bridge says this, too. */
        refresh_device(change->if_index);
    }
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
    if (get_ifindex(dev)) {
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
    netdev->n_rxq = get_ifindex(dev) ? 1 : 0;
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
        netdev_change_seq_changed(netdev);
    }
    return 0;
}

static int
netdev_esw_get_status(const struct netdev *netdev, struct smap *smap)
{
    esw_port_get_status(netdev_esw_cast(netdev)->port, add_to_smap, smap);
    return 0;
}

/* Properties of the network device.  What Open vSwitch wants is remembered
 * for the next device, and done on the present one. */

static enum netdev_flags
to_netdev_flags(unsigned int iff)
{
    return ((iff & IFF_UP ? NETDEV_UP : 0)
            | (iff & IFF_PROMISC ? NETDEV_PROMISC : 0)
            | (iff & IFF_LOOPBACK ? NETDEV_LOOPBACK : 0));
}

static unsigned int
to_iff(enum netdev_flags flags)
{
    return ((flags & NETDEV_UP ? IFF_UP : 0)
            | (flags & NETDEV_PROMISC ? IFF_PROMISC : 0));
}

static bool
links_equal(const struct esw_link *a, const struct esw_link *b)
{
    return (a->flags == b->flags && a->mtu == b->mtu
            && a->has_mac == b->has_mac
            && !memcmp(a->mac, b->mac, sizeof a->mac));
}

/* Makes 'after' of the device, if there is one.  A device that goes at this
 * very moment is no error. */
static int
change_link(struct netdev_esw *dev, const struct esw_link *after)
    OVS_EXCLUDED(dev->mutex)
{
    const unsigned int ifindex = get_ifindex(dev);
    struct esw_link before;
    int error;

    if (!ifindex) {
        return 0;
    }
    ovs_mutex_lock(&dev->mutex);
    before = dev->link;
    ovs_mutex_unlock(&dev->mutex);
    if (links_equal(&before, after)) {
        return 0;
    }

    error = esw_link_set(plugin, ifindex, &before, after);
    if (error == ENODEV || error == ENXIO) {
        return 0;
    }
    if (!error && get_ifindex(dev) == ifindex) {
        update_link(dev, after);
    }
    return error;
}

static int
netdev_esw_update_flags(struct netdev *netdev, enum netdev_flags off,
                        enum netdev_flags on, enum netdev_flags *old_flags)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct esw_link_wish wish;
    struct esw_link link;

    ovs_mutex_lock(&dev->mutex);
    if (get_ifindex(dev)) {
        *old_flags = to_netdev_flags(dev->link.flags);
    } else {
        *old_flags = ((dev->wish.up ? NETDEV_UP : 0)
                      | (dev->wish.promiscuous ? NETDEV_PROMISC : 0));
    }
    if (on & NETDEV_UP || off & NETDEV_UP) {
        dev->wish.up = (on & NETDEV_UP) != 0;
    }
    if (on & NETDEV_PROMISC || off & NETDEV_PROMISC) {
        dev->wish.promiscuous = (on & NETDEV_PROMISC) != 0;
    }
    wish = dev->wish;
    link = dev->link;
    ovs_mutex_unlock(&dev->mutex);

    if (!off && !on) {
        return 0;
    }
    esw_port_set_wish(dev->port, &wish);
    link.flags = (link.flags & ~to_iff(off)) | to_iff(on);
    return change_link(dev, &link);
}

static int
netdev_esw_set_etheraddr(struct netdev *netdev, const struct eth_addr mac)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct esw_link_wish wish;
    struct esw_link link;

    ovs_mutex_lock(&dev->mutex);
    dev->wish.has_mac = true;
    memcpy(dev->wish.mac, &mac, sizeof dev->wish.mac);
    wish = dev->wish;
    link = dev->link;
    ovs_mutex_unlock(&dev->mutex);

    esw_port_set_wish(dev->port, &wish);
    link.has_mac = true;
    memcpy(link.mac, &mac, sizeof link.mac);
    return change_link(dev, &link);
}

static int
netdev_esw_get_etheraddr(const struct netdev *netdev, struct eth_addr *mac)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    int error = 0;

    ovs_mutex_lock(&dev->mutex);
    if (dev->link.has_mac) {
        memcpy(mac, dev->link.mac, sizeof *mac);
    } else {
        *mac = eth_addr_zero;
        error = EOPNOTSUPP;
    }
    ovs_mutex_unlock(&dev->mutex);
    return error;
}

static int
netdev_esw_set_mtu(struct netdev *netdev, int mtu)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct esw_link_wish wish;
    struct esw_link link;

    ovs_mutex_lock(&dev->mutex);
    dev->wish.mtu = mtu;
    wish = dev->wish;
    link = dev->link;
    ovs_mutex_unlock(&dev->mutex);

    esw_port_set_wish(dev->port, &wish);
    link.mtu = mtu;
    return change_link(dev, &link);
}

static int
netdev_esw_get_mtu(const struct netdev *netdev, int *mtup)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    *mtup = (!get_ifindex(dev) && dev->wish.mtu ? dev->wish.mtu
             : dev->link.mtu);
    ovs_mutex_unlock(&dev->mutex);
    return *mtup ? 0 : EOPNOTSUPP;
}

static int
netdev_esw_get_ifindex(const struct netdev *netdev)
{
    const unsigned int ifindex = get_ifindex(netdev_esw_cast(netdev));
    return ifindex ? ifindex : -EOPNOTSUPP;
}

static int
netdev_esw_get_carrier(const struct netdev *netdev, bool *carrier)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    *carrier = has_carrier(&dev->link);
    ovs_mutex_unlock(&dev->mutex);
    return 0;
}

static long long int
netdev_esw_get_carrier_resets(const struct netdev *netdev)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    long long int resets;

    ovs_mutex_lock(&dev->mutex);
    resets = dev->carrier_resets;
    ovs_mutex_unlock(&dev->mutex);
    return resets;
}

/* The kernel's counters of the representor's device, from its own side, like
 * those of any port of type "system": received is what came from the vport.
 * While there is no device they stay as they were. */
static void
to_netdev_stats(struct netdev_stats *dst, const struct esw_link_stats *src)
{
    dst->rx_packets = src->rx_packets;
    dst->tx_packets = src->tx_packets;
    dst->rx_bytes = src->rx_bytes;
    dst->tx_bytes = src->tx_bytes;
    dst->rx_errors = src->rx_errors;
    dst->tx_errors = src->tx_errors;
    dst->rx_dropped = src->rx_dropped;
    dst->tx_dropped = src->tx_dropped;
    dst->multicast = src->multicast;
    dst->collisions = src->collisions;
    dst->rx_length_errors = src->rx_length_errors;
    dst->rx_over_errors = src->rx_over_errors;
    dst->rx_crc_errors = src->rx_crc_errors;
    dst->rx_frame_errors = src->rx_frame_errors;
    dst->rx_fifo_errors = src->rx_fifo_errors;
    dst->rx_missed_errors = src->rx_missed_errors;
    dst->tx_aborted_errors = src->tx_aborted_errors;
    dst->tx_carrier_errors = src->tx_carrier_errors;
    dst->tx_fifo_errors = src->tx_fifo_errors;
    dst->tx_heartbeat_errors = src->tx_heartbeat_errors;
    dst->tx_window_errors = src->tx_window_errors;
}

static int
netdev_esw_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    const unsigned int ifindex = get_ifindex(dev);
    struct esw_link_stats link_stats;
    const bool fresh = (ifindex
                        && !esw_link_get_stats(plugin, ifindex, &link_stats));

    ovs_mutex_lock(&dev->mutex);
    if (fresh) {
        to_netdev_stats(&dev->kernel_stats, &link_stats);
    }
    *stats = dev->kernel_stats;
    ovs_mutex_unlock(&dev->mutex);

    stats->tx_dropped += (atomic_count_get64(&dev->tx_absent)
                          + atomic_count_get64(&dev->tx_failed));
    stats->rx_dropped += atomic_count_get64(&dev->rx_bad);
    return 0;
}

static void
add_counter(struct netdev_custom_stats *stats, const char *name,
            uint64_t value)
{
    struct netdev_custom_counter *counter;

    stats->counters = xrealloc(stats->counters,
                               (stats->size + 1) * sizeof *stats->counters);
    counter = &stats->counters[stats->size++];
    ovs_strlcpy(counter->name, name, sizeof counter->name);
    counter->value = value;
}

static int
netdev_esw_get_custom_stats(const struct netdev *netdev,
                            struct netdev_custom_stats *stats)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    char name[IFNAMSIZ];

    add_counter(stats, "esw_tx_absent_drops",
                atomic_count_get64(&dev->tx_absent));
    add_counter(stats, "esw_tx_failed_drops",
                atomic_count_get64(&dev->tx_failed));
    add_counter(stats, "esw_rx_bad_drops", atomic_count_get64(&dev->rx_bad));

    ovs_mutex_lock(&dev->mutex);
    ovs_strlcpy(name, dev->link.name, sizeof name);
    ovs_mutex_unlock(&dev->mutex);
    if (get_ifindex(dev) && name[0]) {
        netdev_esw_ethtool_counters(name, stats);
    }
    return 0;
}

static int
netdev_esw_get_features(const struct netdev *netdev,
                        enum netdev_features *current,
                        enum netdev_features *advertised,
                        enum netdev_features *supported,
                        enum netdev_features *peer)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct netdev_esw_features features = { 0, 0, 0 };
    char name[IFNAMSIZ];
    bool valid;
    int error;

    ovs_mutex_lock(&dev->mutex);
    ovs_strlcpy(name, dev->link.name, sizeof name);
    valid = dev->features_valid;
    ovs_mutex_unlock(&dev->mutex);

    if (!get_ifindex(dev)) {
        return EOPNOTSUPP;
    }
    if (!valid) {
        error = netdev_esw_ethtool_features(name, &features);
        ovs_mutex_lock(&dev->mutex);
        dev->features_valid = true;
        dev->features_error = error;
        dev->features = features;
        ovs_mutex_unlock(&dev->mutex);
    }

    ovs_mutex_lock(&dev->mutex);
    error = dev->features_error;
    features = dev->features;
    ovs_mutex_unlock(&dev->mutex);
    *current = features.current;
    *advertised = features.advertised;
    *supported = features.supported;
    *peer = 0;
    return error;
}

static int
netdev_esw_get_addr_list(const struct netdev *netdev, struct in6_addr **addr,
                         struct in6_addr **mask, int *n_addr)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    char name[IFNAMSIZ];

    ovs_mutex_lock(&dev->mutex);
    ovs_strlcpy(name, dev->link.name, sizeof name);
    ovs_mutex_unlock(&dev->mutex);
    if (!get_ifindex(dev) || !name[0]) {
        return EADDRNOTAVAIL;
    }
    return netdev_get_addrs(name, addr, mask, n_addr);
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
    .get_addr_list = netdev_esw_get_addr_list,
    .send = netdev_esw_send,
    .rxq_alloc = netdev_esw_rxq_alloc,
    .rxq_construct = netdev_esw_rxq_construct,
    .rxq_destruct = netdev_esw_rxq_destruct,
    .rxq_dealloc = netdev_esw_rxq_dealloc,
    .rxq_recv = netdev_esw_rxq_recv,
    .rxq_wait = netdev_esw_rxq_wait,
    .rxq_drain = netdev_esw_rxq_drain,
};

void
netdev_esw_register(struct esw_plugin *plugin_)
{
    plugin = plugin_;
    /* Tells on the main thread, from within if_notifier_run().  Lives as long
     * as the process. */
    rtnetlink_notifier_create(link_changed, NULL);
    netdev_register_provider(&netdev_esw_class);
}
