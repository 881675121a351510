// SPDX-License-Identifier: Apache-2.0
// What rules cost, in counts: of firmware commands, of ioctls and of work requests. Times are shown
// beside, per rule: with the same matchers, actions and counters by libmlx5 alone.
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>

#include "tests/sim/device/fdb_bench.h"
#include "tests/sim/device/knobs.h"

namespace {

using namespace device;

/// Flows from VF 0 by destination address, in masks that differ by the bits of the source.
class Flows {
public:
    explicit Flows(unsigned masks) : masks_(masks) {}

    Match match(uint32_t number) const {
        const uint32_t mask = number % masks_;
        return Match()
            .set(FIELD(outer_headers.dmac_47_16), 0x02000000 + (number >> 16))
            .set(FIELD(outer_headers.dmac_15_0), number & 0xffff)
            .set(FIELD(outer_headers.smac_15_0), 0, mask);
    }
    FdbFlow flow(uint32_t number) const {
        return {vf_port(0), compiled(match(number)), to(vf_port(1))};
    }

private:
    const unsigned masks_;
};

class FdbCost : public FdbBench {
protected:
    FdbCost() : FdbBench({.masks_per_port = 64}) {}
};

/// The first rules of a mask make its tables; and the adapter's memory grows now and then.
TEST_F(FdbCost, OfRules) {
    constexpr uint32_t kRules = 4000;
    const Flows flows(4);
    for (uint32_t i = 0; i < kRules; i++) {
        fdb_.insert(flows.flow(i));
    }
    // Of counters, which come in bulks, there are enough then.
    std::vector<Fdb::RuleId> rules;
    for (uint32_t i = kRules; i < 2 * kRules; i++) {
        rules.push_back(fdb_.insert(flows.flow(i)).rule);
    }
    for (const Fdb::RuleId rule : rules) {
        fdb_->remove(rule);
    }
    ASSERT_TRUE(fdb_->read_counters());
    const Counts cost = cost_of([&] {
        for (uint32_t i = kRules; i < 2 * kRules; i++) {
            fdb_.insert(flows.flow(i));
        }
    });
    std::printf("# a rule: %.2f work requests, %.4f ioctls, %.4f firmware commands\n",
                static_cast<double>(cost.work_requests) / kRules,
                static_cast<double>(cost.ioctls) / kRules,
                static_cast<double>(cost.commands) / kRules);
    EXPECT_EQ(cost.ioctls, 0u);
    EXPECT_EQ(cost.commands, 0u);
    EXPECT_EQ(cost.root_rules, 0u);
    EXPECT_GE(cost.work_requests, kRules);
    // To one side of the FDB only: to both it were four.
    EXPECT_LE(cost.work_requests, 3 * kRules);
}

TEST_F(FdbCost, OfOneRule) {
    const Flows flows(1);
    fdb_.insert(flows.flow(1));
    const Counts cost = cost_of([&] { fdb_.insert(flows.flow(2)); });
    EXPECT_EQ(cost.ioctls, 0u);
    EXPECT_EQ(cost.commands, 0u);
    EXPECT_LE(cost.work_requests, 4u);
}

/// One root rule for each port that has rules, however many, and none for others.
TEST_F(FdbCost, OfPorts) {
    const uint64_t before = counts().root_rules;
    std::vector<Fdb::RuleId> rules;
    for (unsigned n = 0; n < 3; n++) {
        for (uint32_t i = 0; i < 10; i++) {
            FdbFlow flow = Flows(2).flow(i);
            flow.in_port = vf_port(n);
            rules.push_back(fdb_.insert(flow).rule);
        }
        EXPECT_EQ(counts().root_rules, before + n + 1);
    }
    for (size_t i = 0; i < rules.size(); i++) {
        EXPECT_EQ(counts().root_rules, before + 3 - i / 10);
        fdb_->remove(rules[i]);
    }
    EXPECT_EQ(counts().root_rules, before);
}

/// Actions that no rule has yet: an encapsulation is one object of the firmware, a set of outputs
/// a table with one entry.
TEST_F(FdbCost, OfActions) {
    const Bytes bytes = encode(vxlan4_tunnel());
    const std::string header(bytes.begin(), bytes.end());
    const Flows flows(1);
    uint32_t number = 0;
    const auto cost = [&](const FdbActions& actions) {
        FdbFlow flow = flows.flow(number++);
        flow.actions = actions;
        return cost_of([&] { fdb_.insert(flow); }).commands;
    };
    // The ports themselves are asked for once.
    for (const uint32_t port : {vf_port(1), vf_port(2), kWirePort}) {
        cost(to(port));
    }
    EXPECT_EQ(cost(to({{kWirePort, header}})), 1u);
    EXPECT_EQ(cost(to({{kWirePort, header}})), 0u);
    const uint64_t several = cost(to({{vf_port(1), {}}, {vf_port(2), {}}}));
    EXPECT_GE(several, 3u);
    EXPECT_LE(several, 4u);
    EXPECT_EQ(cost(to({{vf_port(1), {}}, {vf_port(2), {}}})), 0u);
    // The header is there already.
    EXPECT_LE(cost(to({{vf_port(1), {}}, {kWirePort, header}})), 4u);
    EXPECT_LE(cost(to({{vf_port(2), {}}, {kWirePort, header + "other"}})), 5u);
}

/// What rules have in common is there until the last of them goes.
TEST_F(FdbCost, ActionsGoWithTheirRules) {
    const Bytes bytes = encode(vxlan4_tunnel());
    const std::string header(bytes.begin(), bytes.end());
    const Flows flows(1);
    const Counts before = counts();
    std::vector<Fdb::RuleId> rules;
    for (uint32_t i = 0; i < 4; i++) {
        FdbFlow flow = flows.flow(i);
        flow.actions =
            i % 2 ? to({{kWirePort, header}}) : to({{kWirePort, header}, {vf_port(1), {}}});
        rules.push_back(fdb_.insert(flow).rule);
    }
    const auto made = [&](const char* what) {
        const auto there = counts().made_since(before);
        const auto found = there.find(what);
        return found != there.end() ? found->second : 0;
    };
    const char *reformats = "0x93d", *tables = "0x930";
    EXPECT_EQ(made(reformats), 1);
    const int64_t all_tables = made(tables);
    fdb_->remove(rules[0]);
    fdb_->remove(rules[1]);
    EXPECT_EQ(made(tables), all_tables);
    fdb_->remove(rules[2]);
    EXPECT_EQ(made(tables), all_tables - 1);
    EXPECT_EQ(made(reformats), 1);
    fdb_->remove(rules[3]);
    EXPECT_EQ(made(reformats), 0);
}

// ---- times, to be looked at ----

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The quickest that libmlx5 can do: everything is made before, but for the rules.
class Bare {
public:
    Bare(const std::string& pci, unsigned masks, uint32_t rules)
        : steering_(pci), flows_(masks), to_(steering_.to_vport(2)) {
        mlx5dv_dr_table* table = steering_.take_over(1);
        for (unsigned i = 0; i < masks; i++) {
            Match match = with_source(i);
            matchers_.push_back(steering_.matcher(table, 100, match));
        }
        for (uint32_t i = 0; i < rules; i++) {
            values_.push_back(with_source(i));
            if (i % (128 * kBulk) == 0) {
                counters_.emplace_back(steering_.context(), kBulk);
            }
            count_.push_back(counters_.back().action(i % (128 * kBulk)));
        }
        rules_.resize(rules);
    }
    double insert() {
        const double begin = cpu_seconds();
        for (size_t i = 0; i < rules_.size(); i++) {
            mlx5dv_dr_action* actions[] = {count_[i].get(), to_.get()};
            rules_[i].reset(mlx5dv_dr_rule_create(matchers_[i % matchers_.size()].get(),
                                                  values_[i].value(), 2, actions));
        }
        return cpu_seconds() - begin;
    }
    double remove() {
        const double begin = cpu_seconds();
        for (Rule& rule : rules_) {
            rule.reset();
        }
        return cpu_seconds() - begin;
    }

private:
    static constexpr uint8_t kBulk = 16;

    Match with_source(uint32_t number) const {
        Match match = flows_.match(number);
        const mlx5dv_port& port = steering_.port(1);
        return match.set(FIELD(misc_parameters_2.metadata_reg_c_0), port.reg_c0.value,
                         port.reg_c0.mask);
    }

    Steering steering_;
    const Flows flows_;
    Action to_;
    std::vector<Matcher> matchers_;
    std::vector<Match> values_;
    std::vector<Counters> counters_;
    std::vector<Action> count_;
    std::vector<Rule> rules_;
};

/// ESW_TEST_RULES rules: 2,000 if it is not said. Twice, as the tables grow at first.
TEST_F(FdbCost, BesideBareLibmlx5) {
    const char* given_rules = std::getenv("ESW_TEST_RULES");
    const auto rules = static_cast<uint32_t>(given_rules ? std::atol(given_rules) : 2000);
    for (const unsigned masks : {1u, 10u, 64u}) {
        double bare[2], bare_removed;
        {
            Bare alone(the().pci, masks, rules);
            bare[0] = alone.insert();
            bare_removed = alone.remove();
            bare[1] = alone.insert();
        }
        std::vector<FdbFlow> flows;
        for (uint32_t i = 0; i < rules; i++) {
            flows.push_back(Flows(masks).flow(i));
        }
        std::vector<Fdb::RuleId> ids(rules);
        const auto insert = [&] {
            const double begin = cpu_seconds();
            for (uint32_t i = 0; i < rules; i++) {
                const auto inserted = fdb_->insert(flows[i]);
                ids[i] = inserted ? inserted->rule : 0;
            }
            return cpu_seconds() - begin;
        };
        const auto remove = [&] {
            const double begin = cpu_seconds();
            for (const Fdb::RuleId id : ids) {
                fdb_->remove(id);
            }
            return cpu_seconds() - begin;
        };
        const double first = insert(), removed = remove();
        ASSERT_TRUE(fdb_->read_counters());
        const double second = insert();
        EXPECT_EQ(std::count(ids.begin(), ids.end(), 0u), 0);
        remove();
        const auto each = [&](double seconds) { return seconds * 1e6 / rules; };
        std::printf(
            "# %u masks, microseconds of CPU per rule: libmlx5 %.2f, again %.2f, removed "
            "%.2f; FDB %.2f, again %.2f, removed %.2f\n",
            masks, each(bare[0]), each(bare[1]), each(bare_removed), each(first), each(second),
            each(removed));
    }
}

}  // namespace
