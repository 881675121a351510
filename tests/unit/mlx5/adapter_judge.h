// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "tests/unit/mlx5/flow_fixture.h"
#include "tests/unit/mlx5/packet_bytes.h"

namespace esw::mlx5::test {

/// What an adapter does with a packet by a rule, as the manual and libmlx5 have it: nothing if the
/// rule does not take the packet. Judges the compiler, and shares nothing with it or the simulator.
std::optional<std::vector<Sent>> run_rule(const FdbFlow& flow, const Bytes& packet);

/// A fragment, to the adapter.
bool is_fragment(const Bytes& packet);

}  // namespace esw::mlx5::test
