// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>

#include "netlink/bytes.h"

/// What a kernel answers, to a request given as bytes.
namespace esw::netlink {

/// NLMSG_ERROR with an errno value (0: acknowledged) and, when not empty, the kernel's text; the
/// bad attribute's place when `offset` is not 0.
Bytes acknowledge(ByteView request, int code = 0, std::string_view text = {}, uint32_t offset = 0);

/// NLMSG_DONE.
Bytes done(ByteView request, uint16_t flags = 0);

/// A message in hexadecimal, with the sequence number of the request and `flags`.
Bytes reply(ByteView request, std::string_view hex, uint16_t flags = 0);

/// One datagram of several messages.
Bytes together(std::initializer_list<Bytes> messages);

/// The reply to a question for a family of generic netlink, or its announcement (with `command`
/// CTRL_CMD_NEWFAMILY or CTRL_CMD_DELFAMILY): devlink with the number 0x15 and the group "config"
/// as number 5.
Bytes devlink_family(ByteView request, uint8_t command = 1, uint16_t id = 0x15);

/// The command of a generic netlink message.
uint8_t command_of(ByteView message);
uint16_t type_of(ByteView message);

}  // namespace esw::netlink
