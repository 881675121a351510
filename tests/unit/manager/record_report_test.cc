// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/record_report.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "esw-manager/report.h"
#include "tests/unit/manager/record_fixture.h"

namespace esw {
namespace {

using nlohmann::json;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class RecordReportTest : public testing::Test {
protected:
    RecordReportTest() {
        snapshot.eswitches[pf0] = std::make_shared<EswitchSnapshot>();
        records[pf0] = fixture.record;
    }

    /// An item of work that began `at` after the start of the test and took `duration`.
    void add(EventTrack track, const char* kind, const char* target, Duration at, Duration duration,
             EventResult result = EventResult::kDone, const char* cause = "") {
        fixture.record->record({track, kind, target, 7, result, cause, start + at, duration});
    }

    json events(const RecordRequest& request) {
        return json::parse(report_events(context, request).value());
    }
    json trace() { return json::parse(report_trace(context, {}).value()).at("traceEvents"); }
    /// "X track name" of the events of a trace that are no metadata, by the order of their ids.
    std::map<int, json> traced() {
        std::map<int, json> out;
        for (const json& event : trace()) {
            if (event.at("ph") != "M") {
                out[event.at("args").at("id").get<int>()] = event;
            }
        }
        return out;
    }

    const DevlinkHandle pf0{"pci", "0000:08:00.0"};
    fakes::FakeClock clock;
    fakes::MemorySink log;
    RecordFixture fixture{clock, log};
    const TimePoint start = clock.now();
    Snapshot snapshot;
    Records records;
    RecordContext context{records, snapshot, start + std::chrono::seconds(9)};
};

TEST_F(RecordReportTest, EventsAsJson) {
    add(EventTrack::kQueue, "load", "pf0vf3", milliseconds(1), microseconds(1500),
        EventResult::kFailed, "no such luck");
    add(EventTrack::kEvents, "mode", "switchdev", milliseconds(4), {});
    const json all = events({true});
    EXPECT_EQ(all.at("pci/0000:08:00.0").at("recorded"), 2);
    EXPECT_EQ(all.at("pci/0000:08:00.0").at("dropped"), 0);
    EXPECT_EQ(all.at("pci/0000:08:00.0").at("capacity"), 1000);
    EXPECT_EQ(all.at("pci/0000:08:00.0").at("present"), true);
    EXPECT_EQ(all.at("pci/0000:08:00.0").at("events").at(0),
              json({{"id", 1},
                    {"time", "2026-01-01T00:00:00.001000Z"},
                    {"where", "queue"},
                    {"kind", "load"},
                    {"target", "pf0vf3"},
                    {"generation", 7},
                    {"result", "failed"},
                    {"cause", "no such luck"},
                    {"duration_ms", 1},
                    {"duration_us", 1500}}));
    EXPECT_EQ(all.at("pci/0000:08:00.0").at("events").at(1).at("cause"), nullptr);
    const json last = events({true, 1}).at("pci/0000:08:00.0").at("events");
    ASSERT_EQ(last.size(), 1u);
    EXPECT_EQ(last.at(0).at("id"), 2);
}

TEST_F(RecordReportTest, EventsAsText) {
    add(EventTrack::kQueue, "inspect", "", milliseconds(1), microseconds(1500));
    EXPECT_EQ(report_events(context, {}).value(),
              "pci/0000:08:00.0: 1 events, 0 dropped\n"
              "ID  TIME                         WHERE  KIND     TARGET  GENERATION  RESULT  MS"
              "     CAUSE\n"
              "1   2026-01-01T00:00:00.001000Z  queue  inspect  none    7           done    1.500"
              "  none");
    snapshot.eswitches.clear();
    EXPECT_EQ(report_events(context, {false, 0}).value(),
              "pci/0000:08:00.0: 1 events, 0 dropped; the eswitch is gone");
}

TEST_F(RecordReportTest, StatisticsAndTheirClearing) {
    fixture.record->count(Counter::kLoads, 3);
    const auto stats = [&] {
        return json::parse(report_stats(context, {true}).value()).at("pci/0000:08:00.0");
    };
    EXPECT_EQ(stats().at("counters").at("loads"), 3);
    EXPECT_EQ(stats().at("age_ms"), 9000);
    const std::string text = report_stats(context, {}).value();
    EXPECT_EQ(text.rfind("pci/0000:08:00.0: counted for 9000 ms\nCOUNTER", 0), 0u) << text;
    EXPECT_NE(text.find("\nloads "), std::string::npos) << text;
    EXPECT_EQ(clear_stats(context, {}).value(), "");
    EXPECT_EQ(stats().at("counters").at("loads"), 0);
    EXPECT_EQ(stats().at("age_ms"), 0);
}

TEST_F(RecordReportTest, QueuesOfEswitchesThatAreThere) {
    WorkList list;
    list.totals = {2, 19, 3, 1, 4};
    list.rows.push_back({7, true, "load", "p0", 2, start, start + milliseconds(500), "", ""});
    list.rows.push_back({8, false, "unload", "pf0vf3", 0, start, {}, "its turn", "load p0"});
    const RecordRequest named{true, SIZE_MAX, {"pci/0000:08:00.0"}};
    EXPECT_EQ(report_queues(context, {true}).value(), "{}");
    EXPECT_EQ(report_queues(context, named).error().code, ENODEV) << "only its record is left";

    fixture.record->set_queue_source([&] { return list; });
    const json queue = json::parse(report_queues(context, named).value()).at("pci/0000:08:00.0");
    EXPECT_EQ(queue.at("run"), 19);
    EXPECT_EQ(queue.at("stale"), 3);
    EXPECT_EQ(queue.at("requeued"), 1);
    EXPECT_EQ(queue.at("failed"), 4);
    EXPECT_EQ(queue.at("pending"), 2);
    EXPECT_EQ(queue.at("work").at(0), json({{"id", 7},
                                            {"state", "running"},
                                            {"kind", "load"},
                                            {"target", "p0"},
                                            {"generation", 2},
                                            {"age_ms", 9000},
                                            {"running_ms", 8500},
                                            {"waits_for", nullptr},
                                            {"held_by", nullptr}}));
    EXPECT_EQ(queue.at("work").at(1).at("generation"), nullptr);
    EXPECT_EQ(report_queues(context, {}).value(),
              "pci/0000:08:00.0: 2 pending; 19 run, 3 stale, 1 requeued, 4 failed\n"
              "ID  STATE    KIND    TARGET  GENERATION  AGE MS  WAITS FOR  HELD BY\n"
              "7   running  load    p0      2           9000    nothing    nobody\n"
              "8   queued   unload  pf0vf3  any         9000    its turn   load p0");
    fixture.record->set_queue_source({});
}

TEST_F(RecordReportTest, BlocksAndWhoWaitsForThem) {
    BlockState block;
    const RecordRequest named{true, SIZE_MAX, {"pci/0000:08:00.0"}};
    EXPECT_EQ(report_blocks(context, {}).value(), emptiness(snapshot, "eswitches"));
    EXPECT_EQ(report_blocks(context, named).error().code, ENODEV) << "only its record is left";

    fixture.record->set_block_source([&] { return block; });
    EXPECT_EQ(report_blocks(context, {}).value(), "pci/0000:08:00.0: nobody holds the block");
    EXPECT_EQ(json::parse(report_blocks(context, named).value()).at("pci/0000:08:00.0").at("owner"),
              nullptr);

    block.owner = {"set-mode legacy", "reconfigure", start};
    block.lent_to = "rescan of set-mode legacy";
    block.waiters = {{"load pf0vf3", "load", start + milliseconds(500)}};
    EXPECT_EQ(
        json::parse(report_blocks(context, named).value()).at("pci/0000:08:00.0"),
        json({{"owner", "set-mode legacy"},
              {"reason", "reconfigure"},
              {"held_ms", 9000},
              {"lent_to", "rescan of set-mode legacy"},
              {"waiters", {{{"name", "load pf0vf3"}, {"reason", "load"}, {"waits_ms", 8500}}}}}));
    EXPECT_EQ(report_blocks(context, {}).value(),
              "pci/0000:08:00.0: held by set-mode legacy, lent to rescan of set-mode legacy\n"
              "WHO              ROLE   TO           MS\n"
              "set-mode legacy  owner  reconfigure  9000\n"
              "load pf0vf3      waits  load         8500");
    fixture.record->set_block_source({});
}

TEST_F(RecordReportTest, TraceHasEachEventInItsThread) {
    add(EventTrack::kQueue, "load", "p0", milliseconds(2), microseconds(1500));
    add(EventTrack::kWaits, "wait", "load p0", milliseconds(2), milliseconds(1), EventResult::kLate,
        "for the block");
    std::map<std::string, int> threads;
    for (const json& event : trace()) {
        if (event.at("ph") == "M") {
            threads[event.at("args").at("name")] = event.at("tid");
            EXPECT_EQ(event.at("pid"), 1);
        }
    }
    EXPECT_EQ(threads.size(), 3u);
    EXPECT_EQ(threads.at("pci/0000:08:00.0"), 0);
    const auto events = traced();
    ASSERT_EQ(events.size(), 2u);
    const json& load = events.at(1);
    EXPECT_EQ(load.at("name"), "load p0");
    EXPECT_EQ(load.at("ph"), "X");
    EXPECT_EQ(load.at("dur"), 1500);
    EXPECT_EQ(load.at("tid"), threads.at("queue"));
    const json& late = events.at(2);
    EXPECT_EQ(late.at("ph"), "i");
    EXPECT_EQ(late.at("s"), "t");
    EXPECT_EQ(late.at("ts").get<int64_t>() - load.at("ts").get<int64_t>(), 1000);
    EXPECT_EQ(late.at("tid"), threads.at("waits"));
    EXPECT_EQ(late.at("args").at("cause"), "for the block");
}

// Perfetto drops events of one thread that overlap without being nested.
TEST_F(RecordReportTest, TraceNeverOverlapsInOneThread) {
    add(EventTrack::kOperations, "outer", "", milliseconds(0), milliseconds(10));
    add(EventTrack::kOperations, "nested", "", milliseconds(2), milliseconds(8));
    add(EventTrack::kOperations, "overlapping", "", milliseconds(5), milliseconds(10));
    add(EventTrack::kOperations, "after", "", milliseconds(10), milliseconds(3));
    add(EventTrack::kOperations, "moment", "", milliseconds(10), {});
    const auto events = traced();
    const auto tid = [&](int id) { return events.at(id).at("tid").get<int>(); };
    EXPECT_EQ(tid(1), tid(2));
    EXPECT_EQ(tid(3), tid(1) + 1);
    EXPECT_EQ(tid(4), tid(1));
    EXPECT_EQ(tid(5), tid(1));
}

TEST_F(RecordReportTest, WhatIsNoEswitchIsNamed) {
    const RecordRequest request{false, SIZE_MAX, {"pci/0000:08:00.0", "pf0vf3"}};
    for (const auto report : {report_events, report_stats, clear_stats, report_trace}) {
        const auto result = report(context, request);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ENODEV);
        EXPECT_EQ(result.error().detail, "no such eswitch pf0vf3");
    }
    records.clear();
    snapshot.scanned = true;
    EXPECT_EQ(report_events(context, {}).value(), "no eswitches");
    EXPECT_EQ(report_events(context, {true}).value(), "{}");
}

}  // namespace
}  // namespace esw
