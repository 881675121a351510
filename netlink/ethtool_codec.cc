// SPDX-License-Identifier: Apache-2.0
#include "netlink/ethtool_codec.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>

#include <algorithm>
#include <cstring>

#include "netlink/message_builder.h"

namespace esw::netlink::ethtool {

namespace {

using enum AttributeKind;

constexpr AttributeSpec kHeader[] = {
    {ETHTOOL_A_HEADER_DEV_INDEX, kU32, "DEV_INDEX"},
    {ETHTOOL_A_HEADER_FLAGS, kU32, "FLAGS"},
};

constexpr AttributeSpec kBit[] = {
    {ETHTOOL_A_BITSET_BIT_NAME, kString, "NAME"},
    {ETHTOOL_A_BITSET_BIT_VALUE, kFlag, "VALUE"},
};

constexpr AttributeSpec kBits[] = {
    {ETHTOOL_A_BITSET_BITS_BIT, kNested, "BIT", kBit},
};

constexpr AttributeSpec kBitset[] = {
    {ETHTOOL_A_BITSET_NOMASK, kFlag, "NOMASK"},
    {ETHTOOL_A_BITSET_BITS, kNested, "BITS", kBits},
    {ETHTOOL_A_BITSET_VALUE, kBinary, "VALUE", {}, sizeof(uint32_t)},
    {ETHTOOL_A_BITSET_MASK, kBinary, "MASK", {}, sizeof(uint32_t)},
};

constexpr AttributeSpec kFeatures[] = {
    {ETHTOOL_A_FEATURES_HEADER, kNested, "HEADER", kHeader},
    {ETHTOOL_A_FEATURES_WANTED, kNested, "WANTED", kBitset},
    {ETHTOOL_A_FEATURES_ACTIVE, kNested, "ACTIVE", kBitset},
};

constexpr AttributeSpec kLinkModes[] = {
    {ETHTOOL_A_LINKMODES_AUTONEG, kU8, "AUTONEG"},
    {ETHTOOL_A_LINKMODES_OURS, kNested, "OURS", kBitset},
    {ETHTOOL_A_LINKMODES_SPEED, kU32, "SPEED"},
    {ETHTOOL_A_LINKMODES_DUPLEX, kU8, "DUPLEX"},
};

constexpr AttributeSpec kLinkInfo[] = {
    {ETHTOOL_A_LINKINFO_PORT, kU8, "PORT"},
};

Result<Attributes> parse(const MessageView& message, AttributeTable table, MessageName name) {
    const auto header = message.fixed_header<genlmsghdr>(name);
    if (!header) {
        return fail(header.error());
    }
    return Attributes::parse(message.behind(sizeof *header), table, name);
}

/// The first 64 bits of a compact bitset, which is 32-bit words in the host's order.
uint64_t first_bits(const std::optional<ByteView>& words) {
    uint32_t first[2] = {};
    if (words) {
        std::memcpy(first, words->data(), std::min(words->size(), sizeof first));
    }
    return first[0] | static_cast<uint64_t>(first[1]) << 32;
}

/// The header attribute has the same number in all of its messages.
MessageBuilder request(uint16_t family, uint8_t command, uint32_t ifindex, uint32_t flags) {
    MessageBuilder builder =
        MessageBuilder::generic(family, command, ETHTOOL_GENL_VERSION, NLM_F_REQUEST | NLM_F_ACK);
    builder.put_nested(ETHTOOL_A_FEATURES_HEADER, [&](MessageBuilder& header) {
        header.put_u32(ETHTOOL_A_HEADER_DEV_INDEX, ifindex);
        if (flags != 0) {
            header.put_u32(ETHTOOL_A_HEADER_FLAGS, flags);
        }
    });
    return builder;
}

}  // namespace

AttributeTable attributes() {
    return kFeatures;
}

Result<Bytes> encode_features_get(uint16_t family, uint32_t ifindex) {
    return request(family, ETHTOOL_MSG_FEATURES_GET, ifindex, 0).finish();
}

Result<Bytes> encode_feature_set(uint16_t family, uint32_t ifindex, std::string_view feature,
                                 bool on) {
    const auto put_bit = [&](MessageBuilder& bit) {
        bit.put_string(ETHTOOL_A_BITSET_BIT_NAME, feature);
        if (on) {
            bit.put_flag(ETHTOOL_A_BITSET_BIT_VALUE);
        }
    };
    const auto put_bits = [&](MessageBuilder& bits) {
        bits.put_nested(ETHTOOL_A_BITSET_BITS_BIT, put_bit);
    };
    // With a mask (no NOMASK flag) only the bits in the list are changed.
    return request(family, ETHTOOL_MSG_FEATURES_SET, ifindex, ETHTOOL_FLAG_OMIT_REPLY)
        .put_nested(ETHTOOL_A_FEATURES_WANTED,
                    [&](MessageBuilder& set) { set.put_nested(ETHTOOL_A_BITSET_BITS, put_bits); })
        .finish();
}

Result<NetdevFeatures> decode_active_features(const MessageView& message) {
    const auto in = parse(message, kFeatures, {"ethtool", "FEATURES_GET_REPLY"});
    if (!in) {
        return fail(in.error());
    }
    const auto active = in->nested(ETHTOOL_A_FEATURES_ACTIVE);
    if (!active) {
        return fail(active.error());
    }
    if (!*active) {
        return in->malformed(ETHTOOL_A_FEATURES_ACTIVE, "missing");
    }
    const auto list = (*active)->nested(ETHTOOL_A_BITSET_BITS);
    if (!list) {
        return fail(list.error());
    }
    NetdevFeatures features;
    if (!*list) {
        return features;
    }
    const auto bits = (*list)->all_nested(ETHTOOL_A_BITSET_BITS_BIT);
    if (!bits) {
        return fail(bits.error());
    }
    // A list without mask has the bits that are on; one with a mask has a value in each.
    const bool no_mask = (*active)->has(ETHTOOL_A_BITSET_NOMASK);
    for (const Attributes& bit : *bits) {
        const auto feature = bit.string(ETHTOOL_A_BITSET_BIT_NAME);
        if (feature && (no_mask || bit.has(ETHTOOL_A_BITSET_BIT_VALUE))) {
            features.insert(*feature);
        }
    }
    return features;
}

Result<Bytes> encode_link_modes_get(uint16_t family, uint32_t ifindex) {
    return request(family, ETHTOOL_MSG_LINKMODES_GET, ifindex, ETHTOOL_FLAG_COMPACT_BITSETS)
        .finish();
}

Result<LinkModes> decode_link_modes(const MessageView& message) {
    const auto in = parse(message, kLinkModes, {"ethtool", "LINKMODES_GET_REPLY"});
    if (!in) {
        return fail(in.error());
    }
    const auto ours = in->nested(ETHTOOL_A_LINKMODES_OURS);
    if (!ours) {
        return fail(ours.error());
    }
    LinkModes modes;
    if (*ours) {
        // Those that are supported are the mask of those that are advertised
        // (linkmodes_fill_reply in the kernel's net/ethtool/linkmodes.c).
        modes.supported = first_bits((*ours)->binary(ETHTOOL_A_BITSET_MASK));
        modes.advertised = first_bits((*ours)->binary(ETHTOOL_A_BITSET_VALUE));
    }
    const auto speed = in->u32(ETHTOOL_A_LINKMODES_SPEED);
    if (speed && *speed != 0 && *speed != static_cast<uint32_t>(SPEED_UNKNOWN)) {
        modes.speed_mbps = speed;
    }
    modes.full_duplex = in->u8(ETHTOOL_A_LINKMODES_DUPLEX) == DUPLEX_FULL;
    modes.autonegotiates = in->u8(ETHTOOL_A_LINKMODES_AUTONEG) == AUTONEG_ENABLE;
    return modes;
}

Result<Bytes> encode_link_info_get(uint16_t family, uint32_t ifindex) {
    return request(family, ETHTOOL_MSG_LINKINFO_GET, ifindex, 0).finish();
}

Result<uint8_t> decode_link_port(const MessageView& message) {
    const auto in = parse(message, kLinkInfo, {"ethtool", "LINKINFO_GET_REPLY"});
    if (!in) {
        return fail(in.error());
    }
    const auto port = in->u8(ETHTOOL_A_LINKINFO_PORT);
    if (!port) {
        return in->malformed(ETHTOOL_A_LINKINFO_PORT, "missing");
    }
    return *port;
}

}  // namespace esw::netlink::ethtool
