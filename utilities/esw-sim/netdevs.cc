// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/netdevs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace esw::sim {

namespace {

constexpr size_t kMaxFrame = 65536;
constexpr int kFramesPerTurn = 64;     // then the loop looks at the others
constexpr int kRouteBuffer = 8 << 20;  // 1000s of netdevs coming and going in one operation

ifreq request_for(const std::string& name) {
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), std::min<size_t>(name.size(), IFNAMSIZ - 1));
    return request;
}

// A TAP device that works in both directions while it is not up; its carrier is set later.
Result<UniqueFd> open_tap(const std::string& name) {
    UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd) {
        return fail(errno, "/dev/net/tun", "open",
                    errno == ENOENT || errno == ENODEV ? "this kernel has no TUN/TAP driver" : "");
    }
    ifreq request = request_for(name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
        return fail(errno, name, "create TAP device", errno == EPERM ? "must be root" : "");
    }
    return fd;
}

// The namespace that a TAP device is in, as the inode of its file; 0: unknown.
ino_t namespace_of(int tap) {
    const UniqueFd fd(::ioctl(tap, TUNGETDEVNETNS));
    struct stat status;
    return fd && ::fstat(fd.get(), &status) == 0 ? status.st_ino : 0;
}

ino_t own_namespace() {
    struct stat status;
    return ::stat("/proc/thread-self/ns/net", &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<TapNetdevs>> TapNetdevs::create(EventLoop& loop, LogSink& log) {
    std::unique_ptr<TapNetdevs> netdevs(new TapNetdevs(loop, log));
    netdevs->buffer_.resize(kMaxFrame);
    if (Status status = netdevs->open_sockets(); !status) {
        return fail(status.error());
    }
    return netdevs;
}

TapNetdevs::~TapNetdevs() = default;

Status TapNetdevs::open_sockets() {
    ioctls_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    route_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (!ioctls_ || !route_ ||
        ::bind(route_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return fail(errno, "rtnetlink", "open socket");
    }
    ::setsockopt(route_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kRouteBuffer, sizeof kRouteBuffer);
    auto watch = loop_.watch(route_.get(), EventLoop::Interest::kRead, [this] { read_route(); });
    if (!watch) {
        return fail(watch.error());
    }
    route_watch_ = std::move(*watch);
    return {};
}

bool TapNetdevs::name_is_free(const std::string& name) const {
    return ::if_nametoindex(name.c_str()) == 0;
}

Result<Netdev*> TapNetdevs::create(Netdev wanted) {
    if (!name_is_free(wanted.name)) {
        return fail(EEXIST, wanted.name, "create netdev",
                    "a netdev of that name is there already (start with another --prefix)");
    }
    auto fd = open_tap(wanted.name);
    if (!fd) {
        return fail(fd.error());
    }
    auto tap = std::make_unique<Tap>();
    tap->netdev = std::move(wanted);
    tap->netdev.ifindex = ::if_nametoindex(tap->netdev.name.c_str());
    tap->fd = std::move(*fd);
    Tap* const raw = tap.get();
    auto watch =
        loop_.watch(raw->fd.get(), EventLoop::Interest::kRead, [this, raw] { read_frames(*raw); });
    if (!watch) {
        return fail(watch.error());
    }
    raw->watch = std::move(*watch);
    by_index_[raw->netdev.ifindex] = raw;
    taps_[&raw->netdev] = std::move(tap);
    set_mac(&raw->netdev, raw->netdev.mac);
    set_carrier(&raw->netdev, raw->netdev.carrier);
    if (callbacks_.made) {
        callbacks_.made(raw->netdev);
    }
    return &raw->netdev;
}

// The netdev of a TAP device goes with its last descriptor, in whichever namespace it is.
void TapNetdevs::destroy(Netdev* netdev) {
    Tap* const tap = owner_of(netdev);
    if (!tap) {
        return;
    }
    by_index_.erase(netdev->ifindex);
    away_.erase(tap);
    const auto owned = taps_.extract(netdev);
    tap->watch.reset();
    tap->fd.reset();
    if (callbacks_.gone) {
        callbacks_.gone(tap->netdev);
    }
}

void TapNetdevs::set_carrier(Netdev* netdev, bool carrier) {
    Tap* const tap = owner_of(netdev);
    int value = carrier ? 1 : 0;
    if (::ioctl(tap->fd.get(), TUNSETCARRIER, &value) != 0) {
        log_.warn("{}: set carrier {}: {}", netdev->name, value, errno_text(errno));
    }
    const bool changed = netdev->carrier != carrier;
    netdev->carrier = carrier;
    if (changed && callbacks_.carrier_changed) {
        callbacks_.carrier_changed(*netdev);
    }
}

void TapNetdevs::set_mac(Netdev* netdev, const Mac& mac) {
    Tap* const tap = owner_of(netdev);
    ifreq request{};
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    std::memcpy(request.ifr_hwaddr.sa_data, mac.data(), mac.size());
    if (::ioctl(tap->fd.get(), SIOCSIFHWADDR, &request) != 0) {
        log_.warn("{}: set MAC address {}: {}", netdev->name, to_string(mac), errno_text(errno));
    }
    netdev->mac = mac;
}

void TapNetdevs::pump() {
    if (callbacks_.pump) {
        callbacks_.pump();
    }
}

bool TapNetdevs::send(Netdev& netdev, Frame frame) {
    Tap* const tap = owner_of(&netdev);
    return ::write(tap->fd.get(), frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
}

void TapNetdevs::read_frames(Tap& tap) {
    const Netdev* const key = &tap.netdev;
    for (int i = 0; i < kFramesPerTurn; i++) {
        const ssize_t size = ::read(tap.fd.get(), buffer_.data(), buffer_.size());
        if (size < 0 && errno == EBADFD) {
            revive(tap);
            return;
        }
        if (size <= 0) {
            return;
        }
        if (callbacks_.frame) {
            callbacks_.frame(tap.netdev, Frame(buffer_.data(), static_cast<size_t>(size)));
        }
        if (!taps_.count(key)) {
            return;
        }
    }
}

// A TAP device ends with the namespace that it is in, or when somebody deletes it. The netdev of a
// real function cannot be deleted, and comes back from a namespace that ends, as "dev0" and so on
// when its name is taken (default_device_exit_net() of net/core/dev.c). So it is made again here.
void TapNetdevs::revive(Tap& tap) {
    Netdev& netdev = tap.netdev;
    const auto old = by_index_.find(netdev.ifindex);
    if (old != by_index_.end() && old->second == &tap) {
        by_index_.erase(old);
    }
    away_.erase(&tap);
    tap.watch.reset();
    auto fd = open_tap(name_is_free(netdev.name) ? netdev.name : "dev%d");
    ifreq request{};
    if (!fd || ::ioctl(fd->get(), TUNGETIFF, &request) != 0) {
        log_.warn("{}: was deleted and cannot be made again: {}", netdev.name,
                  fd ? errno_text(errno) : fd.error().to_string());
        netdev.in_namespace = false;
        return;
    }
    tap.fd = std::move(*fd);
    auto watch =
        loop_.watch(tap.fd.get(), EventLoop::Interest::kRead, [this, &tap] { read_frames(tap); });
    if (watch) {
        tap.watch = std::move(*watch);
    }
    netdev.name = request.ifr_name;
    netdev.ifindex = ::if_nametoindex(request.ifr_name);
    netdev.in_namespace = true;
    by_index_[netdev.ifindex] = &tap;
    set_mac(&netdev, netdev.mac);
    set_carrier(&netdev, netdev.carrier);
    if (callbacks_.identity_changed) {
        callbacks_.identity_changed(netdev);
    }
    if (std::exchange(netdev.admin_up, false) && callbacks_.admin_changed) {
        callbacks_.admin_changed(netdev);
    }
}

void TapNetdevs::sync() {
    read_route();
}

void TapNetdevs::read_route() {
    std::vector<std::byte> message(65536);
    for (;;) {
        const ssize_t size = ::recv(route_.get(), message.data(), message.size(), 0);
        if (size < 0 && errno == ENOBUFS) {
            log_.warn("rtnetlink notifications were lost; asking for all links");
            ask_all_links();
            continue;
        }
        if (size <= 0) {
            return;
        }
        std::span<const std::byte> rest(message.data(), static_cast<size_t>(size));
        nlmsghdr header;
        while (rest.size() >= sizeof header) {
            std::memcpy(&header, rest.data(), sizeof header);
            if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) {
                break;
            }
            link_message(header, rest.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN));
            rest = rest.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
        }
    }
}

void TapNetdevs::ask_all_links() {
    struct {
        nlmsghdr header;
        ifinfomsg link;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    [[maybe_unused]] const ssize_t sent = ::send(route_.get(), &request, sizeof request, 0);
}

void TapNetdevs::link_message(const nlmsghdr& header, std::span<const std::byte> payload) {
    if ((header.nlmsg_type != RTM_NEWLINK && header.nlmsg_type != RTM_DELLINK) ||
        payload.size() < sizeof(ifinfomsg)) {
        return;
    }
    ifinfomsg link;
    std::memcpy(&link, payload.data(), sizeof link);
    if (link.ifi_family != AF_UNSPEC) {
        return;  // of a bridge: says nothing about the netdev
    }
    const auto ifindex = static_cast<uint32_t>(link.ifi_index);
    if (header.nlmsg_type == RTM_DELLINK) {
        link_gone(ifindex);
        return;
    }
    auto rest = payload.subspan(NLMSG_ALIGN(sizeof link));
    rtattr attribute;
    LinkState state;
    state.up = (link.ifi_flags & IFF_UP) != 0;
    while (rest.size() >= sizeof attribute) {
        std::memcpy(&attribute, rest.data(), sizeof attribute);
        if (attribute.rta_len < sizeof attribute || attribute.rta_len > rest.size()) {
            return;
        }
        const auto* data = reinterpret_cast<const char*>(rest.data()) + RTA_LENGTH(0);
        const size_t length = attribute.rta_len - RTA_LENGTH(0);
        if (attribute.rta_type == IFLA_IFNAME) {
            state.name.assign(data, ::strnlen(data, length));
        } else if (attribute.rta_type == IFLA_MTU && length >= sizeof state.mtu) {
            std::memcpy(&state.mtu, data, sizeof state.mtu);
        }
        rest = rest.subspan(std::min<size_t>(RTA_ALIGN(attribute.rta_len), rest.size()));
    }
    if (!state.name.empty()) {
        link_seen(ifindex, state);
    }
}

void TapNetdevs::link_seen(uint32_t ifindex, const LinkState& state) {
    Tap* tap = by_index(ifindex);
    bool identity = false;
    if (!tap) {
        tap = come_back(ifindex, state.name);
        if (!tap) {
            return;
        }
        identity = true;
    }
    Netdev& netdev = tap->netdev;
    netdev.mtu = state.mtu;
    if (netdev.name != state.name) {
        netdev.name = state.name;
        identity = true;
    }
    if (identity && callbacks_.identity_changed) {
        callbacks_.identity_changed(netdev);
    }
    if (netdev.admin_up != state.up) {
        netdev.admin_up = state.up;
        if (callbacks_.admin_changed) {
            callbacks_.admin_changed(netdev);
        }
    }
}

// A TAP device of ours left the namespace: destroy() would have taken it out of by_index_ before.
void TapNetdevs::link_gone(uint32_t ifindex) {
    Tap* const tap = by_index(ifindex);
    if (!tap) {
        return;
    }
    by_index_.erase(ifindex);
    away_.insert(tap);
    tap->netdev.in_namespace = false;
    if (callbacks_.identity_changed) {
        callbacks_.identity_changed(tap->netdev);
    }
}

// A netdev keeps its TAP descriptor wherever it goes, but may have another index and name when it
// comes back: ask the descriptors of those that are away.
TapNetdevs::Tap* TapNetdevs::come_back(uint32_t ifindex, const std::string& name) {
    for (Tap* const tap : away_) {
        ifreq request{};
        if (::ioctl(tap->fd.get(), TUNGETIFF, &request) == 0 && name == request.ifr_name &&
            namespace_of(tap->fd.get()) == own_namespace()) {
            away_.erase(tap);
            by_index_[ifindex] = tap;
            tap->netdev.ifindex = ifindex;
            tap->netdev.in_namespace = true;
            return tap;
        }
    }
    return nullptr;
}

TapNetdevs::Tap* TapNetdevs::by_index(uint32_t ifindex) const {
    const auto found = by_index_.find(ifindex);
    return found == by_index_.end() ? nullptr : found->second;
}

TapNetdevs::Tap* TapNetdevs::owner_of(const Netdev* netdev) const {
    const auto found = taps_.find(netdev);
    return found == taps_.end() ? nullptr : found->second.get();
}

const NetdevFace* TapNetdevs::find(uint32_t ifindex) const {
    const Tap* const tap = by_index(ifindex);
    // The far end of the wire is another machine's: nothing to add to what the kernel says.
    return tap && tap->netdev.role != Netdev::Role::kWire ? &tap->netdev.face : nullptr;
}

const NetdevFace* TapNetdevs::find(const std::string& name) const {
    for (const auto& [ifindex, tap] : by_index_) {
        if (tap->netdev.name == name) {
            return find(ifindex);
        }
    }
    return nullptr;
}

void TapNetdevs::set_hw_tc_offload(uint32_t ifindex, bool on) {
    if (Tap* const tap = by_index(ifindex)) {
        tap->netdev.face.hw_tc_offload = on;
    }
}

}  // namespace esw::sim
