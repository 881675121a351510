// SPDX-License-Identifier: Apache-2.0
#include "netlink/channel.h"

#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace esw::netlink {

namespace {

// A burst of notifications of a few hundred ports fits (each costs the kernel about 1 KiB); beyond
// that comes an Overflow. libnl asks with SO_RCVBUF, so net.core.rmem_max may limit it; what counts
// is what SO_RCVBUFFORCE gives to those who may use it.
constexpr int kNotificationBuffer = 8 << 20;
constexpr int kRequestBuffer = 1 << 20;

// The kernel builds dumps in pieces of at most this size (net/netlink/af_netlink.c); other messages
// may be larger, and the buffer grows with them.
constexpr size_t kFirstBuffer = 32 << 10;

struct SocketDeleter {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
using Socket = std::unique_ptr<nl_sock, SocketDeleter>;

bool is_missing_protocol(int code) {
    return code == EPROTONOSUPPORT || code == EAFNOSUPPORT || code == ESOCKTNOSUPPORT;
}

class LibnlChannel final : public Channel {
public:
    explicit LibnlChannel(Socket socket) : socket_(std::move(socket)), buffer_(kFirstBuffer) {}

    Status send(ByteView message) override {
        // nl_sendto() takes a pointer to mutable data that it does not change.
        void* data = const_cast<std::byte*>(message.data());
        if (nl_sendto(socket_.get(), data, message.size()) < 0) {
            return fail(errno, "", "send netlink message");
        }
        return {};
    }

    Result<std::optional<Datagram>> receive() override {
        const auto size = next_size();
        if (!size) {
            return fail(size.error());
        }
        if (!*size) {
            return std::optional<Datagram>{};
        }
        if (buffer_.size() < **size) {
            buffer_.resize(**size);
        }
        return receive_into_buffer();
    }

    Result<bool> wait(TimePoint deadline) override {
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                deadline - std::chrono::steady_clock::now());
            pollfd poll_fd{fd(), POLLIN, 0};
            const auto timeout = std::clamp<long long>(left.count(), 0, INT_MAX);
            const int ready = poll(&poll_fd, 1, static_cast<int>(timeout));
            if (ready > 0) {
                return true;
            }
            if (ready == 0) {
                return false;
            }
            if (errno != EINTR) {
                return fail(errno, "", "wait for the kernel");
            }
        }
    }

    Status join(uint32_t group) override {
        if (nl_socket_add_membership(socket_.get(), static_cast<int>(group)) < 0) {
            return fail(errno, "", "join netlink group " + std::to_string(group));
        }
        return {};
    }

    int fd() const override { return nl_socket_get_fd(socket_.get()); }

private:
    /// Of the datagram that is next, without taking it; nothing when there is none.
    Result<std::optional<size_t>> next_size() {
        for (;;) {
            const ssize_t size = recv(fd(), nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
            if (size > 0) {
                return std::optional(static_cast<size_t>(size));
            }
            if (size == 0) {
                return fail(ENOTCONN, "", "receive netlink message", "the socket has ended");
            }
            if (errno == EAGAIN || errno == EWOULDBLOCK) {
                return std::optional<size_t>{};
            }
            if (errno != EINTR) {
                return fail(errno, "", "receive netlink message");
            }
        }
    }

    Result<std::optional<Datagram>> receive_into_buffer() {
        sockaddr_nl sender{};
        iovec vector{buffer_.data(), buffer_.size()};
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        const ssize_t size = recvmsg(fd(), &message, MSG_DONTWAIT);
        if (size < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
                return std::optional<Datagram>{};
            }
            return fail(errno, "", "receive netlink message");
        }
        if (message.msg_flags & MSG_TRUNC) {
            return fail(ENOBUFS, "", "receive netlink message", "a message was cut short");
        }
        if (message.msg_namelen != sizeof sender || sender.nl_family != AF_NETLINK) {
            return fail(EBADMSG, "", "receive netlink message", "the sender has no address");
        }
        return std::optional(
            Datagram{ByteView(buffer_).first(static_cast<size_t>(size)), sender.nl_pid});
    }

    Socket socket_;
    Bytes buffer_;
};

void set_options(nl_sock* socket, ChannelUse use) {
    const int fd = nl_socket_get_fd(socket);
    const int on = 1;
    // Both are since Linux 4.12 or older; without them errors have no text, or more bytes.
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    const int size = use == ChannelUse::kNotifications ? kNotificationBuffer : kRequestBuffer;
    nl_socket_set_buffer_size(socket, size, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
}

}  // namespace

Result<std::unique_ptr<Channel>> open_channel(int protocol, ChannelUse use) {
    Socket socket(nl_socket_alloc());
    if (!socket) {
        return fail(ENOMEM, "", "open netlink socket");
    }
    errno = 0;
    if (const int error = nl_connect(socket.get(), protocol); error < 0) {
        // libnl folds errno values together; errno itself still has the one that made it give up.
        const int code = errno != 0 ? errno : EIO;
        const bool missing =
            is_missing_protocol(code) || error == -NLE_PROTO_MISMATCH || error == -NLE_AF_NOSUPPORT;
        return fail(missing ? ENOTSUP : code, "", "open netlink socket",
                    missing ? "the kernel does not have this netlink protocol" : "");
    }
    set_options(socket.get(), use);
    if (nl_socket_set_nonblocking(socket.get()) < 0) {
        return fail(errno, "", "open netlink socket");
    }
    return std::make_unique<LibnlChannel>(std::move(socket));
}

}  // namespace esw::netlink
