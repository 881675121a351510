// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/port_map.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/mlx5/fake_ib_device.h"

namespace esw::mlx5 {
namespace {

using test::FakeIbDevice;
constexpr uint16_t kUplink = FakeIbDevice::kUplink;
constexpr uint16_t kFirstSf = FakeIbDevice::kFirstSf;

class PortMapTest : public testing::Test {
protected:
    Result<RdmaRep> find(uint16_t vport, uint16_t owner = 0) {
        return map_.find({owner, vport},
                         [this](uint32_t port) { return device_.query_port(port); });
    }
    void expect_found(uint16_t vport, uint16_t owner = 0) {
        const auto found = find(vport, owner);
        ASSERT_TRUE(found) << vport << " of " << owner << ": " << found.error().to_string();
        EXPECT_EQ(found->port, device_.port_of(vport, owner));
        EXPECT_EQ(found->vport, vport);
    }
    void expect_error(int code, uint16_t vport) {
        const auto found = find(vport);
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code, code) << found.error().to_string();
    }

    FakeIbDevice device_{/*vfs=*/128, /*sfs=*/512};
    PortMap map_{device_.port_count()};
};

TEST_F(PortMapTest, VfsCostOneQuestionEach) {
    for (uint16_t vport = 1; vport <= 128; ++vport) {
        device_.attach(vport);
    }
    for (uint16_t vport = 1; vport <= 128; ++vport) {
        expect_found(vport);
    }
    EXPECT_EQ(device_.all_queries(), 128U);
}

TEST_F(PortMapTest, ALaterLookUpAsksTheSamePortAgain) {
    device_.attach(3);
    expect_found(3);
    expect_found(3);
    EXPECT_EQ(device_.queries[device_.port_of(3)], 2U);
    EXPECT_EQ(device_.all_queries(), 2U);
}

TEST_F(PortMapTest, OnlyTheFirstSfIsSearchedFor) {
    for (uint16_t i = 0; i < 512; ++i) {
        device_.attach(static_cast<uint16_t>(kFirstSf + i));
    }
    // In no order, the first one from the middle.
    for (uint16_t i = 0; i < 512; ++i) {
        expect_found(static_cast<uint16_t>(kFirstSf + (i * 37 + 100) % 512));
    }
    EXPECT_LE(device_.all_queries(), 512U + device_.port_count());
}

TEST_F(PortMapTest, TheUplinkOfEitherPfIsFound) {
    device_.attach(kUplink, 0);
    device_.attach(kUplink, 1);
    expect_found(kUplink, 1);
    EXPECT_EQ(device_.all_queries(), 1U);
    expect_found(kUplink, 0);
}

TEST_F(PortMapTest, TheSameVportOfAnotherPfIsAnother) {
    device_.attach(1, 0);
    device_.attach(1, 1);
    device_.attach(2, 1);
    expect_found(1, 1);
    expect_found(1, 0);
    const uint32_t before = device_.all_queries();
    expect_found(2, 1);
    EXPECT_EQ(device_.all_queries(), before + 1);
}

TEST_F(PortMapTest, APortWithoutRepresentorIsToBeAskedAgainAndNothingIsSearched) {
    device_.attach(4);
    expect_found(4);
    expect_error(EAGAIN, 5);
    EXPECT_EQ(device_.all_queries(), 2U);
    device_.attach(5);
    expect_found(5);
}

TEST_F(PortMapTest, TheFirstVfOfTheSecondPfIsSearchedFor) {
    device_.attach(5, 1);
    expect_found(5, 1);
    EXPECT_LE(device_.all_queries(), device_.port_count());
}

TEST_F(PortMapTest, ARepresentorThatWentHasNoPort) {
    device_.attach(5);
    expect_found(5);
    device_.detach(5);
    expect_error(EAGAIN, 5);
}

TEST_F(PortMapTest, AVportThatNoPortHasEndsTheSearch) {
    device_.attach(1);
    expect_error(EAGAIN, kFirstSf + 7);
    EXPECT_LE(device_.all_queries(), device_.port_count());
    for (const auto& [port, count] : device_.queries) {
        EXPECT_EQ(count, 1U) << port;
    }
}

TEST_F(PortMapTest, ADeviceThatDiesEndsTheSearch) {
    device_.die();
    expect_error(EIO, kFirstSf);
    expect_error(EIO, 1);
    EXPECT_EQ(device_.all_queries(), 2U);
}

TEST(PortMap, ADeviceWithoutPortsHasNone) {
    PortMap map(0);
    const auto never = [](uint32_t) -> Result<RdmaRep> { return fail(EINVAL, "", ""); };
    EXPECT_EQ(map.find({0, 1}, never).error().code, EAGAIN);
    EXPECT_EQ(map.find({0, kFirstSf}, never).error().code, EAGAIN);
}

}  // namespace
}  // namespace esw::mlx5
