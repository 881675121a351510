/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/netdev_esw.h"

#include <errno.h>
#include <net/if.h>

#include "util.h"

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

/* Remembers 'wish', and has the device, if there is one, made like 'after',
 * which is about those flags, MTU or MAC.  That is done on another thread: the
 * kernel may take its time.  What the device refuses is told in the status.
 * Main thread. */
static void
change_link(struct netdev_esw *dev, const struct esw_link_wish *wish,
            const struct esw_link *after, unsigned int flags)
    OVS_EXCLUDED(dev->mutex)
{
    const unsigned int ifindex = netdev_esw_ifindex(dev);
    const bool changed = esw_port_set_wish(dev->port, wish);
    bool is_so;

    if (!ifindex) {
        /* The wish is what is shown while there is no device. */
        if (changed) {
            netdev_esw_status_changed(dev);
        }
        return;
    }
    ovs_mutex_lock(&dev->mutex);
    is_so = links_equal(&dev->link, after) && !changed && !dev->reading;
    if (!is_so) {
        dev->changing |= flags;
    }
    ovs_mutex_unlock(&dev->mutex);
    if (is_so) {
        return;
    }
    esw_port_change_link(dev->port, ifindex, flags);
    netdev_esw_read_link(dev);
    if (flags) {
        netdev_esw_status_changed(dev);
    }
}

/* Those of the device, save for those that it is about to have: Open vSwitch
 * expects to see the flags that it has just set. */
static enum netdev_flags
shown_flags(const struct netdev_esw *dev) OVS_REQUIRES(dev->mutex)
{
    const unsigned int wished = ((dev->wish.up ? IFF_UP : 0)
                                 | (dev->wish.promiscuous ? IFF_PROMISC : 0));

    if (!netdev_esw_ifindex(dev)) {
        return to_netdev_flags(wished);
    }
    return to_netdev_flags((dev->link.flags & ~dev->changing)
                           | (wished & dev->changing));
}

int
netdev_esw_update_flags(struct netdev *netdev, enum netdev_flags off,
                        enum netdev_flags on, enum netdev_flags *old_flags)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct esw_link_wish wish;
    struct esw_link link;

    ovs_mutex_lock(&dev->mutex);
    *old_flags = shown_flags(dev);
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
    link.flags = (link.flags & ~to_iff(off)) | to_iff(on);
    change_link(dev, &wish, &link, to_iff(off) | to_iff(on));
    return 0;
}

int
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

    link.has_mac = true;
    memcpy(link.mac, &mac, sizeof link.mac);
    change_link(dev, &wish, &link, 0);
    return 0;
}

int
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

int
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

    link.mtu = mtu;
    change_link(dev, &wish, &link, 0);
    return 0;
}

int
netdev_esw_get_mtu(const struct netdev *netdev, int *mtup)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    *mtup = (!netdev_esw_ifindex(dev) && dev->wish.mtu ? dev->wish.mtu
             : dev->link.mtu);
    ovs_mutex_unlock(&dev->mutex);
    return *mtup ? 0 : EOPNOTSUPP;
}

int
netdev_esw_get_ifindex(const struct netdev *netdev)
{
    const unsigned int ifindex = netdev_esw_ifindex(netdev_esw_cast(netdev));
    return ifindex ? ifindex : -EOPNOTSUPP;
}

int
netdev_esw_get_carrier(const struct netdev *netdev, bool *carrier)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    *carrier = (dev->link.flags & IFF_RUNNING) != 0;
    ovs_mutex_unlock(&dev->mutex);
    return 0;
}

long long int
netdev_esw_get_carrier_resets(const struct netdev *netdev)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    long long int resets;

    ovs_mutex_lock(&dev->mutex);
    resets = dev->carrier_resets;
    ovs_mutex_unlock(&dev->mutex);
    return resets;
}

/* Counters of ports.
 *
 * They are the kernel's of the representor's device, from its own side, like
 * those of any port of type "system": received is what came from the vport.
 * While there is no device they stay as they were, and they go on from there
 * when there is one again, whose own start anew: counters of a port never go
 * back. */

#define N_COUNTERS (sizeof(struct esw_link_stats) / sizeof(uint64_t))

/* dst += sign * src, modulo 2^64. */
static void
add_stats(struct esw_link_stats *dst, const struct esw_link_stats *src,
          int sign)
{
    uint64_t *to = (uint64_t *) dst;
    const uint64_t *from = (const uint64_t *) src;

    for (size_t i = 0; i < N_COUNTERS; i++) {
        to[i] += sign * from[i];
    }
}

/* From now on 'dev' has another device, whose counters are at 'start'.  What
 * the first one has counted before counts, as for any port of Open vSwitch. */
void
netdev_esw_rebase_stats(struct netdev_esw *dev,
                        const struct esw_link_stats *start)
    OVS_REQUIRES(dev->mutex)
{
    if (dev->had_device) {
        add_stats(&dev->stats_base, &dev->kernel_stats, 1);
        add_stats(&dev->stats_base, start, -1);
    }
    dev->had_device = true;
    dev->binding++;
    dev->kernel_stats = *start;
}

/* Open vSwitch has counters that the kernel has not: all ones say so. */
static void
to_netdev_stats(struct netdev_stats *dst, const struct esw_link_stats *src)
{
    memset(dst, 0xff, sizeof *dst);
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

int
netdev_esw_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    struct esw_link_stats read, total;
    unsigned int binding, ifindex;
    uint64_t number = 0;

    ovs_mutex_lock(&dev->mutex);
    binding = dev->binding;
    ovs_mutex_unlock(&dev->mutex);
    ifindex = netdev_esw_ifindex(dev);
    if (ifindex) {
        number = esw_port_read_stats(dev->port, ifindex, &read);
    }
    ovs_mutex_lock(&dev->mutex);
    /* Another thread may have read later, and found another device. */
    if (number > dev->stats_number && binding == dev->binding) {
        dev->kernel_stats = read;
        dev->stats_number = number;
    }
    total = dev->kernel_stats;
    add_stats(&total, &dev->stats_base, 1);
    ovs_mutex_unlock(&dev->mutex);
    to_netdev_stats(stats, &total);

    stats->tx_dropped += (atomic_count_get64(&dev->tx_absent)
                          + atomic_count_get64(&dev->tx_failed));
    stats->rx_dropped += atomic_count_get64(&dev->rx_bad);
    return 0;
}

static void
add_counter(const char *name, uint64_t value, void *stats_)
{
    struct netdev_custom_stats *stats = stats_;
    struct netdev_custom_counter *counter;

    stats->counters = xrealloc(stats->counters,
                               (stats->size + 1) * sizeof *stats->counters);
    counter = &stats->counters[stats->size++];
    ovs_strlcpy(counter->name, name, sizeof counter->name);
    counter->value = value;
}

int
netdev_esw_get_custom_stats(const struct netdev *netdev,
                            struct netdev_custom_stats *stats)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    const unsigned int ifindex = netdev_esw_ifindex(dev);

    add_counter("esw_tx_absent_drops", atomic_count_get64(&dev->tx_absent),
                stats);
    add_counter("esw_tx_failed_drops", atomic_count_get64(&dev->tx_failed),
                stats);
    add_counter("esw_rx_bad_drops", atomic_count_get64(&dev->rx_bad), stats);
    if (ifindex) {
        esw_port_read_vport_counters(dev->port, ifindex, add_counter, stats);
    }
    return 0;
}
