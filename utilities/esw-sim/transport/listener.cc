// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace esw::sim {

namespace {

/// The largest datagram that a program can send, with its header.
constexpr size_t kMaxCall = size_t{4} << 20;

/// Connections that are taken before anything else is looked at.
constexpr int kMaxAtOnce = 64;

struct Received {
    ssize_t size = 0;
    bool truncated = false;
    UniqueFd passed;
};

UniqueFd take_descriptor(msghdr& message) {
    UniqueFd first;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
            UniqueFd owned(fd);
            if (!first) {
                first = std::move(owned);
            }
        }
    }
    return first;
}

Received receive(int fd, Bytes& buffer) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    Received received;
    received.size = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received.size >= 0) {
        received.truncated = (message.msg_flags & MSG_TRUNC) != 0;
        received.passed = take_descriptor(message);
    }
    return received;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::create(
    EventLoop& loop, const std::string& directory,
    std::function<void(std::shared_ptr<Call>)> on_call) {
    const std::string path = directory + "/" + wire::kSocketFile;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(ENAMETOOLONG, path, "listen", "the directory's name is too long for a socket");
    }
    path.copy(address.sun_path, path.size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd || (::unlink(path.c_str()) != 0 && errno != ENOENT) ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        // Any user may open a netlink socket; what it may do is decided for each request.
        ::chmod(path.c_str(), 0666) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
        return fail(errno, path, "listen");
    }
    std::unique_ptr<Listener> listener(new Listener(loop, path, std::move(fd), std::move(on_call)));
    auto watch = loop.watch(listener->socket_.get(), EventLoop::Interest::kRead,
                            [raw = listener.get()] { raw->accept_some(); });
    if (!watch) {
        return fail(watch.error());
    }
    listener->watch_ = std::move(*watch);
    return listener;
}

Listener::Listener(EventLoop& loop, std::string path, UniqueFd socket,
                   std::function<void(std::shared_ptr<Call>)> on_call)
    : loop_(loop),
      path_(std::move(path)),
      socket_(std::move(socket)),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      on_call_(std::move(on_call)),
      buffer_(kMaxCall) {}

Listener::~Listener() {
    ::unlink(path_.c_str());
}

void Listener::accept_some() {
    // The rest comes with the loop's next round: sockets that there are already have a turn, too.
    for (int i = 0; i < kMaxAtOnce; i++) {
        UniqueFd connection(
            ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!connection) {
            const bool full = errno == EMFILE || errno == ENFILE;
            if (errno == EINTR || errno == ECONNABORTED || (full && refuse_one())) {
                continue;
            }
            return;
        }
        if (!read_call(connection)) {
            wait_for_call(std::move(connection));
        }
    }
}

/// Out of descriptors: drops one connection, or the loop would be told of it for ever.
bool Listener::refuse_one() {
    spare_.reset();
    const UniqueFd dropped(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    spare_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return static_cast<bool>(dropped);
}

bool Listener::read_call(UniqueFd& connection) {
    Received received = receive(connection.get(), buffer_);
    if (received.size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (received.size <= 0) {
        connection.reset();
        return true;
    }
    if (received.truncated) {
        send_answer(connection.get(), EMSGSIZE);
        connection.reset();
        return true;
    }
    const ByteSpan bytes = ByteSpan(buffer_).first(static_cast<size_t>(received.size));
    if (auto call = Call::parse(std::move(connection), bytes, std::move(received.passed))) {
        on_call_(std::move(call));
    }
    return true;
}

void Listener::wait_for_call(UniqueFd connection) {
    const int fd = connection.get();
    auto watch = loop_.watch(fd, EventLoop::Interest::kRead, [this, fd] {
        // The watch ends before the descriptor may be closed and its number used again.
        UniqueFd ready = std::move(waiting_.at(fd).connection);
        waiting_.erase(fd);
        if (!read_call(ready)) {
            wait_for_call(std::move(ready));
        }
    });
    if (watch) {
        waiting_[fd] = {std::move(connection), std::move(*watch)};
    }
}

}  // namespace esw::sim
