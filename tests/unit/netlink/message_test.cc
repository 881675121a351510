// SPDX-License-Identifier: Apache-2.0
// Building and parsing of messages, apart from any family.
#include <gtest/gtest.h>
#include <linux/genetlink.h>

#include "netlink/message_builder.h"
#include "netlink/message_parser.h"
#include "tests/unit/netlink/messages.h"

namespace esw::netlink {
namespace {

using enum AttributeKind;

constexpr AttributeSpec kInner[] = {
    {1, kU32, "NUMBER"},
    {2, kString, "NAME"},
};
constexpr AttributeSpec kOuter[] = {
    {1, kU8, "SMALL"},           {2, kU16, "SHORT"},
    {3, kU32, "NUMBER"},         {4, kU64, "BIG"},
    {5, kString, "NAME"},        {6, kFlag, "FLAG"},
    {7, kBinary, "BLOB", {}, 4}, {8, kNested, "NEST", kInner},
};
constexpr MessageName kName{"family", "MESSAGE"};

/// The attributes that `fill` puts, behind the nlmsghdr.
template <class Fill>
Bytes attributes_of(Fill fill) {
    MessageBuilder builder(0x20, 0);
    fill(builder);
    const auto message = builder.finish();
    EXPECT_TRUE(message) << message.error().to_string();
    return message ? Bytes(message->begin() + NLMSG_HDRLEN, message->end()) : Bytes{};
}

Result<Attributes> parse(const Bytes& bytes) {
    return Attributes::parse(bytes, kOuter, kName);
}

void expect_refused(const Bytes& bytes, const std::string& detail) {
    const auto parsed = parse(bytes);
    ASSERT_FALSE(parsed) << "expected: " << detail;
    EXPECT_EQ(parsed.error().code, EBADMSG);
    EXPECT_EQ(parsed.error().detail, detail);
}

TEST(MessageBuilder, WritesHeaderLengthAndPadding) {
    const auto message = MessageBuilder::generic(0x15, 7, 1, NLM_F_REQUEST)
                             .put_string(1, "pci")
                             .put_u8(2, 9)
                             .finish();
    ASSERT_TRUE(message);
    EXPECT_EQ(*message, from_hex("24000000"
                                 "15000100"
                                 "0000000000000000"
                                 "07010000"
                                 "0800010070636900"
                                 "0500020009000000"));
}

TEST(MessageBuilder, NestsCarryTheFlagUnlessToldOtherwise) {
    const auto put = [](MessageBuilder& nest) { nest.put_u32(1, 5); };
    EXPECT_EQ(attributes_of([&](MessageBuilder& b) { b.put_nested(8, put); }),
              from_hex("0c000880"
                       "0800010005000000"));
    EXPECT_EQ(attributes_of([&](MessageBuilder& b) { b.put_nested_noflag(8, put); }),
              from_hex("0c000800"
                       "0800010005000000"));
}

TEST(MessageBuilder, RefusesWhatDoesNotFitAndNamesIt) {
    const Bytes huge(70000);
    const auto message = MessageBuilder(0x20, 0).put_bytes(9, huge).put_u8(1, 1).finish();
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().code, EMSGSIZE);
    EXPECT_EQ(message.error().detail, "attribute 9: 70000 bytes do not fit");
}

TEST(MessageBuilder, RefusesANestThatIsTooBig) {
    const Bytes large(40000);
    const auto message = MessageBuilder(0x20, 0)
                             .put_nested(8,
                                         [&](MessageBuilder& nest) {
                                             nest.put_bytes(1, large);
                                             nest.put_bytes(2, large);
                                         })
                             .finish();
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().code, EMSGSIZE);
}

TEST(MessageBuilder, RefusesAStringThatTheKernelWouldSeeShorter) {
    const auto message =
        MessageBuilder(0x20, 0).put_string(5, std::string_view("a\0b", 3)).finish();
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().code, EINVAL);
}

TEST(MessageParser, GivesBackWhatWasBuilt) {
    const Bytes bytes = attributes_of([](MessageBuilder& b) {
        b.put_u8(1, 200).put_u16(2, 60000).put_u32(3, 4000000000U).put_u64(4, 1ULL << 63);
        b.put_string(5, "pf0vf3").put_flag(6).put_bytes(7, from_hex("00010203"));
        b.put_nested(8, [](MessageBuilder& nest) { nest.put_u32(1, 5).put_string(2, ""); });
    });
    const auto in = parse(bytes);
    ASSERT_TRUE(in) << in.error().to_string();
    EXPECT_EQ(in->u8(1), 200);
    EXPECT_EQ(in->u16(2), 60000);
    EXPECT_EQ(in->u32(3), 4000000000U);
    EXPECT_EQ(in->u64(4), 1ULL << 63);
    EXPECT_EQ(in->string(5), "pf0vf3");
    EXPECT_TRUE(in->has(6));
    ASSERT_TRUE(in->binary(7));
    EXPECT_EQ(in->binary(7)->size(), 4U);
    const auto nest = in->nested(8);
    ASSERT_TRUE(nest && *nest);
    EXPECT_EQ((*nest)->u32(1), 5U);
    EXPECT_EQ((*nest)->string(2), "");
}

TEST(MessageParser, AbsentAttributesAreAbsent) {
    const auto in = parse({});
    ASSERT_TRUE(in);
    EXPECT_FALSE(in->u32(3));
    EXPECT_FALSE(in->string(5));
    const auto nest = in->nested(8);
    ASSERT_TRUE(nest);
    EXPECT_FALSE(*nest);
    const auto required = in->require_u32(3);
    ASSERT_FALSE(required);
    EXPECT_EQ(required.error().detail, "family MESSAGE: attribute NUMBER: missing");
}

TEST(MessageParser, IgnoresUnknownAttributesAndPadding) {
    const Bytes bytes = attributes_of([](MessageBuilder& b) {
        b.put_bytes(61, {}).put_u64(4, 7).put_string(999, "from a newer kernel").put_u8(1, 1);
    });
    const auto in = parse(bytes);
    ASSERT_TRUE(in) << in.error().to_string();
    EXPECT_EQ(in->u64(4), 7U);
    EXPECT_EQ(in->u8(1), 1);
    EXPECT_FALSE(in->has(999));
}

TEST(MessageParser, OfTwoTheLastCounts) {
    const Bytes bytes = attributes_of([](MessageBuilder& b) { b.put_u32(3, 1).put_u32(3, 2); });
    const auto in = parse(bytes);
    ASSERT_TRUE(in);
    EXPECT_EQ(in->u32(3), 2U);
}

TEST(MessageParser, AMalformedDuplicateIsStillRefused) {
    expect_refused(attributes_of([](MessageBuilder& b) { b.put_u16(3, 1).put_u32(3, 2); }),
                   "family MESSAGE: attribute NUMBER: 2 bytes instead of 4");
}

TEST(MessageParser, ListsKeepEveryOneInOrder) {
    const Bytes bytes = attributes_of([](MessageBuilder& b) {
        b.put_string(5, "first").put_string(5, "second");
        b.put_nested(8, [](MessageBuilder& nest) { nest.put_u32(1, 1); });
        b.put_nested(8, [](MessageBuilder& nest) { nest.put_u32(1, 2); });
    });
    const auto in = parse(bytes);
    ASSERT_TRUE(in);
    EXPECT_EQ(in->all_strings(5), (std::vector<std::string>{"first", "second"}));
    const auto nests = in->all_nested(8);
    ASSERT_TRUE(nests);
    ASSERT_EQ(nests->size(), 2U);
    EXPECT_EQ((*nests)[0].u32(1), 1U);
    EXPECT_EQ((*nests)[1].u32(1), 2U);
}

TEST(MessageParser, RefusesWrongSizes) {
    expect_refused(from_hex("0800010001000000"),
                   "family MESSAGE: attribute SMALL: 4 bytes instead of 1");
    expect_refused(from_hex("0600030001000000"),
                   "family MESSAGE: attribute NUMBER: 2 bytes instead of 4");
    expect_refused(from_hex("0800040001000000"),
                   "family MESSAGE: attribute BIG: 4 bytes instead of 8");
    expect_refused(from_hex("0500060001000000"),
                   "family MESSAGE: attribute FLAG: flag with 1 bytes");
    expect_refused(from_hex("0600070001000000"),
                   "family MESSAGE: attribute BLOB: 2 bytes instead of at least 4");
}

TEST(MessageParser, RefusesStringsThatDoNotEndWithTheirNul) {
    expect_refused(from_hex("0700050070636900"),
                   "family MESSAGE: attribute NAME: string without NUL");
    expect_refused(from_hex("04000500"), "family MESSAGE: attribute NAME: string without NUL");
    expect_refused(from_hex("0800050070006900"),
                   "family MESSAGE: attribute NAME: string with bytes behind its NUL");
}

TEST(MessageParser, RefusesImpossibleLengths) {
    // Shorter than its own header, longer than what is left, and stray bytes behind the last one.
    expect_refused(from_hex("03000300"), "family MESSAGE: attribute at byte 0 of 4 does not fit");
    expect_refused(from_hex("0000030000000000"),
                   "family MESSAGE: attribute at byte 0 of 8 does not fit");
    expect_refused(from_hex("0900030000000000"),
                   "family MESSAGE: attribute at byte 0 of 8 does not fit");
    expect_refused(from_hex("08000300010000000800"),
                   "family MESSAGE: attribute at byte 8 of 10 does not fit");
}

TEST(MessageParser, TakesALastAttributeWithoutItsPadding) {
    const Bytes bytes = from_hex("0500010007");
    const auto in = parse(bytes);
    ASSERT_TRUE(in) << in.error().to_string();
    EXPECT_EQ(in->u8(1), 7);
}

TEST(MessageParser, NestsAreReadWithAndWithoutTheirFlag) {
    for (const char* hex : {"0c0008800800010005000000", "0c0008000800010005000000"}) {
        const Bytes bytes = from_hex(hex);
        const auto in = parse(bytes);
        ASSERT_TRUE(in);
        const auto nest = in->nested(8);
        ASSERT_TRUE(nest && *nest);
        EXPECT_EQ((*nest)->u32(1), 5U);
    }
}

TEST(MessageParser, NamesTheWayToAMalformedAttributeInANest) {
    const Bytes bytes = from_hex("0c0008800600010005000000");
    const auto in = parse(bytes);
    ASSERT_TRUE(in);
    const auto nest = in->nested(8);
    ASSERT_FALSE(nest);
    EXPECT_EQ(nest.error().detail, "family MESSAGE: attribute NEST.NUMBER: 2 bytes instead of 4");
    const auto nests = in->all_nested(8);
    ASSERT_FALSE(nests);
    EXPECT_EQ(nests.error().detail, nest.error().detail);
}

TEST(MessageParser, AMacHasSixBytes) {
    const Bytes six = attributes_of([](MessageBuilder& b) {
        b.put_mac(7, {0x02, 0, 0, 0, 0, 0x2a});
    });
    EXPECT_EQ(parse(six)->mac(7), (MacAddress{0x02, 0, 0, 0, 0, 0x2a}));
    const Bytes twenty = attributes_of([](MessageBuilder& b) { b.put_bytes(7, Bytes(20)); });
    EXPECT_FALSE(parse(twenty)->mac(7));
}

TEST(SplitDatagram, GivesEachMessage) {
    Bytes datagram = *MessageBuilder(0x20, 0).put_u8(1, 1).finish();
    const Bytes second = *MessageBuilder(0x21, 0).finish();
    datagram.insert(datagram.end(), second.begin(), second.end());
    const auto messages = split_datagram(datagram);
    ASSERT_TRUE(messages);
    ASSERT_EQ(messages->size(), 2U);
    EXPECT_EQ((*messages)[0].header.nlmsg_type, 0x20);
    EXPECT_EQ((*messages)[0].payload.size(), 8U);
    EXPECT_EQ((*messages)[1].header.nlmsg_type, 0x21);
    EXPECT_TRUE((*messages)[1].payload.empty());
}

TEST(SplitDatagram, RefusesLengthsThatDoNotFit) {
    Bytes message = *MessageBuilder(0x20, 0).put_u8(1, 1).finish();
    for (const uint32_t length : {0U, 15U, 25U, 0xffffffffU}) {
        std::memcpy(message.data(), &length, sizeof length);
        const auto messages = split_datagram(message);
        ASSERT_FALSE(messages) << length;
        EXPECT_EQ(messages.error().code, EBADMSG);
    }
}

TEST(SplitDatagram, RefusesStrayBytes) {
    Bytes message = *MessageBuilder(0x20, 0).finish();
    message.resize(message.size() + 4);
    EXPECT_FALSE(split_datagram(message));
}

TEST(MessageView, RefusesAMessageShorterThanItsFixedHeader) {
    Bytes bytes = *MessageBuilder(0x20, 0).finish();
    bytes.resize(18);
    fix_length(bytes);
    const Message message(bytes);
    const auto header = message.view().fixed_header<genlmsghdr>(kName);
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().detail, "family MESSAGE: 2 bytes instead of at least 4");
}

TEST(AttributeAt, NamesTheAttributeAndTheNestsRoundIt) {
    const Bytes message = *MessageBuilder(0x20, 0)
                               .put_u8(1, 1)
                               .put_nested(8, [](MessageBuilder& nest) { nest.put_u32(1, 5); })
                               .put_u8(77, 1)
                               .finish();
    EXPECT_EQ(attribute_at(message, NLMSG_HDRLEN, kOuter, 16), "SMALL");
    EXPECT_EQ(attribute_at(message, NLMSG_HDRLEN, kOuter, 24), "NEST");
    EXPECT_EQ(attribute_at(message, NLMSG_HDRLEN, kOuter, 28), "NEST.NUMBER");
    EXPECT_EQ(attribute_at(message, NLMSG_HDRLEN, kOuter, 36), "77");
    EXPECT_EQ(attribute_at(message, NLMSG_HDRLEN, kOuter, 4000), "");
}

}  // namespace
}  // namespace esw::netlink
