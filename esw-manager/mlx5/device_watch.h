// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "base/thread.h"
#include "base/unique_fd.h"
#include "esw-manager/mlx5/ib_device.h"

namespace esw::mlx5 {

/// A thread that waits for a device's events and takes them in. libmlx5 waits for completions that
/// a device which is gone never writes, until somebody in its process has read
/// IBV_EVENT_DEVICE_FATAL (dr_handle_pending_wc() and dr_is_device_fatal() of rdma-core 44): who
/// steers needs somebody else who reads.
class DeviceWatch {
public:
    static Result<std::unique_ptr<DeviceWatch>> start(std::shared_ptr<IbDevice> device);
    ~DeviceWatch();
    DeviceWatch(const DeviceWatch&) = delete;

private:
    DeviceWatch(std::shared_ptr<IbDevice> device, UniqueFd stop)
        : device_(std::move(device)), stop_(std::move(stop)) {}
    void run();

    const std::shared_ptr<IbDevice> device_;
    const UniqueFd stop_;  ///< eventfd
    std::unique_ptr<Thread> thread_;
};

}  // namespace esw::mlx5
