// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "utilities/esw-sim/link_queries.h"

namespace esw::sim {

/// Where a netdev is, as rtnetlink says it to this process.
struct LinkPlace {
    int nsid = kOwnNamespace;
    uint32_t ifindex = 0;
    auto operator<=>(const LinkPlace&) const = default;
};

/// What the real kernel tells about netdevs of this network namespace and of all that have an nsid
/// in it.
class LinkMonitor {
public:
    struct Callbacks {
        std::function<void(const LinkPlace&, const LinkState&)> seen;
        std::function<void(const LinkPlace&)> gone;  ///< from there: it may be elsewhere
        std::function<void(int nsid)> namespace_gone;
        std::function<void()> lost;  ///< notifications: anything may have changed
    };
    static Result<std::unique_ptr<LinkMonitor>> create(EventLoop& loop, Callbacks callbacks);

    /// False: this process may hear of its own namespace only (CAP_NET_BROADCAST).
    bool hears_all_namespaces() const { return hears_all_; }

    /// Calls back for all that was told until now, as the event loop does. Not for callbacks.
    void read();

private:
    explicit LinkMonitor(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
    Status open(EventLoop& loop);
    bool read_one();
    void take(int nsid, std::span<const std::byte> datagram);
    void take_link(int nsid, const struct nlmsghdr& header, std::span<const std::byte> payload);

    const Callbacks callbacks_;
    UniqueFd socket_;
    bool hears_all_ = false;
    std::vector<std::byte> buffer_;
    std::unique_ptr<EventLoop::Handle> watch_;
};

}  // namespace esw::sim
