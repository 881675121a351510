// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/receive.h"

#include <alloca.h>
#include <linux/netlink.h>

#include <cerrno>
#include <cstring>

#include "utilities/esw-sim/preload/next.h"

namespace esw::sim {

namespace {

/// Writes control messages as put_cmsg() in net/core/scm.c does.
class ControlWriter {
public:
    explicit ControlWriter(msghdr& message) noexcept
        : message_(message), room_(message.msg_control ? message.msg_controllen : 0) {}

    void put(int level, int type, const void* data, size_t length) noexcept {
        if (CMSG_LEN(length) > room_ - used_) {
            message_.msg_flags |= MSG_CTRUNC;
            return;
        }
        const cmsghdr header{CMSG_LEN(length), level, type};
        char* at = static_cast<char*>(message_.msg_control) + used_;
        memcpy(at, &header, sizeof header);
        memcpy(at + CMSG_LEN(0), data, length);
        const size_t space = CMSG_SPACE(length);
        used_ += space < room_ - used_ ? space : room_ - used_;
    }

    void finish() noexcept { message_.msg_controllen = used_; }

private:
    msghdr& message_;
    const size_t room_;
    size_t used_ = 0;
};

void write_sender(msghdr& message, const wire::PacketHeader& packet) noexcept {
    if (!message.msg_name) {
        message.msg_namelen = 0;
        return;
    }
    sockaddr_nl from{};
    from.nl_family = AF_NETLINK;
    from.nl_pid = packet.sender_pid;
    from.nl_groups = packet.group > 0 && packet.group <= 32 ? 1U << (packet.group - 1) : 0;
    const size_t room = message.msg_namelen;
    memcpy(message.msg_name, &from, room < sizeof from ? room : sizeof from);
    message.msg_namelen = sizeof from;
}

void write_control(msghdr& message, const wire::PacketHeader& packet) noexcept {
    ControlWriter control(message);
    if (packet.flags & wire::kWantsPktinfo) {
        const nl_pktinfo info{packet.group};
        control.put(SOL_NETLINK, NETLINK_PKTINFO, &info, sizeof info);
    }
    if (packet.flags & wire::kWantsNsid) {
        control.put(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &packet.nsid, sizeof packet.nsid);
    }
    if (packet.flags & wire::kWantsCredentials) {
        const ucred kernel{};
        control.put(SOL_SOCKET, SCM_CREDENTIALS, &kernel, sizeof kernel);
    }
    control.finish();
}

/// Sets errno and returns -1.
ssize_t report_error(const SimulatedSocket& socket, wire::PacketHeader& packet,
                     int flags) noexcept {
    const int error = packet.error;
    if (flags & MSG_PEEK) {
        // The kernel clears a socket's error even then.
        ESW_NEXT(recv)(socket.fd, &packet, sizeof packet, MSG_DONTWAIT);
    }
    errno = error;
    return -1;
}

}  // namespace

ssize_t simulated_receive(const SimulatedSocket& socket, msghdr* message, int flags) noexcept {
    if (message->msg_iovlen >= kMaxParts) {
        errno = EMSGSIZE;
        return -1;
    }
    if (flags & MSG_OOB) {
        errno = EOPNOTSUPP;
        return -1;
    }
    wire::PacketHeader packet{};
    auto* parts = static_cast<iovec*>(alloca((message->msg_iovlen + 1) * sizeof(iovec)));
    parts[0] = {&packet, sizeof packet};
    if (message->msg_iovlen > 0) {
        memcpy(parts + 1, message->msg_iov, message->msg_iovlen * sizeof(iovec));
    }
    msghdr inner{};
    inner.msg_iov = parts;
    inner.msg_iovlen = message->msg_iovlen + 1;
    const ssize_t size = ESW_NEXT(recvmsg)(socket.fd, &inner, flags);
    if (size == 0 || (size < 0 && errno == ECONNRESET)) {
        socket.replace();
        return -1;
    }
    if (size < 0) {
        return -1;
    }
    if (static_cast<size_t>(size) < sizeof packet || packet.magic != wire::kMagic) {
        errno = EPROTO;
        return -1;
    }
    if (packet.kind == wire::PacketKind::kError) {
        return report_error(socket, packet, flags);
    }
    message->msg_flags = inner.msg_flags;
    write_sender(*message, packet);
    write_control(*message, packet);
    return size - static_cast<ssize_t>(sizeof packet);
}

ssize_t simulated_send(const SimulatedSocket& socket, const msghdr* message) noexcept {
    RemoteCall send{wire::Op::kSend};
    if (message->msg_name && message->msg_namelen > 0) {
        sockaddr_nl to{};
        if (message->msg_namelen >= sizeof to) {
            memcpy(&to, message->msg_name, sizeof to);
        }
        if (to.nl_family != AF_NETLINK) {
            errno = EINVAL;
            return -1;
        }
        send.arg[0] = 1;
        send.arg[1] = static_cast<int32_t>(to.nl_pid);
        send.arg[2] = static_cast<int32_t>(to.nl_groups);
    }
    send.payload = message->msg_iov;
    send.payload_parts = message->msg_iovlen;
    if (!socket.call(send)) {
        return -1;
    }
    size_t length = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        length += message->msg_iov[i].iov_len;
    }
    return static_cast<ssize_t>(length);
}

}  // namespace esw::sim
