// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "netlink/message_parser.h"
#include "netlink/rtnl_types.h"

/// The feature flags and link modes of netdevs, by ethtool's generic netlink family. It is taken
/// rather than the ioctl because it names the netdev by ifindex: with the ioctl's name, a rename in
/// between would change another netdev's features. It also says in words why it refuses.
namespace esw::netlink::ethtool {

Result<Bytes> encode_features_get(uint16_t family, uint32_t ifindex);
Result<Bytes> encode_feature_set(uint16_t family, uint32_t ifindex, std::string_view feature,
                                 bool on);

/// The features that are active according to a reply to encode_features_get().
Result<NetdevFeatures> decode_active_features(const MessageView& message);

Result<Bytes> encode_link_modes_get(uint16_t family, uint32_t ifindex);
/// All but the port.
Result<LinkModes> decode_link_modes(const MessageView& message);

Result<Bytes> encode_link_info_get(uint16_t family, uint32_t ifindex);
/// PORT_* of linux/ethtool.h.
Result<uint8_t> decode_link_port(const MessageView& message);

/// Of requests.
AttributeTable attributes();

}  // namespace esw::netlink::ethtool
