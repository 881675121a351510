// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "esw-manager/provider.h"
#include "netlink/kernel.h"

namespace esw {

/// Loads the netdevs of representors: loaded is a rep whose netdev exists in our network namespace
/// and is the one that the devlink port names. Holds nothing, so that unloading has nothing to do.
class EthProvider final : public Provider {
public:
    explicit EthProvider(netlink::Kernel& kernel) : kernel_(kernel) {}
    ProviderType type() const override { return ProviderType::kEth; }
    bool eligible(const RepId&) const override { return true; }
    Result<LoadResult> load(const LoadTarget& target) override;
    void unload(const RepRef&) override {}

private:
    netlink::Kernel& kernel_;
};

}  // namespace esw
