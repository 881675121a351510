// SPDX-License-Identifier: Apache-2.0
// Many vports: each has a table of its own, and its packets come out of the next one.
#include <algorithm>
#include <vector>

#include "tests/sim/device/bench.h"

namespace {

using namespace device;

class Many : public Bench {};

TEST_F(Many, EachVportHasItsTable) {
    const unsigned vfs = given().vfs;
    std::vector<Action> to_vf;
    std::vector<Matcher> matchers;
    std::vector<Rule> rules;
    for (unsigned n = 0; n < vfs; n++) {
        to_vf.push_back(steering().to_vport(vf_vport(n)));
    }
    for (unsigned n = 0; n < vfs; n++) {
        Match match = steering().from(vf_vport(n));
        match.set(FIELD(outer_headers.ethertype), 0x88b5);
        matchers.push_back(steering().matcher(steering().take_over(vf_vport(n)), 1, match));
        rules.push_back(Steering::rule(matchers.back(), match, {to_vf[(n + 1) % vfs].get()}));
    }
    for (unsigned n = 0; n < vfs; n++) {
        const Bytes hit = encode({Eth{1, 2, 0x88b5}, payload(n)});
        const Bytes miss = encode({Eth{1, 2, 0x88b4}, payload(n)});
        std::vector<Netdevs::Arrival> wanted = {{netdevs().rep(n), miss},
                                                {netdevs().vf((n + 1) % vfs), hit}};
        std::sort(wanted.begin(), wanted.end(),
                  [](const auto& a, const auto& b) { return a.at < b.at; });
        ASSERT_EQ(netdevs().exchange(netdevs().vf(n), {hit, miss}), wanted) << "VF " << n;
    }
}

}  // namespace
