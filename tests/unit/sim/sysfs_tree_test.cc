// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/sysfs_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/unit/sim/toy_daemon.h"

namespace esw::sim::test {
namespace {

namespace fs = std::filesystem;

class SysfsTreeTest : public testing::Test {
protected:
    SysfsTreeTest() : directory_(make_toy_directory()) {
        tree_ = std::move(SysfsTree::create(directory_).value());
    }
    ~SysfsTreeTest() override {
        tree_.reset();
        EXPECT_TRUE(fs::is_empty(directory_));
        fs::remove_all(directory_);
    }

    void add_pf() {
        SysfsTree::PciDevice pf;
        pf.address = "0000:08:00.0";
        pf.device = 0x101d;
        pf.total_vfs = 8;
        pf.vf_device = 0x101e;
        ASSERT_TRUE(tree_->add_device(pf));
    }
    void add_vf() {
        SysfsTree::PciDevice vf;
        vf.address = "0000:08:00.2";
        vf.device = 0x101e;
        vf.physical_function = "0000:08:00.0";
        ASSERT_TRUE(tree_->add_device(vf));
    }

    std::string contents(const std::string& path) const {
        std::ifstream file(tree_->root() + "/" + path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    bool exists(const std::string& path) const {
        std::error_code error;
        return fs::exists(fs::symlink_status(tree_->root() + "/" + path, error));
    }
    /// All that there is, but for links to real devices.
    std::set<std::string> all() const {
        std::set<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(tree_->root())) {
            names.insert(entry.path().string());
        }
        return names;
    }

    const std::string directory_;
    std::unique_ptr<SysfsTree> tree_;
};

TEST_F(SysfsTreeTest, FunctionsPointAtEachOther) {
    add_pf();
    add_vf();
    const std::string devices = "bus/pci/devices/";
    EXPECT_EQ(contents(devices + "0000:08:00.2/physfn/device"), "0x101d\n");
    EXPECT_EQ(contents(devices + "0000:08:00.0/virtfn0/device"), "0x101e\n");
    EXPECT_EQ(contents("bus/pci/drivers/mlx5_core/0000:08:00.0/sriov_totalvfs"), "8\n");
    EXPECT_FALSE(exists(devices + "0000:08:00.2/sriov_numvfs"));
    const std::string config = contents(devices + "0000:08:00.0/config");
    EXPECT_EQ(config.substr(0, 4), std::string("\xb3\x15\x1d\x10"));
}

TEST_F(SysfsTreeTest, OnlyAttributesMayBeWritten) {
    add_pf();
    const auto mode = [&](const char* name) {
        struct stat status {};
        ::stat((tree_->root() + "/bus/pci/devices/0000:08:00.0/" + name).c_str(), &status);
        return status.st_mode & 0777;
    };
    EXPECT_EQ(mode("sriov_numvfs"), 0644U);
    EXPECT_EQ(mode("sriov_totalvfs"), 0444U);
    ASSERT_TRUE(tree_->set_num_vfs("0000:08:00.0", 3));
    EXPECT_EQ(contents("bus/pci/devices/0000:08:00.0/sriov_numvfs"), "3\n");
    EXPECT_EQ(mode("sriov_numvfs"), 0644U);
}

TEST_F(SysfsTreeTest, NetdevShowsItsDeviceAndTheRealRest) {
    add_pf();
    ASSERT_TRUE(tree_->set_netdev({"lo", "0000:08:00.0", "0011", "p0", 1}));
    EXPECT_EQ(contents("class/net/lo/phys_switch_id"), "0011\n");
    EXPECT_EQ(contents("class/net/lo/dev_port"), "1\n");
    EXPECT_EQ(contents("class/net/lo/device/vendor"), "0x15b3\n");
    EXPECT_EQ(contents("class/net/lo/ifindex"), "1\n");
    ASSERT_TRUE(tree_->set_netdev({"lo", "0000:08:00.0", "", "", 0}));
    EXPECT_NE(contents("class/net/lo/phys_switch_id"), "0011\n");
    tree_->remove_netdev("lo");
    EXPECT_FALSE(exists("class/net/lo"));
}

TEST_F(SysfsTreeTest, RemovalLeavesNothing) {
    add_pf();
    const auto before = all();
    add_vf();
    ASSERT_TRUE(tree_->add_subfunction("mlx5_core.sf.2", "0000:08:00.0", 88));
    EXPECT_EQ(contents("bus/auxiliary/devices/mlx5_core.sf.2/sfnum"), "88\n");
    ASSERT_TRUE(tree_->add_auxiliary("mlx5_core.eth.2", "mlx5_core.sf.2"));
    EXPECT_EQ(tree_->device_path("mlx5_core.eth.2"),
              tree_->device_path("0000:08:00.0") + "/mlx5_core.sf.2/mlx5_core.eth.2");
    EXPECT_FALSE(tree_->add_auxiliary("mlx5_core.eth.3", "mlx5_core.sf.3"));
    ASSERT_TRUE(tree_->set_netdev({"lo", "0000:08:00.2", "", "", 0}));
    SysfsTree::Infiniband infiniband;
    infiniband.name = "mlx5_7";
    infiniband.device = "0000:08:00.2";
    infiniband.uverbs = 7;
    infiniband.ports.push_back({});
    ASSERT_TRUE(tree_->set_infiniband(infiniband));
    EXPECT_EQ(contents("class/infiniband_verbs/uverbs7/ibdev"), "mlx5_7\n");
    EXPECT_EQ(contents("class/infiniband/mlx5_7/ports/1/state"), "1: DOWN\n");
    tree_->remove_device("mlx5_core.eth.2");
    tree_->remove_device("mlx5_core.sf.2");
    tree_->remove_device("0000:08:00.2");
    EXPECT_EQ(all(), before);
}

TEST_F(SysfsTreeTest, RdmaDeviceHasWhatTheKernelShows) {
    add_pf();
    SysfsTree::Infiniband infiniband;
    infiniband.name = "mlx5_0";
    infiniband.device = "0000:08:00.0";
    infiniband.uverbs = 33;
    infiniband.minor = 225;
    infiniband.gid_table_length = 4;
    infiniband.ports.push_back({1, false, "p0", "fe80:0000:0000:0000:0000:0000:0000:0001"});
    ASSERT_TRUE(tree_->set_infiniband(infiniband));
    EXPECT_EQ(contents("class/infiniband_verbs/uverbs33/dev"), "231:225\n");
    const std::string port = "class/infiniband/mlx5_0/ports/1/";
    EXPECT_EQ(contents(port + "gids/1"), "fe80:0000:0000:0000:0000:0000:0000:0001\n");
    EXPECT_EQ(contents(port + "gids/3"), "0000:0000:0000:0000:0000:0000:0000:0000\n");
    EXPECT_FALSE(exists(port + "gids/4"));
    EXPECT_EQ(contents(port + "gid_attrs/types/0"), "IB/RoCE v1\n");
    EXPECT_EQ(contents(port + "gid_attrs/types/1"), "RoCE v2\n");
    EXPECT_EQ(contents(port + "gid_attrs/ndevs/1"), "p0\n");

    // The netdev goes: its GIDs go with it, and nothing else changes.
    ASSERT_TRUE(tree_->set_infiniband_port(infiniband, {1, true, "", ""}));
    EXPECT_EQ(contents(port + "state"), "4: ACTIVE\n");
    EXPECT_EQ(contents(port + "gids/0"), "0000:0000:0000:0000:0000:0000:0000:0000\n");
    EXPECT_FALSE(exists(port + "gid_attrs/ndevs/0"));
}

// mlx5_port_rep_immutable(): raw packet only.
TEST_F(SysfsTreeTest, PortsOfRepresentorsHaveNoGids) {
    add_pf();
    SysfsTree::Infiniband infiniband;
    infiniband.name = "mlx5_0";
    infiniband.device = "0000:08:00.0";
    infiniband.ports = {{1, false, "", ""}, {2, true, "pf0vf0", ""}};
    ASSERT_TRUE(tree_->set_infiniband(infiniband));
    EXPECT_TRUE(exists("class/infiniband/mlx5_0/ports/2/gids"));
    EXPECT_FALSE(exists("class/infiniband/mlx5_0/ports/2/gids/0"));
    EXPECT_EQ(contents("class/infiniband/mlx5_0/ports/2/phys_state"), "5: LinkUp\n");
    EXPECT_EQ(contents("class/infiniband/mlx5_0/ports/2/cap_mask"), "0x00000000\n");
}

TEST_F(SysfsTreeTest, WhatIsNotThereIsAnError) {
    SysfsTree::PciDevice nonsense;
    nonsense.address = "eth0";
    EXPECT_EQ(tree_->add_device(nonsense).error().code, EINVAL);
    EXPECT_EQ(tree_->set_netdev({"lo", "0000:09:00.0", "", "", 0}).error().code, ENODEV);
    EXPECT_EQ(tree_->set_num_vfs("0000:09:00.0", 1).error().code, ENODEV);
    EXPECT_EQ(tree_->add_subfunction("mlx5_core.sf.3", "0000:09:00.0", 1).error().code, ENODEV);
    tree_->remove_device("0000:09:00.0");
    tree_->remove_netdev("nosuchdev");
    tree_->remove_infiniband("mlx5_9", 9);
}

}  // namespace
}  // namespace esw::sim::test
