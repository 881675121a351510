// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/environment.h"

#include <cstdlib>
#include <filesystem>

namespace esw::sim {

namespace {

constexpr const char* kLibrary = "libmlx5sim.so";

// Beside the program in the build tree, else where it is installed.
std::string find_library() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    for (const char* place : {"preload/.libs", "../lib/ovs-esw", "../lib/esw-sim"}) {
        const auto path = program / place / kLibrary;
        if (std::filesystem::exists(path, error)) {
            return std::filesystem::weakly_canonical(path, error);
        }
    }
#ifdef ESW_SIM_PRELOAD_DIR
    return std::string(ESW_SIM_PRELOAD_DIR) + "/" + kLibrary;
#else
    return kLibrary;
#endif
}

}  // namespace

std::vector<std::pair<std::string, std::string>> client_environment(const std::string& directory) {
    std::string preload = find_library();
    const char* const before = std::getenv("LD_PRELOAD");
    if (before && *before && std::string(before).find(preload) == std::string::npos) {
        preload = std::string(before) + ":" + preload;
    }
    return {{"LD_PRELOAD", preload}, {"ESW_SIM_DIR", directory}};
}

}  // namespace esw::sim
