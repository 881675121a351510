// SPDX-License-Identifier: Apache-2.0
#include "netlink/ethtool_codec.h"

#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>

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
};

constexpr AttributeSpec kFeatures[] = {
    {ETHTOOL_A_FEATURES_HEADER, kNested, "HEADER", kHeader},
    {ETHTOOL_A_FEATURES_WANTED, kNested, "WANTED", kBitset},
    {ETHTOOL_A_FEATURES_ACTIVE, kNested, "ACTIVE", kBitset},
};

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
    const MessageName name{"ethtool", "FEATURES_GET_REPLY"};
    const auto header = message.fixed_header<genlmsghdr>(name);
    if (!header) {
        return fail(header.error());
    }
    const auto in = Attributes::parse(message.behind(sizeof *header), kFeatures, name);
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

}  // namespace esw::netlink::ethtool
