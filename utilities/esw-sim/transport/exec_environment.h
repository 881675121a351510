// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace esw::sim {

using Environment = std::vector<std::pair<std::string, std::string>>;

/// What a program's environment must have to see the simulated adapter of the instance in
/// `directory`, through the preload library at `library`. `current_preload` is the LD_PRELOAD that
/// there is already: ours goes in front, but behind a sanitizer's run time, which insists on being
/// the first.
Environment exec_environment(const std::string& directory, const std::string& library,
                             const std::string& current_preload);

/// Why the adapter will not be seen by `program` (a path, or a name to be looked up in `path`):
/// it is statically linked, or runs with other rights than its caller's. Ok when nothing is in the
/// way; a script is judged by its interpreter.
Status check_can_preload(const std::string& program, const std::string& path);

}  // namespace esw::sim
