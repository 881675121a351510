// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device/netdevs.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace device {

namespace {

constexpr int kPatience_ms = 30000;
constexpr size_t kFrameSpace = 2048;
constexpr unsigned kMessages = 64;

int check(int result, const std::string& what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

/// The kernel takes the outer VLAN tag out of a frame that comes in (skb_vlan_untag()).
void put_tag_back(Bytes& frame, msghdr& message) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA) {
            continue;
        }
        tpacket_auxdata data;
        std::memcpy(&data, CMSG_DATA(part), sizeof data);
        if (data.tp_status & TP_STATUS_VLAN_VALID) {
            const uint16_t tag[] = {htons(data.tp_vlan_tpid), htons(data.tp_vlan_tci)};
            const auto* bytes = reinterpret_cast<const uint8_t*>(tag);
            frame.insert(frame.begin() + 12, bytes, bytes + sizeof tag);
        }
    }
}

}  // namespace

Netdevs::Netdevs(const std::string& prefix, unsigned vfs) {
    const rlim_t sockets = 3 + 4 * rlim_t{vfs} + 100;
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, sockets));
    check(::setrlimit(RLIMIT_NOFILE, &files), "open files");
    epoll_ = check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    devices_.resize(2 + 2 * vfs);
    open(devices_[wire()], prefix + "wire0");
    open(devices_[uplink()], prefix + "p0");
    for (unsigned n = 0; n < vfs; n++) {
        open(devices_[vf(n)], prefix + "p0v" + std::to_string(n));
        open(devices_[rep(n)], prefix + "pf0vf" + std::to_string(n));
    }
    wait_for_carriers();
}

Netdevs::~Netdevs() {
    for (const Device& device : devices_) {
        ::close(device.socket);
    }
    ::close(epoll_);
}

void Netdevs::open(Device& device, const std::string& name) {
    device.name = name;
    device.index = static_cast<int>(::if_nametoindex(name.c_str()));
    check(device.index == 0 ? -1 : 0, name);
    device.socket = check(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket");
    const int on = 1, space = 64 << 20;
    for (const auto& [level, option, value] : {std::array{SOL_PACKET, PACKET_AUXDATA, on},
                                               std::array{SOL_PACKET, PACKET_IGNORE_OUTGOING, on},
                                               std::array{SOL_SOCKET, SO_RCVBUFFORCE, space},
                                               std::array{SOL_SOCKET, SO_SNDBUFFORCE, space}}) {
        check(::setsockopt(device.socket, level, option, &value, sizeof value), name);
    }
    set_up(device);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = device.index;
    check(::bind(device.socket, reinterpret_cast<sockaddr*>(&address), sizeof address), name);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<Id>(&device - devices_.data());
    check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, device.socket, &event), "epoll_ctl");
}

void Netdevs::set_up(const Device& device) const {
    ifreq request{};
    device.name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    check(::ioctl(device.socket, SIOCGIFFLAGS, &request), device.name);
    request.ifr_flags |= IFF_UP;
    check(::ioctl(device.socket, SIOCSIFFLAGS, &request), device.name);
}

bool Netdevs::is_running(const Device& device) const {
    ifreq request{};
    device.name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    check(::ioctl(device.socket, SIOCGIFFLAGS, &request), device.name);
    return request.ifr_flags & IFF_RUNNING;
}

void Netdevs::wait_for_carriers() const {
    const int links = check(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "links");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    check(::bind(links, reinterpret_cast<sockaddr*>(&address), sizeof address), "links");
    const timeval patience{kPatience_ms / 1000, 0};
    check(::setsockopt(links, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "links");
    for (const Device& device : devices_) {
        std::array<char, 1 << 16> notification;
        while (!is_running(device)) {
            // ENOBUFS: some were lost, and the flags tell all the same.
            if (::recv(links, notification.data(), notification.size(), 0) < 0 &&
                errno != ENOBUFS) {
                check(-1, "carrier of " + device.name);
            }
        }
    }
    ::close(links);
}

void Netdevs::send(Id from, const std::vector<Bytes>& frames) {
    std::vector<iovec> parts(frames.size());
    std::vector<mmsghdr> messages(frames.size());
    for (size_t i = 0; i < frames.size(); i++) {
        parts[i] = {const_cast<uint8_t*>(frames[i].data()), frames[i].size()};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (size_t sent = 0; sent < frames.size();) {
        sent +=
            static_cast<size_t>(check(::sendmmsg(devices_[from].socket, &messages[sent],
                                                 static_cast<unsigned>(frames.size() - sent), 0),
                                      devices_[from].name));
    }
}

void Netdevs::receive(Id id) {
    static std::array<std::array<uint8_t, kFrameSpace>, kMessages> space;
    static std::array<std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))>, kMessages> control;
    std::array<iovec, kMessages> parts;
    std::array<mmsghdr, kMessages> messages{};
    for (unsigned i = 0; i < kMessages; i++) {
        parts[i] = {space[i].data(), kFrameSpace};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_control = control[i].data();
        messages[i].msg_hdr.msg_controllen = control[i].size();
    }
    const int count =
        ::recvmmsg(devices_[id].socket, messages.data(), kMessages, MSG_DONTWAIT, nullptr);
    if (count < 0 && errno == EAGAIN) {
        return;
    }
    check(count, devices_[id].name);
    for (unsigned i = 0; i < static_cast<unsigned>(count); i++) {
        Bytes frame(space[i].data(), space[i].data() + messages[i].msg_len);
        put_tag_back(frame, messages[i].msg_hdr);
        if (frame == last_) {
            last_seen_ = true;
        } else {
            arrivals_.push_back({id, std::move(frame)});
        }
    }
    if (static_cast<unsigned>(count) == kMessages) {
        receive(id);
    }
}

std::vector<Netdevs::Arrival> Netdevs::exchange(Id from, const std::vector<Bytes>& frames) {
    if (frames.size() > kBatch) {
        throw std::length_error("more frames than a netdev's queue takes");
    }
    last_ = encode({Eth{0x0200000000fe, 0x0200000000ff, kLastType}, payload(++exchanges_)});
    last_seen_ = false;
    arrivals_.clear();
    send(from, frames);
    send(from, {last_});
    while (!last_seen_) {
        std::array<epoll_event, kMessages> events;
        const int count = check(
            ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kPatience_ms),
            "epoll_wait");
        if (count == 0) {
            throw std::runtime_error("what was sent from " + name(from) + " last did not come out");
        }
        for (int i = 0; i < count; i++) {
            receive(events[static_cast<size_t>(i)].data.u32);
        }
    }
    // What the adapter sent before is in the sockets already.
    for (Id id = 0; id < devices_.size(); id++) {
        receive(id);
    }
    std::stable_sort(arrivals_.begin(), arrivals_.end(),
                     [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
    return std::move(arrivals_);
}

}  // namespace device
