// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "netlink/message_parser.h"

/// Generic netlink's controller ("nlctrl"): which families there are, and their multicast groups.
namespace esw::netlink {

struct GenlFamily {
    std::string name;
    uint16_t id = 0;                         ///< nlmsg_type of its messages
    std::map<std::string, uint32_t> groups;  ///< multicast groups by name

    std::optional<uint32_t> group(const std::string& group_name) const;
    bool operator==(const GenlFamily&) const = default;
};

/// What the controller's "notify" group says.
struct GenlFamilyEvent {
    GenlFamily family;
    bool removed = false;
};

namespace genl {

Result<Bytes> encode_family_get(const std::string& name);
/// The reply to encode_family_get().
Result<GenlFamily> decode_family(const MessageView& message);
/// Nothing for a notification that is not about a family coming or going.
Result<std::optional<GenlFamilyEvent>> decode_event(const MessageView& message);

}  // namespace genl
}  // namespace esw::netlink
