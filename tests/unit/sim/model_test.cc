// SPDX-License-Identifier: Apache-2.0
// The order of notifications against what the kernel's functions do, named at each table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/fake_netdevs.h"
#include "utilities/esw-sim/devlink_encode.h"

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

// mlx5_uninit_one() since 6.7: the devlink instance is unregistered last, that of the Ethernet
// auxiliary device in mlx5e_remove().
TEST(PciRemove, TellsAsItGoesInLinux612) {
    FakeAdapter fake(kNew, 0);
    EXPECT_EQ(fake.pci_remove(), "done");
    EXPECT_THAT(fake.recorder.log, ElementsAre("uverbs - uverbs0", "RDMA - mlx5_0",
                                               "PORT_NEW mlx5_core.eth.0/65535 eth", "netdev - p0",
                                               "PORT_NEW mlx5_core.eth.0/65535 notset",
                                               "PORT_DEL mlx5_core.eth.0/65535 notset",
                                               "DEV_DEL mlx5_core.eth.0", "DEV_DEL 0000:08:00.0"));
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

// probe_one(): mlx5e_probe() in the middle of mlx5_init_one(). What is nested is told when
// mlx5_init_one() has given the lock back (devlink_rel_nested_in_notify_work()).
TEST(EthernetInstance, ComesBehindThatOfTheFunctionInLinux612) {
    FakeAdapter fake(kNew, 0);
    fake.pci_remove();
    fake.recorder.log.clear();
    EXPECT_EQ(fake.pci_add(), "done");
    EXPECT_THAT(
        fake.recorder.log,
        ElementsAre("DEV_NEW 0000:08:00.0", "DEV_NEW mlx5_core.eth.0",
                    "PORT_NEW mlx5_core.eth.0/65535 notset", "PORT_NEW mlx5_core.eth.0/65535 eth",
                    "netdev + p0", "PORT_NEW mlx5_core.eth.0/65535 eth p0", "uverbs + uverbs0",
                    "RDMA + mlx5_0", "RDMA attach mlx5_0/1", "DEV_NEW 0000:08:00.0"));
}

// devlink_register() of the function is the end of probe_one() and devlink_unregister() the
// beginning of remove_one(), and nothing is nested. A dump goes by the numbers of devlink_alloc().
TEST(EthernetInstance, OutlivesThatOfTheFunctionInLinux64) {
    FakeAdapter fake(KernelVersion{6, 4}, 0);
    EXPECT_EQ(fake.pci_remove(), "done");
    EXPECT_EQ(fake.pci_add(), "done");
    EXPECT_THAT(fake.recorder.log,
                ElementsAre("DEV_DEL 0000:08:00.0", "uverbs - uverbs0", "RDMA - mlx5_0",
                            "PORT_NEW mlx5_core.eth.0/65535 eth", "netdev - p0",
                            "PORT_NEW mlx5_core.eth.0/65535 notset",
                            "PORT_DEL mlx5_core.eth.0/65535 notset", "DEV_DEL mlx5_core.eth.0",
                            "DEV_NEW mlx5_core.eth.0", "PORT_NEW mlx5_core.eth.0/65535 notset",
                            "PORT_NEW mlx5_core.eth.0/65535 eth", "netdev + p0",
                            "PORT_NEW mlx5_core.eth.0/65535 eth p0", "uverbs + uverbs0",
                            "RDMA + mlx5_0", "RDMA attach mlx5_0/1", "DEV_NEW 0000:08:00.0"));
    ASSERT_EQ(fake.adapter->instances().size(), 2u);
    EXPECT_EQ(fake.adapter->instances()[0]->device, "0000:08:00.0");
    EXPECT_EQ(fake.adapter->instances()[1]->device, "mlx5_core.eth.0");
}

// mlx5_unload_one_devl_locked(): del_adev(), and add_adev() with the same number on the way up. Of
// each of the two the function's instance tells when the request has given the lock back.
TEST(EthernetInstance, GoesAndComesInAReload) {
    FakeAdapter fake(kNew, 0);
    EXPECT_EQ(fake.reload(), "done");
    EXPECT_THAT(
        fake.recorder.log,
        ElementsAre("uverbs - uverbs0", "RDMA - mlx5_0", "PORT_NEW mlx5_core.eth.0/65535 eth",
                    "netdev - p0", "PORT_NEW mlx5_core.eth.0/65535 notset",
                    "PORT_DEL mlx5_core.eth.0/65535 notset", "DEV_DEL mlx5_core.eth.0",
                    "DEV_NEW mlx5_core.eth.0", "PORT_NEW mlx5_core.eth.0/65535 notset",
                    "PORT_NEW mlx5_core.eth.0/65535 eth", "netdev + p0",
                    "PORT_NEW mlx5_core.eth.0/65535 eth p0", "uverbs + uverbs0", "RDMA + mlx5_0",
                    "RDMA attach mlx5_0/1", "DEV_NEW 0000:08:00.0", "DEV_NEW 0000:08:00.0",
                    "DEV_NEW 0000:08:00.0"));
}

TEST(EthernetInstance, ThatFailedToComeComesWithTheNextReload) {
    FakeAdapter fake(kNew, 0);
    ASSERT_TRUE(fake.add_fault("devlink.reload_up", ENOMEM));
    EXPECT_EQ(fake.reload(), "ENOMEM");
    EXPECT_FALSE(fake.pf().instance->ethernet);
    EXPECT_EQ(fake.adapter->instances().size(), 1u);
    EXPECT_EQ(fake.reload(), "done");
    ASSERT_TRUE(fake.pf().instance->ethernet);
    EXPECT_EQ(fake.pf().instance->ethernet->ports.size(), 1u);
    EXPECT_EQ(fake.adapter->instances().size(), 2u);
}

// Representors stay where they were; a VF's own port has an instance with the VF's number.
TEST(EthernetInstance, HasThePortOfItsFunction) {
    FakeAdapter fake(kNew, 1, true);
    fake.mode_set(kModeSwitchdev);
    const Instance& uplink = *fake.pf().instance->ethernet;
    EXPECT_EQ(uplink.handle(), "auxiliary/mlx5_core.eth.0");
    ASSERT_EQ(uplink.ports.size(), 1u);
    EXPECT_EQ(uplink.ports[0]->flavour, DEVLINK_PORT_FLAVOUR_PHYSICAL);
    ASSERT_EQ(fake.pf().instance->ports.size(), 1u);
    EXPECT_EQ(fake.pf().instance->ports[0]->flavour, DEVLINK_PORT_FLAVOUR_PCI_VF);
    const Instance& vf = *fake.pf().vports.at(1)->instance;
    EXPECT_TRUE(vf.ports.empty());
    EXPECT_EQ(vf.ethernet->handle(), "auxiliary/mlx5_core.eth.1");
    ASSERT_EQ(vf.ethernet->ports.size(), 1u);
    EXPECT_EQ(vf.ethernet->ports[0]->index, 1u << 16);
    EXPECT_EQ(vf.ethernet->ports[0]->flavour, DEVLINK_PORT_FLAVOUR_VIRTUAL);
    EXPECT_EQ(fake.num_vfs(0), "done");
    EXPECT_EQ(fake.adapter->instances().size(), 2u);
}

// mlx5_sf_dev_probe(): mdev->priv.adev_idx is the number of the SF's auxiliary device.
TEST(EthernetInstance, OfAnSfHasItsNumber) {
    FakeAdapter fake(kNew, 0);
    fake.mode_set(kModeSwitchdev);
    uint32_t index = 0;
    fake.adapter->sf_new(*fake.pf().instance, {88, &index}, [](const Status&) {})->run();
    Vport& sf = *fake.pf().vports.at(kFirstSfVport);
    ASSERT_TRUE(fake.adapter->sf_state_set(sf, true));
    fake.adapter->settle_sf(fake.pf(), sf.number);
    EXPECT_EQ(sf.instance->handle(), "auxiliary/mlx5_core.sf.1");
    EXPECT_EQ(sf.instance->ethernet->handle(), "auxiliary/mlx5_core.eth.1");
    ASSERT_TRUE(fake.adapter->sf_state_set(sf, false));
    fake.adapter->settle_sf(fake.pf(), sf.number);
    EXPECT_EQ(fake.adapter->instances().size(), 2u);
}

// The number is the lowest that is free (mlx5_adev_ida), not that of the PF.
TEST(EthernetInstance, NumberIsFreeWhenItsPfHasGone) {
    Topology topology = *Topology::simple(2, 0, "");
    topology.kernel = kNew;
    FakeAdapter fake(topology);
    fake.pci_remove(0);
    fake.pci_remove(1);
    fake.pci_add(1);
    fake.pci_add(0);
    EXPECT_EQ(fake.pf(1).instance->ethernet->device, "mlx5_core.eth.0");
    EXPECT_EQ(fake.pf(0).instance->ethernet->device, "mlx5_core.eth.1");
    fake.pci_remove(1);
    fake.pci_add(1);
    EXPECT_EQ(fake.pf(1).instance->ethernet->device, "mlx5_core.eth.0");
}

// devlink_port_unregister() takes the lock of the instance that has the port.
TEST(EthernetInstance, WaitsWithItsPortForWhoHasItsLock) {
    FakeAdapter fake(kNew, 0);
    KernelLock::Release held;
    fake.pf().instance->ethernet->lock.acquire(
        [&held](const KernelLock::Release& release) { held = release; });
    const auto outcome = std::make_shared<std::string>("waits");
    fake.adapter->pci_remove(fake.pf(), FakeAdapter::store(outcome));
    EXPECT_EQ(*outcome, "waits");
    EXPECT_THAT(fake.recorder.log, ElementsAre("uverbs - uverbs0", "RDMA - mlx5_0"));
    held();
    EXPECT_EQ(*outcome, "done");
    EXPECT_TRUE(fake.adapter->instances().empty());
}

// NETDEV_CHANGENAME.
TEST(EthernetInstance, TellsOfTheUplinksNewName) {
    FakeAdapter fake(kNew, 0);
    fake.adapter->netdev_moved_or_renamed(*fake.pf().uplink);
    EXPECT_THAT(fake.recorder.log, ElementsAre("PORT_NEW mlx5_core.eth.0/65535 eth p0"));
}

TEST(EthernetInstance, IsNotInLinux62) {
    FakeAdapter fake(KernelVersion{6, 2}, 1, true);
    EXPECT_FALSE(fake.pf().instance->ethernet);
    EXPECT_EQ(fake.pf().instance->ports.at(0)->index, kUplinkVport);
    EXPECT_EQ(fake.adapter->instances().size(), 2u);
}

// What a message about an instance ends with: nothing or DEVLINK_ATTR_NESTED_DEVLINK
// (devlink_nl_nested_fill()).
std::string nested_in_message(KernelVersion kernel) {
    FakeAdapter fake(kernel, 0);
    DevlinkView view;
    view.adapter = fake.adapter.get();
    const Bytes message = encode_device(view, DEVLINK_CMD_NEW, *fake.pf().instance);
    const std::string text(reinterpret_cast<const char*>(message.data()), message.size());
    const std::string nest{40, 0, static_cast<char>(DEVLINK_ATTR_NESTED_DEVLINK & 0xff),
                           static_cast<char>(0x80)};
    const size_t at = text.size() >= 40 ? text.size() - 40 : 0;
    return text.substr(at, 4) == nest ? text.substr(at + 4) : "";
}

TEST(EthernetInstance, IsNamedAsNestedSinceLinux67) {
    using namespace std::string_literals;
    EXPECT_EQ(nested_in_message({6, 6}), "");
    EXPECT_EQ(nested_in_message({6, 7}),
              "\x0e\0\x01\0auxiliary\0\0\0"
              "\x14\0\x02\0mlx5_core.eth.0\0"s);
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
