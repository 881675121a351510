// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/ethtool_messages.h"

#include <linux/ethtool_netlink.h>

namespace esw::sim {

uint32_t named_ifindex(ByteSpan attributes, const NetworkView& view) {
    const auto header = find_attribute(attributes, ETHTOOL_A_FEATURES_HEADER);
    if (!header) {
        return 0;
    }
    if (const auto index = find_attribute(header->payload, ETHTOOL_A_HEADER_DEV_INDEX)) {
        return read_front<uint32_t>(index->payload).value_or(0);
    }
    const auto name = find_attribute(header->payload, ETHTOOL_A_HEADER_DEV_NAME);
    return name ? view.ifindex_of(std::string(attribute_text(*name))) : 0;
}

}  // namespace esw::sim
