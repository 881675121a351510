// SPDX-License-Identifier: Apache-2.0
// Providers, loads and unloads of one eswitch; the numbers are those of the lifecycle scenarios.
#include "esw-manager/eswitch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include "esw-manager/eth_provider.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/fakes/memory_sink.h"
#include "tests/unit/manager/manager_fixture.h"
#include "tests/unit/manager/record_fixture.h"

namespace esw {
namespace {

/// A provider that counts, fails on demand and can be held inside load().
class FakeProvider final : public Provider {
public:
    explicit FakeProvider(ProviderType type) : type_(type) {}
    ProviderType type() const override { return type_; }
    bool eligible(const RepId&) const override { return true; }

    Result<LoadResult> load(const LoadTarget& target) override {
        MutexLock lock(mutex_);
        ++loads_[target.ref.rep];
        in_load_ = true;
        changed_.notify_all();
        while (held_) {
            changed_.wait(mutex_);
        }
        in_load_ = false;
        if (fail_ > 0 || failing_ == target.ref.rep) {
            fail_ = std::max(fail_ - 1, 0);
            return fail(EAGAIN, target.ref.to_string(), "open", "not now");
        }
        return LoadResult{};
    }

    void unload(const RepRef& ref) override {
        MutexLock lock(mutex_);
        ++unloads_[ref.rep];
        in_unload_ = true;
        changed_.notify_all();
        while (unload_held_) {
            changed_.wait(mutex_);
        }
        in_unload_ = false;
    }

    void hold(bool held) {
        MutexLock lock(mutex_);
        held_ = held;
        changed_.notify_all();
    }
    void wait_in_load() {
        MutexLock lock(mutex_);
        while (!in_load_) {
            changed_.wait(mutex_);
        }
    }
    void hold_unload(bool held) {
        MutexLock lock(mutex_);
        unload_held_ = held;
        changed_.notify_all();
    }
    void wait_in_unload() {
        MutexLock lock(mutex_);
        while (!in_unload_) {
            changed_.wait(mutex_);
        }
    }
    bool in_load() {
        MutexLock lock(mutex_);
        return in_load_;
    }
    void fail_next(int count) {
        MutexLock lock(mutex_);
        fail_ = count;
    }
    void fail_always(const RepId& id) {
        MutexLock lock(mutex_);
        failing_ = id;
    }
    int loads(const RepId& id) {
        MutexLock lock(mutex_);
        return loads_[id];
    }
    int unloads(const RepId& id) {
        MutexLock lock(mutex_);
        return unloads_[id];
    }

private:
    const ProviderType type_;
    Mutex mutex_{LockRank::kLeaf};
    CondVar changed_;
    bool held_ = false, in_load_ = false;
    bool unload_held_ = false, in_unload_ = false;
    int fail_ = 0;
    std::optional<RepId> failing_;
    std::map<RepId, int> loads_, unloads_;
};

class EswitchTest : public testing::Test {
protected:
    EswitchTest() {
        kernel.add_pf(handle, 0, 2);
        kernel.change_mode(handle, netlink::EswitchMode::kSwitchdev);
        make_eswitch();
    }

    void make_eswitch() {
        const auto poke = [this] {
            MutexLock lock(mutex);
            changed.notify_all();
        };
        eswitch = std::make_unique<Eswitch>(handle, kernel, clock, log, record.record, 1,
                                            Eswitch::Callbacks{poke, poke, poke});
    }

    /// What the manager does with the kernel's ports.
    void tell_ports() {
        Inventory inventory;
        inventory.resync_links(kernel.links().value());
        inventory.resync_devlink(kernel.devlink_devices().value(), kernel.devlink_ports().value());
        for (RepFacts facts : inventory.reps(handle)) {
            facts.revision = ++revision;
            eswitch->update_rep(facts);
        }
    }

    void settle() {
        MutexLock lock(mutex);
        while (!eswitch->idle()) {
            changed.wait(mutex);
        }
    }

    void start_and_settle() {
        eswitch->start();
        eswitch->request_inspection();
        tell_ports();
        settle();
    }

    ProviderStatus status(const RepId& id, ProviderType type) {
        last = eswitch->snapshot(last);
        return last->reps.at(id)->providers[static_cast<size_t>(type)];
    }
    RepState eth(const RepId& id) { return status(id, ProviderType::kEth).state; }
    RepState rdma(const RepId& id) { return status(id, ProviderType::kRdma).state; }

    const DevlinkHandle handle{"pci", "0000:08:00.0"};
    const RepId p0 = rep("p0"), vf0 = rep("pf0vf0"), vf1 = rep("pf0vf1");
    fakes::FakeKernel kernel;
    fakes::FakeClock clock;
    fakes::MemorySink log;
    RecordFixture record{clock, log};
    // Taken by callbacks that hold nothing, and round calls of idle().
    Mutex mutex{LockRank::kManager};
    CondVar changed;
    uint64_t revision = 0;
    FakeProvider eth_provider{ProviderType::kEth};
    FakeProvider rdma_provider{ProviderType::kRdma};
    std::unique_ptr<Eswitch> eswitch;
    EswitchPtr last;
};

TEST_F(EswitchTest, RegistrationMarksAndTheQueueLoads) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    for (const RepId& id : {p0, vf0, vf1}) {
        EXPECT_EQ(eth(id), RepState::kLoaded);
        EXPECT_EQ(rdma(id), RepState::kUnregistered);
        EXPECT_EQ(eth_provider.loads(id), 1);
    }
}

TEST_F(EswitchTest, ProviderThatComesLateGetsItsReps) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    ASSERT_TRUE(eswitch->register_provider(rdma_provider));
    settle();
    for (const RepId& id : {p0, vf0, vf1}) {
        EXPECT_EQ(rdma(id), RepState::kLoaded);
        EXPECT_EQ(eth_provider.loads(id), 1);
    }
}

TEST_F(EswitchTest, RegistrationDoesNotLoadByItself) {
    start_and_settle();
    ASSERT_EQ(eswitch->control_lock().acquire("test"), ControlLock::Outcome::kAcquired);
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    EXPECT_EQ(eth(vf0), RepState::kRegistered);
    EXPECT_EQ(eth_provider.loads(p0), 0);
    eswitch->control_lock().release();
    settle();
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
}

// Loaded is what load() returned from, not what it was called for.
TEST_F(EswitchTest, LoadedIsSaidAfterTheLoad) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    eth_provider.hold(true);
    eswitch->start();
    eswitch->request_inspection();
    tell_ports();
    eth_provider.wait_in_load();
    EXPECT_EQ(eth(p0), RepState::kLoading);
    EXPECT_EQ(eth(vf0), RepState::kRegistered);
    eth_provider.hold(false);
    settle();
    EXPECT_EQ(eth(p0), RepState::kLoaded);
}

TEST_F(EswitchTest, WithoutItsUplinkNothingElseIsLoaded) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    ASSERT_TRUE(eswitch->register_provider(rdma_provider));
    eth_provider.fail_next(1);
    start_and_settle();
    EXPECT_EQ(eth(p0), RepState::kFailed);
    EXPECT_EQ(eth(vf0), RepState::kRegistered);
    EXPECT_EQ(rdma(vf0), RepState::kRegistered);
    EXPECT_EQ(eth_provider.loads(vf0), 0);
    EXPECT_EQ(rdma_provider.loads(vf0), 0) << "nothing else, whose ever";
    EXPECT_EQ(last->reps.at(vf0)->reason,
              "its uplink p0 failed: pci/0000:08:00.0/p0: open: not now (Resource temporarily "
              "unavailable)");
    clock.advance(std::chrono::seconds(1));
    eswitch->retry(clock.now());
    settle();
    EXPECT_EQ(eth(p0), RepState::kLoaded);
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
    EXPECT_EQ(rdma(vf0), RepState::kLoaded);
}

// L20. One rep's failure: the uplink's would keep this provider from the others altogether.
TEST_F(EswitchTest, SecondProviderThatFailsLeavesTheFirstLoaded) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    rdma_provider.fail_always(vf0);
    ASSERT_TRUE(eswitch->register_provider(rdma_provider));
    settle();
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
    EXPECT_EQ(rdma(vf0), RepState::kFailed);
    EXPECT_EQ(rdma(vf1), RepState::kLoaded);
    EXPECT_EQ(eth_provider.unloads(vf0), 0);
}

// Its netdev goes, and then its port, while the netdev is unloaded: until then the RDMA port
// stayed.
TEST_F(EswitchTest, RepThatGoesWhileItIsUnloadedIsUnloadedByEveryProvider) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    ASSERT_TRUE(eswitch->register_provider(rdma_provider));
    start_and_settle();
    kernel.remove_netdev({handle, vf0});
    eth_provider.hold_unload(true);
    tell_ports();
    eth_provider.wait_in_unload();
    eswitch->remove_rep(vf0);
    eth_provider.hold_unload(false);
    settle();
    EXPECT_EQ(eth_provider.unloads(vf0), 1);
    EXPECT_EQ(rdma_provider.unloads(vf0), 1);
    last = eswitch->snapshot(last);
    EXPECT_EQ(last->reps.count(vf0), 0U);
}

// As a subfunction that is deleted and made again does: its port has the number that it had.
TEST_F(EswitchTest, RepThatComesBackBeforeItsUnloadRanIsLoadedAnew) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    ASSERT_TRUE(eswitch->register_provider(rdma_provider));
    start_and_settle();
    ASSERT_EQ(eswitch->control_lock().acquire("test"), ControlLock::Outcome::kAcquired);
    eswitch->remove_rep(vf0);
    kernel.remove_netdev({handle, vf0});
    kernel.add_netdev({handle, vf0});
    tell_ports();
    EXPECT_EQ(rdma(vf0), RepState::kRegistered);
    eswitch->control_lock().release();
    settle();
    for (FakeProvider* provider : {&eth_provider, &rdma_provider}) {
        EXPECT_EQ(provider->unloads(vf0), 1);
        EXPECT_EQ(provider->loads(vf0), 2);
    }
    EXPECT_EQ(rdma(vf0), RepState::kLoaded);
}

// A provider's end closes its device. Its deleter here asks the eswitch, which with a mutex held
// would hang.
TEST_F(EswitchTest, ProvidersEndWithNoMutexHeld) {
    std::atomic<int> ended = 0;
    const auto make = [&] {
        return std::shared_ptr<Provider>(new FakeProvider(ProviderType::kRdma), [&](Provider* it) {
            static_cast<void>(eswitch->next_retry());
            ++ended;
            delete it;
        });
    };
    start_and_settle();
    eswitch->set_provider(ProviderType::kRdma, make());
    settle();
    eswitch->set_provider(ProviderType::kRdma, make());
    settle();
    EXPECT_EQ(ended, 1) << "the one that was registered";
    const BlockHolder test("test");
    ASSERT_TRUE(eswitch->take_block(test));
    eswitch->set_provider(ProviderType::kRdma, make());
    eswitch->set_provider(ProviderType::kRdma, make());
    EXPECT_EQ(ended, 2) << "one that was overtaken";
    eswitch->close();
    eswitch->release_block(test);
    eswitch->join();
    EXPECT_EQ(ended, 4) << "the one that is registered, and the one that would be";
}

// L21
TEST_F(EswitchTest, LoadThatFailsSaysWhyIsNotUnloadedAndIsTriedAgain) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    kernel.remove_netdev({handle, vf0});
    kernel.add_netdev({handle, vf0});
    eth_provider.fail_next(1);
    tell_ports();
    settle();
    const auto failed = status(vf0, ProviderType::kEth);
    EXPECT_EQ(failed.state, RepState::kFailed);
    EXPECT_EQ(failed.error.code, EAGAIN);
    EXPECT_EQ(failed.error.stage, "open");
    EXPECT_EQ(failed.retries, 1u);
    EXPECT_EQ(eth_provider.unloads(vf0), 1) << "of the netdev before";
    EXPECT_EQ(eth(vf1), RepState::kLoaded);
    ASSERT_TRUE(eswitch->next_retry());
    eswitch->retry(clock.now());
    settle();
    EXPECT_EQ(eth(vf0), RepState::kFailed) << "not due yet";
    clock.advance(*eswitch->next_retry() - clock.now());
    eswitch->retry(clock.now());
    settle();
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
    EXPECT_EQ(eth_provider.unloads(vf0), 1);
    EXPECT_FALSE(eswitch->next_retry());
}

TEST_F(EswitchTest, BackOffGrows) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    eth_provider.fail_next(3);
    start_and_settle();
    Duration before{};
    for (int i = 0; i < 3; ++i) {
        const Duration delay = *eswitch->next_retry() - clock.now();
        EXPECT_GT(delay, before);
        before = delay;
        clock.advance(delay);
        eswitch->retry(clock.now());
        settle();
    }
    EXPECT_EQ(eth(p0), RepState::kLoaded);
}

// L24
TEST_F(EswitchTest, UnregisteredBeforeTheQueuedLoadRuns) {
    start_and_settle();
    ASSERT_EQ(eswitch->control_lock().acquire("test"), ControlLock::Outcome::kAcquired);
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    eswitch->unregister_provider(ProviderType::kEth);
    eswitch->control_lock().release();
    settle();
    EXPECT_EQ(eth_provider.loads(p0), 0);
    EXPECT_EQ(eth(p0), RepState::kUnregistered);
}

// L24
TEST_F(EswitchTest, RegisteredUnregisteredAndRegisteredBeforeTheLoadRunsLoadsOnce) {
    start_and_settle();
    ASSERT_EQ(eswitch->control_lock().acquire("test"), ControlLock::Outcome::kAcquired);
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    eswitch->unregister_provider(ProviderType::kEth);
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    eswitch->control_lock().release();
    settle();
    EXPECT_EQ(eth_provider.loads(vf0), 1);
    EXPECT_EQ(eth_provider.unloads(vf0), 0);
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
}

// L24, for a provider that set_provider() replaces: a load that waits is not for the one that goes.
TEST_F(EswitchTest, QueuedLoadsAreForTheProviderThatIsWanted) {
    const auto first = std::make_shared<FakeProvider>(ProviderType::kRdma);
    const auto second = std::make_shared<FakeProvider>(ProviderType::kRdma);
    start_and_settle();
    ASSERT_EQ(eswitch->control_lock().acquire("test"), ControlLock::Outcome::kAcquired);
    eswitch->set_provider(ProviderType::kRdma, first);
    {
        MutexLock lock(mutex);
        while (rdma(p0) != RepState::kRegistered) {
            changed.wait(mutex);
        }
    }
    eswitch->set_provider(ProviderType::kRdma, nullptr);
    eswitch->set_provider(ProviderType::kRdma, second);
    eswitch->control_lock().release();
    settle();
    for (const RepId& id : {p0, vf0, vf1}) {
        EXPECT_EQ(first->loads(id), 0);
        EXPECT_EQ(second->loads(id), 1);
        EXPECT_EQ(rdma(id), RepState::kLoaded);
    }
    // One that is wanted again takes up the loads that were left alone meanwhile.
    ASSERT_EQ(eswitch->control_lock().acquire("test"), ControlLock::Outcome::kAcquired);
    eswitch->remove_rep(vf0);
    tell_ports();
    eswitch->set_provider(ProviderType::kRdma, second);
    eswitch->control_lock().release();
    settle();
    EXPECT_EQ(second->unloads(vf0), 1);
    EXPECT_EQ(second->loads(vf0), 2);
    EXPECT_EQ(rdma(vf0), RepState::kLoaded);
}

// L27
TEST_F(EswitchTest, RegistrationOverAProviderIsRefused) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    FakeProvider other(ProviderType::kEth);
    const auto second = eswitch->register_provider(other);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EBUSY);
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
    EXPECT_EQ(other.loads(vf0), 0);
}

// L16
TEST_F(EswitchTest, UnregistrationUnloadsWhateverTheModeSays) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    kernel.change_mode(handle, netlink::EswitchMode::kLegacy);
    eswitch->unregister_provider(ProviderType::kEth);
    eswitch->request_inspection();
    settle();
    for (const RepId& id : {p0, vf0, vf1}) {
        EXPECT_EQ(eth_provider.unloads(id), 1);
    }
}

TEST_F(EswitchTest, UnregistrationWaitsForTheLoadThatRunsAndItIsUndone) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    eth_provider.hold(true);
    eswitch->start();
    eswitch->request_inspection();
    tell_ports();
    eth_provider.wait_in_load();
    auto gone =
        std::async(std::launch::async, [&] { eswitch->unregister_provider(ProviderType::kEth); });
    eth_provider.hold(false);
    gone.get();
    settle();
    EXPECT_EQ(eth_provider.loads(p0), eth_provider.unloads(p0));
    EXPECT_EQ(eth(p0), RepState::kUnregistered);
}

// L11
TEST_F(EswitchTest, LoadsThatWereDroppedAreStillWanted) {
    ASSERT_EQ(eswitch->control_lock().acquire("vf count"), ControlLock::Outcome::kAcquired);
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    eswitch->start();
    eswitch->request_inspection();
    tell_ports();
    eswitch->control_lock().release();
    settle();
    ASSERT_EQ(eswitch->control_lock().acquire("vf count"), ControlLock::Outcome::kAcquired);
    ASSERT_TRUE(eswitch->register_provider(rdma_provider));  // queues loads
    kernel.set_num_vfs(handle, 0);
    kernel.set_num_vfs(handle, 3);
    eswitch->invalidate("vf count changed");  // drops them
    tell_ports();
    eswitch->queue().drain();
    EXPECT_EQ(rdma_provider.loads(p0), 0);
    eswitch->control_lock().release();
    settle();
    for (const char* id : {"p0", "pf0vf0", "pf0vf1", "pf0vf2"}) {
        EXPECT_EQ(eth(rep(id)), RepState::kLoaded) << id;
        EXPECT_EQ(rdma(rep(id)), RepState::kLoaded) << id;
        EXPECT_EQ(rdma_provider.loads(rep(id)), 1) << id;
    }
}

// L2
TEST_F(EswitchTest, EventsAtAnyStepOfTheTearDownLoadNothing) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    eth_provider.hold(true);
    kernel.remove_netdev({handle, vf0});
    kernel.add_netdev({handle, vf0});
    tell_ports();
    eth_provider.wait_in_load();
    const int before = eth_provider.loads(vf1);
    eswitch->close();
    kernel.remove_netdev({handle, vf1});
    kernel.add_netdev({handle, vf1});
    tell_ports();  // after the close
    eth_provider.hold(false);
    eswitch->join();
    EXPECT_EQ(eth_provider.loads(vf1), before);
    for (const RepId& id : {p0, vf0, vf1}) {
        EXPECT_EQ(eth_provider.loads(id), eth_provider.unloads(id)) << id.to_string();
    }
}

// L17
TEST_F(EswitchTest, ReadersKeepTheirSnapshotWhateverUnregisters) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    const EswitchPtr mine = eswitch->snapshot(nullptr);
    const RepPtr reader = mine->reps.count(vf0) ? mine->reps.at(vf0) : nullptr;
    ASSERT_TRUE(reader);
    eswitch->unregister_provider(ProviderType::kEth);
    EXPECT_EQ(reader->eth().state, RepState::kLoaded);
    EXPECT_TRUE(reader->ifindex);
    EXPECT_EQ(eswitch->snapshot(mine)->reps.at(vf0)->eth().state, RepState::kUnregistered);
}

// L17: whatever a reader sees is a whole.
TEST_F(EswitchTest, SnapshotsAreNeverTorn) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    start_and_settle();
    std::atomic<bool> stop{false};
    auto writer = std::async(std::launch::async, [&] {
        for (int i = 0; i < 100; ++i) {
            eswitch->unregister_provider(ProviderType::kEth);
            static_cast<void>(eswitch->register_provider(eth_provider));
        }
        stop = true;
    });
    EswitchPtr seen;
    while (!stop) {
        seen = eswitch->snapshot(seen);
        for (const auto& [id, known] : seen->reps) {
            if (known->eth().state == RepState::kLoaded) {
                EXPECT_TRUE(known->ifindex && known->reason.empty());
            } else {
                EXPECT_FALSE(known->reason.empty());
            }
        }
    }
    writer.get();
    settle();
    last = seen;
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
    EXPECT_EQ(eth_provider.loads(vf0), eth_provider.unloads(vf0) + 1);
}

TEST_F(EswitchTest, ModeThatCannotBeReadIsAnErrorAndTriedAgain) {
    ASSERT_TRUE(eswitch->register_provider(eth_provider));
    kernel.fail_next("eswitch_get", "", ETIMEDOUT, "no answer");
    start_and_settle();
    EXPECT_EQ(eth(vf0), RepState::kUnregistered);
    EXPECT_EQ(last->error.code, ETIMEDOUT);
    EXPECT_EQ(last->error.stage, "read eswitch mode");
    EXPECT_FALSE(last->mode);
    clock.advance(std::chrono::seconds(1));
    eswitch->retry(clock.now());
    settle();
    EXPECT_EQ(eth(vf0), RepState::kLoaded);
    EXPECT_EQ(last->error.code, 0);
}

}  // namespace
}  // namespace esw
