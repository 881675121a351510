// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Numbers of the kernel's user interface that Debian 12's headers (Linux 6.1) do not have yet.
/// They are fixed for ever; an older kernel does not send them, and refuses or ignores them.
namespace esw::netlink::uapi {

// linux/devlink.h
constexpr uint16_t kEswitchModeSwitchdevInactive = 2;  // 6.19, enum devlink_eswitch_mode
constexpr uint16_t kDevlinkAttrRateTxPriority = 177;   // 6.4, enum devlink_attr
constexpr uint16_t kDevlinkAttrRateTxWeight = 178;     // 6.4, enum devlink_attr
constexpr uint16_t kDevlinkPortFnAttrCaps = 4;         // 6.2, enum devlink_port_function_attr
constexpr uint16_t kDevlinkPortFnAttrMaxIoEqs = 6;     // 6.10, enum devlink_port_function_attr

// rdma/rdma_netlink.h, all since 6.12
constexpr uint32_t kRdmaGroupNotify = 4;                // RDMA_NL_GROUP_NOTIFY
constexpr uint16_t kRdmaNldevCmdMonitor = 28;           // enum rdma_nldev_command
constexpr uint16_t kRdmaNldevAttrEventType = 102;       // enum rdma_nldev_attr
constexpr uint16_t kRdmaNldevSysAttrMonitorMode = 103;  // enum rdma_nldev_attr
// enum rdma_nl_notify_event_type
constexpr uint8_t kRdmaRegisterEvent = 0;
constexpr uint8_t kRdmaUnregisterEvent = 1;
constexpr uint8_t kRdmaNetdevAttachEvent = 2;
constexpr uint8_t kRdmaNetdevDetachEvent = 3;

}  // namespace esw::netlink::uapi
