// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/profile.h"

#include <gtest/gtest.h>

#include <string>

namespace esw {
namespace {

using netlink::EswitchMode;

const DevlinkHandle kPf0{"pci", "0000:08:00.0"};
const DevlinkHandle kPf1{"pci", "0000:08:00.1"};

std::string refusal(const std::string& text) {
    const auto profile = Profile::parse(text);
    return profile ? "taken" : profile.error().object + ": " + profile.error().detail;
}

TEST(Profile, ExactBeatsWildcardWhateverTheOrder) {
    for (const char* text :
         {"pci/0000:08:00.0=switchdev,*=legacy", "*=legacy,pci/0000:08:00.0=switchdev"}) {
        const auto profile = Profile::parse(text);
        ASSERT_TRUE(profile);
        EXPECT_EQ(profile->rule_for(kPf0)->mode, EswitchMode::kSwitchdev);
        EXPECT_EQ(profile->rule_for(kPf1)->mode, EswitchMode::kLegacy);
        EXPECT_EQ(profile->rule_for(kPf1)->selector, "*");
        EXPECT_EQ(profile->handles(), std::vector{kPf0});
    }
}

TEST(Profile, WhatIsNotNamedHasNoRule) {
    EXPECT_EQ(Profile::parse("")->rule_for(kPf0), nullptr);
    EXPECT_EQ(Profile::parse("pci/0000:08:00.1=legacy")->rule_for(kPf0), nullptr);
}

TEST(Profile, SettingsOfARule) {
    const auto profile = Profile::parse(
        " pci/0000:08:00.0 = switchdev ; flow_steering_mode=smfs; encap_mode = none;"
        "inline_mode=transport;force=true , *=switchdev_inactive");
    ASSERT_TRUE(profile);
    const ProfileRule& rule = *profile->rule_for(kPf0);
    EXPECT_EQ(rule.flow_steering_mode, "smfs");
    EXPECT_EQ(rule.encap_mode, netlink::EncapMode::kNone);
    EXPECT_EQ(rule.inline_mode, netlink::InlineMode::kTransport);
    EXPECT_TRUE(rule.force);
    EXPECT_TRUE(rule.has_settings());
    EXPECT_EQ(settings_of(rule),
              "flow_steering_mode=smfs;inline_mode=transport;encap_mode=none;force=true");
    const ProfileRule& any = *profile->rule_for(kPf1);
    EXPECT_EQ(any.mode, EswitchMode::kSwitchdevInactive);
    EXPECT_FALSE(any.force || any.has_settings());
    EXPECT_EQ(settings_of(any), "");
}

TEST(Profile, EveryWrongPartIsNamed) {
    const struct {
        const char *text, *refusal;
    } cases[] = {
        {"switchdev", "switchdev: expected SELECTOR=MODE[;KEY=VALUE]..."},
        {"=switchdev", "=switchdev: expected SELECTOR=MODE[;KEY=VALUE]..."},
        {"*=legacy,", "'': expected SELECTOR=MODE[;KEY=VALUE]..."},
        {"*=legacy,,pci/0000:08:00.0=legacy", "'': expected SELECTOR=MODE[;KEY=VALUE]..."},
        {"*=", "*=: unknown mode ''; expected legacy, switchdev or switchdev_inactive"},
        {"*=legacy,pci/0000:08:00.0=switch",
         "pci/0000:08:00.0=switch: unknown mode 'switch'; expected legacy, switchdev or "
         "switchdev_inactive"},
        {"eth0=legacy",
         "eth0=legacy: 'eth0' is no devlink handle such as pci/0000:08:00.0 and not *"},
        {"pci/*=legacy,*=legacy,*=switchdev", "*: given twice"},
        {"pci/0000:08:00.0=legacy,pci/0000:08:00.0=legacy", "pci/0000:08:00.0: given twice"},
        {"*=switchdev;", "*: '': expected KEY=VALUE"},
        {"*=switchdev;force", "*: force: expected KEY=VALUE"},
        {"*=switchdev;force=yes", "*: force: unknown value 'yes'; expected one of false, true"},
        {"*=switchdev;force=true;force=true", "*: force: given twice"},
        {"*=switchdev;flow_steering_mode=fast",
         "*: flow_steering_mode: unknown value 'fast'; expected one of dmfs, smfs, hmfs"},
        {"*=switchdev;inline_mode=0",
         "*: inline_mode: unknown value '0'; expected one of none, link, network, transport"},
        {"*=switchdev;encap_mode=", "*: encap_mode: unknown value ''; expected one of none, basic"},
        {"*=switchdev;colour=red",
         "*: colour: unknown setting; expected flow_steering_mode, inline_mode, encap_mode or "
         "force"},
    };
    for (const auto& wrong : cases) {
        EXPECT_EQ(refusal(wrong.text), wrong.refusal) << wrong.text;
    }
}

TEST(Overrides, AreReadAndWritten) {
    const auto overrides = parse_overrides("pci/0000:08:00.1=switchdev, pci/0000:08:00.0=legacy");
    ASSERT_TRUE(overrides);
    EXPECT_EQ(overrides->at(kPf0), EswitchMode::kLegacy);
    EXPECT_EQ(to_string(*overrides), "pci/0000:08:00.0=legacy,pci/0000:08:00.1=switchdev");
    EXPECT_TRUE(parse_overrides("")->empty());
    EXPECT_EQ(to_string(Overrides{}), "");
}

TEST(Overrides, EveryWrongPartIsNamed) {
    const auto refused = [](const char* text) {
        const auto overrides = parse_overrides(text);
        return overrides ? "taken" : overrides.error().object + ": " + overrides.error().detail;
    };
    EXPECT_EQ(refused("legacy"), "legacy: expected HANDLE=MODE");
    EXPECT_EQ(refused("*=legacy"), "*=legacy: '*' is no devlink handle such as pci/0000:08:00.0");
    EXPECT_EQ(refused("pci/a=legacy;force=true"),
              "pci/a=legacy;force=true: unknown mode 'legacy;force=true'; expected legacy, "
              "switchdev or switchdev_inactive");
    EXPECT_EQ(refused("pci/a=legacy,pci/a=switchdev"), "pci/a: given twice");
}

}  // namespace
}  // namespace esw
