// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "utilities/esw-sim/transport/exec_environment.h"

namespace esw::sim {

/// exec_environment() with the preload library that belongs to this program: the one beside it in
/// the build tree, else where it is installed.
Environment client_environment(const std::string& directory);

}  // namespace esw::sim
