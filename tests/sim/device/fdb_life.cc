// SPDX-License-Identifier: Apache-2.0
// The product's rules when the device goes in the middle of it, and what is left in the adapter
// when all rules have gone.
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/sim/device/fdb_bench.h"
#include "tests/sim/device/knobs.h"

namespace {

using namespace device;

const std::string kHandle = "pci/0000:08:00.0";

FdbFlow flow(uint32_t number, const FdbActions& actions = to(vf_port(1))) {
    return {vf_port(0), by_destination(frame_to(number)), actions};
}

std::string header() {
    const Bytes bytes = encode(vxlan4_tunnel());
    return {bytes.begin(), bytes.end()};
}

/// One thread inserts, replaces and removes rules, another one reads counters, until they are told
/// that the device has gone.
class Work {
public:
    explicit Work(Fdb& fdb)
        : fdb_(fdb), rules_([this] { change(); }), counters_([this] { read(); }) {}
    ~Work() { finish(); }

    void wait_until_busy() {
        std::unique_lock<std::mutex> lock(mutex_);
        busy_.wait(lock, [this] { return (changes_ >= 3000 && readings_ >= 10) || gone_ > 0; });
    }
    /// From now on the device may go.
    void let_go() { going_ = true; }
    /// Returns when both have been told.
    void finish() {
        if (rules_.joinable()) {
            rules_.join();
            counters_.join();
        }
    }
    unsigned gone() const { return gone_; }

private:
    static constexpr size_t kAtOnce = 500;

    /// Whether that was the end. What the device is at when it goes may fail for another reason.
    bool note(std::atomic<unsigned>& done, int code) {
        const std::lock_guard<std::mutex> lock(mutex_);
        done++;
        gone_ += code == EIO;
        EXPECT_TRUE(code == 0 || code == EIO || going_) << code;
        busy_.notify_all();
        return code == EIO;
    }
    static FdbActions actions_of(uint32_t number) {
        switch (number % 4) {
            case 0:
                return to({{kWirePort, header()}});
            case 1:
                return to({{vf_port(1), {}}, {vf_port(2), {}}});
            default:
                return to(vf_port(1));
        }
    }
    void change() {
        std::vector<Fdb::RuleId> rules(kAtOnce);
        for (uint32_t i = 0;; i++) {
            Fdb::RuleId& rule = rules[i % kAtOnce];
            const FdbFlow wanted = flow(i % (3 * kAtOnce), actions_of(i / kAtOnce));
            if (i % 3 == 0) {
                fdb_.remove(rule);
            }
            const auto made = fdb_.replace(rule, wanted);
            if (note(changes_, made ? 0 : made.error().error.code)) {
                return;
            }
            rule = made ? made->rule : rule;
        }
    }
    void read() {
        for (;;) {
            const auto done = fdb_.read_counters();
            if (note(readings_, done ? 0 : done.error().code)) {
                return;
            }
        }
    }

    Fdb& fdb_;
    std::mutex mutex_;
    std::condition_variable busy_;
    std::atomic<unsigned> changes_{0}, readings_{0}, gone_{0};
    std::atomic<bool> going_{false};
    std::thread rules_, counters_;
};

struct Ending {
    const char* name;
    std::string end;
    std::string begin;
};

class FdbDeviceGoes : public testing::TestWithParam<Ending> {};

TEST_P(FdbDeviceGoes, WhileRulesChange) {
    std::shared_ptr<const FdbCounter> counter;
    {
        FdbSetup fdb(given());
        counter = fdb.insert(flow(7)).counter;
        Work work(*fdb);
        work.wait_until_busy();
        ASSERT_EQ(work.gone(), 0u);
        work.let_go();
        run(GetParam().end);
        work.finish();
        EXPECT_EQ(work.gone(), 2u);
        const auto refused = fdb->insert(flow(8));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, ESW_REFUSAL_DEVICE);
        EXPECT_EQ(refused.error().error.code, EIO);
        EXPECT_FALSE(fdb->read_counters());
        EXPECT_TRUE(fdb->remove_port(vf_port(0)));
        EXPECT_EQ(counter->value(), FdbCounter::Value{});
    }
    EXPECT_EQ(counter->value(), FdbCounter::Value{});
    run(GetParam().begin);
    Netdevs netdevs(given().prefix, given().vfs);
    FdbSetup fdb(given());
    fdb.insert(flow(7));
    EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {encode(frame_to(7)), encode(frame_to(8))}),
              (std::vector<Netdevs::Arrival>{{netdevs.rep(0), encode(frame_to(8))},
                                             {netdevs.vf(1), encode(frame_to(7))}}));
}

INSTANTIATE_TEST_SUITE_P(
    Ways, FdbDeviceGoes,
    testing::Values(Ending{"Removal", "esw-sim ctl remove " + kHandle,
                           "esw-sim ctl add " + kHandle},
                    Ending{"Mode", "devlink dev eswitch set " + kHandle + " mode legacy",
                           "devlink dev eswitch set " + kHandle + " mode switchdev"},
                    Ending{"Unload", "esw-sim ctl rdma " + kHandle + " unload",
                           "esw-sim ctl rdma " + kHandle + " load"}),
    [](const auto& given) { return given.param.name; });

/// Nobody asks it for anything then: its end is enough.
TEST(FdbLife, EndsAfterTheDevice) {
    Netdevs netdevs(given().prefix, given().vfs);
    {
        FdbSetup fdb(given());
        for (uint32_t i = 0; i < 1000; i++) {
            fdb.insert(
                flow(i, i % 2 ? to(vf_port(1)) : to({{vf_port(1), {}}, {kWirePort, header()}})));
        }
        run("esw-sim ctl rdma " + kHandle + " unload");
        EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {encode(frame_to(7))}),
                  (std::vector<Netdevs::Arrival>{{netdevs.rep(0), encode(frame_to(7))}}));
    }
    run("esw-sim ctl rdma " + kHandle + " load");
}

/// Many rules of several ports, masks and kinds of actions, and all removed: nothing is left in the
/// adapter but memory that libmlx5 keeps for the next, one bulk of counters, and the matcher of
/// root rules; and when the FDB has gone, nothing at all.
TEST(FdbLife, NothingStays) {
    constexpr uint32_t kRules = 10000;
    const Counts before = counts();
    {
        FdbSetup fdb(given());
        const Counts empty = counts();
        std::vector<Fdb::RuleId> rules;
        for (uint32_t i = 0; i < kRules; i++) {
            FdbFlow wanted = flow(i);
            wanted.in_port = i % 5 == 4 ? kWirePort : vf_port(i % 5 % 2);
            Match match;
            match.set(FIELD(outer_headers.dmac_47_16), 0x02000000)
                .set(FIELD(outer_headers.dmac_15_0), i)
                .set(FIELD(outer_headers.smac_15_0), 0, i % 7);
            wanted.match = compiled(match);
            wanted.actions = to(vf_port(2 + i % 2));
            if (i % 11 == 0 && wanted.in_port != kWirePort) {
                wanted.actions = to({{kWirePort, header()}});
            } else if (i % 11 == 1) {
                wanted.actions = to({{vf_port(2), {}}, {vf_port(3), {}}});
            } else if (i % 11 == 2) {
                wanted.actions.rewrite = Rewrite()
                                             .set(MLX5_ACTION_IN_FIELD_OUT_DMAC_47_16, i, 0)
                                             .set(MLX5_ACTION_IN_FIELD_OUT_DMAC_15_0, i, 16)
                                             .words;
            }
            rules.push_back(fdb.insert(wanted).rule);
        }
        EXPECT_EQ(counts().root_rules, before.root_rules + 3);
        for (size_t i = 0; i < rules.size(); i++) {
            fdb->remove(rules[(i * 7919) % rules.size()]);
        }
        EXPECT_EQ(counts().root_rules, before.root_rules);
        EXPECT_TRUE(fdb->read_counters());  // of those that nobody uses any more
        auto left = counts().made_since(empty);
        left.erase("0xa00");
        EXPECT_EQ(left, (std::map<std::string, int64_t>{{"0x939", 1}}));
    }
    EXPECT_EQ(counts().made_since(before), (std::map<std::string, int64_t>{}));
}

/// The same, of an FDB that ends with all its rules.
TEST(FdbLife, NothingStaysOfWhatEnds) {
    const Counts before = counts();
    {
        FdbSetup fdb(given());
        for (uint32_t i = 0; i < 2000; i++) {
            fdb.insert(flow(i, to({{vf_port(1), {}}, {kWirePort, header()}})));
        }
    }
    EXPECT_EQ(counts().root_rules, before.root_rules);
    EXPECT_EQ(counts().made_since(before), (std::map<std::string, int64_t>{}));
}

/// Ports that come and go while others have rules.
TEST(FdbLife, PortsComeAndGo) {
    Netdevs netdevs(given().prefix, given().vfs);
    FdbSetup fdb(given());
    fdb.insert(flow(1));
    const Counts before = counts();
    for (unsigned round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < 20; i++) {
            FdbFlow of_vf2 = flow(i, to(vf_port(round % 2 ? 1 : 3)));
            of_vf2.in_port = vf_port(2);
            fdb.insert(of_vf2);
        }
        ASSERT_TRUE(fdb->remove_port(vf_port(2)));
        ASSERT_TRUE(fdb->add_port(vf_port(2), fdb.rep_of(3)));
    }
    auto left = counts().made_since(before);
    left.erase("0x939");
    left.erase("0xa00");
    EXPECT_EQ(left, (std::map<std::string, int64_t>{}));
    EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {encode(frame_to(1))}),
              (std::vector<Netdevs::Arrival>{{netdevs.vf(1), encode(frame_to(1))}}));
}

}  // namespace
