// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "utilities/esw-sim/hardware/icm.h"
#include "utilities/esw-sim/hardware/match_tag.h"

namespace esw::sim {

/// Where a hit goes on: a hash table of entries.
struct NextTable {
    uint64_t base = 0;
    uint64_t entries = 1;  ///< a power of two
    uint16_t lookup_type = kLookupDontCare;
    uint16_t byte_mask = 0;  ///< of the tag's bytes, which the hash covers; bit 15: the first
};

/// A steering table entry of format version 1, as libmlx5 left it in a line of ICM.
class Ste {
public:
    explicit Ste(const Icm::Line& line) : line_(line) {}

    bool hit(const SteeredPacket& packet, const std::optional<GeneveOption>& option,
             bool& known) const;
    bool reparse() const;
    uint32_t counter() const;
    uint64_t miss() const;
    NextTable next() const;
    /// 8 or 12 bytes of them.
    std::span<const std::byte> actions() const;

private:
    uint8_t format() const;

    alignas(8) Icm::Line line_;
};

/// The entry of the table that a packet goes to. Nothing when the lookup type is unknown.
std::optional<uint64_t> entry_address(const NextTable& table, const SteeredPacket& packet,
                                      const std::optional<GeneveOption>& option);

}  // namespace esw::sim
