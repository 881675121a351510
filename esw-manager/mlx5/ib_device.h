// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "esw-manager/ids.h"
#include "esw-manager/rdma_rep.h"

struct ibv_context;

namespace esw::mlx5 {

/// An RDMA device that is open. Its end is no surprise to anybody here: when the device goes (the
/// driver is unloaded, the mode changes, LAG forms), calls fail with EIO, and closing it still
/// frees everything.
///
/// Errors name the device. Threads: any, at once.
class IbDevice {
public:
    virtual ~IbDevice() = default;

    virtual const std::string& name() const = 0;
    virtual uint32_t port_count() const = 0;

    /// What is known of the vport behind a port, from 1; `device_generation` is left alone.
    /// EOPNOTSUPP: the kernel has no representor on this port (now).
    virtual Result<RdmaRep> query_port(uint32_t port) = 0;

    /// The kernel has taken the device away from us.
    virtual bool gone() = 0;
    /// Whether gone() has found that; asks the kernel for nothing.
    virtual bool found_gone() const { return false; }

    /// For verbs and steering; lives as long as this. Null in tests.
    virtual ibv_context* context() = 0;
};

using OpenIbDevice = std::function<Result<std::shared_ptr<IbDevice>>(const DevlinkHandle& parent)>;

/// Opens the RDMA device that is made of `parent`, with the right to use DEVX. ENODEV: there is
/// none.
Result<std::shared_ptr<IbDevice>> open_ib_device(const DevlinkHandle& parent);

}  // namespace esw::mlx5
