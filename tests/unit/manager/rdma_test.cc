// SPDX-License-Identifier: Apache-2.0
// RDMA devices come and go: who is loaded, and by which provider.
#include <cerrno>
#include <map>
#include <vector>

#include "tests/unit/manager/manager_fixture.h"

namespace esw {
namespace {

/// What the providers of all generations do.
struct Record {
    Mutex mutex{LockRank::kLeaf};
    std::map<uint64_t, std::vector<std::string>> loads ESW_GUARDED_BY(mutex);  // by generation
    std::map<uint64_t, int> unloads ESW_GUARDED_BY(mutex);
    std::map<std::string, int> failing ESW_GUARDED_BY(mutex);  // errno by rep
    int alive ESW_GUARDED_BY(mutex) = 0;
    bool gone ESW_GUARDED_BY(mutex) = false;
};

class RecordingProvider final : public Provider {
public:
    RecordingProvider(Record& record, uint64_t generation)
        : record_(record), generation_(generation) {
        MutexLock lock(record_.mutex);
        ++record_.alive;
    }
    ~RecordingProvider() override {
        MutexLock lock(record_.mutex);
        --record_.alive;
    }
    ProviderType type() const override { return ProviderType::kRdma; }
    bool eligible(const RepId&) const override { return true; }
    Result<LoadResult> load(const LoadTarget& target) override {
        MutexLock lock(record_.mutex);
        const std::string rep = target.ref.rep.to_string();
        record_.loads[generation_].push_back(rep);
        if (record_.failing.count(rep)) {
            return fail(record_.failing[rep], "mlx5_0", "query port", "no RDMA port yet");
        }
        LoadResult result;
        RdmaRep loaded;
        loaded.device_generation = generation_;
        loaded.device = "mlx5_0";
        loaded.port = 7;
        result.rdma = std::make_shared<const RdmaRep>(loaded);
        return result;
    }
    void unload(const RepRef&) override {
        MutexLock lock(record_.mutex);
        ++record_.unloads[generation_];
    }
    bool device_gone() const override {
        MutexLock lock(record_.mutex);
        return record_.gone;
    }

private:
    Record& record_;
    const uint64_t generation_;
};

class Rdma : public ManagerTest {
protected:
    using Reps = std::vector<std::string>;

    Rdma() {
        make_rdma_provider = [this](const DevlinkHandle& handle, uint64_t generation) {
            EXPECT_EQ(handle, pf0);
            return std::make_shared<RecordingProvider>(record, generation);
        };
    }
    ~Rdma() override { manager->stop(); }  // before the record goes

    RepState rdma_state(const char* text) { return rep_of(ref(text))->rdma_status().state; }
    Reps loads(uint64_t generation) {
        MutexLock lock(record.mutex);
        return record.loads[generation];
    }
    int unloads(uint64_t generation) {
        MutexLock lock(record.mutex);
        return record.unloads[generation];
    }
    int alive() {
        MutexLock lock(record.mutex);
        return record.alive;
    }

    Record record;
};

TEST_F(Rdma, ADeviceThatIsThereAtTheStartLoadsTheUplinkFirst) {
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(2);
    EXPECT_EQ(loads(1), (Reps{"p0", "pf0vf0", "pf0vf1"}));
    EXPECT_EQ(rdma_state("pf0vf1"), RepState::kLoaded);
    EXPECT_EQ(offload_obstacle(*eswitch()), "");
    ASSERT_TRUE(rep_of(ref("pf0vf1"))->rdma);
    EXPECT_EQ(rep_of(ref("pf0vf1"))->rdma->device_generation, 1U);
    EXPECT_EQ(rep_of(ref("pf0vf1"))->rdma_device, "mlx5_0");
    EXPECT_EQ(rep_of(ref("pf0vf1"))->rdma_port, 7U);
}

TEST_F(Rdma, ADeviceThatComesLateLoadsAllAndTheNetdevsStay) {
    start_switchdev(2);
    EXPECT_EQ(offload_obstacle(*eswitch()), "no rdma device");
    EXPECT_EQ(wait(pf0, /*strict=*/true)->failed, 0U);
    kernel.add_rdma_device(pf0, "mlx5_0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(loads(1), (Reps{"p0", "pf0vf0", "pf0vf1"}));
    EXPECT_EQ(rep_of(ref("pf0vf0"))->loads, 1U);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->unloads, 0U);
    EXPECT_EQ(kernel.calls("rdma_devices"), 1U);  // no dump after the start
}

TEST_F(Rdma, ADeviceThatGoesUnloadsAllAndItsProviderEnds) {
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(2);
    const RdmaRepPtr held = rep_of(ref("pf0vf0"))->rdma;
    kernel.remove_rdma_device("mlx5_0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(unloads(1), 3);
    EXPECT_EQ(alive(), 0);
    EXPECT_EQ(rdma_state("pf0vf0"), RepState::kUnregistered);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->rdma, nullptr);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->rdma_reason, "no rdma device");
    EXPECT_EQ(rep_of(ref("pf0vf0"))->eth().state, RepState::kLoaded);
    EXPECT_EQ(held->device_generation, 1U);
    kernel.add_rdma_device(pf0, "mlx5_0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(loads(2).size(), 3U);
    EXPECT_EQ(alive(), 1);
}

TEST_F(Rdma, AModeChangeUnloads) {
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(1);
    kernel.change_mode(pf0, Mode::kLegacy);
    ASSERT_TRUE(wait());
    EXPECT_EQ(unloads(1), 2);
    EXPECT_EQ(offload_obstacle(*eswitch()), "eswitch is in legacy mode");
}

TEST_F(Rdma, WhenTheUplinkFailsTheOthersWaitAndNoNetdevDoes) {
    {
        MutexLock lock(record.mutex);
        record.failing["p0"] = EAGAIN;
    }
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(2);
    EXPECT_EQ(loads(1), (Reps{"p0"}));
    EXPECT_EQ(loaded(), 3U);  // netdevs
    EXPECT_EQ(rdma_state("pf0vf0"), RepState::kRegistered);
    EXPECT_EQ(rep_of(ref("pf0vf0"))->rdma_reason.find("its uplink p0 failed: mlx5_0: query port"),
              0U);
    EXPECT_NE(offload_obstacle(*eswitch()), "");
    EXPECT_EQ(wait()->failed, 1U);
    {
        MutexLock lock(record.mutex);
        record.failing.clear();
    }
    clock.advance(std::chrono::seconds(1));
    until([&](const Snapshot& now) { return offload_obstacle(*now.eswitches.at(pf0)).empty(); });
    ASSERT_TRUE(wait());
    EXPECT_EQ(loads(1), (Reps{"p0", "p0", "pf0vf0", "pf0vf1"}));
}

TEST_F(Rdma, AnEventOfTheRdmaPortIsNotWaitedOutByBackOff) {
    {
        MutexLock lock(record.mutex);
        record.failing["pf0vf0"] = EAGAIN;
    }
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(1);
    EXPECT_EQ(rdma_state("pf0vf0"), RepState::kFailed);
    {
        MutexLock lock(record.mutex);
        record.failing.clear();
    }
    kernel.add_rdma_port(ref("pf0vf0"), "mlx5_0", 2);
    ASSERT_TRUE(wait());
    EXPECT_EQ(rdma_state("pf0vf0"), RepState::kLoaded);
}

TEST_F(Rdma, ARepWhoseNetdevIsElsewhereHasItsRdmaPort) {
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(1);
    kernel.leave_namespace(ref("pf0vf0"));
    ASSERT_TRUE(wait());
    EXPECT_NE(rep_of(ref("pf0vf0"))->eth().state, RepState::kLoaded);
    EXPECT_EQ(rdma_state("pf0vf0"), RepState::kLoaded);
    EXPECT_EQ(loads(1).size(), 2U);
}

TEST_F(Rdma, LostEventsAreFoundByAskingAgain) {
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(1);
    kernel.lose(Source::kRdma);
    kernel.remove_rdma_device("mlx5_0");
    kernel.add_rdma_device(pf0, "mlx5_0");
    kernel.found(Source::kRdma);
    ASSERT_TRUE(wait());
    EXPECT_EQ(loads(2).size(), 2U);  // known by its index
    kernel.lose(Source::kRdma);
    kernel.remove_rdma_device("mlx5_0");
    kernel.found(Source::kRdma);
    ASSERT_TRUE(wait());
    EXPECT_EQ(alive(), 0);
}

TEST_F(Rdma, ADumpThatFailsTakesNothingAway) {
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(1);
    kernel.fail_next("rdma_devices", "", ETIMEDOUT);
    ASSERT_TRUE(get(rescan_async()));
    ASSERT_TRUE(wait());
    EXPECT_EQ(rdma_state("pf0vf0"), RepState::kLoaded);
    EXPECT_EQ(unloads(1), 0);
}

TEST_F(Rdma, TheEndOfTheEswitchEndsTheProvider) {
    kernel.add_rdma_device(pf0, "mlx5_0");
    start_switchdev(1);
    kernel.remove_device(pf0);
    until([&](const Snapshot& now) { return now.eswitches.empty(); });
    ASSERT_TRUE(wait());
    EXPECT_EQ(unloads(1), 2);
    EXPECT_EQ(alive(), 0);
}

}  // namespace
}  // namespace esw
