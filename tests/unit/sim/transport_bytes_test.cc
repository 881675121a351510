// SPDX-License-Identifier: Apache-2.0
// Netlink bytes on their way through the daemon.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/unique_fd.h"
#include "tests/unit/sim/toy_adapter.h"
#include "utilities/esw-sim/transport/ethtool_features.h"
#include "utilities/esw-sim/transport/link_rewriter.h"
#include "utilities/esw-sim/transport/passed_descriptors.h"

namespace esw::sim::test {
namespace {

/// RTM_NEWLINK of a TAP, ifindex 2, as Linux sends it in answer to RTM_GETLINK; of its attributes,
/// name, MTU, address and link info.
constexpr std::array<unsigned char, 120> kTapLink = {
    0x78, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x59, 0x77, 0x00,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x10, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x09, 0x00, 0x03, 0x00, 0x74, 0x61, 0x70, 0x30, 0x00, 0x00, 0x00, 0x00, 0x08,
    0x00, 0x04, 0x00, 0xdc, 0x05, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x00, 0x72, 0x97, 0x9a, 0x80,
    0xff, 0x2f, 0x00, 0x00, 0x38, 0x00, 0x12, 0x00, 0x08, 0x00, 0x01, 0x00, 0x74, 0x75, 0x6e,
    0x00, 0x2c, 0x00, 0x02, 0x00, 0x05, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x00, 0x05, 0x00,
    0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05,
    0x00, 0x06, 0x00, 0x01, 0x00, 0x00, 0x00, 0x05, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00};

Bytes tap_link() {
    const auto bytes = std::as_bytes(std::span(kTapLink));
    return {bytes.begin(), bytes.end()};
}

NetdevFace representor() {
    NetdevFace face;
    face.switch_id = {0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3};
    face.phys_port_name = "pf0vf3";
    face.parent_bus = "pci";
    face.parent_device = "0000:08:00.0";
    return face;
}

TEST(LinkRewriter, ShowsATapAsARepresentor) {
    ToyAdapter toy;
    toy.faces[2] = representor();
    Bytes datagram = tap_link();
    ASSERT_TRUE(LinkRewriter(toy).rewrite(datagram, toy.home));
    ByteSpan rest(datagram);
    const auto message = next_message(rest);
    ASSERT_TRUE(message);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(message->whole.size(), datagram.size());
    const ByteSpan attributes = message->payload().subspan(sizeof(ifinfomsg));
    EXPECT_EQ(attribute_text(find_attribute(attributes, IFLA_IFNAME).value()), "tap0");
    EXPECT_EQ(attribute_text(find_attribute(attributes, IFLA_PHYS_PORT_NAME).value()), "pf0vf3");
    EXPECT_EQ(attribute_text(find_attribute(attributes, IFLA_PARENT_DEV_NAME).value()),
              "0000:08:00.0");
    EXPECT_EQ(attribute_text(find_attribute(attributes, IFLA_PARENT_DEV_BUS_NAME).value()), "pci");
    const auto switch_id = find_attribute(attributes, IFLA_PHYS_SWITCH_ID);
    ASSERT_TRUE(switch_id);
    EXPECT_EQ(switch_id->payload.size(), 8U);
    EXPECT_EQ(switch_id->payload[0], std::byte{0xde});
    EXPECT_FALSE(find_attribute(attributes, IFLA_LINKINFO));
}

TEST(LinkRewriter, LeavesOthersByteForByte) {
    ToyAdapter toy;
    toy.faces[3] = representor();
    Bytes datagram = tap_link();
    EXPECT_FALSE(LinkRewriter(toy).rewrite(datagram, toy.home));
    EXPECT_EQ(datagram, tap_link());
    // The same index in another namespace.
    toy.faces[2] = representor();
    EXPECT_FALSE(LinkRewriter(toy).rewrite(datagram, {toy.home.device, toy.home.inode + 1}));
    EXPECT_EQ(datagram, tap_link());
}

TEST(LinkRewriter, ChangesOnlyItsMessagesOfADatagram) {
    ToyAdapter toy;
    toy.faces[2] = representor();
    Bytes other = tap_link();
    const int ifindex = 9;
    std::memcpy(other.data() + NLMSG_HDRLEN + offsetof(ifinfomsg, ifi_index), &ifindex,
                sizeof ifindex);
    Bytes datagram = other;
    append_padded(datagram, tap_link());
    append_padded(datagram, other);
    ASSERT_TRUE(LinkRewriter(toy).rewrite(datagram, toy.home));
    ByteSpan rest(datagram);
    EXPECT_EQ(next_message(rest)->whole.size(), other.size());
    EXPECT_NE(next_message(rest)->whole.size(), other.size());
    EXPECT_EQ(next_message(rest)->whole.size(), other.size());
    EXPECT_TRUE(rest.empty());
}

TEST(LinkRewriter, KeepsTheKindOfADeviceThatIsNoTap) {
    ToyAdapter toy;
    toy.faces[2] = representor();
    Bytes datagram = tap_link();
    datagram[72] = std::byte{'b'};  // "bun"
    ASSERT_TRUE(LinkRewriter(toy).rewrite(datagram, toy.home));
    ByteSpan rest(datagram);
    const ByteSpan attributes = next_message(rest)->payload().subspan(sizeof(ifinfomsg));
    EXPECT_TRUE(find_attribute(attributes, IFLA_LINKINFO));
}

TEST(LinkRewriter, SurvivesEveryTruncation) {
    ToyAdapter toy;
    toy.faces[2] = representor();
    const Bytes whole = tap_link();
    for (size_t length = 0; length < whole.size(); length++) {
        Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
        LinkRewriter(toy).rewrite(cut, toy.home);
        Bytes lying = cut;
        if (length >= sizeof(nlmsghdr)) {
            edit_header(lying, 0, [&](nlmsghdr& header) {
                header.nlmsg_len = static_cast<uint32_t>(length);
            });
        }
        LinkRewriter(toy).rewrite(lying, toy.home);
    }
}

// --- descriptors ---

Bytes message_to_namespace(int fd) {
    Bytes message = open_message(RTM_NEWLINK, NLM_F_REQUEST, 1, 0);
    append_value(message, ifinfomsg{});
    append_text(message, IFLA_IFNAME, "x");
    append_number<int32_t>(message, IFLA_NET_NS_FD, fd);
    close_message(message);
    return message;
}

int namespace_in(const Bytes& datagram) {
    ByteSpan rest(datagram);
    const ByteSpan attributes = next_message(rest)->payload().subspan(sizeof(ifinfomsg));
    return *read_front<int32_t>(find_attribute(attributes, IFLA_NET_NS_FD)->payload);
}

TEST(PassedDescriptors, AreTheCallersFiles) {
    const UniqueFd file(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    Bytes datagram = tap_link();
    EXPECT_FALSE(PassedDescriptors::are_in(datagram));
    append_padded(datagram, message_to_namespace(file.get()));
    EXPECT_TRUE(PassedDescriptors::are_in(datagram));
    datagram.erase(datagram.begin(), datagram.begin() + static_cast<ptrdiff_t>(tap_link().size()));
    PassedDescriptors descriptors(::getpid());
    descriptors.take(datagram);
    EXPECT_NE(namespace_in(datagram), file.get());
    EXPECT_EQ(namespace_of_file(namespace_in(datagram)), own_network_namespace());
}

TEST(PassedDescriptors, OneThatTheCallerDoesNotHaveIsNone) {
    Bytes datagram = message_to_namespace(123456);
    PassedDescriptors descriptors(::getpid());
    descriptors.take(datagram);
    EXPECT_EQ(namespace_in(datagram), -1);
}

TEST(PassedDescriptors, SurvivesEveryTruncation) {
    const Bytes whole = message_to_namespace(1);
    for (size_t length = 0; length < whole.size(); length++) {
        Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
        if (length >= sizeof(nlmsghdr)) {
            edit_header(cut, 0, [&](nlmsghdr& header) {
                header.nlmsg_len = static_cast<uint32_t>(length);
            });
        }
        EXPECT_FALSE(PassedDescriptors::are_in(cut));
    }
}

// --- ethtool ---

constexpr uint16_t kFamily = 21;
constexpr uint32_t kFeatures = 64;
constexpr uint32_t kBit = 57;

class EthtoolFeaturesTest : public testing::Test {
protected:
    EthtoolFeaturesTest() { toy_.faces[if_nametoindex("lo")] = representor(); }

    Bytes message(uint8_t command, const std::function<void(Bytes&)>& body,
                  const char* name = "lo") const {
        Bytes bytes = open_message(kFamily, NLM_F_REQUEST, 1, 0);
        append_value(bytes, genlmsghdr{command, 1, 0});
        const size_t header = open_nest(bytes, ETHTOOL_A_FEATURES_HEADER);
        append_text(bytes, ETHTOOL_A_HEADER_DEV_NAME, name);
        close_nest(bytes, header);
        body(bytes);
        close_message(bytes);
        return bytes;
    }

    /// As `ethtool -K lo FEATURE on` says it.
    static void want(Bytes& bytes, const std::vector<std::string>& features) {
        const size_t wanted = open_nest(bytes, ETHTOOL_A_FEATURES_WANTED);
        const size_t bits = open_nest(bytes, ETHTOOL_A_BITSET_BITS);
        for (const auto& feature : features) {
            const size_t bit = open_nest(bytes, ETHTOOL_A_BITSET_BITS_BIT);
            append_text(bytes, ETHTOOL_A_BITSET_BIT_NAME, feature);
            append_attribute(bytes, ETHTOOL_A_BITSET_BIT_VALUE, {});
            close_nest(bytes, bit);
        }
        close_nest(bytes, bits);
        close_nest(bytes, wanted);
    }

    bool is_change(const Bytes& bytes) const {
        ByteSpan rest(bytes);
        return features_.is_change(next_message(rest).value(), view_);
    }

    ToyAdapter toy_;
    const UniqueFd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const NetworkView view_{toy_.home, socket_.get()};
    EthtoolFeatures features_{toy_, kFamily, kFeatures, kBit};
};

TEST_F(EthtoolFeaturesTest, TakesOnlyChangesOfItsOwnFeature) {
    const auto wanting = [&](const std::vector<std::string>& features, const char* name) {
        return is_change(message(
            ETHTOOL_MSG_FEATURES_SET, [&](Bytes& bytes) { want(bytes, features); }, name));
    };
    EXPECT_TRUE(wanting({"hw-tc-offload"}, "lo"));
    EXPECT_FALSE(wanting({"tx-gso-robust"}, "lo"));
    EXPECT_FALSE(wanting({"hw-tc-offload", "tx-gso-robust"}, "lo"));
    EXPECT_FALSE(wanting({}, "lo"));
    EXPECT_FALSE(wanting({"hw-tc-offload"}, "nosuchdev"));
    EXPECT_FALSE(is_change(message(ETHTOOL_MSG_FEATURES_GET, [](Bytes&) {})));
}

TEST_F(EthtoolFeaturesTest, ShowsTheFaceInCompactBitsets) {
    toy_.faces.begin()->second.hw_tc_offload = true;
    const auto bitset = [](Bytes& bytes, uint16_t type, uint32_t high) {
        const std::array<uint32_t, 2> words = {0, high};
        const size_t set = open_nest(bytes, type);
        append_number<uint32_t>(bytes, ETHTOOL_A_BITSET_SIZE, kFeatures);
        append_attribute(bytes, ETHTOOL_A_BITSET_VALUE, std::as_bytes(std::span(words)));
        close_nest(bytes, set);
    };
    constexpr uint32_t ours = 1U << (kBit - 32);
    Bytes bytes = message(ETHTOOL_MSG_FEATURES_GET_REPLY, [&](Bytes& to) {
        bitset(to, ETHTOOL_A_FEATURES_HW, 1);
        bitset(to, ETHTOOL_A_FEATURES_ACTIVE, 2);
        bitset(to, ETHTOOL_A_FEATURES_NOCHANGE, ours | 4);
    });
    features_.correct(bytes, view_);
    ByteSpan rest(bytes);
    const ByteSpan attributes = next_message(rest)->payload().subspan(GENL_HDRLEN);
    const auto high = [&](uint16_t type) {
        const auto value =
            find_attribute(find_attribute(attributes, type)->payload, ETHTOOL_A_BITSET_VALUE);
        return read_front<std::array<uint32_t, 2>>(value->payload)->at(1);
    };
    EXPECT_EQ(high(ETHTOOL_A_FEATURES_HW), ours | 1);
    EXPECT_EQ(high(ETHTOOL_A_FEATURES_ACTIVE), ours | 2);
    EXPECT_EQ(high(ETHTOOL_A_FEATURES_NOCHANGE), 4U);
}

}  // namespace
}  // namespace esw::sim::test
