// SPDX-License-Identifier: Apache-2.0
// What the manager makes of what the kernel says, in every order that kernels have.
#include "tests/unit/manager/manager_fixture.h"

namespace esw {
namespace {

class Scenarios : public ManagerTest {};

TEST_F(Scenarios, LoadsEverythingThatIsThereAtTheStart) {
    start_switchdev(4);
    const auto now = eswitch();
    ASSERT_TRUE(now);
    EXPECT_EQ(now->mode, Mode::kSwitchdev);
    EXPECT_EQ(now->adapter, "0000:08:00");
    EXPECT_EQ(now->uplink, "p0");
    EXPECT_EQ(now->switch_id, "6c5b0a0003008a00");
    EXPECT_EQ(now->state, "idle");
    EXPECT_EQ(now->reps.size(), 5u);
    EXPECT_EQ(loaded(), 5u);
    const auto vf3 = rep_of(ref("pf0vf3"));
    EXPECT_EQ(vf3->vport, 4);
    EXPECT_EQ(vf3->ifindex, kernel.ifindex(ref("pf0vf3")));
    EXPECT_EQ(vf3->netdev, "eth" + std::to_string(*vf3->ifindex));
    EXPECT_EQ(vf3->loads, 1u);
    EXPECT_EQ(vf3->reason, "");
    EXPECT_EQ(rep_of(ref("p0"))->vport, 0xffff);
}

TEST_F(Scenarios, InLegacyModeTheUplinkIsKnownButNoRepresentor) {
    kernel.add_pf(pf0, 0, 2);
    start();
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->mode, Mode::kLegacy);
    EXPECT_EQ(eswitch()->switch_id, "");
    EXPECT_EQ(state_of(ref("p0")), "unregistered");
    EXPECT_EQ(rep_of(ref("p0"))->reason, "eswitch is in legacy mode");
}

TEST_F(Scenarios, ModeSetFromOutsideLoadsAndUnloads) {
    kernel.add_pf(pf0, 0, 3);
    start();
    ASSERT_TRUE(wait());
    const uint64_t generation = eswitch()->generation;
    kernel.change_mode(pf0, Mode::kSwitchdev);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 4u);
    EXPECT_GT(eswitch()->generation, generation);
    kernel.change_mode(pf0, Mode::kLegacy);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 0u);
    EXPECT_EQ(eswitch()->reps.size(), 1u);
    EXPECT_EQ(rep_of(ref("p0"))->unloads, 1u);
}

TEST_F(Scenarios, EventsMakeTheModeReadAgainWithoutAnybodyWaiting) {
    kernel.add_pf(pf0, 0, 1);
    start();
    ASSERT_TRUE(wait());
    // The read at the start of a burst is over; the one at its end is due by the clock.
    kernel.change_mode(pf0, Mode::kSwitchdev);
    until([&](const Snapshot& snapshot) {
        clock.advance(std::chrono::seconds(1));
        return state_of(snapshot, ref("pf0vf0")) == "loaded";
    });
}

TEST_F(Scenarios, SilentModeChangeIsSeenByWait) {
    kernel.add_pf(pf0, 0, 0);
    start();
    ASSERT_TRUE(wait());
    kernel.lose(Source::kRtnl);  // the only event is about the uplink's netdev
    kernel.change_mode(pf0, Mode::kSwitchdev);
    ASSERT_TRUE(wait(pf0));
    EXPECT_EQ(eswitch()->mode, Mode::kSwitchdev);
    EXPECT_EQ(state_of(ref("p0")), "loaded");
}

TEST_F(Scenarios, UnknownModeIsCarried) {
    start_switchdev(1);
    kernel.change_mode(pf0, static_cast<Mode>(7));
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->mode, static_cast<Mode>(7));
    EXPECT_EQ(loaded(), 2u);
}

TEST_F(Scenarios, PortBeforeNetdev) {
    start_switchdev(0);
    kernel.add_port(ref("pf0sf7"));
    ASSERT_TRUE(wait());
    EXPECT_EQ(state_of(ref("pf0sf7")), "registered");
    EXPECT_EQ(rep_of(ref("pf0sf7"))->reason, "it has no netdev yet");
    kernel.add_netdev(ref("pf0sf7"));
    ASSERT_TRUE(wait());
    EXPECT_EQ(state_of(ref("pf0sf7")), "loaded");
}

TEST_F(Scenarios, DevlinkTellsBeforeRtnetlink) {
    start_switchdev(0);
    kernel.hold(Source::kRtnl);
    kernel.set_num_vfs(pf0, 2);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 3u);
    kernel.release(Source::kRtnl);
    ASSERT_TRUE(wait());
    EXPECT_EQ(rep_of(ref("pf0vf1"))->loads, 1u);
}

TEST_F(Scenarios, RtnetlinkTellsBeforeDevlink) {
    start_switchdev(0);
    kernel.hold(Source::kDevlink);
    kernel.set_num_vfs(pf0, 2);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 1u);
    kernel.release(Source::kDevlink);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 3u);
    EXPECT_EQ(rep_of(ref("pf0vf1"))->loads, 1u);
}

TEST_F(Scenarios, RepeatedPortEventsChangeNothing) {
    start_switchdev(1);
    const auto before = kernel.calls("devlink_port");
    for (int i = 0; i < 5; ++i) {
        kernel.repeat_port_event(ref("pf0vf0"));
    }
    ASSERT_TRUE(wait());
    EXPECT_EQ(kernel.calls("devlink_port"), before);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->loads, 1u);
}

TEST_F(Scenarios, RenameIsFollowedWithoutLoadingAgain) {
    start_switchdev(1);
    claim("vm1", pf0, "pf0vf0");
    kernel.rename(ref("pf0vf0"), "uplink_of_vm1");
    ASSERT_TRUE(wait());
    EXPECT_EQ(rep_of(ref("pf0vf0"))->netdev, "uplink_of_vm1");
    EXPECT_EQ(rep_of(ref("pf0vf0"))->loads, 1u);
    EXPECT_EQ(binding("vm1").netdev, "uplink_of_vm1");
    EXPECT_EQ(binding("vm1").state, PortState::kLoaded);
}

TEST_F(Scenarios, NetdevThatLeavesTheNamespaceAndReturns) {
    start_switchdev(1);
    claim("vm1", pf0, "pf0vf0");
    const uint32_t ifindex = kernel.ifindex(ref("pf0vf0"));
    kernel.leave_namespace(ref("pf0vf0"));
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").state, PortState::kRegistered);
    EXPECT_EQ(binding("vm1").reason, "its netdev is not in this network namespace");
    EXPECT_FALSE(binding("vm1").ifindex);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->unloads, 1u);
    kernel.return_to_namespace(ref("pf0vf0"));
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").state, PortState::kLoaded);
    EXPECT_EQ(binding("vm1").ifindex, ifindex);
}

TEST_F(Scenarios, NetdevThatIsMadeAnewIsLoadedAnew) {
    start_switchdev(1);
    kernel.remove_netdev(ref("pf0vf0"));
    kernel.add_netdev(ref("pf0vf0"));
    ASSERT_TRUE(wait());
    const auto vf = rep_of(ref("pf0vf0"));
    EXPECT_EQ(vf->eth().state, RepState::kLoaded);
    EXPECT_EQ(vf->ifindex, kernel.ifindex(ref("pf0vf0")));
    EXPECT_EQ(vf->loads, 2u);
    EXPECT_EQ(vf->unloads, 1u);
}

TEST_F(Scenarios, SwitchIdFollowsTheUplink) {
    start_switchdev(1);
    kernel.set_switch_id(pf0, {0xab, 0xcd});
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->switch_id, "abcd");
    kernel.set_switch_id(pf0, {});
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->switch_id, "");
    EXPECT_EQ(rep_of(ref("pf0vf0"))->loads, 1u);
}

TEST_F(Scenarios, PfThatIsRemovedAndReturns) {
    start_switchdev(2);
    claim("vm1", pf0, "pf0vf1");
    ASSERT_TRUE(wait());
    const uint64_t generation = eswitch()->generation;
    kernel.remove_device(pf0);
    ASSERT_TRUE(wait());
    EXPECT_FALSE(eswitch());
    EXPECT_EQ(binding("vm1").state, PortState::kAbsent);
    EXPECT_EQ(binding("vm1").reason, "no such device pci/0000:08:00.0");
    kernel.add_pf(pf0, 0, 2);
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").reason, "eswitch is in legacy mode");
    kernel.change_mode(pf0, Mode::kSwitchdev);
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").state, PortState::kLoaded);
    EXPECT_GT(eswitch()->generation, generation);
}

TEST_F(Scenarios, PfThatReturnsWhileItIsTornDown) {
    start_switchdev(1);
    kernel.gate("devlink_port");
    kernel.remove_netdev(ref("pf0vf0"));
    kernel.add_netdev(ref("pf0vf0"));
    kernel.wait_for_blocked("devlink_port");
    kernel.remove_device(pf0);
    kernel.add_pf(pf0, 0, 3);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    until([&](const Snapshot& snapshot) { return snapshot.eswitches.empty(); });
    kernel.ungate("devlink_port");
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 4u);
}

TEST_F(Scenarios, FunctionsWithoutEswitchAreNotShown) {
    kernel.add_plain_device({"pci", "0000:08:00.2"});
    start_switchdev(1);
    kernel.add_plain_device({"pci", "0000:08:00.3"});
    claim("vf", DevlinkHandle{"pci", "0000:08:00.3"}, "pf0vf0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(manager->snapshot()->eswitches.size(), 1u);
    EXPECT_EQ(binding("vf").reason, "pci/0000:08:00.3 has no eswitch");
}

TEST_F(Scenarios, RdmaPortIsJoinedByItsNetdev) {
    kernel.add_pf(pf0, 0, 2);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    kernel.add_rdma_port(ref("p0"), "mlx5_0", 1);
    start();
    ASSERT_TRUE(wait());
    kernel.add_rdma_port(ref("pf0vf1"), "mlx5_0", 3);
    ASSERT_TRUE(wait());
    EXPECT_EQ(rep_of(ref("p0"))->rdma_device, "mlx5_0");
    EXPECT_EQ(rep_of(ref("pf0vf1"))->rdma_device, "mlx5_0");
    EXPECT_EQ(rep_of(ref("pf0vf1"))->rdma_port, 3u);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->rdma_device, "");
}

TEST_F(Scenarios, OverflowFindsWhatWasMissed) {
    start_switchdev(3);
    kernel.lose(Source::kDevlink);
    kernel.lose(Source::kRtnl);
    kernel.set_num_vfs(pf0, 0);
    kernel.add_port(ref("pf0sf9"));
    kernel.add_netdev(ref("pf0sf9"));
    kernel.rename(ref("p0"), "wire");
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->reps.size(), 4u);
    kernel.found(Source::kDevlink);
    kernel.found(Source::kRtnl);
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->reps.size(), 2u);
    EXPECT_EQ(state_of(ref("pf0sf9")), "loaded");
    EXPECT_EQ(rep_of(ref("p0"))->netdev, "wire");
    EXPECT_EQ(rep_of(ref("p0"))->loads, 1u);
}

TEST_F(Scenarios, EventsThatCameDuringTheDumpAreNewerThanIt) {
    start_switchdev(0);
    kernel.gate("links");
    auto rescan = rescan_async();
    kernel.wait_for_blocked("links");  // devices and ports were read before
    kernel.set_num_vfs(pf0, 2);
    kernel.ungate("links");
    ASSERT_TRUE(get(std::move(rescan)));
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 3u);
}

TEST_F(Scenarios, DumpThatFailsIsTriedAgain) {
    start_switchdev(1);
    kernel.lose(Source::kDevlink);
    kernel.set_num_vfs(pf0, 0);
    kernel.fail_next("devlink_ports", "", EINTR, "dump interrupted");
    kernel.found(Source::kDevlink);
    until([](const Snapshot& snapshot) { return snapshot.devlink.code == EINTR; });
    clock.advance(std::chrono::minutes(1));
    until([](const Snapshot& snapshot) { return snapshot.devlink.code == 0; });
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->reps.size(), 1u);
}

TEST_F(Scenarios, SourceThatWasLostAndIsBack) {
    start_switchdev(0);
    kernel.source_lost(Source::kDevlink);
    kernel.set_num_vfs(pf0, 1);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 1u);
    kernel.found(Source::kDevlink);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 2u);
}

TEST_F(Scenarios, KernelWithoutDevlinkIsNoErrorAndIsSaid) {
    kernel.set_has_devlink(false);
    claim("vm1", pf0, "pf0vf0");
    start();
    ASSERT_TRUE(wait());
    EXPECT_EQ(manager->snapshot()->devlink.code, ENOTSUP);
    EXPECT_EQ(binding("vm1").reason, "kernel has no devlink");
}

TEST_F(Scenarios, VfsComeAndGoWithoutADump) {
    start_switchdev(0);
    for (const char* dump : {"devlink_devices", "devlink_ports", "links", "rdma_devices"}) {
        EXPECT_EQ(kernel.calls(dump), 1u) << dump;
    }
    kernel.set_num_vfs(pf0, 127);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 128u);
    kernel.set_num_vfs(pf0, 0);
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->reps.size(), 1u);
    for (const char* dump : {"devlink_devices", "devlink_ports", "links", "rdma_devices"}) {
        EXPECT_EQ(kernel.calls(dump), 1u) << dump;
    }
}

TEST_F(Scenarios, LoadingOneRepAsksAboutThatOneOnly) {
    start_switchdev(16);
    kernel.reset_calls();
    kernel.add_port(ref("pf0sf1"));
    kernel.add_netdev(ref("pf0sf1"));
    ASSERT_TRUE(wait());
    EXPECT_EQ(kernel.calls("devlink_port"), 1u);
    EXPECT_EQ(kernel.calls("link"), 1u);
    EXPECT_EQ(kernel.all_calls() - kernel.calls("eswitch_get"), 2u);
    EXPECT_LE(kernel.calls("eswitch_get"), 2u);
}

TEST_F(Scenarios, MessagesGrowWithTheNumberOfVfsAndNotFaster) {
    start_switchdev(0);
    kernel.reset_calls();
    kernel.set_num_vfs(pf0, 127);
    ASSERT_TRUE(wait());
    EXPECT_EQ(kernel.calls("devlink_port"), 127u);
    EXPECT_EQ(kernel.calls("link"), 127u);
    // One at the start of the burst, one for wait(): the clock stands still.
    EXPECT_LE(kernel.calls("eswitch_get"), 2u);
    EXPECT_EQ(kernel.all_calls(), 254u + kernel.calls("eswitch_get"));
}

TEST_F(Scenarios, OtherRepsStayTheSameObjectsInTheNextSnapshot) {
    start_switchdev(3);
    const auto before = manager->snapshot();
    kernel.rename(ref("pf0vf1"), "other");
    ASSERT_TRUE(wait());
    const auto after = manager->snapshot();
    EXPECT_EQ(before->eswitches.at(pf0)->reps.at(rep("pf0vf0")),
              after->eswitches.at(pf0)->reps.at(rep("pf0vf0")));
    EXPECT_NE(before->eswitches.at(pf0)->reps.at(rep("pf0vf1")),
              after->eswitches.at(pf0)->reps.at(rep("pf0vf1")));
}

}  // namespace
}  // namespace esw
