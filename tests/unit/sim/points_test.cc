// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "utilities/esw-sim/operation.h"

namespace esw::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Fixture : testing::Test {
    std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create());
    Points points{*loop};
    std::vector<std::string> passed;

    void pass(const std::string& name, const std::string& handle) {
        points.pass(name, handle, [this, handle](const Status& status) {
            passed.push_back(handle + (status ? "" : " " + errno_name(status.error().code)));
        });
    }
};

using Gates = Fixture;
using Faults = Fixture;
using Operations = Fixture;

TEST_F(Gates, HoldOnlyTheirDeviceAndLetGoInOrder) {
    ASSERT_TRUE(points.close("numvfs", "a"));
    pass("numvfs", "a");
    pass("numvfs", "b");
    pass("numvfs", "a");
    EXPECT_THAT(passed, ElementsAre("b"));
    EXPECT_EQ(points.gates().at(0).held, 2u);
    ASSERT_TRUE(points.open("numvfs", "a"));
    EXPECT_THAT(passed, ElementsAre("b", "a", "a"));
}

TEST_F(Gates, TellWhenSomethingIsHeld) {
    int told = 0;
    EXPECT_FALSE(points.when_held("numvfs", "", [&] { told++; }));
    ASSERT_TRUE(points.close("numvfs", ""));
    ASSERT_TRUE(points.when_held("numvfs", "", [&] { told++; }));
    EXPECT_EQ(told, 0);
    pass("numvfs", "a");
    EXPECT_EQ(told, 1);
    ASSERT_TRUE(points.when_held("numvfs", "", [&] { told++; }));
    EXPECT_EQ(told, 2);
}

TEST_F(Gates, RefuseNamesThatAreNoPoints) {
    EXPECT_THAT(points.close("numvf", "").error().to_string(), HasSubstr("there are"));
    EXPECT_FALSE(points.open("numvfs", ""));
    ASSERT_TRUE(points.close("numvfs", ""));
    EXPECT_FALSE(points.close("numvfs", ""));
}

TEST_F(Faults, HitAsManyAsSaidAfterThoseLetThrough) {
    Points::Fault fault;
    fault.point = "numvfs";
    fault.error = EAGAIN;
    fault.after = 1;
    fault.count = 2;
    ASSERT_TRUE(points.add_fault(fault));
    for (int i = 0; i < 4; i++) {
        pass("numvfs", "a");
    }
    EXPECT_THAT(passed, ElementsAre("a", "a EAGAIN", "a EAGAIN", "a"));
}

TEST_F(Faults, MakeAnOperationTakeLong) {
    Points::Fault fault;
    fault.point = "numvfs";
    fault.delay_ms = 1;
    ASSERT_TRUE(points.add_fault(fault));
    points.pass("numvfs", "a", [this](const Status& status) {
        EXPECT_TRUE(status);
        passed.push_back("late");
        loop->stop();
    });
    EXPECT_TRUE(passed.empty());
    loop->run();
    EXPECT_THAT(passed, ElementsAre("late"));
}

TEST_F(Operations, RunStepsThatStepsAddBeforeTheOthers) {
    const auto operation = std::make_shared<Operation>(
        points, "a", [this](const Status&) { passed.push_back("done"); });
    operation->then([&]() -> Status {
        operation->then([&]() -> Status {
            passed.push_back("added");
            return {};
        });
        return {};
    });
    operation->then([&]() -> Status {
        passed.push_back("second");
        return {};
    });
    operation->run();
    EXPECT_THAT(passed, ElementsAre("added", "second", "done"));
}

TEST_F(Operations, EndWithTheFirstErrorBehindTheUnwinding) {
    const auto operation = std::make_shared<Operation>(points, "a", [this](const Status& status) {
        passed.push_back(errno_name(status.error().code));
    });
    operation->then([&]() -> Status { return fail(ENOMEM, "a", "first"); });
    operation->then([&]() -> Status {
        passed.push_back("never");
        return {};
    });
    operation->on_error([&] {
        operation->then([&]() -> Status {
            passed.push_back("unwound");
            return fail(EIO, "a", "second");
        });
    });
    operation->run();
    EXPECT_THAT(passed, ElementsAre("unwound", "ENOMEM"));
}

TEST_F(Operations, WaitForALockAndGiveItBack) {
    const auto lock = std::make_shared<KernelLock>();
    KernelLock::Release release;
    lock->acquire([&](const KernelLock::Release& given) { release = given; });
    const auto operation = std::make_shared<Operation>(
        points, "a", [this](const Status&) { passed.push_back("done"); });
    operation->then_lock(lock, *lock);
    operation->run();
    EXPECT_TRUE(passed.empty());
    release();
    EXPECT_THAT(passed, ElementsAre("done"));
    EXPECT_FALSE(lock->held());
}

}  // namespace
}  // namespace esw::sim
