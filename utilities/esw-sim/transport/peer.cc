// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/peer.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace esw::sim {

namespace {

NamespaceId namespace_of_path(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return {status.st_dev, status.st_ino};
}

uint64_t effective_capabilities(pid_t pid) {
    struct Close {
        void operator()(FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<FILE, Close> file(
        std::fopen(fmt::format("/proc/{}/status", pid).c_str(), "re"));
    char line[256];
    while (file && std::fgets(line, sizeof line, file.get())) {
        if (std::string_view(line).substr(0, 7) == "CapEff:") {
            return std::strtoull(line + 7, nullptr, 16);
        }
    }
    return 0;
}

}  // namespace

NamespaceId socket_network_namespace(int fd, pid_t pid) {
    const UniqueFd ns(::ioctl(fd, SIOCGSKNS));
    return ns ? namespace_of_file(ns.get())
              : namespace_of_path(fmt::format("/proc/{}/ns/net", pid));
}

uint32_t NetworkView::ifindex_of(const std::string& name) const {
    ifreq request{};
    if (name.size() >= sizeof request.ifr_name) {
        return 0;
    }
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return ::ioctl(socket, SIOCGIFINDEX, &request) == 0 ? static_cast<uint32_t>(request.ifr_ifindex)
                                                        : 0;
}

std::string NetworkView::name_of(uint32_t ifindex) const {
    ifreq request{};
    request.ifr_ifindex = static_cast<int>(ifindex);
    return ::ioctl(socket, SIOCGIFNAME, &request) == 0 ? request.ifr_name : "";
}

pid_t peer_process(int fd) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return 0;
    }
    return credentials.pid;
}

bool has_net_admin(pid_t pid) {
    return has_capability(pid, CAP_NET_ADMIN);
}

bool has_capability(pid_t pid, int capability) {
    return (effective_capabilities(pid) >> capability & 1) != 0 &&
           namespace_of_path(fmt::format("/proc/{}/ns/user", pid)) ==
               namespace_of_path("/proc/self/ns/user");
}

}  // namespace esw::sim
