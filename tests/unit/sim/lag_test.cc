// SPDX-License-Identifier: Apache-2.0
// LAG and the multiport eswitch: lag.c, mpesw.c and ib_rep.c of Linux. Two PFs with 8 VFs and 2 SFs
// each there can be: 12 vports, the uplink's the last.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/fake_netdevs.h"
#include "utilities/esw-sim/device_host.h"

namespace esw::sim::test {
namespace {

using testing::ElementsAre;

constexpr KernelVersion kOld{6, 1};
constexpr KernelVersion kNew{6, 12};
constexpr KernelVersion kNewest{6, 19};
constexpr char kPf0[] = "pci/0000:08:00.0";
constexpr char kPf1[] = "pci/0000:08:00.1";

Topology two_pfs(KernelVersion kernel, uint32_t vfs = 1, uint16_t mode = kModeSwitchdev) {
    Topology topology = *Topology::simple(2, vfs, "");
    topology.kernel = kernel;
    topology.bind_vfs = false;
    for (PfTopology& pf : topology.pfs) {
        pf.max_sfs = 2;
        pf.mode = mode;
    }
    return topology;
}

struct LagTest : FakeAdapter {
    using FakeAdapter::FakeAdapter;

    std::string multiport(bool on) {
        const auto outcome = std::make_shared<std::string>("waits");
        adapter->multiport_set(on, store(outcome));
        return *outcome;
    }
    std::string bond(bool on) {
        const auto outcome = std::make_shared<std::string>("waits");
        adapter->bond(on, store(outcome));
        return *outcome;
    }
    std::string lag() const { return adapter->lag().name(); }
    std::vector<std::string> devices() const {
        std::vector<std::string> names;
        for (const auto& [index, device] : adapter->ib_devices()) {
            names.push_back(fmt::format("{} {}", device->name, device->port_count));
        }
        return names;
    }
    bool parameter(size_t number) {
        return std::get<bool>(pf(number).instance->param("esw_multiport")->value);
    }
    void remove(size_t number) {
        adapter->pci_remove(pf(number), [](const Status& status) { EXPECT_TRUE(status); });
    }
    void add(size_t number) {
        adapter->pci_add(pf(number), true, [](const Status& status) { EXPECT_TRUE(status); });
    }
};

// enable_mpesw(): mlx5_lag_remove_devices(), then the master's device, then the representors of
// the others.
TEST(Multiport, MakesOneDeviceOfTwo) {
    LagTest fake(two_pfs(kNew));
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12", "mlx5_1 12"));
    EXPECT_EQ(fake.multiport(true), "done");
    EXPECT_THAT(
        fake.recorder.log,
        ElementsAre("RDMA detach mlx5_0/2", "RDMA detach mlx5_0/12", "uverbs - uverbs0",
                    "RDMA - mlx5_0", "RDMA detach mlx5_1/2", "RDMA detach mlx5_1/12",
                    "uverbs - uverbs1", "RDMA - mlx5_1", "uverbs + uverbs0", "RDMA + mlx5_bond_0",
                    "RDMA attach mlx5_bond_0/12", "RDMA attach mlx5_bond_0/2",
                    "RDMA attach mlx5_bond_0/24", "RDMA attach mlx5_bond_0/14"));
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_bond_0 24"));
    EXPECT_TRUE(fake.parameter(0));
    EXPECT_TRUE(fake.parameter(1));
    EXPECT_EQ(fake.multiport(false), "done");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12", "mlx5_1 12"));
    EXPECT_FALSE(fake.parameter(1));
}

TEST(Multiport, IsRefusedWithoutItsPrerequisites) {
    LagTest legacy(two_pfs(kNew, 0, kModeLegacy));
    EXPECT_EQ(legacy.multiport(true), "EOPNOTSUPP");
    legacy.mode_set(kModeSwitchdev, 0);
    EXPECT_EQ(legacy.multiport(true), "EOPNOTSUPP");
    legacy.mode_set(kModeSwitchdev, 1);
    legacy.pf(1).instance->param("esw_port_metadata")->value = false;
    EXPECT_EQ(legacy.multiport(true), "EOPNOTSUPP");
    legacy.pf(1).instance->param("esw_port_metadata")->value = true;
    legacy.recorder.log.clear();
    EXPECT_EQ(legacy.multiport(false), "done");
    EXPECT_TRUE(legacy.recorder.log.empty());
    EXPECT_EQ(legacy.multiport(true), "done");
}

// mlx5_lag_mpesw_queue_work(): without a LAG object, success and nothing else.
TEST(Multiport, OfOnePortDoesNothing) {
    LagTest fake(kNew, 1);
    fake.mode_set(kModeSwitchdev);
    EXPECT_EQ(fake.multiport(true), "done");
    EXPECT_FALSE(fake.parameter(0));
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12"));
}

TEST(Multiport, TwiceIsAnErrorOfOlderKernels) {
    LagTest older(two_pfs(kNew));
    older.multiport(true);
    EXPECT_EQ(older.multiport(true), "EINVAL");
    LagTest newest(two_pfs(kNewest));
    newest.multiport(true);
    newest.recorder.log.clear();
    EXPECT_EQ(newest.multiport(true), "done");
    EXPECT_TRUE(newest.recorder.log.empty());
}

// mlx5_lag_disable_change(): a mode set, even of the same mode, ends it, and nothing brings it
// back.
TEST(Multiport, EndsWithAModeSet) {
    LagTest fake(two_pfs(kNew));
    fake.multiport(true);
    EXPECT_EQ(fake.mode_set(kModeSwitchdev, 1), "done");
    EXPECT_EQ(fake.lag(), "none");
    EXPECT_FALSE(fake.parameter(0));
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12", "mlx5_1 12"));
    fake.multiport(true);
    EXPECT_EQ(fake.mode_set(kModeLegacy, 1), "done");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12", "mlx5_1 1"));
}

// mlx5_mpesw_work(): EAGAIN while a mode changes; switching off is silent.
TEST(Multiport, DoesNotInterruptAModeSet) {
    LagTest fake(two_pfs(kNew, 1, kModeLegacy));
    fake.mode_set(kModeSwitchdev, 1);
    ASSERT_TRUE(fake.points.close("rep.load", ""));
    EXPECT_EQ(fake.mode_set(kModeSwitchdev, 0), "waits");
    EXPECT_EQ(fake.multiport(true), "EAGAIN");
    EXPECT_EQ(fake.multiport(false), "done");
    ASSERT_TRUE(fake.points.open("rep.load", ""));
    EXPECT_EQ(fake.multiport(true), "done");
}

// The LAG's own lock: who comes in the middle waits.
TEST(Multiport, HoldsUpAModeSetOfAPeer) {
    LagTest fake(two_pfs(kNew));
    ASSERT_TRUE(fake.points.close("lag.activate", ""));
    EXPECT_EQ(fake.multiport(true), "waits");
    EXPECT_TRUE(fake.devices().empty());
    EXPECT_EQ(fake.mode_set(kModeLegacy, 1), "waits");
    EXPECT_EQ(fake.pf(1).mode, kModeSwitchdev);
    ASSERT_TRUE(fake.points.open("lag.activate", ""));
    EXPECT_EQ(fake.pf(1).mode, kModeLegacy);
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12", "mlx5_1 1"));
}

// err_add_devices, err_rescan_drivers: wherever it fails, all is as before.
TEST(Multiport, ThatFailsPutsBothDevicesBack) {
    const std::tuple<const char*, const char*> steps[] = {{"rdma.detach", kPf0},
                                                          {"rdma.detach", kPf1},
                                                          {"lag.activate", kPf0},
                                                          {"rdma.attach", kPf0},
                                                          {"rdma.attach", kPf1}};
    for (const auto& [point, handle] : steps) {
        SCOPED_TRACE(fmt::format("{} of {}", point, handle));
        LagTest fake(two_pfs(kNew));
        ASSERT_TRUE(fake.add_fault(point, ENOMEM, handle));
        EXPECT_EQ(fake.multiport(true), "ENOMEM");
        EXPECT_EQ(fake.lag(), "none");
        EXPECT_FALSE(fake.parameter(0));
        EXPECT_EQ(fake.devices().size(), 2u);
        ASSERT_TRUE(fake.pf(1).ib);
        EXPECT_EQ(fake.pf(1).ib->netdevs.count(2), 1u);
        EXPECT_EQ(fake.pf(0).ib->port_count, 12u);
        EXPECT_EQ(fake.multiport(true), "done");
        EXPECT_THAT(fake.devices(), ElementsAre("mlx5_bond_0 24"));
    }
}

// mlx5_disable_lag(): when DESTROY_LAG fails, the devices stay away until another LAG brings them.
TEST(Multiport, ThatCannotBeLeftLeavesNoDevices) {
    LagTest fake(two_pfs(kNew));
    fake.multiport(true);
    ASSERT_TRUE(fake.add_fault("lag.deactivate", EIO));
    EXPECT_EQ(fake.multiport(false), "done");  // mlx5_lag_mpesw_disable() has no result
    EXPECT_EQ(fake.lag(), "none");
    EXPECT_TRUE(fake.devices().empty());
    EXPECT_EQ(fake.multiport(true), "done");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_bond_0 24"));
}

TEST(Multiport, EndsWhenAPfGoes) {
    for (const size_t number : {0u, 1u}) {
        SCOPED_TRACE(number);
        LagTest fake(two_pfs(kNew));
        fake.multiport(true);
        fake.remove(number);
        EXPECT_EQ(fake.lag(), "none");
        ASSERT_EQ(fake.devices().size(), 1u);
        EXPECT_EQ(fake.adapter->ib_devices().begin()->second->instance,
                  fake.pf(1 - number).instance.get());
        fake.add(number);
        EXPECT_EQ(fake.devices().size(), 2u);
        EXPECT_EQ(fake.lag(), "none");
    }
}

TEST(Multiport, TakesInVfsAndSfsThatComeLater) {
    LagTest fake(two_pfs(kNew, 0));
    fake.multiport(true);
    fake.recorder.log.clear();
    EXPECT_EQ(fake.num_vfs(1, 1), "done");
    EXPECT_THAT(fake.recorder.log, testing::Contains("RDMA attach mlx5_bond_0/14"));
    EXPECT_EQ(fake.num_vfs(0, 1), "done");
    EXPECT_THAT(fake.recorder.log, testing::Contains("RDMA detach mlx5_bond_0/14"));
    EXPECT_EQ(fake.lag(), "multiport_eswitch");
}

// mlx5_devlink_reload_down()
TEST(Multiport, RefusesAReload) {
    LagTest fake(two_pfs(kNew));
    fake.multiport(true);
    std::string text;
    fake.adapter
        ->reload(*fake.pf(1).instance,
                 [&text](const Status& status) { text = status ? "" : status.error().detail; })
        ->run();
    EXPECT_EQ(text, "mlx5_core: reload is unsupported in Lag mode");
}

// The master's RDMA driver has the ports of both.
TEST(Multiport, FollowsTheRdmaDriverOfTheMaster) {
    LagTest fake(two_pfs(kNew));
    fake.multiport(true);
    const auto done = [](const Status& status) { EXPECT_TRUE(status); };
    fake.adapter->rdma_unload(fake.pf(0), done);
    EXPECT_TRUE(fake.devices().empty());
    fake.adapter->rdma_load(fake.pf(0), done);
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_bond_0 24"));
    EXPECT_EQ(fake.pf(0).ib->netdevs.count(24), 1u);
}

// mlx5_do_bond(): the FDB is shared, and only one port stands for both uplinks.
TEST(Bond, SharesTheFdbOfSwitchdevPfs) {
    LagTest fake(two_pfs(kOld));
    EXPECT_EQ(fake.bond(true), "done");
    EXPECT_EQ(fake.lag(), "sriov");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_bond_0 23"));
    const auto& netdevs = fake.pf(0).ib->netdevs;
    EXPECT_EQ(netdevs.at(12)->name, "p0");
    EXPECT_EQ(netdevs.at(14)->name, "pf1vf0");
    EXPECT_EQ(netdevs.size(), 3u);
    EXPECT_EQ(fake.bond(false), "done");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12", "mlx5_1 12"));
}

// mlx5_lag_check_prereq() is asked again behind a mode change (mlx5_lag_enable_change()).
TEST(Bond, ComesBackWhenTheModesAgreeAgain) {
    LagTest fake(two_pfs(kOld));
    fake.bond(true);
    EXPECT_EQ(fake.mode_set(kModeLegacy, 1), "done");
    EXPECT_EQ(fake.lag(), "none");
    EXPECT_EQ(fake.mode_set(kModeSwitchdev, 1), "done");
    EXPECT_EQ(fake.lag(), "sriov");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_bond_0 23"));
}

// Without source metadata the FDBs stay apart, and so do the RDMA devices.
TEST(Bond, WithoutMetadataLeavesTheDevicesAlone) {
    LagTest fake(two_pfs(kOld));
    fake.pf(0).instance->param("esw_port_metadata")->value = false;
    fake.bond(true);
    EXPECT_EQ(fake.lag(), "sriov");
    EXPECT_TRUE(fake.recorder.log.empty());
}

// mlx5_lag_is_roce_lag()
TEST(Bond, OfLegacyPfsIsForRoceAndEndsWithTheFirstVf) {
    LagTest fake(two_pfs(kOld, 0, kModeLegacy));
    fake.bond(true);
    EXPECT_EQ(fake.lag(), "roce");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_bond_0 1"));
    EXPECT_EQ(fake.num_vfs(1, 1), "done");
    EXPECT_EQ(fake.lag(), "none");
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 1", "mlx5_1 1"));
}

TEST(Bond, ExcludesAMultiportEswitch) {
    LagTest fake(two_pfs(kNew));
    fake.bond(true);
    EXPECT_EQ(fake.multiport(true), "EINVAL");
    fake.bond(false);
    fake.multiport(true);
    fake.recorder.log.clear();
    fake.bond(true);
    EXPECT_EQ(fake.lag(), "multiport_eswitch");
    EXPECT_TRUE(fake.recorder.log.empty());
}

// A bond releases a netdev that goes; who wants it back adds it again.
TEST(Bond, EndsWhenAPfGoes) {
    LagTest fake(two_pfs(kOld));
    fake.bond(true);
    fake.remove(1);
    EXPECT_THAT(fake.devices(), ElementsAre("mlx5_0 12"));
    fake.add(1);
    EXPECT_EQ(fake.lag(), "none");
    EXPECT_EQ(fake.bond(true), "done");
    EXPECT_EQ(fake.lag(), "sriov");
}

// MLX5_LAG_OFFLOADS_SUPPORTED_PORTS
TEST(Bond, OfThreePortsWantsAKernelThatCan) {
    for (const auto& [kernel, lag] : {std::pair(kOld, "none"), std::pair(kNew, "sriov")}) {
        Topology topology = *Topology::simple(3, 0, "");
        topology.kernel = kernel;
        for (PfTopology& pf : topology.pfs) {
            pf.mode = kModeSwitchdev;
            pf.max_sfs = 2;
        }
        LagTest fake(topology);
        fake.bond(true);
        EXPECT_EQ(fake.lag(), lag);
    }
}

// mlx5_ib_vport_rep_load(): the ports of the third PF come behind those of the second, which has
// one less than in a multiport eswitch.
TEST(Lag, CountsThePortsOfThreePfs) {
    Topology topology = *Topology::simple(3, 1, "");
    topology.kernel = kNew;
    topology.bind_vfs = false;
    for (PfTopology& pf : topology.pfs) {
        pf.mode = kModeSwitchdev;
        pf.max_sfs = 2;
    }
    LagTest fake(topology);
    fake.bond(true);
    EXPECT_EQ(fake.pf(0).ib->port_count, 34u);
    EXPECT_EQ(fake.pf(0).ib->netdevs.at(12 + 11 + 2)->name, "pf2vf0");
    fake.bond(false);
    fake.multiport(true);
    EXPECT_EQ(fake.pf(0).ib->port_count, 36u);
    EXPECT_EQ(fake.pf(0).ib->netdevs.at(12 + 12 + 2)->name, "pf2vf0");
    EXPECT_EQ(fake.pf(0).ib->netdevs.at(36)->name, "p2");
}

TEST(Lag, IsSeenByFirmwareAndUverbs) {
    LagTest fake(two_pfs(kNew));
    const FunctionHost function(*fake.adapter, *fake.pf(1).instance);
    EXPECT_FALSE(function.lag().active);
    EXPECT_EQ(function.vport(0xffff)->reg_c_0, 0x00010000u);
    fake.multiport(true);
    EXPECT_TRUE(function.lag().active);
    EXPECT_EQ(function.lag().port_select_mode, 2);
    EXPECT_EQ(function.lag().fdb_selection_mode, 1);
    EXPECT_EQ(function.vport(0xffff)->reg_c_0, 0x100d0000u);

    const Instance* asked = nullptr;
    const DeviceHost device(*fake.pf(0).ib, fake.points, [&asked](const Instance& instance) {
        asked = &instance;
        return nullptr;
    });
    EXPECT_EQ(device.port(2).vport, (VportId{0, 1}));
    EXPECT_FALSE(asked);
    EXPECT_EQ(device.port(24).vport, (VportId{1, 0xffff}));
    EXPECT_EQ(asked, fake.pf(1).instance.get());
    EXPECT_EQ(device.port(14).vport, (VportId{1, 1}));
    EXPECT_EQ(device.port(14).reg_c_0, 0x10030000u);
}

}  // namespace
}  // namespace esw::sim::test
