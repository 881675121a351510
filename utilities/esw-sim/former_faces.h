// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>

#include "utilities/esw-sim/link_monitor.h"
#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// How netdevs looked at places that they have left. The kernel's last word of a netdev there comes
/// to programs after it came to us.
class FormerFaces {
public:
    void add(const LinkPlace& place, const NetdevFace& face);
    /// Another netdev is there now.
    void forget(const LinkPlace& place) { faces_.erase(place); }
    const NetdevFace* find(const LinkPlace& place) const;

private:
    static constexpr size_t kMax = 1024;  ///< so many may leave before programs are told of one

    std::map<LinkPlace, NetdevFace> faces_;
    std::deque<LinkPlace> order_;
};

}  // namespace esw::sim
