// SPDX-License-Identifier: Apache-2.0
// toy-exec PRELOAD-LIBRARY [NETDEV] -- COMMAND...: runs COMMAND under the preload library, on a toy
// adapter that NETDEV is shown to belong to, and ends with its status.
#include <net/if.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tests/unit/sim/toy_adapter.h"

namespace {

int run(int argc, char** argv, const std::string& directory) {
    using namespace esw;
    StderrSink log("toy-exec", LogLevel::kInfo);
    auto loop = EventLoop::create();
    sim::test::ToyAdapter toy;
    int command = 2;
    for (; command < argc && std::strcmp(argv[command], "--") != 0; command++) {
        toy.faces[if_nametoindex(argv[command])] = {{1, 2, 3, 4, 5, 6, 7, 8},
                                                    "p0",
                                                    "pci",
                                                    "0000:08:00.0",
                                                    "mlx5_core",
                                                    "6.1.0",
                                                    "22.36.1010 (MT_0000000359)",
                                                    "0000:08:00.0",
                                                    100000,
                                                    true};
    }
    sim::NetlinkServer::Config config{directory, &toy, &toy, &toy, {}};
    auto server = sim::NetlinkServer::create(**loop, log, config);
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().to_string().c_str());
        return 125;
    }
    toy.server = server->get();
    const pid_t child = fork();
    if (child == 0) {
        setenv("LD_PRELOAD", std::filesystem::absolute(argv[1]).c_str(), 1);
        setenv("ESW_SIM_DIR", directory.c_str(), 1);
        execvp(argv[command + 1], argv + command + 1);
        _exit(127);
    }
    int status = 0;
    UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    auto watch = (*loop)->watch(ended.get(), EventLoop::Interest::kRead, [&] {
        waitpid(child, &status, 0);
        (*loop)->stop();
    });
    (*loop)->run();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("usage: toy-exec LIBRARY [NETDEV...] -- COMMAND...\n", stderr);
        return 2;
    }
    char directory[] = "/tmp/toy-exec.XXXXXX";
    if (!mkdtemp(directory)) {
        return 1;
    }
    const int status = run(argc, argv, directory);
    std::filesystem::remove_all(directory);
    return status;
}
