// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mode_policy.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

#include "tests/fakes/memory_sink.h"

namespace esw {
namespace {

using netlink::EswitchMode;
using std::chrono::seconds;

constexpr EswitchMode kLegacy = EswitchMode::kLegacy;
constexpr EswitchMode kSwitchdev = EswitchMode::kSwitchdev;

class ModePolicyTest : public testing::Test {
protected:
    const DevlinkHandle pf0{"pci", "0000:08:00.0"};
    const DevlinkHandle pf1{"pci", "0000:08:00.1"};

    void read(const std::string& profile, const std::string& overrides = "") {
        policy.read_profile(profile);
        policy.read_overrides(overrides, ++reading);
    }
    void appear(const DevlinkHandle& handle, EswitchMode mode, bool at_start = false) {
        policy.appeared(handle, at_start);
        policy.saw_mode(handle, mode, now);
    }
    std::optional<ModePolicy::Application> next() { return policy.next(pf0, now); }
    /// Applies what is to be applied now; false when there is nothing.
    bool apply(const Result<std::string>& result = std::string("done")) {
        const auto application = next();
        if (application) {
            policy.ended(pf0, application->number, result, now);
        }
        return application.has_value();
    }
    /// Applies what is to be applied now, and sees the mode.
    bool apply_well() {
        const bool applied = apply();
        policy.saw_mode(pf0, status().rule->mode, now);
        return applied;
    }
    EswitchProfile status() { return policy.status()->eswitches.at(pf0); }

    fakes::MemorySink log;
    ModePolicy policy{log};
    TimePoint now{std::chrono::hours(1)};
    uint64_t reading = 0;
};

TEST_F(ModePolicyTest, NothingIsAppliedBeforeProfileAndOverridesWereRead) {
    appear(pf0, kLegacy);
    EXPECT_FALSE(policy.waits_for_overrides());
    policy.read_profile("*=switchdev");
    EXPECT_TRUE(policy.waits_for_overrides());
    EXPECT_FALSE(next());
    policy.read_overrides("", 7);
    EXPECT_FALSE(policy.waits_for_overrides());
    EXPECT_EQ(policy.status()->overrides_reading, 7u);
    ASSERT_TRUE(next());
}

TEST_F(ModePolicyTest, AnEswitchThatAppearsGetsItsModeOnce) {
    read("*=switchdev");
    policy.appeared(pf0, false);
    EXPECT_FALSE(next());  // its mode is not known
    EXPECT_EQ(status().state, ProfileState::kPending);
    policy.saw_mode(pf0, kLegacy, now);
    const auto application = next();
    ASSERT_TRUE(application);
    EXPECT_EQ(application->rule.mode, kSwitchdev);
    EXPECT_FALSE(application->unless_vfs);
    EXPECT_EQ(status().state, ProfileState::kApplying);
    EXPECT_FALSE(next());
    policy.ended(pf0, application->number, std::string("done"), now);
    EXPECT_EQ(status().state, ProfileState::kApplied);
    EXPECT_FALSE(next());
}

TEST_F(ModePolicyTest, NothingIsDoneWhereTheModeIsRight) {
    read("*=switchdev");
    appear(pf0, kSwitchdev, true);
    EXPECT_FALSE(next());
    EXPECT_EQ(status().state, ProfileState::kApplied);
}

TEST_F(ModePolicyTest, SettingsAreAskedForWhereTheModeIsRight) {
    read("*=switchdev;encap_mode=none");
    appear(pf0, kSwitchdev);
    EXPECT_TRUE(apply(std::string("no change")));
    EXPECT_EQ(status().state, ProfileState::kApplied);
}

TEST_F(ModePolicyTest, AWrongProfileIsRefusedWholeAndTheOneInForceStays) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    EXPECT_TRUE(apply_well());
    policy.read_profile("pci/0000:08:00.0=legacy,*=nonsense");
    EXPECT_FALSE(next());
    EXPECT_EQ(status().rule->mode, kSwitchdev);
    EXPECT_EQ(policy.status()->profile, "*=switchdev");
    EXPECT_EQ(policy.status()->refused, "pci/0000:08:00.0=legacy,*=nonsense");
    EXPECT_EQ(log.count("error|esw_profile|esw-profile is refused as a whole: *=nonsense"), 1u);
    policy.read_profile("*=legacy");
    EXPECT_EQ(policy.status()->refused, "");
    EXPECT_EQ(policy.status()->refusal, "");
    ASSERT_TRUE(next());
}

TEST_F(ModePolicyTest, OnlyEswitchesWhoseRuleChangesAreTouched) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    EXPECT_TRUE(apply_well());
    policy.read_profile("*=switchdev,pci/0000:08:00.1=legacy");
    EXPECT_FALSE(next());
    policy.read_profile("*=legacy");
    ASSERT_TRUE(next());
    policy.read_profile("");
    EXPECT_FALSE(next());
    EXPECT_EQ(status().state, ProfileState::kNone);
    EXPECT_FALSE(status().wanted());
}

TEST_F(ModePolicyTest, AnotherRuleOvertakesOneThatIsBeingApplied) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    const auto first = next();
    policy.read_profile("*=switchdev_inactive");
    const auto second = next();
    ASSERT_TRUE(first && second);
    policy.ended(pf0, first->number, fail(EIO, "", "", "not of interest any more"), now);
    EXPECT_EQ(status().state, ProfileState::kApplying);
    EXPECT_EQ(status().error.code, 0);
    policy.ended(pf0, second->number, std::string("done"), now);
    EXPECT_EQ(status().state, ProfileState::kApplied);
}

TEST_F(ModePolicyTest, ItIsAppliedAgainAfterAReload) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    EXPECT_TRUE(apply_well());
    policy.reloaded(pf0);
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_TRUE(apply_well());
    EXPECT_FALSE(next());
}

TEST_F(ModePolicyTest, AReloadWhoseEffectWasSeenBeforeItsEndIsAnsweredOnce) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    EXPECT_TRUE(apply_well());
    policy.saw_mode(pf0, kLegacy, now);
    const auto application = next();
    ASSERT_TRUE(application);
    policy.reloaded(pf0);
    EXPECT_FALSE(next());
    policy.ended(pf0, application->number, std::string("done"), now);
    EXPECT_FALSE(next());
}

TEST_F(ModePolicyTest, AReloadIsNoContest) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    EXPECT_TRUE(apply_well());
    for (int i = 0; i < 2; ++i) {
        policy.saw_mode(pf0, kLegacy, now);  // before its end is known
        policy.reloaded(pf0);
        EXPECT_TRUE(apply_well());
        policy.reloaded(pf0);
        policy.saw_mode(pf0, kLegacy, now);
        EXPECT_TRUE(apply_well());
    }
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_TRUE(apply_well());  // the first one of another program
}

TEST_F(ModePolicyTest, AnotherProgramsModeIsPutRightOnceAndThenWithBackOff) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    EXPECT_TRUE(apply_well());
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_TRUE(apply_well());
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_FALSE(next());
    EXPECT_EQ(status().state, ProfileState::kFailed);
    EXPECT_EQ(status().error.detail, "another program has set it to legacy again");
    EXPECT_EQ(policy.next_retry(), now + seconds(1));
    now += seconds(1);
    EXPECT_TRUE(apply_well());
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_EQ(policy.next_retry(), now + seconds(2));
    now += seconds(2);
    EXPECT_TRUE(apply_well());
    now += seconds(60);  // it stood
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_TRUE(apply_well());
}

TEST_F(ModePolicyTest, AFailureIsToldOnceAndTriedAgainWithBackOff) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    const auto busy = fail(EBUSY, pf0.to_string(), "set-mode switchdev", "the driver's words");
    EXPECT_TRUE(apply(busy));
    EXPECT_EQ(status().state, ProfileState::kFailed);
    EXPECT_EQ(status().error.detail, "the driver's words");
    EXPECT_EQ(policy.next_retry(), now + seconds(1));
    EXPECT_FALSE(next());
    now += seconds(1);
    EXPECT_TRUE(apply(busy));
    EXPECT_EQ(policy.next_retry(), now + seconds(2));
    EXPECT_EQ(status().retries, 2u);
    EXPECT_EQ(log.count("warning|esw_profile|pci/0000:08:00.0: the profile could not be applied"),
              1u);
    policy.retry_now(pf1);
    EXPECT_FALSE(next());
    policy.retry_now({});
    EXPECT_TRUE(apply_well());
    EXPECT_EQ(status().state, ProfileState::kApplied);
    EXPECT_EQ(status().error.code, 0);
    EXPECT_FALSE(policy.next_retry());
}

TEST_F(ModePolicyTest, VfsHoldItAtStartOnly) {
    read("*=switchdev");
    appear(pf0, kLegacy, true);
    EXPECT_TRUE(next()->unless_vfs);
    policy.ended(pf0, 1, ModePolicy::held(2), now);
    EXPECT_EQ(status().state, ProfileState::kHeld);
    EXPECT_EQ(status().reason, "it has 2 VFs: not changed at start without force=true");
    EXPECT_FALSE(next());
    EXPECT_FALSE(policy.next_retry());
    policy.look_again_at_held();
    const auto again = next();
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->unless_vfs);
    policy.ended(pf0, again->number, ModePolicy::held(1), now);
    policy.read_profile("*=switchdev,pci/0000:08:00.1=legacy");
    EXPECT_FALSE(next());  // its own rule is the same
    policy.read_profile("*=switchdev_inactive");
    EXPECT_FALSE(next()->unless_vfs);  // somebody has just said so
}

TEST_F(ModePolicyTest, ForceIsNotHeldNorIsAReload) {
    read("*=switchdev;force=true");
    appear(pf0, kLegacy, true);
    EXPECT_FALSE(next()->unless_vfs);
    read("*=switchdev");
    appear(pf0, kSwitchdev, true);
    policy.reloaded(pf0);
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_FALSE(next()->unless_vfs);
}

TEST_F(ModePolicyTest, TheFirstProfileIsReadAtStart) {
    appear(pf0, kLegacy, true);
    read("*=switchdev");
    EXPECT_TRUE(next()->unless_vfs);
}

TEST_F(ModePolicyTest, AHandIsNotFought) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    EXPECT_TRUE(apply_well());
    const uint64_t number = policy.request_by_hand(pf0, kLegacy);
    EXPECT_EQ(policy.status()->overrides, "pci/0000:08:00.0=legacy");  // from the request on
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_FALSE(next());
    policy.end_by_hand(pf0, number, true);
    EXPECT_FALSE(next());
    policy.reloaded(pf0);
    EXPECT_FALSE(next());
    policy.read_profile("*=switchdev;force=true");
    EXPECT_FALSE(next());
    policy.gone(pf0);
    EXPECT_EQ(status().state, ProfileState::kAbsent);
    EXPECT_EQ(status().override_mode, kLegacy);
    appear(pf0, kLegacy);
    EXPECT_FALSE(next());
    EXPECT_EQ(status().state, ProfileState::kOverridden);
    EXPECT_EQ(status().wanted(), kLegacy);
}

TEST_F(ModePolicyTest, AHandThatFailsIsNoOverride) {
    read("*=switchdev", "pci/0000:08:00.1=switchdev");
    appear(pf0, kLegacy);
    const auto overtaken = next();
    const uint64_t first = policy.request_by_hand(pf0, kLegacy);
    const uint64_t second = policy.request_by_hand(pf0, EswitchMode::kSwitchdevInactive);
    policy.ended(pf0, overtaken->number, std::string("superseded by switchdev_inactive"), now);
    policy.end_by_hand(pf0, first, true);  // superseded
    EXPECT_EQ(status().override_mode, EswitchMode::kSwitchdevInactive);
    policy.end_by_hand(pf0, second, false);
    EXPECT_FALSE(status().override_mode);
    EXPECT_EQ(policy.status()->overrides, "pci/0000:08:00.1=switchdev");
    EXPECT_TRUE(apply_well());  // what was overtaken
}

TEST_F(ModePolicyTest, AHandThatFailsLeavesTheOneBefore) {
    read("*=switchdev", "pci/0000:08:00.0=legacy");
    appear(pf0, kLegacy);
    policy.end_by_hand(pf0, policy.request_by_hand(pf0, kSwitchdev), false);
    EXPECT_EQ(status().override_mode, kLegacy);
    EXPECT_FALSE(next());
}

TEST_F(ModePolicyTest, GivingBackAppliesTheProfileWhateverItsModeIs) {
    read("*=switchdev", "pci/0000:08:00.0=switchdev");
    appear(pf0, kSwitchdev, true);
    EXPECT_TRUE(policy.is_overridden(pf0));
    const auto application = policy.give_back(pf0);
    ASSERT_TRUE(application);
    EXPECT_FALSE(application->unless_vfs);
    EXPECT_EQ(policy.status()->overrides, "");
    policy.read_profile("");
    EXPECT_FALSE(policy.give_back(pf0));
}

TEST_F(ModePolicyTest, TheDatabaseTakesAnOverrideAway) {
    read("*=switchdev", "pci/0000:08:00.0=legacy");
    appear(pf0, kLegacy);
    EXPECT_FALSE(next());
    policy.read_overrides("", 2);
    EXPECT_TRUE(next());
}

TEST_F(ModePolicyTest, WrongOverridesAreRefusedWholeAndNotWrittenOver) {
    read("*=switchdev", "pci/0000:08:00.0=legacy");
    appear(pf0, kLegacy);
    policy.read_overrides("pci/0000:08:00.0=switchdev,x", 2);
    EXPECT_EQ(status().override_mode, kLegacy);
    EXPECT_EQ(policy.status()->overrides, "pci/0000:08:00.0=switchdev,x");
    EXPECT_NE(policy.status()->overrides_refusal, "");
    policy.request_by_hand(pf1, kSwitchdev);
    EXPECT_EQ(policy.status()->overrides, "pci/0000:08:00.0=legacy,pci/0000:08:00.1=switchdev");
    EXPECT_EQ(policy.status()->overrides_refusal, "");
}

TEST_F(ModePolicyTest, TheStatusIsTheSameObjectWhileNothingChanges) {
    read("*=switchdev");
    appear(pf0, kLegacy);
    const auto status = policy.status();
    policy.saw_mode(pf0, kLegacy, now);
    EXPECT_EQ(policy.status(), status);
    EXPECT_TRUE(next());
    EXPECT_NE(policy.status(), status);
}

}  // namespace
}  // namespace esw
