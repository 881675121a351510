// SPDX-License-Identifier: Apache-2.0
// The C library's socket calls, replaced.
#undef _FORTIFY_SOURCE  // or the headers define these functions themselves
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <ctime>

#include "utilities/esw-sim/preload/device_file.h"
#include "utilities/esw-sim/preload/instance.h"
#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/receive.h"

using esw::sim::RemoteCall;
using esw::sim::simulated_receive;
using esw::sim::simulated_send;
using esw::sim::SimulatedSocket;
namespace wire = esw::sim::wire;

namespace {

int fail_with(int error) noexcept {
    errno = error;
    return -1;
}

/// SCM_RIGHTS may have brought one of ours under a number that was another's.
void forget_received(msghdr* message) noexcept {
    for (cmsghdr* c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, reinterpret_cast<char*>(c) + at, sizeof fd);
            esw::sim::forget_descriptor(fd);
        }
    }
}

ssize_t receive_one(const SimulatedSocket& socket, void* buffer, size_t length, int flags,
                    sockaddr* from, socklen_t* from_length) noexcept {
    iovec part{buffer, length};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = from_length ? from : nullptr;
    message.msg_namelen = from_length ? *from_length : 0;
    const ssize_t size = simulated_receive(socket, &message, flags);
    if (size >= 0 && from && from_length) {
        *from_length = message.msg_namelen;
    }
    return size;
}

ssize_t receive_parts(const SimulatedSocket& socket, const iovec* parts, int count) noexcept {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = count > 0 ? static_cast<size_t>(count) : 0;
    return simulated_receive(socket, &message, 0);
}

ssize_t send_one(const SimulatedSocket& socket, const void* buffer, size_t length,
                 const sockaddr* to, socklen_t to_length) noexcept {
    iovec part{const_cast<void*>(buffer), length};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = const_cast<sockaddr*>(to);
    message.msg_namelen = to ? to_length : 0;
    return simulated_send(socket, &message);
}

int name_call(const SimulatedSocket& socket, wire::Op op, sockaddr* address,
              socklen_t* length) noexcept {
    wire::NameAnswer answer{};
    RemoteCall call{op};
    call.reply = &answer;
    call.reply_room = sizeof answer;
    if (!socket.call(call)) {
        return -1;
    }
    sockaddr_nl name{};
    name.nl_family = AF_NETLINK;
    name.nl_pid = answer.nl_pid;
    name.nl_groups = answer.nl_groups;
    memcpy(address, &name, *length < sizeof name ? *length : sizeof name);
    *length = sizeof name;
    return 0;
}

/// Options of the socket level that mean something else for a netlink socket than for the
/// connection that is in its place.
bool daemon_has_option(int level, int name) noexcept {
    if (level != SOL_SOCKET) {
        return true;
    }
    switch (name) {
        case SO_RCVBUF:
        case SO_RCVBUFFORCE:
        case SO_SNDBUF:
        case SO_SNDBUFFORCE:
        case SO_PASSCRED:
        case SO_DOMAIN:
        case SO_PROTOCOL:
        case SO_TYPE:
        case SO_ERROR:
        case SO_ATTACH_FILTER:
        case SO_DETACH_FILTER:
            return true;
        default:
            return false;
    }
}

bool deadline_passed(const timespec& deadline) noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > deadline.tv_sec ||
           (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

}  // namespace

ESW_REPLACES int socket(int domain, int type, int protocol) noexcept {
    if (esw::sim::is_simulated_protocol(domain, type, protocol)) {
        bool unreachable = false;
        const int fd = SimulatedSocket::open(type, protocol, unreachable);
        if (!unreachable) {
            return fd;
        }
        esw::sim::complain_instance_gone();
    }
    const int fd = ESW_NEXT(socket)(domain, type, protocol);
    esw::sim::descriptor_is_foreign(fd);
    return fd;
}

ESW_REPLACES int bind(int fd, const sockaddr* address, socklen_t length) noexcept {
    SimulatedSocket socket;
    if (!SimulatedSocket::find(fd, socket)) {
        return ESW_NEXT(bind)(fd, address, length);
    }
    sockaddr_nl name{};
    if (!address || length < sizeof name) {
        return fail_with(EINVAL);
    }
    memcpy(&name, address, sizeof name);
    if (name.nl_family != AF_NETLINK) {
        return fail_with(EINVAL);
    }
    RemoteCall call{wire::Op::kBind};
    call.arg[0] = static_cast<int32_t>(name.nl_pid);
    call.arg[1] = static_cast<int32_t>(name.nl_groups);
    return socket.call(call) ? 0 : -1;
}

ESW_REPLACES int connect(int fd, const sockaddr* address, socklen_t length) {
    SimulatedSocket socket;
    if (!SimulatedSocket::find(fd, socket)) {
        return ESW_NEXT(connect)(fd, address, length);
    }
    sockaddr_nl name{};
    if (!address || length < sizeof name.nl_family) {
        return fail_with(EINVAL);
    }
    memcpy(&name, address, length < sizeof name ? length : sizeof name);
    if (name.nl_family == AF_NETLINK && length < sizeof name) {
        return fail_with(EINVAL);
    }
    RemoteCall call{wire::Op::kConnect};
    call.arg[0] = name.nl_family;
    call.arg[1] = static_cast<int32_t>(name.nl_pid);
    call.arg[2] = static_cast<int32_t>(name.nl_groups);
    return socket.call(call) ? 0 : -1;
}

ESW_REPLACES int getsockname(int fd, sockaddr* address, socklen_t* length) noexcept {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket)
               ? name_call(socket, wire::Op::kSocketName, address, length)
               : ESW_NEXT(getsockname)(fd, address, length);
}

ESW_REPLACES int getpeername(int fd, sockaddr* address, socklen_t* length) noexcept {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket)
               ? name_call(socket, wire::Op::kPeerName, address, length)
               : ESW_NEXT(getpeername)(fd, address, length);
}

ESW_REPLACES int setsockopt(int fd, int level, int name, const void* value,
                            socklen_t length) noexcept {
    SimulatedSocket socket;
    if (!daemon_has_option(level, name) || !SimulatedSocket::find(fd, socket)) {
        return ESW_NEXT(setsockopt)(fd, level, name, value, length);
    }
    iovec part{const_cast<void*>(value), value ? length : 0};
    if (level == SOL_SOCKET && name == SO_ATTACH_FILTER) {
        struct {
            unsigned short count;
            void* instructions;
        } program;  // sock_fprog of linux/filter.h
        if (length != sizeof program) {
            return fail_with(EINVAL);
        }
        memcpy(&program, value, sizeof program);
        part = {program.instructions, size_t{program.count} * sizeof(uint64_t)};
    }
    RemoteCall call{wire::Op::kSetOption};
    call.arg[0] = level;
    call.arg[1] = name;
    call.payload = &part;
    call.payload_parts = 1;
    return socket.call(call) ? 0 : -1;
}

ESW_REPLACES int getsockopt(int fd, int level, int name, void* value, socklen_t* length) noexcept {
    SimulatedSocket socket;
    if (!daemon_has_option(level, name) || !SimulatedSocket::find(fd, socket)) {
        return ESW_NEXT(getsockopt)(fd, level, name, value, length);
    }
    RemoteCall call{wire::Op::kGetOption};
    call.arg[0] = level;
    call.arg[1] = name;
    call.arg[2] = static_cast<int32_t>(*length);
    call.reply = value;
    call.reply_room = *length;
    if (!socket.call(call)) {
        return -1;
    }
    *length = static_cast<socklen_t>(call.value);
    return 0;
}

ESW_REPLACES int listen(int fd, int backlog) noexcept {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket) ? fail_with(EOPNOTSUPP)
                                             : ESW_NEXT(listen)(fd, backlog);
}

ESW_REPLACES int shutdown(int fd, int how) noexcept {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket) ? fail_with(EOPNOTSUPP) : ESW_NEXT(shutdown)(fd, how);
}

// --- sending ---

ESW_REPLACES ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket) ? simulated_send(socket, message)
                                             : ESW_NEXT(sendmsg)(fd, message, flags);
}

ESW_REPLACES ssize_t sendto(int fd, const void* buffer, size_t length, int flags,
                            const sockaddr* to, socklen_t to_length) {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket)
               ? send_one(socket, buffer, length, to, to_length)
               : ESW_NEXT(sendto)(fd, buffer, length, flags, to, to_length);
}

ESW_REPLACES ssize_t send(int fd, const void* buffer, size_t length, int flags) {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket) ? send_one(socket, buffer, length, nullptr, 0)
                                             : ESW_NEXT(send)(fd, buffer, length, flags);
}

ESW_REPLACES ssize_t writev(int fd, const iovec* parts, int count) {
    SimulatedSocket socket;
    if (!SimulatedSocket::find(fd, socket)) {
        return ESW_NEXT(writev)(fd, parts, count);
    }
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = count > 0 ? static_cast<size_t>(count) : 0;
    return simulated_send(socket, &message);
}

ESW_REPLACES int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) {
    SimulatedSocket socket;
    if (!SimulatedSocket::find(fd, socket)) {
        return ESW_NEXT(sendmmsg)(fd, messages, count, flags);
    }
    unsigned int done = 0;
    for (; done < count; done++) {
        const ssize_t size = simulated_send(socket, &messages[done].msg_hdr);
        if (size < 0) {
            break;
        }
        messages[done].msg_len = static_cast<unsigned int>(size);
    }
    return done > 0 || count == 0 ? static_cast<int>(done) : -1;
}

// --- receiving ---

ESW_REPLACES ssize_t recvmsg(int fd, msghdr* message, int flags) {
    SimulatedSocket socket;
    if (SimulatedSocket::find(fd, socket)) {
        return simulated_receive(socket, message, flags);
    }
    const ssize_t size = ESW_NEXT(recvmsg)(fd, message, flags);
    if (size >= 0 && message->msg_controllen > 0) {
        forget_received(message);
    }
    return size;
}

ESW_REPLACES ssize_t recvfrom(int fd, void* __restrict buffer, size_t length, int flags,
                              sockaddr* __restrict from, socklen_t* __restrict from_length) {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket)
               ? receive_one(socket, buffer, length, flags, from, from_length)
               : ESW_NEXT(recvfrom)(fd, buffer, length, flags, from, from_length);
}

ESW_REPLACES ssize_t recv(int fd, void* buffer, size_t length, int flags) {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket)
               ? receive_one(socket, buffer, length, flags, nullptr, nullptr)
               : ESW_NEXT(recv)(fd, buffer, length, flags);
}

ESW_REPLACES ssize_t read(int fd, void* buffer, size_t length) {
    SimulatedSocket socket;
    if (SimulatedSocket::find(fd, socket)) {
        return receive_one(socket, buffer, length, 0, nullptr, nullptr);
    }
    return esw::sim::is_event_descriptor(fd) ? esw::sim::read_event(fd, buffer, length)
                                             : ESW_NEXT(read)(fd, buffer, length);
}

ESW_REPLACES ssize_t readv(int fd, const iovec* parts, int count) {
    SimulatedSocket socket;
    return SimulatedSocket::find(fd, socket) ? receive_parts(socket, parts, count)
                                             : ESW_NEXT(readv)(fd, parts, count);
}

ESW_REPLACES int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags,
                          timespec* timeout) {
    SimulatedSocket socket;
    if (!SimulatedSocket::find(fd, socket)) {
        const int received = ESW_NEXT(recvmmsg)(fd, messages, count, flags, timeout);
        for (int i = 0; i < received; i++) {
            if (messages[i].msg_hdr.msg_controllen > 0) {
                forget_received(&messages[i].msg_hdr);
            }
        }
        return received;
    }
    timespec deadline{};
    if (timeout) {
        clock_gettime(CLOCK_MONOTONIC, &deadline);
        deadline.tv_nsec += timeout->tv_nsec;
        deadline.tv_sec += timeout->tv_sec + deadline.tv_nsec / 1000000000;
        deadline.tv_nsec %= 1000000000;
    }
    const int saved = errno;
    unsigned int done = 0;
    while (done < count) {
        const int extra = done > 0 && (flags & MSG_WAITFORONE) ? MSG_DONTWAIT : 0;
        const ssize_t size =
            simulated_receive(socket, &messages[done].msg_hdr, (flags & ~MSG_WAITFORONE) | extra);
        if (size < 0) {
            break;
        }
        messages[done++].msg_len = static_cast<unsigned int>(size);
        if (timeout && deadline_passed(deadline)) {
            break;
        }
    }
    if (done == 0 && count > 0) {
        return -1;
    }
    errno = saved;
    return static_cast<int>(done);
}

// --- the same, as _FORTIFY_SOURCE calls them ---

extern "C" {
ssize_t __read_chk(int fd, void* buffer, size_t length, size_t room);
ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void* buffer, size_t length, size_t room, int flags, sockaddr* from,
                       socklen_t* from_length);
}

ESW_REPLACES ssize_t __read_chk(int fd, void* buffer, size_t length, size_t room) {
    SimulatedSocket socket;
    return length <= room && SimulatedSocket::find(fd, socket)
               ? receive_one(socket, buffer, length, 0, nullptr, nullptr)
               : ESW_NEXT(__read_chk)(fd, buffer, length, room);
}

ESW_REPLACES ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t room, int flags) {
    SimulatedSocket socket;
    return length <= room && SimulatedSocket::find(fd, socket)
               ? receive_one(socket, buffer, length, flags, nullptr, nullptr)
               : ESW_NEXT(__recv_chk)(fd, buffer, length, room, flags);
}

ESW_REPLACES ssize_t __recvfrom_chk(int fd, void* buffer, size_t length, size_t room, int flags,
                                    sockaddr* from, socklen_t* from_length) {
    SimulatedSocket socket;
    return length <= room && SimulatedSocket::find(fd, socket)
               ? receive_one(socket, buffer, length, flags, from, from_length)
               : ESW_NEXT(__recvfrom_chk)(fd, buffer, length, room, flags, from, from_length);
}
