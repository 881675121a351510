// SPDX-License-Identifier: Apache-2.0
// What a rule costs, in counts: a rule below the root is work requests and nothing else, and half
// as many of them when its match names the source.
#include <cstdio>
#include <vector>

#include "tests/sim/device/bench.h"
#include "tests/sim/device/control.h"

namespace {

using namespace device;

class Cost : public Bench {
protected:
    /// Rules for VF 0 by destination address, from number `first` on.
    static Match match_of(Match match, uint32_t number) {
        return match.set(FIELD(outer_headers.dmac_47_16), 0x02000000 + (number >> 16))
            .set(FIELD(outer_headers.dmac_15_0), number & 0xffff);
    }

    static uint64_t work_of_rules(const Match& source) {
        const Table table = steering().table(1);
        Match mask = match_of(source, 0);
        const Matcher matcher = steering().matcher(table.get(), 1, mask);
        const Action to_vf1 = steering().to_vport(vf_vport(1));
        std::vector<Rule> rules;
        const auto insert = [&](uint32_t first, uint32_t count) {
            for (uint32_t i = first; i < first + count; i++) {
                Match match = match_of(source, i);
                rules.push_back(Steering::rule(matcher, match, {to_vf1.get()}));
            }
        };
        // The table grows with its first rules, and asks for memory.
        insert(0, kRules);
        const Counts cost = cost_of([&] { insert(kRules, kRules); });
        std::printf("# a rule: %.2f work requests, %.4f ioctls\n",
                    static_cast<double>(cost.work_requests) / kRules,
                    static_cast<double>(cost.ioctls) / kRules);
        EXPECT_LE(cost.ioctls, kRules / 1000);
        EXPECT_LE(cost.commands, kRules / 1000);
        return cost.work_requests;
    }

    static constexpr uint32_t kRules = 5000;
};

TEST_F(Cost, OfRules) {
    const uint64_t one_side = work_of_rules(steering().from(vf_vport(0)));
    const uint64_t both_sides = work_of_rules(Match());
    EXPECT_GE(one_side, kRules);
    EXPECT_LE(one_side, 4 * kRules);
    EXPECT_GT(both_sides, one_side * 3 / 2);
}

/// A vport is taken over and given back with one root rule: two calls of the kernel for it, and
/// those that make and end the table.
TEST_F(Cost, OfRootRules) {
    Match match = steering().from(vf_vport(0));
    const Matcher matcher = steering().matcher(steering().root(), 1, match);
    const Table table = steering().table(1);
    const Action jump = steering().to_table(table);
    const Counts cost =
        cost_of([&] { const Rule rule = Steering::rule(matcher, match, {jump.get()}); });
    EXPECT_EQ(cost.ioctls, 2u);
    EXPECT_EQ(cost.work_requests, 0u);
}

/// One firmware object for each encapsulation, four for a set of destinations.
TEST_F(Cost, OfActions) {
    const Action to_vf1 = steering().to_vport(vf_vport(1));
    const Action to_vf2 = steering().to_vport(vf_vport(2));
    mlx5dv_dr_action_dest_attr one{}, two{};
    one.type = two.type = MLX5DV_DR_ACTION_DEST;
    one.dest = to_vf1.get();
    two.dest = to_vf2.get();
    mlx5dv_dr_action_dest_attr* list[] = {&one, &two};
    Action all, encap;
    const Counts several = cost_of([&] {
        all.reset(check(mlx5dv_dr_action_create_dest_array(steering().domain(), 2, list), "all"));
    });
    EXPECT_LE(several.commands, 4u);
    const Counts encapsulation = cost_of([&] {
        encap = steering().encapsulate(
            encode({Eth{1, 2}, Ip4{3, 4}, Udp{5, kVxlanPort, false}, Vxlan{6}}));
    });
    EXPECT_EQ(encapsulation.commands, 1u);
}

}  // namespace
