// SPDX-License-Identifier: Apache-2.0
// What the device half of the simulated adapter sees of the model.
#include "utilities/esw-sim/device_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/fake_netdevs.h"

namespace esw::sim::test {
namespace {

using testing::ElementsAre;

constexpr KernelVersion kOld{6, 1};

// 8 VFs and 2 SFs there can be.
TEST(FunctionHost, OfAPfHasTheVportsThatThereCanBe) {
    FakeAdapter fake(kOld, 1);
    const FunctionHost host(*fake.adapter, *fake.pf().instance);
    EXPECT_TRUE(host.eswitch_manager());
    EXPECT_THAT(host.vports(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 0x8000, 0x8001, 0xffff));
    EXPECT_EQ(host.num_vfs(), 1);
    EXPECT_EQ(host.vport(1)->vhca_id, 1);
    EXPECT_EQ(host.vport(1)->mac, 0xb8cef6000001u);
    EXPECT_EQ(host.vport(0x8001)->vhca_id, 10);
    EXPECT_EQ(host.vport(8)->mac, 0u);
    EXPECT_FALSE(host.vport(9));
    EXPECT_FALSE(host.vport(0x8002));
}

// esw_offloads_metadata_init(): ids from 2 on by index of the vport; the uplink's is 1.
TEST(FunctionHost, TellsTheSourceMetadataInSwitchdevMode) {
    FakeAdapter fake(kOld, 1);
    const FunctionHost host(*fake.adapter, *fake.pf().instance);
    EXPECT_EQ(host.vport(1)->reg_c_0, 0u);
    fake.mode_set(kModeSwitchdev);
    EXPECT_EQ(host.vport(0)->reg_c_0, 0x00020000u);
    EXPECT_EQ(host.vport(1)->reg_c_0, 0x00030000u);
    EXPECT_EQ(host.vport(0x8000)->reg_c_0, 0x000b0000u);
    EXPECT_EQ(host.vport(0xffff)->reg_c_0, 0x00010000u);
    fake.pf().instance->param("esw_port_metadata")->value = false;
    EXPECT_EQ(host.vport(1)->reg_c_0, 0u);
}

// mlx5e_rep_open() and mlx5e_rep_close(): the representor's IFF_UP is the vport's admin state.
TEST(FunctionHost, TellsTheStateThatTheRepresentorGives) {
    FakeAdapter fake(kOld, 1);
    const FunctionHost host(*fake.adapter, *fake.pf().instance);
    fake.mode_set(kModeSwitchdev);
    EXPECT_FALSE(host.vport(1)->admin_up);
    EXPECT_FALSE(host.vport(1)->link_up);
    Netdev& rep = *fake.netdevs.find("pf0vf0");
    rep.admin_up = true;
    fake.adapter->netdev_admin_changed(rep);
    EXPECT_TRUE(host.vport(1)->admin_up);
    EXPECT_TRUE(host.vport(1)->link_up);
    EXPECT_FALSE(host.vport(2)->link_up);
}

TEST(FunctionHost, OfAVfHasItsOwnVportOnly) {
    FakeAdapter fake(kOld, 2, true);
    const Vport& vf = *fake.pf().vports.at(2);
    const FunctionHost host(*fake.adapter, *vf.instance);
    fake.mode_set(kModeSwitchdev);
    EXPECT_FALSE(host.eswitch_manager());
    EXPECT_FALSE(host.switchdev());
    EXPECT_THAT(host.vports(), ElementsAre(0));
    EXPECT_EQ(host.vhca_id(), 2);
    EXPECT_EQ(host.vport(0)->mac, 0xb8cef6000002u);
    EXPECT_FALSE(host.vport(2));
    EXPECT_FALSE(host.vport(0xffff));
    EXPECT_EQ(host.max_vfs(), 0);
}

// mlx5_ib_vport_rep_load(): a port for each vport that there can be, the uplink's last.
TEST(DeviceHost, HasThePortsOfTheRepresentors) {
    FakeAdapter fake(kOld, 2);
    fake.mode_set(kModeSwitchdev);
    const IbDevice& device = *fake.pf().ib;
    const DeviceHost host(device, fake.points, [](const Instance&) { return nullptr; });
    EXPECT_TRUE(host.switchdev());
    EXPECT_EQ(host.port_count(), 12u);
    EXPECT_EQ(host.port(3).vport, (VportId{0, 2}));
    EXPECT_EQ(host.port(3).vhca_id, 2);
    EXPECT_EQ(host.port(3).reg_c_0, 0x00040000u);
    EXPECT_EQ(host.port(3).ifindex, fake.netdevs.find("pf0vf1")->ifindex);
    EXPECT_EQ(host.port(3).gid_length, 0u);
    EXPECT_EQ(host.port(12).vport, (VportId{0, 0xffff}));
    EXPECT_FALSE(host.port(1).vport);
    EXPECT_FALSE(host.port(4).vport);
    EXPECT_EQ(host.vendor_part_id(), 0x101du);
}

TEST(DeviceHost, OfAFunctionHasGidsAndNoVport) {
    FakeAdapter fake(kOld, 1, true);
    const IbDevice& device = *fake.pf().vports.at(1)->ib;
    const DeviceHost host(device, fake.points, [](const Instance&) { return nullptr; });
    EXPECT_FALSE(host.switchdev());
    EXPECT_EQ(host.vendor_part_id(), 0x101eu);
    EXPECT_EQ(host.node_guid(), 0xb8cef60300000001u);
    const auto port = host.port(1);
    EXPECT_FALSE(port.vport);
    EXPECT_EQ(port.gid_length, 16u);
    ASSERT_EQ(port.gids.size(), 2u);
    EXPECT_EQ(port.gids[1].index, 1u);
    EXPECT_EQ(port.gids[1].type, 2u);
    EXPECT_EQ(port.gids[0].raw[8], std::byte{0xba});
    EXPECT_EQ(port.gids[0].raw[15], std::byte{0x01});
}

TEST(DeviceHost, LetsCallsPassThePoints) {
    FakeAdapter fake(kOld, 0);
    DeviceHost host(*fake.pf().ib, fake.points, [](const Instance&) { return nullptr; });
    int outcome = -1;
    const auto admit = [&](uint16_t opcode) {
        outcome = -1;
        host.admit({0, 0, opcode}, [&outcome](int error) { outcome = error; });
        return outcome;
    };
    EXPECT_EQ(admit(0x939), 0);
    Points::Fault fault;
    fault.point = "firmware.0x939";
    fault.error = EREMOTEIO;
    ASSERT_TRUE(fake.points.add_fault(fault));
    EXPECT_EQ(admit(0x93a), 0);
    EXPECT_EQ(admit(0), 0);
    EXPECT_EQ(admit(0x939), EREMOTEIO);
    ASSERT_TRUE(fake.points.close("uverbs.ioctl", ""));
    EXPECT_EQ(admit(0), -1);
    ASSERT_TRUE(fake.points.open("uverbs.ioctl", ""));
    EXPECT_EQ(outcome, 0);
    EXPECT_FALSE(fake.points.close("firmware.0x93", ""));
}

// mlx5_function_setup() and mlx5_function_teardown().
TEST(Functions, StartAndStopOnce) {
    FakeAdapter fake(kOld, 1, true);
    const auto ignore = [](const Status&) {};
    EXPECT_EQ(fake.recorder.functions["0000:08:00.0"], 1);
    EXPECT_EQ(fake.recorder.functions["0000:08:00.1"], 1);
    fake.adapter->pci_remove(fake.pf(), ignore);
    EXPECT_EQ(fake.recorder.functions["0000:08:00.0"], 0);
    EXPECT_EQ(fake.recorder.functions["0000:08:00.1"], 0);
    fake.adapter->pci_add(fake.pf(), true, ignore);
    EXPECT_EQ(fake.recorder.functions["0000:08:00.0"], 1);
    EXPECT_EQ(fake.recorder.functions["0000:08:00.1"], 1);
}

// A reload that fails on its way up leaves the function down; the next one brings it back.
TEST(Functions, StayDownAfterAReloadThatFailed) {
    FakeAdapter fake(kOld, 0);
    Points::Fault fault;
    fault.point = "devlink.reload_up";
    fault.error = ENOMEM;
    ASSERT_TRUE(fake.points.add_fault(fault));
    const auto reload = [&] {
        std::string outcome;
        fake.adapter
            ->reload(*fake.pf().instance,
                     [&](const Status& status) { outcome = status ? "done" : "failed"; })
            ->run();
        return outcome;
    };
    EXPECT_EQ(reload(), "failed");
    EXPECT_EQ(fake.recorder.functions["0000:08:00.0"], 0);
    EXPECT_EQ(reload(), "done");
    EXPECT_EQ(fake.recorder.functions["0000:08:00.0"], 1);
    EXPECT_EQ(fake.pf().instance->ports.size(), 1u);
}

}  // namespace
}  // namespace esw::sim::test
