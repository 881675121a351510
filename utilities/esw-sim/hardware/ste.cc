// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/ste.h"

#include <algorithm>

#include "esw-manager/mlx5/prm_ste.h"

namespace esw::sim {

namespace {

/// enum dr_ste_v1_entry_format of rdma-core 44's dr_ste_v1.c.
enum Format : uint8_t {
    kByteWithActions8 = 0,
    kDwordWithActions8 = 1,
    kByteWithActions12 = 2,
    kDwordWithActions12 = 3,
    kDefiner = 4
};

constexpr size_t kMask = 32;
constexpr size_t kValue = 48;

/// CRC-32 of the reflected polynomial without inversions, its bytes swapped (dr_crc32.c of
/// rdma-core 44).
uint32_t hash(const MatchTag& tag) {
    static constexpr auto table = [] {
        std::array<uint32_t, 256> t{};
        for (uint32_t i = 0; i < t.size(); i++) {
            uint32_t crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
            }
            t[i] = crc;
        }
        return t;
    }();
    uint32_t crc = 0;
    for (const std::byte b : tag) {
        crc = crc >> 8 ^ table[(crc ^ std::to_integer<uint32_t>(b)) & 0xff];
    }
    return __builtin_bswap32(crc);
}

}  // namespace

uint8_t Ste::format() const {
    return DEVX_GET(ste_match_bwc_v1, line_.data(), entry_format);
}

/// The packet's tag under the mask is the value, to the last bit: a value with bits outside of its
/// mask is how libmlx5 writes an entry that never hits.
bool Ste::hit(const SteeredPacket& packet, const std::optional<GeneveOption>& option,
              bool& known) const {
    const uint8_t definer = DEVX_GET(ste_match_bwc_v1, line_.data(), match_definer_ctx_idx);
    known = true;
    if (format() == kDefiner) {
        // Entries that only carry actions match by no definer; others need objects that the
        // simulated firmware does not offer (match_definer_format_supported).
        known = definer == kLookupDontCare;
        return std::all_of(line_.begin() + kMask, line_.end(),
                           [](std::byte b) { return b == std::byte{0}; });
    }
    std::optional<MatchTag> tag;
    if (format() < kDefiner) {
        const bool dword = format() == kDwordWithActions8 || format() == kDwordWithActions12;
        tag = match_tag(static_cast<uint16_t>(dword << 8 | definer), packet, option);
    }
    known = tag.has_value();
    if (!known) {
        return false;
    }
    for (size_t i = 0; i < tag->size(); i++) {
        if (((*tag)[i] & line_[kMask + i]) != line_[kValue + i]) {
            return false;
        }
    }
    return true;
}

bool Ste::reparse() const {
    return DEVX_GET(ste_match_bwc_v1, line_.data(), reparse) != 0;
}

uint32_t Ste::counter() const {
    return DEVX_GET(ste_match_bwc_v1, line_.data(), counter_id);
}

uint64_t Ste::miss() const {
    const uint64_t high = DEVX_GET(ste_match_bwc_v1, line_.data(), miss_address_39_32);
    const uint64_t low = DEVX_GET(ste_match_bwc_v1, line_.data(), miss_address_31_6);
    return high << 32 | low << 6;
}

/// The table's address, in units of 32 bytes, and its number of entries are in one number: a table
/// is aligned to its size, so the lowest bit that is set is the size (dr_ste_v1_set_hit_addr()).
NextTable Ste::next() const {
    const uint64_t high = DEVX_GET(ste_match_bwc_v1, line_.data(), next_table_base_39_32_size);
    const uint64_t low = DEVX_GET(ste_match_bwc_v1, line_.data(), next_table_base_31_5_size);
    const uint64_t index = high << 27 | low;
    NextTable next;
    next.entries = index & -index;
    next.base = (index - next.entries) << 5;
    const uint32_t definer = DEVX_GET(ste_match_bwc_v1, line_.data(), hash_definer_ctx_idx);
    next.lookup_type = static_cast<uint16_t>(definer);
    // Entries with 12 bytes of actions have some of them where the others have this.
    if (format() <= kDwordWithActions8) {
        const uint32_t mode = DEVX_GET(ste_match_bwc_v1, line_.data(), next_entry_format);
        next.lookup_type = static_cast<uint16_t>(mode << 8 | definer);
        next.byte_mask = DEVX_GET(ste_match_bwc_v1, line_.data(), byte_mask);
    }
    return next;
}

std::span<const std::byte> Ste::actions() const {
    const bool long_form = format() > kDwordWithActions8;
    constexpr size_t kLong = __devx_bit_off(ste_match_bwc_v1, byte_mask) / 8;
    constexpr size_t kShort = __devx_bit_off(ste_match_bwc_v1, action) / 8;
    const size_t at = long_form ? kLong : kShort;
    return std::span(line_).subspan(at, kMask - at);
}

std::optional<uint64_t> entry_address(const NextTable& table, const SteeredPacket& packet,
                                      const std::optional<GeneveOption>& option) {
    if (table.entries <= 1 || table.byte_mask == 0) {
        return table.base;
    }
    auto tag = match_tag(table.lookup_type, packet, option);
    if (!tag) {
        return std::nullopt;
    }
    for (size_t i = 0; i < tag->size(); i++) {
        if ((table.byte_mask >> (15 - i) & 1) == 0) {
            (*tag)[i] = std::byte{0};
        }
    }
    return table.base + hash(*tag) % table.entries * sizeof(Icm::Line);
}

}  // namespace esw::sim
