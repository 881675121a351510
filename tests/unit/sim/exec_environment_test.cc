// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/exec_environment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/sim/toy_daemon.h"

namespace esw::sim::test {
namespace {

std::string preload(const std::string& current) {
    for (const auto& [name, value] : exec_environment("/run/x", "/lib/libmlx5sim.so", current)) {
        if (name == "LD_PRELOAD") {
            return value;
        }
    }
    return "?";
}

TEST(ExecEnvironment, OurLibraryGoesInFrontButBehindSanitizers) {
    EXPECT_EQ(preload(""), "/lib/libmlx5sim.so");
    EXPECT_EQ(preload("/a.so:/b.so"), "/lib/libmlx5sim.so:/a.so:/b.so");
    EXPECT_EQ(preload("/a.so /usr/lib/libasan.so.8"),
              "/usr/lib/libasan.so.8:/lib/libmlx5sim.so:/a.so");
    EXPECT_EQ(preload(preload("/usr/lib/libtsan.so.2")), preload("/usr/lib/libtsan.so.2"));
}

TEST(ExecEnvironment, NamesTheInstance) {
    const Environment environment = exec_environment("/run/x", "/l.so", "");
    const auto has = [&](const char* name, const char* value) {
        return std::count(environment.begin(), environment.end(),
                          std::pair<std::string, std::string>(name, value)) == 1;
    };
    EXPECT_TRUE(has("ESW_SIM_DIR", "/run/x"));
    EXPECT_TRUE(has("SYSFS_PATH", "/run/x/sysfs"));
}

class CanPreload : public testing::Test {
protected:
    CanPreload() : directory_(make_toy_directory()) {}
    ~CanPreload() override { std::filesystem::remove_all(directory_); }

    std::string script(const std::string& first_line) const {
        const std::string path = directory_ + "/script";
        std::ofstream(path) << first_line << "\ntrue\n";
        ::chmod(path.c_str(), 0755);
        return path;
    }

    const std::string directory_;
};

TEST_F(CanPreload, DynamicProgramsByPathOrName) {
    EXPECT_TRUE(check_can_preload("/bin/sh", ""));
    EXPECT_TRUE(check_can_preload("sh", "/nonexistent:/bin"));
    EXPECT_TRUE(check_can_preload(script("#!/bin/sh -e"), ""));
}

TEST_F(CanPreload, StaticOnesAndTheirScriptsNot) {
    // Debian's ldconfig is linked statically, or nothing could repair a missing libc.
    const auto checked = check_can_preload("/sbin/ldconfig", "");
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().object, "/sbin/ldconfig");
    EXPECT_NE(checked.error().detail.find("statically linked"), std::string::npos);
    EXPECT_FALSE(check_can_preload(script("#! /sbin/ldconfig"), ""));
}

TEST_F(CanPreload, ProgramsThatAreNotThere) {
    EXPECT_EQ(check_can_preload("no-such-program", "/bin").error().code, ENOENT);
    EXPECT_EQ(check_can_preload("/no/such/program", "").error().code, ENOENT);
}

TEST_F(CanPreload, SetUserIdProgramsOfOthersNot) {
    // As root every user's but root's own, else root's.
    std::string program = "/bin/su";
    if (::geteuid() == 0) {
        program = directory_ + "/other";
        std::filesystem::copy_file("/bin/true", program);
        ASSERT_EQ(::chown(program.c_str(), 65534, 65534), 0);
        ASSERT_EQ(::chmod(program.c_str(), 04755), 0);
    }
    const auto checked = check_can_preload(program, "");
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, EPERM);
}

}  // namespace
}  // namespace esw::sim::test
