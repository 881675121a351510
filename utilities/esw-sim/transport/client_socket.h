// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <set>

#include "base/unique_fd.h"
#include "utilities/esw-sim/transport/acknowledgement.h"
#include "utilities/esw-sim/transport/peer.h"
#include "utilities/esw-sim/transport/wire.h"

namespace esw::sim {

/// One netlink socket of a program, as the daemon sees it: the connection that the program holds
/// for a socket, the real kernel socket behind it (none for RDMA), and what the program has bound,
/// joined and set. Lives until the program's last descriptor is closed.
class ClientSocket {
public:
    /// What the socket needs from its server.
    class Owner {
    public:
        virtual ~Owner() = default;
        /// The program has closed the socket. Called from the event loop, once.
        virtual void closed(ClientSocket& socket) = 0;
        /// A datagram of the kernel is on its way to the program. Returns what the program gets.
        /// `nsid`: of the namespace that it is about, from 0; -1: the socket's own.
        virtual std::vector<Bytes> from_kernel(ClientSocket& socket, Bytes datagram, bool multicast,
                                               int nsid) = 0;
        virtual void count_overflow(const ClientSocket& socket) = 0;
        /// `group` is one that the daemon serves, not the kernel.
        virtual bool is_simulated_group(int protocol, uint32_t group) const = 0;
        /// Bits in NETLINK_LIST_MEMBERSHIPS.
        virtual uint32_t group_count(int protocol) const = 0;
        /// A port id for a socket that no kernel socket is behind; `wanted` 0: any.
        virtual Result<uint32_t> claim_port_id(const ClientSocket& socket, uint32_t wanted) = 0;
    };

    struct Identity {
        uint64_t id = 0;
        int protocol = 0;
        int type = 0;
        pid_t pid = 0;
        NamespaceId network;
        bool same_namespace = false;   ///< as the adapter
        bool opener_is_admin = false;  ///< had CAP_NET_ADMIN when it made the socket
    };

    ClientSocket(EventLoop& loop, Owner& owner, Identity identity, UniqueFd connection,
                 UniqueFd kernel);

    /// Registers with the loop; nothing happens before.
    Status start();

    const Identity& identity() const { return identity_; }
    /// The program has closed it, whether the loop knows or not.
    bool peer_is_gone() const;
    uint32_t port_id() const { return port_id_; }
    AckOptions ack_options() const { return ack_options_; }
    NetworkView view() const { return {identity_.network, kernel_.get()}; }
    bool has_kernel() const { return static_cast<bool>(kernel_); }
    bool is_member(uint32_t group) const { return groups_.count(group) != 0; }

    // The calls of a program; each returns an errno value or 0, as the kernel would.
    int bind(uint32_t port_id, uint32_t groups);
    int connect(int family, uint32_t port_id, uint32_t groups);
    int set_option(int level, int name, ByteSpan value, pid_t caller);
    /// Sets `value` to at most `room` bytes, and `length` to what the kernel would say.
    int get_option(int level, int name, size_t room, Bytes& value, int& length);
    wire::NameAnswer name() const;
    wire::NameAnswer peer_name() const { return {destination_, destination_groups_}; }
    /// Gives the socket a port id, if it has none yet.
    int autobind();
    /// The kernel runs `datagram` and its answers are queued before this returns.
    int send_to_kernel(ByteSpan datagram, const wire::NameAnswer* destination);

    /// An answer. False when the program does not read what it asked for and no more is kept.
    bool deliver(ByteSpan datagram);
    /// A notification; lost, with an ENOBUFS, when the program's receive buffer is full.
    void notify(uint32_t group, ByteSpan datagram);
    /// Something was lost: the program gets an ENOBUFS.
    void overrun();
    /// The next notification is lost.
    void lose_next() { lose_next_ = true; }
    bool has_groups() const { return !groups_.empty(); }
    /// Takes over what the kernel has queued so far, as much as the program's buffer holds.
    void pump_kernel();

private:
    struct Packet {
        wire::PacketHeader header;
        Bytes payload;
    };

    void on_connection();
    void on_writable();
    bool pump_one();
    bool send_now(const wire::PacketHeader& header, ByteSpan payload);
    void send_or_queue(const wire::PacketHeader& header, ByteSpan payload);
    void send_error(int error);
    bool congested();
    size_t outstanding() const;
    wire::PacketHeader header(uint32_t sender, uint32_t group, int nsid) const;
    int join(uint32_t group, bool member);
    void size_connection();
    void watch_kernel();
    int forward_option(int level, int name, ByteSpan value);
    int set_netlink_option(int name, ByteSpan value);
    int set_socket_option(int name, ByteSpan value, pid_t caller);
    int attach_filter(ByteSpan program);
    int get_netlink_option(int name, size_t room, Bytes& value, int& length) const;
    int get_memberships(size_t room, Bytes& value, int& length) const;
    int get_socket_option(int name, size_t room, Bytes& value, int& length) const;

    EventLoop& loop_;
    Owner& owner_;
    const Identity identity_;
    UniqueFd connection_;
    UniqueFd kernel_;
    std::unique_ptr<EventLoop::Handle> connection_watch_, write_watch_, kernel_watch_;

    uint32_t port_id_ = 0;
    bool bound_ = false;
    uint32_t destination_ = 0, destination_groups_ = 0;
    std::set<uint32_t> groups_;  ///< all, the kernel's too
    AckOptions ack_options_;
    bool pktinfo_ = false, all_nsid_ = false, credentials_ = false, no_enobufs_ = false;
    bool broadcast_error_ = false, strict_check_ = false;
    size_t receive_buffer_ = 212992;  ///< net.core.rmem_default

    std::deque<Packet> queue_;  ///< what the connection has no room for
    size_t queued_bytes_ = 0;
    bool congested_ = false;
    bool lose_next_ = false;
};

}  // namespace esw::sim
