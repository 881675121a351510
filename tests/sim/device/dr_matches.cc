// SPDX-License-Identifier: Apache-2.0
// Each match field alone and in combinations: what a rule hits comes out of VF 1, as it was; what
// it does not hit comes out of the representor, or the uplink representor, of where it came from.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/sim/device/bench.h"
#include "tests/sim/device/knobs.h"

namespace {

using namespace device;

class MatchBench : public Bench {
protected:
    /// One rule with the match; sends all frames, and looks at which of them it hits.
    static void expect_hits(From from, Match match, const std::vector<Frame>& hits,
                            const std::vector<Frame>& misses) {
        add_source(from, match);
        const Matcher matcher = steering().matcher(steering().take_over(vport(from)), 1, match);
        const Action to_vf1 = steering().to_vport(vf_vport(1));
        const Rule rule = Steering::rule(matcher, match, {to_vf1.get()});
        expect_through(from, hits, misses);
    }

    /// As a rule of the root, which the kernel and the firmware have, to a table in which one rule
    /// matches everything.
    static void expect_hits_in_root(From from, Match match, const std::vector<Frame>& hits,
                                    const std::vector<Frame>& misses) {
        add_source(from, match);
        const Table table = steering().table(1);
        Match any;
        const Matcher all = steering().matcher(table.get(), 1, any);
        const Action to_vf1 = steering().to_vport(vf_vport(1));
        const Rule rule = Steering::rule(all, any, {to_vf1.get()});
        const Matcher matcher = steering().matcher(steering().root(), 3, match);
        const Action to_table = steering().to_table(table);
        const Rule root_rule = Steering::rule(matcher, match, {to_table.get()});
        expect_through(from, hits, misses);
    }

private:
    static void add_source(From from, Match& match) {
        const mlx5dv_port& port = steering().port(vport(from));
        match.set(FIELD(misc_parameters_2.metadata_reg_c_0), port.reg_c0.value, port.reg_c0.mask);
    }

    static void expect_through(From from, const std::vector<Frame>& hits,
                               const std::vector<Frame>& misses) {
        std::vector<Bytes> frames;
        std::vector<Netdevs::Arrival> missed, hit;
        for (const Frame& frame : hits) {
            frames.push_back(encode(frame));
            hit.push_back({netdevs().vf(1), frames.back()});
        }
        for (const Frame& frame : misses) {
            frames.push_back(encode(frame));
            missed.push_back({Netdevs::peer(netdev(from)), frames.back()});
        }
        // In the order of netdevs: the representors of VF 0 and the uplink are before VF 1.
        missed.insert(missed.end(), hit.begin(), hit.end());
        const auto got = netdevs().exchange(netdev(from), frames);
        EXPECT_TRUE(got == missed) << "from " << to_string(from) << "\nwanted: " << describe(missed)
                                   << "\ngot: " << describe(got);
    }
};

// ---- fields that frames have a value of ----

class Fields : public MatchBench, public testing::WithParamInterface<std::tuple<Kind, From>> {
protected:
    const Kind& kind() const { return std::get<0>(GetParam()); }
    From from() const { return std::get<1>(GetParam()); }

    Frame turned(const Frame& frame, const Knob& knob, uint32_t value) const {
        Frame result = frame;
        knob.turn(result, value);
        return result;
    }

    /// libmlx5 wants the IP version itself as its mask; for the firmware it is a field as any
    /// other.
    static void add(Match& match, const Knob& knob, uint32_t value, uint32_t mask,
                    bool in_root = false) {
        for (const auto& [field, needed] : knob.needs) {
            const bool is_version = field.width == FIELD(outer_headers.ip_version).width;
            match.set(field, needed, is_version && !in_root ? needed : field.ones());
        }
        match.set(knob.field, value, mask);
    }
};

/// Whole values, and every bit of them.
TEST_P(Fields, Alone) {
    for (const Knob& knob : kind().knobs) {
        SCOPED_TRACE(kind().name + ": " + knob.field.name);
        const uint32_t value = 0x9e3779b9 & knob.ones();
        std::vector<Frame> misses;
        for (unsigned bit = 0; bit < knob.field.width; bit++) {
            misses.push_back(turned(kind().frame, knob, value ^ (1u << bit)));
        }
        Match match;
        add(match, knob, value, knob.ones());
        expect_hits(from(), match, {turned(kind().frame, knob, value)}, misses);
        if (HasFailure()) {
            return;
        }
    }
}

TEST_P(Fields, InRoot) {
    for (const Knob& knob : kind().knobs) {
        SCOPED_TRACE(kind().name + ": " + knob.field.name);
        const uint32_t value = 0x5bd1e995 & knob.ones();
        const uint32_t mask = (knob.field.width == 1 ? 1 : 0xb97f4a7c) & knob.ones();
        std::vector<Frame> hits = {turned(kind().frame, knob, value)}, misses;
        for (unsigned bit = 0; bit < knob.field.width; bit++) {
            std::vector<Frame>& side = mask >> bit & 1 ? misses : hits;
            side.push_back(turned(kind().frame, knob, value ^ (1u << bit)));
        }
        Match match;
        add(match, knob, value, mask, true);
        expect_hits_in_root(from(), match, hits, misses);
        if (HasFailure()) {
            return;
        }
    }
}

/// Half of the bits, and each of both halves.
TEST_P(Fields, Masked) {
    for (const Knob& knob : kind().knobs) {
        SCOPED_TRACE(kind().name + ": " + knob.field.name);
        const uint32_t value = 0x7f4a7c15 & knob.ones();
        const uint32_t mask = (knob.field.width == 1 ? 1 : 0xc6a4a793) & knob.ones();
        if (mask == 0) {
            continue;
        }
        std::vector<Frame> hits = {turned(kind().frame, knob, value)}, misses;
        for (unsigned bit = 0; bit < knob.field.width; bit++) {
            std::vector<Frame>& side = mask >> bit & 1 ? misses : hits;
            side.push_back(turned(kind().frame, knob, value ^ (1u << bit)));
        }
        Match match;
        add(match, knob, value, mask);
        expect_hits(from(), match, hits, misses);
        if (HasFailure()) {
            return;
        }
    }
}

/// Some fields, chosen at random, some of them with a mask.
TEST_P(Fields, Combined) {
    constexpr unsigned kCombinations = 12;
    std::mt19937 random(static_cast<unsigned>(std::hash<std::string>()(kind().name)));
    std::vector<const Knob*> knobs;
    for (const Knob& knob : kind().knobs) {
        if (!knob.alone) {
            knobs.push_back(&knob);
        }
    }
    for (unsigned round = 0; round < kCombinations; round++) {
        std::shuffle(knobs.begin(), knobs.end(), random);
        const size_t used = 1 + random() % std::min<size_t>(knobs.size(), 8);
        Frame hit = kind().frame;
        std::vector<uint32_t> values(used), masks(used);
        Match match;
        std::string names;
        for (size_t i = 0; i < used; i++) {
            values[i] = static_cast<uint32_t>(random()) & knobs[i]->ones();
            masks[i] = static_cast<uint32_t>(random() % 2 ? random() : ~0u) & knobs[i]->ones();
            masks[i] = masks[i] ? masks[i] : knobs[i]->ones();
            knobs[i]->turn(hit, values[i]);
            add(match, *knobs[i], values[i], masks[i]);
            names += std::string(" ") + knobs[i]->field.name;
        }
        SCOPED_TRACE(kind().name + ":" + names);
        std::vector<Frame> hits = {hit}, misses;
        for (size_t i = 0; i < used; i++) {
            const uint32_t bit = 1u << random() % knobs[i]->field.width;
            (masks[i] & bit ? misses : hits).push_back(turned(hit, *knobs[i], values[i] ^ bit));
        }
        expect_hits(from(), match, hits, misses);
        if (HasFailure()) {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Frames, Fields,
                         testing::Combine(testing::ValuesIn(kinds()),
                                          testing::Values(From::kVf, From::kWire)),
                         [](const auto& given) {
                             return std::get<0>(given.param).name + "_" +
                                    to_string(std::get<1>(given.param));
                         });

// ---- fields that say what a frame is ----

class Parser : public MatchBench, public testing::WithParamInterface<From> {
protected:
    void expect(const Match& match, const std::vector<Frame>& hits,
                const std::vector<Frame>& misses) {
        expect_hits(GetParam(), match, hits, misses);
    }
    static Frame tagged(uint16_t tpid, Frame frame) {
        frame.insert(frame.begin() + 1, Vlan{5, 0, false, tpid});
        return frame;
    }
    static Frame fragment(uint16_t bits) {
        Frame frame = udp4(50);
        header<Ip4>(frame).fragment = bits;
        return frame;
    }
    /// An IPv6 fragment header in front of UDP.
    static Frame fragment6(uint16_t bits) {
        Frame frame = udp6(51);
        const Ip6Extension header{
            44, {static_cast<uint8_t>(bits >> 8), static_cast<uint8_t>(bits), 0, 0, 0, 7}};
        frame.insert(frame.begin() + 2, header);
        return frame;
    }
};

TEST_P(Parser, CustomerTag) {
    Match tag, no_tag;
    tag.set(FIELD(outer_headers.cvlan_tag), 1);
    expect(tag, {tagged(0x8100, udp4(1)), tagged(0x8100, tagged(0x8100, udp4(2)))},
           {udp4(3), tagged(0x88a8, udp4(4)), tagged(0x88a8, tagged(0x8100, udp4(5)))});
}

TEST_P(Parser, ServiceTag) {
    Match match;
    match.set(FIELD(outer_headers.svlan_tag), 1);
    expect(match, {tagged(0x88a8, udp4(1)), tagged(0x88a8, tagged(0x8100, udp4(2)))},
           {udp4(3), tagged(0x8100, udp4(4))});
}

TEST_P(Parser, NoTag) {
    Match match;
    match.set(FIELD(outer_headers.cvlan_tag), 0).set(FIELD(outer_headers.ip_version), 4, 4);
    expect(match, {udp4(1)}, {tagged(0x8100, udp4(2)), tagged(0x88a8, udp4(3)), udp6(4)});
}

TEST_P(Parser, SecondTag) {
    Match customer, service;
    customer.set(FIELD(misc_parameters.outer_second_cvlan_tag), 1);
    expect(customer, {tagged(0x88a8, tagged(0x8100, udp4(1)))},
           {udp4(2), tagged(0x8100, udp4(3)), tagged(0x88a8, tagged(0x88a8, udp4(4)))});
    service.set(FIELD(misc_parameters.outer_second_svlan_tag), 1);
    expect(service, {tagged(0x88a8, tagged(0x88a8, udp4(5)))},
           {udp4(6), tagged(0x88a8, udp4(7)), tagged(0x88a8, tagged(0x8100, udp4(8)))});
}

TEST_P(Parser, EthertypeBehindTags) {
    Match match;
    match.set(FIELD(outer_headers.ethertype), 0x0800);
    expect(match, {udp4(1), tagged(0x8100, udp4(2)), tagged(0x88a8, tagged(0x8100, udp4(3)))},
           {udp6(4), tagged(0x8100, udp6(5))});
}

TEST_P(Parser, IpVersion) {
    Match four, six;
    four.set(FIELD(outer_headers.ip_version), 4, 4);
    expect(four, {udp4(1), tagged(0x8100, tcp4(2)), vxlan4_tunnel() + udp6(3)},
           {udp6(4), vxlan6_tunnel() + udp4(5), {Eth{1, 2, 0x88b5}, payload(6)}});
    six.set(FIELD(outer_headers.ip_version), 6, 6);
    expect(six, {udp6(1), tagged(0x8100, tcp6(2)), vxlan6_tunnel() + udp4(3)},
           {udp4(4), vxlan4_tunnel() + udp6(5), {Eth{1, 2, 0x88b5}, payload(6)}});
}

TEST_P(Parser, Fragments) {
    Match yes, no;
    yes.set(FIELD(outer_headers.ip_version), 4, 4).set(FIELD(outer_headers.frag), 1);
    expect(yes, {fragment(0x2000), fragment(0x2005), fragment(0x0005)},
           {fragment(0), fragment(0x4000)});
    no.set(FIELD(outer_headers.ip_version), 4, 4).set(FIELD(outer_headers.frag), 0);
    expect(no, {fragment(0), fragment(0x4000)},
           {fragment(0x2000), fragment(0x2005), fragment(0x0005)});
}

TEST_P(Parser, Fragments6) {
    Match yes, no;
    yes.set(FIELD(outer_headers.ip_version), 6, 6).set(FIELD(outer_headers.frag), 1);
    expect(yes, {fragment6(0x0001), fragment6(0x0009), fragment6(0x0008)}, {udp6(1)});
    no.set(FIELD(outer_headers.ip_version), 6, 6).set(FIELD(outer_headers.frag), 0);
    expect(no, {udp6(1)}, {fragment6(0x0001), fragment6(0x0009), fragment6(0x0008)});
}

/// What is where ports would be in a fragment that is not the first one is something else.
TEST_P(Parser, PortsOfFragments) {
    Match match;
    match.set(FIELD(outer_headers.ip_version), 4, 4)
        .set(FIELD(outer_headers.ip_protocol), 17)
        .set(FIELD(outer_headers.udp_dport), 0x5566);
    expect(match, {fragment(0), fragment(0x4000)}, {fragment(0x2005), fragment(0x0005)});
}

TEST_P(Parser, TcpAndUdpPorts) {
    const auto with_port = [](Frame frame, auto port) {
        frame[2] = port;
        return frame;
    };
    Match udp;
    udp.set(FIELD(outer_headers.ip_version), 4, 4)
        .set(FIELD(outer_headers.ip_protocol), 17)
        .set(FIELD(outer_headers.udp_sport), 7);
    expect(udp, {with_port(udp4(1), Udp{7, 8})},
           {with_port(tcp4(2), Tcp{7, 8}), with_port(udp4(3), Udp{8, 7})});
}

TEST_P(Parser, HeaderLength) {
    Frame with_options = udp4(1);
    header<Ip4>(with_options).options = {1, 1, 1, 1, 1, 1, 1, 1};
    Match match;
    match.set(FIELD(outer_headers.ip_version), 4, 4).set(FIELD(outer_headers.ipv4_ihl), 7);
    expect(match, {with_options}, {udp4(2)});
}

TEST_P(Parser, GreFlags) {
    const auto gre = [](Gre header, uint32_t seed) {
        return Frame{Eth{1, 2}, Ip4{3, 4}, header} + udp4(seed);
    };
    const Frame plain = gre({}, 1), summed = gre({{}, true}, 2), keyed = gre({{}, false, 9}, 3),
                counted = gre({{}, false, {}, 5}, 4), all = gre({{}, true, 6, 7}, 5);
    Match sum, key, sequence, none;
    sum.set(FIELD(misc_parameters.gre_c_present), 1);
    expect(sum, {summed, all}, {plain, keyed, counted});
    key.set(FIELD(misc_parameters.gre_k_present), 1);
    expect(key, {keyed, all}, {plain, summed, counted});
    sequence.set(FIELD(misc_parameters.gre_s_present), 1);
    expect(sequence, {counted, all}, {plain, summed, keyed});
    none.set(FIELD(misc_parameters.gre_protocol), 0x6558)
        .set(FIELD(misc_parameters.gre_k_present), 0);
    expect(none, {plain, summed, counted}, {keyed, all});
}

/// The key is found behind a checksum, and the inner headers behind all of them.
TEST_P(Parser, GreWithAllFields) {
    const auto frame = [](uint32_t key, Frame inside) {
        return Frame{Eth{1, 2}, Ip4{3, 4}, Gre{{}, true, key, 0x77}} + inside;
    };
    Match match;
    match.set(kGreKeyHigh, 0x112233)
        .set(kGreKeyLow, 0x44)
        .set(inner(FIELD(outer_headers.ip_version)), 4, 4)
        .set(inner(destination_word(3)), 0xc0a80708);
    expect(match, {frame(0x11223344, udp4(1))},
           {frame(0x11223345, udp4(2)), frame(0x11223344, tcp4(3))});
}

TEST_P(Parser, GeneveOptionLength) {
    Frame longer = geneve4_tunnel() + udp4(1);
    Bytes& options = header<Geneve>(longer).options;
    options.insert(options.end(), {0x01, 0x02, 0x04, 0});
    Match match;
    match.set(FIELD(misc_parameters.geneve_opt_len), 3)
        .set(inner(FIELD(outer_headers.ip_version)), 4, 4)
        .set(inner(destination_word(3)), 0xc0a80708);
    expect(match, {longer}, {geneve4_tunnel() + udp4(2), geneve6_tunnel() + udp4(3)});
}

/// A Geneve option that a parser of the adapter looks for (CREATE_GENERAL_OBJECT,
/// geneve_tlv_option).
TEST_P(Parser, GeneveOption) {
    uint32_t in[DEVX_ST_SZ_DW(create_geneve_tlv_option_in)] = {};
    uint32_t out[DEVX_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
    DEVX_SET(create_geneve_tlv_option_in, in, hdr.opcode,
             static_cast<uint16_t>(esw::prm::Opcode::kCreateGeneralObject));
    DEVX_SET(create_geneve_tlv_option_in, in, hdr.obj_type,
             static_cast<uint16_t>(esw::prm::ObjectType::kGeneveTlvOption));
    DEVX_SET(create_geneve_tlv_option_in, in, geneve_tlv_opt.option_class, 0x0102);
    DEVX_SET(create_geneve_tlv_option_in, in, geneve_tlv_opt.option_type, 0x03);
    DEVX_SET(create_geneve_tlv_option_in, in, geneve_tlv_opt.option_data_length, 1);
    const DevxObject option(check(
        mlx5dv_devx_obj_create(steering().context(), in, sizeof in, out, sizeof out), "option"));

    Frame hit = geneve4_tunnel() + udp4(1), behind = hit, data = hit, type = hit, of_class = hit,
          none = hit;
    header<Geneve>(behind).options = {0xff, 0xee, 0x03, 2,    1,    2, 3,    4,    5,    6,
                                      7,    8,    0x01, 0x02, 0x03, 1, 0xd0, 0xd1, 0xd2, 0xd3};
    header<Geneve>(data).options[7] ^= 1;
    header<Geneve>(type).options[2] ^= 1;
    header<Geneve>(of_class).options[1] ^= 1;
    header<Geneve>(none).options.clear();
    Match match;
    match.set(FIELD(misc_parameters_3.geneve_tlv_option_0_data), 0xd0d1d2d3)
        .set(FIELD(misc_parameters.geneve_vni), 0x0f1e2d);
    expect(match, {hit, behind}, {data, type, of_class, none});
}

/// What is in a tunnel is not what is outside.
TEST_P(Parser, InnerIsNotOuter) {
    Match outer_tcp, inner_tcp;
    outer_tcp.set(FIELD(outer_headers.ip_version), 4, 4).set(FIELD(outer_headers.ip_protocol), 6);
    expect(outer_tcp, {tcp4(1)},
           {vxlan4_tunnel() + tcp4(2), geneve4_tunnel() + tcp4(3), gre4_tunnel() + tcp4(4)});
    inner_tcp.set(inner(FIELD(outer_headers.ip_version)), 4, 4)
        .set(inner(FIELD(outer_headers.ip_protocol)), 6);
    expect(inner_tcp,
           {vxlan4_tunnel() + tcp4(5), geneve4_tunnel() + tcp4(6), gre4_tunnel() + tcp4(7)},
           {tcp4(8), vxlan4_tunnel() + udp4(9)});
}

/// UDP to another port is no tunnel.
TEST_P(Parser, TunnelPorts) {
    Frame other = vxlan4_tunnel() + tcp4(1);
    header<Udp>(other).dport = 4790 + 1;
    Match match;
    match.set(inner(FIELD(outer_headers.ip_version)), 4, 4);
    expect(match, {vxlan4_tunnel() + tcp4(2), geneve4_tunnel() + tcp4(3)}, {other});
}

/// Frames that end within a header: nothing behind the end is matched, and nothing breaks.
TEST_P(Parser, Truncated) {
    const Bytes whole = encode(vxlan4_tunnel() + tcp4(1));
    std::vector<Frame> misses;
    for (size_t length = 14; length + 1 < whole.size(); length++) {
        misses.push_back(
            {Payload{Bytes(whole.begin(), whole.begin() + static_cast<long>(length))}});
    }
    misses.resize(74);  // the inner TCP ports are whole from 88 bytes on
    Match match;
    match.set(inner(FIELD(outer_headers.ip_version)), 4, 4)
        .set(inner(FIELD(outer_headers.ip_protocol)), 6)
        .set(inner(FIELD(outer_headers.tcp_dport)), 0x1f90);
    expect(match, {vxlan4_tunnel() + tcp4(1)}, misses);
}

INSTANTIATE_TEST_SUITE_P(Sides, Parser, testing::Values(From::kVf, From::kWire),
                         [](const auto& given) { return to_string(given.param); });

// ---- where a packet comes from, and registers ----

/// The vport's number instead of its metadata.
TEST_F(MatchBench, SourcePort) {
    for (const From from : {From::kVf, From::kWire}) {
        Match match;
        match.set(FIELD(misc_parameters.source_port), vport(from))
            .set(FIELD(outer_headers.dmac_15_0), 0x77);
        const Matcher matcher = steering().matcher(steering().take_over(vport(from)), 1, match);
        const Action to_vf1 = steering().to_vport(vf_vport(1));
        const Rule rule = Steering::rule(matcher, match, {to_vf1.get()});
        const Frame hit = {Eth{0x77, 1, 0x88b5}, payload(1)},
                    miss = {Eth{0x78, 1, 0x88b5}, payload(2)};
        EXPECT_TRUE(comes_out(from, hit, {{netdevs().vf(1), encode(hit)}}));
        EXPECT_TRUE(comes_out(from, miss, {{Netdevs::peer(netdev(from)), encode(miss)}}));
    }
}

/// A table that packets of two vports come to: the rule of one is not the other's.
TEST_F(MatchBench, OtherSource) {
    const Table shared = steering().table(2);
    const Action jump = steering().to_table(shared);
    std::vector<Matcher> matchers;
    std::vector<Rule> rules;
    for (const uint16_t source : {vf_vport(0), vf_vport(2)}) {
        Match match = steering().from(source);
        match.set(FIELD(outer_headers.ethertype), 0x88b5);
        matchers.push_back(steering().matcher(steering().take_over(source), 1, match));
        rules.push_back(Steering::rule(matchers.back(), match, {jump.get()}));
    }
    Match first = steering().from(vf_vport(0));
    const Matcher matcher = steering().matcher(shared.get(), 1, first);
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Rule rule = Steering::rule(matcher, first, {to_vf1.get()});
    const Bytes frame = encode({Eth{1, 2, 0x88b5}, payload(1)});
    EXPECT_EQ(netdevs().exchange(netdevs().vf(0), {frame}),
              (std::vector<Netdevs::Arrival>{{netdevs().vf(1), frame}}));
    EXPECT_EQ(netdevs().exchange(netdevs().vf(2), {frame}),
              (std::vector<Netdevs::Arrival>{{netdevs().rep(2), frame}}));
    rules.clear();
    steering().give_back(vf_vport(2));
}

/// Registers that one table writes and another one matches.
TEST_F(MatchBench, Registers) {
    const std::vector<std::pair<Field, uint16_t>> registers = {
        {FIELD(misc_parameters_2.metadata_reg_c_1), MLX5_ACTION_IN_FIELD_METADATA_REG_C_1},
        {FIELD(misc_parameters_2.metadata_reg_c_2), MLX5_ACTION_IN_FIELD_METADATA_REG_C_2},
        {FIELD(misc_parameters_2.metadata_reg_c_3), MLX5_ACTION_IN_FIELD_METADATA_REG_C_3},
        {FIELD(misc_parameters_2.metadata_reg_c_4), MLX5_ACTION_IN_FIELD_METADATA_REG_C_4},
        {FIELD(misc_parameters_2.metadata_reg_c_5), MLX5_ACTION_IN_FIELD_METADATA_REG_C_5}};
    for (const From from : {From::kVf, From::kWire}) {
        for (const auto& [field, number] : registers) {
            SCOPED_TRACE(to_string(from) + ": " + field.name);
            const Table second = steering().table(2);
            Match any = steering().from(vport(from)), match = any;
            any.set(FIELD(outer_headers.ethertype), 0x88b5);
            match.set(field, 0x12345678);
            const Matcher first_matcher =
                steering().matcher(steering().take_over(vport(from)), 1, any);
            const Matcher second_matcher = steering().matcher(second.get(), 1, match);
            const Action jump = steering().to_table(second);
            const Action to_vf1 = steering().to_vport(vf_vport(1));
            const Rule hit = Steering::rule(second_matcher, match, {to_vf1.get()});
            const Frame frame = {Eth{1, 2, 0x88b5}, payload(1)};
            for (const uint32_t value : {0x12345678u, 0x12345679u}) {
                const Action write = steering().rewrite(Rewrite().set(number, value, 0));
                const Rule rule = Steering::rule(first_matcher, any, {write.get(), jump.get()});
                const bool hits = value == 0x12345678;
                const auto at = hits ? netdevs().vf(1) : Netdevs::peer(netdev(from));
                EXPECT_TRUE(comes_out(from, frame, {{at, encode(frame)}}));
            }
        }
    }
}

/// Matchers of a table are looked at in the order of their priorities, whatever came first.
TEST_F(MatchBench, Priorities) {
    Match narrow = steering().from(vf_vport(0)), wide = narrow;
    narrow.set(FIELD(outer_headers.dmac_15_0), 5);
    wide.set(FIELD(outer_headers.ethertype), 0x88b5);
    mlx5dv_dr_table* const table = steering().take_over(vf_vport(0));
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Action to_vf2 = steering().to_vport(vf_vport(2));
    const Bytes frame = encode({Eth{5, 2, 0x88b5}, payload(1)});
    for (const bool narrow_wins : {true, false}) {
        const Matcher first = steering().matcher(table, narrow_wins ? 7 : 3, wide);
        const Rule first_rule = Steering::rule(first, wide, {to_vf2.get()});
        const Matcher second = steering().matcher(table, narrow_wins ? 3 : 7, narrow);
        const Rule second_rule = Steering::rule(second, narrow, {to_vf1.get()});
        EXPECT_EQ(netdevs().exchange(netdevs().vf(0), {frame}),
                  (std::vector<Netdevs::Arrival>{{netdevs().vf(narrow_wins ? 1 : 2), frame}}));
    }
}

}  // namespace
