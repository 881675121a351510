// SPDX-License-Identifier: Apache-2.0
// Random megaflows, compiled and run by one judge, on random packets, against another judge that
// runs the megaflow itself: the rule does what the megaflow does, byte for byte, and takes no
// packet that the megaflow does not. Where it takes fewer, that is one of the cases of
// doc/offload.md.
//
// ESW_TEST_SEED begins with another seed, ESW_TEST_ROUNDS makes another number of flows.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/device/frames.h"
#include "tests/unit/mlx5/adapter_judge.h"
#include "tests/unit/mlx5/random_flows.h"
#include "tests/unit/mlx5/switch_judge.h"

namespace esw::mlx5 {
namespace {

using namespace test;

uint32_t number_of(const char* variable, uint32_t otherwise) {
    const char* const text = std::getenv(variable);
    return text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

/// What became of all flows and packets.
struct Outcome {
    unsigned flows = 0, compiled = 0;
    unsigned packets = 0, taken = 0, left = 0;  ///< of compiled flows; by the rule, to software
    Tally kinds;                                ///< of compiled flows
    Tally refusals;
};

std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
    to << outcome.compiled << " of " << outcome.flows << " flows compiled, " << outcome.taken
       << " of " << outcome.packets << " packets taken, " << outcome.left << " left";
    for (const auto& [reason, count] : outcome.refusals) {
        to << "; " << reason << " " << count;
    }
    return to;
}

class FlowCompilerRandom : public testing::Test {
protected:
    void expect_enough(const std::vector<std::string>& kinds) {
        for (const std::string& kind : kinds) {
            EXPECT_GE(outcome_.kinds[kind], 50U) << kind;
        }
        EXPECT_GE(outcome_.compiled * 100, outcome_.flows * 60) << outcome_;
        // Rules that take nothing would pass all else.
        EXPECT_GE(outcome_.taken * 100, outcome_.packets * 15) << outcome_;
        EXPECT_LE(outcome_.left * 100, outcome_.taken * 12) << outcome_;
    }

    /// By the headers of one level: cases in which the rule may leave a packet to software.
    static bool may_leave(const esw_flow_match& match, const Bytes& packet) {
        const esw_flow_key key = extract(packet, 2);
        for (size_t i = 0; i < 2; i++) {
            const uint16_t mask = match.mask.vlans[i].tpid;
            const bool both = (0x8100 & mask) == (0x88a8 & mask);
            if (both && key.vlans[i].tpid != match.key.vlans[i].tpid) {
                return true;
            }
        }
        if (match.vlan_limit == 0 && key.vlans[1].tci != 0) {
            return true;
        }
        const bool whole_only = (match.mask.ip_frag & 1) == 0 || match.key.eth_type == 0x86dd;
        return whole_only && is_fragment(packet);
    }

    void judge(const FdbFlow& flow, const std::optional<std::vector<Sent>>& wanted, bool may_leave,
               const Bytes& packet) {
        const auto sent = run_rule(flow, packet);
        outcome_.packets++;
        outcome_.taken += sent.has_value();
        if (sent) {
            ASSERT_TRUE(wanted) << "no packet of the megaflow: " << device::to_text(packet);
            ASSERT_EQ(sent->size(), wanted->size());
            for (size_t i = 0; i < sent->size(); i++) {
                EXPECT_EQ((*sent)[i].port, (*wanted)[i].port);
                EXPECT_EQ(device::to_text((*sent)[i].bytes), device::to_text((*wanted)[i].bytes))
                    << "of " << device::to_text(packet);
            }
        } else if (wanted) {
            EXPECT_TRUE(may_leave) << "not taken: " << device::to_text(packet);
            outcome_.left++;
        }
    }

    bool count(const tl::expected<FdbFlow, esw_refusal>& flow,
               std::initializer_list<const esw_flow_match*> matches, const Actions& actions) {
        outcome_.flows++;
        if (!flow) {
            outcome_.refusals[to_string(flow.error())]++;
            return false;
        }
        outcome_.compiled++;
        for (const esw_flow_match* match : matches) {
            tally(*match, outcome_.kinds);
        }
        tally(actions, outcome_.kinds);
        return true;
    }

    void plain_flow(uint32_t seed);
    void tunnel_flow(uint32_t seed);

    const TestPorts ports_;
    const TunnelHeaders headers_{};
    Outcome outcome_;
};

void FlowCompilerRandom::plain_flow(uint32_t seed) {
    Random random(seed);
    const auto limit = random.one_of<uint8_t>({1, 1, 2});
    const PacketPlan base = PacketPlan::random(random);
    esw_flow_match match{};
    match.in_port = match.physical_port = random.percent(60) ? TestPorts::kVf : TestPorts::kWire;
    const esw_flow_key key = extract(base.encode(), limit);
    random_headers(random, key, limit, match);
    const Actions actions = random_actions(random, key, match.in_port, headers_);
    const auto flow = compile_flow(match, actions, ports_);
    if (!count(flow, {&match}, actions)) {
        return;
    }
    for (unsigned n = 0; n < 12; n++) {
        PacketPlan plan = n == 11 ? PacketPlan::random(random) : base;
        for (unsigned change = 0; change < (n + 3) / 4; change++) {
            plan.change(random);
        }
        const Bytes packet = plan.encode();
        std::optional<std::vector<Sent>> wanted;
        if (matches(match, extract(packet, limit))) {
            wanted = execute(actions, packet);
        }
        judge(*flow, wanted, may_leave(match, packet), packet);
    }
}

void FlowCompilerRandom::tunnel_flow(uint32_t seed) {
    Random random(seed);
    const auto limit = random.one_of<uint8_t>({1, 1, 2});
    const bool geneve = random.percent(60);
    const esw_tunnel_type type = geneve ? ESW_TUNNEL_GENEVE : ESW_TUNNEL_VXLAN;
    const TunnelPlan base = TunnelPlan::random(random, geneve);
    const auto unpacked = unpack_tunnel(base.encode(), type, limit);
    ASSERT_TRUE(unpacked);

    TunnelFlows flows{};
    flows.outer.in_port = flows.outer.physical_port = TestPorts::kWire;
    const esw_flow_key outside = extract(base.encode(), limit);
    random_headers(random, outside, limit, flows.outer);
    // What a flow that unpacks has matched on for sure.
    flows.outer.mask.eth_type = flows.outer.mask.l4_dst = 0xffff;
    flows.outer.mask.ip_proto = 0xff;
    flows.outer.mask.ip_frag = 3;
    flows.outer.mask.vlans[0].tci = 0x1fff;
    esw_flow_match& inner = flows.inner;
    inner.in_port = TestPorts::kTunnel;
    inner.physical_port = TestPorts::kWire;
    inner.tunnel_type = type;
    inner.tunnel_udp_port = base.outer.dport;
    random_headers(random, unpacked->key, limit, inner);
    random_tunnel(random, unpacked->key.tunnel, inner);
    const Actions actions = random_actions(random, unpacked->key, TestPorts::kWire, headers_);
    const auto flow = compile_decapsulation(flows.outer, inner, actions, ports_);
    if (!count(flow, {&inner}, actions)) {
        return;
    }
    for (unsigned n = 0; n < 12; n++) {
        TunnelPlan plan = base;
        for (unsigned change = 0; change < (n + 3) / 4; change++) {
            plan.change(random);
        }
        const Bytes packet = plan.encode();
        std::optional<std::vector<Sent>> wanted;
        bool left = false;
        if (matches(flows.outer, extract(packet, limit))) {
            auto behind = unpack_tunnel(packet, type, limit);
            // The one bit that the adapter does not see, and no rule of OpenFlow can ask for.
            constexpr uint16_t checksum = 4;
            if (behind) {
                behind->key.tunnel.flags = static_cast<uint16_t>(
                    (behind->key.tunnel.flags & ~checksum) | (inner.key.tunnel.flags & checksum));
                left = may_leave(inner, behind->packet);
            }
            if (behind && matches(inner, behind->key)) {
                wanted = execute(actions, behind->packet);
            }
        }
        judge(*flow, wanted, left || is_fragment(packet), packet);
    }
}

TEST_F(FlowCompilerRandom, RulesDoWhatMegaflowsDo) {
    const uint32_t first = number_of("ESW_TEST_SEED", 1),
                   rounds = number_of("ESW_TEST_ROUNDS", 4000);
    for (uint32_t seed = first; seed < first + rounds && !HasFailure(); seed++) {
        SCOPED_TRACE("ESW_TEST_SEED=" + std::to_string(seed));
        plain_flow(seed);
    }
    if (rounds >= 4000) {
        expect_enough(supported_fields());
        expect_enough(supported_actions());
    }
    RecordProperty("outcome", testing::PrintToString(outcome_));
}

TEST_F(FlowCompilerRandom, RulesUnpackAsOpenVswitchDoes) {
    const uint32_t first = number_of("ESW_TEST_SEED", 1),
                   rounds = number_of("ESW_TEST_ROUNDS", 2000);
    for (uint32_t seed = first; seed < first + rounds && !HasFailure(); seed++) {
        SCOPED_TRACE("ESW_TEST_SEED=" + std::to_string(seed));
        tunnel_flow(seed);
    }
    if (rounds >= 2000) {
        expect_enough(supported_tunnel_fields());
    }
    RecordProperty("outcome", testing::PrintToString(outcome_));
}

}  // namespace
}  // namespace esw::mlx5
