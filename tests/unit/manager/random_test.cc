// SPDX-License-Identifier: Apache-2.0
// Whatever happens in whatever order: in the end the manager agrees with the kernel.
//
// Four threads act at once, each by a sequence that the seed gives: the machine (PCI and RDMA
// devices, VF counts, modes that another program sets), the operator (operations), the switch
// (ports and the profile), and what goes wrong (calls that fail, notifications that are lost). Then
// faults end, and what is published has to follow from what the kernel has and which ports there
// are; and modes from the profile, where nobody has set them by hand.
//
// ESW_TEST_SEED runs one seed again, ESW_TEST_ROUNDS another number of them.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "esw-manager/port_table.h"
#include "tests/unit/manager/manager_fixture.h"
#include "tests/unit/manager/random_rdma.h"

namespace esw {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

uint64_t number_of(const char* variable, uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class Dice {
public:
    explicit Dice(uint64_t seed) : engine_(seed) {}
    /// 0 to n - 1.
    uint32_t roll(uint32_t n) { return static_cast<uint32_t>(engine_() % n); }
    template <class Things>
    const auto& one_of(const Things& things) {
        return things[roll(static_cast<uint32_t>(std::size(things)))];
    }

private:
    std::mt19937_64 engine_;
};

class RandomTest : public ManagerTest {
protected:
    static constexpr uint32_t kSteps = 40;  // of each thread
    static constexpr Mode kModes[] = {Mode::kLegacy, Mode::kSwitchdev, Mode::kSwitchdevInactive};

    /// Two PFs of one adapter, and one of another.
    const std::vector<DevlinkHandle> pfs{pf0, pf1, {"pci", "0000:09:00.0"}};
    static uint32_t number_of_pf(const DevlinkHandle& handle) {
        return handle.device == "0000:08:00.1" ? 1 : 0;
    }
    /// The representor that a port asks for: each another one.
    RepRef rep_of_port(uint32_t port) const {
        const DevlinkHandle& handle = pfs[port % pfs.size()];
        return {handle, {RepId::Kind::kVf, 0, number_of_pf(handle), port / 3}};
    }
    PortRequest request_of_port(uint32_t port) const {
        PortRequest request;
        request.port = "port" + std::to_string(port);
        request.device = rep_of_port(port).handle;
        request.rep = rep_of_port(port).rep;
        return request;
    }

    RandomTest() {
        make_rdma_provider = [this](const DevlinkHandle& handle, uint64_t generation) {
            return rdma.make_provider(handle, generation);
        };
    }
    ~RandomTest() override { manager->stop(); }  // before its providers' world goes

    void machine(Dice dice);
    void toggle_rdma(const DevlinkHandle& pf);
    void operator_acts(Dice dice);
    void switch_acts(Dice dice);
    void trouble(Dice dice);

    Manager::OperationDone answered() {
        ++asked;
        return [this](const Result<std::string>& result) {
            MutexLock lock(answers_mutex);
            answers.push_back(result ? *result : result.error().to_string());
        };
    }

    /// Faults end, lost notifications are found, and all that was put off is due.
    void calm_down();
    void expect_agreement();
    void expect_eswitch(const Snapshot& snapshot, const DevlinkHandle& handle);
    void expect_rdma(const Snapshot& snapshot, const DevlinkHandle& handle);
    void expect_ports(const Snapshot& snapshot);
    void expect_profile(const Snapshot& snapshot, const DevlinkHandle& handle);

    RdmaWorld rdma;
    std::set<DevlinkHandle> present;  // the machine's
    std::set<uint32_t> claimed;       // the switch's
    std::string profile;              // the switch's, that was right
    std::atomic<size_t> asked{0};
    Mutex answers_mutex{LockRank::kLeaf};
    std::vector<std::string> answers ESW_GUARDED_BY(answers_mutex);
};

void RandomTest::machine(Dice dice) {
    std::map<DevlinkHandle, uint32_t> vfs;
    for (uint32_t step = 0; step < kSteps; ++step) {
        const DevlinkHandle& pf = dice.one_of(pfs);
        if (dice.roll(3) == 0) {
            static_cast<void>(wait(pf));  // else it is always ahead of all loads
        }
        if (!present.count(pf)) {
            vfs[pf] = dice.roll(4);
            kernel.add_pf(pf, number_of_pf(pf), vfs[pf]);
            present.insert(pf);
            continue;
        }
        switch (dice.roll(8)) {
            case 0:
                if (rdma.has(pf)) {
                    toggle_rdma(pf);
                }
                kernel.remove_device(pf);
                present.erase(pf);
                break;
            case 1:
            case 2:
                vfs[pf] = vfs[pf] ? 0 : 1 + dice.roll(4);
                kernel.set_num_vfs(pf, vfs[pf]);
                break;
            case 3:
            case 4:
                kernel.change_mode(pf, dice.one_of(kModes));
                break;
            case 5:
            case 6:
                toggle_rdma(pf);
                break;
            default:
                kernel.repeat_port_event({pf, {RepId::Kind::kUplink, 0, number_of_pf(pf), 0}});
                break;
        }
    }
}

/// It goes, or another one comes by the same name.
void RandomTest::toggle_rdma(const DevlinkHandle& pf) {
    const std::string name = "mlx5_" + pf.device;
    if (rdma.has(pf)) {
        rdma.take(pf);
        kernel.remove_rdma_device(name);
    } else {
        rdma.put(pf);
        kernel.add_rdma_device(pf, name);
    }
}

void RandomTest::operator_acts(Dice dice) {
    for (uint32_t step = 0; step < kSteps; ++step) {
        const DevlinkHandle& pf = dice.one_of(pfs);
        const uint32_t sf = 88 + dice.roll(2);
        switch (dice.roll(9)) {
            case 0:
            case 1:
            case 2:
                manager->set_mode(pf, dice.one_of(kModes), hours(100), answered());
                break;
            case 3:
                manager->reload(pf, hours(100), answered());
                break;
            case 4:
                manager->add_subfunction(pf, sf, hours(100), answered());
                break;
            case 5:
                manager->delete_subfunction({pf, {RepId::Kind::kSf, 0, number_of_pf(pf), sf}},
                                            hours(100), answered());
                break;
            case 6:
                manager->retry({}, {}, [](const Status&) {});
                break;
            case 7:
                manager->set_mode_by_profile(pf, hours(100), answered());
                break;
            default:
                static_cast<void>(get(rescan_async()));  // may fail, as all does
                break;
        }
    }
}

void RandomTest::switch_acts(Dice dice) {
    static constexpr const char* kProfiles[] = {
        "", "*=switchdev", "*=legacy,pci/0000:08:00.1=switchdev_inactive",
        "pci/0000:08:00.0=switchdev;encap_mode=none;force=true,*=switchdev_inactive",
        "*=switchdev,pci/0000:08:00.0=wrong"};
    manager->set_overrides("", 1);
    for (uint32_t step = 0; step < kSteps; ++step) {
        if (dice.roll(4) == 0) {
            const std::string text = dice.one_of(kProfiles);
            profile = Profile::parse(text) ? text : profile;
            manager->set_profile(text);
            continue;
        }
        const uint32_t port = dice.roll(9);
        const std::string name = "port" + std::to_string(port);
        if (claimed.count(port)) {
            manager->release_port(name);
            claimed.erase(port);
            continue;
        }
        manager->claim_port(request_of_port(port));
        claimed.insert(port);
    }
}

void RandomTest::trouble(Dice dice) {
    static constexpr const char* kCalls[] = {"eswitch_get",   "eswitch_set", "devlink_port",
                                             "devlink_ports", "link",        "links",
                                             "port_new",      "port_del",    "devlink_reload"};
    // Not ENODEV: the kernel does not say that of what is there.
    static constexpr int kErrors[] = {EBUSY, EAGAIN, ETIMEDOUT, EIO};
    static constexpr Source kSources[] = {Source::kDevlink, Source::kRtnl, Source::kRdma};
    for (uint32_t step = 0; step < kSteps; ++step) {
        const Source source = dice.one_of(kSources);
        switch (dice.roll(6)) {
            case 0:
                kernel.lose(source);
                break;
            case 1:
                kernel.found(source);
                break;
            case 2:
                clock.advance(std::chrono::milliseconds(dice.roll(3000)));
                break;
            case 3:
                rdma.fail_loads(dice.roll(2) == 0);
                break;
            default:
                kernel.fail_next(dice.one_of(kCalls), "", dice.one_of(kErrors), "as the seed says",
                                 1 + dice.roll(2));
                break;
        }
    }
}

void RandomTest::calm_down() {
    kernel.clear_faults();
    kernel.found(Source::kDevlink);
    kernel.found(Source::kRtnl);
    kernel.found(Source::kRdma);
    rdma.fail_loads(false);
    // What is put off again since it waits for something that was put off, too.
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(wait());
        clock.advance(minutes(5));
    }
    EXPECT_TRUE(get(rescan_async()));  // the kernel tells of no mode
    const auto last = wait({}, true);
    EXPECT_TRUE(last) << last.error().to_string();
}

void RandomTest::expect_agreement() {
    const SnapshotPtr snapshot = manager->snapshot();
    std::set<DevlinkHandle> known;
    for (const auto& [handle, eswitch] : snapshot->eswitches) {
        known.insert(handle);
    }
    EXPECT_EQ(known, present);
    for (const DevlinkHandle& handle : present) {
        if (known.count(handle)) {
            expect_eswitch(*snapshot, handle);
            expect_rdma(*snapshot, handle);
            expect_profile(*snapshot, handle);
        }
    }
    EXPECT_EQ(rdma.providers(),
              static_cast<size_t>(std::count_if(present.begin(), present.end(),
                                                [this](const auto& pf) { return rdma.has(pf); })));
    expect_ports(*snapshot);
    EXPECT_EQ(snapshot->profile->profile, profile);
    MutexLock lock(answers_mutex);
    EXPECT_EQ(answers.size(), asked);
    for (const std::string& answer : answers) {
        EXPECT_FALSE(answer.empty());
    }
}

void RandomTest::expect_eswitch(const Snapshot& snapshot, const DevlinkHandle& handle) {
    SCOPED_TRACE(handle.to_string());
    const EswitchSnapshot& eswitch = *snapshot.eswitches.at(handle);
    const Mode mode = kernel.eswitch_get(handle).value().mode.value();
    ASSERT_TRUE(eswitch.mode);
    EXPECT_EQ(*eswitch.mode, mode);
    EXPECT_EQ(eswitch.state, "idle");
    EXPECT_EQ(eswitch.queue.pending, 0u);
    EXPECT_FALSE(eswitch.block.owner);
    EXPECT_TRUE(eswitch.block.waiters.empty());
    EXPECT_TRUE(manager->records().at(handle)->list_work()->rows.empty());

    std::set<RepId> wanted, known;
    const auto ports = kernel.devlink_ports();
    for (const netlink::DevlinkPort& port : *ports) {
        if (port.handle == handle || port.handle == kernel.ethernet_driver(handle)) {
            wanted.insert(RepId::of_port(port).value());
        }
    }
    for (const auto& [id, rep] : eswitch.reps) {
        SCOPED_TRACE(id.to_string());
        known.insert(id);
        const bool loaded = mode != Mode::kLegacy;
        EXPECT_EQ(rep->eth().state, loaded ? RepState::kLoaded : RepState::kUnregistered)
            << rep->reason;
        EXPECT_EQ(rep->loads, rep->unloads + (loaded ? 1 : 0));
    }
    EXPECT_EQ(known, wanted);
}

void RandomTest::expect_rdma(const Snapshot& snapshot, const DevlinkHandle& handle) {
    SCOPED_TRACE(handle.to_string());
    const EswitchSnapshot& eswitch = *snapshot.eswitches.at(handle);
    const bool loaded = rdma.has(handle) && eswitch.mode != Mode::kLegacy;
    for (const auto& [id, rep] : eswitch.reps) {
        SCOPED_TRACE(id.to_string());
        EXPECT_EQ(rep->rdma_status().state == RepState::kLoaded, loaded) << rep->rdma_reason;
        ASSERT_EQ(rep->rdma != nullptr, loaded);
        if (loaded) {
            EXPECT_TRUE(rdma.is_open(handle, rep->rdma->device_generation));
        }
    }
}

void RandomTest::expect_profile(const Snapshot& snapshot, const DevlinkHandle& handle) {
    SCOPED_TRACE(handle.to_string());
    const EswitchProfile& status = snapshot.profile->eswitches.at(handle);
    const auto parsed = Profile::parse(profile);
    const ProfileRule* const rule = parsed->rule_for(handle);
    EXPECT_EQ(status.override_mode.has_value(), status.state == ProfileState::kOverridden);
    if (status.override_mode || !rule) {
        return;
    }
    if (status.state == ProfileState::kHeld) {
        EXPECT_GT(kernel.num_vfs(handle).value(), 0u);
        EXPECT_FALSE(rule->force);
        return;
    }
    EXPECT_EQ(status.state, ProfileState::kApplied) << status.error.to_string();
    EXPECT_EQ(snapshot.eswitches.at(handle)->mode, rule->mode);
}

void RandomTest::expect_ports(const Snapshot& snapshot) {
    // What came of one change after the other is what comes of all at once, reasons and all.
    Snapshot at_once = snapshot;
    at_once.ports.clear();
    PortTable table;
    for (const uint32_t port : claimed) {
        static_cast<void>(table.claim(request_of_port(port)));
    }
    static_cast<void>(table.resolve(at_once));
    const auto devices = kernel.devlink_devices().value();
    table.bind(at_once, [&](const DevlinkHandle& handle) {
        return std::any_of(devices.begin(), devices.end(),
                           [&](const auto& device) { return device.handle == handle; });
    });

    EXPECT_EQ(snapshot.ports.size(), claimed.size());
    for (const uint32_t port : claimed) {
        const std::string name = "port" + std::to_string(port);
        SCOPED_TRACE(name);
        ASSERT_TRUE(snapshot.ports.count(name));
        const PortBinding& bound = *snapshot.ports.at(name);
        EXPECT_EQ(bound, *at_once.ports.at(name))
            << bound.reason << "; at once: " << at_once.ports.at(name)->reason;
        const RepRef ref = rep_of_port(port);
        if (state_of(snapshot, ref) == "loaded") {
            EXPECT_EQ(bound.state, PortState::kLoaded) << bound.reason;
            EXPECT_EQ(bound.ifindex, kernel.ifindex(ref));
        } else {
            EXPECT_EQ(bound.state, PortState::kAbsent) << bound.reason;
            EXPECT_NE(bound.reason, "");
        }
    }
}

/// A seed for each round.
class RandomRounds : public RandomTest, public testing::WithParamInterface<uint64_t> {};

TEST_P(RandomRounds, EndWhereTheKernelIs) {
    const uint64_t seed = GetParam();
    SCOPED_TRACE("ESW_TEST_SEED=" + std::to_string(seed));
    if (seed % 2) {
        kernel.nest_uplinks();
    }
    start();
    std::thread threads[] = {
        std::thread([&] { machine(Dice(seed)); }),
        std::thread([&] { operator_acts(Dice(seed + 1'000'000)); }),
        std::thread([&] { switch_acts(Dice(seed + 2'000'000)); }),
        std::thread([&] { trouble(Dice(seed + 3'000'000)); }),
    };
    for (std::thread& thread : threads) {
        thread.join();
    }
    calm_down();
    expect_agreement();
}

std::vector<uint64_t> seeds() {
    if (const uint64_t seed = number_of("ESW_TEST_SEED", 0)) {
        return {seed};
    }
    std::vector<uint64_t> all(number_of("ESW_TEST_ROUNDS", 100));
    for (size_t i = 0; i < all.size(); ++i) {
        all[i] = 20261121 + i;
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRounds, testing::ValuesIn(seeds()));

}  // namespace
}  // namespace esw
