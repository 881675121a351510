// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "utilities/esw-sim/hardware/icm.h"
#include "utilities/esw-sim/netlink_server.h"
#include "utilities/esw-sim/uverbs/engine_record.h"

namespace esw::sim::test {

/// What an ioctl of the toy's device file reads at its address.
struct ToyCommand {
    enum class Op : uint32_t {
        kCount,      ///< `value` becomes the number of open files
        kFail,       ///< fails with errno `value`
        kRecords,    ///< hands `records` to the work-queue engine
        kEvents,     ///< `descriptor` becomes a queue with the event "hello" in it
        kEndEvents,  ///< the device is gone for the readers of queues
        kRemove      ///< the device is gone for its work queues
    };
    Op op = Op::kCount;
    uint32_t value = 0;
    int64_t descriptor = -1;
    uint32_t record_count = 0;
    EngineRecord records[4] = {};
};

/// Behind /dev/infiniband/uverbs0: does what it is told.
class ToyDevice {
public:
    ToyDevice();
    Result<NetlinkServer::Config::OpenedDevice> open(uint32_t number);

private:
    std::shared_ptr<uint32_t> open_files_ = std::make_shared<uint32_t>(0);
    std::unique_ptr<Icm> icm_;
};

}  // namespace esw::sim::test
