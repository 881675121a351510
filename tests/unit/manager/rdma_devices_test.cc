// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/rdma_devices.h"

#include <gtest/gtest.h>

namespace esw {
namespace {

using Kind = netlink::RdmaDeviceEvent::Kind;
using Changes = RdmaDevices::Changes;

const DevlinkHandle kPf0{"pci", "0000:08:00.0"};
const DevlinkHandle kPf1{"pci", "0000:08:00.1"};
const Changes kNone;
const Changes kFirst{"0000:08:00.0"};

class RdmaDevicesTest : public testing::Test {
protected:
    Changes came(const std::string& name, const DevlinkHandle& parent = kPf0) {
        return devices_.apply({Kind::kCame, name, "", parent.device});
    }
    Changes went(const std::string& name, const DevlinkHandle& parent = kPf0) {
        return devices_.apply({Kind::kWent, name, "", parent.device});
    }
    Changes resync(const std::vector<FoundRdmaDevice>& found, bool gone = false) {
        return devices_.resync(found, [gone](const std::string&) { return gone; });
    }
    uint64_t generation(const DevlinkHandle& parent = kPf0) {
        const auto* device = devices_.find(parent);
        return device ? device->generation : 0;
    }

    RdmaDevices devices_;
};

TEST_F(RdmaDevicesTest, EachDeviceOfAParentIsAnotherGeneration) {
    EXPECT_EQ(came("mlx5_0"), kFirst);
    EXPECT_EQ(generation(), 1U);
    EXPECT_EQ(went("mlx5_0"), kFirst);
    EXPECT_EQ(devices_.find(kPf0), nullptr);
    EXPECT_EQ(came("mlx5_0"), kFirst);
    EXPECT_EQ(generation(), 2U);
    EXPECT_EQ(devices_.find(kPf1), nullptr);
}

TEST_F(RdmaDevicesTest, AnotherDeviceTakesTheFirstOnesPlace) {
    came("mlx5_0");
    EXPECT_EQ(came("mlx5_bond_0"), kFirst);
    EXPECT_EQ(generation(), 2U);
    // Of the one before, late.
    EXPECT_EQ(went("mlx5_0"), kNone);
    EXPECT_EQ(devices_.find(kPf0)->name, "mlx5_bond_0");
}

TEST_F(RdmaDevicesTest, ARenamedDeviceIsTheSame) {
    came("mlx5_0");
    EXPECT_EQ(devices_.apply({Kind::kRenamed, "rocep8s0f0", "mlx5_0", kPf0.device}), kNone);
    EXPECT_EQ(generation(), 1U);
    EXPECT_EQ(went("rocep8s0f0"), kFirst);
}

TEST_F(RdmaDevicesTest, WhatAScanFoundAndAnEventToldIsOneDevice) {
    EXPECT_EQ(resync({{"mlx5_0", 3, kPf0}}), kFirst);
    EXPECT_EQ(came("mlx5_0"), kNone);
    EXPECT_EQ(generation(), 1U);
}

TEST_F(RdmaDevicesTest, AResyncFindsWhatWasNotHeard) {
    came("mlx5_0");
    came("mlx5_1", kPf1);
    EXPECT_EQ(resync({{"mlx5_0", 3, kPf0}}), (Changes{"0000:08:00.1"}));
    EXPECT_EQ(devices_.find(kPf1), nullptr);
    EXPECT_EQ(generation(), 1U);
    EXPECT_EQ(resync({{"mlx5_0", 3, kPf0}}), kNone);
}

TEST_F(RdmaDevicesTest, AnotherDeviceByTheSameNameIsKnownByItsIndex) {
    resync({{"mlx5_0", 3, kPf0}});
    EXPECT_EQ(resync({{"mlx5_0", 5, kPf0}}), kFirst);
    EXPECT_EQ(generation(), 2U);
}

TEST_F(RdmaDevicesTest, AnotherDeviceByTheSameNameIsKnownByTheEndOfTheFirst) {
    came("mlx5_0");
    EXPECT_EQ(resync({{"mlx5_0", 5, kPf0}}, /*gone=*/true), kFirst);
    EXPECT_EQ(generation(), 2U);
}

}  // namespace
}  // namespace esw
