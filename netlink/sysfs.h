// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "netlink/devlink_types.h"

/// What the kernel says only in /sys.
namespace esw::netlink {

/// The device that an RDMA device is made of, from the links of ROOT/class/infiniband/NAME/device:
/// pci/0000:08:00.0 for a PF or VF, auxiliary/mlx5_core.sf.2 for an SF. ENODEV when there is no
/// RDMA device `name`. ENOTSUP for one that is made of no device (rxe).
Result<DevlinkHandle> infiniband_parent(const std::string& root, const std::string& name);

/// The device that an auxiliary device is part of, from the link ROOT/bus/auxiliary/devices/NAME:
/// pci/0000:08:00.0 for a PF's or VF's, auxiliary/mlx5_core.sf.2 for an SF's. ENODEV when there is
/// no auxiliary device `name`.
Result<DevlinkHandle> auxiliary_parent(const std::string& root, const std::string& name);

/// How many VFs a device has: ROOT/bus/BUS/devices/DEVICE/sriov_numvfs. 0 for a device that can
/// have none.
Result<uint32_t> num_vfs(const std::string& root, const DevlinkHandle& handle);

}  // namespace esw::netlink
