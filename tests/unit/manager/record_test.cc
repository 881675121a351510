// SPDX-License-Identifier: Apache-2.0
// The history, the counters and what queues say of themselves.
#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "esw-manager/control_lock.h"
#include "esw-manager/work_queue.h"
#include "tests/unit/manager/manager_fixture.h"
#include "tests/unit/manager/record_fixture.h"

namespace esw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<uint64_t> ids(const EventHistory::Copy& copy) {
    std::vector<uint64_t> ids;
    for (const EventPtr& event : copy.events) {
        ids.push_back(event->id);
    }
    return ids;
}

TEST(EventHistory, KeepsTheLastOnesAndCountsTheOthers) {
    EventHistory history(3);
    EXPECT_TRUE(history.copy().events.empty());
    for (int i = 0; i < 5; ++i) {
        history.add({EventTrack::kEvents, std::to_string(i)});
    }
    const auto copy = history.copy();
    EXPECT_EQ(ids(copy), (std::vector<uint64_t>{3, 4, 5}));
    EXPECT_EQ(copy.events.front()->kind, "2");
    EXPECT_EQ(copy.recorded, 5u);
    EXPECT_EQ(copy.dropped, 2u);
    EXPECT_EQ(copy.capacity, 3u);
}

TEST(EventHistory, GivesTheLastFew) {
    EventHistory history(4);
    for (int i = 0; i < 6; ++i) {
        history.add({});
    }
    EXPECT_EQ(ids(history.copy(2)), (std::vector<uint64_t>{5, 6}));
    EXPECT_EQ(history.copy(2).dropped, 2u) << "dropped are those that are not kept";
    EXPECT_TRUE(history.copy(0).events.empty());
    EXPECT_EQ(history.copy(100).events.size(), 4u);
}

TEST(EventHistory, CopiesStayWhileThreadsAdd) {
    EventHistory history(8);
    history.add({EventTrack::kEvents, "first"});
    const auto before = history.copy();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 1000; ++n) {
                history.add({EventTrack::kQueue, "load"});
                const auto copy = history.copy();
                for (size_t k = 1; k < copy.events.size(); ++k) {
                    ASSERT_EQ(copy.events[k]->id, copy.events[k - 1]->id + 1);
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(history.copy().recorded, 4001u);
    EXPECT_EQ(before.events.at(0)->kind, "first");
}

TEST(Counters, CountEventsOfTheQueueByTheirResult) {
    Counters counters{TimePoint()};
    for (const EventResult result :
         {EventResult::kDone, EventResult::kDone, EventResult::kFailed, EventResult::kStale,
          EventResult::kStale, EventResult::kStale, EventResult::kRequeued}) {
        counters.add(Event{EventTrack::kQueue, "load", "p0", 1, result});
    }
    auto values = counters.copy().values;
    EXPECT_EQ(values["queue_run"], 4u);
    EXPECT_EQ(values["queue_failed"], 1u);
    EXPECT_EQ(values["queue_stale"], 3u);
    EXPECT_EQ(values["queue_requeued"], 1u);
    EXPECT_EQ(values["late_waits"], 0u);
}

TEST(Counters, CountOperationsByKindAndResult) {
    Counters counters{TimePoint()};
    const auto names = counters.copy().values.size();
    counters.add(Event{EventTrack::kOperations, "set-mode", "legacy", 1, EventResult::kNoChange});
    counters.add(Event{EventTrack::kOperations, "sf-add", "88", 1, EventResult::kFailed});
    auto values = counters.copy().values;
    EXPECT_EQ(values["operation_set_mode_no_change"], 1u);
    EXPECT_EQ(values["operation_set_mode_done"], 0u);
    EXPECT_EQ(values["operation_sf_add_failed"], 1u);
    EXPECT_EQ(values.size(), names) << "names are there before the first of their events";
    counters.add(Event{EventTrack::kOperations, "lag", "", 1, EventResult::kDone});
    EXPECT_EQ(counters.copy().values["operation_lag_done"], 1u);
}

TEST(Counters, AddUpShortTimes) {
    Counters counters{TimePoint()};
    for (int i = 0; i < 10; ++i) {
        counters.add_time(Counter::kKernelCallTime, std::chrono::microseconds(250));
    }
    EXPECT_EQ(counters.copy().values["kernel_call_ms"], 2u);
}

TEST(Counters, BeginAtZeroAgain) {
    Counters counters{TimePoint()};
    counters.add(Counter::kLoads, 3);
    counters.add(Event{EventTrack::kOperations, "reload"});
    counters.clear(TimePoint(seconds(7)));
    const auto copy = counters.copy();
    EXPECT_EQ(copy.since, TimePoint(seconds(7)));
    for (const auto& [name, value] : copy.values) {
        EXPECT_EQ(value, 0u) << name;
    }
    EXPECT_TRUE(copy.values.count("operation_reload_done"));
}

class RecordTest : public testing::Test {
protected:
    fakes::FakeClock clock;
    fakes::MemorySink log;
    RecordFixture fixture{clock, log};
    EswitchRecord& record = *fixture.record;
    uint64_t counter(const char* name) { return record.counters().copy().values.at(name); }
};

TEST_F(RecordTest, EventsHaveTheTimeOfTheirBeginning) {
    const TimePoint begun = clock.now();
    const auto wall = clock.wall_now();
    record.set_generation(4);
    clock.advance(milliseconds(30));
    record.record({EventTrack::kQueue, "load", "p0", 3, {}, {}, begun, milliseconds(30)});
    record.record({EventTrack::kEvents, "mode"});
    const auto events = record.history().copy().events;
    EXPECT_EQ(events.at(0)->begun, begun);
    EXPECT_EQ(events.at(0)->time, wall);
    EXPECT_EQ(events.at(0)->generation, 3u);
    EXPECT_EQ(events.at(1)->begun, begun + milliseconds(30));
    EXPECT_EQ(events.at(1)->time, wall + milliseconds(30));
    EXPECT_EQ(events.at(1)->generation, 4u) << "that of the moment";
}

class RecordedQueueTest : public RecordTest {
protected:
    ~RecordedQueueTest() override {
        queue.close();
        queue.stop();
        record.set_queue_source({});
    }

    /// Waits in the handler until let_go().
    WorkQueue::Result handle(const WorkItem& item) {
        if (item.kind == WorkKind::kTearDown) {
            return WorkQueue::Result::kDone;
        }
        in_handler.set_value();
        const auto result = outcome.get_future().get();
        outcome = {};
        if (result == WorkQueue::Result::kFailed) {
            queue.explain("no such luck");
        }
        return result;
    }
    void wait_for_handler() {
        in_handler.get_future().get();
        in_handler = {};
    }
    void wait_until_idle() { ran_empty.get_future().get(); }

    std::vector<std::string> told() {
        std::vector<std::string> lines;
        for (const EventPtr& event : record.history().copy().events) {
            lines.push_back(event->kind + " " + event->target + ": " +
                            std::string(to_string(event->result)) + ": " + event->cause);
        }
        return lines;
    }

    std::promise<void> in_handler, ran_empty;
    std::promise<WorkQueue::Result> outcome;
    ControlLock control{1, &record};
    WorkQueue queue{control, clock, [this](const WorkItem& item) { return handle(item); },
                    [this] { ran_empty.set_value(); }, &record};
    const RepId p0 = RepId::parse("p0").value();
    const RepId vf0 = RepId::parse("pf0vf0").value();
};

TEST_F(RecordedQueueTest, ListsWhatRunsAndWhatIsQueued) {
    record.set_queue_source([this] { return queue.list(); });
    ASSERT_TRUE(queue.start("test"));
    queue.push(WorkKind::kLoad, p0);
    wait_for_handler();
    clock.advance(milliseconds(20));
    queue.push(WorkKind::kLoad, vf0);
    queue.push(WorkKind::kUnload, vf0);
    queue.push(WorkKind::kLoad, vf0);
    const auto list = record.list_work().value();
    ASSERT_EQ(list.rows.size(), 3u);
    EXPECT_EQ(list.totals.pending, 3u);

    EXPECT_EQ(list.rows[0].name(), "load p0");
    EXPECT_TRUE(list.rows[0].running);
    EXPECT_EQ(list.rows[0].queued_at, clock.now() - milliseconds(20));
    EXPECT_EQ(list.rows[0].begun_at, clock.now() - milliseconds(20));
    EXPECT_EQ(list.rows[0].waits_for, "");

    EXPECT_EQ(list.rows[1].name(), "unload pf0vf0");
    EXPECT_EQ(list.rows[1].generation, 0u) << "it is never stale";
    EXPECT_EQ(list.rows[2].name(), "load pf0vf0");
    EXPECT_EQ(list.rows[2].generation, 1u);
    EXPECT_FALSE(list.rows[2].running);
    EXPECT_EQ(list.rows[2].waits_for, "its turn");
    EXPECT_EQ(list.rows[2].held_by, "load p0");
    EXPECT_LT(list.rows[0].id, list.rows[2].id);
    EXPECT_LT(list.rows[2].id, list.rows[1].id) << "in the order of queueing";
    EXPECT_EQ(counter("queue_pushed"), 4u);
    EXPECT_EQ(counter("queue_collapsed"), 1u);

    control.raise_generation();
    outcome.set_value(WorkQueue::Result::kDone);
    wait_for_handler();  // the unload
    outcome.set_value(WorkQueue::Result::kDone);
    wait_until_idle();
    EXPECT_EQ(record.list_work()->rows.size(), 0u);
    EXPECT_EQ(record.list_work()->totals.stale, 1u);
    record.set_queue_source({});
    EXPECT_FALSE(record.list_work());
}

TEST_F(RecordedQueueTest, RecordsWhatBecameOfEachItem) {
    ASSERT_EQ(control.acquire("operation"), ControlLock::Outcome::kAcquired);
    queue.push(WorkKind::kLoad, vf0);
    control.raise_generation();
    queue.drain();
    control.release();
    queue.push(WorkKind::kInspect);
    ASSERT_TRUE(queue.start("test"));
    wait_for_handler();
    outcome.set_value(WorkQueue::Result::kAgain);
    wait_for_handler();
    outcome.set_value(WorkQueue::Result::kFailed);
    wait_until_idle();
    EXPECT_EQ(told(),
              (std::vector<std::string>{"load pf0vf0: stale: generation 1 is over, it is 2 now",
                                        "inspect : requeued: ", "inspect : failed: no such luck"}));
    EXPECT_EQ(counter("queue_run"), 2u);
    EXPECT_EQ(counter("queue_failed"), 1u);
    EXPECT_EQ(counter("queue_requeued"), 1u);
    EXPECT_EQ(counter("queue_stale"), 1u);
    EXPECT_EQ(counter("control_lock_waits"), 0u) << "nobody had to wait for it";
}

class ManagerRecordTest : public ManagerTest {
protected:
    std::vector<EventPtr> events(const std::string& kind) {
        std::vector<EventPtr> found;
        for (const EventPtr& event : manager->records().at(pf0)->history().copy().events) {
            if (event->kind == kind) {
                found.push_back(event);
            }
        }
        return found;
    }
    std::map<std::string, uint64_t> counters() {
        return manager->records().at(pf0)->counters().copy().values;
    }
};

TEST_F(ManagerRecordTest, CountsLoadsAndModes) {
    start_switchdev(3);
    auto values = counters();
    EXPECT_EQ(values["loads"], 4u);
    EXPECT_EQ(values["unloads"], 0u);
    EXPECT_EQ(values["mode_changes"], 1u);
    ASSERT_EQ(events("mode").size(), 1u);
    EXPECT_EQ(events("mode")[0]->target, "switchdev");
    EXPECT_EQ(events("mode")[0]->cause, "first reading");
    EXPECT_EQ(values["queue_run"], eswitch()->queue.run);
    kernel.change_mode(pf0, Mode::kLegacy);
    ASSERT_TRUE(wait());
    EXPECT_EQ(counters()["unloads"], 4u);
    EXPECT_EQ(events("mode").back()->cause, "was switchdev");
}

TEST_F(ManagerRecordTest, SaysWhyALoadFailedAndCountsRetries) {
    kernel.add_pf(pf0, 0, 1);
    kernel.change_mode(pf0, Mode::kSwitchdev);
    kernel.fail_next("devlink_port", ref("pf0vf0").to_string(), EIO, "no such luck");
    start();
    ASSERT_TRUE(wait());
    const auto loads = events("load");
    EXPECT_EQ(loads.back()->result, EventResult::kFailed);
    EXPECT_NE(loads.back()->cause.find("no such luck"), std::string::npos);
    EXPECT_EQ(counters()["load_failures"], 1u);
    EXPECT_EQ(counters()["retries"], 0u);
    clock.advance(std::chrono::seconds(1));
    until([&](const Snapshot& snapshot) { return state_of(snapshot, ref("pf0vf0")) == "loaded"; });
    EXPECT_EQ(counters()["retries"], 1u);
}

TEST_F(ManagerRecordTest, CountsLostNotificationsAndWhatMakesUpForThem) {
    start_switchdev(1);
    EXPECT_EQ(counters()["resyncs"], 0u) << "the first reading is none";
    kernel.lose(Source::kDevlink);
    kernel.found(Source::kDevlink);
    ASSERT_TRUE(wait());
    EXPECT_EQ(counters()["overflows"], 1u);
    EXPECT_EQ(counters()["resyncs"], 1u);
    EXPECT_EQ(events("overflow").at(0)->target, "devlink");
    EXPECT_EQ(events("resync").at(0)->target, "devlink");
    EXPECT_LT(events("overflow")[0]->id, events("resync")[0]->id);
}

TEST_F(ManagerRecordTest, OutlivesTheEswitchAndGoesOnWithTheNext) {
    start_switchdev(1);
    const RecordPtr record = manager->records().at(pf0);
    EXPECT_TRUE(record->list_work());
    kernel.remove_device(pf0);
    ASSERT_TRUE(wait());
    EXPECT_FALSE(record->list_work());
    EXPECT_EQ(events("tear down").size(), 1u);
    kernel.add_pf(pf0, 0, 1);
    ASSERT_TRUE(wait());
    EXPECT_EQ(manager->records().at(pf0), record);
    EXPECT_TRUE(record->list_work());
}

TEST_F(ManagerRecordTest, DeviceWithoutAnEswitchHasNone) {
    kernel.add_plain_device(pf1);
    start_switchdev(1);
    EXPECT_EQ(manager->records().size(), 1u);
}

TEST_F(ManagerRecordTest, ShowsWhatAHeldInspectionWaitsFor) {
    start_switchdev(1);
    kernel.gate("eswitch_get");
    auto answer = wait_async(pf0);
    kernel.wait_for_blocked("eswitch_get");
    const auto work = manager->records().at(pf0)->list_work()->rows;
    ASSERT_EQ(work.size(), 1u);
    EXPECT_EQ(work[0].waits_for, "the kernel (devlink eswitch show)");
    kernel.ungate("eswitch_get");
    ASSERT_TRUE(get(std::move(answer)));
    EXPECT_TRUE(manager->records().at(pf0)->list_work()->rows.empty());
}

}  // namespace
}  // namespace esw
