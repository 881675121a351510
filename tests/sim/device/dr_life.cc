// SPDX-License-Identifier: Apache-2.0
// What happens to a program's rules when the device goes, or the program does.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "tests/sim/device/bench.h"
#include "tests/sim/device/control.h"
#include "tests/sim/device/knobs.h"

namespace {

using namespace device;

const std::string kHandle = "pci/0000:08:00.0";

uint16_t vf_vport(unsigned n) {
    return static_cast<uint16_t>(n + 1);
}

/// Rules from a VF to another one, by destination address.
class Lane {
public:
    Lane(Steering& steering, unsigned from, unsigned to)
        : steering_(steering), from_(vf_vport(from)), to_(steering.to_vport(vf_vport(to))) {
        Match match = match_of(0);
        matcher_ = steering.matcher(steering.take_over(from_), 1, match);
    }
    /// May be nothing, with errno.
    Rule add(uint32_t n) const {
        Match match = match_of(n);
        mlx5dv_dr_action* action = to_.get();
        return Rule(mlx5dv_dr_rule_create(matcher_.get(), match.value(), 1, &action));
    }
    static Bytes frame(uint32_t n, uint32_t sequence = 0) {
        return encode({Eth{address(n), 1, 0x88b5}, payload(sequence)});
    }

private:
    static uint64_t address(uint32_t n) { return 0x020000000000u + n; }
    Match match_of(uint32_t n) const {
        Match match = steering_.from(from_);
        match.set(FIELD(outer_headers.dmac_47_16), address(n) >> 16)
            .set(FIELD(outer_headers.dmac_15_0), n & 0xffff);
        return match;
    }
    Steering& steering_;
    uint16_t from_;
    Action to_;
    Matcher matcher_;
};

/// Threads that insert and remove rules, and go on for a while when the device is gone: each call
/// returns then, with a rule or with an error.
class Inserters {
public:
    explicit Inserters(const Lane& lane) {
        for (unsigned n = 0; n < kThreads; n++) {
            threads_.emplace_back([this, &lane, n] { work(lane, n); });
        }
    }
    ~Inserters() { finish(); }
    Inserters(const Inserters&) = delete;

    /// Returns when some thousand rules have been inserted.
    void wait_until_busy() {
        std::unique_lock<std::mutex> lock(mutex_);
        busy_.wait(lock, [this] { return inserted_ >= kBusy || refused_ > 0; });
    }
    void finish() {
        gone_ = true;
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
    }
    unsigned refused() const { return refused_; }

private:
    static constexpr unsigned kThreads = 4;
    static constexpr unsigned kBusy = 4000;
    static constexpr unsigned kAtOnce = 1000;
    static constexpr unsigned kAfterwards = 3000;

    void work(const Lane& lane, unsigned thread) {
        std::vector<Rule> rules(kAtOnce);
        unsigned afterwards = 0;
        for (uint32_t i = 0; afterwards < kAfterwards; i++) {
            Rule& rule = rules[i % kAtOnce];
            rule.reset();
            rule = lane.add(thread << 20 | i % (8 * kAtOnce));
            afterwards += gone_;
            const std::lock_guard<std::mutex> lock(mutex_);
            (rule ? inserted_ : refused_)++;
            busy_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable busy_;
    std::atomic<unsigned> inserted_{0};
    std::atomic<unsigned> refused_{0};
    std::atomic<bool> gone_{false};
    std::vector<std::thread> threads_;
};

/// Waits for the event that says that the device is lost. libmlx5 waits for completions that will
/// not come until the program has read it (dr_handle_pending_wc(), dr_is_device_fatal()): so every
/// program needs somebody who does.
class EventReader {
public:
    explicit EventReader(ibv_context* context)
        : thread_([this, context] {
              ibv_async_event event{};
              error_ = ibv_get_async_event(context, &event);
              type_ = event.event_type;
              if (error_ == 0) {
                  ibv_ack_async_event(&event);
              }
          }) {}
    ~EventReader() { join(); }
    EventReader(const EventReader&) = delete;

    void expect_fatal() {
        join();
        EXPECT_EQ(error_, 0);
        EXPECT_EQ(type_, IBV_EVENT_DEVICE_FATAL);
    }

private:
    void join() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    int error_ = 0;
    ibv_event_type type_ = IBV_EVENT_CQ_ERR;
    std::thread thread_;
};

// ---- the device goes ----

struct Ending {
    const char* name;
    std::string end;
    std::string begin;
};

class DeviceGoes : public testing::TestWithParam<Ending> {};

TEST_P(DeviceGoes, WhileThreadsInsertRules) {
    {
        Steering steering(given().pci);
        const Lane lane(steering, 0, 1);
        EventReader events(steering.context());
        Inserters inserters(lane);
        inserters.wait_until_busy();
        ASSERT_EQ(inserters.refused(), 0u);
        run(GetParam().end);
        events.expect_fatal();
        inserters.finish();
        uint32_t in[16] = {}, out[1100] = {};
        DEVX_SET(mbox_in, in, opcode, static_cast<uint16_t>(esw::prm::Opcode::kQueryHcaCap));
        EXPECT_EQ(mlx5dv_devx_general_cmd(steering.context(), in, sizeof in, out, sizeof out), EIO);
        EXPECT_EQ(mlx5dv_dr_table_create(steering.domain(), 1), nullptr);
    }
    {
        const std::unique_ptr<ibv_device*, EndWith<ibv_free_device_list>> list(
            ibv_get_device_list(nullptr));
        // With the eswitch's mode the device changes; it is there again, for other programs.
        EXPECT_EQ(find_device(list.get(), given().pci) != nullptr,
                  std::string(GetParam().name) == "Mode");
    }
    run(GetParam().begin);
    Netdevs netdevs(given().prefix, given().vfs);
    Steering steering(given().pci);
    const Lane lane(steering, 0, 1);
    const Rule rule = lane.add(7);
    ASSERT_TRUE(rule);
    EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {Lane::frame(7), Lane::frame(8)}),
              (std::vector<Netdevs::Arrival>{{netdevs.rep(0), Lane::frame(8)},
                                             {netdevs.vf(1), Lane::frame(7)}}));
}

INSTANTIATE_TEST_SUITE_P(
    Ways, DeviceGoes,
    testing::Values(Ending{"Removal", "esw-sim ctl remove " + kHandle,
                           "esw-sim ctl add " + kHandle},
                    Ending{"Mode", "devlink dev eswitch set " + kHandle + " mode legacy",
                           "devlink dev eswitch set " + kHandle + " mode switchdev"},
                    Ending{"Unload", "esw-sim ctl rdma " + kHandle + " unload",
                           "esw-sim ctl rdma " + kHandle + " load"}),
    [](const auto& given) { return given.param.name; });

/// Its rules go with the device: packets are the representors' again, at once.
TEST(Life, RulesGoWithTheDevice) {
    Netdevs netdevs(given().prefix, given().vfs);
    Steering steering(given().pci);
    const Lane lane(steering, 0, 1);
    const Rule rule = lane.add(7);
    EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {Lane::frame(7)}),
              (std::vector<Netdevs::Arrival>{{netdevs.vf(1), Lane::frame(7)}}));
    run("esw-sim ctl rdma " + kHandle + " unload");
    EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {Lane::frame(7)}),
              (std::vector<Netdevs::Arrival>{{netdevs.rep(0), Lane::frame(7)}}));
    run("esw-sim ctl rdma " + kHandle + " load");
}

/// Closed without a word: what was not destroyed goes with the context.
TEST(Life, RulesGoWithTheContext) {
    Netdevs netdevs(given().prefix, given().vfs);
    for (int round = 0; round < 20; round++) {
        Steering steering(given().pci);
        const Lane lane(steering, 0, 1);
        const Rule rule = lane.add(7);
        EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {Lane::frame(7)}),
                  (std::vector<Netdevs::Arrival>{{netdevs.vf(1), Lane::frame(7)}}));
    }
    EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {Lane::frame(7)}),
              (std::vector<Netdevs::Arrival>{{netdevs.rep(0), Lane::frame(7)}}));
}

// ---- the program goes ----

/// A process that has a rule from VF 2 to VF 3, says so, and inserts others until it is killed.
pid_t start_other_process(int say_to) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        try {
            Steering steering(given().pci);
            const Lane lane(steering, 2, 3);
            const Rule rule = lane.add(7);
            const Inserters inserters(lane);
            const char ready = rule ? 'r' : 'e';
            (void)!::write(say_to, &ready, 1);
            for (;;) {
                ::pause();
            }
        } catch (const std::exception& error) {
            std::fprintf(stderr, "other process: %s\n", error.what());
        }
        ::_exit(1);
    }
    return pid;
}

/// Killed at any instruction: its rules go, traffic falls back to the representor without a packet
/// lost or seen twice, and another process' rules stay.
TEST(Life, ProcessIsKilled) {
    constexpr unsigned kKills = 5, kBatches = 20, kFrames = 50;
    Netdevs netdevs(given().prefix, given().vfs);
    uint32_t sequence = 0;
    for (unsigned kill = 0; kill < kKills; kill++) {
        int pipe[2];
        ASSERT_EQ(::pipe(pipe), 0);
        const pid_t other = start_other_process(pipe[1]);
        ASSERT_GT(other, 0);
        ::close(pipe[1]);
        char ready = 0;
        ASSERT_EQ(::read(pipe[0], &ready, 1), 1);
        ASSERT_EQ(ready, 'r');
        ::close(pipe[0]);
        Steering steering(given().pci);
        const Lane lane(steering, 0, 1);
        const Rule rule = lane.add(7);

        std::thread killer;
        bool fell_back = false;
        for (unsigned batch = 0; batch < kBatches; batch++) {
            std::vector<Bytes> frames;
            for (unsigned i = 0; i < kFrames; i++) {
                frames.push_back(Lane::frame(7, sequence++));
            }
            if (batch == kBatches / 2) {
                killer = std::thread([other] {
                    ::kill(other, SIGKILL);
                    int status = 0;
                    ::waitpid(other, &status, 0);
                });
            }
            auto arrivals = netdevs.exchange(netdevs.vf(2), frames);
            // By the rule until it is gone, and then by the representor, each of them once.
            std::vector<Bytes> by_rule, by_rep;
            for (const Netdevs::Arrival& arrival : arrivals) {
                ASSERT_TRUE(arrival.at == netdevs.vf(3) || arrival.at == netdevs.rep(2))
                    << netdevs.name(arrival.at);
                (arrival.at == netdevs.vf(3) ? by_rule : by_rep).push_back(arrival.frame);
            }
            EXPECT_FALSE(fell_back && !by_rule.empty()) << "a rule of a killed process came back";
            fell_back = fell_back || !by_rep.empty();
            EXPECT_FALSE(fell_back && batch < kBatches / 2);
            by_rule.insert(by_rule.end(), by_rep.begin(), by_rep.end());
            EXPECT_EQ(by_rule, frames);
            EXPECT_EQ(netdevs.exchange(netdevs.vf(0), {Lane::frame(7, sequence)}),
                      (std::vector<Netdevs::Arrival>{{netdevs.vf(1), Lane::frame(7, sequence)}}));
        }
        killer.join();
        // The kernel has closed the process' files before it can be waited for.
        netdevs.exchange(netdevs.vf(2), {});
        const Bytes last = Lane::frame(7, sequence++);
        EXPECT_EQ(netdevs.exchange(netdevs.vf(2), {last}),
                  (std::vector<Netdevs::Arrival>{{netdevs.rep(2), last}}));
    }
}

/// Two programs, each with the packets of another vport.
TEST(Life, TwoProgramsOnOneAdapter) {
    Netdevs netdevs(given().prefix, given().vfs);
    Steering first(given().pci), second(given().pci);
    const Lane of_first(first, 0, 1), of_second(second, 2, 3);
    std::vector<Rule> rules;
    for (uint32_t n = 0; n < 100; n++) {
        rules.push_back(of_first.add(n));
        rules.push_back(of_second.add(n + 50));
    }
    const auto expect_out = [&](Netdevs::Id from, uint32_t n, Netdevs::Id to) {
        EXPECT_EQ(netdevs.exchange(from, {Lane::frame(n)}),
                  (std::vector<Netdevs::Arrival>{{to, Lane::frame(n)}}));
    };
    expect_out(netdevs.vf(0), 10, netdevs.vf(1));
    expect_out(netdevs.vf(0), 110, netdevs.rep(0));
    expect_out(netdevs.vf(2), 10, netdevs.rep(2));
    expect_out(netdevs.vf(2), 110, netdevs.vf(3));
}

/// A destination without a VF behind it drops, and delivers when the VF is there again.
TEST(Life, VportWithoutUser) {
    Steering steering(given().pci);
    Match match = steering.from(kWireVport);
    match.set(FIELD(outer_headers.ethertype), 0x88b5);
    const Matcher matcher = steering.matcher(steering.take_over(kWireVport), 1, match);
    const Action to_vf1 = steering.to_vport(vf_vport(1));
    const Rule rule = Steering::rule(matcher, match, {to_vf1.get()});
    run("esw-sim ctl numvfs " + kHandle + " 0");
    {
        Netdevs none(given().prefix, 0);
        EXPECT_EQ(none.exchange(none.wire(), {Lane::frame(1)}), std::vector<Netdevs::Arrival>{});
    }
    run("esw-sim ctl numvfs " + kHandle + " " + std::to_string(given().vfs));
    Netdevs all(given().prefix, given().vfs);
    EXPECT_EQ(all.exchange(all.wire(), {Lane::frame(1)}),
              (std::vector<Netdevs::Arrival>{{all.vf(1), Lane::frame(1)}}));
}

}  // namespace
