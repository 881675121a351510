// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/sim/device/bench.h"
#include "tests/sim/device/knobs.h"

namespace device {

using Outputs = std::vector<Netdevs::Arrival>;

/// The frame without its first header of the type.
template <typename T>
Frame without(Frame frame) {
    for (size_t i = 0; i < frame.size(); i++) {
        if (std::holds_alternative<T>(frame[i])) {
            frame.erase(frame.begin() + static_cast<long>(i));
            break;
        }
    }
    return frame;
}

inline Frame with_tag(const Frame& frame, Vlan tag) {
    Frame result = frame;
    result.insert(result.begin() + 1, tag);
    return result;
}

class ActionBench : public Bench {
protected:
    /// A rule for what the frame's destination address is.
    static Match match_of(From source, const Frame& frame) {
        Match match = steering().from(vport(source));
        const uint64_t address = std::get<Eth>(frame.front()).dst;
        match.set(FIELD(outer_headers.dmac_47_16), address >> 16);
        match.set(FIELD(outer_headers.dmac_15_0), address & 0xffff);
        return match;
    }

    /// Says whether a rule with the actions makes of one frame exactly those.
    static testing::AssertionResult gives(From source,
                                          const std::vector<mlx5dv_dr_action*>& actions,
                                          const Frame& in, const Outputs& out) {
        Match match = match_of(source, in);
        const Matcher matcher = steering().matcher(steering().take_over(vport(source)), 1, match);
        const Rule rule = Steering::rule(matcher, match, actions);
        return comes_out(source, in, out);
    }

    static Action drop() { return Action(check(mlx5dv_dr_action_create_drop(), "drop")); }
    static Action miss() { return Action(check(mlx5dv_dr_action_create_default_miss(), "miss")); }
    static Action pop_vlan() {
        return Action(check(mlx5dv_dr_action_create_pop_vlan(), "pop VLAN"));
    }

    struct Destination {
        mlx5dv_dr_action* to;
        mlx5dv_dr_action* reformat = nullptr;
    };
    static Action to_all(std::vector<Destination> destinations) {
        std::vector<mlx5dv_dr_action_dest_reformat> reformats(destinations.size());
        std::vector<mlx5dv_dr_action_dest_attr> attributes(destinations.size());
        std::vector<mlx5dv_dr_action_dest_attr*> list;
        for (size_t i = 0; i < destinations.size(); i++) {
            attributes[i].type =
                destinations[i].reformat ? MLX5DV_DR_ACTION_DEST_REFORMAT : MLX5DV_DR_ACTION_DEST;
            if (destinations[i].reformat) {
                reformats[i] = {destinations[i].reformat, destinations[i].to};
                attributes[i].dest_reformat = &reformats[i];
            } else {
                attributes[i].dest = destinations[i].to;
            }
            list.push_back(&attributes[i]);
        }
        return Action(
            check(mlx5dv_dr_action_create_dest_array(steering().domain(), list.size(), list.data()),
                  "several destinations"));
    }
};

/// An action on packets from a VF and from the wire: the adapter has entries for each of them.
class BothSides : public ActionBench, public testing::WithParamInterface<From> {
protected:
    static From from() { return GetParam(); }

    static testing::AssertionResult gives(const std::vector<mlx5dv_dr_action*>& actions,
                                          const Frame& in, const Outputs& out) {
        return ActionBench::gives(from(), actions, in, out);
    }
    /// As one frame, which comes out of VF 1.
    static testing::AssertionResult gives(std::vector<mlx5dv_dr_action*> actions, const Frame& in,
                                          const Frame& out) {
        const Action to_vf1 = steering().to_vport(vf_vport(1));
        actions.push_back(to_vf1.get());
        return ActionBench::gives(from(), actions, in, {{netdevs().vf(1), encode(out)}});
    }
};

#define ON_BOTH_SIDES(suite)                                                        \
    INSTANTIATE_TEST_SUITE_P(Sides, suite, testing::Values(From::kVf, From::kWire), \
                             [](const auto& given) { return to_string(given.param); })

}  // namespace device
