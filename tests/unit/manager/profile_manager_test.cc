// SPDX-License-Identifier: Apache-2.0
// The profile through the manager's front door. L53 of lifecycle.md is here.
#include "esw-manager/profile_report.h"
#include "tests/unit/manager/manager_fixture.h"

namespace esw {
namespace {

class ProfileManagerTest : public ManagerTest {
protected:
    Answer set_mode(Mode mode) {
        return ask([&](auto done) { manager->set_mode(pf0, mode, kLong, std::move(done)); });
    }
    Answer set_mode_by_profile() {
        return ask([&](auto done) { manager->set_mode_by_profile(pf0, kLong, std::move(done)); });
    }
    Answer reload() {
        return ask([&](auto done) { manager->reload(pf0, kLong, std::move(done)); });
    }
    void read(const std::string& profile, const std::string& overrides = "") {
        manager->set_overrides(overrides, ++reading);
        manager->set_profile(profile);
    }
    /// A PF that is there before the manager.
    void start_legacy(uint32_t vfs, const std::string& profile) {
        kernel.add_pf(pf0, 0, vfs);
        read(profile);
        start();
        ASSERT_TRUE(wait());
    }
    EswitchProfile profile() { return manager->snapshot()->profile->eswitches.at(pf0); }
    Mode mode() { return eswitch()->mode.value(); }
    std::vector<EventPtr> events(const std::string& kind) {
        std::vector<EventPtr> found;
        const Records records = manager->records();
        for (const EventPtr& event : records.at(pf0)->history().copy().events) {
            if (event->kind == kind) {
                found.push_back(event);
            }
        }
        return found;
    }
    std::string show(bool json, bool more = false) {
        const SnapshotPtr snapshot = manager->snapshot();
        return report_profile({*snapshot, clock.now(), {}}, {json, more, {}}).value();
    }

    uint64_t reading = 0;
};

TEST_F(ProfileManagerTest, AnEswitchThatIsThereAtStartGetsItsMode) {
    start_legacy(0, "*=switchdev");
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(loaded(), 1u);
    EXPECT_EQ(profile().state, ProfileState::kApplied);
    EXPECT_EQ(kernel.calls("eswitch_set"), 1u);
    ASSERT_EQ(events("profile").size(), 1u);
    EXPECT_EQ(events("profile")[0]->result, EventResult::kDone);
}

TEST_F(ProfileManagerTest, AProfileThatComesLaterIsAppliedUnderVfsToo) {
    start_legacy(2, "");
    EXPECT_EQ(mode(), Mode::kLegacy);
    manager->set_profile("pci/0000:08:00.0=switchdev");
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(loaded(), 3u);
}

TEST_F(ProfileManagerTest, WaitWaitsForTheOverrides) {
    kernel.add_pf(pf0, 0, 0);
    manager->set_profile("*=switchdev");
    start();
    auto waiting = wait_async();
    until([&](const Snapshot& snapshot) {
        return snapshot.eswitches.count(pf0) && snapshot.eswitches.at(pf0)->mode;
    });
    EXPECT_EQ(kernel.calls("eswitch_set"), 0u);
    manager->set_overrides("", 1);
    ASSERT_TRUE(get(std::move(waiting)));
    EXPECT_EQ(mode(), Mode::kSwitchdev);
}

TEST_F(ProfileManagerTest, VfsHoldTheProfileAtStart) {
    start_legacy(2, "*=switchdev");
    EXPECT_EQ(mode(), Mode::kLegacy);
    EXPECT_EQ(profile().state, ProfileState::kHeld);
    EXPECT_EQ(profile().reason, "it has 2 VFs: not changed at start without force=true");
    EXPECT_EQ(kernel.calls("eswitch_set"), 0u);
    EXPECT_FALSE(profile().retry_at);
    // It is asked for again on command.
    kernel.set_num_vfs(pf0, 0);
    EXPECT_TRUE(get(rescan_async()));
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
}

TEST_F(ProfileManagerTest, ForceAppliesItUnderVfsAtStart) {
    start_legacy(2, "*=switchdev;force=true");
    EXPECT_EQ(mode(), Mode::kSwitchdev);
}

TEST_F(ProfileManagerTest, GivingBackAppliesItUnderVfs) {
    start_legacy(2, "*=switchdev");
    EXPECT_EQ(get(set_mode_by_profile()).value(), "done");
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(get(set_mode_by_profile()).value(), "no change");
}

TEST_F(ProfileManagerTest, VfsUnderTheRightModeHoldNothing) {
    kernel.add_pf(pf0, 0, 2);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    read("*=switchdev;encap_mode=none");
    start();
    ASSERT_TRUE(wait());
    EXPECT_EQ(profile().state, ProfileState::kApplied);
    EXPECT_EQ(kernel.eswitch_get(pf0)->encap_mode, netlink::EncapMode::kNone);
}

TEST_F(ProfileManagerTest, SettingsGoBeforeTheMode) {
    start_legacy(0, "*=switchdev;flow_steering_mode=smfs;encap_mode=none");
    EXPECT_EQ(profile().error.to_string(), "");  // in switchdev mode smfs is refused
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(kernel.steering_mode(pf0), "smfs");
    EXPECT_EQ(kernel.eswitch_get(pf0)->encap_mode, netlink::EncapMode::kNone);
    EXPECT_EQ(kernel.calls("param_set"), 1u);
    // What is so already is not set again.
    EXPECT_EQ(get(set_mode_by_profile()).value(), "no change");
    EXPECT_EQ(kernel.calls("param_set"), 1u);
    EXPECT_EQ(kernel.calls("eswitch_set"), 2u);
    // Another setting alone is a change.
    manager->set_profile("*=switchdev;encap_mode=basic");
    ASSERT_TRUE(wait());
    EXPECT_EQ(kernel.eswitch_get(pf0)->encap_mode, netlink::EncapMode::kBasic);
    EXPECT_EQ(events("profile").back()->result, EventResult::kDone);
}

TEST_F(ProfileManagerTest, ASettingThatIsRefusedLeavesTheMode) {
    kernel.add_pf(pf0, 0, 0);
    kernel.fail_next("param_set", "pci/0000:08:00.0", EOPNOTSUPP, "not this card");
    read("*=switchdev;flow_steering_mode=smfs");
    start();
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kLegacy);
    EXPECT_EQ(profile().state, ProfileState::kFailed);
    EXPECT_EQ(profile().error.detail, "not this card");
    EXPECT_EQ(eswitch()->state, "idle");
    clock.advance(std::chrono::seconds(1));
    until([&](const Snapshot& now) {
        return now.profile->eswitches.at(pf0).state == ProfileState::kApplied;
    });
    EXPECT_EQ(mode(), Mode::kSwitchdev);
}

TEST_F(ProfileManagerTest, AFailureIsRetriedWithBackOffAndTheDeviceStaysUsable) {
    kernel.add_pf(pf0, 0, 0);
    kernel.fail_next("eswitch_set", "", EBUSY, "E-Switch is busy", 2);
    read("*=switchdev");
    start();
    ASSERT_TRUE(wait());  // back-off does not hold it
    EXPECT_EQ(profile().state, ProfileState::kFailed);
    EXPECT_EQ(profile().error.detail, "E-Switch is busy");
    EXPECT_EQ(mode(), Mode::kLegacy);
    clock.advance(std::chrono::seconds(1));
    until([&](const Snapshot& now) { return now.profile->eswitches.at(pf0).retries == 2; });
    EXPECT_EQ(log.count("the profile could not be applied"), 1u);
    EXPECT_EQ(log.count("warning|esw_manager|"), 0u);  // said once, by one
    // esw/retry does not wait for it.
    std::promise<Status> retried;
    manager->retry({}, {}, [&](Status status) { retried.set_value(std::move(status)); });
    ASSERT_TRUE(retried.get_future().get());
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    ASSERT_EQ(events("profile").size(), 3u);
    EXPECT_EQ(events("profile")[0]->result, EventResult::kFailed);
    EXPECT_EQ(events("profile")[0]->cause, "E-Switch is busy");
}

TEST_F(ProfileManagerTest, ItIsAppliedAgainAfterAReload) {
    start_legacy(0, "*=switchdev");
    kernel.set_num_vfs(pf0, 3);
    ASSERT_TRUE(wait());
    EXPECT_EQ(get(reload()).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(loaded(), 4u);
    EXPECT_EQ(kernel.calls("eswitch_set"), 2u);
    EXPECT_EQ(events("profile").size(), 2u);
}

TEST_F(ProfileManagerTest, ItIsAppliedWhenAPfComesBack) {
    start_legacy(0, "pci/0000:08:00.0=switchdev");
    kernel.remove_device(pf0);
    ASSERT_TRUE(wait());
    EXPECT_EQ(profile().state, ProfileState::kAbsent);
    kernel.add_pf(pf0, 0, 2);
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(loaded(), 3u);
}

TEST_F(ProfileManagerTest, AnotherProgramsModeIsPutRight) {
    start_legacy(0, "*=switchdev");
    kernel.change_mode(pf0, Mode::kLegacy);
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    kernel.change_mode(pf0, Mode::kLegacy);
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kLegacy);  // not at once again
    EXPECT_EQ(profile().state, ProfileState::kFailed);
    clock.advance(std::chrono::seconds(1));
    until([&](const Snapshot& now) {
        return now.profile->eswitches.at(pf0).state == ProfileState::kApplied;
    });
    EXPECT_EQ(kernel.calls("eswitch_set"), 3u);
}

// L53
TEST_F(ProfileManagerTest, L53AHandOverridesTheProfileBeforeAndAfterAReload) {
    start_legacy(0, "*=switchdev");
    EXPECT_EQ(get(set_mode(Mode::kLegacy)).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kLegacy);
    EXPECT_EQ(profile().state, ProfileState::kOverridden);
    EXPECT_EQ(manager->snapshot()->profile->overrides, "pci/0000:08:00.0=legacy");
    EXPECT_EQ(get(reload()).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kLegacy);
    kernel.remove_device(pf0);
    kernel.add_pf(pf0, 0, 0);
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kLegacy);
    EXPECT_EQ(kernel.calls("eswitch_set"), 2u);
    EXPECT_EQ(get(set_mode_by_profile()).value(), "done");
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(manager->snapshot()->profile->overrides, "");
    EXPECT_EQ(get(reload()).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
}

TEST_F(ProfileManagerTest, AnOverrideOfTheDatabaseOutlivesARestart) {
    kernel.add_pf(pf0, 0, 0);
    read("*=switchdev", "pci/0000:08:00.0=legacy");
    start();
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kLegacy);
    EXPECT_EQ(kernel.calls("eswitch_set"), 0u);
}

TEST_F(ProfileManagerTest, ARefusedHandDoesNotOverride) {
    start_legacy(0, "*=switchdev");
    kernel.fail_next("eswitch_set", "", EBUSY, "busy");
    EXPECT_FALSE(get(set_mode(Mode::kLegacy)));
    EXPECT_EQ(profile().state, ProfileState::kApplied);
    EXPECT_EQ(manager->snapshot()->profile->overrides, "");
}

TEST_F(ProfileManagerTest, AHandOvertakesAProfileThatWaits) {
    kernel.add_pf(pf0, 0, 0);
    kernel.add_pf(pf1, 1, 0);
    read("");
    start();
    ASSERT_TRUE(wait());
    kernel.gate("eswitch_set");
    auto before =
        ask([&](auto done) { manager->set_mode(pf1, Mode::kSwitchdev, kLong, std::move(done)); });
    kernel.wait_for_blocked("eswitch_set");  // the adapter's executor is at work
    manager->set_profile("pci/0000:08:00.0=switchdev");
    until([&](const Snapshot& now) {
        return now.profile->eswitches.at(pf0).state == ProfileState::kApplying;
    });
    auto by_hand = set_mode(Mode::kSwitchdevInactive);
    EXPECT_TRUE(get(rescan_async()));  // so the request is in
    kernel.ungate("eswitch_set");
    EXPECT_EQ(get(std::move(by_hand)).value(), "done");
    EXPECT_TRUE(get(std::move(before)));
    EXPECT_EQ(mode(), Mode::kSwitchdevInactive);
    ASSERT_EQ(events("profile").size(), 1u);
    EXPECT_EQ(events("profile")[0]->result, EventResult::kSuperseded);
    EXPECT_EQ(events("profile")[0]->cause, "superseded by switchdev_inactive");
    EXPECT_EQ(kernel.calls("eswitch_set"), 2u);
}

TEST_F(ProfileManagerTest, GivingBackWhatNoProfileNamesChangesNothing) {
    start_legacy(0, "");
    EXPECT_EQ(get(set_mode(Mode::kSwitchdev)).value(), "done");
    EXPECT_EQ(get(set_mode_by_profile()).value(), "no change");
    EXPECT_EQ(manager->snapshot()->profile->overrides, "");
    EXPECT_EQ(mode(), Mode::kSwitchdev);
}

TEST_F(ProfileManagerTest, AnOverrideOfAnEswitchThatIsNotThereCanBeTakenBack) {
    read("", "pci/0000:08:00.0=legacy");
    start();
    ASSERT_TRUE(wait());
    EXPECT_EQ(get(set_mode_by_profile()).value(), "no change");
    EXPECT_EQ(manager->snapshot()->profile->overrides, "");
    EXPECT_EQ(get(set_mode_by_profile()).error().detail, "no such eswitch pci/0000:08:00.0");
}

TEST_F(ProfileManagerTest, AWrongProfileChangesNothingAndIsShown) {
    start_legacy(0, "*=switchdev");
    manager->set_profile("pci/0000:08:00.0=legacy,pci/0000:08:00.1=full");
    ASSERT_TRUE(wait());
    EXPECT_EQ(mode(), Mode::kSwitchdev);
    EXPECT_EQ(show(false),
              "profile: *=switchdev\n"
              "refused: pci/0000:08:00.0=legacy,pci/0000:08:00.1=full: pci/0000:08:00.1=full: "
              "unknown mode 'full'; expected legacy, switchdev or switchdev_inactive (Invalid "
              "argument)\n"
              "ESWITCH           WANTED     ACTUAL     SOURCE     OVERRIDDEN  STATE    LAST ERROR\n"
              "pci/0000:08:00.0  switchdev  switchdev  profile *  no          applied  none");
}

TEST_F(ProfileManagerTest, WhatIsShownAsJson) {
    start_legacy(2, "*=switchdev;encap_mode=none,pci/0000:08:00.1=legacy");
    EXPECT_EQ(show(true),
              R"({"pci/0000:08:00.0":{"wanted":"switchdev","actual":"legacy","source":"profile",)"
              R"("selector":"*","profile":"switchdev","settings":"encap_mode=none",)"
              R"("overridden":false,"override":null,"state":"held",)"
              R"("last_error":"it has 2 VFs: not changed at start without force=true",)"
              R"("retries":0,"retry_in_ms":null,"profile_error":null,"override_error":null},)"
              R"("pci/0000:08:00.1":{"wanted":"legacy","actual":null,"source":"profile",)"
              R"("selector":"pci/0000:08:00.1","profile":"legacy","settings":null,)"
              R"("overridden":false,"override":null,"state":"absent","last_error":null,)"
              R"("retries":0,"retry_in_ms":null,"profile_error":null,"override_error":null}})");
    EXPECT_EQ(get(set_mode(Mode::kLegacy)).value(), "no change");
    const std::string text = show(false, true);
    EXPECT_NE(text.find("pci/0000:08:00.0  legacy  legacy  override                  yes  "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("settings      encap_mode=none"), std::string::npos) << text;
}

}  // namespace
}  // namespace esw
