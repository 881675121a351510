// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/fake_netdevs.h"

namespace esw::sim::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr uint64_t kBroadcast = 0xffffffffffff;

struct Switch : FakeAdapter {
    std::vector<std::string> got;  ///< names of the netdevs that got the last frame
    Forwarder forwarder{[this](Netdev& to, Forwarder::Frame) {
        got.push_back(to.name);
        return true;
    }};

    explicit Switch(uint32_t vfs) : FakeAdapter(KernelVersion{6, 19}, vfs) {}

    std::vector<std::string> send(const std::string& from, uint64_t destination, uint64_t source) {
        PacketBytes frame;
        for (const uint64_t address : {destination, source}) {
            for (const uint8_t byte : mac_of(address)) {
                frame.push_back(std::byte{byte});
            }
        }
        frame.resize(60);
        got.clear();
        forwarder.from_netdev(*netdevs.find(from), frame);
        return got;
    }
    void up(const std::string& rep) {
        netdevs.find(rep)->admin_up = true;
        adapter->netdev_admin_changed(*netdevs.find(rep));
    }
};

TEST(Forwarder, FloodsInLegacyModeUntilItHasLearned) {
    Switch s(2);
    EXPECT_THAT(s.send("p0v0", 0x020000000099, 0x020000000001),
                UnorderedElementsAre("p0", "wire0", "p0v1"));
    EXPECT_THAT(s.send("wire0", 0x020000000001, 0x020000000099), ElementsAre("p0v0"));
    EXPECT_THAT(s.send("p0v0", 0x020000000099, 0x020000000001), ElementsAre("wire0"));
    EXPECT_THAT(s.send("p0v1", kBroadcast, 0x020000000002),
                UnorderedElementsAre("p0", "wire0", "p0v0"));
    // A station that moved.
    s.send("p0v1", kBroadcast, 0x020000000099);
    EXPECT_THAT(s.send("p0v0", 0x020000000099, 0x020000000001), ElementsAre("p0v1"));
    EXPECT_THAT(s.send("p0v0", 0x020000000001, 0x020000000001), IsEmpty());
}

TEST(Forwarder, KnowsTheAddressesOfItsOwnPortsInLegacyMode) {
    Switch s(2);
    EXPECT_THAT(s.send("wire0", s.pf().topology.mac + 2, 0x020000000099), ElementsAre("p0v1"));
}

TEST(Forwarder, ConnectsAFunctionWithItsRepresentorInSwitchdevMode) {
    Switch s(2);
    ASSERT_EQ(s.mode_set(kModeSwitchdev), "done");
    s.up("pf0vf0");
    EXPECT_THAT(s.send("p0v0", kBroadcast, 1), ElementsAre("pf0vf0"));
    EXPECT_THAT(s.send("pf0vf0", kBroadcast, 2), ElementsAre("p0v0"));
    EXPECT_THAT(s.send("wire0", kBroadcast, 3), ElementsAre("p0"));
    EXPECT_THAT(s.send("p0", kBroadcast, 4), ElementsAre("wire0"));
    EXPECT_EQ(s.forwarder.counters().miss, 2u);
    EXPECT_EQ(s.forwarder.counters().representor, 2u);
}

TEST(Forwarder, DropsWhereThereIsNoLink) {
    Switch s(1);
    ASSERT_EQ(s.mode_set(kModeSwitchdev), "done");
    EXPECT_THAT(s.send("p0v0", kBroadcast, 1), IsEmpty());
    EXPECT_EQ(s.forwarder.counters().drop_link_down, 1u);
}

TEST(Forwarder, DropsAllWhenInactive) {
    Switch s(1);
    ASSERT_EQ(s.mode_set(kModeSwitchdevInactive), "done");
    s.up("pf0vf0");
    EXPECT_THAT(s.send("p0v0", kBroadcast, 1), IsEmpty());
    EXPECT_THAT(s.send("pf0vf0", kBroadcast, 1), IsEmpty());
    EXPECT_EQ(s.forwarder.counters().drop_inactive, 2u);
    ASSERT_EQ(s.mode_set(kModeSwitchdev), "done");
    EXPECT_THAT(s.send("p0v0", kBroadcast, 1), ElementsAre("pf0vf0"));
}

TEST(ParseHex, TakesBlanksAndRefusesTheRest) {
    EXPECT_EQ(parse_hex("ff:ff:ff:ff:ff:ff 020000000001 0800\n00")->size(), 15u);
    EXPECT_FALSE(parse_hex("ffffffffffff0200000000010800f"));
    EXPECT_FALSE(parse_hex("ffff"));
    EXPECT_FALSE(parse_hex("zz"));
}

}  // namespace
}  // namespace esw::sim::test
