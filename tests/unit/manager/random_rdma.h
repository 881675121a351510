// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "esw-manager/provider.h"

namespace esw {

/// The RDMA devices as a machine has them, and a provider that tells whether what is done with them
/// makes sense. Threads: any.
class RdmaWorld {
public:
    /// `parent` has another device now.
    void put(const DevlinkHandle& parent) {
        MutexLock lock(mutex_);
        devices_[parent] = ++last_device_;
    }
    void take(const DevlinkHandle& parent) {
        MutexLock lock(mutex_);
        devices_.erase(parent);
    }
    bool has(const DevlinkHandle& parent) const {
        MutexLock lock(mutex_);
        return devices_.count(parent) > 0;
    }
    /// From now on one load in three fails, or none.
    void fail_loads(bool fail) {
        MutexLock lock(mutex_);
        failing_ = fail;
    }
    /// Whether the provider of this generation has the device open that is there now.
    bool is_open(const DevlinkHandle& parent, uint64_t generation) const {
        MutexLock lock(mutex_);
        const auto opened = opened_.find({parent, generation});
        const auto device = devices_.find(parent);
        return opened != opened_.end() && device != devices_.end() &&
               opened->second == device->second;
    }
    size_t providers() const {
        MutexLock lock(mutex_);
        return providers_;
    }
    std::shared_ptr<Provider> make_provider(const DevlinkHandle& parent, uint64_t generation) {
        return std::make_shared<RandomProvider>(*this, parent, generation);
    }

private:
    class RandomProvider final : public Provider {
    public:
        RandomProvider(RdmaWorld& world, DevlinkHandle parent, uint64_t generation)
            : world_(world), parent_(std::move(parent)), generation_(generation) {
            MutexLock lock(world_.mutex_);
            ++world_.providers_;
        }
        ~RandomProvider() override {
            EXPECT_TRUE(loaded_.empty()) << "it ends, and " << loaded_.size() << " are loaded";
            MutexLock lock(world_.mutex_);
            --world_.providers_;
        }
        ProviderType type() const override { return ProviderType::kRdma; }
        bool eligible(const RepId&) const override { return true; }

        Result<LoadResult> load(const LoadTarget& target) override {
            if (!world_.open(parent_, generation_)) {
                return fail(EAGAIN, "mlx5", "query port", "rdma device is gone");
            }
            if (world_.fails()) {
                return fail(EAGAIN, "mlx5", "query port", "as the seed says");
            }
            EXPECT_TRUE(loaded_.insert(target.ref.rep).second) << "loaded twice";
            auto rep = std::make_shared<RdmaRep>();
            rep->device = "mlx5";
            rep->port = 1;
            rep->device_generation = generation_;
            LoadResult result;
            result.rdma = std::move(rep);
            return result;
        }
        void unload(const RepRef& ref) override {
            EXPECT_EQ(loaded_.erase(ref.rep), 1u) << ref.rep.to_string() << " was not loaded";
        }
        bool device_gone() const override { return world_.is_lost(parent_, generation_); }

    private:
        RdmaWorld& world_;
        const DevlinkHandle parent_;
        const uint64_t generation_;
        std::set<RepId> loaded_;  // under the block
    };

    /// Opens what is there at the first time. False: that is gone, or there is none.
    bool open(const DevlinkHandle& parent, uint64_t generation) {
        MutexLock lock(mutex_);
        const auto device = devices_.find(parent);
        if (device == devices_.end()) {
            return false;
        }
        return opened_.try_emplace({parent, generation}, device->second).first->second ==
               device->second;
    }
    bool is_lost(const DevlinkHandle& parent, uint64_t generation) const {
        MutexLock lock(mutex_);
        const auto opened = opened_.find({parent, generation});
        const auto device = devices_.find(parent);
        return opened != opened_.end() &&
               (device == devices_.end() || device->second != opened->second);
    }
    bool fails() {
        MutexLock lock(mutex_);
        return failing_ && ++loads_ % 3 == 0;
    }

    mutable Mutex mutex_{LockRank::kLeaf};
    std::map<DevlinkHandle, uint64_t> devices_ ESW_GUARDED_BY(mutex_);
    std::map<std::pair<DevlinkHandle, uint64_t>, uint64_t> opened_ ESW_GUARDED_BY(mutex_);
    uint64_t last_device_ ESW_GUARDED_BY(mutex_) = 0;
    uint64_t loads_ ESW_GUARDED_BY(mutex_) = 0;
    size_t providers_ ESW_GUARDED_BY(mutex_) = 0;
    bool failing_ ESW_GUARDED_BY(mutex_) = false;
};

}  // namespace esw
