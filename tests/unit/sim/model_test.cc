// SPDX-License-Identifier: Apache-2.0
// The order of notifications against what the kernel's functions do, named at each table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/fake_netdevs.h"

namespace esw::sim::test {
namespace {

using testing::ElementsAre;

constexpr KernelVersion kOld{6, 1};
constexpr KernelVersion kNew{6, 12};

// mlx5_eswitch_enable_locked(): rescan_drivers takes the RDMA device away, the uplink's
// representor brings another (ib_rep.c; port 12 = PF + 8 VFs + 2 SFs + uplink), then
// esw_offloads_load_rep() for each VF: devl_port_register(), devl_rate_leaf_create(),
// register_netdev(), devlink_port_type_eth_set(), the RDMA side.
TEST(ModeSet, TellsInTheOrderOfLinux61) {
    FakeAdapter fake(kOld, 1);
    EXPECT_EQ(fake.mode_set(kModeSwitchdev), "done");
    EXPECT_THAT(
        fake.recorder.log,
        ElementsAre("uverbs - uverbs0", "RDMA - mlx5_0", "uverbs + uverbs0", "RDMA + mlx5_0",
                    "RDMA attach mlx5_0/12", "PORT_NEW 1 notset", "RATE_NEW 1", "netdev + pf0vf0",
                    "PORT_NEW 1 eth pf0vf0", "RDMA attach mlx5_0/2"));
}

// The same with devlink_port_netdevice_event() (net/devlink/port.c): NETDEV_POST_INIT,
// NETDEV_REGISTER.
TEST(ModeSet, TellsInTheOrderOfLinux612) {
    FakeAdapter fake(kNew, 1);
    EXPECT_EQ(fake.mode_set(kModeSwitchdev), "done");
    EXPECT_THAT(
        fake.recorder.log,
        ElementsAre("uverbs - uverbs0", "RDMA - mlx5_0", "uverbs + uverbs0", "RDMA + mlx5_0",
                    "RDMA attach mlx5_0/12", "PORT_NEW 1 notset", "RATE_NEW 1", "PORT_NEW 1 eth",
                    "netdev + pf0vf0", "PORT_NEW 1 eth pf0vf0", "RDMA attach mlx5_0/2"));
}

// mlx5_eswitch_disable_locked(): esw_offloads_unload_rep() (the RDMA side first,
// devlink_port_type_clear(), unregister_netdev(), devl_rate_leaf_destroy(),
// devl_port_unregister()), the uplink's RDMA side and with it the device, then rescan_drivers.
TEST(ModeSet, GoesBackInTheOrderOfLinux61) {
    FakeAdapter fake(kOld, 1);
    fake.mode_set(kModeSwitchdev);
    fake.recorder.log.clear();
    EXPECT_EQ(fake.mode_set(kModeLegacy), "done");
    EXPECT_THAT(
        fake.recorder.log,
        ElementsAre("RDMA detach mlx5_0/2", "PORT_NEW 1 notset", "netdev - pf0vf0", "RATE_DEL 1",
                    "PORT_DEL 1 notset", "RDMA detach mlx5_0/12", "uverbs - uverbs0",
                    "RDMA - mlx5_0", "uverbs + uverbs0", "RDMA + mlx5_0", "RDMA attach mlx5_0/1"));
}

// NETDEV_UNREGISTER takes the netdev from the port, NETDEV_PRE_UNINIT the type.
TEST(ModeSet, GoesBackInTheOrderOfLinux612) {
    FakeAdapter fake(kNew, 1);
    fake.mode_set(kModeSwitchdev);
    fake.recorder.log.clear();
    EXPECT_EQ(fake.mode_set(kModeLegacy), "done");
    EXPECT_THAT(fake.recorder.log,
                ElementsAre("RDMA detach mlx5_0/2", "PORT_NEW 1 eth", "netdev - pf0vf0",
                            "PORT_NEW 1 notset", "RATE_DEL 1", "PORT_DEL 1 notset",
                            "RDMA detach mlx5_0/12", "uverbs - uverbs0", "RDMA - mlx5_0",
                            "uverbs + uverbs0", "RDMA + mlx5_0", "RDMA attach mlx5_0/1"));
}

TEST(ModeSet, OfTheSameModeIsSilent) {
    FakeAdapter fake(kOld, 2);
    EXPECT_EQ(fake.mode_set(kModeLegacy), "done");
    EXPECT_TRUE(fake.recorder.log.empty());
}

TEST(ModeSet, ThatFailsInTheMiddleLeavesLegacyMode) {
    FakeAdapter fake(kOld, 3);
    Points::Fault fault;
    fault.point = "rep.load";
    fault.error = ENOMEM;
    fault.after = 1;
    ASSERT_TRUE(fake.points.add_fault(fault));
    EXPECT_EQ(fake.mode_set(kModeSwitchdev), "ENOMEM");
    EXPECT_EQ(fake.pf().mode, kModeLegacy);
    EXPECT_EQ(fake.pf().instance->ports.size(), 1u);
    EXPECT_TRUE(fake.pf().instance->rates.empty());
    EXPECT_FALSE(fake.netdevs.find("pf0vf0"));
    ASSERT_TRUE(fake.pf().ib);
    EXPECT_EQ(fake.pf().ib->port_count, 1u);
    EXPECT_EQ(fake.mode_set(kModeSwitchdev), "done");
    EXPECT_TRUE(fake.netdevs.find("pf0vf2"));
}

TEST(ModeSet, ThatIsHeldGoesOnWhenTheGateOpens) {
    FakeAdapter fake(kOld, 2);
    ASSERT_TRUE(fake.points.close("rep.load", ""));
    std::string outcome = "waits";
    fake.adapter
        ->mode_set(*fake.pf().instance, kModeSwitchdev,
                   [&](const Status& status) { outcome = status ? "done" : "failed"; })
        ->run();
    EXPECT_EQ(outcome, "waits");
    EXPECT_EQ(fake.recorder.log.back(), "RATE_NEW 1");
    ASSERT_TRUE(fake.points.open("rep.load", ""));
    EXPECT_EQ(outcome, "done");
    EXPECT_TRUE(fake.netdevs.find("pf0vf1"));
}

// sriov_numvfs_store() (drivers/pci/pci-sysfs.c).
TEST(NumVfs, RefusesWhatThePciCoreRefuses) {
    FakeAdapter fake(kOld, 2);
    EXPECT_EQ(fake.num_vfs(2), "done");
    EXPECT_TRUE(fake.recorder.log.empty());
    EXPECT_EQ(fake.num_vfs(3), "EBUSY");
    EXPECT_EQ(fake.num_vfs(9), "ERANGE");
    EXPECT_EQ(fake.num_vfs(0), "done");
    EXPECT_EQ(fake.num_vfs(8), "done");
}

// mlx5_sriov_disable(): the functions go before their representors; the mode stays.
TEST(NumVfs, ZeroInSwitchdevTakesFunctionsThenRepresentors) {
    FakeAdapter fake(kOld, 1);
    fake.mode_set(kModeSwitchdev);
    fake.recorder.log.clear();
    EXPECT_EQ(fake.num_vfs(0), "done");
    EXPECT_THAT(fake.recorder.log,
                ElementsAre("netdev - p0v0", "RDMA detach mlx5_0/2", "PORT_NEW 1 notset",
                            "netdev - pf0vf0", "RATE_DEL 1", "PORT_DEL 1 notset"));
    EXPECT_EQ(fake.pf().mode, kModeSwitchdev);
}

// remove_one(): devlink_unregister() tells all that there is, last first, before anything goes.
TEST(PciRemove, TellsBeforeTheNetdevsGoInLinux61) {
    FakeAdapter fake(kOld, 0);
    fake.adapter->pci_remove(fake.pf(), [](const Status& status) { EXPECT_TRUE(status); });
    EXPECT_THAT(fake.recorder.log, ElementsAre("PORT_DEL 65535 eth p0", "DEV_DEL 0000:08:00.0",
                                               "uverbs - uverbs0", "RDMA - mlx5_0", "netdev - p0"));
}

// mlx5_uninit_one() since 6.7: the devlink instance is unregistered last.
TEST(PciRemove, TellsAsItGoesInLinux612) {
    FakeAdapter fake(kNew, 0);
    fake.adapter->pci_remove(fake.pf(), [](const Status& status) { EXPECT_TRUE(status); });
    EXPECT_THAT(
        fake.recorder.log,
        ElementsAre("uverbs - uverbs0", "RDMA - mlx5_0", "PORT_NEW 65535 eth", "netdev - p0",
                    "PORT_NEW 65535 notset", "PORT_DEL 65535 notset", "DEV_DEL 0000:08:00.0"));
}

TEST(PciAdd, BringsBackVfsAndMode) {
    FakeAdapter fake(kOld, 2);
    fake.mode_set(kModeSwitchdev);
    const auto expect_success = [](const Status& status) { EXPECT_TRUE(status); };
    fake.adapter->pci_remove(fake.pf(), expect_success);
    EXPECT_FALSE(fake.netdevs.find("p0"));
    EXPECT_TRUE(fake.netdevs.find("wire0"));
    fake.adapter->pci_add(fake.pf(), true, expect_success);
    EXPECT_EQ(fake.pf().mode, kModeSwitchdev);
    EXPECT_TRUE(fake.netdevs.find("pf0vf1"));
    fake.adapter->pci_remove(fake.pf(), expect_success);
    fake.adapter->pci_add(fake.pf(), false, expect_success);
    EXPECT_EQ(fake.pf().mode, kModeLegacy);
    EXPECT_EQ(fake.pf().num_vfs, 0u);
}

// mlx5e_rep_open(), mlx5e_rep_close(): the representor's IFF_UP is the vport's link.
TEST(Links, OfAVfFollowItsRepresentorInSwitchdevMode) {
    FakeAdapter fake(kOld, 1);
    Netdev* const function = fake.netdevs.find("p0v0");
    EXPECT_TRUE(function->carrier);
    fake.mode_set(kModeSwitchdev);
    EXPECT_FALSE(function->carrier);
    Netdev* const rep = fake.netdevs.find("pf0vf0");
    rep->admin_up = true;
    fake.adapter->netdev_admin_changed(*rep);
    EXPECT_TRUE(function->carrier);
    ASSERT_TRUE(
        fake.adapter->set_link(*fake.adapter->find_target("pci/0000:08:00.0/pf0vf0"), false));
    EXPECT_FALSE(function->carrier);
    EXPECT_FALSE(rep->carrier);
    fake.mode_set(kModeLegacy);
    ASSERT_TRUE(
        fake.adapter->set_link(*fake.adapter->find_target("pci/0000:08:00.0/pf0vf0"), true));
    EXPECT_TRUE(function->carrier);
    ASSERT_TRUE(fake.adapter->set_link(*fake.adapter->find_target("pci/0000:08:00.0/p0"), false));
    EXPECT_FALSE(function->carrier);
}

TEST(Targets, ThatAreNotThereAreNamedWithThoseThatAre) {
    FakeAdapter fake(kOld, 1);
    EXPECT_EQ(fake.adapter->find_target("pci/0000:08:00.0/pf0vf1").error().to_string(),
              "\"pf0vf1\": pci/0000:08:00.0 has no such port; there are p0, pf0vf0 "
              "(No such device)");
    EXPECT_FALSE(fake.adapter->find_target("pf0vf0"));
    EXPECT_FALSE(fake.adapter->find_target("pci/0000:09:00.0/p0"));
}

}  // namespace
}  // namespace esw::sim::test
