// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/sim/hardware/frames.h"
#include "tests/unit/sim/hardware/steering.h"
#include "utilities/esw-sim/hardware/reformat.h"

namespace esw::sim {
namespace {

using Bytes = FrameWriter::Bytes;

/// Memory as a program that went mad would leave it, and frames as nobody would send them. What
/// AddressSanitizer has to say is the point; the checks are on what every outcome must keep.
class Chaos {
public:
    explicit Chaos(uint32_t seed) : random_(seed) {}

    uint32_t below(uint32_t n) { return random_() % n; }
    bool chance(uint32_t in) { return below(in) == 0; }
    uint8_t byte() { return static_cast<uint8_t>(random_()); }

    /// Entries of which most lead on to later ones, so that walks are long and few are loops.
    void fill(FakeSteering& steering) {
        for (uint32_t i = 0; i < kLines; i++) {
            Icm::Line line = chance(60) ? noise() : entry(i).line();
            steering.lines[kBase + i * 64] = line;
        }
        for (uint64_t i = 0; i < 4; i++) {
            Icm::Line& line = steering.lines[FakeSteering::kLists + i * 64];
            for (size_t at = 0; at < line.size(); at += 8) {
                const auto bytes = action();
                std::copy(bytes.begin(), bytes.end(), line.begin() + static_cast<ptrdiff_t>(at));
            }
        }
        FlowTable& table = steering.tables[FakeSteering::kTable];
        table.icm_root_rx = table.icm_root_tx = kBase;
        Reformat& reformat = steering.reformats[1];
        reformat = {static_cast<uint8_t>(below(6)), frame()};
        auto& to = steering.tables[FakeSteering::kArrayTable].destinations;
        to = {{FlowDestination::Kind::kVport, {1, 2}, 0, 1},
              {FlowDestination::Kind::kTable, {}, below(10), {}}};
        steering.option = {0x0102, 0x80, 1, static_cast<uint8_t>(below(16))};
    }

    Bytes frame() {
        Bytes bytes = headers(chance(3) ? 0 : 1 + below(3));
        for (uint32_t changes = chance(2) ? below(8) : 0; changes > 0; changes--) {
            bytes[below(static_cast<uint32_t>(bytes.size()))] = std::byte{byte()};
        }
        if (chance(2)) {
            bytes.resize(below(static_cast<uint32_t>(bytes.size()) + 1));
        }
        bytes.shrink_to_fit();  // AddressSanitizer sees the end
        return bytes;
    }

private:
    static constexpr uint64_t kBase = 0x10000;
    static constexpr uint32_t kLines = 32;

    uint64_t target(uint32_t from) {
        constexpr uint64_t places[] = {FakeSteering::kVport2, FakeSteering::kManager,
                                       FakeSteering::kArray, FakeSteering::kDropAll};
        if (chance(5000)) {
            return kBase + below(kLines) * 64;
        }
        return from + 1 < kLines && !chance(8) ? kBase + (from + 1 + below(kLines - from - 1)) * 64
               : chance(40)                    ? 0x12345640
                                               : places[below(4)];
    }

    EntryWriter entry(uint32_t index) {
        constexpr uint16_t lookups[] = {0x000f, 0x0002, 0x0003, 0x0004, 0x0104, 0x0005, 0x0006,
                                        0x0007, 0x0107, 0x0008, 0x0009, 0x0109, 0x000a, 0x010a,
                                        0x000b, 0x000c, 0x000d, 0x010d, 0x000e, 0x010e, 0x010f,
                                        0x0110, 0x0011, 0x0111, 0x0112, 0x0113, 0x0114, 0x0117};
        const uint16_t lookup = lookups[below(std::size(lookups))];
        const auto with_actions = static_cast<uint8_t>(lookup >> 8 | (chance(4) ? 2 : 0));
        EntryWriter entry = chance(100)  ? EntryWriter(byte(), byte())
                            : chance(10) ? EntryWriter(4, 0x000f)
                                         : EntryWriter(with_actions, lookup);
        for (size_t at = 0; at < 16 && !chance(4); at++) {
            const uint8_t mask = chance(3) ? byte() & byte() & byte() : 0;
            entry.tag(at, {static_cast<uint8_t>(chance(2) ? 0 : byte() & mask)}, {mask});
        }
        entry.hit(target(index), 1u << (chance(200) ? below(4) : 0),
                  lookups[below(std::size(lookups))], static_cast<uint16_t>(random_()));
        entry.miss(target(index)).counter(below(3));
        if (!chance(5)) {
            entry.reparse();
        }
        const auto a = action();
        const auto at = [&a](size_t i) { return std::to_integer<uint8_t>(a[i]); };
        entry.actions({at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)});
        return entry;
    }

    std::array<std::byte, 8> action() {
        constexpr uint8_t ids[] = {0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 6, 6, 7, 7, 8, 9, 10, 10, 11, 15};
        constexpr uint8_t fields[] = {0x00, 0x01, 0x02, 0x08, 0x09, 0x0e, 0x18, 0x19, 0x40, 0x41,
                                      0x44, 0x47, 0x4c, 0x4f, 0x5e, 0x5f, 0x7b, 0x7c, 0x8c, 0x91};
        constexpr uint8_t anchors[] = {0x00, 0x02, 0x07, 0x13, 0x19, 0x3f};
        std::array<std::byte, 8> a;
        std::generate(a.begin(), a.end(), [this] { return std::byte{byte()}; });
        const uint8_t id = chance(200) ? byte() : ids[below(sizeof ids)];
        a[0] = std::byte{id};
        if (id >= 5 && id <= 7) {
            a[1] = std::byte{fields[below(sizeof fields)]};
            a[5] = id == 5 ? std::byte{fields[below(sizeof fields)]} : a[5];
        } else if (id >= 8 && id <= 11) {
            a[1] = std::byte{anchors[below(sizeof anchors)]};
            a[2] = id == 9 ? std::byte{anchors[below(sizeof anchors)]} : a[2] & std::byte{0x0f};
            a[3] = id == 11 ? std::byte{static_cast<uint8_t>(below(3))} : a[3] & std::byte{0x0f};
            if (id == 11) {
                a[4] = a[5] = a[6] = std::byte{0};
                a[7] = std::byte{1};
            }
        } else if (id == 15) {
            a[1] = std::byte{static_cast<uint8_t>(below(40))};
            a[2] = std::byte{0};
            a[3] = std::byte{static_cast<uint8_t>(below(5))};
        }
        if (id == 0 || id == 8 || id == 9 || id == 15) {
            std::fill(a.begin() + 4, a.end(), std::byte{0});  // one more, of 4 bytes: none
        }
        return a;
    }

    Icm::Line noise() {
        Icm::Line line;
        std::generate(line.begin(), line.end(), [this] { return std::byte{byte()}; });
        return line;
    }

    Bytes headers(uint32_t tunnel) {
        FrameWriter writer;
        level(writer, tunnel == 0 ? 0 : tunnel == 3 ? 47 : 17, tunnel == 1 ? 4789 : 6081);
        if (tunnel == 1) {
            writer.u32(0x08000000).u32(random_());
        } else if (tunnel == 2) {
            writer.u32(0x04006558).u32(random_()).u32(0x01030101).u32(1).u32(0x01028001).u32(2);
        } else if (tunnel == 3) {
            writer.u32(0x20000000 | (chance(2) ? 0x6558 : 0x0800)).u32(random_());
        }
        if (tunnel != 0) {
            level(writer, 0, 0);
        }
        return writer.text("payload").finish();
    }

    void level(FrameWriter& writer, uint8_t protocol, uint16_t port) {
        writer.mac(random_()).mac(random_());
        for (uint32_t tags = below(4); tags > 0; tags--) {
            writer.u16(chance(2) ? 0x8100 : 0x88a8).u16(byte());
        }
        constexpr uint8_t protocols[] = {1, 6, 17, 58, 132};
        protocol = protocol != 0 ? protocol : protocols[below(5)];
        if (chance(2)) {
            writer.u16(0x0800).ip4(random_(), random_(), protocol, byte(), byte(),
                                   chance(4) ? static_cast<uint16_t>(random_()) : 0, 4 * below(11));
        } else {
            writer.u16(0x86dd);
            const bool extended = chance(3);
            writer.ip6(random_(), random_(), extended ? 60 : protocol);
            if (extended) {
                writer.u8(44).u8(0).text("......").u8(protocol).u8(0).u16(below(16)).u32(0);
            }
        }
        if (protocol == 6) {
            writer.tcp(byte(), byte());
        } else if (protocol == 17) {
            writer.udp(byte(), port);
        } else if (protocol != 47) {
            writer.u32(random_()).u32(random_());
        }
    }

    std::mt19937 random_;
};

TEST(Robustness, RandomEntriesAndFramesEndInOrder) {
    constexpr int kMemories = 2000, kFrames = 50;
    int forwards = 0, misses = 0, drops = 0, faults = 0;
    for (int seed = 0; seed < kMemories; seed++) {
        Chaos chaos(static_cast<uint32_t>(seed));
        FakeSteering steering;
        chaos.fill(steering);
        for (int i = 0; i < kFrames; i++) {
            const auto outcomes = steering.run(chaos.frame(), chaos.chance(2) ? kWirePort : 1);
            ASSERT_FALSE(outcomes.empty());
            for (const auto& outcome : outcomes) {
                forwards += outcome.kind == pipeline::Outcome::Kind::kForward;
                misses += outcome.kind == pipeline::Outcome::Kind::kMiss;
                const bool drop = outcome.kind == pipeline::Outcome::Kind::kDrop;
                ASSERT_NE(outcome.reason, nullptr);
                ASSERT_EQ(drop, *outcome.reason != '\0');
                ASSERT_LE(outcome.frame.size(), kMaxFrame);
                drops += drop && std::string_view(outcome.reason) == "drop";
                faults += drop && std::string_view(outcome.reason) != "drop";
            }
        }
    }
    // The same on every machine; none of them rare, or the test would see little.
    EXPECT_GT(forwards, 2000);
    EXPECT_GT(misses, 2000);
    EXPECT_GT(drops, 2000);
    EXPECT_GT(faults, 2000);
}

TEST(Robustness, RandomRootRules) {
    Chaos chaos(1);
    int matched = 0;
    for (int i = 0; i < 20000; i++) {
        pipeline::RootRule rule;
        rule.criteria = chaos.byte();
        rule.mask.resize(chaos.below(600));
        rule.value.resize(chaos.below(600));
        for (uint32_t bits = chaos.below(6); bits > 0 && !rule.mask.empty(); bits--) {
            rule.mask[chaos.below(static_cast<uint32_t>(rule.mask.size()))] =
                std::byte{chaos.byte()};
        }
        matched += matches(rule, {{1, 5}, 0x00050000, 0x105}, chaos.frame());
    }
    EXPECT_GT(matched, 1000);
    EXPECT_LT(matched, 19000);
}

}  // namespace
}  // namespace esw::sim
