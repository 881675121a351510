// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "utilities/esw-sim/device_host.h"
#include "utilities/esw-sim/firmware/firmware.h"
#include "utilities/esw-sim/hardware/pipeline.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/netlink_server.h"
#include "utilities/esw-sim/uverbs/uverbs_device.h"

namespace esw::sim {

/// What the adapter's functions are to programs that open device files, and to packets: the
/// firmware of each function that is up, the device file of each RDMA device, and the rules that
/// are in the FDBs.
class DeviceHalf {
public:
    /// Device files are made in `directory`, for programs that look them up.
    DeviceHalf(LogSink& log, const Adapter& adapter, Points& points, const std::string& directory);
    ~DeviceHalf();

    // As the model says it (Observer).
    void function_up(const Instance& instance);
    void function_down(const Instance& instance);
    void uverbs_added(const IbDevice& device);
    void uverbs_removed(const IbDevice& device);

    /// A netdev's carrier came or went: a port event of the RDMA devices that it is a port of.
    void carrier_changed(const Netdev& netdev);

    /// open() of /dev/infiniband/uverbs`number` by `process`.
    Result<NetlinkServer::Config::OpenedDevice> open(uint32_t number, pid_t process);

    /// What the root of the eswitch's FDB does with a frame from vport `number`; nothing: no rule
    /// of a program matches, and the kernel's own are next.
    std::optional<std::vector<pipeline::Outcome>> steer(const Pf& pf, uint16_t number,
                                                        std::span<const std::byte> frame);

    /// What programs hold of an RDMA device.
    std::vector<UverbsResource> resources(const IbDevice& device) const;

    /// Since the start, over all devices there were.
    struct Counters {
        uint64_t ioctls = 0;
        std::map<uint16_t, uint64_t> commands;  ///< by opcode
        uint64_t work_requests = 0;
        uint64_t entries_written = 0;  ///< of the steering memory, by work requests
        uint64_t root_rules = 0;       ///< there now
    };
    Counters counters() const;

private:
    struct Function;
    struct Device;

    Firmware* firmware_of(const Instance& instance) const;
    Device* device_of(const Pf& pf) const;
    static void count(Function& function, Counters& sum);
    static void count(const Device& device, Counters& sum);

    const Logger log_;
    const Adapter& adapter_;
    Points& points_;
    const std::string nodes_;
    std::map<const Instance*, std::unique_ptr<Function>> functions_;
    std::map<const IbDevice*, std::unique_ptr<Device>> devices_;
    Counters gone_;  ///< of those that are not there any more
};

}  // namespace esw::sim
