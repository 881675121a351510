// SPDX-License-Identifier: Apache-2.0
// Operations through the manager's front door. Names of lifecycle scenarios are in front of theirs.
#include "tests/unit/manager/manager_fixture.h"

namespace esw {
namespace {

class OperationsTest : public ManagerTest {
protected:
    Answer set_mode(const DevlinkHandle& handle, Mode mode,
                    std::chrono::milliseconds timeout = kLong) {
        return ask([&](auto done) { manager->set_mode(handle, mode, timeout, std::move(done)); });
    }
    Answer reload(const DevlinkHandle& handle) {
        return ask([&](auto done) { manager->reload(handle, kLong, std::move(done)); });
    }
    Answer add_sf(uint32_t number) {
        return ask(
            [&](auto done) { manager->add_subfunction(pf0, number, kLong, std::move(done)); });
    }
    Answer delete_sf(const RepRef& sf) {
        return ask([&](auto done) { manager->delete_subfunction(sf, kLong, std::move(done)); });
    }
    Status retry(std::optional<DevlinkHandle> handle = {}, std::optional<RepId> id = {}) {
        std::promise<Status> promise;
        manager->retry(std::move(handle), id,
                       [&](Status status) { promise.set_value(std::move(status)); });
        return promise.get_future().get();
    }
    void start_legacy(uint32_t vfs) {
        kernel.add_pf(pf0, 0, vfs);
        start();
        ASSERT_TRUE(wait());
    }
};

TEST_F(OperationsTest, SetModeIsAnsweredWhenTheModeWasReadBack) {
    start_legacy(3);
    const uint64_t generation = eswitch()->generation;
    EXPECT_EQ(get(set_mode(pf0, Mode::kSwitchdev)).value(), "done");
    EXPECT_EQ(eswitch()->mode, Mode::kSwitchdev);
    EXPECT_EQ(eswitch()->wanted, Mode::kSwitchdev);
    EXPECT_GT(eswitch()->generation, generation);
    EXPECT_EQ(eswitch()->reps.size(), 4u);  // in the same snapshot
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 4u);
    EXPECT_EQ(get(set_mode(pf0, Mode::kSwitchdev)).value(), "no change");
    EXPECT_EQ(kernel.calls("eswitch_set"), 1u);
    EXPECT_EQ(get(set_mode(pf0, Mode::kLegacy)).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 0u);
    EXPECT_FALSE(eswitch()->block.owner);
}

TEST_F(OperationsTest, ARefusedModeLeavesEverythingAndTellsTheKernelsReason) {
    start_switchdev(2);
    claim("web", pf0, "pf0vf1");
    ASSERT_TRUE(wait());
    const auto before = binding("web");
    kernel.fail_next("eswitch_set", "", EBUSY,
                     "mlx5_core: Can't change mode, tc offloads are used");
    const auto answer = get(set_mode(pf0, Mode::kLegacy));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, EBUSY);
    EXPECT_EQ(answer.error().detail, "mlx5_core: Can't change mode, tc offloads are used");
    EXPECT_EQ(answer.error().object, "pci/0000:08:00.0");
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->mode, Mode::kSwitchdev);
    EXPECT_EQ(loaded(), 3u);
    EXPECT_EQ(binding("web"), before);
    EXPECT_EQ(rep_of(ref("pf0vf1"))->loads, 1u);
}

TEST_F(OperationsTest, TheLastOfSeveralModesWinsAndEachIsAnswered) {
    start_legacy(1);
    kernel.gate("eswitch_set");
    auto first = set_mode(pf0, Mode::kSwitchdev);
    kernel.wait_for_blocked("eswitch_set");
    auto second = set_mode(pf0, Mode::kSwitchdevInactive);
    auto third = set_mode(pf0, Mode::kLegacy);
    EXPECT_TRUE(get(rescan_async()));  // so the requests are in
    kernel.ungate("eswitch_set");
    EXPECT_EQ(get(std::move(first)).value(), "done");
    EXPECT_EQ(get(std::move(second)).value(), "superseded by legacy");
    EXPECT_EQ(get(std::move(third)).value(), "done");
    EXPECT_EQ(kernel.calls("eswitch_set"), 2u);
    EXPECT_EQ(eswitch()->mode, Mode::kLegacy);
}

TEST_F(OperationsTest, AnAnswerThatIsLateSaysWhatGoesOn) {
    start_legacy(1);
    kernel.gate("eswitch_set");
    auto answer = set_mode(pf0, Mode::kSwitchdev, std::chrono::seconds(2));
    kernel.wait_for_blocked("eswitch_set");
    clock.advance(std::chrono::seconds(3));
    const auto late = get(std::move(answer));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ETIMEDOUT);
    EXPECT_EQ(late.error().detail, "timed out, but goes on: set-mode switchdev");
    kernel.ungate("eswitch_set");
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->mode, Mode::kSwitchdev);
    EXPECT_EQ(loaded(), 2u);
}

TEST_F(OperationsTest, WaitTellsWhichOperationItWaitedFor) {
    start_legacy(1);
    kernel.gate("eswitch_set");
    auto answer = set_mode(pf0, Mode::kSwitchdev);
    kernel.wait_for_blocked("eswitch_set");
    auto waiting = wait_async(pf0, false, std::chrono::seconds(5));
    EXPECT_TRUE(get(rescan_async()));  // so its time has begun
    // The block is held meanwhile, and says so.
    const auto state = until([&](const Snapshot& snapshot) {
        return snapshot.eswitches.at(pf0)->block.owner.has_value();
    });
    EXPECT_EQ(state->eswitches.at(pf0)->state, "set-mode switchdev");
    EXPECT_EQ(state->eswitches.at(pf0)->block.owner->name, "set-mode switchdev");
    clock.advance(std::chrono::seconds(6));
    const auto timed_out = get(std::move(waiting));
    ASSERT_FALSE(timed_out);
    EXPECT_EQ(timed_out.error().detail, "timed out: set-mode switchdev");
    kernel.ungate("eswitch_set");
    EXPECT_TRUE(get(std::move(answer)));
}

TEST_F(OperationsTest, AreListedAndRecordedByKindAndTarget) {
    start_legacy(1);
    kernel.gate("eswitch_set");
    auto first = set_mode(pf0, Mode::kSwitchdev);
    kernel.wait_for_blocked("eswitch_set");
    auto second = reload(pf0);
    EXPECT_TRUE(get(rescan_async()));  // so the request is in
    const RecordPtr record = manager->records().at(pf0);
    const auto rows = record->list_work()->rows;
    ASSERT_GE(rows.size(), 2u);
    const WorkRow& running = rows[rows.size() - 2];
    EXPECT_TRUE(running.running);
    EXPECT_EQ(running.kind, "set-mode");
    EXPECT_EQ(running.target, "switchdev");
    EXPECT_EQ(running.waits_for, "the kernel (devlink eswitch set)");
    const WorkRow& queued = rows.back();
    EXPECT_FALSE(queued.running);
    EXPECT_EQ(queued.kind, "reload");
    EXPECT_EQ(queued.waits_for, "its turn");
    kernel.ungate("eswitch_set");
    EXPECT_TRUE(get(std::move(first)));
    EXPECT_TRUE(get(std::move(second)));
    ASSERT_TRUE(wait());
    EXPECT_TRUE(record->list_work()->rows.empty());
    const auto counters = record->counters().copy().values;
    EXPECT_EQ(counters.at("operation_set_mode_done"), 1u);
    EXPECT_EQ(counters.at("operation_reload_done"), 1u);
}

// L1: the holder of the control lock makes the queue's work leave unrun.
TEST_F(OperationsTest, L1WorkThatWaitsForAnOperationIsDroppedAndDoneAfter) {
    start_switchdev(4);
    const uint64_t calls = kernel.calls("devlink_port");
    kernel.gate("devlink_port");
    kernel.gate("eswitch_set");
    for (const char* id : {"pf0vf0", "pf0vf1", "pf0vf2"}) {
        kernel.remove_netdev(ref(id));
        kernel.add_netdev(ref(id));
    }
    kernel.wait_for_blocked("devlink_port");  // one load runs, the others are behind it
    auto answer = set_mode(pf0, Mode::kSwitchdevInactive);
    until([&](const Snapshot& snapshot) {
        return snapshot.eswitches.at(pf0)->state ==
               "set-mode switchdev_inactive, waits for load pf0vf0";
    });
    kernel.ungate("devlink_port");
    kernel.wait_for_blocked("eswitch_set");  // it was let in before the loads behind the first
    EXPECT_EQ(kernel.calls("devlink_port"), calls + 1);
    kernel.ungate("eswitch_set");
    EXPECT_EQ(get(std::move(answer)).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 5u);
    EXPECT_GE(eswitch()->queue.stale, 1u);
}

// L11
TEST_F(OperationsTest, L11VfsThatComeDuringAModeSetAreLoadedInTheEnd) {
    start_legacy(0);
    kernel.gate("eswitch_set");
    auto answer = set_mode(pf0, Mode::kSwitchdev);
    kernel.wait_for_blocked("eswitch_set");
    kernel.set_num_vfs(pf0, 5);
    kernel.ungate("eswitch_set");
    EXPECT_EQ(get(std::move(answer)).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 6u);
}

TEST_F(OperationsTest, APfThatGoesDuringAModeSetEndsIt) {
    start_legacy(2);
    kernel.gate("eswitch_set");
    auto answer = set_mode(pf0, Mode::kSwitchdev);
    kernel.wait_for_blocked("eswitch_set");
    auto behind = set_mode(pf0, Mode::kSwitchdevInactive);
    kernel.remove_device(pf0);
    kernel.ungate("eswitch_set");
    EXPECT_FALSE(get(std::move(answer)));
    EXPECT_FALSE(get(std::move(behind)));
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch(), nullptr);
    kernel.add_pf(pf0, 0, 2);
    ASSERT_TRUE(wait());
    EXPECT_EQ(get(set_mode(pf0, Mode::kSwitchdev)).value(), "done");
}

TEST_F(OperationsTest, ReloadEndsInLegacyModeAndPortsSayWhy) {
    start_switchdev(2);
    claim("web", pf0, "pf0vf1");
    ASSERT_TRUE(wait());
    EXPECT_EQ(get(reload(pf0)).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(eswitch()->mode, Mode::kLegacy);
    EXPECT_EQ(binding("web").state, PortState::kAbsent);
    EXPECT_EQ(get(set_mode(pf0, Mode::kSwitchdev)).value(), "done");
    ASSERT_TRUE(wait());
    EXPECT_EQ(binding("web").state, PortState::kLoaded);
}

TEST_F(OperationsTest, SubfunctionsComeAndGo) {
    start_switchdev(1);
    EXPECT_EQ(get(add_sf(88)).value(), "pf0sf88");
    EXPECT_EQ(eswitch()->reps.count(rep("pf0sf88")), 1u);
    ASSERT_TRUE(wait());
    EXPECT_EQ(state_of(ref("pf0sf88")), "loaded");
    EXPECT_EQ(get(delete_sf(ref("pf0sf88"))).value(), "done");
    EXPECT_EQ(eswitch()->reps.count(rep("pf0sf88")), 0u);
    EXPECT_EQ(get(delete_sf(ref("pf0sf88"))).error().detail,
              "no such representor pci/0000:08:00.0/pf0sf88");
    ASSERT_TRUE(wait());
    EXPECT_EQ(loaded(), 2u);
}

TEST_F(OperationsTest, ASubfunctionInLegacyModeIsRefusedByTheKernel) {
    start_legacy(1);
    const auto answer = get(add_sf(88));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, EOPNOTSUPP);
    EXPECT_EQ(answer.error().detail, "SF ports are only supported in eswitch switchdev mode");
}

TEST_F(OperationsTest, UnknownEswitchesAreRefused) {
    start_legacy(1);
    EXPECT_EQ(get(set_mode(pf1, Mode::kSwitchdev)).error().detail,
              "no such eswitch pci/0000:08:00.1");
    EXPECT_EQ(get(reload(pf1)).error().code, ENODEV);
    EXPECT_EQ(retry(pf1).error().code, ENODEV);
    EXPECT_EQ(retry({}, rep("pf0vf9")).error().detail, "no such representor pf0vf9");
}

TEST_F(OperationsTest, EswitchesOfOneAdapterTakeTurnsAndOthersGoOn) {
    const DevlinkHandle other{"pci", "0000:09:00.0"};
    kernel.add_pf(pf0, 0, 1);
    kernel.add_pf(pf1, 1, 1);
    kernel.add_pf(other, 0, 1);
    start();
    ASSERT_TRUE(wait());
    kernel.gate("eswitch_set");
    auto first = set_mode(pf0, Mode::kSwitchdev);
    auto second = set_mode(pf1, Mode::kSwitchdev);
    auto elsewhere = set_mode(other, Mode::kSwitchdev);
    kernel.wait_for_blocked("eswitch_set", 2);
    EXPECT_EQ(kernel.calls("eswitch_set"), 2u);
    kernel.ungate("eswitch_set");
    EXPECT_TRUE(get(std::move(first)));
    EXPECT_TRUE(get(std::move(second)));
    EXPECT_TRUE(get(std::move(elsewhere)));
}

TEST_F(OperationsTest, RetryLoadsWhatFailedWithoutItsBackOff) {
    kernel.add_pf(pf0, 0, 1);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    kernel.fail_next("devlink_port", ref("pf0vf0").to_string(), EIO);
    start();
    EXPECT_EQ(wait().value().failed, 1u);
    ASSERT_TRUE(retry(pf0, rep("pf0vf0")));
    EXPECT_EQ(wait().value().failed, 0u);
    EXPECT_EQ(state_of(ref("pf0vf0")), "loaded");
}

TEST_F(OperationsTest, StoppingAnswersWhatRunsAndWhatWaits) {
    start_legacy(1);
    kernel.gate("eswitch_set");
    auto running = set_mode(pf0, Mode::kSwitchdev);
    kernel.wait_for_blocked("eswitch_set");
    auto waiting = reload(pf0);
    auto stopped = std::async(std::launch::async, [this] { manager->stop(); });
    EXPECT_EQ(get(std::move(waiting)).error().code, ECANCELED);
    kernel.ungate("eswitch_set");
    static_cast<void>(get(std::move(running)));  // as far as it came
    stopped.get();
    EXPECT_EQ(get(set_mode(pf0, Mode::kLegacy)).error().code, ECANCELED);
}

}  // namespace
}  // namespace esw
