// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/device/frames.h"
#include "tests/sim/device/steering.h"

namespace device {

/// A match field and where a frame has its value.
struct Knob {
    Field field;
    std::function<void(Frame&, uint32_t)> turn;
    /// What else a match must have so that the field means this.
    std::vector<std::pair<Field, uint32_t>> needs = {};
    /// Another value makes another kind of frame of it, without the fields behind.
    bool alone = false;

    uint32_t ones() const { return static_cast<uint32_t>(field.ones()); }
};

/// A kind of frame, with all its match fields.
struct Kind {
    std::string name;
    Frame frame;
    std::vector<Knob> knobs;
};

/// Every kind of frame that the adapter's parser knows.
std::vector<Kind> kinds();

/// The same field of the inner headers.
Field inner(Field outer);
/// A word of an IP address, 0 the first; an IPv4 address is the last.
Field source_word(unsigned word);
Field destination_word(unsigned word);

/// Parts of frames, with all fields set to something.
Frame tcp4(uint32_t seed);
Frame udp4(uint32_t seed);
Frame tcp6(uint32_t seed);
Frame udp6(uint32_t seed);
/// Headers up to and with the tunnel's.
Frame vxlan4_tunnel();
Frame vxlan6_tunnel();
Frame geneve4_tunnel();
Frame geneve6_tunnel();
Frame gre4_tunnel();
Frame gre6_tunnel();

}  // namespace device
