// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/ctl_server.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace esw::sim {

namespace {

constexpr size_t kMaxRequest = 1 << 20;

}  // namespace

Result<std::unique_ptr<CtlServer>> CtlServer::create(EventLoop& loop, const std::string& path,
                                                     Handler handler) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (!socket ||
        ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), 64) != 0) {
        return fail(errno, path, "listen");
    }
    std::unique_ptr<CtlServer> server(new CtlServer(loop, std::move(socket), std::move(handler)));
    auto watch = loop.watch(server->socket_.get(), EventLoop::Interest::kRead,
                            [raw = server.get()] { raw->accept_one(); });
    if (!watch) {
        return fail(watch.error());
    }
    server->watch_ = std::move(*watch);
    return server;
}

void CtlServer::accept_one() {
    UniqueFd fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
        return;
    }
    const uint64_t id = next_id_++;
    auto watch = loop_.watch(fd.get(), EventLoop::Interest::kRead, [this, id] { readable(id); });
    if (watch) {
        Connection& connection = connections_[id];
        connection.fd = std::move(fd);
        connection.watch = std::move(*watch);
    }
}

void CtlServer::readable(uint64_t id) {
    Connection& connection = connections_.at(id);
    char buffer[4096];
    const ssize_t size = ::recv(connection.fd.get(), buffer, sizeof buffer, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (size > 0 && !connection.asked) {
        connection.input.append(buffer, static_cast<size_t>(size));
    }
    if (size <= 0 || connection.input.size() > kMaxRequest) {
        connections_.erase(id);
        return;
    }
    const size_t end = connection.input.find('\n');
    if (end == std::string::npos || connection.asked) {
        return;
    }
    connection.asked = true;
    const std::string request = connection.input.substr(0, end);
    const std::weak_ptr<int> alive = alive_;
    handler_(request, [this, alive, id](std::string answer) {
        if (!alive.expired()) {
            send_answer(id, std::move(answer));
        }
    });
}

void CtlServer::send_answer(uint64_t id, std::string answer) {
    const auto connection = connections_.find(id);
    if (connection == connections_.end()) {
        return;
    }
    connection->second.output = std::move(answer) + "\n";
    writable(id);
}

void CtlServer::writable(uint64_t id) {
    Connection& connection = connections_.at(id);
    const ssize_t sent = ::send(connection.fd.get(), connection.output.data(),
                                connection.output.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        connections_.erase(id);
        return;
    }
    connection.output.erase(0, sent > 0 ? static_cast<size_t>(sent) : 0);
    if (connection.output.empty()) {
        connections_.erase(id);
        return;
    }
    auto watch =
        loop_.watch(connection.fd.get(), EventLoop::Interest::kWrite, [this, id] { writable(id); });
    if (watch) {
        connection.watch = std::move(*watch);
    } else {
        connections_.erase(id);
    }
}

}  // namespace esw::sim
