// SPDX-License-Identifier: Apache-2.0
// Runs its tests under the preload library: started without it, this program is the daemon of a toy
// adapter, and starts itself again as the program that sees it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/unit/sim/orphan_client.h"
#include "tests/unit/sim/toy_daemon.h"

int main(int argc, char** argv) {
    using namespace esw::sim::test;
    const char* value = std::getenv("ESW_TOY_ROLE");
    const std::string role = value ? value : "";
    if (role == "daemon") {
        return serve_toy(argv[1]);
    }
    if (role == "orphan") {
        return run_orphan_client();
    }
    if (!std::getenv("ESW_SIM_DIR")) {
        return run_toy(ESW_PRELOAD_LIBRARY, {"lo"}, argv);
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
