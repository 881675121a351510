// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "utilities/esw-sim/former_faces.h"
#include "utilities/esw-sim/link_monitor.h"
#include "utilities/esw-sim/link_queries.h"
#include "utilities/esw-sim/model/types.h"
#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// The netdevs of the adapter: TAP devices of the real kernel, made in the network namespace of the
/// process and followed when users rename them or move them to other namespaces and back.
///
/// Where each is, is known by (nsid, ifindex), and changes with what the kernel tells of all
/// namespaces that have an nsid here. A look-up is two look-ups in maps; only of a netdev that has
/// left its place is the TAP descriptor asked where it is now, once per move, and of no other.
class TapNetdevs final : public NetdevBackend, public NetdevDirectory {
public:
    using Frame = std::span<const std::byte>;
    struct Callbacks {
        std::function<void(Netdev&, Frame)> frame;  ///< the kernel sent a frame on it
        std::function<void(Netdev&)> made;
        std::function<void(Netdev&)> gone;  ///< destroyed, after the kernel's netdev
        std::function<void(Netdev&)> admin_changed;
        std::function<void(Netdev&)> carrier_changed;
        std::function<std::vector<NetdevCounter>(const Netdev&)> counters;
        /// Name, index or namespace. `was_here`: it was in our namespace before.
        std::function<void(Netdev&, bool was_here)> identity_changed;
        std::function<void()> pump;  ///< see NetdevBackend::pump()
    };

    static Result<std::unique_ptr<TapNetdevs>> create(EventLoop& loop, LogSink& log);
    ~TapNetdevs() override;

    void set_callbacks(Callbacks callbacks) { callbacks_ = std::move(callbacks); }

    Result<Netdev*> create(Netdev wanted) override;
    void destroy(Netdev* netdev) override;
    void set_carrier(Netdev* netdev, bool carrier) override;
    void set_mac(Netdev* netdev, const Mac& mac) override;
    bool name_is_free(const std::string& name) const override;
    void pump() override;

    /// Gives a frame to the netdev as received. False when it did not take it (down, queue full).
    bool send(Netdev& netdev, Frame frame);

    void sync() override;
    const NetdevFace* find(const NamespaceId& network, uint32_t ifindex) const override;
    const NetdevFace* find_former(const NamespaceId& network, uint32_t ifindex) const override;
    std::vector<NetdevCounter> counters(const NamespaceId& network, uint32_t ifindex) override;
    void set_hw_tc_offload(const NamespaceId& network, uint32_t ifindex, bool on) override;
    NamespaceId network_of(int nsid) const override;

private:
    struct Tap {
        Netdev netdev;
        UniqueFd fd;
        std::unique_ptr<EventLoop::Handle> watch;
        std::optional<LinkPlace> place;  ///< none: it is gone, and is about to be made again
    };
    struct Found {
        NamespaceId network;
        LinkPlace place;
        LinkState state;
    };

    TapNetdevs(EventLoop& loop, LogSink& log) : loop_(loop), log_(log, "netdevs") {}
    Status open_sockets();
    LinkMonitor::Callbacks link_callbacks();
    void read_frames(Tap& tap);
    void revive(Tap& tap);
    Status watch(Tap& tap);
    void show_link(const Tap& tap);
    void link_seen(const LinkPlace& place, const LinkState& state);
    void link_gone(const LinkPlace& place);
    void namespace_gone(int nsid);
    void moved(Tap& tap);
    void search_all(const std::function<bool(const Netdev&)>& which);
    std::optional<Found> search(const Tap& tap);
    bool is_heard(const Found& found) const;
    Result<Found> look_in(int network_file, const std::string& name);
    void put(Tap& tap, const std::optional<LinkPlace>& place);
    void update(Tap& tap, const std::optional<Found>& found);
    Tap* at(const LinkPlace& place) const;
    std::optional<LinkPlace> place_of(const NamespaceId& network, uint32_t ifindex) const;
    Tap* owner_of(const Netdev* netdev) const;

    EventLoop& loop_;
    Logger log_;
    const NamespaceId home_ = own_network_namespace();
    Callbacks callbacks_;
    UniqueFd ioctls_;  ///< for SIOC* requests
    std::optional<LinkQueries> queries_;
    std::unique_ptr<LinkMonitor> monitor_;
    std::map<const Netdev*, std::unique_ptr<Tap>> taps_;
    std::map<LinkPlace, Tap*> by_place_;
    FormerFaces former_;
    std::map<NamespaceId, int> nsids_;  ///< of our namespace and those where netdevs of ours were
    std::vector<std::byte> buffer_;
};

}  // namespace esw::sim
