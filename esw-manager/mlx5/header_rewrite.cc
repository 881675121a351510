// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/header_rewrite.h"

#include <bit>

#include "esw-manager/mlx5/prm.h"

namespace esw::mlx5 {

namespace {

using prm::HeaderField;

/// Indexes of kFields; addresses are four in a row.
enum Index : size_t {
    kTag,
    kSmacHigh,
    kSmacLow,
    kDmacHigh,
    kDmacLow,
    kDscp,
    kEcn,
    kTtl,
    kHopLimit,
    kIp4Src,
    kIp4Dst,
    kIp6Src,
    kIp6Dst = kIp6Src + 4,
    kTcpSrc = kIp6Dst + 4,
    kTcpDst,
    kUdpSrc,
    kUdpDst,
    kCount
};

/// The tag is first: what is written must be of the tag that is there before others are pushed.
constexpr HeaderField kFieldIds[] = {
    HeaderField::kFirstVid,    HeaderField::kSmac47_16,  HeaderField::kSmac15_0,
    HeaderField::kDmac47_16,   HeaderField::kDmac15_0,   HeaderField::kIpDscp,
    HeaderField::kIpEcn,       HeaderField::kIp4Ttl,     HeaderField::kIp6HopLimit,
    HeaderField::kSip4,        HeaderField::kDip4,       HeaderField::kSip6_127_96,
    HeaderField::kSip6_95_64,  HeaderField::kSip6_63_32, HeaderField::kSip6_31_0,
    HeaderField::kDip6_127_96, HeaderField::kDip6_95_64, HeaderField::kDip6_63_32,
    HeaderField::kDip6_31_0,   HeaderField::kTcpSport,   HeaderField::kTcpDport,
    HeaderField::kUdpSport,    HeaderField::kUdpDport,
};
static_assert(std::size(kFieldIds) == kCount);

uint32_t load(const uint8_t* bytes, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

uint64_t set_action(HeaderField field, uint32_t data, unsigned length, unsigned offset) {
    uint64_t action = 0;
    DEVX_SET(set_action_in, &action, action_type, static_cast<uint8_t>(prm::HeaderAction::kSet));
    DEVX_SET(set_action_in, &action, field, static_cast<uint16_t>(field));
    DEVX_SET(set_action_in, &action, offset, offset);
    DEVX_SET(set_action_in, &action, length, length % 32);  // 0: 32
    DEVX_SET(set_action_in, &action, data, data);
    return action;
}

}  // namespace

bool HeaderRewrite::set(const esw_set_action& action) {
    static_assert(kFields == kCount);
    const uint8_t *value = action.value, *mask = action.mask;
    const auto whole = [&](size_t field, size_t bytes) {
        put(field, load(value, bytes), load(mask, bytes));
    };
    const auto mac = [&](size_t high) {
        put(high, load(value, 4), load(mask, 4));
        put(high + 1, load(value + 4, 2), load(mask + 4, 2));
    };
    const auto address = [&](size_t first) {
        for (size_t i = 0; i < 4; i++) {
            put(first + i, load(value + 4 * i, 4), load(mask + 4 * i, 4));
        }
    };
    switch (action.field) {
        case ESW_FIELD_ETH_SRC:
            mac(kSmacHigh);
            return true;
        case ESW_FIELD_ETH_DST:
            mac(kDmacHigh);
            return true;
        case ESW_FIELD_IPV4_SRC:
            whole(kIp4Src, 4);
            return true;
        case ESW_FIELD_IPV4_DST:
            whole(kIp4Dst, 4);
            return true;
        case ESW_FIELD_IPV4_TOS:
        case ESW_FIELD_IPV6_TRAFFIC_CLASS:
            put(kDscp, value[0] >> 2, mask[0] >> 2);
            put(kEcn, value[0] & 3u, mask[0] & 3u);
            return true;
        case ESW_FIELD_IPV4_TTL:
            whole(kTtl, 1);
            return true;
        case ESW_FIELD_IPV6_SRC:
            address(kIp6Src);
            return true;
        case ESW_FIELD_IPV6_DST:
            address(kIp6Dst);
            return true;
        case ESW_FIELD_IPV6_HOP_LIMIT:
            whole(kHopLimit, 1);
            return true;
        case ESW_FIELD_TCP_SRC:
            whole(kTcpSrc, 2);
            return true;
        case ESW_FIELD_TCP_DST:
            whole(kTcpDst, 2);
            return true;
        case ESW_FIELD_UDP_SRC:
            whole(kUdpSrc, 2);
            return true;
        case ESW_FIELD_UDP_DST:
            whole(kUdpDst, 2);
            return true;
        default:
            // The label of IPv6 has no number (MLX5_ACTION_IN_FIELD_*).
            return false;
    }
}

void HeaderRewrite::set_tag(uint16_t control) {
    put(kTag, control, 0xffff);
}

std::vector<uint64_t> HeaderRewrite::actions() const {
    std::vector<uint64_t> actions;
    actions.reserve(static_cast<size_t>(std::popcount(used_)));
    for (uint32_t fields = used_; fields != 0; fields &= fields - 1) {
        const auto field = static_cast<size_t>(std::countr_zero(fields));
        for (uint32_t bits = mask_[field]; bits != 0;) {
            const auto offset = static_cast<unsigned>(std::countr_zero(bits));
            const auto length = static_cast<unsigned>(std::countr_one(bits >> offset));
            const uint32_t run = (length == 32 ? ~0u : (1u << length) - 1) << offset;
            const uint32_t data = (value_[field] & run) >> offset;
            actions.push_back(set_action(kFieldIds[field], data, length, offset));
            bits &= ~run;
        }
    }
    return actions;
}

}  // namespace esw::mlx5
