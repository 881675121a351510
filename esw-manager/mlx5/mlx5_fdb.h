// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "esw-manager/mlx5/fdb.h"
#include "esw-manager/mlx5/ib_device.h"

namespace esw::mlx5 {

struct FdbLimits {
    /// Each mask of a port is one more table that its packets are looked up in, one after the
    /// other.
    uint32_t masks_per_port = 16;
    /// When a port has all its masks, one makes room for another if none of its rules counted
    /// anything, and none was added, during so many readings of the counters. Of several the one
    /// with the fewest rules goes.
    uint32_t idle_readings = 3;
};

/// The FDB of the device's eswitch, by libmlx5's direct rules. Starts one thread ("esw fdb"), which
/// waits for the device to go: libmlx5 waits for the adapter without end until somebody has read
/// that it has gone.
Result<std::unique_ptr<Fdb>> make_fdb(std::shared_ptr<IbDevice> device, FdbLimits limits = {});

}  // namespace esw::mlx5
