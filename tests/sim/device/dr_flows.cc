// SPDX-License-Identifier: Apache-2.0
// Rules of the flow compiler: libmlx5 takes all of them, and what they do to packets in the adapter
// is what Open vSwitch would have done. Random megaflows, as in tests/unit/mlx5.
#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "esw-manager/mlx5/flow_compiler.h"
#include "tests/sim/device/action_bench.h"
#include "tests/unit/mlx5/random_flows.h"
#include "tests/unit/mlx5/switch_judge.h"

namespace {

using namespace device;
using esw::mlx5::FdbFlow;
namespace flows = esw::mlx5::test;
using Ports = flows::TestPorts;

/// The first four ports that random flows send to, and the two that packets come from.
const std::map<uint32_t, unsigned> kVfs = {
    {Ports::kVf, 0}, {Ports::kVf2, 1}, {Ports::kVf3, 2}, {Ports::kFirstOfMany, 3}};

class Flows : public ActionBench {
protected:
    /// What the rule's actions are to libmlx5, and what these are made of.
    struct List {
        std::vector<Action> made;
        std::vector<mlx5dv_dr_action*> actions;

        mlx5dv_dr_action* keep(Action action) {
            made.push_back(std::move(action));
            return made.back().get();
        }
        void add(Action action) { actions.push_back(keep(std::move(action))); }
        ~List() {
            while (!made.empty()) {
                made.pop_back();  // those that name others first
            }
        }
    };

    static uint16_t vport_of(uint32_t port) {
        return port == Ports::kWire ? kWireVport : vf_vport(kVfs.at(port));
    }
    static Netdevs::Id netdev_of(uint32_t port) {
        return port == Ports::kWire ? netdevs().wire() : netdevs().vf(kVfs.at(port));
    }

    static void add_outputs(const FdbFlow& flow, List& list) {
        std::vector<Destination> to;
        for (const esw::mlx5::FdbOutput& output : flow.actions.outputs) {
            Destination& one = to.emplace_back();
            one.to = list.keep(steering().to_vport(vport_of(output.port)));
            if (!output.encapsulation.empty()) {
                one.reformat = list.keep(steering().encapsulate(
                    Bytes(output.encapsulation.begin(), output.encapsulation.end())));
            }
        }
        if (to.empty()) {
            list.add(drop());
        } else if (to.size() > 1) {
            list.add(to_all(to));
        } else {
            if (to[0].reformat) {
                list.actions.push_back(to[0].reformat);
            }
            list.actions.push_back(to[0].to);
        }
    }

    static void add_actions(const FdbFlow& flow, List& list) {
        if (flow.actions.decapsulate) {
            list.add(steering().decapsulate());
        }
        for (int i = 0; i < flow.actions.pop_vlans; i++) {
            list.add(pop_vlan());
        }
        if (!flow.actions.rewrite.empty()) {
            Rewrite rewrite;
            rewrite.words = flow.actions.rewrite;
            list.add(steering().rewrite(rewrite));
        }
        for (const uint32_t tag : flow.actions.push_vlans) {
            list.add(
                steering().push_vlan(static_cast<uint16_t>(tag >> 16), static_cast<uint16_t>(tag)));
        }
        add_outputs(flow, list);
    }

    static Match match_of(const FdbFlow& flow) {
        Match match = steering().from(vport_of(flow.in_port));
        const auto [mask, value] = flows::unpack(flow.match);
        for (size_t word = 0; word < mask.size(); word++) {
            reinterpret_cast<uint32_t*>(match.mask()->match_buf)[word] |= mask[word];
            reinterpret_cast<uint32_t*>(match.value()->match_buf)[word] |= value[word];
        }
        return match;
    }

    /// The frames that the rule lets out, of those that the netdev sends: what comes out of
    /// representors, no rule has taken.
    static std::vector<Netdevs::Arrival> run(const FdbFlow& flow, const Bytes& packet,
                                             bool& taken) {
        auto arrivals = netdevs().exchange(netdev_of(flow.in_port), {packet});
        const Netdevs::Id software = Netdevs::peer(netdev_of(flow.in_port));
        taken = std::erase_if(arrivals, [&](const auto& a) { return a.at == software; }) == 0;
        return arrivals;
    }

    static std::vector<Netdevs::Arrival> wanted(const std::vector<flows::Sent>& sent) {
        std::vector<Netdevs::Arrival> result;
        for (const flows::Sent& one : sent) {
            result.push_back({netdev_of(one.port), one.bytes});
        }
        std::stable_sort(result.begin(), result.end(),
                         [](const auto& a, const auto& b) { return a.at < b.at; });
        return result;
    }

    void judge(const FdbFlow& flow, const Bytes& packet, bool of_the_megaflow,
               const std::vector<flows::Sent>& sent) {
        bool taken = false;
        const auto got = run(flow, packet, taken);
        packets_++;
        taken_ += taken;
        if (taken) {
            EXPECT_TRUE(of_the_megaflow) << to_text(packet);
            EXPECT_EQ(got, wanted(sent)) << to_text(packet) << describe(got);
        }
    }

    void plain_flow(uint32_t seed);
    void tunnel_flow(uint32_t seed);

    /// The rule is there while `judge_packets` runs.
    template <class JudgePackets>
    void with_rule(const FdbFlow& flow, JudgePackets judge_packets) {
        compiled_++;
        List list;
        add_actions(flow, list);
        Match match = match_of(flow);
        const Matcher matcher =
            steering().matcher(steering().take_over(vport_of(flow.in_port)), 1, match);
        const Rule rule = Steering::rule(matcher, match, list.actions);
        judge_packets();
    }

    const Ports ports_{};
    const flows::TunnelHeaders headers_{};
    unsigned compiled_ = 0, packets_ = 0, taken_ = 0;
};

void Flows::plain_flow(uint32_t seed) {
    flows::Random random(seed);
    const auto limit = random.one_of<uint8_t>({1, 1, 2});
    const flows::PacketPlan base = flows::PacketPlan::random(random);
    esw_flow_match match{};
    match.in_port = match.physical_port = random.percent(60) ? Ports::kVf : Ports::kWire;
    const esw_flow_key key = flows::extract(base.encode(), limit);
    flows::random_headers(random, key, limit, match);
    const flows::Actions actions = flows::random_actions(random, key, match.in_port, headers_);
    const auto flow = compile_flow(match, actions, ports_);
    // One of all types would take the frame that the test sends behind the others.
    if (!flow || match.mask.eth_type == 0) {
        return;
    }
    with_rule(*flow, [&] {
        for (unsigned n = 0; n < 4; n++) {
            flows::PacketPlan plan = base;
            for (unsigned change = 0; change < n; change++) {
                plan.change(random);
            }
            const Bytes packet = plan.encode();
            judge(*flow, packet, flows::matches(match, flows::extract(packet, limit)),
                  flows::execute(actions, packet));
        }
    });
}

void Flows::tunnel_flow(uint32_t seed) {
    flows::Random random(seed);
    const bool geneve = random.percent(60);
    const esw_tunnel_type type = geneve ? ESW_TUNNEL_GENEVE : ESW_TUNNEL_VXLAN;
    const flows::TunnelPlan base = flows::TunnelPlan::random(random, geneve);
    const auto unpacked = flows::unpack_tunnel(base.encode(), type, 1);
    ASSERT_TRUE(unpacked);
    esw_flow_match outer = flows::with_protocol(
        base.outer.network == flows::PacketPlan::Network::kIp6 ? flows::ip6(Ports::kWire)
                                                               : flows::ip4(Ports::kWire),
        17);
    esw_flow_match inner{};
    inner.in_port = Ports::kTunnel;
    inner.physical_port = Ports::kWire;
    inner.tunnel_type = type;
    inner.tunnel_udp_port = base.outer.dport;
    flows::random_headers(random, unpacked->key, 1, inner);
    flows::random_tunnel(random, unpacked->key.tunnel, inner);
    const flows::Actions actions =
        flows::random_actions(random, unpacked->key, Ports::kWire, headers_);
    const auto flow = compile_decapsulation(outer, inner, actions, ports_);
    if (!flow) {
        return;
    }
    with_rule(*flow, [&] {
        judge(*flow, base.encode(), flows::matches(inner, unpacked->key),
              flows::execute(actions, unpacked->packet));
    });
}

TEST_F(Flows, PlainOnes) {
    for (uint32_t seed = 1; seed <= 600 && !HasFailure(); seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        plain_flow(seed);
    }
    EXPECT_GE(compiled_, 360U);
    EXPECT_GE(taken_ * 2, packets_);
}

TEST_F(Flows, OfTunnels) {
    for (uint32_t seed = 1; seed <= 300 && !HasFailure(); seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        tunnel_flow(seed);
    }
    EXPECT_GE(compiled_, 180U);
    EXPECT_GE(taken_ * 10, packets_ * 9);
}

}  // namespace
