// SPDX-License-Identifier: Apache-2.0
// A program under the preload library whose daemon dies.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/unique_fd.h"
#include "tests/unit/sim/toy_daemon.h"

namespace esw::sim::test {
namespace {

struct Child {
    pid_t pid = -1;
    UniqueFd input, output, errors;

    char wait_for_byte() const {
        char byte = 0;
        EXPECT_EQ(::read(output.get(), &byte, 1), 1);
        return byte;
    }
    int wait() const {
        int status = -1;
        EXPECT_EQ(::waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::string error_text() const {
        std::string text;
        char buffer[256];
        for (ssize_t size; (size = ::read(errors.get(), buffer, sizeof buffer)) > 0;) {
            text.append(buffer, static_cast<size_t>(size));
        }
        return text;
    }
};

/// Starts this program in another role.
Child start(const char* role, const std::string& directory, bool preload) {
    int in[2], out[2], err[2];
    EXPECT_EQ(::pipe2(in, O_CLOEXEC) | ::pipe2(out, O_CLOEXEC) | ::pipe2(err, O_CLOEXEC), 0);
    Child child;
    child.pid = ::fork();
    if (child.pid == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::dup2(err[1], STDERR_FILENO);
        ::setenv("ESW_TOY_ROLE", role, 1);
        ::setenv("ESW_SIM_DIR", directory.c_str(), 1);
        if (!preload) {
            ::unsetenv("LD_PRELOAD");
        }
        ::execl("/proc/self/exe", "preload", directory.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    ::close(err[1]);
    child.input.reset(in[1]);
    child.output.reset(out[0]);
    child.errors.reset(err[0]);
    return child;
}

TEST(PreloadDeath, ProgramGoesOnWithTheRealKernel) {
    const std::string directory = make_toy_directory();
    Child daemon = start("daemon", directory, false);
    ASSERT_EQ(daemon.wait_for_byte(), '+') << daemon.error_text();
    Child orphan = start("orphan", directory, true);
    ASSERT_EQ(orphan.wait_for_byte(), '+') << orphan.error_text();
    ASSERT_EQ(::kill(daemon.pid, SIGKILL), 0);
    EXPECT_EQ(daemon.wait(), 128 + SIGKILL);
    ASSERT_EQ(::write(orphan.input.get(), "+", 1), 1);
    EXPECT_EQ(orphan.error_text(), "esw-sim: the simulated adapter in " + directory + " is gone\n");
    EXPECT_EQ(orphan.wait(), 0);
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace esw::sim::test
