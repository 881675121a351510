// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/remote.h"

#include <alloca.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "utilities/esw-sim/preload/instance.h"

namespace esw::sim {

namespace {

class KeepErrno {
public:
    KeepErrno() noexcept : saved_(errno) {}
    ~KeepErrno() { errno = saved_; }
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;

private:
    const int saved_;
};

size_t total_length(const iovec* parts, size_t count) noexcept {
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += parts[i].iov_len;
    }
    return sum;
}

/// Returns an errno value or 0.
int send_request(int fd, const msghdr& message) noexcept {
    bool grown = false;
    while (syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL) < 0) {
        if (errno == EMSGSIZE && !grown) {
            // The program's own socket may have had a larger buffer than new sockets have.
            const int room = static_cast<int>(total_length(message.msg_iov, message.msg_iovlen));
            syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
            grown = true;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int receive_answer(int fd, RemoteCall& call) noexcept {
    wire::AnswerHeader answer;
    iovec parts[2] = {{&answer, sizeof answer}, {call.reply, call.reply_room}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (call.wants_fd) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
    }
    long size;
    do {
        size = syscall(SYS_recvmsg, fd, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    const cmsghdr* const passed = size < 0 ? nullptr : CMSG_FIRSTHDR(&message);
    if (passed && passed->cmsg_level == SOL_SOCKET && passed->cmsg_type == SCM_RIGHTS) {
        memcpy(&call.received_fd, CMSG_DATA(passed), sizeof call.received_fd);
    }
    if (size < 0) {
        return errno;
    }
    if (static_cast<size_t>(size) < sizeof answer || answer.magic != wire::kMagic) {
        return size == 0 ? ECONNRESET : EPROTO;
    }
    call.error = answer.error;
    call.value = answer.value;
    call.reply_length = static_cast<size_t>(size) - sizeof answer;
    return 0;
}

}  // namespace

int connect_to_daemon(int fd) noexcept {
    const char* directory = instance_directory();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const size_t length = strlen(directory);
    memcpy(address.sun_path, directory, length);
    address.sun_path[length] = '/';
    memcpy(address.sun_path + length + 1, wire::kSocketFile, sizeof wire::kSocketFile);
    while (syscall(SYS_connect, fd, &address, sizeof address) < 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

bool RemoteCall::run() noexcept {
    const KeepErrno keep;
    const auto fd =
        static_cast<int>(syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (fd < 0) {
        // Out of descriptors; the kernel's own call would have needed none. Not ENOBUFS, though
        // sendmsg() may say it, too: Open vSwitch then sends again at once.
        error = ENOMEM;
        return true;
    }
    error = connect_to_daemon(fd);
    const bool done = error == 0 && run_on(fd);
    syscall(SYS_close, fd);
    return done;
}

bool RemoteCall::run_on(int connection) noexcept {
    const KeepErrno keep;
    wire::RequestHeader header{wire::kMagic, wire::kVersion, op, socket, {}};
    memcpy(header.arg, arg, sizeof header.arg);
    if (payload_parts > kMaxParts) {
        error = EMSGSIZE;
        return true;
    }
    auto* parts = static_cast<iovec*>(alloca((payload_parts + 1) * sizeof(iovec)));
    parts[0] = {&header, sizeof header};
    if (payload_parts > 0) {
        memcpy(parts + 1, payload, payload_parts * sizeof(iovec));
    }
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = payload_parts + 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (pass_fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &pass_fd, sizeof pass_fd);
    }
    error = send_request(connection, message);
    if (error == EMSGSIZE || error == EFAULT) {
        return true;  // the program's own mistake
    }
    if (error != 0) {
        return false;
    }
    const int failure = receive_answer(connection, *this);
    error = failure != 0 ? failure : error;
    return failure == 0;
}

}  // namespace esw::sim
