// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/environment.h"

#include <cstdlib>
#include <filesystem>

namespace esw::sim {

namespace {

constexpr const char* kLibrary = "libmlx5sim.so";

std::string find_library() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    const auto built = program / "preload/.libs" / kLibrary;
    if (std::filesystem::exists(built, error)) {
        return built;
    }
    return std::string(ESW_SIM_PRELOAD_DIR) + "/" + kLibrary;
}

}  // namespace

Environment client_environment(const std::string& directory) {
    const char* const before = std::getenv("LD_PRELOAD");
    return exec_environment(directory, find_library(), before ? before : "");
}

}  // namespace esw::sim
