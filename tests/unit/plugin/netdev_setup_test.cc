// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/netdev_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include "tests/unit/plugin/link_kernel.h"

namespace esw {
namespace {

using fakes::LinkKernel;
using testing::ElementsAre;
using testing::IsEmpty;

class NullSink final : public LogSink {
public:
    void write(LogLevel, std::string_view, std::string_view) override {}
    bool enabled(LogLevel, std::string_view) const override { return true; }
};

class NetdevSetupTest : public testing::Test {
protected:
    NetdevSetupTest() : setup_(std::move(*NetdevSetup::create(kernel_, log_, [] {}))) {
        LinkKernel::Device device;
        device.link.name = "eth5";
        device.link.mtu = 1500;
        device.link.mac = netlink::MacAddress{2, 0, 0, 0, 0, 1};
        kernel_.add(12, device);
    }

    /// Stops the worker, so that all that was asked for is done.
    void finish() { setup_->stop(); }

    NullSink log_;
    testing::NiceMock<LinkKernel> kernel_;
    std::unique_ptr<NetdevSetup> setup_;
};

TEST_F(NetdevSetupTest, MakesOfTheDeviceWhatIsWished) {
    setup_->prepare({1, 7, 12, "web", {true, true, 9000, netlink::MacAddress{2, 0, 0, 0, 0, 9}}});
    finish();
    EXPECT_THAT(kernel_.changes(),
                ElementsAre("12 mtu 9000", "12 mac 02:00:00:00:00:09", "12 promisc", "12 up"));
    const auto outcomes = setup_->take_outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].port_id, 1u);
    EXPECT_EQ(outcomes[0].attempt, 7u);
    EXPECT_EQ(outcomes[0].refused, NetdevSetup::Refusals());
}

TEST_F(NetdevSetupTest, TellsWhatTheDeviceIsLikeAfterIt) {
    auto device = kernel_.device(12);
    device.stats.tx_bytes = 5;
    kernel_.add(12, device);
    setup_->prepare({1, 7, 12, "web", {true, true, 9000, {}}});
    finish();
    const auto outcomes = setup_->take_outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    const auto& read = outcomes[0].device;
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->link.attributes.mtu, 9000u);
    EXPECT_TRUE(read->link.attributes.flags & IFF_UP);
    EXPECT_FALSE(read->link.modes) << "a driver that tells none is none to refuse";
    EXPECT_EQ(read->stats.tx_bytes, 5u);
}

TEST_F(NetdevSetupTest, LeavesADeviceAloneThatIsAsWished) {
    auto device = kernel_.device(12);
    device.link.flags = IFF_UP | IFF_PROMISC;
    kernel_.add(12, device);
    setup_->prepare({1, 1, 12, "web", {true, true, 1500, {}}});
    setup_->put_back(12);
    finish();
    EXPECT_THAT(kernel_.changes(), IsEmpty());
}

TEST_F(NetdevSetupTest, PutsBackWhatItChangedAndNothingElse) {
    auto device = kernel_.device(12);
    device.features = {"hw-tc-offload", "rx-checksum"};
    device.ingress_qdisc = true;
    device.link.flags = IFF_PROMISC;
    kernel_.add(12, device);
    setup_->prepare({1, 1, 12, "web", {true, true, 9000, {}}});
    setup_->put_back(12);
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 hw-tc-offload off", "12 mtu 9000", "12 up",
                                               "12 mtu 1500", "12 down", "12 hw-tc-offload on"));
    EXPECT_FALSE(kernel_.device(12).ingress_qdisc);
    EXPECT_EQ(kernel_.device(12).link.flags, static_cast<unsigned int>(IFF_PROMISC));
}

TEST_F(NetdevSetupTest, PacketsComeAsTheyWereSent) {
    auto device = kernel_.device(12);
    device.features = {"rx-gro", "rx-gro-hw", "rx-lro", "tx-generic-segmentation"};
    device.link.flags = IFF_UP;
    kernel_.add(12, device);
    setup_->prepare({1, 1, 12, "web", {true, false, {}, {}}});
    setup_->prepare({1, 2, 12, "web", {true, false, {}, {}}});
    setup_->put_back(12);
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 rx-gro off", "12 rx-gro-hw off", "12 rx-lro off",
                                               "12 rx-gro on", "12 rx-gro-hw on", "12 rx-lro on"));
}

TEST_F(NetdevSetupTest, AFeatureThatStaysOnIsReportedAndDoesNotStopTheOthers) {
    auto device = kernel_.device(12);
    device.features = {"rx-gro", "rx-lro"};
    device.fixed_feature = "rx-gro";
    device.ingress_qdisc = true;
    kernel_.add(12, device);
    setup_->prepare({1, 1, 12, "web", {true, false, {}, {}}});
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 rx-lro off", "12 up"));
    EXPECT_FALSE(kernel_.device(12).ingress_qdisc);
    const auto outcomes = setup_->take_outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].refused.setup.code, ENOTSUP);
}

TEST_F(NetdevSetupTest, WhatWasFoundFirstCounts) {
    setup_->prepare({1, 1, 12, "web", {true, false, 9000, {}}});
    setup_->prepare({1, 2, 12, "web", {true, false, 4000, {}}});
    setup_->put_back(12);
    finish();
    EXPECT_EQ(kernel_.device(12).link.mtu, 1500u);
}

TEST_F(NetdevSetupTest, ChangesWhatIsAskedForAndPutsItBack) {
    setup_->prepare({1, 1, 12, "web", {true, false, {}, {}}});
    setup_->change({1, 3, 12, {true, false, 9000, {}}, {}});
    setup_->put_back(12);
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 up", "12 mtu 9000", "12 mtu 1500", "12 down"));
    const auto changes = setup_->take_changes();
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0].refused, NetdevSetup::WishRefusals());
}

TEST_F(NetdevSetupTest, AChangeLeavesFlagsAloneThatItIsNotAbout) {
    auto device = kernel_.device(12);
    device.link.flags = IFF_PROMISC;
    kernel_.add(12, device);
    setup_->change({1, 3, 12, {true, false, 9000, {}}, {}});
    setup_->change({1, 3, 12, {true, false, 9000, {}}, {false, true}});
    setup_->change({1, 3, 12, {true, true, 9000, {}}, {true, false}});
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 mtu 9000", "12 no promisc", "12 up"));
}

TEST_F(NetdevSetupTest, WhatWasRefusedIsNotPutBack) {
    auto device = kernel_.device(12);
    device.max_mtu = 9000;
    kernel_.add(12, device);
    setup_->change({1, 3, 12, {true, false, 100000, netlink::MacAddress{2, 0, 0, 0, 0, 9}}, {}});
    ASSERT_TRUE(setup_->wait_until_done(std::chrono::minutes(1)));
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 mac 02:00:00:00:00:09"));
    device = kernel_.device(12);
    device.link.mtu = 4000;  // by somebody else
    kernel_.add(12, device);
    setup_->put_back(12);
    finish();
    EXPECT_EQ(kernel_.device(12).link.mtu, 4000u);
    EXPECT_EQ(kernel_.device(12).link.mac, (netlink::MacAddress{2, 0, 0, 0, 0, 1}));
}

TEST_F(NetdevSetupTest, WhatAChangeIsRefusedIsTold) {
    auto device = kernel_.device(12);
    device.max_mtu = 9000;
    kernel_.add(12, device);
    setup_->change({1, 3, 12, {false, false, 100000, {}}, {}});
    setup_->change({1, 4, 13, {false, false, 9000, {}}, {}});
    finish();
    const auto changes = setup_->take_changes();
    ASSERT_EQ(changes.size(), 2u);
    EXPECT_EQ(changes[0].refused.shape.code, EINVAL);
    EXPECT_EQ(changes[0].refused.flags.code, 0);
    EXPECT_EQ(changes[1].refused.shape.code, ENODEV);
}

TEST_F(NetdevSetupTest, PutsBackOnce) {
    setup_->prepare({1, 1, 12, "web", {true, false, {}, {}}});
    setup_->put_back(12);
    setup_->put_back(12);
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 up", "12 down"));
}

TEST_F(NetdevSetupTest, KeepsDevicesAsTheyAreWhenToldTo) {
    setup_->prepare({1, 1, 12, "web", {true, false, {}, {}}});
    setup_->keep_all();
    setup_->change({1, 3, 12, {true, false, 9000, {}}, {}});
    setup_->put_back(12);
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 up", "12 mtu 9000"));
}

TEST_F(NetdevSetupTest, ADeviceThatIsGoneIsSaidToBe) {
    kernel_.remove(12);
    setup_->prepare({1, 1, 12, "web", {}});
    setup_->put_back(12);
    finish();
    const auto outcomes = setup_->take_outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].refused.setup.code, ENODEV);
    ASSERT_FALSE(outcomes[0].device);
    EXPECT_EQ(outcomes[0].device.error().code, ENODEV);
}

TEST_F(NetdevSetupTest, ADeviceThatItsDriverHasDetachedIsNotGone) {
    auto device = kernel_.device(12);
    device.detached = true;
    device.modes.emplace();
    kernel_.add(12, device);
    setup_->prepare({1, 1, 12, "web", {}});
    setup_->read(1, 12);
    finish();
    const auto outcomes = setup_->take_outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].refused.setup.code, ENODEV);
    EXPECT_TRUE(outcomes[0].device);
    const auto readings = setup_->take_readings();
    ASSERT_EQ(readings.size(), 1u);
    ASSERT_TRUE(readings[0].link) << readings[0].link.error().to_string();
    EXPECT_EQ(readings[0].link->attributes.name, "eth5");
    EXPECT_FALSE(readings[0].link->modes);
}

TEST_F(NetdevSetupTest, AStepThatFailsIsReportedAndDoesNotStopTheOthers) {
    auto device = kernel_.device(12);
    device.features = {"hw-tc-offload"};
    device.link_change_error = EOPNOTSUPP;
    kernel_.add(12, device);
    setup_->prepare({1, 1, 12, "web", {true, false, {}, {}}});
    finish();
    EXPECT_THAT(kernel_.device(12).features, IsEmpty());
    const auto outcomes = setup_->take_outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].refused.wish.flags.code, EOPNOTSUPP);
}

TEST_F(NetdevSetupTest, ADeviceThatRefusesTheMtuIsBroughtUp) {
    auto device = kernel_.device(12);
    device.max_mtu = 9000;
    kernel_.add(12, device);
    setup_->prepare({1, 1, 12, "web", {true, true, 100000, {}}});
    finish();
    EXPECT_THAT(kernel_.changes(), ElementsAre("12 promisc", "12 up"));
    const auto outcomes = setup_->take_outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].refused.wish.shape.code, EINVAL);
}

}  // namespace
}  // namespace esw
