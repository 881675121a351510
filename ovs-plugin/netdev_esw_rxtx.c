/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/netdev_esw.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coverage.h"
#include "dp-packet.h"
#include "dpif-netdev.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "socket-util.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(esw_rxtx);

COVERAGE_DEFINE(esw_tx_absent);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* A packet socket that receives from a device.  It is opened when a netdev is
 * bound to the device, which can fail and is then tried again, and is used by
 * the netdev's receive queue, which cannot: dpif-netdev drops a port whose
 * queues fail to open. */
struct esw_rx_socket {
    struct ovs_refcount ref_cnt;
    int fd;
};

/* A receive queue: the socket that the netdev had when the queue was opened,
 * or NULL. */
struct netdev_rxq_esw {
    struct netdev_rxq up;
    struct esw_rx_socket *socket;

    /* Room for the next batch, each of 'buffer_size' bytes; NULL where a
     * packet was handed on. */
    struct dp_packet *buffers[NETDEV_MAX_BURST];
    size_t buffer_size;
};

static struct netdev_rxq_esw *
netdev_rxq_esw_cast(const struct netdev_rxq *rx)
{
    return CONTAINER_OF(rx, struct netdev_rxq_esw, up);
}

/* A device that is down, or gone until the manager says so. */
static bool
is_device_absent(int error)
{
    return error == ENETDOWN || error == ENODEV || error == ENXIO;
}

/* Receiving. */

struct netdev_rxq *
netdev_esw_rxq_alloc(void)
{
    struct netdev_rxq_esw *rx = xzalloc(sizeof *rx);
    return &rx->up;
}

/* Opens a packet socket that receives what comes in through 'ifindex', but not
 * what goes out there.  Returns the descriptor or a negative errno value. */
static int
open_rx_socket(unsigned int ifindex)
{
    const struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = ifindex,
    };
    const int on = 1;
    int error;
    int fd;

    /* No protocol yet: nothing is received before the socket is bound. */
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on)
        || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on)
        || bind(fd, (const struct sockaddr *) &sll, sizeof sll)) {
        error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int
netdev_esw_open_rx(unsigned int ifindex, struct esw_rx_socket **socketp)
{
    const int fd = open_rx_socket(ifindex);

    if (fd < 0) {
        return -fd;
    }
    *socketp = xmalloc(sizeof **socketp);
    ovs_refcount_init(&(*socketp)->ref_cnt);
    (*socketp)->fd = fd;
    return 0;
}

/* Gives up one reference to 'socket', which may be NULL. */
void
netdev_esw_close_rx(struct esw_rx_socket *socket)
{
    if (socket && ovs_refcount_unref(&socket->ref_cnt) == 1) {
        esw_plugin_close(netdev_esw_plugin(), socket->fd);
        free(socket);
    }
}

int
netdev_esw_rxq_construct(struct netdev_rxq *rxq)
{
    struct netdev_rxq_esw *rx = netdev_rxq_esw_cast(rxq);
    struct netdev_esw *dev = netdev_esw_cast(rxq->netdev);

    ovs_mutex_lock(&dev->mutex);
    rx->socket = dev->rx;
    if (rx->socket) {
        ovs_refcount_ref(&rx->socket->ref_cnt);
    }
    ovs_mutex_unlock(&dev->mutex);
    return 0;
}

void
netdev_esw_rxq_destruct(struct netdev_rxq *rxq)
{
    struct netdev_rxq_esw *rx = netdev_rxq_esw_cast(rxq);

    netdev_esw_close_rx(rx->socket);
    for (size_t i = 0; i < NETDEV_MAX_BURST; i++) {
        dp_packet_delete(rx->buffers[i]);
    }
}

void
netdev_esw_rxq_dealloc(struct netdev_rxq *rxq)
{
    free(netdev_rxq_esw_cast(rxq));
}

/* Makes room for a batch of packets of 'size' bytes. */
static void
fill_buffers(struct netdev_rxq_esw *rx, size_t size)
{
    for (size_t i = 0; i < NETDEV_MAX_BURST; i++) {
        if (rx->buffers[i] && rx->buffer_size != size) {
            dp_packet_delete(rx->buffers[i]);
            rx->buffers[i] = NULL;
        }
        if (!rx->buffers[i]) {
            rx->buffers[i] = dp_packet_new_with_headroom(size,
                                                         DP_NETDEV_HEADROOM);
        }
    }
    rx->buffer_size = size;
}

/* Puts the VLAN tag back that the kernel took out of the frame. */
static void
restore_vlan_tag(struct dp_packet *packet, struct msghdr *msg)
{
    struct cmsghdr *cmsg;

    for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
        struct tpacket_auxdata aux;

        if (cmsg->cmsg_level != SOL_PACKET
            || cmsg->cmsg_type != PACKET_AUXDATA
            || cmsg->cmsg_len < CMSG_LEN(sizeof aux)) {
            continue;
        }
        memcpy(&aux, CMSG_DATA(cmsg), sizeof aux);
        if (aux.tp_status & TP_STATUS_VLAN_VALID) {
            const uint16_t tpid = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID
                                   ? aux.tp_vlan_tpid : ETH_TYPE_VLAN_8021Q);
            eth_push_vlan(packet, htons(tpid), htons(aux.tp_vlan_tci));
        }
        return;
    }
}

int
netdev_esw_rxq_recv(struct netdev_rxq *rxq, struct dp_packet_batch *batch,
                    int *qfill)
{
    struct netdev_rxq_esw *rx = netdev_rxq_esw_cast(rxq);
    struct netdev_esw *dev = netdev_esw_cast(rxq->netdev);
    union {
        struct cmsghdr cmsg;
        char buffer[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control[NETDEV_MAX_BURST];
    struct mmsghdr messages[NETDEV_MAX_BURST];
    struct iovec iovs[NETDEV_MAX_BURST];
    uint32_t mtu;
    int n;

    dp_packet_batch_init(batch);
    if (qfill) {
        *qfill = -ENOTSUP;
    }
    if (!rx->socket) {
        return EAGAIN;
    }

    ovs_mutex_lock(&dev->mutex);
    mtu = dev->link.mtu ? dev->link.mtu : ETH_PAYLOAD_MAX;
    ovs_mutex_unlock(&dev->mutex);
    /* The outer tag comes as auxiliary data; an inner one is in the frame. */
    fill_buffers(rx, VLAN_ETH_HEADER_LEN + mtu);
    for (size_t i = 0; i < NETDEV_MAX_BURST; i++) {
        iovs[i].iov_base = dp_packet_data(rx->buffers[i]);
        iovs[i].iov_len = rx->buffer_size;
        messages[i].msg_hdr = (struct msghdr) {
            .msg_iov = &iovs[i],
            .msg_iovlen = 1,
            .msg_control = &control[i],
            .msg_controllen = sizeof control[i],
        };
    }

    do {
        n = recvmmsg(rx->socket->fd, messages, NETDEV_MAX_BURST, MSG_TRUNC, NULL);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return is_device_absent(errno) ? EAGAIN : errno;
    }

    for (int i = 0; i < n; i++) {
        const bool truncated = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
        struct dp_packet *packet = rx->buffers[i];

        if (truncated || messages[i].msg_len < ETH_HEADER_LEN) {
            atomic_count_inc64(&dev->rx_bad);
            VLOG_WARN_RL(&rl, "%s: dropped a packet of %u bytes: %s",
                         netdev_get_name(rxq->netdev), messages[i].msg_len,
                         truncated ? "longer than the MTU (is generic receive "
                         "offload on?)" : "shorter than an Ethernet header");
            continue;
        }
        rx->buffers[i] = NULL;
        dp_packet_set_size(packet, messages[i].msg_len);
        restore_vlan_tag(packet, &messages[i].msg_hdr);
        dp_packet_batch_add(batch, packet);
    }
    return 0;
}

void
netdev_esw_rxq_wait(struct netdev_rxq *rxq)
{
    struct netdev_rxq_esw *rx = netdev_rxq_esw_cast(rxq);

    if (rx->socket) {
        poll_fd_wait(rx->socket->fd, POLLIN);
    }
}

int
netdev_esw_rxq_drain(struct netdev_rxq *rxq)
{
    struct netdev_rxq_esw *rx = netdev_rxq_esw_cast(rxq);

    return rx->socket ? drain_rcvbuf(rx->socket->fd) : 0;
}

/* Sending. */

/* One socket, bound to nothing, sends for all netdevs and threads.  It stays
 * open when it was opened once. */
static atomic_int tx_fd = ATOMIC_VAR_INIT(-1);

static int
get_tx_socket(void)
{
    int fd;

    atomic_read_relaxed(&tx_fd, &fd);
    return fd;
}

/* Makes sure that there is a socket for sending.  Main thread. */
int
netdev_esw_open_tx(void)
{
    int fd;

    if (get_tx_socket() >= 0) {
        return 0;
    }
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    atomic_store_relaxed(&tx_fd, fd);
    return 0;
}

/* Sends 'messages' and returns how many the kernel took; '*error' is why it
 * did not take one of the others, or 0. */
static size_t
send_messages(int fd, struct mmsghdr *messages, size_t n, int *error)
{
    size_t next = 0;
    size_t n_sent = 0;

    *error = 0;
    while (next < n) {
        int retval = sendmmsg(fd, messages + next, n - next, 0);

        if (retval >= 0) {
            next += retval;
            n_sent += retval;
        } else if (errno == EMSGSIZE || errno == EINVAL) {
            /* Something is wrong with this packet; the next may pass. */
            *error = errno;
            next++;
        } else if (errno != EINTR) {
            *error = errno;
            break;
        }
    }
    return n_sent;
}

int
netdev_esw_send(struct netdev *netdev, int qid OVS_UNUSED,
                struct dp_packet_batch *batch, bool concurrent_txq OVS_UNUSED)
{
    struct netdev_esw *dev = netdev_esw_cast(netdev);
    const size_t size = dp_packet_batch_size(batch);
    struct mmsghdr messages[NETDEV_MAX_BURST];
    struct iovec iovs[NETDEV_MAX_BURST];
    struct dp_packet *packet;
    struct sockaddr_ll sll;
    unsigned int ifindex;
    uint64_t orig;
    int error = 0;
    int fd;

    atomic_read_relaxed(&dev->ifindex, &ifindex);
    fd = get_tx_socket();
    if (!ifindex || fd < 0) {
        COVERAGE_ADD(esw_tx_absent, size);
        atomic_add_relaxed(ifindex ? &dev->tx_failed : &dev->tx_absent, size,
                           &orig);
        dp_packet_delete_batch(batch, true);
        return 0;
    }

    memset(&sll, 0, sizeof sll);
    sll.sll_family = AF_PACKET;
    sll.sll_ifindex = ifindex;
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        iovs[i].iov_base = dp_packet_data(packet);
        iovs[i].iov_len = dp_packet_size(packet);
        memset(&messages[i], 0, sizeof messages[i]);
        messages[i].msg_hdr.msg_name = &sll;
        messages[i].msg_hdr.msg_namelen = sizeof sll;
        messages[i].msg_hdr.msg_iov = &iovs[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }

    const size_t n_sent = send_messages(fd, messages, size, &error);
    if (n_sent < size) {
        atomic_add_relaxed(is_device_absent(error) ? &dev->tx_absent
                           : &dev->tx_failed, size - n_sent, &orig);
    }
    dp_packet_delete_batch(batch, true);

    if (!error || is_device_absent(error)) {
        return 0;
    }
    if (error == ENOBUFS) {
        /* The kernel's way of saying that the device's queue is full. */
        return EAGAIN;
    }
    if (error != EAGAIN) {
        VLOG_WARN_RL(&rl, "%s: error sending: %s", netdev_get_name(netdev),
                     ovs_strerror(error));
    }
    return error;
}
