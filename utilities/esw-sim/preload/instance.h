// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace esw::sim {

/// The instance that this process is to see: ESW_SIM_DIR, read once. Null when there is none, and
/// then this library changes nothing.
const char* instance_directory() noexcept;

/// Tells the user, once in a process, that the simulated adapter cannot be reached.
void complain_instance_gone() noexcept;

}  // namespace esw::sim
