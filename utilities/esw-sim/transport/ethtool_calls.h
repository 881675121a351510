// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/call.h"
#include "utilities/esw-sim/transport/peer.h"

namespace esw::sim {

/// ethtool's ioctl for netdevs of the adapter: what their TAP devices answer wrongly.
class EthtoolCalls {
public:
    explicit EthtoolCalls(NetdevDirectory& netdevs);

    /// A kEthtool call. Its payload is wire::EthtoolCall and the command's structure: as the kernel
    /// has answered it for a query, as the program gives it for a change and for the driver's
    /// statistics, of which the kernel knows nothing. The answer has the structure as the program
    /// (query, statistics) or the kernel (change) shall see it. ENODEV: not the adapter's.
    void answer(Call& call);

    /// Of a kEthtool call; null: not the adapter's.
    const NetdevFace* netdev_of(const Call& call) const;

    /// Of the real kernel's features of netdevs.
    struct FeatureNumbers {
        uint32_t count = 0;
        std::optional<uint32_t> tc_offload;
    };
    const FeatureNumbers& features() const { return features_; }

private:
    struct Target {
        NetworkView view;
        uint32_t ifindex = 0;
        const NetdevFace* face = nullptr;
    };
    Target find_target(const Call& call) const;

    NetdevDirectory& netdevs_;
    const FeatureNumbers features_;
};

}  // namespace esw::sim
