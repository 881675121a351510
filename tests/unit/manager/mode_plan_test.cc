// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mode_plan.h"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "tests/unit/manager/manager_fixture.h"

namespace esw {
namespace {

using nlohmann::json;

/// An eswitch with three VFs, an SF, and ports: one has a VF, one waits for a VF that is not there.
class ModePlanTest : public ManagerTest {
protected:
    void begin() {
        start_switchdev(3);
        std::promise<Result<std::string>> added;
        manager->add_subfunction(pf0, 88, std::chrono::hours(1),
                                 [&](Result<std::string> rep) { added.set_value(std::move(rep)); });
        ASSERT_EQ(added.get_future().get().value(), "pf0sf88");
        claim("web", pf0, "pf0vf1");
        claim("later", pf0, "pf0vf9");
        ASSERT_TRUE(wait());
    }
    ModePlan plan(Mode mode) {
        return plan_mode(*manager->snapshot(), clock.now(), pf0, mode).value();
    }
    json as_json(Mode mode) { return json::parse(to_json(plan(mode))).at("pci/0000:08:00.0"); }
};

TEST_F(ModePlanTest, OfLegacyTellsWhatGoesAndWhatGoesForGood) {
    begin();
    clock.advance(std::chrono::milliseconds(1500));
    EXPECT_EQ(as_json(Mode::kLegacy),
              json({{"from", "switchdev"},
                    {"mode_age_ms", 1500},
                    {"to", "legacy"},
                    {"change", true},
                    {"waits_for", nullptr},
                    {"reps_lost", {"pf0vf0", "pf0vf1", "pf0vf2", "pf0sf88"}},
                    {"sfs_deleted", {"pf0sf88"}},
                    {"ports_lost", {"web"}},
                    {"ports_waiting", json::array()},
                    {"rdma_devices_replaced", true},
                    {"traffic_dropped", false}}));
    EXPECT_EQ(to_text(plan(Mode::kLegacy)),
              "pci/0000:08:00.0: switchdev (read 1500 ms ago) to legacy\n"
              "  representors that go: pf0vf0, pf0vf1, pf0vf2, pf0sf88\n"
              "  deleted for good, since the driver does so: pf0sf88\n"
              "  ports that lose theirs and wait for it: web\n"
              "  RDMA devices are made anew; rules that programs put into the adapter are lost");
}

TEST_F(ModePlanTest, ComesTrue) {
    begin();
    const ModePlan before = plan(Mode::kLegacy);
    std::promise<Result<std::string>> set;
    manager->set_mode(pf0, Mode::kLegacy, std::chrono::hours(1),
                      [&](Result<std::string> result) { set.set_value(std::move(result)); });
    ASSERT_EQ(set.get_future().get().value(), "done");
    ASSERT_TRUE(wait());
    for (const RepId& rep : before.reps_lost) {
        EXPECT_FALSE(eswitch()->reps.count(rep)) << rep.to_string();
    }
    EXPECT_EQ(binding("web").state, PortState::kAbsent);
    const ModePlan back = plan(Mode::kSwitchdev);
    EXPECT_EQ(back.ports_waiting, (std::vector<std::string>{"later", "web"}));
    EXPECT_TRUE(back.reps_lost.empty());
    EXPECT_TRUE(back.rdma_devices_replaced);
}

TEST_F(ModePlanTest, OfInactiveTellsOfTheTraffic) {
    begin();
    const ModePlan inactive = plan(Mode::kSwitchdevInactive);
    EXPECT_TRUE(inactive.reps_lost.empty());
    EXPECT_FALSE(inactive.rdma_devices_replaced);
    EXPECT_TRUE(inactive.traffic_dropped);
    EXPECT_NE(to_text(inactive).find("all traffic is dropped until switchdev"), std::string::npos);
}

TEST_F(ModePlanTest, OfTheModeThatItHasIsNoChange) {
    begin();
    EXPECT_EQ(to_text(plan(Mode::kSwitchdev)),
              "pci/0000:08:00.0: switchdev (read 0 ms ago) to switchdev: no change");
    EXPECT_FALSE(as_json(Mode::kSwitchdev).at("change"));
}

TEST_F(ModePlanTest, SaysWhatItWouldWaitFor) {
    begin();
    kernel.gate("eswitch_set");
    std::promise<Result<std::string>> set;
    manager->set_mode(pf0, Mode::kSwitchdevInactive, std::chrono::hours(1),
                      [&](Result<std::string> result) { set.set_value(std::move(result)); });
    kernel.wait_for_blocked("eswitch_set");
    until([&](const Snapshot& snapshot) {
        return snapshot.eswitches.at(pf0)->state == "set-mode switchdev_inactive";
    });
    EXPECT_EQ(as_json(Mode::kLegacy).at("waits_for"), "set-mode switchdev_inactive");
    kernel.ungate("eswitch_set");
    EXPECT_TRUE(set.get_future().get());
}

TEST_F(ModePlanTest, OfManyNamesAFew) {
    start_switchdev(127);
    EXPECT_NE(to_text(plan(Mode::kLegacy))
                  .find("representors that go: pf0vf0, pf0vf1 ... pf0vf126 (127)\n"),
              std::string::npos);
}

TEST_F(ModePlanTest, NamesAnEswitchThatIsNotThere) {
    start();
    ASSERT_TRUE(wait());
    const auto none = plan_mode(*manager->snapshot(), clock.now(), pf0, Mode::kLegacy);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ENODEV);
}

}  // namespace
}  // namespace esw
