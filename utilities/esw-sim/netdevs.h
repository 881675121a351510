// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "utilities/esw-sim/model/types.h"
#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// The netdevs of the adapter: TAP devices of the real kernel in the network namespace of the
/// process, found again when users rename them or move them to other namespaces and back.
class TapNetdevs final : public NetdevBackend, public NetdevDirectory {
public:
    using Frame = std::span<const std::byte>;
    struct Callbacks {
        std::function<void(Netdev&, Frame)> frame;  ///< the kernel sent a frame on it
        std::function<void(Netdev&)> made;
        std::function<void(Netdev&)> gone;  ///< destroyed, after the kernel's netdev
        std::function<void(Netdev&)> admin_changed;
        std::function<void(Netdev&)> carrier_changed;
        std::function<void(Netdev&)> identity_changed;  ///< name, or seen in our namespace
        std::function<void()> pump;                     ///< see NetdevBackend::pump()
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

    /// Reads what the real kernel has said so far.
    void sync();

    const NetdevFace* find(uint32_t ifindex) const override;
    const NetdevFace* find(const std::string& name) const override;
    void set_hw_tc_offload(uint32_t ifindex, bool on) override;

private:
    struct Tap {
        Netdev netdev;
        UniqueFd fd;
        std::unique_ptr<EventLoop::Handle> watch;
    };

    TapNetdevs(EventLoop& loop, LogSink& log) : loop_(loop), log_(log, "netdevs") {}
    Status open_sockets();
    void read_frames(Tap& tap);
    void revive(Tap& tap);
    void read_route();
    void ask_all_links();
    void link_message(const struct nlmsghdr& header, std::span<const std::byte> payload);
    struct LinkState {
        std::string name;
        bool up = false;
        uint32_t mtu = 1500;
    };
    void link_seen(uint32_t ifindex, const LinkState& state);
    void link_gone(uint32_t ifindex);
    Tap* come_back(uint32_t ifindex, const std::string& name);
    Tap* by_index(uint32_t ifindex) const;
    Tap* owner_of(const Netdev* netdev) const;

    EventLoop& loop_;
    Logger log_;
    Callbacks callbacks_;
    UniqueFd route_;   ///< NETLINK_ROUTE, member of the link group
    UniqueFd ioctls_;  ///< for SIOC* requests
    std::unique_ptr<EventLoop::Handle> route_watch_;
    std::map<const Netdev*, std::unique_ptr<Tap>> taps_;
    std::map<uint32_t, Tap*> by_index_;  ///< those in our namespace
    std::set<Tap*> away_;                ///< those in another namespace
    std::vector<std::byte> buffer_;
};

}  // namespace esw::sim
