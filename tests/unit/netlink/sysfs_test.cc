// SPDX-License-Identifier: Apache-2.0
#include "netlink/sysfs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

namespace esw::netlink {
namespace {

namespace fs = std::filesystem;

/// A /sys with a PF's RDMA device and an SF's.
class SysfsTest : public testing::Test {
protected:
    SysfsTest() {
        char name[] = "/tmp/esw-test-sysfs.XXXXXX";
        root_ = mkdtemp(name);
        add("pci", "pci0000:00/0000:08:00.0", "mlx5_0");
        add("auxiliary", "pci0000:00/0000:08:00.0/mlx5_core.sf.2", "mlx5_3");
        fs::create_directories(root_ + "/class/infiniband/rxe0");
    }
    ~SysfsTest() override { fs::remove_all(root_); }

    void add(const std::string& bus, const std::string& path, const std::string& name) {
        const std::string device = root_ + "/devices/" + path;
        const std::string rdma = device + "/infiniband/" + name;
        fs::create_directories(rdma);
        fs::create_directories(root_ + "/class/infiniband");
        fs::create_directories(root_ + "/bus/" + bus);
        fs::create_directory_symlink(root_ + "/bus/" + bus, device + "/subsystem");
        fs::create_directory_symlink("../../../" + fs::path(device).filename().string(),
                                     rdma + "/device");
        fs::create_directory_symlink(rdma, root_ + "/class/infiniband/" + name);
    }

    Result<DevlinkHandle> parent(const std::string& name) { return infiniband_parent(root_, name); }
    int error(const std::string& name) {
        const auto handle = parent(name);
        return handle ? 0 : handle.error().code;
    }

    std::string root_;
};

TEST_F(SysfsTest, AnAuxiliaryDeviceIsPartOfAnother) {
    const auto add_part = [this](const std::string& path) {
        fs::create_directories(root_ + "/bus/auxiliary/devices");
        fs::create_directories(root_ + "/devices/pci0000:00/" + path);
        fs::create_directory_symlink(
            "../../../devices/pci0000:00/" + path,
            root_ + "/bus/auxiliary/devices/" + fs::path(path).filename().string());
    };
    add_part("0000:08:00.0/mlx5_core.eth.0");
    add_part("0000:08:00.0/mlx5_core.sf.2/mlx5_core.eth.2");
    EXPECT_EQ(auxiliary_parent(root_, "mlx5_core.eth.0").value(),
              (DevlinkHandle{"pci", "0000:08:00.0"}));
    EXPECT_EQ(auxiliary_parent(root_, "mlx5_core.eth.2").value(),
              (DevlinkHandle{"auxiliary", "mlx5_core.sf.2"}));
    EXPECT_EQ(auxiliary_parent(root_, "mlx5_core.eth.7").error().code, ENODEV);
    EXPECT_EQ(auxiliary_parent(root_, "../pci").error().code, EINVAL);
}

TEST_F(SysfsTest, TheDeviceOfAPfIsItsPciDevice) {
    ASSERT_TRUE(parent("mlx5_0"));
    EXPECT_EQ(parent("mlx5_0")->to_string(), "pci/0000:08:00.0");
}

TEST_F(SysfsTest, TheDeviceOfAnSfIsItsAuxiliaryDevice) {
    ASSERT_TRUE(parent("mlx5_3"));
    EXPECT_EQ(parent("mlx5_3")->to_string(), "auxiliary/mlx5_core.sf.2");
}

TEST_F(SysfsTest, TheVfsOfADeviceAreCounted) {
    const DevlinkHandle pf{"pci", "0000:08:00.0"};
    const std::string device = root_ + "/bus/pci/devices/0000:08:00.0";
    EXPECT_EQ(num_vfs(root_, pf).value(), 0u);  // it can have none
    fs::create_directories(device);
    std::ofstream(device + "/sriov_numvfs") << "4\n";
    EXPECT_EQ(num_vfs(root_, pf).value(), 4u);
    std::ofstream(device + "/sriov_numvfs") << "\n";
    EXPECT_EQ(num_vfs(root_, pf).error().code, EPROTO);
}

TEST_F(SysfsTest, WhatHasNoDeviceSaysSo) {
    EXPECT_EQ(error("mlx5_1"), ENODEV);
    EXPECT_EQ(error("rxe0"), ENOTSUP);
    EXPECT_EQ(error("../infiniband/mlx5_0"), EINVAL);
    EXPECT_EQ(error(""), EINVAL);
    EXPECT_EQ(error(".."), EINVAL);
}

}  // namespace
}  // namespace esw::netlink
