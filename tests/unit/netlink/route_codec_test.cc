// SPDX-License-Identifier: Apache-2.0
// rtnetlink, generic netlink's controller, ethtool, and acknowledgements: what a real kernel sent.
#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <climits>
#include <span>
#include <vector>

#include "netlink/ethtool_codec.h"
#include "netlink/extended_ack.h"
#include "netlink/genl_codec.h"
#include "netlink/message_builder.h"
#include "netlink/rtnl_codec.h"
#include "tests/unit/netlink/captured_route.h"
#include "tests/unit/netlink/messages.h"
#include "tests/unit/netlink/written_messages.h"

namespace esw::netlink {
namespace {

LinkEvent link_in(std::string_view hex) {
    const Message message(hex);
    auto event = rtnl::decode_link(message.view());
    EXPECT_TRUE(event && *event);
    return event && *event ? **event : LinkEvent{};
}

Bytes payload_of(const Result<Bytes>& request) {
    EXPECT_TRUE(request);
    return Bytes(request->begin() + NLMSG_HDRLEN, request->end());
}

TEST(RtnlDecode, Veth) {
    const LinkEvent event = link_in(captured::kVethLink);
    EXPECT_FALSE(event.removed);
    EXPECT_FALSE(event.event);
    Link expected;
    expected.ifindex = 3;
    expected.flags = IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST | IFF_LOWER_UP;
    expected.name = "veth0";
    expected.alt_names = {"port-of-a-long-name-0", "second"};
    expected.mac = MacAddress{0x02, 0, 0, 0, 0, 0x01};
    expected.mtu = 1500;
    expected.min_mtu = 68;
    expected.max_mtu = 65535;
    expected.carrier = true;
    expected.operstate = IF_OPER_UP;
    expected.kind = "veth";
    EXPECT_EQ(event.link, expected);
}

TEST(RtnlDecode, PortOfABridge) {
    const Link link = link_in(captured::kTapLink).link;
    EXPECT_EQ(link.name, "tap0");
    EXPECT_EQ(link.master, 4U);
    EXPECT_EQ(link.kind, "tun");
    EXPECT_EQ(link.slave_kind, "bridge");
    EXPECT_EQ(link.carrier, false);
    EXPECT_FALSE(link.bond_slave);
}

TEST(RtnlDecode, RemovedLink) {
    const LinkEvent event = link_in(captured::kTapRemoved);
    EXPECT_TRUE(event.removed);
    EXPECT_EQ(event.link.name, "tap0");
    EXPECT_EQ(event.link.ifindex, 5U);
}

TEST(RtnlDecode, LeavingABridgeIsNotTheEndOfALink) {
    const Message message(captured::kTapLeftBridge);
    ASSERT_EQ(message.view().header.nlmsg_type, RTM_DELLINK);
    const auto event = rtnl::decode_link(message.view());
    ASSERT_TRUE(event);
    EXPECT_FALSE(*event);
}

TEST(RtnlDecode, WirelessEventsDoNotDescribeALink) {
    const Message message(written::kWirelessEvent);
    const auto event = rtnl::decode_link(message.view());
    ASSERT_TRUE(event);
    EXPECT_FALSE(*event);
}

TEST(RtnlDecode, BondAndItsMember) {
    const Link bond = link_in(written::kBondLink).link;
    EXPECT_EQ(bond.kind, "bond");
    EXPECT_EQ(bond.bond, (BondInfo{uint8_t{4}, 4U, uint8_t{1}, 100U}));
    EXPECT_FALSE(bond.bond_slave);

    const LinkEvent member = link_in(written::kBondMember);
    EXPECT_EQ(member.event, 3U);
    EXPECT_EQ(member.link.master, 9U);
    EXPECT_EQ(member.link.slave_kind, "bond");
    EXPECT_EQ(member.link.bond_slave, (BondSlaveInfo{uint8_t{1}, uint8_t{0}, uint16_t{2}}));
    EXPECT_FALSE(member.link.bond);
    EXPECT_EQ(member.link.phys_port_name, "p0");
    EXPECT_EQ(member.link.switch_id,
              (std::vector<uint8_t>{0x6c, 0x5b, 0x0a, 0x00, 0x03, 0x00, 0x8a, 0x50}));
    EXPECT_EQ(member.link.parent_bus, "pci");
    EXPECT_EQ(member.link.parent_device, "0000:08:00.0");
}

TEST(RtnlDecode, Statistics) {
    const Message message(captured::kStats);
    const auto stats = rtnl::decode_stats(message.view());
    ASSERT_TRUE(stats) << stats.error().to_string();
    EXPECT_EQ(stats->rx_packets, 1U);
    EXPECT_EQ(stats->tx_packets, 1U);
    EXPECT_EQ(stats->rx_bytes, 90U);
    EXPECT_EQ(stats->tx_bytes, 90U);
    EXPECT_EQ(stats->tx_window_errors, 0U);
}

TEST(RtnlEncode, LinksAreNeverAskedForTheirVfs) {
    const auto dump = rtnl::encode_links_dump();
    const auto get = rtnl::encode_link_get(3);
    const Bytes mask = from_hex("08001d0008000000");  // IFLA_EXT_MASK: RTEXT_FILTER_SKIP_STATS
    for (const auto* request : {&dump, &get}) {
        const Bytes payload = payload_of(*request);
        ASSERT_EQ(payload.size(), sizeof(ifinfomsg) + mask.size());
        EXPECT_TRUE(std::equal(mask.begin(), mask.end(), payload.begin() + sizeof(ifinfomsg)));
    }
    EXPECT_EQ(Message(*dump).view().header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
}

TEST(RtnlEncode, ChangeHasOnlyWhatIsWanted) {
    LinkChange change;
    change.ifindex = 3;
    change.mtu = 140000;
    const auto request = rtnl::encode_link_change(change);
    ASSERT_TRUE(request);
    Bytes expected = from_hex(captured::kMtuRequest);
    set_sequence(expected, 0);
    EXPECT_EQ(*request, expected);
}

TEST(RtnlEncode, FlagsComeWithTheirMask) {
    LinkChange change;
    change.ifindex = 3;
    change.up = false;
    change.promiscuous = true;
    EXPECT_EQ(payload_of(rtnl::encode_link_change(change)), from_hex("00000000"
                                                                     "03000000"
                                                                     "00010000"
                                                                     "01010000"));
}

TEST(RtnlEncode, EveryAttributeOfAChange) {
    LinkChange change;
    change.ifindex = 3;
    change.mac = MacAddress{0x02, 0, 0, 0, 0, 0x07};
    change.name = "abc";
    change.master = 0;
    EXPECT_EQ(payload_of(rtnl::encode_link_change(change)),
              from_hex("00000000030000000000000000000000"
                       "0a0001000200000000070000"
                       "0800030061626300"
                       "08000a0000000000"));
}

TEST(RtnlEncode, IngressQdisc) {
    EXPECT_EQ(payload_of(rtnl::encode_ingress_qdisc_del(3)), from_hex("00000000030000000000000"
                                                                      "0f1ffffff00000000"));
}

TEST(ControllerDecode, FamilyWithItsGroups) {
    const Message message(captured::kEthtoolFamily);
    const auto family = genl::decode_family(message.view());
    ASSERT_TRUE(family) << family.error().to_string();
    EXPECT_EQ(family->name, "ethtool");
    EXPECT_EQ(family->id, 21);
    EXPECT_EQ(family->groups.size(), 1U);
    EXPECT_TRUE(family->group("monitor"));
    EXPECT_FALSE(family->group("config"));
}

TEST(ControllerDecode, TheControllersOwnGroupHasItsOwnNumber) {
    const Message message(captured::kControllerFamily);
    const auto family = genl::decode_family(message.view());
    ASSERT_TRUE(family);
    EXPECT_EQ(family->group("notify"), family->id);
}

TEST(ControllerDecode, AppearanceAndDisappearance) {
    const Message added(captured::kEthtoolFamily);
    const auto event = genl::decode_event(added.view());
    ASSERT_TRUE(event && *event);
    EXPECT_FALSE((*event)->removed);

    Bytes bytes = from_hex(captured::kEthtoolFamily);
    bytes[NLMSG_HDRLEN] = std::byte{2};  // CTRL_CMD_DELFAMILY
    const Message removed(bytes);
    EXPECT_TRUE((*genl::decode_event(removed.view()))->removed);

    bytes[NLMSG_HDRLEN] = std::byte{7};  // CTRL_CMD_NEWMCAST_GRP
    const Message other(bytes);
    EXPECT_FALSE(*genl::decode_event(other.view()));
}

TEST(EthtoolDecode, FeaturesThatAreActive) {
    const Message message(captured::kFeatures);
    const auto features = ethtool::decode_active_features(message.view());
    ASSERT_TRUE(features) << features.error().to_string();
    EXPECT_EQ(features->count("hw-tc-offload"), 0U);
    EXPECT_EQ(features->count("tx-checksum-ip-generic"), 1U);
}

TEST(EthtoolDecode, AMaskedListSaysTheValueOfEachBit) {
    const auto put_bit = [](MessageBuilder& bits, std::string_view name, bool on) {
        bits.put_nested(ETHTOOL_A_BITSET_BITS_BIT, [&](MessageBuilder& bit) {
            bit.put_string(ETHTOOL_A_BITSET_BIT_NAME, name);
            if (on) {
                bit.put_flag(ETHTOOL_A_BITSET_BIT_VALUE);
            }
        });
    };
    const auto put_bits = [&](MessageBuilder& bits) {
        put_bit(bits, "off", false);
        put_bit(bits, "on", true);
    };
    const Message message(*MessageBuilder::generic(21, ETHTOOL_MSG_FEATURES_GET_REPLY, 1, 0)
                               .put_nested(ETHTOOL_A_FEATURES_ACTIVE,
                                           [&](MessageBuilder& set) {
                                               set.put_nested(ETHTOOL_A_BITSET_BITS, put_bits);
                                           })
                               .finish());
    EXPECT_EQ(*ethtool::decode_active_features(message.view()), NetdevFeatures{"on"});
}

TEST(EthtoolDecode, LinkModesOfADeviceThatHasNoneButASpeed) {
    const Message message(captured::kLinkModes);
    const auto modes = ethtool::decode_link_modes(message.view());
    ASSERT_TRUE(modes) << modes.error().to_string();
    EXPECT_EQ(*modes, (LinkModes{0, 0, 10000, true, false, 0}));
    EXPECT_EQ(*ethtool::decode_link_port(Message(captured::kLinkInfo).view()), PORT_TP);
}

/// A reply with these words of 32 bits, speed and duplex.
Message link_modes_reply(const std::vector<uint32_t>& advertised,
                         const std::vector<uint32_t>& supported, uint32_t speed, uint8_t duplex) {
    const auto bytes = [](const std::vector<uint32_t>& words) {
        return ByteView(std::as_bytes(std::span(words)));
    };
    return Message(*MessageBuilder::generic(21, ETHTOOL_MSG_LINKMODES_GET_REPLY, 1, 0)
                        .put_u8(ETHTOOL_A_LINKMODES_AUTONEG, AUTONEG_ENABLE)
                        .put_nested(ETHTOOL_A_LINKMODES_OURS,
                                    [&](MessageBuilder& set) {
                                        set.put_bytes(ETHTOOL_A_BITSET_VALUE, bytes(advertised));
                                        set.put_bytes(ETHTOOL_A_BITSET_MASK, bytes(supported));
                                    })
                        .put_u32(ETHTOOL_A_LINKMODES_SPEED, speed)
                        .put_u8(ETHTOOL_A_LINKMODES_DUPLEX, duplex)
                        .finish());
}

TEST(EthtoolDecode, LinkModesAreTheFirst64BitsOfMaskAndValue) {
    const Message message =
        link_modes_reply({0x40, 0x2, 0xffffffff}, {0x41, 0x80000002, 0xffffffff}, 100000, 1);
    const auto modes = ethtool::decode_link_modes(message.view());
    ASSERT_TRUE(modes) << modes.error().to_string();
    EXPECT_EQ(*modes, (LinkModes{0x80000002'00000041, 0x00000002'00000040, 100000, true, true, 0}));
}

TEST(EthtoolDecode, OneWordOfLinkModesAndNoCarrier) {
    const Message message =
        link_modes_reply({0x40}, {0x41}, static_cast<uint32_t>(SPEED_UNKNOWN), DUPLEX_UNKNOWN);
    const auto modes = ethtool::decode_link_modes(message.view());
    ASSERT_TRUE(modes) << modes.error().to_string();
    EXPECT_EQ(*modes, (LinkModes{0x41, 0x40, {}, false, true, 0}));
}

TEST(EthtoolDecode, LinkInfoHasAPort) {
    const auto port = ethtool::decode_link_port(
        Message(*MessageBuilder::generic(21, ETHTOOL_MSG_LINKINFO_GET_REPLY, 1, 0).finish())
            .view());
    ASSERT_FALSE(port);
    EXPECT_NE(port.error().detail.find("PORT"), std::string::npos) << port.error().detail;
}

TEST(ExtendedAck, TextWithoutEchoOfTheRequest) {
    const Message message(captured::kMtuRefused);
    const auto answer = decode_acknowledgement(message.view(), from_hex(captured::kMtuRequest),
                                               rtnl::link_attributes(), 32);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->code, EINVAL);
    EXPECT_EQ(answer->detail(), "mtu greater than device maximum");
}

TEST(ExtendedAck, NamesTheAttributeThatTheKernelPointsAt) {
    Bytes request = from_hex(captured::kMtuRequest);
    request.resize(40);
    const Message message(captured::kMtuTooShort);
    const auto answer =
        decode_acknowledgement(message.view(), request, rtnl::link_attributes(), 32);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_NE(answer->code, 0);
    EXPECT_EQ(answer->culprit, "MTU");
    EXPECT_EQ(answer->detail(), answer->text + " (attribute MTU)");
}

TEST(ExtendedAck, ErrorWithoutText) {
    const Message message(captured::kFamilyAbsent);
    const auto answer = decode_acknowledgement(message.view(), {}, {}, 0);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->code, ENOENT);
    EXPECT_EQ(answer->detail(), "");
}

TEST(ExtendedAck, TextBehindTheEchoOfTheRequest) {
    // The echo would be no valid extended acknowledgement.
    const Bytes request =
        *MessageBuilder(RTM_SETLINK, NLM_F_REQUEST).put_u32(NLMSGERR_ATTR_MSG, 1).finish();
    nlmsgerr error{};
    error.error = -EBUSY;
    std::memcpy(&error.msg, request.data(), sizeof error.msg);
    const auto echoed = ByteView(request).subspan(NLMSG_HDRLEN);
    std::array<std::byte, 8> echo;
    ASSERT_EQ(echoed.size(), echo.size());
    std::copy(echoed.begin(), echoed.end(), echo.begin());
    const Message message(*MessageBuilder(NLMSG_ERROR, NLM_F_ACK_TLVS)
                               .put_header(error)
                               .put_header(echo)
                               .put_string(NLMSGERR_ATTR_MSG, "no")
                               .finish());
    const auto answer = decode_acknowledgement(message.view(), request, {}, NLMSG_HDRLEN);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->code, EBUSY);
    EXPECT_EQ(answer->text, "no");
}

TEST(ExtendedAck, EndOfADump) {
    const Message done(captured::kDone);
    EXPECT_EQ(decode_done(done.view())->code, 0);

    Bytes bytes = from_hex(captured::kDone);
    const int error = -EMSGSIZE;
    std::memcpy(bytes.data() + NLMSG_HDRLEN, &error, sizeof error);
    const Message failed(bytes);
    EXPECT_EQ(decode_done(failed.view())->code, EMSGSIZE);
}

TEST(ExtendedAck, RefusesANumberThatIsNoErrno) {
    for (const int error : {1, -5000, INT_MIN}) {
        Bytes bytes = from_hex(captured::kFamilyAbsent);
        std::memcpy(bytes.data() + NLMSG_HDRLEN, &error, sizeof error);
        const Message message(bytes);
        EXPECT_FALSE(decode_acknowledgement(message.view(), {}, {}, 0)) << error;
    }
}

}  // namespace
}  // namespace esw::netlink
