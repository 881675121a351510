// SPDX-License-Identifier: Apache-2.0
// The view of /sys that a program under the preload library has.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "base/unique_fd.h"

namespace esw::sim::test {
namespace {

constexpr char kDevice[] = "/sys/bus/pci/devices/0000:08:00.0";
const std::string kNumVfs = std::string(kDevice) + "/sriov_numvfs";

std::string contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The toy takes up to 8 VFs, and none while there are some.
class PreloadSysfs : public testing::Test {
protected:
    // Programs that are run have not the sanitizer's run time that this one may have.
    PreloadSysfs() : preload_(::getenv("LD_PRELOAD")) {
        ::setenv("LD_PRELOAD", ESW_PRELOAD_LIBRARY, 1);
        write_number("0");
    }
    ~PreloadSysfs() override {
        write_number("0");
        ::setenv("LD_PRELOAD", preload_.c_str(), 1);
    }

    /// Errno value or 0.
    static int write_number(const char* text) {
        const UniqueFd fd(::open(kNumVfs.c_str(), O_WRONLY | O_CLOEXEC));
        const auto length = static_cast<ssize_t>(strlen(text));
        return ::write(fd.get(), text, static_cast<size_t>(length)) == length ? 0 : errno;
    }

    static int run(const std::string& script) {
        const int status = std::system(script.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    const std::string preload_;
};

TEST_F(PreloadSysfs, DeviceIsThereAndIsListedWithOthers) {
    EXPECT_EQ(contents(std::string(kDevice) + "/vendor"), "0x15b3\n");
    EXPECT_EQ(::access(kDevice, F_OK), 0);
    struct stat status {};
    EXPECT_EQ(::stat(kDevice, &status), 0);
    EXPECT_TRUE(S_ISDIR(status.st_mode));
    std::set<std::string> names;
    DIR* directory = ::opendir("/sys/bus/pci/devices");
    ASSERT_NE(directory, nullptr);
    while (const dirent* entry = ::readdir(directory)) {
        names.insert(entry->d_name);
    }
    ::closedir(directory);
    EXPECT_EQ(names.count("0000:08:00.0"), 1U);
}

TEST_F(PreloadSysfs, NamesThatComeBackAreBelowSys) {
    char path[PATH_MAX];
    ASSERT_NE(::realpath(kDevice, path), nullptr);
    EXPECT_STREQ(path, "/sys/devices/pci0000:07/0000:07:00.0/0000:08:00.0");
    EXPECT_EQ(::access(path, F_OK), 0);
    const ssize_t length = ::readlink("/sys/class/infiniband/mlx5_0", path, sizeof path);
    ASSERT_GT(length, 0);
    EXPECT_EQ(std::string(path, static_cast<size_t>(length)),
              "../../devices/pci0000:07/0000:07:00.0/0000:08:00.0/infiniband/mlx5_0");
    EXPECT_EQ(run("cd /sys/bus/pci/devices/0000:08:00.0 && "
                  "test \"$(/bin/pwd)\" = /sys/devices/pci0000:07/0000:07:00.0/0000:08:00.0"),
              0);
}

TEST_F(PreloadSysfs, OtherPathsAreTheRealOnes) {
    EXPECT_EQ(::access("/sys/class/net/lo/mtu", F_OK), 0);
    EXPECT_EQ(::access("/sys/class/net/lo/phys_port_id/none", F_OK), -1);
    // The toy claims lo, which is no TAP and so cannot be the adapter's.
    char link[PATH_MAX];
    const ssize_t length = ::readlink("/sys/class/net/lo", link, sizeof link);
    ASSERT_GT(length, 0);
    EXPECT_EQ(std::string(link, static_cast<size_t>(length)), "../../devices/virtual/net/lo");
}

TEST_F(PreloadSysfs, WriteReturnsTheKernelsAnswer) {
    EXPECT_EQ(write_number("4"), 0);
    EXPECT_EQ(contents(kNumVfs), "4\n");
    EXPECT_EQ(write_number("2\n"), EBUSY);
    EXPECT_EQ(write_number("0"), 0);
    EXPECT_EQ(write_number("9"), ERANGE);
    EXPECT_EQ(contents(kNumVfs), "0\n");
}

TEST_F(PreloadSysfs, ShellsEchoReturnsIt) {
    for (const char* shell : {"bash", "sh"}) {
        EXPECT_EQ(run(std::string(shell) + " -c 'echo 3 >" + kNumVfs + "'"), 0);
        EXPECT_EQ(contents(kNumVfs), "3\n");
        EXPECT_EQ(run(std::string(shell) + " -c 'echo 4 >" + kNumVfs + "' 2>/dev/null"), 1);
        EXPECT_EQ(contents(kNumVfs), "3\n");
        EXPECT_EQ(run(std::string(shell) + " -c 'cd " + kDevice + " && echo 0 >sriov_numvfs'"), 0);
        EXPECT_EQ(contents(kNumVfs), "0\n");
    }
}

TEST_F(PreloadSysfs, ShellGoesOnPrintingAfterwards) {
    EXPECT_EQ(run("test \"$(bash -c 'echo a; echo 5 >" + kNumVfs + "; echo b')\" = 'a\nb'"), 0);
    EXPECT_EQ(contents(kNumVfs), "5\n");
}

TEST_F(PreloadSysfs, StreamsReportItWhenClosed) {
    FILE* stream = std::fopen(kNumVfs.c_str(), "w");
    ASSERT_NE(stream, nullptr);
    std::fprintf(stream, "6\n");
    EXPECT_EQ(std::fclose(stream), 0);
    EXPECT_EQ(contents(kNumVfs), "6\n");
    stream = std::fopen(kNumVfs.c_str(), "w");
    std::fprintf(stream, "7\n");
    EXPECT_EQ(std::fflush(stream), EOF);
    EXPECT_EQ(errno, EBUSY);
    EXPECT_NE(std::ferror(stream), 0);
    EXPECT_EQ(std::fclose(stream), 0);
    EXPECT_EQ(contents(kNumVfs), "6\n");
}

TEST_F(PreloadSysfs, OtherProgramsWriteItToo) {
    EXPECT_EQ(run("echo 7 | tee " + kNumVfs + " >/dev/null"), 0);
    EXPECT_EQ(contents(kNumVfs), "7\n");
    EXPECT_EQ(run("/bin/echo 0 >" + kNumVfs), 0);
    EXPECT_EQ(run("echo 9 | tee " + kNumVfs + " >/dev/null 2>&1"), 1);
    EXPECT_EQ(contents(kNumVfs), "0\n");
}

}  // namespace
}  // namespace esw::sim::test
