// SPDX-License-Identifier: Apache-2.0
// Ports of Open vSwitch and their representors; waiting, rescanning and stopping.
#include <cerrno>

#include "tests/unit/manager/manager_fixture.h"

namespace esw {
namespace {

class Ports : public ManagerTest {
protected:
    void expect_reason(const std::string& port, const std::string& reason) {
        const auto now = binding(port);
        EXPECT_NE(now.state, PortState::kLoaded);
        EXPECT_EQ(now.reason, reason);
        EXPECT_FALSE(now.ifindex);
    }
};

TEST_F(Ports, BindingHasWhatThePortNeeds) {
    start_switchdev(2);
    claim("vm1", pf0, "pf0vf1");
    ASSERT_TRUE(wait());
    const auto now = binding("vm1");
    EXPECT_EQ(now.state, PortState::kLoaded);
    EXPECT_EQ(now.reason, "");
    EXPECT_EQ(now.rep, ref("pf0vf1"));
    EXPECT_EQ(now.ifindex, kernel.ifindex(ref("pf0vf1")));
    EXPECT_EQ(now.vport, 2);
    EXPECT_EQ(rep_of(ref("pf0vf1"))->port, "vm1");
}

TEST_F(Ports, ClaimedBeforeTheStartAndReleased) {
    claim("vm1", pf0, "pf0vf1");
    start_switchdev(2);
    EXPECT_EQ(binding("vm1").state, PortState::kLoaded);
    manager->release_port("vm1");
    ASSERT_TRUE(wait());
    EXPECT_FALSE(manager->snapshot()->ports.count("vm1"));
    EXPECT_EQ(rep_of(ref("pf0vf1"))->port, "");
    EXPECT_EQ(rep_of(ref("pf0vf1"))->eth().state, RepState::kLoaded);
}

TEST_F(Ports, ReasonsNameWhatIsMissing) {
    start_switchdev(4);
    claim("a", DevlinkHandle{"pci", "0000:09:00.0"}, "pf0vf0");
    claim("b", pf0, "c3pf0vf0");
    claim("c", pf0, "pf0vf9");
    claim("d", pf0, "pf0sf1");
    claim("e", std::nullopt, nullptr);
    claim("f", std::nullopt, "pf0vf9");
    ASSERT_TRUE(wait());
    expect_reason("a", "no such device pci/0000:09:00.0");
    expect_reason("b", "no controller 3 on pci/0000:08:00.0 (has 0)");
    expect_reason("c", "no such representor pf0vf9 on pci/0000:08:00.0 (has vf 0-3)");
    expect_reason("d", "no such representor pf0sf1 on pci/0000:08:00.0 (has no sfs)");
    expect_reason("e", "no representor has a netdev e: set options:representor");
    expect_reason("f", "no such representor pf0vf9 on pci/0000:08:00.0 (has vf 0-3)");
    for (const char* port : {"a", "b", "c", "d", "e", "f"}) {
        EXPECT_EQ(binding(port).state, PortState::kAbsent) << port;
    }
    kernel.change_mode(pf0, Mode::kLegacy);
    ASSERT_TRUE(wait());
    expect_reason("c", "eswitch is in legacy mode");
}

TEST_F(Ports, UplinkInLegacyModeIsAbsent) {
    kernel.add_pf(pf0, 0, 1);
    start();
    claim("wire", pf0, "p0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("wire").state, PortState::kAbsent);
    expect_reason("wire", "eswitch is in legacy mode");
}

TEST_F(Ports, DeviceMayBeLeftOutWhenOneAdapterHasTheRep) {
    start_switchdev(2);
    claim("vm1", std::nullopt, "pf0vf0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").rep, ref("pf0vf0"));
    EXPECT_EQ(binding("vm1").state, PortState::kLoaded);
}

TEST_F(Ports, DeviceMustBeSaidWhenSeveralHaveTheRep) {
    const DevlinkHandle other{"pci", "0000:09:00.0"};
    kernel.add_pf(other, 0, 2);
    kernel.change_mode(other, Mode::kSwitchdev);
    start_switchdev(2);
    claim("vm1", std::nullopt, "pf0vf0");
    ASSERT_TRUE(wait());
    expect_reason("vm1", "several devices have pf0vf0: set options:device");
}

TEST_F(Ports, NameOfANetdevIsEnoughAndIsKeptOverARename) {
    kernel.add_pf(pf0, 0, 2);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    kernel.rename(ref("pf0vf1"), "enp8s0f0npf0vf1");
    start();
    claim("enp8s0f0npf0vf1", std::nullopt, nullptr);
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("enp8s0f0npf0vf1").rep, ref("pf0vf1"));
    kernel.rename(ref("pf0vf1"), "renamed");
    kernel.rename(ref("pf0vf0"), "enp8s0f0npf0vf1");
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("enp8s0f0npf0vf1").rep, ref("pf0vf1"));
    EXPECT_EQ(binding("enp8s0f0npf0vf1").netdev, "renamed");
}

// Traffic must not jump to another adapter because the first one is away.
TEST_F(Ports, PortKeepsItsDeviceWhileThatIsAway) {
    start_switchdev(1);
    claim("vm1", std::nullopt, "pf0vf0");
    ASSERT_TRUE(wait());
    const DevlinkHandle other{"pci", "0000:09:00.0"};
    kernel.add_pf(other, 0, 1);
    kernel.change_mode(other, Mode::kSwitchdev);
    kernel.remove_device(pf0);
    ASSERT_TRUE(wait());
    expect_reason("vm1", "no such device pci/0000:08:00.0");
}

TEST_F(Ports, SecondPortForOneRepWaitsForTheFirst) {
    start_switchdev(2);
    claim("vm1", pf0, "pf0vf0");
    claim("vm2", std::nullopt, "pf0vf0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").state, PortState::kLoaded);
    EXPECT_EQ(binding("vm2").state, PortState::kFailed);
    expect_reason("vm2", "in use by vm1");
    manager->release_port("vm1");
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm2").state, PortState::kLoaded);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->port, "vm2");
}

TEST_F(Ports, ClaimForAnotherRepReplacesTheFirst) {
    start_switchdev(2);
    claim("vm1", pf0, "pf0vf0");
    claim("vm2", pf0, "pf0vf0");
    claim("vm1", pf0, "pf0vf1");
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").rep, ref("pf0vf1"));
    EXPECT_EQ(binding("vm2").state, PortState::kLoaded);
}

TEST_F(Ports, OptionsAreAppliedEachTimeTheRepIsLoaded) {
    start_switchdev(0);
    PortRequest request;
    request.port = "vm1";
    request.device = pf0;
    request.rep = rep("pf0sf1");
    request.hw_addr = netlink::MacAddress{2, 0, 0, 0, 0, 7};
    request.state = netlink::FunctionState::kActive;
    request.tx_max_bytes = 1250000000;
    manager->claim_port(request);
    for (int i = 0; i < 2; ++i) {
        kernel.add_port(ref("pf0sf1"));
        kernel.add_netdev(ref("pf0sf1"));
        ASSERT_TRUE(wait());
        const auto port = kernel.devlink_port(pf0, kernel.port_index(ref("pf0sf1"))).value();
        EXPECT_EQ(port.function->hw_addr, request.hw_addr);
        EXPECT_EQ(port.function->state, request.state);
        netlink::DevlinkRate leaf;
        leaf.handle = pf0;
        leaf.port_index = port.index;
        EXPECT_EQ(kernel.rate_get(leaf)->tx_max_bytes, 1250000000u);
        EXPECT_EQ(binding("vm1").option_error, "");
        EXPECT_EQ(rep_of(ref("pf0sf1"))->function->hw_addr, request.hw_addr);
        kernel.remove_netdev(ref("pf0sf1"));
        kernel.remove_port(ref("pf0sf1"));
        ASSERT_TRUE(wait());
    }
}

TEST_F(Ports, OptionThatIsRefusedIsShownAndNotTriedAgain) {
    start_switchdev(1);
    PortRequest request;
    request.port = "vm1";
    request.device = pf0;
    request.rep = rep("pf0vf0");
    request.state = netlink::FunctionState::kActive;
    request.tx_max_bytes = 1000;
    manager->claim_port(request);
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").state, PortState::kLoaded);
    EXPECT_EQ(binding("vm1").option_error, "state: Function does not support state setting");
    EXPECT_EQ(log.count("options of port vm1 not taken"), 1u);
    const auto before = kernel.calls("port_function_set");
    clock.advance(std::chrono::hours(1));
    kernel.repeat_port_event(ref("pf0vf0"));
    ASSERT_TRUE(wait());
    EXPECT_EQ(kernel.calls("port_function_set"), before);
    request.state.reset();
    manager->claim_port(request);
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").option_error, "");
}

TEST_F(Ports, OptionThatTheDriverDoesNotKeepIsFoundOut) {
    start_switchdev(1);
    kernel.ignore_settings(true);
    PortRequest request;
    request.port = "vm1";
    request.device = pf0;
    request.rep = rep("pf0vf0");
    request.hw_addr = netlink::MacAddress{2, 0, 0, 0, 0, 7};
    request.tx_share_bytes = 5;
    manager->claim_port(request);
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("vm1").option_error,
              "hw-addr: is 00:00:00:00:00:00 after setting 02:00:00:00:00:07; tx-share: is unset "
              "after setting 5");
}

// L30
TEST_F(Ports, PortIsReleasedWhileItsRepIsLoaded) {
    start_switchdev(0);
    kernel.gate("link");
    claim("vm1", pf0, "pf0sf1");
    kernel.add_port(ref("pf0sf1"));
    kernel.add_netdev(ref("pf0sf1"));
    kernel.wait_for_blocked("link");
    until([&](const Snapshot& snapshot) {
        return snapshot.ports.count("vm1") &&
               snapshot.ports.at("vm1")->state == PortState::kLoading;
    });
    manager->release_port("vm1");
    until([](const Snapshot& snapshot) { return snapshot.ports.empty(); });
    kernel.ungate("link");
    ASSERT_TRUE(wait());
    EXPECT_EQ(state_of(ref("pf0sf1")), "loaded");
    EXPECT_EQ(rep_of(ref("pf0sf1"))->port, "");
}

// --- failures and back-off

TEST_F(Ports, OneRepThatFailsDoesNotStopTheOthers) {
    kernel.add_pf(pf0, 0, 4);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    kernel.fail_next("devlink_port", "pci/0000:08:00.0/pf0vf2", EBUSY, "device is busy");
    claim("vm2", pf0, "pf0vf2");
    start();
    const auto report = wait();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->failed, 1u);
    EXPECT_EQ(loaded(), 4u);
    EXPECT_EQ(binding("vm2").state, PortState::kFailed);
    EXPECT_EQ(binding("vm2").reason,
              "pci/0000:08:00.0/pf0vf2: read devlink port: device is busy (Device or resource "
              "busy)");
    const auto strict = wait(pf0, true);
    ASSERT_FALSE(strict);
    EXPECT_EQ(strict.error().detail.substr(0, 9), "1 failed:");
    clock.advance(std::chrono::seconds(1));
    until([](const Snapshot& snapshot) {
        return snapshot.ports.at("vm2")->state == PortState::kLoaded;
    });
}

TEST_F(Ports, BackOffDoesNotSpin) {
    start_switchdev(1);
    kernel.fail_next("link", "", EIO, "", 1000);
    kernel.remove_netdev(ref("pf0vf0"));
    kernel.add_netdev(ref("pf0vf0"));
    ASSERT_TRUE(wait());
    kernel.reset_calls();
    for (int i = 0; i < 3; ++i) {
        kernel.repeat_port_event(ref("pf0vf0"));
        ASSERT_TRUE(wait());
    }
    EXPECT_EQ(kernel.calls("link"), 0u);
    EXPECT_EQ(state_of(ref("pf0vf0")), "failed");
}

// --- wait, rescan, stop

TEST_F(Ports, WaitEndsWithTheLastLoad) {
    start_switchdev(0);
    kernel.gate("link");
    kernel.set_num_vfs(pf0, 3);
    auto waiting = wait_async();
    kernel.wait_for_blocked("link");
    EXPECT_EQ(waiting.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    kernel.ungate("link");
    ASSERT_TRUE(get(std::move(waiting)));
    EXPECT_EQ(loaded(), 4u);
}

TEST_F(Ports, WaitTimesOutWithTheState) {
    start_switchdev(0);
    kernel.gate("link");
    kernel.set_num_vfs(pf0, 3);
    kernel.wait_for_blocked("link");
    auto waiting = wait_async(pf0, false, std::chrono::seconds(5));
    // Answered after the manager has seen to the one before; that one's inspection is queued then.
    EXPECT_FALSE(wait(DevlinkHandle{"pci", "0000:09:00.0"}));
    clock.advance(std::chrono::seconds(6));
    const auto late = get(std::move(waiting));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ETIMEDOUT);
    EXPECT_EQ(late.error().object, "pci/0000:08:00.0");
    EXPECT_EQ(late.error().detail, "timed out: load pf0vf0, 3 queued");
    kernel.ungate("link");
}

TEST_F(Ports, WaitForAnEswitchThatIsNotThere) {
    start_switchdev(0);
    const auto none = wait(DevlinkHandle{"pci", "0000:09:00.0"});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ENODEV);
    EXPECT_EQ(none.error().detail, "no such eswitch pci/0000:09:00.0");
}

TEST_F(Ports, WaitForOneEswitchIsNotHeldByAnother) {
    kernel.add_pf(pf1, 1, 0);
    kernel.change_mode(pf1, Mode::kSwitchdev);
    start_switchdev(0);
    kernel.gate("link");
    kernel.set_num_vfs(pf0, 1);
    kernel.wait_for_blocked("link");
    EXPECT_TRUE(wait(pf1));
    kernel.ungate("link");
}

TEST_F(Ports, RescanAsksForEverythingOnce) {
    start_switchdev(2);
    kernel.reset_calls();
    ASSERT_TRUE(get(rescan_async()));
    ASSERT_TRUE(wait());
    for (const char* dump : {"devlink_devices", "devlink_ports", "links", "rdma_devices"}) {
        EXPECT_EQ(kernel.calls(dump), 1u) << dump;
    }
    EXPECT_EQ(kernel.calls("devlink_port"), 0u);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->loads, 1u);
}

TEST_F(Ports, RescanThatFailsSaysSo) {
    start_switchdev(0);
    kernel.fail_next("links", "", ETIMEDOUT, "no answer");
    const auto failed = get(rescan_async());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ETIMEDOUT);
}

TEST_F(Ports, StopAnswersEverybody) {
    start_switchdev(0);
    kernel.gate("link");
    kernel.gate("devlink_devices");
    kernel.set_num_vfs(pf0, 2);
    kernel.wait_for_blocked("link");
    auto waiting = wait_async();
    auto rescan = rescan_async();
    kernel.wait_for_blocked("devlink_devices");
    auto stopped = std::async(std::launch::async, [this] { manager->stop(); });
    EXPECT_EQ(get(std::move(waiting)).error().code, ECANCELED);
    EXPECT_EQ(get(std::move(rescan)).error().code, ECANCELED);
    kernel.ungate("link");
    kernel.ungate("devlink_devices");
    stopped.get();
    EXPECT_EQ(wait().error().code, ECANCELED);
    EXPECT_EQ(get(rescan_async()).error().code, ECANCELED);
    manager->stop();
}

TEST_F(Ports, StopWithoutStartAnswersToo) {
    auto waiting = wait_async();
    manager->stop();
    EXPECT_EQ(get(std::move(waiting)).error().code, ECANCELED);
}

TEST_F(Ports, StartIsForOnce) {
    start();
    EXPECT_EQ(manager->start().error().code, EBUSY);
}

}  // namespace
}  // namespace esw
