// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "utilities/esw-sim/hardware/packet.h"
#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// A packet on its way through steering: its bytes, what the parser last saw in them, and what
/// goes with it.
struct SteeredPacket {
    std::vector<std::byte> frame;
    Packet headers;
    uint16_t source_gvmi = 0;  ///< vhca_id of the function it comes from; 0: the wire
    uint32_t reg_a = 0;
    uint32_t reg_b = 0;
    std::array<uint32_t, 8> reg_c{};
};

/// The 16 bytes that an entry compares. Which fields of the packet they hold depends on the lookup
/// type (entry format and definer index, DR_STE_V1_LU_TYPE_* of rdma-core 44's dr_ste_v1.c).
using MatchTag = std::array<std::byte, 16>;

/// Also the lookup type of entries that match everything or nothing, whose mask is 0.
constexpr uint16_t kLookupDontCare = 0x000f;

/// The tag of a packet; nothing when the lookup type is unknown.
std::optional<MatchTag> match_tag(uint16_t lookup_type, const SteeredPacket& packet,
                                  const std::optional<GeneveOption>& geneve_option);

}  // namespace esw::sim
