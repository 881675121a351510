/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PLUGIN_NETDEV_ESW_H
#define OVS_PLUGIN_NETDEV_ESW_H 1

/* The netdev class "esw": a port that is bound to a network device by ifindex.
 * The eswitch manager gives the device, takes it away and changes it while the
 * port lives on. */

#include "netdev-provider.h"
#include "openvswitch/hmap.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"

#include "ovs-plugin/plugin_abi.h"

struct netdev_esw {
    struct netdev up;

    struct hmap_node id_node;      /* In 'netdevs_by_id'. */
    struct hmap_node ifindex_node; /* In 'netdevs_by_ifindex' while bound. */

    struct esw_port *port;      /* The plugin's side of this netdev. */

    /* The device that the datapath uses, 0 if there is none.  Changed by the
     * main thread only. */
    atomic_uint ifindex;

    /* Main thread only. */
    bool reading;               /* The device's link, by esw_link_read(). */
    bool news;                  /* Heard of the device since that began. */

    atomic_bool status_unread;  /* Changed since get_status(). */

    struct ovs_mutex mutex;
    struct esw_rx_socket *rx OVS_GUARDED; /* On the device, if there is one. */
    /* As the kernel said last, also of a device that is gone. */
    struct esw_link link OVS_GUARDED;
    struct esw_link_wish wish OVS_GUARDED;
    unsigned int changing OVS_GUARDED; /* IFF_* that are asked for. */
    long long int carrier_resets OVS_GUARDED;
    unsigned int binding OVS_GUARDED; /* Counts those to a device. */
    struct esw_link_stats kernel_stats OVS_GUARDED; /* As read last. */
    uint64_t stats_number OVS_GUARDED; /* Of that reading. */
    /* What to add for those of the port, modulo 2^64. */
    struct esw_link_stats stats_base OVS_GUARDED;
    bool had_device OVS_GUARDED;
    bool configured OVS_GUARDED;   /* Had good options once. */
    bool in_datapath OVS_GUARDED;  /* A datapath has set it up. */

    atomic_uint64_t tx_absent;     /* Not sent: there was no device. */
    atomic_uint64_t tx_failed;     /* Not sent: the kernel would not. */
    atomic_uint64_t rx_bad;        /* Received, but too long or too short. */
};

struct netdev_esw *netdev_esw_cast(const struct netdev *);

/* The device that the datapath uses, or 0. */
static inline unsigned int
netdev_esw_ifindex(const struct netdev_esw *dev)
{
    unsigned int ifindex;

    atomic_read_relaxed(&CONST_CAST(struct netdev_esw *, dev)->ifindex,
                        &ifindex);
    return ifindex;
}

/* What the status says has changed. */
static inline void
netdev_esw_status_changed(struct netdev_esw *dev)
{
    atomic_store_relaxed(&dev->status_unread, true);
    netdev_change_seq_changed(&dev->up);
}

/* Whether the status has changed since it was written to the database last. */
bool netdev_esw_is_status_unread(const struct netdev *);

void netdev_esw_register(struct esw_plugin *);
struct esw_plugin *netdev_esw_plugin(void);
esw_binding_func netdev_esw_binding_changed;
esw_link_func netdev_esw_link_read;

/* Has the link of the device read.  Main thread. */
void netdev_esw_read_link(struct netdev_esw *);

/* Takes over what the kernel says of the device. */
void netdev_esw_update_link(struct netdev_esw *, const struct esw_link *);

/* netdev_esw_link.c */
void netdev_esw_rebase_stats(struct netdev_esw *dev,
                             const struct esw_link_stats *start);
int netdev_esw_update_flags(struct netdev *netdev, enum netdev_flags off,
                            enum netdev_flags on,
                            enum netdev_flags *old_flags);
int netdev_esw_set_etheraddr(struct netdev *netdev, const struct eth_addr mac);
int netdev_esw_get_etheraddr(const struct netdev *netdev,
                             struct eth_addr *mac);
int netdev_esw_set_mtu(struct netdev *netdev, int mtu);
int netdev_esw_get_mtu(const struct netdev *netdev, int *mtup);
int netdev_esw_get_ifindex(const struct netdev *netdev);
int netdev_esw_get_carrier(const struct netdev *netdev, bool *carrier);
long long int netdev_esw_get_carrier_resets(const struct netdev *netdev);
int netdev_esw_get_stats(const struct netdev *netdev,
                         struct netdev_stats *stats);
int netdev_esw_get_custom_stats(const struct netdev *netdev,
                                struct netdev_custom_stats *stats);

/* netdev_esw_rxtx.c */
int netdev_esw_open_rx(unsigned int ifindex, struct esw_rx_socket **);
void netdev_esw_close_rx(struct esw_rx_socket *);
int netdev_esw_open_tx(void);
struct netdev_rxq *netdev_esw_rxq_alloc(void);
int netdev_esw_rxq_construct(struct netdev_rxq *);
void netdev_esw_rxq_destruct(struct netdev_rxq *);
void netdev_esw_rxq_dealloc(struct netdev_rxq *);
int netdev_esw_rxq_recv(struct netdev_rxq *, struct dp_packet_batch *,
                        int *qfill);
void netdev_esw_rxq_wait(struct netdev_rxq *);
int netdev_esw_rxq_drain(struct netdev_rxq *);
int netdev_esw_send(struct netdev *, int qid, struct dp_packet_batch *,
                    bool concurrent_txq);

/* netdev_esw_ethtool.c */
int netdev_esw_get_features(const struct netdev *netdev,
                            enum netdev_features *current,
                            enum netdev_features *advertised,
                            enum netdev_features *supported,
                            enum netdev_features *peer);

#endif /* ovs-plugin/netdev_esw.h */
