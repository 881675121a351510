// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace esw::sim {

/// Environment variables, name and value, of programs that are to see the adapter of the instance
/// in `directory` (an absolute path). LD_PRELOAD keeps what the caller has in it.
std::vector<std::pair<std::string, std::string>> client_environment(const std::string& directory);

}  // namespace esw::sim
