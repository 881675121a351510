// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/netdevs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "utilities/esw-sim/tap_link_settings.h"

namespace esw::sim {

namespace {

constexpr size_t kMaxFrame = 65536;
constexpr int kFramesPerTurn = 64;  // then the loop looks at the others

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

NamespaceId network_of_tap(int tap) {
    const UniqueFd file(::ioctl(tap, TUNGETDEVNETNS));
    return namespace_of_file(file.get());
}

// The far end of the wire is another machine's: nothing to add to what the kernel says.
bool has_face(const Netdev& netdev) {
    return netdev.role != Netdev::Role::kWire;
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
    if (!ioctls_) {
        return fail(errno, "ioctls", "open socket");
    }
    auto queries = LinkQueries::open();
    if (!queries) {
        return fail(queries.error());
    }
    queries_ = std::move(*queries);
    nsids_[home_] = kOwnNamespace;
    auto monitor = LinkMonitor::create(loop_, link_callbacks());
    if (!monitor) {
        return fail(monitor.error());
    }
    monitor_ = std::move(*monitor);
    if (!monitor_->hears_all_namespaces()) {
        log_.warn("netdevs are not followed from one foreign network namespace to the next: {}",
                  "this process has no CAP_NET_BROADCAST");
    }
    return {};
}

LinkMonitor::Callbacks TapNetdevs::link_callbacks() {
    LinkMonitor::Callbacks callbacks;
    callbacks.seen = [this](const LinkPlace& place, const LinkState& state) {
        link_seen(place, state);
    };
    callbacks.gone = [this](const LinkPlace& place) { link_gone(place); };
    callbacks.namespace_gone = [this](int nsid) { namespace_gone(nsid); };
    callbacks.lost = [this] {
        log_.warn("rtnetlink notifications were lost; looking for all netdevs");
        search_all([](const Netdev&) { return true; });
    };
    return callbacks;
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
    if (const Status watched = watch(*raw); !watched) {
        return fail(watched.error());
    }
    taps_[&raw->netdev] = std::move(tap);
    put(*raw, LinkPlace{kOwnNamespace, raw->netdev.ifindex});
    set_mac(&raw->netdev, raw->netdev.mac);
    set_carrier(&raw->netdev, raw->netdev.carrier);
    if (callbacks_.made) {
        callbacks_.made(raw->netdev);
    }
    return &raw->netdev;
}

Status TapNetdevs::watch(Tap& tap) {
    auto watch =
        loop_.watch(tap.fd.get(), EventLoop::Interest::kRead, [this, &tap] { read_frames(tap); });
    if (!watch) {
        return fail(watch.error());
    }
    tap.watch = std::move(*watch);
    return {};
}

// The netdev of a TAP device goes with its last descriptor, in whichever namespace it is.
void TapNetdevs::destroy(Netdev* netdev) {
    Tap* const tap = owner_of(netdev);
    if (!tap) {
        return;
    }
    put(*tap, std::nullopt);
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
    show_link(*tap);
    if (changed && callbacks_.carrier_changed) {
        callbacks_.carrier_changed(*netdev);
    }
}

// mlx5e_ethtool_get_link_ksettings(): the speed is that of the link, and unknown without one, as
// when the netdev is down (mlx5e_close_locked()).
void TapNetdevs::show_link(const Tap& tap) {
    const Netdev& netdev = tap.netdev;
    const UniqueFd network(::ioctl(tap.fd.get(), TUNGETDEVNETNS));
    ifreq request{};
    if (netdev.face.link_speed_mbps == 0 || !network ||
        ::ioctl(tap.fd.get(), TUNGETIFF, &request) != 0) {
        return;
    }
    const bool here = namespace_of_file(network.get()) == home_;
    const bool link = netdev.carrier && netdev.admin_up;
    const Status set = set_link_settings(request.ifr_name, here ? -1 : network.get(),
                                         netdev.face.link_speed_mbps, link);
    if (!set) {
        log_.warn("{}", set.error().to_string());
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
    if (::write(tap->fd.get(), frame.data(), frame.size()) != static_cast<ssize_t>(frame.size())) {
        return false;
    }
    netdev.traffic.rx_packets++;
    netdev.traffic.rx_bytes += frame.size();
    return true;
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
        tap.netdev.traffic.tx_packets++;
        tap.netdev.traffic.tx_bytes += static_cast<uint64_t>(size);
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
    const Netdev& netdev = tap.netdev;
    tap.watch.reset();
    auto fd = open_tap(name_is_free(netdev.name) ? netdev.name : "dev%d");
    tap.fd = fd ? std::move(*fd) : UniqueFd();
    const Status watched = fd ? watch(tap) : Status(fail(fd.error()));
    if (!watched) {
        log_.warn("{}: was deleted and cannot be made again: {}", netdev.name,
                  watched.error().to_string());
        update(tap, std::nullopt);
        return;
    }
    set_mac(&tap.netdev, netdev.mac);
    set_carrier(&tap.netdev, netdev.carrier);
    moved(tap);
}

// --- where they are ---

void TapNetdevs::sync() {
    monitor_->read();
}

void TapNetdevs::link_seen(const LinkPlace& place, const LinkState& state) {
    if (Tap* const tap = at(place)) {
        const auto network = network_of(place.nsid);
        update(*tap, Found{network, place, state});
        return;
    }
    former_.forget(place);
    if (place.nsid == kOwnNamespace && !monitor_->hears_all_namespaces()) {
        search_all([](const Netdev& netdev) { return !netdev.in_namespace; });
    }
}

// destroy() takes its place from a netdev before the kernel tells: this one has moved, or somebody
// has deleted it, and then its descriptor says so when it is read.
void TapNetdevs::link_gone(const LinkPlace& place) {
    if (Tap* const tap = at(place)) {
        moved(*tap);
    }
}

// Where the kernel tells us of it, it is not there for others before link_seen(), with the name
// that it had then: it may have another by now, of which we shall be told in turn.
void TapNetdevs::moved(Tap& tap) {
    const auto found = search(tap);
    if (!found || !is_heard(*found)) {
        update(tap, found);
        return;
    }
    update(tap, std::nullopt);
    put(tap, found->place);
}

bool TapNetdevs::is_heard(const Found& found) const {
    const auto known = nsids_.find(found.network);
    return known != nsids_.end() && known->second == found.place.nsid &&
           (found.network == home_ || monitor_->hears_all_namespaces());
}

// The netdevs in it end a little later, and are nowhere until then. Its number and its inode are
// free for another namespace, where a netdev may be by now that was found before this was heard.
void TapNetdevs::namespace_gone(int nsid) {
    std::erase_if(nsids_, [nsid](const auto& entry) { return entry.second == nsid; });
    std::vector<Tap*> there;
    for (auto entry = by_place_.lower_bound({nsid, 0});
         entry != by_place_.end() && entry->first.nsid == nsid; ++entry) {
        there.push_back(entry->second);
    }
    for (Tap* const tap : there) {
        moved(*tap);
    }
}

void TapNetdevs::search_all(const std::function<bool(const Netdev&)>& which) {
    for (const auto& [netdev, tap] : taps_) {
        if (which(*netdev)) {
            update(*tap, search(*tap));
        }
    }
}

// Its descriptor knows it wherever it is. While it is on the way from one namespace to the next it
// is not where it was a moment ago.
std::optional<TapNetdevs::Found> TapNetdevs::search(const Tap& tap) {
    constexpr int kAttempts = 100;
    for (int i = 0; i < kAttempts; i++) {
        const UniqueFd network(::ioctl(tap.fd.get(), TUNGETDEVNETNS));
        ifreq request{};
        if (!network || ::ioctl(tap.fd.get(), TUNGETIFF, &request) != 0) {
            return std::nullopt;  // deleted, or its namespace is ending
        }
        auto found = look_in(network.get(), request.ifr_name);
        if (found && network_of_tap(tap.fd.get()) == found->network) {
            return std::move(*found);
        }
    }
    log_.warn("{}: cannot be found in any network namespace", tap.netdev.name);
    return std::nullopt;
}

// From when the namespace has a number, we hear what happens in it: so first the number, then the
// look at what is there.
Result<TapNetdevs::Found> TapNetdevs::look_in(int network_file, const std::string& name) {
    Found found;
    found.network = namespace_of_file(network_file);
    if (found.network != home_) {
        const auto nsid = queries_->namespace_id(network_file);
        if (!nsid) {
            return fail(nsid.error());
        }
        found.place.nsid = *nsid;
    }
    auto link = queries_->find(found.place.nsid, name);
    if (!link) {
        return fail(link.error());
    }
    found.state = std::move(*link);
    found.place.ifindex = found.state.ifindex;
    return found;
}

void TapNetdevs::put(Tap& tap, const std::optional<LinkPlace>& place) {
    const auto old = tap.place ? by_place_.find(*tap.place) : by_place_.end();
    if (old != by_place_.end() && old->second == &tap) {
        by_place_.erase(old);
        if (place != tap.place && has_face(tap.netdev)) {
            former_.add(*tap.place, tap.netdev.face);
        }
    }
    tap.place = place;
    if (place) {
        by_place_[*place] = &tap;
    }
}

void TapNetdevs::update(Tap& tap, const std::optional<Found>& found) {
    Netdev& netdev = tap.netdev;
    const bool was_here = netdev.in_namespace;
    const auto identity = [&] {
        return std::tuple(netdev.in_namespace, netdev.away, netdev.ifindex, netdev.name);
    };
    const auto before = identity();
    netdev.in_namespace = found && found->place.nsid == kOwnNamespace;
    netdev.away = found && !netdev.in_namespace ? found->network : NamespaceId{};
    if (!found) {
        put(tap, std::nullopt);
    } else {
        nsids_[found->network] = found->place.nsid;
        put(tap, found->place);
        netdev.ifindex = found->place.ifindex;
        netdev.name = found->state.name;
        netdev.mtu = found->state.mtu;
    }
    if (identity() != before && callbacks_.identity_changed) {
        callbacks_.identity_changed(netdev, was_here);
    }
    const bool up = found && found->state.up;
    if (std::exchange(netdev.admin_up, up) == up) {
        return;
    }
    if (callbacks_.admin_changed) {
        callbacks_.admin_changed(netdev);
    }
    show_link(tap);
}

TapNetdevs::Tap* TapNetdevs::at(const LinkPlace& place) const {
    const auto found = by_place_.find(place);
    return found == by_place_.end() ? nullptr : found->second;
}

std::optional<LinkPlace> TapNetdevs::place_of(const NamespaceId& network, uint32_t ifindex) const {
    const auto nsid = nsids_.find(network);
    return nsid == nsids_.end() ? std::nullopt : std::optional(LinkPlace{nsid->second, ifindex});
}

TapNetdevs::Tap* TapNetdevs::owner_of(const Netdev* netdev) const {
    const auto found = taps_.find(netdev);
    return found == taps_.end() ? nullptr : found->second.get();
}

// --- what others see of them ---

const NetdevFace* TapNetdevs::find(const NamespaceId& network, uint32_t ifindex) const {
    const auto place = place_of(network, ifindex);
    const Tap* const tap = place ? at(*place) : nullptr;
    return tap && has_face(tap->netdev) ? &tap->netdev.face : nullptr;
}

const NetdevFace* TapNetdevs::find_former(const NamespaceId& network, uint32_t ifindex) const {
    const auto place = place_of(network, ifindex);
    return place ? former_.find(*place) : nullptr;
}

std::vector<NetdevCounter> TapNetdevs::counters(const NamespaceId& network, uint32_t ifindex) {
    const auto place = place_of(network, ifindex);
    const Tap* const tap = place ? at(*place) : nullptr;
    if (!tap || !has_face(tap->netdev) || !callbacks_.counters) {
        return {};
    }
    const Netdev& netdev = tap->netdev;
    const Pf& pf = *netdev.pf;
    const std::array ends = {netdev.vport ? netdev.vport->rep : pf.uplink,
                             netdev.vport ? netdev.vport->function : pf.wire};
    for (const Netdev* const end : ends) {
        if (Tap* const owner = owner_of(end)) {
            read_frames(*owner);
        }
    }
    return callbacks_.counters(netdev);
}

void TapNetdevs::set_hw_tc_offload(const NamespaceId& network, uint32_t ifindex, bool on) {
    const auto place = place_of(network, ifindex);
    if (Tap* const tap = place ? at(*place) : nullptr) {
        tap->netdev.face.hw_tc_offload = on;
    }
}

NamespaceId TapNetdevs::network_of(int nsid) const {
    for (const auto& [network, number] : nsids_) {
        if (number == nsid) {
            return network;
        }
    }
    return {};
}

}  // namespace esw::sim
