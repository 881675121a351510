// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "utilities/esw-sim/hardware/match_tag.h"

namespace esw::sim {

/// The dwords that header rewrite actions read and write: fields of the outer headers, by where
/// `layout` says they are, and registers. Numbered as DR_STE_V1_ACTION_MDFY_FLD_* of rdma-core 44's
/// dr_ste_v1.c. A header that the packet does not have reads as 0, and writing it does nothing.
///
/// Nothing when there is no such field.
std::optional<uint32_t> read_field(const SteeredPacket& packet, const Packet& layout,
                                   uint8_t field);

/// Replaces the bits of `mask`. The checksums of IPv4, TCP and UDP change with what they cover, and
/// as little as it does: one that was wrong stays wrong (RFC 1624). False when there is no such
/// field.
bool write_field(SteeredPacket& packet, const Packet& layout, uint8_t field, uint32_t value,
                 uint32_t mask);

}  // namespace esw::sim
