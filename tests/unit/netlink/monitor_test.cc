// SPDX-License-Identifier: Apache-2.0
// The monitor against scripted sockets.
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "netlink/message_builder.h"
#include "netlink/netlink_monitor.h"
#include "netlink/uapi.h"
#include "tests/unit/netlink/answers.h"
#include "tests/unit/netlink/captured_route.h"
#include "tests/unit/netlink/fake_channel.h"
#include "tests/unit/netlink/messages.h"
#include "tests/unit/netlink/written_messages.h"

namespace esw::netlink {
namespace {

using Source = Overflow::Source;
constexpr uint32_t kConfigGroup = 5;  // as devlink_family() says

class MonitorTest : public testing::Test {
protected:
    MonitorTest() {
        sockets_.on_open = [this](FakePeer& peer) -> Status {
            if (peer.protocol == NETLINK_RDMA && !has_rdma_) {
                return fail(ENOTSUP, "", "open netlink socket");
            }
            if (refused_opens_ > 0) {
                --refused_opens_;
                return fail(ENOMEM, "", "open netlink socket");
            }
            return {};
        };
        sockets_.on_request = [this](FakePeer& peer, const Bytes& request) {
            if (peer.protocol == NETLINK_RDMA) {
                peer.answer(reply(request, has_rdma_monitor_ ? written::kRdmaSystemMonitor
                                                             : written::kRdmaSystem));
            } else if (!has_devlink_) {
                peer.answer(acknowledge(request, ENOENT));
                return;
            } else {
                peer.answer(devlink_family(request));
            }
            peer.answer(acknowledge(request));
        };
    }

    void start() {
        const auto started = monitor_->start([this](KernelEvent event) {
            events_.push_back(std::move(event));
            if (const auto on_event = on_event_) {
                on_event();
            }
        });
        ASSERT_TRUE(started) << started.error().to_string();
    }

    FakePeer& route() { return sockets_.member_of(NETLINK_ROUTE, RTNLGRP_LINK); }
    FakePeer& devlink() { return sockets_.member_of(NETLINK_GENERIC, kConfigGroup); }
    FakePeer& controller() { return sockets_.member_of(NETLINK_GENERIC, GENL_ID_CTRL); }
    FakePeer& rdma() { return sockets_.member_of(NETLINK_RDMA, uapi::kRdmaGroupNotify); }
    FakePeer& uevents() { return sockets_.member_of(NETLINK_KOBJECT_UEVENT, 1); }

    /// Runs the loop until there are `count` events.
    void run_until(size_t count) {
        on_event_ = [this, count] {
            if (events_.size() >= count) {
                loop_->stop();
            }
        };
        loop_->run();
        on_event_ = {};
    }

    template <class T>
    const T& event(size_t i) {
        return std::get<T>(events_.at(i));
    }

    NullSink sink_;
    FakeClock clock_;
    FakeSockets sockets_{clock_};
    bool has_devlink_ = true;
    bool has_rdma_ = true;
    bool has_rdma_monitor_ = true;
    int refused_opens_ = 0;
    std::vector<KernelEvent> events_;
    std::function<void()> on_event_;
    std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
    std::unique_ptr<KernelMonitor> monitor_ = make_netlink_monitor(
        *loop_, sink_, clock_, {std::chrono::milliseconds(1), std::chrono::milliseconds(2)},
        sockets_.factory());
};

TEST_F(MonitorTest, KnowsWhatTheKernelHas) {
    start();
    EXPECT_TRUE(monitor_->has_devlink());
    EXPECT_TRUE(monitor_->has_rdma());
    EXPECT_TRUE(monitor_->has_rdma_monitor());
    EXPECT_TRUE(events_.empty());
}

TEST_F(MonitorTest, AKernelWithoutDevlinkAndRdmaIsNoError) {
    has_devlink_ = false;
    has_rdma_ = false;
    start();
    EXPECT_FALSE(monitor_->has_devlink());
    EXPECT_FALSE(monitor_->has_rdma());
    EXPECT_FALSE(monitor_->has_rdma_monitor());
}

TEST_F(MonitorTest, AKernelWithRdmaButWithoutItsMonitor) {
    has_rdma_monitor_ = false;
    start();
    EXPECT_TRUE(monitor_->has_rdma());
    EXPECT_FALSE(monitor_->has_rdma_monitor());
}

TEST_F(MonitorTest, StartFailsWhenASocketCannotBeHad) {
    refused_opens_ = 1;
    const auto started = monitor_->start([](KernelEvent) {});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ENOMEM);
    start();  // and may be tried again
}

TEST_F(MonitorTest, DeliversEventsOfEverySourceInTheirOrder) {
    start();
    devlink().answer(from_hex(written::kVfPortNotSet));
    devlink().answer(together({from_hex(written::kRateNode), from_hex(written::kVfPort)}));
    devlink().answer(from_hex(written::kTrapPolicer));
    devlink().answer(from_hex(written::kPortRemoved));
    route().answer(from_hex(captured::kVethLink));
    route().answer(from_hex(captured::kTapLeftBridge));
    route().answer(from_hex(captured::kTapRemoved));
    rdma().answer(from_hex(written::kRdmaAttach));
    monitor_->drain();
    ASSERT_EQ(events_.size(), 7U);
    EXPECT_FALSE(event<DevlinkPortEvent>(0).port.ifindex);
    EXPECT_EQ(event<DevlinkRateEvent>(1).rate.node_name, "group1");
    EXPECT_EQ(event<DevlinkPortEvent>(2).port.ifname, "pf0vf3");
    EXPECT_TRUE(event<DevlinkPortEvent>(3).removed);
    EXPECT_EQ(event<LinkEvent>(4).link.name, "veth0");
    EXPECT_TRUE(event<LinkEvent>(5).removed);
    EXPECT_EQ(event<RdmaEvent>(6).kind, RdmaEvent::Kind::kNetdevAttach);
}

TEST_F(MonitorTest, TheLoopDeliversWithoutBeingAsked) {
    start();
    route().answer(from_hex(captured::kVethLink));
    devlink().answer(from_hex(written::kDevice));
    run_until(2);
    EXPECT_EQ(events_.size(), 2U);
}

TEST_F(MonitorTest, LostNotificationsAreAnOverflowAndTheSocketGoesOn) {
    start();
    devlink().answer(Error{ENOBUFS, "", "receive netlink message", ""});
    devlink().answer(from_hex(written::kVfPort));
    monitor_->drain();
    ASSERT_EQ(events_.size(), 2U);
    EXPECT_EQ(event<Overflow>(0).source, Source::kDevlink);
    EXPECT_EQ(event<DevlinkPortEvent>(1).port.index, 131U);
    EXPECT_FALSE(devlink().closed);
}

TEST_F(MonitorTest, ANotificationThatCannotBeUnderstoodIsAnOverflow) {
    start();
    Bytes cut = from_hex(captured::kVethLink);
    cut.resize(102);  // within the header of an attribute
    route().answer(cut);
    fix_length(cut);
    route().answer(cut);
    monitor_->drain();
    ASSERT_EQ(events_.size(), 2U);
    EXPECT_EQ(event<Overflow>(0).source, Source::kRtnl);
    EXPECT_EQ(event<Overflow>(1).source, Source::kRtnl);
}

TEST_F(MonitorTest, ForeignSendersAreIgnored) {
    start();
    route().answer(from_hex(captured::kVethLink), 4711);
    monitor_->drain();
    EXPECT_TRUE(events_.empty());
}

TEST_F(MonitorTest, MessagesOfOtherFamiliesAreIgnored) {
    start();
    Bytes other = from_hex(written::kVfPort);
    other[4] = std::byte{0x16};
    devlink().answer(other);
    monitor_->drain();
    EXPECT_TRUE(events_.empty());
}

TEST_F(MonitorTest, ASocketThatIsGoneIsSaidOnceAndOpenedAgain) {
    start();
    FakePeer& first = route();
    first.answer(Error{ENOTCONN, "", "receive netlink message", "the socket has ended"});
    run_until(2);
    ASSERT_EQ(events_.size(), 2U);
    EXPECT_EQ(event<SourceLost>(0).source, Source::kRtnl);
    EXPECT_EQ(event<SourceLost>(0).error.code, ENOTCONN);
    EXPECT_EQ(event<Overflow>(1).source, Source::kRtnl);
    EXPECT_TRUE(first.closed);
    route().answer(from_hex(captured::kVethLink));
    monitor_->drain();
    EXPECT_EQ(event<LinkEvent>(2).link.name, "veth0");
}

TEST_F(MonitorTest, OpeningAgainIsTriedUntilItWorks) {
    start();
    refused_opens_ = 3;
    route().answer(Error{ECONNRESET, "", "receive netlink message", ""});
    run_until(2);
    EXPECT_EQ(refused_opens_, 0);
    EXPECT_EQ(event<SourceLost>(0).error.code, ECONNRESET);
    EXPECT_EQ(event<Overflow>(1).source, Source::kRtnl);
}

TEST_F(MonitorTest, DevlinkThatAppearsLaterIsAnOverflow) {
    has_devlink_ = false;
    start();
    has_devlink_ = true;
    controller().answer(devlink_family({}, CTRL_CMD_NEWFAMILY));
    monitor_->drain();
    EXPECT_TRUE(monitor_->has_devlink());
    ASSERT_EQ(events_.size(), 1U);
    EXPECT_EQ(event<Overflow>(0).source, Source::kDevlink);
    devlink().answer(from_hex(written::kDevice));
    monitor_->drain();
    EXPECT_EQ(events_.size(), 2U);
}

TEST_F(MonitorTest, DevlinkThatLeavesIsLost) {
    start();
    FakePeer& socket = devlink();
    has_devlink_ = false;
    controller().answer(devlink_family({}, CTRL_CMD_DELFAMILY));
    monitor_->drain();
    EXPECT_FALSE(monitor_->has_devlink());
    EXPECT_TRUE(socket.closed);
    ASSERT_EQ(events_.size(), 1U);
    EXPECT_EQ(event<SourceLost>(0).source, Source::kDevlink);
    EXPECT_EQ(event<SourceLost>(0).error.code, ENOTSUP);
}

TEST_F(MonitorTest, OtherFamiliesComeAndGoUnnoticed) {
    start();
    controller().answer(from_hex(captured::kEthtoolFamily));
    monitor_->drain();
    EXPECT_TRUE(events_.empty());
}

TEST_F(MonitorTest, WhenTheControllersNotificationsWereLostDevlinkIsLookedUpAgain) {
    has_devlink_ = false;
    start();
    has_devlink_ = true;
    controller().answer(Error{ENOBUFS, "", "receive netlink message", ""});
    monitor_->drain();
    EXPECT_TRUE(monitor_->has_devlink());
    EXPECT_EQ(event<Overflow>(0).source, Source::kDevlink);
}

TEST_F(MonitorTest, RdmaThatAppearsWithADeviceIsAnOverflow) {
    has_rdma_ = false;
    start();
    has_rdma_ = true;
    devlink().answer(from_hex(written::kDevice));
    monitor_->drain();
    EXPECT_TRUE(monitor_->has_rdma());
    EXPECT_TRUE(monitor_->has_rdma_monitor());
    ASSERT_EQ(events_.size(), 2U);
    EXPECT_EQ(event<Overflow>(0).source, Source::kRdma);
    EXPECT_FALSE(event<DevlinkDeviceEvent>(1).removed);
}

/// What the kernel says of an RDMA device; "add", "remove".
Bytes rdma_uevent(const std::string& action) {
    const std::string path = "/devices/pci0000:00/0000:08:00.0/infiniband/mlx5_0";
    Bytes bytes;
    for (const std::string& text :
         {action + "@" + path, "ACTION=" + action, "DEVPATH=" + path,
          std::string("SUBSYSTEM=infiniband"), std::string("NAME=mlx5_0")}) {
        for (const char c : text) {
            bytes.push_back(static_cast<std::byte>(c));
        }
        bytes.push_back(std::byte{0});
    }
    return bytes;
}

TEST_F(MonitorTest, UeventsTellOfRdmaDevicesOnKernelsWithoutTheMonitor) {
    has_rdma_monitor_ = false;
    start();
    uevents().answer(rdma_uevent("remove"));
    uevents().answer(rdma_uevent("add"));
    monitor_->drain();
    ASSERT_EQ(events_.size(), 2U);
    EXPECT_EQ(event<RdmaDeviceEvent>(0).kind, RdmaDeviceEvent::Kind::kWent);
    EXPECT_EQ(event<RdmaDeviceEvent>(1).kind, RdmaDeviceEvent::Kind::kCame);
    EXPECT_EQ(event<RdmaDeviceEvent>(1).parent, "0000:08:00.0");
}

TEST_F(MonitorTest, UeventsOfOtherSendersAreIgnored) {
    start();
    uevents().answer(rdma_uevent("remove"), 4711);
    monitor_->drain();
    EXPECT_TRUE(events_.empty());
}

TEST_F(MonitorTest, UeventsThatWereLostOrAreDamagedAreAnOverflowOfRdma) {
    start();
    uevents().answer(Error{ENOBUFS, "", "receive netlink message", ""});
    Bytes damaged = rdma_uevent("add");
    damaged.pop_back();
    uevents().answer(damaged);
    uevents().answer(rdma_uevent("add"));
    monitor_->drain();
    ASSERT_EQ(events_.size(), 3U);
    EXPECT_EQ(event<Overflow>(0).source, Source::kRdma);
    EXPECT_EQ(event<Overflow>(1).source, Source::kRdma);
    EXPECT_EQ(event<RdmaDeviceEvent>(2).name, "mlx5_0");
}

TEST_F(MonitorTest, OneSourceThatIsBusyDoesNotKeepTheOthersWaiting) {
    start();
    for (int i = 0; i < 1000; ++i) {
        route().answer(from_hex(captured::kVethLink));
    }
    devlink().answer(from_hex(written::kDevice));
    bool seen = false;
    size_t before = 0;
    on_event_ = [&] {
        if (!seen && std::holds_alternative<DevlinkDeviceEvent>(events_.back())) {
            seen = true;
            before = events_.size();
            loop_->stop();
        }
    };
    loop_->run();
    on_event_ = {};
    EXPECT_TRUE(seen);
    EXPECT_LT(before, 1000U);
}

TEST_F(MonitorTest, DrainingWithinTheReceiverDeliversNothing) {
    start();
    on_event_ = [this] {
        on_event_ = {};
        devlink().answer(from_hex(written::kDevice));
        monitor_->drain();
    };
    route().answer(together({from_hex(captured::kVethLink), from_hex(captured::kTapLink)}));
    monitor_->drain();
    ASSERT_EQ(events_.size(), 2U);
    EXPECT_EQ(event<LinkEvent>(1).link.name, "tap0");
    monitor_->drain();
    EXPECT_EQ(events_.size(), 3U);
}

TEST_F(MonitorTest, AMonitorMayGoWhileItWaitsToOpenAgain) {
    start();
    refused_opens_ = 1000;
    route().answer(Error{ENOTCONN, "", "receive netlink message", ""});
    monitor_->drain();
    ASSERT_EQ(events_.size(), 1U);
    monitor_.reset();
    loop_->post([this] { loop_->stop(); });
    loop_->run();
    EXPECT_EQ(events_.size(), 1U);
}

}  // namespace
}  // namespace esw::netlink
