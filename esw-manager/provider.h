// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "esw-manager/ids.h"
#include "esw-manager/rdma_rep.h"
#include "esw-manager/snapshot.h"
#include "netlink/devlink_types.h"
#include "netlink/rtnl_types.h"

namespace esw {

/// What a provider is asked to load.
struct LoadTarget {
    RepRef ref;
    netlink::DevlinkPort port;  ///< as the kernel gave it just now; has an ifindex
};

/// What came of a load that did not fail.
struct LoadResult {
    /// The rep is not there (any more): not a failure, nothing to try again before the kernel says
    /// something new. `reason` says what is missing.
    bool absent = false;
    std::string reason;
    std::optional<netlink::Link> link = {};  ///< the netdev, when the provider knows it
    RdmaRepPtr rdma = {};                    ///< its RDMA port, from the provider of those
};

/// Loads representors of one type.
///
/// Threads: load() on the eswitch's thread, unload() there, on the thread of an operation or on the
/// one that unregisters the provider. Each call runs under the eswitch's block, so never two at
/// once, and with no mutex held. Both may block on the kernel for as long as its calls do; neither
/// may register or unregister a provider.
class Provider {
public:
    virtual ~Provider() = default;
    virtual ProviderType type() const = 0;

    /// Whether such reps can be this provider's at all.
    virtual bool eligible(const RepId& rep) const = 0;

    /// After an error unload() is not called: load() undoes what it began.
    virtual Result<LoadResult> load(const LoadTarget& target) = 0;

    /// Called once for every load() that succeeded.
    virtual void unload(const RepRef& ref) = 0;

    /// What it loads from is known to have ended: another provider has to take its place. Any
    /// thread, at any time.
    virtual bool device_gone() const { return false; }
};

}  // namespace esw
