// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/pipeline.h"

#include <gtest/gtest.h>

#include <string_view>

#include "tests/unit/sim/hardware/frames.h"
#include "tests/unit/sim/hardware/steering.h"

namespace esw::sim {
namespace {

using pipeline::Frame;
using Kind = pipeline::Outcome::Kind;

constexpr uint16_t kAny = 0x000f;
constexpr uint16_t kEthL2Dst = 0x0003;
constexpr uint16_t kSourceGvmi = 0x0104;
constexpr uint16_t kRegisters0 = 0x010f;
constexpr uint16_t kGre = 0x010d;
constexpr uint16_t kFlexParser0 = 0x0111;
constexpr uint16_t kFlexParserOk = 0x0011;

uint8_t mode(uint16_t lookup_type) {
    return static_cast<uint8_t>(lookup_type >> 8);
}

EntryWriter entry(uint16_t lookup_type) {
    return EntryWriter(mode(lookup_type), lookup_type);
}

Frame frame_to(uint64_t mac) {
    return FrameWriter().ethernet(mac, 0x0a, 0x0800).ip4(1, 2, 17).udp(3, 4).text("x").finish();
}

/// dmac_47_16 of the tag of eth_l2_dst is in bytes 4 to 7, dmac_15_0 in 8 and 9.
EntryWriter for_mac(uint8_t last) {
    return entry(kEthL2Dst).tag(4, {0, 0, 0, 0, 0, last}, {255, 255, 255, 255, 255, 255});
}

TEST(Pipeline, PacketsFromTheWireAndFromVportsTakeTheirOwnSide) {
    FakeSteering steering;
    steering.write(steering.kRx, entry(kAny).hit(steering.kVport2));
    steering.write(steering.kTx, entry(kAny).hit(steering.kUplink));
    const Frame frame = frame_to(1);
    const auto in = steering.run(frame, kWirePort);
    ASSERT_EQ(in.size(), 1u);
    EXPECT_EQ(in[0].kind, Kind::kForward);
    EXPECT_EQ(in[0].vport, (VportId{1, 2}));
    EXPECT_EQ(in[0].frame, frame);
    EXPECT_EQ(in[0].reg_c_0, 0x00050000u);
    const auto out = steering.run(frame, 1);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].vport, (VportId{1, kWirePort}));
}

TEST(Pipeline, NothingGoesFromTheWireToTheWire) {
    FakeSteering steering;
    steering.write(steering.kRx, entry(kAny).hit(steering.kUplink));
    steering.write(steering.kTx, entry(kAny).hit(steering.kUplink));
    EXPECT_EQ(steering.run(frame_to(1), kWirePort)[0].kind, Kind::kDrop);
    EXPECT_EQ(steering.run(frame_to(1), 1)[0].kind, Kind::kForward);
}

TEST(Pipeline, TheManagersVportIsARepresentors) {
    FakeSteering steering;
    steering.places[steering.kVport2].vport.number = 0;
    steering.write(steering.kTx, entry(kAny).hit(steering.kVport2));
    EXPECT_EQ(steering.run(frame_to(1))[0].kind, Kind::kMiss);
}

TEST(Pipeline, HitGoesOnAndMissGoesToTheNextEntry) {
    FakeSteering steering;
    steering.write(steering.kTx, for_mac(1).hit(steering.kVport2).miss(0x3000));
    steering.write(0x3000, for_mac(2).hit(steering.kDropAll).miss(steering.kManager));
    EXPECT_EQ(steering.run(frame_to(1))[0].kind, Kind::kForward);
    EXPECT_EQ(steering.run(frame_to(2))[0].kind, Kind::kDrop);
    const auto miss = steering.run(frame_to(3));
    ASSERT_EQ(miss.size(), 1u);
    EXPECT_EQ(miss[0].kind, Kind::kMiss);
    EXPECT_EQ(miss[0].vport, (VportId{1, 0}));
}

TEST(Pipeline, AValueOutsideOfItsMaskNeverHits) {
    FakeSteering steering;
    steering.write(steering.kTx, entry(kAny).never().hit(steering.kVport2).miss(steering.kManager));
    EXPECT_EQ(steering.run(frame_to(1))[0].kind, Kind::kMiss);
}

TEST(Pipeline, HashOverTheBytesOfTheMaskPicksTheEntry) {
    FakeSteering steering;
    // 256 entries at an address of their size, each of which drops but one.
    constexpr uint64_t kBase = 0x100000;
    // dmac alone: bytes 4 to 9 of the tag.
    constexpr uint16_t kByteMask = 0x0fc0;
    steering.write(steering.kTx, entry(kAny).hit(kBase, 256, kEthL2Dst, kByteMask));
    for (uint64_t i = 0; i < 256; i++) {
        steering.write(kBase + i * 64, entry(kAny).never().miss(steering.kManager));
    }
    // crc32 (reflected, no inversions) of ten zero bytes, 0x42, and six zero bytes ... by hand from
    // the polynomial, its bytes swapped, modulo 256 is the uppermost byte of the sum.
    uint32_t crc = 0;
    for (size_t i = 0; i < 16; i++) {
        crc ^= i == 9 ? 0x42 : 0;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
    }
    steering.write(kBase + uint64_t{crc >> 24} * 64,
                   for_mac(0x42).hit(steering.kVport2).miss(steering.kManager));
    EXPECT_EQ(steering.run(frame_to(0x42))[0].kind, Kind::kForward);
    EXPECT_EQ(steering.run(frame_to(0x43))[0].kind, Kind::kMiss);
}

TEST(Pipeline, CountersCountPacketsAndBytesOfHits) {
    FakeSteering steering;
    steering.write(steering.kTx,
                   for_mac(1).counter(77).hit(steering.kDropAll).miss(steering.kManager));
    const Frame frame = frame_to(1);
    steering.run(frame);
    steering.run(frame);
    steering.run(frame_to(2));
    ASSERT_EQ(steering.counted.size(), 1u);
    EXPECT_EQ(steering.counted[77], (std::pair<uint64_t, uint64_t>{2, 2 * frame.size()}));
}

TEST(Pipeline, MatchesTheSourceByItsFunction) {
    FakeSteering steering;
    for (const uint64_t side : {steering.kRx, steering.kTx}) {
        steering.write(side, entry(kSourceGvmi)
                                 .tag(2, {0x01, 0x05}, {255, 255})
                                 .hit(steering.kVport2)
                                 .miss(steering.kManager));
    }
    EXPECT_EQ(steering.run(frame_to(1), 5)[0].kind, Kind::kForward);
    EXPECT_EQ(steering.run(frame_to(1), 6)[0].kind, Kind::kMiss);
    EXPECT_EQ(steering.run(frame_to(1), kWirePort)[0].kind, Kind::kMiss);
    // The wire is function 0.
    steering.write(steering.kRx, entry(kSourceGvmi)
                                     .tag(2, {0, 0}, {255, 255})
                                     .hit(steering.kVport2)
                                     .miss(steering.kManager));
    EXPECT_EQ(steering.run(frame_to(1), kWirePort)[0].kind, Kind::kForward);
}

TEST(Pipeline, MatchesTheSourceByItsMetadata) {
    FakeSteering steering;
    steering.write(steering.kTx, entry(kRegisters0)
                                     .tag(0, {0, 5, 0, 0}, {255, 255, 0, 0})
                                     .hit(steering.kVport2)
                                     .miss(steering.kManager));
    EXPECT_EQ(steering.run(frame_to(1))[0].kind, Kind::kForward);
}

TEST(Pipeline, MatchesGre) {
    FakeSteering steering;
    steering.write(steering.kTx, entry(kGre)
                                     .tag(0, {0x20, 0, 0x65, 0x58}, {0xb0, 0, 255, 255})
                                     .tag(8, {0, 0xc0, 0xff, 0xee}, {255, 255, 255, 255})
                                     .hit(steering.kVport2)
                                     .miss(steering.kManager));
    const auto gre = [](uint32_t first, uint32_t key) {
        return FrameWriter()
            .ethernet(1, 2, 0x0800)
            .ip4(1, 2, 47)
            .u32(first)
            .u32(key)
            .ethernet(3, 4, 0x0806)
            .finish();
    };
    EXPECT_EQ(steering.run(gre(0x20006558, 0x00c0ffee))[0].kind, Kind::kForward);
    EXPECT_EQ(steering.run(gre(0x20006558, 0x00c0ffef))[0].kind, Kind::kMiss);
    EXPECT_EQ(steering.run(gre(0x30006558, 0x00c0ffee))[0].kind, Kind::kMiss);
}

TEST(Pipeline, MatchesAGeneveOptionThatTheFlexParserSamples) {
    FakeSteering steering;
    steering.option = {0x0102, 0x80, 1, 1};
    // Parser 1's sample is the third word; parsers that found something are bits of the third.
    steering.write(steering.kTx, entry(kFlexParser0)
                                     .tag(8, {0xde, 0xad, 0xbe, 0xef}, {255, 255, 255, 255})
                                     .hit(steering.kVport2)
                                     .miss(0x3000));
    steering.write(
        0x3000,
        entry(kFlexParserOk).tag(8, {0x02}, {0x02}).hit(steering.kUplink).miss(steering.kManager));
    const auto geneve = [](uint32_t option, uint32_t data) {
        return FrameWriter()
            .ethernet(1, 2, 0x0800)
            .ip4(1, 2, 17)
            .udp(1, 6081)
            .u32(0x04006558)
            .u32(0)
            .u32(0x0bad0001)
            .u32(0xdeadbeef)
            .u32(option)
            .u32(data)
            .ethernet(3, 4, 0x0806)
            .finish();
    };
    EXPECT_EQ(steering.run(geneve(0x01028001, 0xdeadbeef))[0].vport.number, 2);
    EXPECT_EQ(steering.run(geneve(0x01028001, 0xdeadbee0))[0].vport.number, kWirePort);
    EXPECT_EQ(steering.run(geneve(0x01028101, 0xdeadbeef))[0].kind, Kind::kMiss);
    // An option that says it is longer than the options are.
    EXPECT_EQ(steering.run(geneve(0x0102801f, 0xdeadbeef))[0].kind, Kind::kMiss);
}

FlowDestination to_vport(uint16_t number, std::optional<uint32_t> reformat = {}) {
    return {FlowDestination::Kind::kVport, {1, number}, 0, reformat};
}

TEST(Pipeline, EveryDestinationOfAnArrayGetsItsCopy) {
    FakeSteering steering;
    steering.write(steering.kTx, entry(kAny).hit(steering.kArray));
    steering.reformats[3] = {2, FrameWriter().ethernet(7, 8, 0x1234).finish()};
    steering.tables[steering.kArrayTable].counters = {5};
    steering.tables[steering.kArrayTable].destinations = {to_vport(2),
                                                          to_vport(kWirePort, 3),
                                                          {FlowDestination::Kind::kDrop, {}, 0, {}},
                                                          to_vport(4)};
    const Frame frame = frame_to(1);
    const auto outcomes = steering.run(frame);
    ASSERT_EQ(outcomes.size(), 4u);
    EXPECT_EQ(outcomes[0].vport.number, 2);
    EXPECT_EQ(outcomes[0].frame, frame);
    EXPECT_EQ(outcomes[1].vport.number, kWirePort);
    EXPECT_EQ(outcomes[1].frame, FrameWriter().ethernet(7, 8, 0x1234).bytes(frame).finish());
    EXPECT_EQ(outcomes[2].kind, Kind::kDrop);
    EXPECT_EQ(outcomes[3].frame, frame);
    EXPECT_EQ(steering.counted[5].first, 1u);
}

TEST(Pipeline, AnArrayThatLeadsToATableGoesOnThere) {
    FakeSteering steering;
    steering.write(steering.kTx, for_mac(1).hit(steering.kArray).miss(steering.kManager));
    steering.tables[9].software_owned = true;
    steering.tables[9].icm_root_tx = 0x4000;
    steering.write(0x4000, entry(kAny).hit(steering.kUplink));
    steering.tables[steering.kArrayTable].destinations = {
        to_vport(2), {FlowDestination::Kind::kTable, {}, 9, {}}};
    const auto outcomes = steering.run(frame_to(1));
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_EQ(outcomes[1].vport.number, kWirePort);
}

TEST(Pipeline, AnEmptyTableOfTheFirmwareIsAMiss) {
    FakeSteering steering;
    steering.write(steering.kTx, entry(kAny).hit(steering.kArray));
    EXPECT_EQ(steering.run(frame_to(1))[0].kind, Kind::kMiss);
}

// What only a program that is wrong, or was killed, can leave behind.

void expect_fault(const std::vector<pipeline::Outcome>& outcomes, std::string_view reason) {
    ASSERT_FALSE(outcomes.empty());
    EXPECT_EQ(outcomes.back().kind, Kind::kDrop);
    EXPECT_EQ(outcomes.back().reason, reason);
}

TEST(Pipeline, FaultsAreDropsWithAReason) {
    FakeSteering steering;
    const Frame frame = frame_to(1);
    expect_fault(steering.run(frame), "an entry that leads nowhere");
    steering.write(steering.kTx, EntryWriter(0, 0x7f).hit(steering.kVport2));
    expect_fault(steering.run(frame), "an entry of an unknown lookup type");
    steering.write(steering.kTx, EntryWriter(9, 0x03).hit(steering.kVport2));
    expect_fault(steering.run(frame), "an entry of an unknown lookup type");
    steering.write(steering.kTx, EntryWriter(4, 0x03).hit(steering.kVport2));
    expect_fault(steering.run(frame), "an entry of an unknown lookup type");
    steering.write(steering.kTx, entry(kAny).hit(0x100000, 256, 0x7f, 0xffff));
    expect_fault(steering.run(frame), "a table of an unknown lookup type");
    steering.write(steering.kTx, entry(kAny).hit(steering.kTx));
    expect_fault(steering.run(frame), "a loop of entries");
    steering.write(steering.kTx, entry(kAny).never().miss(steering.kTx));
    expect_fault(steering.run(frame), "a loop of entries");
    steering.tables.erase(steering.kTable);
    expect_fault(steering.run(frame), "no such flow table");
}

TEST(Pipeline, TablesOfTheFirmwareThatFeedEachOtherEnd) {
    FakeSteering steering;
    steering.write(steering.kTx, entry(kAny).hit(steering.kArray));
    const FlowDestination self{FlowDestination::Kind::kTable, {}, steering.kArrayTable, {}};
    steering.tables[steering.kArrayTable].destinations = {self};
    expect_fault(steering.run(frame_to(1)), "a loop of flow tables");
    steering.tables[steering.kArrayTable].destinations = {self, self};
    const auto outcomes = steering.run(frame_to(1));
    expect_fault(outcomes, "too many copies of a packet");
    EXPECT_LT(outcomes.size(), 2000u);
}

TEST(RootRule, MatchesUnderTheMaskInTheEnabledParts) {
    const pipeline::Source source{{1, 5}, 0x00070000, 0x105};
    const Frame frame = frame_to(0x0102030405aa);
    pipeline::RootRule rule;
    rule.mask.resize(512);
    rule.value.resize(512);
    EXPECT_TRUE(matches(rule, source, frame));
    // misc_parameters_2 (criteria bit 3) begins at 192, metadata_reg_c_0 is 44 bytes on.
    const auto set = [&rule](size_t at, uint8_t mask, uint8_t value) {
        rule.mask[at] = static_cast<std::byte>(mask);
        rule.value[at] = static_cast<std::byte>(value);
    };
    set(192 + 44 + 1, 0xff, 7);
    rule.criteria = 1 << 3;
    EXPECT_TRUE(matches(rule, source, frame));
    set(192 + 44 + 1, 0xff, 8);
    EXPECT_FALSE(matches(rule, source, frame));
    rule.criteria = 1;
    EXPECT_TRUE(matches(rule, source, frame));
    // outer_headers: dmac_47_16 at 8; misc_parameters at 64: source_port at 6.
    set(8, 0xff, 1);
    EXPECT_TRUE(matches(rule, source, frame));
    set(8, 0xff, 2);
    EXPECT_FALSE(matches(rule, source, frame));
    rule.criteria = 1 << 1;
    set(64 + 6, 0xff, 0);
    set(64 + 7, 0xff, 5);
    EXPECT_TRUE(matches(rule, source, frame));
    set(64 + 7, 0xff, 6);
    EXPECT_FALSE(matches(rule, source, frame));
}

TEST(RootRule, OfAnyLengthComparesWhatItHas) {
    const pipeline::Source source{{1, 5}, 0, 0};
    for (size_t size = 0; size < 600; size += 7) {
        pipeline::RootRule rule;
        rule.criteria = 0xff;
        rule.mask.resize(size, std::byte{0});
        rule.value.resize(size, std::byte{0xff});
        EXPECT_TRUE(matches(rule, source, frame_to(1)));
    }
}

}  // namespace
}  // namespace esw::sim
