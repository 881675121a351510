// SPDX-License-Identifier: Apache-2.0
// toy-exec LIBRARY [NETDEV...] -- COMMAND...: runs COMMAND under the preload library, on a toy
// adapter that the NETDEVs are shown to belong to, and ends with its status.
#include <cstdio>
#include <cstring>

#include "tests/unit/sim/toy_daemon.h"

int main(int argc, char** argv) {
    std::vector<std::string> netdevs;
    int at = 2;
    for (; at < argc && std::strcmp(argv[at], "--") != 0; at++) {
        netdevs.emplace_back(argv[at]);
    }
    if (at + 1 >= argc) {
        std::fputs("usage: toy-exec LIBRARY [NETDEV...] -- COMMAND...\n", stderr);
        return 2;
    }
    return esw::sim::test::run_toy(argv[1], netdevs, argv + at + 1);
}
