// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/client_socket.h"

#include <linux/sockios.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace esw::sim {

namespace {

/// A program that asks and never reads is told ENOBUFS beyond this.
constexpr size_t kMaxQueuedBytes = size_t{64} << 20;
/// What the kernel adds to the payload of a queued packet in its accounting, about.
constexpr size_t kPacketOverhead = 768;

sockaddr_nl address(uint32_t port_id, uint32_t groups) {
    sockaddr_nl out{};
    out.nl_family = AF_NETLINK;
    out.nl_pid = port_id;
    out.nl_groups = groups;
    return out;
}

struct KernelDatagram {
    Bytes bytes;
    uint32_t sender = 0;
    uint32_t group = 0;
    int nsid = -1;
};

void read_control(msghdr& message, KernelDatagram& datagram) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_NETLINK) {
            continue;
        }
        if (c->cmsg_type == NETLINK_PKTINFO) {
            nl_pktinfo info;
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            datagram.group = info.group;
        } else if (c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
            std::memcpy(&datagram.nsid, CMSG_DATA(c), sizeof datagram.nsid);
        }
    }
}

/// Returns an errno value; EAGAIN when there is nothing. The kernel sizes the parts of a dump by
/// the largest buffer it was offered. Offering just what is there keeps them at the size that
/// every program can take.
int receive(int fd, KernelDatagram& out) {
    ssize_t size = ::recv(fd, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (size < 0) {
        return errno;
    }
    out.bytes.resize(static_cast<size_t>(size));
    sockaddr_nl from{};
    alignas(cmsghdr) char control[256];
    iovec part{out.bytes.data(), out.bytes.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    size = ::recvmsg(fd, &message, MSG_DONTWAIT);
    if (size < 0) {
        return errno;
    }
    out.sender = from.nl_pid;
    read_control(message, out);
    return 0;
}

}  // namespace

ClientSocket::ClientSocket(EventLoop& loop, Owner& owner, Identity identity, UniqueFd connection,
                           UniqueFd kernel)
    : loop_(loop),
      owner_(owner),
      identity_(identity),
      connection_(std::move(connection)),
      kernel_(std::move(kernel)) {}

Status ClientSocket::start() {
    if (kernel_) {
        const int on = 1;
        // Tells notifications from answers.
        ::setsockopt(kernel_.get(), SOL_NETLINK, NETLINK_PKTINFO, &on, sizeof on);
    }
    size_connection();
    auto watch =
        loop_.watch(connection_.get(), EventLoop::Interest::kRead, [this] { on_connection(); });
    if (!watch) {
        return fail(watch.error());
    }
    connection_watch_ = std::move(*watch);
    watch_kernel();
    return {};
}

// The program never sends on the connection, so what arrives is its end. (A write that went round
// the preload library is dropped.)
void ClientSocket::on_connection() {
    char ignored[64];
    const ssize_t size = ::recv(connection_.get(), ignored, sizeof ignored, MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        owner_.closed(*this);
    }
}

bool ClientSocket::peer_is_gone() const {
    char byte;
    return ::recv(connection_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

void ClientSocket::watch_kernel() {
    if (!kernel_ || kernel_watch_) {
        return;
    }
    auto watch = loop_.watch(kernel_.get(), EventLoop::Interest::kRead, [this] { pump_kernel(); });
    if (watch) {
        kernel_watch_ = std::move(*watch);
    }
}

// --- towards the program ---

wire::PacketHeader ClientSocket::header(uint32_t sender, uint32_t group, int nsid) const {
    uint32_t flags = 0;
    flags |= pktinfo_ ? wire::kWantsPktinfo : 0U;
    flags |= all_nsid_ && nsid >= 0 ? wire::kWantsNsid : 0U;
    flags |= credentials_ ? wire::kWantsCredentials : 0U;
    return {wire::kMagic, wire::PacketKind::kData, 0, sender, group, flags, nsid};
}

/// False when the connection has no room. A connection that failed takes everything: its end is
/// reported by the loop.
bool ClientSocket::send_now(const wire::PacketHeader& header, ByteSpan payload) {
    iovec parts[2] = {
        {const_cast<wire::PacketHeader*>(&header), sizeof header},
        {const_cast<std::byte*>(payload.data()), payload.size()},
    };
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    ssize_t sent;
    do {
        sent = ::sendmsg(connection_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 || (errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE);
}

void ClientSocket::send_or_queue(const wire::PacketHeader& header, ByteSpan payload) {
    if (queue_.empty() && send_now(header, payload)) {
        return;
    }
    queue_.push_back({header, Bytes(payload.begin(), payload.end())});
    queued_bytes_ += payload.size() + kPacketOverhead;
    if (!write_watch_) {
        // Until there is room again, what the kernel sends waits in the kernel's own queue and is
        // subject to its own limit.
        kernel_watch_.reset();
        auto watch =
            loop_.watch(connection_.get(), EventLoop::Interest::kWrite, [this] { on_writable(); });
        if (watch) {
            write_watch_ = std::move(*watch);
        }
    }
}

void ClientSocket::on_writable() {
    while (!queue_.empty()) {
        const Packet& packet = queue_.front();
        if (!send_now(packet.header, packet.payload)) {
            return;
        }
        queued_bytes_ -= packet.payload.size() + kPacketOverhead;
        queue_.pop_front();
    }
    write_watch_.reset();
    watch_kernel();
}

bool ClientSocket::deliver(ByteSpan datagram) {
    if (queued_bytes_ + datagram.size() > kMaxQueuedBytes) {
        return false;
    }
    send_or_queue(header(0, 0, -1), datagram);
    return true;
}

void ClientSocket::notify(uint32_t group, ByteSpan datagram) {
    if (lose_next_) {
        lose_next_ = false;
        overrun();
    } else if (congested() || outstanding() > receive_buffer_) {
        overrun();
    } else {
        send_or_queue(header(0, group, -1), datagram);
    }
}

// As in the kernel, one ENOBUFS stands for all that is lost until the program has read everything.
void ClientSocket::overrun() {
    owner_.count_overflow(*this);
    if (no_enobufs_ || congested()) {
        return;
    }
    congested_ = true;
    send_error(ENOBUFS);
}

bool ClientSocket::congested() {
    congested_ = congested_ && outstanding() > 0;
    return congested_;
}

void ClientSocket::send_error(int error) {
    wire::PacketHeader packet = header(0, 0, -1);
    packet.kind = wire::PacketKind::kError;
    packet.error = error;
    send_or_queue(packet, {});
}

/// What the program has not read, in the kernel's accounting of buffers.
size_t ClientSocket::outstanding() const {
    int unread = 0;
    if (::ioctl(connection_.get(), SIOCOUTQ, &unread) != 0) {
        unread = 0;
    }
    return static_cast<size_t>(unread) + queued_bytes_;
}

// --- towards the kernel ---

int ClientSocket::autobind() {
    if (bound_) {
        return 0;
    }
    if (!kernel_) {
        const auto claimed = owner_.claim_port_id(*this, 0);
        if (!claimed) {
            return claimed.error().code;
        }
        port_id_ = *claimed;
        bound_ = true;
        return 0;
    }
    // The kernel would take the id of the process that binds, which must be the program's.
    uint32_t wanted = static_cast<uint32_t>(identity_.pid);
    for (int attempt = 0; attempt < 64; attempt++) {
        const sockaddr_nl to = address(wanted, 0);
        if (::bind(kernel_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
            port_id_ = wanted;
            bound_ = true;
            return 0;
        }
        if (errno != EADDRINUSE) {
            return errno;
        }
        wanted = static_cast<uint32_t>(-4097 - (random() & 0x3fffffff));
    }
    return EADDRINUSE;
}

int ClientSocket::bind(uint32_t port_id, uint32_t groups) {
    if (bound_ && port_id != port_id_) {
        return EINVAL;
    }
    if (!bound_ && port_id == 0) {
        const int error = autobind();
        if (error != 0) {
            return error;
        }
    } else if (!bound_ && !kernel_) {
        const auto claimed = owner_.claim_port_id(*this, port_id);
        if (!claimed) {
            return claimed.error().code;
        }
        port_id_ = *claimed;
        bound_ = true;
    }
    uint32_t kernel_groups = 0;
    for (uint32_t group = 1; group <= 32; group++) {
        const bool simulated = owner_.is_simulated_group(identity_.protocol, group);
        kernel_groups |= simulated ? 0 : groups & 1U << (group - 1);
    }
    if (kernel_) {
        const sockaddr_nl to = address(bound_ ? port_id_ : port_id, kernel_groups);
        if (::bind(kernel_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            return errno;
        }
        port_id_ = to.nl_pid;
        bound_ = true;
    }
    for (uint32_t group = 1; group <= 32; group++) {
        if (groups & 1U << (group - 1)) {
            groups_.insert(group);
        } else {
            groups_.erase(group);
        }
    }
    return 0;
}

int ClientSocket::connect(int family, uint32_t port_id, uint32_t groups) {
    if (family == AF_UNSPEC) {
        destination_ = destination_groups_ = 0;
        return 0;
    }
    if (family != AF_NETLINK) {
        return EINVAL;
    }
    const int error = autobind();
    if (error == 0) {
        destination_ = port_id;
        const int first = ffs(static_cast<int>(groups));
        destination_groups_ = first ? 1U << (first - 1) : 0;
    }
    return error;
}

wire::NameAnswer ClientSocket::name() const {
    uint32_t mask = 0;
    for (const uint32_t group : groups_) {
        mask |= group <= 32 ? 1U << (group - 1) : 0;
    }
    return {port_id_, mask};
}

int ClientSocket::send_to_kernel(ByteSpan datagram, const wire::NameAnswer* destination) {
    const wire::NameAnswer target = destination ? *destination : peer_name();
    sockaddr_nl to = address(target.nl_pid, target.nl_groups);
    iovec part{const_cast<std::byte*>(datagram.data()), datagram.size()};
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t sent;
    do {
        sent = ::sendmsg(kernel_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    const int error = sent < 0 ? errno : 0;
    pump_kernel();
    return error;
}

void ClientSocket::pump_kernel() {
    while (kernel_ && queue_.empty() && pump_one()) {
    }
}

/// Moves one datagram; false when there is none.
bool ClientSocket::pump_one() {
    KernelDatagram datagram;
    const int error = receive(kernel_.get(), datagram);
    if (error == EAGAIN) {
        return false;
    }
    if (error == EINTR) {
        return true;
    }
    if (error == ENOBUFS) {
        owner_.count_overflow(*this);
    }
    if (error != 0) {
        // One of the socket, such as ENOBUFS, which the receive call has also cleared.
        send_error(error);
        return true;
    }
    if (datagram.group != 0 && lose_next_) {
        lose_next_ = false;
        overrun();
        return true;
    }
    const auto packet = header(datagram.sender, datagram.group, datagram.nsid);
    for (const Bytes& part :
         owner_.from_kernel(*this, std::move(datagram.bytes), datagram.group != 0, datagram.nsid)) {
        send_or_queue(packet, part);
    }
    return true;
}

}  // namespace esw::sim
