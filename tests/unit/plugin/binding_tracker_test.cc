// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/binding_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

#include "tests/unit/plugin/fake_manager.h"

namespace esw {
namespace {

using fakes::absent_binding;
using fakes::add_eswitch;
using fakes::kPf0;
using fakes::loaded_binding;
using Kind = BindingTracker::Step::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

MATCHER_P3(IsStep, kind, port_id, ifindex, "") {
    return arg.kind == kind && arg.port_id == static_cast<uint64_t>(port_id) &&
           arg.ifindex == static_cast<uint32_t>(ifindex);
}

class BindingTrackerTest : public testing::Test {
protected:
    /// A snapshot with one port, "web", bound to VF 3 as `ifindex`, or absent when that is 0.
    Snapshot web_at(uint32_t ifindex, uint64_t life = 1) {
        Snapshot snapshot;
        if (ifindex) {
            add_eswitch(snapshot, kPf0, {{3, ifindex}});
            auto binding = std::make_shared<PortBinding>(*loaded_binding("web", 3, ifindex));
            binding->life = life;
            snapshot.ports.set("web", binding);
        } else {
            snapshot.ports.set("web", absent_binding("web", "no such representor"));
        }
        return snapshot;
    }

    /// Brings port `id` to the device that `snapshot` says.
    void attach(uint64_t id, const Snapshot& snapshot) {
        const auto steps = tracker_.update(snapshot);
        ASSERT_FALSE(steps.empty());
        tracker_.attached(id, steps.back().attempt);
    }

    /// An attempt of port 1 at 12 that failed at `kStart`.
    void fail_once() {
        tracker_.add(1, "web");
        tracker_.failed(1, tracker_.update(web_at(12)).back().attempt, kNoFiles, kStart);
    }

    const Error kNoFiles{EMFILE, "eth5", "open packet sockets", ""};
    const TimePoint kStart{std::chrono::hours(1)};

    BindingTracker tracker_;
};

TEST_F(BindingTrackerTest, PreparesADeviceBeforeTheDatapathUsesIt) {
    tracker_.add(1, "web");
    const auto steps = tracker_.update(web_at(12));
    EXPECT_THAT(steps, ElementsAre(IsStep(Kind::kStatus, 1, 0), IsStep(Kind::kPrepare, 1, 12)));
    EXPECT_EQ(tracker_.find(1)->attached, 0u);
    EXPECT_FALSE(tracker_.settled());

    tracker_.attached(1, steps[1].attempt);
    EXPECT_EQ(tracker_.find(1)->attached, 12u);
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(BindingTrackerTest, SaysNothingWhenNothingChanged) {
    tracker_.add(1, "web");
    const Snapshot snapshot = web_at(12);
    attach(1, snapshot);
    EXPECT_THAT(tracker_.update(snapshot), IsEmpty());
}

TEST_F(BindingTrackerTest, DetachesWhenTheDeviceGoes) {
    tracker_.add(1, "web");
    attach(1, web_at(12));
    EXPECT_THAT(tracker_.update(web_at(0)), ElementsAre(IsStep(Kind::kDetach, 1, 12)));
    EXPECT_EQ(tracker_.find(1)->attached, 0u);
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(BindingTrackerTest, ChangesTheDeviceOneAfterTheOther) {
    tracker_.add(1, "web");
    attach(1, web_at(12));
    EXPECT_THAT(tracker_.update(web_at(30)),
                ElementsAre(IsStep(Kind::kDetach, 1, 12), IsStep(Kind::kPrepare, 1, 30)));
}

TEST_F(BindingTrackerTest, ANewLifeWithTheOldIfindexIsANewDevice) {
    tracker_.add(1, "web");
    attach(1, web_at(12, 1));
    EXPECT_THAT(tracker_.update(web_at(12, 2)),
                ElementsAre(IsStep(Kind::kDetach, 1, 12), IsStep(Kind::kPrepare, 1, 12)));
}

TEST_F(BindingTrackerTest, TheEndsOfAnOutdatedAttemptAreOfNoConsequence) {
    tracker_.add(1, "web");
    const auto first = tracker_.update(web_at(12)).back();
    const auto second = tracker_.update(web_at(30)).back();
    tracker_.attached(1, first.attempt);
    tracker_.gone(1, first.attempt);
    tracker_.failed(1, first.attempt, kNoFiles, kStart);
    EXPECT_EQ(tracker_.find(1)->attached, 0u);
    EXPECT_FALSE(tracker_.settled());
    tracker_.attached(1, second.attempt);
    EXPECT_EQ(tracker_.find(1)->attached, 30u);
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(BindingTrackerTest, ADeviceThatWentWhileItWasPreparedIsNotAttached) {
    tracker_.add(1, "web");
    const auto step = tracker_.update(web_at(12)).back();
    tracker_.gone(1, step.attempt);
    EXPECT_EQ(tracker_.find(1)->attached, 0u);
    EXPECT_EQ(tracker_.next_retry(), std::nullopt);
    EXPECT_TRUE(tracker_.settled());
    // The same device is not tried again, its next life is.
    EXPECT_THAT(tracker_.update(web_at(12, 2)), testing::Contains(IsStep(Kind::kPrepare, 1, 12)));
}

TEST_F(BindingTrackerTest, ARenamedDeviceOnlyShows) {
    tracker_.add(1, "web");
    Snapshot snapshot = web_at(12);
    attach(1, snapshot);
    snapshot.ports.set("web", loaded_binding("web", 3, 12, "renamed"));
    EXPECT_THAT(tracker_.update(snapshot), ElementsAre(IsStep(Kind::kStatus, 1, 0)));
    EXPECT_EQ(tracker_.find(1)->attached, 12u);
}

TEST_F(BindingTrackerTest, TheEswitchShowsInItsPorts) {
    tracker_.add(1, "web");
    Snapshot snapshot = web_at(12);
    attach(1, snapshot);

    auto eswitch = std::make_shared<EswitchSnapshot>(*snapshot.eswitches[kPf0]);
    eswitch->queue.run = 99;
    snapshot.eswitches[kPf0] = eswitch;
    EXPECT_THAT(tracker_.update(snapshot), IsEmpty()) << "the queue is no port's business";

    eswitch = std::make_shared<EswitchSnapshot>(*eswitch);
    eswitch->generation++;
    snapshot.eswitches[kPf0] = eswitch;
    EXPECT_THAT(tracker_.update(snapshot), ElementsAre(IsStep(Kind::kStatus, 1, 0)));
}

TEST_F(BindingTrackerTest, AnotherPfOfTheAdapterShowsInItsPorts) {
    tracker_.add(1, "web");
    Snapshot snapshot = web_at(12);
    attach(1, snapshot);
    add_eswitch(snapshot, {"pci", "0000:08:00.1"}, {});
    EXPECT_THAT(tracker_.update(snapshot), ElementsAre(IsStep(Kind::kStatus, 1, 0)));
}

TEST_F(BindingTrackerTest, RemovingAPortTellsWhatToPutBack) {
    tracker_.add(1, "web");
    attach(1, web_at(12));
    EXPECT_EQ(tracker_.remove(1), 12u);
    EXPECT_EQ(tracker_.remove(1), std::nullopt);
    EXPECT_EQ(tracker_.find(1), nullptr);
}

TEST_F(BindingTrackerTest, ADeviceThatTheNextPortHasIsNotPutBack) {
    tracker_.add(1, "web");
    attach(1, web_at(12));
    tracker_.add(2, "web");
    attach(2, web_at(12));
    EXPECT_EQ(tracker_.remove(1), std::nullopt);
    EXPECT_EQ(tracker_.remove(2), 12u);
}

TEST_F(BindingTrackerTest, RemovingAPortThatIsBeingPreparedSettles) {
    tracker_.add(1, "web");
    const auto step = tracker_.update(web_at(12)).back();
    EXPECT_EQ(tracker_.remove(1), 12u);
    EXPECT_TRUE(tracker_.settled());
    tracker_.attached(1, step.attempt);
    EXPECT_EQ(tracker_.find(1), nullptr);
}

TEST_F(BindingTrackerTest, ThePortThatHasTheNameGetsTheDevice) {
    tracker_.add(1, "web");
    tracker_.add(2, "web");
    EXPECT_THAT(tracker_.update(web_at(12)),
                ElementsAre(IsStep(Kind::kStatus, 2, 0), IsStep(Kind::kPrepare, 2, 12)));
    // The old one goes late; the new one keeps the name.
    EXPECT_EQ(tracker_.remove(1), std::nullopt);
    EXPECT_THAT(tracker_.update(web_at(30)),
                ElementsAre(IsStep(Kind::kDetach, 2, 12), IsStep(Kind::kPrepare, 2, 30)));
}

TEST_F(BindingTrackerTest, WhatFailedIsTriedAgainWithBackOff) {
    fail_once();
    EXPECT_TRUE(tracker_.settled()) << "back-off holds nobody";
    EXPECT_EQ(tracker_.find(1)->failure->error.code, EMFILE);
    const TimePoint due = tracker_.next_retry().value();
    EXPECT_GT(due, kStart);
    EXPECT_THAT(tracker_.retry(due - Duration(1)), IsEmpty());

    const auto steps = tracker_.retry(due);
    EXPECT_THAT(steps, ElementsAre(IsStep(Kind::kPrepare, 1, 12)));
    EXPECT_FALSE(tracker_.settled());
    EXPECT_EQ(tracker_.next_retry(), std::nullopt);
    EXPECT_THAT(tracker_.retry(due), IsEmpty()) << "one attempt at a time";

    tracker_.failed(1, steps[0].attempt, kNoFiles, due);
    EXPECT_EQ(tracker_.next_retry().value() - due, 2 * (due - kStart));
    EXPECT_EQ(tracker_.failures().at("web").retries, 2u);
}

TEST_F(BindingTrackerTest, AnAttemptThatSucceedsEndsTheFailure) {
    fail_once();
    tracker_.attached(1, tracker_.retry(tracker_.next_retry().value()).at(0).attempt);
    EXPECT_EQ(tracker_.find(1)->attached, 12u);
    EXPECT_FALSE(tracker_.find(1)->failure);
    EXPECT_THAT(tracker_.failures(), IsEmpty());
}

TEST_F(BindingTrackerTest, AnotherDeviceStartsAnew) {
    fail_once();
    EXPECT_THAT(tracker_.update(web_at(0)), ElementsAre(IsStep(Kind::kDetach, 1, 12)));
    EXPECT_EQ(tracker_.next_retry(), std::nullopt);
    EXPECT_THAT(tracker_.failures(), IsEmpty());
}

TEST_F(BindingTrackerTest, APortThatIsReplacedIsNotTriedAgain) {
    fail_once();
    tracker_.add(2, "web");
    EXPECT_EQ(tracker_.next_retry(), std::nullopt);
    EXPECT_THAT(tracker_.retry(kStart + std::chrono::hours(1)), IsEmpty());
    EXPECT_THAT(tracker_.failures(), IsEmpty());
}

}  // namespace
}  // namespace esw
