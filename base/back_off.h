// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace esw {

/// How long to wait before what failed is tried again: `first` at first, twice as long after each
/// of the `retries` that were made, never longer than `last`.
inline Duration back_off(Duration first, Duration last, uint32_t retries) {
    return std::min(last, first * (1u << std::min(retries, 10u)));
}

}  // namespace esw
