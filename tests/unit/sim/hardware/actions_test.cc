// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/actions.h"

#include <gtest/gtest.h>

#include <functional>
#include <string_view>

#include "tests/unit/sim/hardware/frames.h"
#include "tests/unit/sim/hardware/steering.h"

namespace esw::sim {
namespace {

using Kind = pipeline::Outcome::Kind;
using Bytes = FrameWriter::Bytes;

// Actions as they are in memory: dr_ste_v1.c of rdma-core 44.

/// Set or add: field, shift (counted from 32), length, data.
std::vector<uint8_t> modify(uint8_t id, uint8_t field, uint8_t shift, uint8_t length,
                            uint32_t data) {
    return {id,
            field,
            static_cast<uint8_t>(32 + shift),
            length,
            static_cast<uint8_t>(data >> 24),
            static_cast<uint8_t>(data >> 16),
            static_cast<uint8_t>(data >> 8),
            static_cast<uint8_t>(data)};
}
std::vector<uint8_t> set(uint8_t field, uint8_t shift, uint8_t length, uint32_t data) {
    return modify(0x06, field, shift, length, data);
}
std::vector<uint8_t> add(uint8_t field, uint8_t shift, uint8_t length, uint32_t data) {
    return modify(0x07, field, shift, length, data);
}

/// One entry with these actions, then vport 2.
class Actions : public testing::Test {
protected:
    pipeline::Outcome run(const std::vector<uint8_t>& actions, const Bytes& frame,
                          uint16_t vport = 1) {
        EntryWriter entry(4, 0x000f);
        Icm::Line line = entry.hit(steering_.kVport2).reparse().counter(9).line();
        for (size_t i = 0; i < actions.size() && i < 12; i++) {
            line[20 + i] = static_cast<std::byte>(actions[i]);
        }
        steering_.lines[steering_.kTx] = steering_.lines[steering_.kRx] = line;
        auto outcomes = steering_.run(frame, vport);
        EXPECT_EQ(outcomes.size(), 1u);
        return std::move(outcomes[0]);
    }

    /// A list at index 3 of header-modify ICM.
    std::vector<uint8_t> list(const std::vector<std::vector<uint8_t>>& actions) {
        for (size_t i = 0; i < actions.size(); i++) {
            Icm::Line& line = steering_.lines[steering_.kLists + 3 * 64 + i / 8 * 64];
            for (size_t k = 0; k < 8; k++) {
                line[i % 8 * 8 + k] =
                    static_cast<std::byte>(k < actions[i].size() ? actions[i][k] : 0);
            }
        }
        return {0x0f, static_cast<uint8_t>(actions.size()), 0, 3};
    }

    void expect(const std::vector<uint8_t>& actions, const Bytes& in, const Bytes& out,
                uint16_t vport = 1) {
        const auto outcome = run(actions, in, vport);
        EXPECT_EQ(outcome.kind, Kind::kForward) << outcome.reason;
        EXPECT_EQ(outcome.frame, out);
    }

    void expect_drop(const std::vector<uint8_t>& actions, const Bytes& in,
                     std::string_view reason) {
        const auto outcome = run(actions, in);
        EXPECT_EQ(outcome.kind, Kind::kDrop);
        EXPECT_EQ(outcome.reason, reason);
    }

    FakeSteering steering_;
};

struct Spec {
    uint64_t dmac = 0x020000000001, smac = 0x020000000002;
    std::vector<uint32_t> tags;  ///< ethertype and control
    int version = 4;
    uint32_t src = 0x0a000001, dst = 0x0a000002;
    uint8_t protocol = 6, ttl = 64, tos = 0;
    uint16_t sport = 1000, dport = 2000;
    uint32_t seq = 0xfffffff0, ack = 2;
    uint16_t flags = 0x10;
    bool udp_checksum = true;
};

void write(FrameWriter& writer, const Spec& spec) {
    const uint16_t ethertype = spec.version == 4 ? 0x0800 : 0x86dd;
    writer.mac(spec.dmac).mac(spec.smac);
    for (const uint32_t tag : spec.tags) {
        writer.u32(tag);
    }
    writer.u16(ethertype);
    if (spec.version == 4) {
        writer.ip4(spec.src, spec.dst, spec.protocol, spec.ttl, spec.tos);
    } else {
        writer.ip6(spec.src, spec.dst, spec.protocol, spec.ttl, uint32_t{spec.tos} << 20 | 0x12345);
    }
    if (spec.protocol == 6) {
        writer.tcp(spec.sport, spec.dport, spec.seq, spec.ack, spec.flags);
    } else if (spec.protocol == 17) {
        writer.udp(spec.sport, spec.dport, spec.udp_checksum);
    }
    writer.text("a payload of odd size");
}

Bytes frame_of(const Spec& spec) {
    FrameWriter writer;
    write(writer, spec);
    return writer.finish();
}

/// Every kind of packet that a rewrite may meet.
std::vector<Spec> all_specs() {
    std::vector<Spec> specs;
    for (const int version : {4, 6}) {
        for (const uint8_t protocol : {6, 17, 132}) {
            for (const bool tagged : {false, true}) {
                Spec spec;
                spec.version = version;
                spec.protocol = protocol;
                if (tagged) {
                    spec.tags = {0x81002064};
                }
                specs.push_back(spec);
            }
        }
    }
    return specs;
}

TEST_F(Actions, RewriteOfEachField) {
    struct Case {
        const char* name;
        std::vector<uint8_t> action;
        std::function<void(Spec&)> change;
    };
    const auto at4 = [](uint32_t Spec::*field, uint32_t value) {
        return [=](Spec& s) { s.*field = s.version == 4 ? value : s.*field; };
    };
    const auto at6 = [](uint32_t Spec::*field, uint32_t value) {
        return [=](Spec& s) { s.*field = s.version == 6 ? value : s.*field; };
    };
    const auto ports = [](uint16_t Spec::*field, uint16_t value) {
        return [=](Spec& s) { s.*field = s.protocol != 132 ? value : s.*field; };
    };
    const std::vector<Case> cases = {
        {"dmac high", set(0x00, 0, 32, 0x0a0b0c0d), [](Spec& s) { s.dmac = 0x0a0b0c0d0001; }},
        {"dmac low", set(0x01, 16, 16, 0xbeef), [](Spec& s) { s.dmac = 0x02000000beef; }},
        {"smac high", set(0x08, 0, 32, 0x0a0b0c0d), [](Spec& s) { s.smac = 0x0a0b0c0d0002; }},
        {"smac low", set(0x09, 16, 16, 0xbeef), [](Spec& s) { s.smac = 0x02000000beef; }},
        {"VLAN id", set(0x02, 0, 12, 0xfff),
         [](Spec& s) { s.tags = s.tags.empty() ? s.tags : std::vector<uint32_t>{0x81002fff}; }},
        {"DSCP", set(0x0e, 18, 6, 0x2e), [](Spec& s) { s.tos = 0x2e << 2; }},
        {"ECN", set(0x0e, 16, 2, 3), [](Spec& s) { s.tos = 3; }},
        {"TTL", set(0x0e, 8, 8, 7), [](Spec& s) { s.ttl = 7; }},
        {"TTL - 1", add(0x0e, 8, 8, 0xff), [](Spec& s) { s.ttl = 63; }},
        {"source of IPv4", set(0x40, 0, 32, 0xc0a80001), at4(&Spec::src, 0xc0a80001)},
        {"destination of IPv4", set(0x41, 0, 32, 0xffeeddcc), at4(&Spec::dst, 0xffeeddcc)},
        {"part of an address", set(0x41, 0, 8, 0x99), at4(&Spec::dst, 0x0a000099)},
        {"source of IPv6", set(0x4f, 0, 32, 0x77), at6(&Spec::src, 0x77)},
        {"destination of IPv6", set(0x47, 0, 32, 0x99), at6(&Spec::dst, 0x99)},
        {"source port", set(0x18, 16, 16, 5), ports(&Spec::sport, 5)},
        {"destination port", set(0x18, 0, 16, 50000), ports(&Spec::dport, 50000)},
        {"TCP flags", set(0x19, 16, 9, 0x101), [](Spec& s) { s.flags = 0x101; }},
        {"sequence number + 32", add(0x5e, 0, 32, 32), [](Spec& s) { s.seq = 16; }},
        {"acknowledgement - 1", add(0x5f, 0, 32, ~0u), [](Spec& s) { s.ack = 1; }},
        {"a register", set(0x91, 0, 32, 1), [](Spec&) {}},
    };
    for (const Case& c : cases) {
        for (const Spec& before : all_specs()) {
            SCOPED_TRACE(testing::Message() << c.name << ", IPv" << before.version << ", protocol "
                                            << int{before.protocol});
            Spec after = before;
            c.change(after);
            expect(c.action, frame_of(before), frame_of(after));
        }
    }
}

TEST_F(Actions, NoUdpChecksumStaysNone) {
    Spec spec;
    spec.protocol = 17;
    spec.udp_checksum = false;
    Spec after = spec;
    after.dport = 9;
    expect(set(0x18, 0, 16, 9), frame_of(spec), frame_of(after));
}

TEST_F(Actions, AChecksumThatWasWrongStaysWrong) {
    Bytes frame = frame_of({});
    frame.back() ^= std::byte{1};
    const auto outcome = run(set(0x40, 0, 32, 0xc0a80001), frame);
    EXPECT_EQ(checksum_error(outcome.frame), "TCP checksum");
}

TEST_F(Actions, FirstFragmentKeepsItsChecksumRight) {
    const auto make = [](uint32_t src) {
        return FrameWriter()
            .ethernet(1, 2, 0x0800)
            .ip4(src, 9, 17, 64, 0, 0x2000)
            .udp(1, 2)
            .text("1234")
            .finish();
    };
    expect(set(0x40, 0, 32, 0xc0a80001), make(5), make(0xc0a80001));
    // Its ports are none to the adapter.
    expect(set(0x18, 0, 16, 9), make(5), make(5));
}

TEST_F(Actions, CopyOfAField) {
    Spec after;
    after.src = after.dst;
    // Copy: destination field, shift, length; source field, shift.
    expect({0x05, 0x40, 32, 32, 0, 0x41, 32, 0}, frame_of({}), frame_of(after));
    after = {};
    after.dport = after.sport;
    expect({0x05, 0x18, 32, 16, 0, 0x18, 48, 0}, frame_of({}), frame_of(after));
}

TEST_F(Actions, RegistersCarryValuesToTheNextEntry) {
    steering_.write(0x5000, EntryWriter(1, 0x010f)
                                .tag(4, {0, 0, 0x07, 0xd0}, {255, 255, 255, 255})
                                .hit(steering_.kUplink)
                                .miss(steering_.kManager));
    EntryWriter entry(0, 0x000f);
    // reg_c_1 = destination port
    entry.hit(0x5000).actions({0x05, 0x91, 32, 16, 0, 0x18, 32, 0});
    steering_.write(steering_.kTx, entry);
    EXPECT_EQ(steering_.run(frame_of({}))[0].kind, Kind::kForward);
    Spec other;
    other.dport = 2001;
    EXPECT_EQ(steering_.run(frame_of(other))[0].kind, Kind::kMiss);
}

TEST_F(Actions, ListsRunInOrderOverLines) {
    std::vector<std::vector<uint8_t>> actions;
    for (int i = 0; i < 17; i++) {
        actions.push_back(add(0x0e, 8, 8, 0xff));
        actions.emplace_back();  // a gap
    }
    actions.push_back(set(0x18, 0, 16, 9));  // in the last of five lines
    Spec after;
    after.ttl = 64 - 17;
    after.dport = 9;
    expect(list(actions), frame_of({}), frame_of(after));
}

const std::vector<uint8_t> kPop1 = {0x08, 0x02, 0x00, 0x02};
const std::vector<uint8_t> kPop2 = {0x08, 0x02, 0x00, 0x04};
const std::vector<uint8_t> kPush = {0x0a, 0x00, 0x0c, 0x00, 0x81, 0x00, 0x20, 0x64};

TEST_F(Actions, PushAndPopVlan) {
    Spec none, one, two;
    one.tags = {0x81002064};
    two.tags = {0x81002064, 0x81002064};
    expect(kPush, frame_of(none), frame_of(one));
    expect(kPush, frame_of(one), frame_of(two));
    expect(kPop1, frame_of(one), frame_of(none));
    expect(kPop1, frame_of(two), frame_of(one));
    expect(kPop2, frame_of(two), frame_of(none));
    expect_drop(kPop1, frame_of(none), "an edit at a header that the packet does not have");
    std::vector<uint8_t> pop_and_set = kPop1;
    const auto ttl = set(0x0e, 8, 8, 7);
    pop_and_set.insert(pop_and_set.end(), ttl.begin(), ttl.end());
    none.ttl = 7;
    expect(pop_and_set, frame_of(one), frame_of(none));
}

FrameWriter vxlan_headers() {
    return FrameWriter()
        .ethernet(0x0c, 0x0d, 0x0800)
        .ip4(0x01010101, 0x02020202, 17, 63, 0, 0x4000)
        .udp(0xc000, 4789, false)
        .u32(0x08000000)
        .u32(0x7700);
}

/// The headers as software gives them: without what depends on the packet.
Bytes without_lengths(Bytes headers) {
    for (const size_t at : {16, 17, 24, 25, 38, 39}) {
        headers[at] = std::byte{0};
    }
    return headers;
}

const std::vector<uint8_t> kEncapsulate = {0x0b, 0x00, 0x00, 0xc9, 0, 0, 0, 42};

TEST_F(Actions, EncapsulationFillsLengthsAndTheHeaderChecksum) {
    steering_.reformats[42] = {2, without_lengths(vxlan_headers().finish())};
    FrameWriter out = vxlan_headers();
    write(out, {});
    expect(kEncapsulate, frame_of({}), out.finish());
    EXPECT_EQ(checksum_error(out.finish()), "");

    FrameWriter headers6;
    headers6.ethernet(0x0c, 0x0d, 0x86dd).ip6(1, 2, 17).udp(0xc000, 6081, false);
    headers6.u32(0x00006558).u32(0x7700);
    steering_.reformats[42].data = headers6.finish();
    steering_.reformats[42].data[18] = steering_.reformats[42].data[19] = std::byte{0};
    write(headers6, {});
    expect(kEncapsulate, frame_of({}), headers6.finish());
}

TEST_F(Actions, EncapsulationInALayer3Tunnel) {
    const auto gre = [] {
        return FrameWriter().ethernet(0x0c, 0x0d, 0x0800).ip4(1, 2, 47).u32(0x20000800).u32(7);
    };
    steering_.reformats[42] = {4, gre().finish()};
    Spec in;
    in.tags = {0x81002064};
    const Bytes plain = frame_of({});
    const Bytes out = gre().bytes({plain.begin() + 14, plain.end()}).finish();
    // The packet's own Ethernet header goes first.
    std::vector<uint8_t> actions = {0x09, 0x00, 0x07, 0x00};
    actions.insert(actions.end(), kEncapsulate.begin(), kEncapsulate.end());
    expect(actions, frame_of(in), out);
    expect(actions, plain, out);
    expect_drop(actions, FrameWriter().ethernet(1, 2, 0x0806).finish(),
                "an edit at a header that the packet does not have");
    // And by an array of destinations.
    steering_.write(steering_.kTx, EntryWriter(0, 0x000f).hit(steering_.kArray));
    steering_.tables[steering_.kArrayTable].destinations = {
        {FlowDestination::Kind::kVport, {1, kWirePort}, 0, 42}};
    EXPECT_EQ(steering_.run(frame_of(in))[0].frame, out);
}

TEST_F(Actions, DecapsulationLeavesTheInnerFrame) {
    FrameWriter in = vxlan_headers();
    write(in, {});
    const std::vector<uint8_t> decapsulate = {0x09, 0x00, 0x13, 0x0c};
    expect(decapsulate, in.finish(), frame_of({}), kWirePort);
    // Counted as it came.
    EXPECT_EQ(steering_.counted[9].second, in.finish().size());
    expect_drop(decapsulate, frame_of({}), "an edit at a header that the packet does not have");
}

TEST_F(Actions, DecapsulationOfALayer3TunnelByAList) {
    const Bytes plain = frame_of({});
    const Bytes in = FrameWriter()
                         .ethernet(0x0c, 0x0d, 0x0800)
                         .ip4(1, 2, 47)
                         .u32(0x00000800)
                         .bytes({plain.begin() + 14, plain.end()})
                         .finish();
    // dr_ste_v1_set_action_decap_l3_list(): the header from its end, four bytes at a time, with two
    // more in front that go again.
    const auto action = list({{0x09, 0x00, 0x19, 0x0c},
                              {0x0a, 0, 0, 0, 0x00, 0x02, 0x08, 0x00},
                              {0x0a, 0, 0, 0, 0x02, 0x00, 0x00, 0x00},
                              {0x0a, 0, 0, 0, 0x00, 0x00, 0x00, 0x01},
                              {0x0a, 0, 0, 0, 0x00, 0x00, 0x02, 0x00},
                              {0x08, 0, 0, 0x01}});
    expect(action, in, plain, kWirePort);
}

TEST_F(Actions, MatchingSeesThePacketAsItWasParsedLast) {
    // Of two entries that match a destination port, the first rewrites it.
    for (const bool reparse : {true, false}) {
        EntryWriter first(0, 0x000f);
        first.hit(0x5000).actions({0x06, 0x18, 32, 16, 0, 0, 0, 9});
        if (reparse) {
            first.reparse();
        }
        steering_.write(steering_.kTx, first);
        steering_.write(0x5000, EntryWriter(0, 0x0007)
                                    .tag(10, {0, 9}, {255, 255})
                                    .hit(steering_.kVport2)
                                    .miss(steering_.kManager));
        EXPECT_EQ(steering_.run(frame_of({}))[0].kind, reparse ? Kind::kForward : Kind::kMiss);
    }
}

TEST_F(Actions, FaultsAreDropsWithAReason) {
    const Bytes frame = frame_of({});
    expect_drop({0x7f}, frame, "an unknown action");
    expect_drop({0x12, 0, 0, 1, 0, 0, 0, 0}, frame,
                "an action on an ASO object, which is not simulated");
    expect_drop({0x0e, 0, 0, 1, 1, 0, 0, 0}, frame,
                "an accelerated list of actions, which this adapter has not");
    expect_drop({0, 0, 0, 0, 0, 0, 0, 0, 0x06, 0x40, 32, 32}, frame, "an action that is cut off");
    expect_drop(set(0x7f, 0, 32, 1), frame, "a header rewrite of an unknown field");
    expect_drop({0x05, 0x40, 32, 32, 0, 0x7f, 32, 0}, frame,
                "a header rewrite of an unknown field");
    expect_drop({0x0f, 9, 0xff, 0xff}, frame, "a list of actions in no memory");
    expect_drop(list({{0x0f, 1, 0, 3}}), frame, "a list of actions in a list of actions");
    expect_drop(kEncapsulate, frame, "no such packet reformat object");
    expect_drop({0x0a, 0x00, 0xfe, 0x00, 1, 2, 3, 4}, frame,
                "insertion behind the end of the packet");
    expect_drop({0x08, 0x00, 0x00, 0x3f}, frame, "removal behind the end of the packet");
    steering_.reformats[42] = {2, Bytes(70000)};
    expect_drop(kEncapsulate, frame, "packet too long");
}

TEST_F(Actions, ALoopOfEntriesThatEditEnds) {
    const auto loop = [this](const std::vector<uint8_t>& action) {
        Icm::Line line = EntryWriter(0, 0x000f).hit(steering_.kTx).reparse().line();
        for (size_t i = 0; i < action.size(); i++) {
            line[24 + i] = static_cast<std::byte>(action[i]);
        }
        steering_.lines[steering_.kTx] = line;
        const auto outcomes = steering_.run(frame_of({}));
        EXPECT_EQ(outcomes.size(), 1u);
        return std::string_view(outcomes[0].reason);
    };
    EXPECT_EQ(loop(set(0x0e, 8, 8, 7)), "too many actions");
    EXPECT_EQ(loop(list(std::vector(200, set(0x0e, 8, 8, 7)))), "too many actions");
    steering_.reformats[42] = {2, Bytes(5000)};
    EXPECT_EQ(loop(kEncapsulate), "packet too long");
}

}  // namespace
}  // namespace esw::sim
