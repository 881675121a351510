// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/ctl_client.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace esw::sim {

namespace {

constexpr int kStopTimeoutMs = 120000;  // a thousand netdevs take their time

Result<UniqueFd> connect_to(const InstanceDir& directory) {
    const auto pid = directory.running();
    if (!pid) {
        return fail(pid.error());
    }
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, directory.control_socket().c_str(), sizeof address.sun_path - 1);
    if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return fail(errno, directory.control_socket(), "connect");
    }
    return fd;
}

}  // namespace

Result<std::string> ctl_request(const InstanceDir& directory, const std::string& request) {
    auto fd = connect_to(directory);
    if (!fd) {
        return fail(fd.error());
    }
    const std::string line = request + "\n";
    if (::send(fd->get(), line.data(), line.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(line.size())) {
        return fail(errno, directory.path(), "send request");
    }
    std::string answer;
    char buffer[65536];
    for (;;) {
        const ssize_t size = ::recv(fd->get(), buffer, sizeof buffer, 0);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            break;
        }
        answer.append(buffer, static_cast<size_t>(size));
    }
    const auto json = nlohmann::json::parse(answer, nullptr, false);
    if (!json.is_object()) {
        return fail(0, "the simulated adapter in " + directory.path() + " ended meanwhile", "");
    }
    if (json.contains("error")) {
        return fail(0, json["error"].get<std::string>(), "");
    }
    return json.value("output", "");
}

Status ctl_stop(const InstanceDir& directory) {
    const auto pid = directory.running();
    if (!pid) {
        return fail(pid.error());
    }
    // A descriptor of the process: its number may be another's by the time it is killed.
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    const auto answer = ctl_request(directory, R"({"verb": "stop"})");
    if (!answer) {
        ::syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0);
    }
    pollfd wait{process.get(), POLLIN, 0};
    if (process && ::poll(&wait, 1, kStopTimeoutMs) == 0) {
        ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
        ::poll(&wait, 1, kStopTimeoutMs);
        directory.remove();
        return fail(0,
                    "the simulated adapter in " + directory.path() +
                        " did not end by itself and was killed",
                    "");
    }
    return {};
}

}  // namespace esw::sim
