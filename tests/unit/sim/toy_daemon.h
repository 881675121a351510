// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace esw::sim::test {

/// Starts a toy adapter, with `netdevs` as its own, in a directory of its own, runs `command` under
/// the library `preload` on it, and returns the exit status.
int run_toy(const std::string& preload, const std::vector<std::string>& netdevs, char** command);

/// The directory that run_toy() would make.
std::string make_toy_directory();

/// Serves a toy adapter in `directory` until killed; writes a byte to standard output when it can
/// be reached.
int serve_toy(const std::string& directory);

}  // namespace esw::sim::test
