// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace esw::sim {

/// The ICM addresses that the firmware gives out for what is not an entry of software's: an entry
/// of format v1 forwards to one of 40 bits, a multiple of 64 (rdma-core dr_ste_v1_set_hit_addr()).
/// How a card numbers them is not published; here they say what they are, so that the eswitch of a
/// peer in a LAG understands them too:
///
///     bits 39..36  1111
///     bits 35..28  vhca_id of the PF that owns the eswitch
///     bits 27..25  kind
///     bits 24..7   number: of a vport, or of a flow table
///     bit  6       0 RX: of packets from the wire; 1 TX: of packets from vports
struct IcmAddress {
    enum class Kind : uint8_t { kVport = 1, kManager, kUplink, kDrop, kTable, kNicDrop, kNicAllow };
    enum class Side : uint8_t { kRx, kTx };

    static constexpr uint32_t kMaxNumber = (1U << 18) - 1;

    Kind kind = Kind::kDrop;
    Side side = Side::kRx;
    uint8_t owner = 0;
    uint32_t number = 0;

    uint64_t encode() const {
        return uint64_t{0xf} << 36 | uint64_t{owner} << 28 | static_cast<uint64_t>(kind) << 25 |
               uint64_t{number} << 7 | static_cast<uint64_t>(side) << 6;
    }
    static std::optional<IcmAddress> decode(uint64_t address) {
        const auto kind = static_cast<Kind>(address >> 25 & 7);
        if (address >> 36 != 0xf || (address & 0x3f) != 0 || kind < Kind::kVport) {
            return std::nullopt;
        }
        return IcmAddress{kind, static_cast<Side>(address >> 6 & 1),
                          static_cast<uint8_t>(address >> 28),
                          static_cast<uint32_t>(address >> 7 & kMaxNumber)};
    }
};

}  // namespace esw::sim
