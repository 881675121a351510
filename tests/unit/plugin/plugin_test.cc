// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>

#include "tests/fakes/fake_clock.h"
#include "tests/unit/plugin/fake_manager.h"
#include "tests/unit/plugin/link_kernel.h"

namespace esw {
namespace {

using fakes::absent_binding;
using fakes::FakeManager;
using fakes::kPf0;
using fakes::LinkKernel;
using fakes::loaded_binding;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class NullSink final : public LogSink {
public:
    void write(LogLevel, std::string_view, std::string_view) override {}
    bool enabled(LogLevel, std::string_view) const override { return true; }
};

class PluginTest : public testing::Test {
protected:
    explicit PluginTest(std::chrono::milliseconds stop_deadline = std::chrono::minutes(1),
                        Duration patience = std::chrono::minutes(1)) {
        Plugin::Parts parts;
        parts.stop_deadline = stop_deadline;
        parts.patience = patience;
        parts.log = std::make_unique<NullSink>();
        auto clock = std::make_unique<fakes::FakeClock>();
        clock_ = clock.get();
        parts.clock = std::move(clock);
        auto kernel = std::make_unique<testing::NiceMock<LinkKernel>>();
        kernel_ = kernel.get();
        parts.kernel = std::move(kernel);
        parts.make_manager =
            [this](LogSink&, const Clock&, netlink::Kernel&, const std::shared_ptr<FlowOffload>&,
                   std::function<void()> changed) -> Result<std::unique_ptr<Manager>> {
            auto manager = std::make_unique<FakeManager>(std::move(changed));
            manager_ = manager.get();
            return manager;
        };
        parts.bridges = [] { return std::map<std::string, std::string>{}; };
        plugin_ = std::move(*Plugin::create(std::move(parts)));
        LinkKernel::Device device;
        device.link.name = "eth5";
        device.link.mtu = 1500;
        device.stats.rx_packets = 77;
        device.modes.emplace().speed_mbps = 25000;
        kernel_->add(12, device);
    }

    uint64_t add_port(const std::string& name, const OptionMap& options = {}) {
        const uint64_t id = plugin_->add_port(name);
        EXPECT_TRUE(plugin_->configure_port(id, options));
        return id;
    }

    /// One turn of the main loop. What run() told of a rebound port is in `bound_`.
    void run() {
        plugin_->run(
            [this](uint64_t id, const Plugin::Binding& binding) {
                if (binding.rebound && binding.ifindex && host_error_) {
                    ++refused_;
                    return host_error_;
                }
                if (binding.is_changing) {
                    plugin_->read_link(id, bound_[id].ifindex);
                }
                if (binding.rebound) {
                    bound_[id] = binding;
                    clock_->advance(host_takes_);
                }
                return 0;
            },
            [this](const NetdevSetup::Reading& reading) { readings_.push_back(reading); });
        plugin_->answer([this] { return status_written_; },
                        [this](void* conn, bool error, const std::string& text) {
                            answers_[conn] = {error, text};
                        });
    }
    /// Turns until `done`, sleeping in poll() as the switch does.
    void run_until(const std::function<bool()>& done) {
        run();
        while (!done()) {
            pollfd fd{plugin_->fd(), POLLIN, 0};
            ASSERT_EQ(poll(&fd, 1, 10'000), 1) << "nothing woke the main thread";
            run();
        }
    }
    /// esw/wait, of which nothing but the status is not through.
    void wait_for_status(void* conn) {
        plugin_->command({"esw/wait"}, conn, [](void*, bool, const std::string&) { FAIL(); });
        manager_->waits.at(0)(WaitReport{});
        status_written_ = false;
        run();
        EXPECT_EQ(answers_.count(conn), 0u);
    }
    bool is_bound(uint64_t id, uint32_t ifindex) { return bound_[id].ifindex == ifindex; }

    std::map<std::string, std::string> status(uint64_t id) {
        const auto rows = plugin_->port_status(id);
        return {rows.begin(), rows.end()};
    }
    void publish_loaded(const std::string& port, uint32_t ifindex) {
        manager_->publish([&](Snapshot& snapshot) {
            fakes::add_eswitch(snapshot, kPf0, {{3, ifindex}});
            snapshot.ports.set(port, loaded_binding(port, 3, ifindex));
        });
    }

    /// A port that was offered ifindex 12 once and could not use it.
    uint64_t add_refused_port(int error) {
        const uint64_t id = add_port("pf0vf3");
        host_error_ = error;
        publish_loaded("pf0vf3", 12);
        run_until([&] { return refused_ == 1; });
        return id;
    }

    /// Lets the time pass until the next attempt is due, and the switch wake up for it.
    void pass_back_off() {
        const auto delay = plugin_->time_to_next();
        ASSERT_TRUE(delay) << "nothing is tried again";
        EXPECT_GT(*delay, Duration::zero()) << "it would spin";
        clock_->advance(*delay);
    }

    fakes::FakeClock* clock_ = nullptr;
    Duration host_takes_{};  // to use a device
    testing::NiceMock<LinkKernel>* kernel_ = nullptr;
    FakeManager* manager_ = nullptr;
    std::unique_ptr<Plugin> plugin_;
    std::map<uint64_t, Plugin::Binding> bound_;
    std::vector<NetdevSetup::Reading> readings_;
    std::map<void*, CommandResult> answers_;
    bool status_written_ = true;
    int host_error_ = 0;  ///< of a device that is offered to the host
    int refused_ = 0;
};

/// Whose plugin does not wait for counters.
class ImpatientPluginTest : public PluginTest {
protected:
    ImpatientPluginTest() : PluginTest(std::chrono::minutes(1), Duration::zero()) {}
};

TEST_F(PluginTest, ClaimsOnceHoweverOftenItIsConfigured) {
    const uint64_t id = add_port("pf0vf3");
    EXPECT_THAT(plugin_->configure_port(id, {}), testing::Optional(false));
    EXPECT_THAT(manager_->log, ElementsAre("claim pf0vf3"));
    EXPECT_THAT(plugin_->configure_port(id, {{"tx-max", "1Gbit"}}), testing::Optional(true));
    EXPECT_THAT(manager_->log, ElementsAre("claim pf0vf3", "claim pf0vf3"));
    EXPECT_EQ(manager_->claims.at("pf0vf3").tx_max_bytes, 125'000'000u);
}

TEST_F(PluginTest, BadOptionsOnANewPortAreAnErrorAndClaimNothing) {
    const uint64_t id = plugin_->add_port("pf0vf3");
    const auto configured = plugin_->configure_port(id, {{"representer", "p0"}});
    ASSERT_FALSE(configured);
    EXPECT_EQ(configured.error().code, EINVAL);
    plugin_->remove_port(id);
    EXPECT_THAT(manager_->log, IsEmpty());
}

TEST_F(PluginTest, BadOptionsOnAWorkingPortAreShownAndTheOldOnesStay) {
    const OptionMap good{{"tx-max", "1Gbit"}};
    const uint64_t id = add_port("pf0vf3", good);
    const OptionMap bad{{"tx-max", "fast"}};
    EXPECT_THAT(plugin_->configure_port(id, bad), testing::Optional(true));
    EXPECT_THAT(plugin_->configure_port(id, bad), testing::Optional(false));
    EXPECT_EQ(plugin_->port_config(id), good);
    EXPECT_NE(status(id)["option-error"].find("'fast'"), std::string::npos);
    EXPECT_THAT(manager_->log, ElementsAre("claim pf0vf3"));

    EXPECT_THAT(plugin_->configure_port(id, good), testing::Optional(true));
    EXPECT_EQ(status(id).count("option-error"), 0u);
}

TEST_F(PluginTest, BindsAPreparedDevice) {
    const uint64_t id = add_port("pf0vf3");
    plugin_->set_wish(id, {true, true, 9000, {}});
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    EXPECT_EQ(bound_[id].link.attributes.name, "eth5");
    EXPECT_EQ(bound_[id].link.attributes.mtu, 9000u) << "the link as it is after the preparation";
    EXPECT_EQ(bound_[id].stats.rx_packets, 77u);
    EXPECT_EQ(bound_[id].link.modes.value().speed_mbps, 25000u);
    EXPECT_THAT(status(id), Contains(Pair("rep-state", "loaded")));
    EXPECT_EQ(kernel_->reads_on(std::this_thread::get_id()), 0u) << "the main thread waited";
}

TEST_F(PluginTest, ALinkIsReadElsewhereAndWaitWaitsForIt) {
    const uint64_t id = add_port("pf0vf3");
    int conn = 0;
    plugin_->command({"esw/wait"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    kernel_->hold_links(true);
    plugin_->read_link(id, 12);
    plugin_->read_link(id, 13);  // which there is not
    manager_->waits.at(0)(WaitReport{});
    run();
    EXPECT_EQ(answers_.count(&conn), 0u);
    kernel_->hold_links(false);
    run_until([&] { return answers_.count(&conn) != 0; });
    ASSERT_EQ(readings_.size(), 2u);
    EXPECT_EQ(readings_[0].port_id, id);
    EXPECT_EQ(readings_[0].ifindex, 12u);
    EXPECT_EQ(readings_[0].link.value().attributes.name, "eth5");
    EXPECT_EQ(readings_[0].link.value().modes.value().speed_mbps, 25000u);
    EXPECT_EQ(readings_[1].ifindex, 13u);
    ASSERT_FALSE(readings_[1].link);
    EXPECT_EQ(readings_[1].link.error().code, ENODEV);
    EXPECT_EQ(kernel_->reads_on(std::this_thread::get_id()), 0u);
}

TEST_F(PluginTest, ABoundDeviceIsChangedElsewhereAndARefusalIsShownUntilItIsMended) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    const auto change_mtu = [&](uint32_t mtu) {
        plugin_->set_wish(id, {true, false, mtu, {}});
        plugin_->change_link(id, 12, {});
        plugin_->read_link(id, 12);
        const size_t read = readings_.size();
        run_until([&] { return readings_.size() > read; });
    };
    change_mtu(100'000);
    EXPECT_EQ(status(id)["netdev-error"], "eth5: change link (Invalid argument)");
    EXPECT_EQ(status(id)["rep-state"], "loaded");
    EXPECT_EQ(readings_.back().link.value().attributes.mtu, 1500u);
    change_mtu(4000);
    EXPECT_EQ(status(id).count("netdev-error"), 0u);
    EXPECT_EQ(readings_.back().link.value().attributes.mtu, 4000u);
    EXPECT_EQ(kernel_->reads_on(std::this_thread::get_id()), 0u);

    change_mtu(100'000);
    manager_->publish([](Snapshot& snapshot) {
        snapshot.ports.set("pf0vf3", absent_binding("pf0vf3", "pci/0000:08:00.0 is gone"));
    });
    run();
    EXPECT_EQ(status(id).count("netdev-error"), 0u) << "of a device that the port has no more";
    plugin_->stop([](void*, bool, const std::string&) {});
    EXPECT_EQ(kernel_->device(12).link.mtu, 1500u) << "it was not put back";
}

TEST_F(PluginTest, AFlagThatIsRefusedIsAskedForUntilItIsTaken) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    auto device = kernel_->device(12);
    device.link_change_error = EIO;
    kernel_->add(12, device);
    const auto change = [&](const LinkWish& wish, NetdevSetup::Flags flags) {
        plugin_->set_wish(id, wish);
        plugin_->change_link(id, 12, flags);
        EXPECT_TRUE(plugin_->is_changing(id));
        plugin_->read_link(id, 12);
        const size_t read = readings_.size();
        run_until([&] { return readings_.size() > read; });
        EXPECT_FALSE(plugin_->is_changing(id));
    };
    change({false, false, {}, {}}, {true, false});
    EXPECT_EQ(status(id)["netdev-error"], "eth5: change link (Input/output error)");
    // What is asked for next is not about the flag, and does not hide that it is not as wished.
    change({false, false, 1500, {}}, {});
    EXPECT_EQ(status(id)["netdev-error"], "eth5: change link (Input/output error)");
    device.link_change_error = 0;
    kernel_->add(12, device);
    change({false, false, 1500, {}}, {});
    EXPECT_EQ(status(id).count("netdev-error"), 0u);
    EXPECT_FALSE(kernel_->device(12).link.flags & IFF_UP);
}

TEST_F(PluginTest, AChangeThatDidNotGetThroughIsTriedAgain) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    auto device = kernel_->device(12);
    device.link_change_error = ENOBUFS;
    kernel_->add(12, device);
    plugin_->set_wish(id, {false, false, 4000, {}});
    plugin_->change_link(id, 12, {true, false});
    run_until([&] { return status(id).count("netdev-error") != 0; });
    EXPECT_TRUE(plugin_->is_changing(id));
    pass_back_off();
    run_until([&] { return readings_.size() == 1; });
    EXPECT_TRUE(plugin_->is_changing(id)) << "it was refused again";
    device.link_change_error = 0;
    kernel_->add(12, device);
    pass_back_off();
    run_until([&] { return readings_.size() == 2; });
    EXPECT_FALSE(plugin_->is_changing(id));
    EXPECT_EQ(readings_.back().link.value().attributes.mtu, 4000u);
    EXPECT_FALSE(readings_.back().link.value().attributes.flags & IFF_UP);
    EXPECT_EQ(status(id).count("netdev-error"), 0u);
    EXPECT_FALSE(plugin_->time_to_next());
}

TEST_F(PluginTest, AFlagDoesNotWaitForAnMtuThatIsRefused) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    plugin_->set_wish(id, {false, false, 100'000, {}});
    plugin_->change_link(id, 12, {true, false});
    run_until([&] { return status(id).count("netdev-error") != 0; });
    EXPECT_FALSE(plugin_->is_changing(id));
    EXPECT_FALSE(kernel_->device(12).link.flags & IFF_UP);
    EXPECT_FALSE(plugin_->time_to_next()) << "what is refused is tried again";
    // What was done is not asked for again, should somebody else decide otherwise.
    ASSERT_TRUE(kernel_->link_change({12, true, {}, {}, {}, {}, {}}));
    plugin_->change_link(id, 12, {});
    EXPECT_TRUE(plugin_->finish_changes(std::chrono::minutes(1)));
    EXPECT_TRUE(kernel_->device(12).link.flags & IFF_UP);
}

TEST_F(PluginTest, ADeviceThatIsOnItsWayFromThePortIsNotChanged) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    manager_->publish([](Snapshot& snapshot) {
        snapshot.ports.set("pf0vf3", absent_binding("pf0vf3", "pci/0000:08:00.0 is gone"));
    });
    run();
    plugin_->set_wish(id, {true, false, 4000, {}});
    plugin_->change_link(id, 12, {});
    EXPECT_FALSE(plugin_->is_changing(id));
    EXPECT_TRUE(plugin_->finish_changes(std::chrono::minutes(1)));
    EXPECT_EQ(kernel_->device(12).link.mtu, 1500u);
}

TEST_F(PluginTest, CountersAreReadElsewhere) {
    auto device = kernel_->device(12);
    device.driver_counters = {{"rx_packets", 5}, {"vport_rx_packets", 7}};
    kernel_->add(12, device);
    const uint64_t id = add_port("pf0vf3");
    EXPECT_EQ(plugin_->read_link_stats(id, 12)->value.rx_packets, 77u);
    EXPECT_THAT(plugin_->read_vport_counters(id, 12)->value,
                ElementsAre(netlink::DriverCounter{"vport_rx_packets", 7}));
    EXPECT_EQ(plugin_->read_link_stats(id, 13), nullptr);
    EXPECT_EQ(kernel_->reads_on(std::this_thread::get_id()), 0u);
}

TEST_F(ImpatientPluginTest, WaitWaitsForCountersThatComeLate) {
    const uint64_t id = add_port("pf0vf3");
    int conn = 0;
    plugin_->command({"esw/wait"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    manager_->waits.at(0)(WaitReport{});
    kernel_->hold_counters(true);
    EXPECT_EQ(plugin_->read_link_stats(id, 12), nullptr);
    run();
    EXPECT_EQ(answers_.count(&conn), 0u);
    kernel_->hold_counters(false);
    run_until([&] { return answers_.count(&conn) != 0; });
    EXPECT_FALSE(answers_[&conn].error);
}

TEST_F(PluginTest, ACommandWhoseTimeIsOverSaysWhatItWaitsFor) {
    const uint64_t id = add_port("pf0vf3");
    kernel_->hold_links(true);
    publish_loaded("pf0vf3", 12);
    run();
    plugin_->read_link(id, 12);
    int conn = 0;
    const auto never = [](void*, bool, const std::string&) { FAIL(); };
    plugin_->command({"esw/wait", "--timeout=5"}, &conn, never);
    manager_->waits.at(0)(WaitReport{});
    run();
    EXPECT_EQ(answers_.count(&conn), 0u);
    EXPECT_EQ(plugin_->time_to_next(), std::chrono::seconds(5)) << "nobody would wake up for it";
    clock_->advance(std::chrono::seconds(5));
    run();
    ASSERT_EQ(answers_.count(&conn), 1u);
    EXPECT_TRUE(answers_[&conn].error);
    EXPECT_EQ(answers_[&conn].text,
              "timed out: the network device of pf0vf3 to be made ready, readings of network "
              "devices (1)");
    EXPECT_FALSE(plugin_->time_to_next());
    kernel_->hold_links(false);
    run_until([&] { return is_bound(id, 12); });
}

TEST_F(ImpatientPluginTest, ADeviceThatIsBoundAnewDoesNotHaveItsOldCounters) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    kernel_->hold_counters(true);
    EXPECT_EQ(plugin_->read_link_stats(id, 12), nullptr);
    kernel_->hold_counters(false);
    int conn = 0;
    plugin_->command({"esw/wait"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    manager_->waits.at(0)(WaitReport{});
    run_until([&] { return answers_.count(&conn) != 0; });

    manager_->publish([](Snapshot& snapshot) {
        snapshot.ports.set("pf0vf3", absent_binding("pf0vf3", "pci/0000:08:00.0 is gone"));
    });
    run();
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    kernel_->hold_counters(true);
    EXPECT_EQ(plugin_->read_link_stats(id, 12), nullptr);
    kernel_->hold_counters(false);
}

TEST_F(PluginTest, AWishThatChangesWhileTheDeviceIsPreparedIsFulfilledBeforeItIsBound) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run();
    plugin_->set_wish(id, {true, true, 4000, {}});
    run_until([&] { return is_bound(id, 12); });
    EXPECT_EQ(bound_[id].link.attributes.mtu, 4000u);
    EXPECT_TRUE(bound_[id].link.attributes.flags & IFF_PROMISC);
}

TEST_F(PluginTest, AWishThatChangesWhileADeviceWaitsForItsTurnIsFulfilledBeforeItIsBound) {
    const uint64_t a = add_port("a", {{"representor", "pf0vf3"}});
    const uint64_t b = add_port("b", {{"representor", "pf0vf4"}});
    kernel_->add(13, kernel_->device(12));
    manager_->publish([&](Snapshot& snapshot) {
        fakes::add_eswitch(snapshot, kPf0, {{3, 12}, {4, 13}});
        snapshot.ports.set("a", loaded_binding("a", 3, 12));
        snapshot.ports.set("b", loaded_binding("b", 4, 13));
    });
    host_takes_ = std::chrono::milliseconds(5);  // more than a turn has
    run();
    plugin_->read_link(a, 12);
    kernel_->wait_for_reads(9);  // four for each, and the one behind them
    run();
    EXPECT_TRUE(is_bound(a, 12));
    EXPECT_FALSE(is_bound(b, 13));
    plugin_->set_wish(b, {true, true, 4000, {}});
    run_until([&] { return is_bound(b, 13); });
    EXPECT_EQ(bound_[b].link.attributes.mtu, 4000u);
}

TEST_F(PluginTest, ADeviceThatItsDriverHasDetachedIsTriedAgain) {
    auto device = kernel_->device(12);
    device.detached = true;
    kernel_->add(12, device);
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return status(id)["rep-state"] == "failed"; });
    device.detached = false;
    kernel_->add(12, device);
    pass_back_off();
    run_until([&] { return is_bound(id, 12); });
    EXPECT_EQ(status(id)["rep-state"], "loaded");
}

TEST_F(PluginTest, UnbindsAndPutsBackWhenTheRepGoes) {
    const uint64_t id = add_port("pf0vf3");
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(id, 12); });
    manager_->publish([](Snapshot& snapshot) {
        snapshot.ports.set("pf0vf3", absent_binding("pf0vf3", "pci/0000:08:00.0 is gone"));
    });
    run();
    EXPECT_TRUE(is_bound(id, 0));
    EXPECT_EQ(status(id)["rep-reason"], "pci/0000:08:00.0 is gone");
    plugin_->stop([](void*, bool, const std::string&) {});
    EXPECT_THAT(kernel_->changes(), ElementsAre("12 up", "12 down"));
}

TEST_F(PluginTest, TwoPortsChangeOverTheDeviceIsPutBackBeforeItIsPreparedAgain) {
    const uint64_t a = add_port("a", {{"representor", "pf0vf3"}});
    const uint64_t b = add_port("b", {{"representor", "pf0vf3"}});
    publish_loaded("a", 12);
    run_until([&] { return is_bound(a, 12); });
    plugin_->remove_port(a);
    EXPECT_THAT(manager_->log, ElementsAre("claim a", "claim b", "release a"));
    manager_->publish([](Snapshot& snapshot) {
        snapshot.ports.erase("a");
        snapshot.ports.set("b", loaded_binding("b", 3, 12));
    });
    run_until([&] { return is_bound(b, 12); });
    EXPECT_THAT(kernel_->changes(), ElementsAre("12 up", "12 down", "12 up"));
}

TEST_F(PluginTest, ANetdevThatGoesLateDoesNotReleaseItsSuccessorsClaim) {
    const uint64_t old_id = add_port("pf0vf3");
    const uint64_t new_id = add_port("pf0vf3", {{"tx-max", "1Gbit"}});
    plugin_->remove_port(old_id);
    EXPECT_THAT(manager_->log, ElementsAre("claim pf0vf3", "claim pf0vf3"));
    publish_loaded("pf0vf3", 12);
    run_until([&] { return is_bound(new_id, 12); });
    plugin_->remove_port(new_id);
    EXPECT_THAT(manager_->log, Contains("release pf0vf3"));
}

TEST_F(PluginTest, ADeviceThatTheKernelDoesNotDescribeIsNotBound) {
    const uint64_t id = add_port("pf0vf3");
    kernel_->fail_links(ETIMEDOUT);
    publish_loaded("pf0vf3", 12);
    run_until([&] { return status(id)["rep-state"] == "failed"; });
    EXPECT_FALSE(is_bound(id, 12)) << "bound to a device of which nothing is known";
    EXPECT_EQ(status(id)["rep-reason"], "ifindex 12: get link (Connection timed out)");

    pass_back_off();
    kernel_->fail_links(0);
    run_until([&] { return is_bound(id, 12); });
    EXPECT_EQ(bound_[id].link.attributes.name, "eth5");
    EXPECT_EQ(status(id)["rep-state"], "loaded");
    EXPECT_EQ(status(id).count("rep-reason"), 0u);
    EXPECT_FALSE(plugin_->time_to_next());
}

TEST_F(PluginTest, ADeviceThatIsReadyButCannotBeReadIsNotBound) {
    const uint64_t id = add_port("pf0vf3");
    kernel_->fail_links_after(1, ETIMEDOUT);  // the one of the preparation
    publish_loaded("pf0vf3", 12);
    run_until([&] { return status(id)["rep-state"] == "failed"; });
    EXPECT_FALSE(is_bound(id, 12));
    EXPECT_THAT(kernel_->changes(), ElementsAre("12 up"));
    pass_back_off();
    kernel_->fail_links(0);
    run_until([&] { return is_bound(id, 12); });
}

TEST_F(PluginTest, ADeviceThatTheHostCannotUseIsOfferedAgainWithBackOff) {
    const uint64_t id = add_refused_port(EMFILE);
    EXPECT_EQ(status(id)["rep-state"], "failed");
    EXPECT_EQ(status(id)["rep-reason"], "eth5: open packet sockets (Too many open files)");
    const Duration first = plugin_->time_to_next().value();
    run();
    EXPECT_EQ(refused_, 1) << "tried before the time";

    pass_back_off();
    run_until([&] { return refused_ == 2; });
    EXPECT_EQ(plugin_->time_to_next(), 2 * first);

    host_error_ = 0;
    pass_back_off();
    run_until([&] { return is_bound(id, 12); });
    EXPECT_EQ(status(id)["rep-state"], "loaded");
    EXPECT_FALSE(plugin_->time_to_next());
}

TEST_F(PluginTest, WhatIsTriedAgainIsForgottenWhenTheRepGoes) {
    const uint64_t id = add_refused_port(EMFILE);
    manager_->publish([](Snapshot& snapshot) {
        snapshot.ports.set("pf0vf3", absent_binding("pf0vf3", "pci/0000:08:00.0 is gone"));
    });
    run();
    EXPECT_EQ(status(id)["rep-reason"], "pci/0000:08:00.0 is gone");
    EXPECT_FALSE(plugin_->time_to_next());
}

TEST_F(PluginTest, ADeviceThatIsGoneWhenItIsReadyIsNotTriedAgain) {
    const uint64_t id = add_refused_port(ENODEV);
    EXPECT_FALSE(plugin_->time_to_next());
    EXPECT_EQ(status(id)["rep-state"], "loading") << "until the manager says that it is gone";
}

TEST_F(PluginTest, WaitIsNotHeldByBackOffAndCountsIt) {
    add_port("pf0vf3");
    host_error_ = EMFILE;
    int conn = 0;
    plugin_->command({"esw/wait"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    publish_loaded("pf0vf3", 12);
    manager_->waits.at(0)(WaitReport{});
    run_until([&] { return answers_.count(&conn) != 0; });
    EXPECT_EQ(refused_, 1);
    EXPECT_EQ(answers_[&conn].text, "1 failed");
}

TEST_F(PluginTest, WaitAnswersWhenTheBindingsItImpliesAreInForce) {
    const uint64_t id = add_port("pf0vf3");
    int conn = 0;
    plugin_->command({"esw/wait"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    publish_loaded("pf0vf3", 12);
    manager_->waits.at(0)(WaitReport{});
    run_until([&] { return answers_.count(&conn) != 0; });
    EXPECT_TRUE(is_bound(id, 12)) << "answered before the device was bound";
    EXPECT_FALSE(answers_[&conn].error);
}

TEST_F(PluginTest, ManyBindingsAreSharedAmongTurnsOfTheMainLoop) {
    LinkKernel::Device device;
    manager_->publish([&](Snapshot& snapshot) {
        std::map<uint32_t, uint32_t> vfs;
        for (uint32_t vf = 0; vf < 5; ++vf) {
            const std::string name = "pf0vf" + std::to_string(vf);
            add_port(name);
            device.link.ifindex = 20 + vf;
            kernel_->add(20 + vf, device);
            vfs[vf] = 20 + vf;
            snapshot.ports.set(name, loaded_binding(name, vf, 20 + vf));
        }
        fakes::add_eswitch(snapshot, kPf0, vfs);
    });
    host_takes_ = std::chrono::milliseconds(5);
    size_t before = 0;
    run_until([&] {
        EXPECT_LE(bound_.size(), before + 1) << "of one turn";
        before = bound_.size();
        return bound_.size() == 5;
    });
}

TEST_F(PluginTest, ASocketIsClosedElsewhereAndWaitWaitsForIt) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const UniqueFd reader(ends[0]);
    int conn = 0;
    plugin_->command({"esw/wait"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    plugin_->close(UniqueFd(ends[1]));
    manager_->waits.at(0)(WaitReport{});
    run_until([&] { return answers_.count(&conn) != 0; });
    pollfd hung_up{reader.get(), POLLIN, 0};
    EXPECT_EQ(poll(&hung_up, 1, 0), 1);
    EXPECT_TRUE(hung_up.revents & POLLHUP);
}

TEST_F(PluginTest, WaitAnswersWhenTheStatusIsWritten) {
    int conn = 0;
    wait_for_status(&conn);
    status_written_ = true;
    run();
    EXPECT_EQ(answers_.count(&conn), 1u);
}

TEST_F(PluginTest, CommandsAreAnsweredThoughTheDatabaseIsAway) {
    int conn = 0;
    wait_for_status(&conn);
    bool answered = false;
    plugin_->answer(nullptr, [&](void*, bool, const std::string&) { answered = true; });
    EXPECT_TRUE(answered);
}

TEST_F(PluginTest, WhatIsShownIsWrittenOnAnotherThreadAndHeldByNothing) {
    int conn = 0;
    plugin_->command({"esw/show"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    status_written_ = false;
    run_until([&] { return answers_.count(&conn) != 0; });
    EXPECT_FALSE(answers_[&conn].error);
    EXPECT_NE(answers_[&conn].text.find("no eswitches known yet"), std::string::npos)
        << answers_[&conn].text;
}

TEST_F(PluginTest, WhatIsShownIsAnsweredWhenTheSwitchGoesDown) {
    int conn = 0;
    plugin_->command({"esw/rep-show", "pci/0000:99:00.0"}, &conn,
                     [](void*, bool, const std::string&) { FAIL(); });
    plugin_->stop([this](void* c, bool error, const std::string& text) {
        answers_[c] = {error, text};
    });
    EXPECT_EQ(answers_.count(&conn), 1u);
    EXPECT_TRUE(answers_[&conn].error);
}

// --- the database

TEST_F(PluginTest, AProfileIsToldWhenItIsAnother) {
    plugin_->set_profile("");  // that there is none is news, the first time
    plugin_->set_profile("");
    plugin_->set_profile("*=legacy");
    plugin_->set_profile("*=legacy");
    EXPECT_THAT(manager_->log, ElementsAre("profile ", "profile *=legacy"));
}

TEST_F(PluginTest, OverridesAreTakenFromTheDatabaseAndGivenToIt) {
    const auto publish = [&](uint64_t reading, const std::string& overrides) {
        manager_->publish([&](Snapshot& snapshot) {
            auto status = std::make_shared<ProfileStatus>();
            status->overrides_reading = reading;
            status->overrides = overrides;
            snapshot.profile = std::move(status);
        });
    };
    EXPECT_EQ(plugin_->sync_overrides("pci/a=legacy"), "pci/a=legacy");
    EXPECT_THAT(manager_->log, ElementsAre("overrides pci/a=legacy reading 1"));
    publish(0, "");  // made before it knew
    EXPECT_EQ(plugin_->sync_overrides("pci/a=legacy"), "pci/a=legacy");
    publish(1, "pci/a=legacy");
    EXPECT_EQ(plugin_->sync_overrides("pci/a=legacy"), "pci/a=legacy");
    // By hand; until the database has it, and when it has.
    publish(1, "pci/a=switchdev");
    EXPECT_EQ(plugin_->sync_overrides("pci/a=legacy"), "pci/a=switchdev");
    EXPECT_EQ(plugin_->sync_overrides("pci/a=legacy"), "pci/a=switchdev");
    publish(1, "");  // and again, meanwhile
    EXPECT_EQ(plugin_->sync_overrides("pci/a=legacy"), "");
    EXPECT_EQ(plugin_->sync_overrides(""), "");
    EXPECT_EQ(manager_->log.size(), 1u);
    // Somebody else writes it.
    EXPECT_EQ(plugin_->sync_overrides("pci/b=legacy"), "pci/b=legacy");
    EXPECT_EQ(manager_->log.back(), "overrides pci/b=legacy reading 2");
    EXPECT_EQ(plugin_->sync_overrides("pci/b=legacy"), "pci/b=legacy");
    publish(2, "pci/b=legacy");
    EXPECT_EQ(plugin_->sync_overrides("pci/b=legacy"), "pci/b=legacy");
}

TEST_F(PluginTest, StopAnswersWhatStillWaits) {
    int conn = 0;
    plugin_->command({"esw/rescan"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    bool answered = false;
    plugin_->stop([&](void* c, bool error, const std::string&) {
        answered = true;
        EXPECT_EQ(c, &conn);
        EXPECT_TRUE(error);
    });
    EXPECT_TRUE(answered);
}

class StoppedAtOnce : public PluginTest {
protected:
    StoppedAtOnce() : PluginTest(std::chrono::milliseconds(0)) {}
};

TEST_F(StoppedAtOnce, DoesNotWaitForTheKernel) {
    std::promise<void> kernel;
    manager_->stop_waits_for = &kernel;
    int conn = 0;
    plugin_->command({"esw/rescan"}, &conn, [](void*, bool, const std::string&) { FAIL(); });
    std::string answer;
    plugin_->stop([&](void*, bool, const std::string& text) { answer = text; });
    EXPECT_EQ(answer, "the switch is going down");
    kernel.set_value();
    plugin_.reset();  // waits for it
}

TEST_F(PluginTest, PortsMayGoAfterItHasStopped) {
    const uint64_t id = add_port("pf0vf3");
    plugin_->stop([](void*, bool, const std::string&) {});
    plugin_->remove_port(id);
    EXPECT_THAT(manager_->log, ElementsAre("claim pf0vf3"));
}

}  // namespace
}  // namespace esw
