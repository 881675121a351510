// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/mutex.h"
#include "esw-manager/mlx5/ib_device.h"
#include "esw-manager/mlx5/port_map.h"
#include "esw-manager/provider.h"

namespace esw::mlx5 {

/// Who makes use of representors that an rdma provider has loaded. Calls come as those of Provider
/// do.
class RepUser {
public:
    virtual ~RepUser() = default;
    virtual void rep_loaded(const RepRef& ref, const RdmaRepPtr& rep,
                            const std::shared_ptr<IbDevice>& device) = 0;
    /// When this returns nothing in the adapter names the rep.
    virtual void rep_unloaded(const RepRef& ref) = 0;
};

/// Loads the RDMA side of an eswitch's representors: loaded is a rep whose port is known, with
/// what rules need of it (RdmaRep).
///
/// One object for each generation of the RDMA device: it opens the device at the first load, on
/// the eswitch's thread, and closes it in its destructor, dead or alive. A device that dies in the
/// middle fails that load and all later ones with EAGAIN, until the eswitch is given the provider
/// of the next generation.
///
/// Threads: device() and device_gone() any; the others as Provider says.
class RdmaProvider final : public Provider {
public:
    /// `user` may be null.
    RdmaProvider(DevlinkHandle eswitch, uint64_t device_generation, OpenIbDevice open,
                 std::shared_ptr<RepUser> user = nullptr)
        : eswitch_(std::move(eswitch)),
          generation_(device_generation),
          open_(std::move(open)),
          user_(std::move(user)) {}

    ProviderType type() const override { return ProviderType::kRdma; }
    /// All have a vport; which RDMA port that is, load() finds out.
    bool eligible(const RepId&) const override { return true; }
    Result<LoadResult> load(const LoadTarget& target) override;
    void unload(const RepRef& ref) override;
    bool device_gone() const override ESW_EXCLUDES(mutex_);

    /// Null until the first load has opened it.
    std::shared_ptr<IbDevice> device() const ESW_EXCLUDES(mutex_);

private:
    Result<std::shared_ptr<IbDevice>> opened();
    /// The error of a call that failed since the device died, as users know it.
    tl::unexpected<Error> explain(Error error, const char* stage) const;

    const DevlinkHandle eswitch_;
    const uint64_t generation_;
    const OpenIbDevice open_;
    const std::shared_ptr<RepUser> user_;
    mutable Mutex mutex_{LockRank::kLeaf};
    std::shared_ptr<IbDevice> device_ ESW_GUARDED_BY(mutex_);
    std::optional<PortMap> ports_;
};

}  // namespace esw::mlx5
