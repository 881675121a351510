// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// Values of RDMA netlink (rdma/rdma_netlink.h).
namespace esw::netlink {

struct RdmaDevice {
    uint32_t index = 0;  ///< unique while the device lives; 0 is valid
    std::string name;
    uint32_t port_count = 0;
    std::optional<uint64_t> node_guid;
    std::optional<uint64_t> sys_image_guid;
    std::string fw_version;
    std::string protocol;
    bool operator==(const RdmaDevice&) const = default;
};

struct RdmaPort {
    uint32_t device_index = 0;
    std::string device_name;
    uint32_t port = 0;  ///< from 1
    std::optional<uint8_t> state;
    std::optional<uint8_t> phys_state;
    std::optional<uint32_t> ifindex;  ///< absent without a netdev, or with one in another namespace
    std::string ifname;
    bool operator==(const RdmaPort&) const = default;
};

/// An RDMA device came, went or has another name now. From uevents, which every kernel sends.
struct RdmaDeviceEvent {
    enum class Kind { kCame, kWent, kRenamed };
    Kind kind = Kind::kCame;
    std::string name;
    std::string old_name;  ///< kRenamed
    std::string parent;    ///< the device below it by its name on its bus: "0000:08:00.0"
    bool operator==(const RdmaDeviceEvent&) const = default;
};

/// From the monitor of kernels that have one (6.12).
struct RdmaEvent {
    enum class Kind { kRegister, kUnregister, kNetdevAttach, kNetdevDetach, kOther };
    Kind kind = Kind::kOther;
    std::optional<uint32_t> device_index;
    std::string device_name;
    std::optional<uint32_t> port;
    std::optional<uint32_t> ifindex;
    std::string ifname;
};

}  // namespace esw::netlink
