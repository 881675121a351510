// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "utilities/esw-sim/hardware/match_tag.h"
#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// Carries out the actions of an entry: edits of the packet, singly or as a list in header-modify
/// ICM. Matching goes on with `packet.headers` as they were until the packet is parsed again.
class ActionEngine {
public:
    explicit ActionEngine(const SteeringResources& resources) : resources_(resources) {}

    /// Why the packet is dropped, or nullptr.
    const char* execute(std::span<const std::byte> actions, SteeredPacket& packet);

private:
    const char* single(std::span<const std::byte> action, SteeredPacket& packet);
    const char* list(std::span<const std::byte> action, SteeredPacket& packet);

    const SteeringResources& resources_;
    size_t done_ = 0;  ///< actions so far, of all entries that this packet met
};

}  // namespace esw::sim
