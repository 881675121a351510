// SPDX-License-Identifier: Apache-2.0
#include "netlink/devlink_types.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace esw::netlink {
namespace {

TEST(MacAddress, IsReadAndWritten) {
    const auto mac = parse_mac("00:11:22:aA:Bb:ff");
    ASSERT_TRUE(mac);
    EXPECT_EQ(to_string(*mac), "00:11:22:aa:bb:ff");
}

TEST(MacAddress, RefusesEverythingElse) {
    for (const char* text :
         {"", "00:11:22:aa:bb", "00:11:22:aa:bb:cc:dd", "00-11-22-aa-bb-cc", "00:11:22:aa:bb:cg",
          "0:11:22:aa:bb:cc1", " 0:11:22:aa:bb:cc", "00:11:22:aa:bb:cc\n"}) {
        const auto mac = parse_mac(text);
        ASSERT_FALSE(mac) << text;
        EXPECT_EQ(mac.error().code, EINVAL);
        EXPECT_EQ(mac.error().object, text);
    }
}

TEST(DevlinkHandle, IsReadAndWritten) {
    const auto handle = DevlinkHandle::parse("pci/0000:08:00.0");
    ASSERT_TRUE(handle);
    EXPECT_EQ(handle->bus, "pci");
    EXPECT_EQ(handle->device, "0000:08:00.0");
    EXPECT_EQ(handle->to_string(), "pci/0000:08:00.0");
    EXPECT_TRUE(DevlinkHandle::parse("auxiliary/mlx5_core.sf.2"));
}

TEST(DevlinkHandle, RefusesEverythingElse) {
    for (const char* text : {"", "pci", "pci/", "/0000:08:00.0", "pci/a/b", "pci/a b", "/"}) {
        const auto handle = DevlinkHandle::parse(text);
        ASSERT_FALSE(handle) << text;
        EXPECT_EQ(handle.error().code, EINVAL);
    }
    EXPECT_FALSE(DevlinkHandle::parse(std::string_view("pci/a\0b", 7)));
}

TEST(EswitchMode, NamesAreDevlinks) {
    for (const char* name : {"legacy", "switchdev", "switchdev_inactive"}) {
        const auto mode = parse_eswitch_mode(name);
        ASSERT_TRUE(mode);
        EXPECT_EQ(to_string(*mode), name);
    }
    EXPECT_FALSE(parse_eswitch_mode("Switchdev"));
    EXPECT_FALSE(parse_eswitch_mode("mode 7"));
}

TEST(EswitchMode, ANewerKernelsModeHasANumber) {
    EXPECT_EQ(to_string(static_cast<EswitchMode>(7)), "mode 7");
}

TEST(PortFlavour, NamesAreDevlinks) {
    EXPECT_EQ(to_string(PortFlavour::kPhysical), "physical");
    EXPECT_EQ(to_string(PortFlavour::kPciPf), "pcipf");
    EXPECT_EQ(to_string(PortFlavour::kPciVf), "pcivf");
    EXPECT_EQ(to_string(PortFlavour::kPciSf), "pcisf");
    EXPECT_EQ(to_string(static_cast<PortFlavour>(99)), "flavour 99");
}

}  // namespace
}  // namespace esw::netlink
