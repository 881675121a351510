// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "utilities/esw-sim/hardware/resources.h"

namespace esw::sim {

/// No frame gets longer: an IPv4 packet can say no more of its length.
constexpr size_t kMaxFrame = 65535 + 14;

/// Each returns why it cannot be done, or nullptr. The frame is then as it was.
const char* insert_bytes(std::vector<std::byte>& frame, size_t at,
                         std::span<const std::byte> bytes);
const char* remove_bytes(std::vector<std::byte>& frame, size_t from, size_t to);

/// Puts the headers of a tunnel before the frame. The adapter fills what depends on the packet: the
/// length of IPv4 (and its header checksum), IPv6 and UDP. The UDP checksum is the one given.
const char* encapsulate(std::vector<std::byte>& frame, std::span<const std::byte> headers);

/// Encapsulation by an object, as the entries of firmware's tables have it.
const char* reformat(std::vector<std::byte>& frame, const Reformat* object);

}  // namespace esw::sim
