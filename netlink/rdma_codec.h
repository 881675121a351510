// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/result.h"
#include "netlink/message_parser.h"
#include "netlink/rdma_types.h"

/// RDMA netlink ("nldev") messages to and from values: pure functions. Encoders give whole requests
/// that lack only sequence number and port.
namespace esw::netlink::rdma {

Result<Bytes> encode_devices_dump();
Result<Bytes> encode_ports_dump(uint32_t device_index);
/// Asks for the settings of the RDMA subsystem, whether it has a monitor among them.
Result<Bytes> encode_system_get();

Result<RdmaDevice> decode_device(const MessageView& message);
Result<RdmaPort> decode_port(const MessageView& message);
/// Whether the kernel sends RdmaEvents; false from kernels before 6.12.
Result<bool> decode_monitor_mode(const MessageView& message);
/// A message of the notification group; nothing for one that is not a monitor event.
Result<std::optional<RdmaEvent>> decode_event(const MessageView& message);

AttributeTable attributes();

}  // namespace esw::netlink::rdma
