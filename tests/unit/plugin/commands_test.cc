// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/commands.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "tests/fakes/memory_sink.h"
#include "tests/unit/plugin/fake_manager.h"

namespace esw {
namespace {

using fakes::FakeManager;

class CommandsTest : public testing::Test {
protected:
    /// Runs a command; `later_` is what it said afterwards.
    std::optional<CommandResult> run(const std::vector<std::string>& args) {
        const Answer answer = run_command(
            {manager_, clock_, [] { return bridges(); }, [this] { return failures_; }, flows_},
            args, [this](const CommandEnd& end) { later_ = end(); });
        if (const auto* report = std::get_if<Report>(&answer)) {
            return (*report)();
        }
        const auto* result = std::get_if<CommandResult>(&answer);
        return result ? std::optional(*result) : std::nullopt;
    }
    static std::map<std::string, std::string> bridges() { return {{"web", "br0"}}; }

    void expect_error(const std::vector<std::string>& args, const std::string& text) {
        const auto result = run(args);
        ASSERT_TRUE(result) << "it should be refused at once";
        EXPECT_TRUE(result->error);
        EXPECT_EQ(result->text, text);
    }

    SystemClock clock_;
    FakeManager manager_{[] {}};
    PortFailures failures_;
    fakes::MemorySink sink_;
    FlowOffload flows_{{}, clock_, sink_};
    std::optional<CommandResult> later_;
};

/// The datapath cannot use the representor that the port web has.
class CommandsOnAFailureTest : public CommandsTest {
protected:
    CommandsOnAFailureTest() {
        manager_.publish([](Snapshot& snapshot) {
            fakes::add_eswitch(snapshot, fakes::kPf0, {{2, 11}, {3, 12}});
            fakes::set_port(snapshot, "web", 3);
            snapshot.ports.set("web", fakes::loaded_binding("web", 3, 12));
        });
        failures_["web"] = {RepState::kFailed, {EMFILE, "eth5", "open packet sockets", ""}, 2, {}};
    }
    nlohmann::json show(const char* command) {
        return nlohmann::json::parse(run({command, "--json"}).value().text);
    }
};

TEST_F(CommandsOnAFailureTest, ShowsSayWhy) {
    const auto reps = show("esw/rep-show");
    const auto& eth = reps.at("pci/0000:08:00.0/pf0vf3").at("eth");
    EXPECT_EQ(eth.at("state"), "failed");
    EXPECT_EQ(eth.at("errno"), "EMFILE");
    EXPECT_EQ(eth.at("stage"), "open packet sockets");
    EXPECT_EQ(eth.at("retries"), 2);
    EXPECT_EQ(reps.at("pci/0000:08:00.0/pf0vf2").at("eth").at("state"), "loaded");
    EXPECT_EQ(show("esw/show").at("pci/0000:08:00.0").at("reps"),
              nlohmann::json({{"total", 2}, {"loaded", 1}, {"failed", 1}, {"absent", 0}}));
    EXPECT_NE(run({"esw/rep-show"})->text.find("eth5: open packet sockets (Too many open files)"),
              std::string::npos);
}

TEST_F(CommandsOnAFailureTest, WaitCountsIt) {
    EXPECT_FALSE(run({"esw/wait"}));
    manager_.waits.at(0)(WaitReport{1});
    EXPECT_EQ(later_->text, "2 failed");
    EXPECT_FALSE(later_->error);
    EXPECT_FALSE(run({"esw/wait", "pci/0000:08:00.1"}));
    manager_.waits.at(1)(WaitReport{});
    EXPECT_EQ(later_->text, "") << "it is another eswitch's";
}

TEST_F(CommandsOnAFailureTest, StrictWaitIsAnError) {
    EXPECT_FALSE(run({"esw/wait", "--strict", "pci/0000:08:00.0"}));
    manager_.waits.at(0)(WaitReport{});
    EXPECT_TRUE(later_->error);
    EXPECT_EQ(later_->text, "1 failed: eth5: open packet sockets (Too many open files)");
}

TEST_F(CommandsTest, AreListedWithTheirUsage) {
    std::vector<std::string> names;
    for (const CommandInfo& command : list_commands()) {
        names.emplace_back(command.name);
    }
    EXPECT_EQ(names,
              (std::vector<std::string>{
                  "esw/block-show", "esw/event-show", "esw/flow-show", "esw/plan",
                  "esw/profile-show", "esw/queue-show", "esw/reload", "esw/rep-show", "esw/rescan",
                  "esw/retry", "esw/set-mode", "esw/sf-add", "esw/sf-del", "esw/show",
                  "esw/stats-clear", "esw/stats-show", "esw/trace", "esw/wait", "esw/watchdog"}));
}

TEST_F(CommandsTest, ShowsPrintJson) {
    manager_.publish([](Snapshot& snapshot) {
        fakes::add_eswitch(snapshot, fakes::kPf0, {{3, 12}});
        snapshot.scanned = true;
    });
    for (const char* command : {"esw/show", "esw/rep-show"}) {
        const auto result = run({command, "--json"});
        ASSERT_TRUE(result);
        ASSERT_FALSE(result->error) << result->text;
        EXPECT_TRUE(nlohmann::json::parse(result->text).is_object()) << result->text;
    }
    const auto text = run({"esw/show", "-m", "pci/0000:08:00.0"});
    ASSERT_TRUE(text && !text->error);
    EXPECT_NE(text->text.find("pci/0000:08:00.0"), std::string::npos) << text->text;
}

TEST_F(CommandsTest, ShowsRefuseUnknownOptions) {
    expect_error({"esw/show", "--jason"}, "--jason: unknown option; expected --json or -m");
    expect_error({"esw/rep-show", "-x"}, "-x: unknown option; expected --json or -m");
}

TEST_F(CommandsTest, ShowsNameAnEswitchThatIsNotThere) {
    const auto result = run({"esw/show", "pci/0000:99:00.0"});
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->error);
    EXPECT_NE(result->text.find("pci/0000:99:00.0"), std::string::npos) << result->text;
}

TEST_F(CommandsTest, RecordsRefuseUnknownArguments) {
    expect_error({"esw/event-show", "-m"}, "-m: unknown option; expected --json or -n N");
    expect_error({"esw/event-show", "-n"}, "-n: '' is not a number of events");
    expect_error({"esw/event-show", "-n", "-3"}, "-n: '-3' is not a number of events");
    expect_error({"esw/stats-show", "-n", "3"}, "-n: unknown option; expected --json");
    expect_error({"esw/stats-clear", "--json"}, "--json: unknown option; expected none");
    for (const char* command : {"esw/block-show", "esw/event-show", "esw/queue-show",
                                "esw/stats-clear", "esw/stats-show", "esw/trace"}) {
        expect_error({command, "pci/0000:99:00.0"}, "no such eswitch pci/0000:99:00.0");
    }
}

TEST_F(CommandsTest, PlanTellsWhatIsWrongWithItsArguments) {
    manager_.publish([](Snapshot& snapshot) {
        fakes::add_eswitch(snapshot, fakes::kPf0, {{3, 12}});
        snapshot.scanned = true;
    });
    expect_error({"esw/plan"}, "esw/plan: expected an eswitch and a mode");
    expect_error({"esw/plan", "--json", "pci/0000:08:00.0"},
                 "esw/plan: expected an eswitch and a mode");
    expect_error({"esw/plan", "--jason", "pci/0000:08:00.0", "legacy"},
                 "--jason: unknown option; expected --json");
    expect_error({"esw/plan", "pf0vf3", "legacy"},
                 "pf0vf3: not a devlink handle such as pci/0000:08:00.0");
    expect_error({"esw/plan", "pci/0000:99:00.0", "legacy"}, "no such eswitch pci/0000:99:00.0");
    const auto mode = run({"esw/plan", "pci/0000:08:00.0", "offloads"});
    ASSERT_TRUE(mode && mode->error);
    EXPECT_NE(mode->text.find("expected legacy, switchdev or switchdev_inactive"),
              std::string::npos)
        << mode->text;
    const auto plan = run({"esw/plan", "--json", "pci/0000:08:00.0", "legacy"});
    ASSERT_TRUE(plan && !plan->error);
    EXPECT_EQ(nlohmann::json::parse(plan->text)["pci/0000:08:00.0"]["reps_lost"],
              nlohmann::json({"pf0vf3"}));
}

TEST_F(CommandsTest, WatchdogTakesAndShowsItsDeadline) {
    EXPECT_EQ(run({"esw/watchdog"})->text, "waits longer than 5 s are logged");
    EXPECT_EQ(run({"esw/watchdog", "0.25"})->text, "waits longer than 0.25 s are logged");
    EXPECT_EQ(manager_.wait_deadline_, std::chrono::milliseconds(250));
    expect_error({"esw/watchdog", "0"}, "deadline: must be at least a millisecond");
    expect_error({"esw/watchdog", "soon"},
                 "deadline: 'soon' is not a number of seconds from 0 to 86400");
    expect_error({"esw/watchdog", "1", "2"}, "2: unexpected argument; expected seconds or nothing");
    EXPECT_EQ(manager_.wait_deadline_, std::chrono::milliseconds(250));
}

TEST_F(CommandsTest, WaitAnswersLater) {
    EXPECT_FALSE(run({"esw/wait", "pci/0000:08:00.0", "--timeout=2.5"}));
    EXPECT_FALSE(later_);
    EXPECT_EQ(manager_.last_timeout, std::chrono::milliseconds(2500));
    manager_.waits.at(0)(WaitReport{});
    ASSERT_TRUE(later_);
    EXPECT_FALSE(later_->error);
    EXPECT_EQ(later_->text, "");
}

TEST_F(CommandsTest, WaitTellsHowManyFailed) {
    EXPECT_FALSE(run({"esw/wait"}));
    manager_.waits.at(0)(WaitReport{2});
    ASSERT_TRUE(later_);
    EXPECT_FALSE(later_->error);
    EXPECT_EQ(later_->text, "2 failed");
}

TEST_F(CommandsTest, WaitPassesErrorsOn) {
    EXPECT_FALSE(run({"esw/wait", "--strict"}));
    manager_.waits.at(0)(fail(ETIMEDOUT, "pci/0000:08:00.0", "wait", "2 items queued"));
    ASSERT_TRUE(later_);
    EXPECT_TRUE(later_->error);
    EXPECT_EQ(later_->text, "pci/0000:08:00.0: 2 items queued");
}

TEST_F(CommandsTest, WaitRefusesWhatItDoesNotUnderstand) {
    expect_error({"esw/wait", "--foo"},
                 "--foo: unknown option; expected --strict or --timeout=SECONDS");
    expect_error({"esw/wait", "--timeout=soon"},
                 "--timeout: 'soon' is not a number of seconds from 0 to 86400");
    expect_error({"esw/wait", "--timeout=-1"},
                 "--timeout: '-1' is not a number of seconds from 0 to 86400");
    expect_error({"esw/wait", "08:00.0"}, "08:00.0: not a devlink handle such as pci/0000:08:00.0");
    expect_error({"esw/wait", "pci/0000:08:00.0", "pci/0000:08:00.1"},
                 "pci/0000:08:00.1: more than one eswitch; expected one or none");
    EXPECT_TRUE(manager_.waits.empty());
}

TEST_F(CommandsTest, RescanAnswersWhenItIsThrough) {
    EXPECT_FALSE(run({"esw/rescan"}));
    manager_.rescans.at(0)({});
    ASSERT_TRUE(later_);
    EXPECT_FALSE(later_->error);
    expect_error({"esw/rescan", "now"}, "now: unexpected argument; there are none");
}

// --- the profile

TEST_F(CommandsTest, ProfileShow) {
    manager_.publish([](Snapshot& snapshot) {
        fakes::add_eswitch(snapshot, fakes::kPf0, {});
        auto status = std::make_shared<ProfileStatus>();
        status->profile = "*=legacy";
        status->eswitches[fakes::kPf0].override_mode = netlink::EswitchMode::kSwitchdev;
        status->eswitches[fakes::kPf0].state = ProfileState::kOverridden;
        snapshot.profile = std::move(status);
    });
    EXPECT_EQ(run({"esw/profile-show", "pci/0000:08:00.0"})->text,
              "profile: *=legacy\n"
              "ESWITCH           WANTED     ACTUAL     SOURCE    OVERRIDDEN  STATE       LAST "
              "ERROR\n"
              "pci/0000:08:00.0  switchdev  switchdev  override  yes         overridden  none");
    EXPECT_EQ(run({"esw/profile-show", "--json"})->text.find("{\"pci/0000:08:00.0\":"), 0u);
    expect_error({"esw/profile-show", "pci/0000:08:00.1"}, "no such eswitch pci/0000:08:00.1");
    EXPECT_NE(run({"esw/show"})->text.find("switchdev  switchdev"), std::string::npos);
}

TEST_F(CommandsTest, SetModeProfileGivesBack) {
    EXPECT_FALSE(run({"esw/set-mode", "pci/0000:08:00.0", "profile", "--wait=2"}));
    EXPECT_EQ(manager_.log, std::vector<std::string>{"profile of pci/0000:08:00.0"});
    EXPECT_EQ(manager_.last_timeout, std::chrono::seconds(2));
}

// --- operations

TEST_F(CommandsTest, OperationsAnswerLater) {
    EXPECT_FALSE(run({"esw/set-mode", "pci/0000:08:00.0", "switchdev", "--wait=1.5"}));
    EXPECT_FALSE(later_);
    EXPECT_EQ(manager_.last_timeout, std::chrono::milliseconds(1500));
    manager_.operations.at(0)(std::string("done"));
    ASSERT_TRUE(later_);
    EXPECT_FALSE(later_->error);
    EXPECT_EQ(later_->text, "done");
    EXPECT_FALSE(run({"esw/reload", "pci/0000:08:00.0"}));
    EXPECT_FALSE(run({"esw/sf-add", "pci/0000:08:00.0", "88"}));
    manager_.operations.at(2)(fail(EOPNOTSUPP, "pci/0000:08:00.0", "sf-add 88",
                                   "Port add is only supported in eswitch switchdev mode"));
    EXPECT_TRUE(later_->error);
    EXPECT_EQ(later_->text,
              "pci/0000:08:00.0: Port add is only supported in eswitch switchdev mode");
    EXPECT_EQ(manager_.log,
              (std::vector<std::string>{"set pci/0000:08:00.0 switchdev", "reload pci/0000:08:00.0",
                                        "add pci/0000:08:00.0 88"}));
}

TEST_F(CommandsTest, OperationsRefuseWhatTheyDoNotUnderstand) {
    expect_error({"esw/set-mode", "pci/0000:08:00.0"},
                 "esw/set-mode: expected an eswitch and legacy, switchdev, switchdev_inactive or "
                 "profile");
    expect_error({"esw/set-mode", "08:00.0", "legacy"},
                 "08:00.0: not a devlink handle such as pci/0000:08:00.0");
    expect_error({"esw/set-mode", "pci/0000:08:00.0", "Legacy"},
                 "Legacy: unknown mode; expected legacy, switchdev, switchdev_inactive or profile");
    expect_error({"esw/set-mode", "pci/0000:08:00.0", "legacy", "--wait=ever"},
                 "--wait: 'ever' is not a number of seconds from 0 to 86400");
    expect_error({"esw/set-mode", "pci/0000:08:00.0", "legacy", "--force"},
                 "--force: unknown option; expected --wait=SECONDS");
    expect_error({"esw/reload"}, "esw/reload: expected an eswitch");
    expect_error({"esw/reload", "p0"}, "p0: not a devlink handle such as pci/0000:08:00.0");
    expect_error({"esw/sf-add", "pci/0000:08:00.0", "-1"},
                 "-1: unknown option; expected --wait=SECONDS");
    expect_error({"esw/sf-add", "pci/0000:08:00.0", "8x"}, "8x: not the number of an SF");
    expect_error({"esw/sf-add", "pci/0000:08:00.0", "4294967296"},
                 "4294967296: not the number of an SF");
    expect_error({"esw/sf-del", "pf0sf1"}, "no such representor pf0sf1");
    expect_error({"esw/retry", "pf0vf1"}, "no such representor pf0vf1");
    EXPECT_TRUE(manager_.log.empty());
}

TEST_F(CommandsOnAFailureTest, RepsAreFoundByTheirIds) {
    expect_error({"esw/sf-del", "pf0vf3"}, "pci/0000:08:00.0/pf0vf3: not an SF's representor");
    manager_.log.clear();
    EXPECT_FALSE(run({"esw/retry", "pf0vf3"}));
    EXPECT_FALSE(run({"esw/retry"}));
    EXPECT_EQ(manager_.log,
              (std::vector<std::string>{"retry pci/0000:08:00.0/pf0vf3", "retry all"}));
    ASSERT_TRUE(later_);
    EXPECT_FALSE(later_->error);
}

}  // namespace
}  // namespace esw
