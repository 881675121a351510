// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "esw-manager/mlx5/device_watch.h"
#include "esw-manager/mlx5/dr_objects.h"
#include "esw-manager/mlx5/fdb_flow.h"
#include "esw-manager/mlx5/ib_device.h"

namespace esw::mlx5 {

/// What tells which port a packet comes from: one word of fte_match_param, as in memory.
struct FdbSource {
    explicit FdbSource(const RdmaRep& rep);

    unsigned word = 0;
    uint32_t mask = 0;
    uint32_t value = 0;
};

/// Mask or value of fte_match_param as libmlx5 takes it: mlx5dv_flow_match_parameters, all 0.
struct MatchBuffer {
    size_t size = sizeof words;
    uint32_t words[FdbMatch::kWords] = {};

    mlx5dv_flow_match_parameters* parameters() {
        return reinterpret_cast<mlx5dv_flow_match_parameters*>(this);
    }
};

/// The domain that all rules of an eswitch are in, its root table, and how errors are told.
class FdbDomain {
public:
    static Result<std::unique_ptr<FdbDomain>> open(std::shared_ptr<IbDevice> device);

    mlx5dv_dr_domain* get() const { return domain_.get(); }
    ibv_context* context() const { return device_->context(); }
    const std::string& device() const { return device_->name(); }
    /// As far as it was told; see IbDevice.
    bool gone() const { return device_->found_gone(); }

    /// What `code`, an errno value, means: EIO if the device has gone, and only then. 0: libmlx5
    /// has not told.
    Error explain(int code, std::string stage) const;

    /// What `create` returns, a new object of libmlx5, in its owner; or why there is none.
    template <class Owner, class Create>
    Result<Owner> make(const char* stage, const Create& create) const {
        errno = 0;
        Owner object(create());
        if (!object) {
            return fail(explain(errno, stage));
        }
        return object;
    }

    /// Returns when no packet is on its way any more through tables as they were before.
    void settle() const {
        mlx5dv_dr_domain_sync(domain_.get(),
                              MLX5DV_DR_DOMAIN_SYNC_FLAGS_SW | MLX5DV_DR_DOMAIN_SYNC_FLAGS_HW);
    }

    /// The root table's matcher of packets by such a source, made when it is asked for first.
    Result<mlx5dv_dr_matcher*> root_matcher(const FdbSource& source);

private:
    explicit FdbDomain(std::shared_ptr<IbDevice> device) : device_(std::move(device)) {}

    struct RootMatcher {
        unsigned word;
        uint32_t mask;
        DrMatcher matcher;
    };

    const std::shared_ptr<IbDevice> device_;
    std::unique_ptr<DeviceWatch> watch_;
    DrDomain domain_;
    DrTable root_;
    std::vector<RootMatcher> root_matchers_;  ///< one, as all ports have the same mask
};

/// match_criteria_enable of a matcher: a bit for each section of 512 bits that the mask has bits
/// in.
uint8_t criteria_of(const std::bitset<FdbMatch::kWords>& present);

}  // namespace esw::mlx5
