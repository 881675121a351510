// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "netlink/devlink_types.h"
#include "netlink/message_parser.h"

/// Devlink messages to and from values: pure functions. `family` is the number that the kernel gave
/// devlink. Encoders give whole requests (NLM_F_REQUEST, and NLM_F_DUMP or NLM_F_ACK) that lack
/// only sequence number and port. Decoders take a message whose type the caller has found to be
/// devlink's family.
namespace esw::netlink::devlink {

// Types of parameters, as NLA type numbers of the kernel (devlink_param_type_to_nla_type() in
// net/devlink; include/net/netlink.h).
constexpr uint8_t kParamU8 = 1;
constexpr uint8_t kParamU16 = 2;
constexpr uint8_t kParamU32 = 3;
constexpr uint8_t kParamString = 5;
constexpr uint8_t kParamFlag = 6;

// Requests.
Result<Bytes> encode_devices_dump(uint16_t family);
Result<Bytes> encode_info_get(uint16_t family, const DevlinkHandle& handle);
Result<Bytes> encode_eswitch_get(uint16_t family, const DevlinkHandle& handle);
/// The kernel applies mode, inline mode and encap mode in this order; an error in a later one does
/// not take back an earlier one.
Result<Bytes> encode_eswitch_set(uint16_t family, const DevlinkHandle& handle,
                                 const Eswitch& wanted);
Result<Bytes> encode_reload(uint16_t family, const DevlinkHandle& handle);
Result<Bytes> encode_ports_dump(uint16_t family);
Result<Bytes> encode_port_get(uint16_t family, const DevlinkHandle& handle, uint32_t index);
Result<Bytes> encode_port_new(uint16_t family, const NewPort& port);
Result<Bytes> encode_port_del(uint16_t family, const DevlinkHandle& handle, uint32_t index);
Result<Bytes> encode_port_function_set(uint16_t family, const DevlinkHandle& handle, uint32_t index,
                                       const PortFunction& wanted);
Result<Bytes> encode_param_get(uint16_t family, const DevlinkHandle& handle,
                               const std::string& name);
/// `type` as in DevlinkParam; EINVAL when the value does not fit it.
Result<Bytes> encode_param_set(uint16_t family, const DevlinkHandle& handle,
                               const std::string& name, uint8_t type, ParamCmode cmode,
                               const ParamValue& value);
Result<Bytes> encode_rates_dump(uint16_t family);
Result<Bytes> encode_rate_get(uint16_t family, const DevlinkRate& which);
Result<Bytes> encode_rate_set(uint16_t family, const DevlinkRate& wanted);
Result<Bytes> encode_rate_new(uint16_t family, const DevlinkRate& wanted);
Result<Bytes> encode_rate_del(uint16_t family, const DevlinkHandle& handle,
                              const std::string& node_name);

// Replies.
Result<DevlinkDevice> decode_device(const MessageView& message);
Result<DevlinkInfo> decode_info(const MessageView& message);
Result<Eswitch> decode_eswitch(const MessageView& message);
/// Takes any command: Linux 6.1 answers PORT_NEW with the command NEW (net/devlink/leftover.c,
/// devlink_port_new_notify).
Result<DevlinkPort> decode_port(const MessageView& message);
Result<DevlinkParam> decode_param(const MessageView& message);
Result<DevlinkRate> decode_rate(const MessageView& message);

using Event = std::variant<std::monostate, DevlinkDeviceEvent, DevlinkPortEvent, DevlinkParamEvent,
                           DevlinkRateEvent>;
/// A notification of the group "config"; monostate for one about something else (traps, regions,
/// health reporters, ...).
Result<Event> decode_event(const MessageView& message);

/// "PORT_NEW", or "unknown command" for one that we do not use.
std::string_view command_name(uint8_t command);
/// All attributes of devlink that we use.
AttributeTable attributes();

}  // namespace esw::netlink::devlink
