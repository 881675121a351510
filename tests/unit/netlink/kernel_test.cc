// SPDX-License-Identifier: Apache-2.0
// The real kernel: links in a network namespace that the test makes for itself. Needs root, as the
// build's checks run; nothing outside of the namespace is touched.
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "netlink/message_builder.h"
#include "netlink/netlink_kernel.h"
#include "netlink/netlink_monitor.h"
#include "tests/unit/netlink/fake_channel.h"

namespace esw::netlink {
namespace {

/// Runs `body` on a thread of its own in a network namespace of its own, which ends with it.
template <class Body>
void in_namespace(Body body) {
    std::thread thread([&body] {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0) << errno_text(errno);
        body();
    });
    thread.join();
}

class World {
public:
    World() : kernel_(make_netlink_kernel(sink_, clock_)) {
        monitor_ = make_netlink_monitor(*loop_, sink_, clock_);
        const auto started = monitor_->start([this](KernelEvent event) {
            events_.push_back(std::move(event));
            loop_->stop();
        });
        EXPECT_TRUE(started) << started.error().to_string();
    }

    Kernel& kernel() { return *kernel_; }

    /// A pair of virtual Ethernet devices.
    void add_veth(const std::string& name, const std::string& peer) {
        MessageBuilder builder(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        builder.put_header(ifinfomsg{}).put_string(IFLA_IFNAME, name);
        builder.put_nested(IFLA_LINKINFO, [&](MessageBuilder& info) {
            info.put_string(IFLA_INFO_KIND, "veth");
            info.put_nested(IFLA_INFO_DATA, [&](MessageBuilder& data) {
                data.put_nested(VETH_INFO_PEER, [&](MessageBuilder& other) {
                    other.put_header(ifinfomsg{}).put_string(IFLA_IFNAME, peer);
                });
            });
        });
        send(*builder.finish());
    }

    void add_bridge(const std::string& name) {
        send(*MessageBuilder(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)
                  .put_header(ifinfomsg{})
                  .put_string(IFLA_IFNAME, name)
                  .put_nested(
                      IFLA_LINKINFO,
                      [](MessageBuilder& info) { info.put_string(IFLA_INFO_KIND, "bridge"); })
                  .finish());
    }

    void remove(uint32_t ifindex) {
        ifinfomsg header{};
        header.ifi_index = static_cast<int>(ifindex);
        send(*MessageBuilder(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK).put_header(header).finish());
    }

    void add_clsact(uint32_t ifindex) {
        tcmsg header{};
        header.tcm_ifindex = static_cast<int>(ifindex);
        header.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
        header.tcm_parent = TC_H_CLSACT;
        send(*MessageBuilder(RTM_NEWQDISC, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)
                  .put_header(header)
                  .put_string(TCA_KIND, "clsact")
                  .finish());
    }

    Link link(const std::string& name) {
        const auto links = kernel_->links();
        EXPECT_TRUE(links) << links.error().to_string();
        for (const Link& one : *links) {
            if (one.name == name) {
                return one;
            }
        }
        ADD_FAILURE() << "no link " << name;
        return {};
    }

    void change(const LinkChange& change) {
        const auto changed = kernel_->link_change(change);
        ASSERT_TRUE(changed) << changed.error().to_string();
    }

    /// The events of a link since the last call, with what the kernel has sent so far.
    std::vector<LinkEvent> events_of(uint32_t ifindex) {
        monitor_->drain();
        std::vector<LinkEvent> out;
        for (const KernelEvent& event : std::exchange(events_, {})) {
            if (const auto* link = std::get_if<LinkEvent>(&event);
                link && link->link.ifindex == ifindex) {
                out.push_back(*link);
            }
        }
        return out;
    }

    /// Waits for an event that says this carrier: it comes from a work queue of the kernel
    /// (net/core/link_watch.c), some time after the change.
    bool wait_for_carrier(uint32_t ifindex, bool carrier) {
        bool late = false;
        const auto deadline = loop_->after(std::chrono::seconds(10), [&] {
            late = true;
            loop_->stop();
        });
        while (!late) {
            for (const LinkEvent& event : events_of(ifindex)) {
                if (event.link.carrier == carrier) {
                    return true;
                }
            }
            loop_->run();
        }
        return false;
    }

private:
    void send(Bytes message) {
        const auto done =
            requester_.transact(std::move(message), {"test", "prepare", std::chrono::seconds(10)},
                                [](const MessageView&) { return Status{}; });
        ASSERT_TRUE(done) << done.error().to_string();
    }

    NullSink sink_;
    SystemClock clock_;
    std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
    std::unique_ptr<Kernel> kernel_;
    std::unique_ptr<KernelMonitor> monitor_;
    Requester requester_{NETLINK_ROUTE, open_channel, clock_, Logger(sink_, "test")};
    std::vector<KernelEvent> events_;
};

LinkChange change_of(uint32_t ifindex) {
    LinkChange change;
    change.ifindex = ifindex;
    return change;
}

TEST(RealKernel, ListsLinksAndTellsOfNewOnes) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const Link a0 = world.link("a0");
        EXPECT_EQ(a0.kind, "veth");
        EXPECT_EQ(a0.mtu, 1500U);
        EXPECT_EQ(a0.carrier, false);
        EXPECT_TRUE(a0.mac);
        const auto events = world.events_of(a0.ifindex);
        ASSERT_FALSE(events.empty());
        EXPECT_EQ(events.back().link.name, "a0");
        EXPECT_FALSE(events.back().removed);
        const auto same = world.kernel().link(a0.ifindex);
        ASSERT_TRUE(same) << same.error().to_string();
        EXPECT_EQ(*same, a0);
    });
}

TEST(RealKernel, ChangesOfALinkAreMadeAndTold) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const uint32_t ifindex = world.link("a0").ifindex;
        LinkChange change = change_of(ifindex);
        change.mtu = 1400;
        change.mac = MacAddress{0x02, 0, 0, 0, 0, 0x2a};
        change.name = "renamed";
        world.change(change);
        change = change_of(ifindex);
        change.promiscuous = true;
        change.up = true;
        world.change(change);
        const Link link = world.link("renamed");
        EXPECT_EQ(link.ifindex, ifindex);
        EXPECT_EQ(link.mtu, 1400U);
        EXPECT_EQ(link.mac, (MacAddress{0x02, 0, 0, 0, 0, 0x2a}));
        EXPECT_TRUE(link.flags & IFF_UP);
        EXPECT_TRUE(link.flags & IFF_PROMISC);
        const auto events = world.events_of(ifindex);
        ASSERT_FALSE(events.empty());
        EXPECT_EQ(events.back().link.name, "renamed");
        EXPECT_EQ(events.back().link.mtu, 1400U);
        EXPECT_TRUE(events.back().link.flags & IFF_PROMISC);
    });
}

TEST(RealKernel, CarrierFollowsThePeer) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const uint32_t a0 = world.link("a0").ifindex;
        const uint32_t a1 = world.link("a1").ifindex;
        LinkChange up = change_of(a0);
        up.up = true;
        world.change(up);
        EXPECT_EQ(world.link("a0").carrier, false);
        up.ifindex = a1;
        world.change(up);
        EXPECT_EQ(world.link("a0").carrier, true);
        LinkChange down = change_of(a1);
        down.up = false;
        world.events_of(a0);
        world.change(down);
        EXPECT_EQ(world.link("a0").carrier, false);
        EXPECT_TRUE(world.wait_for_carrier(a0, false));
    });
}

TEST(RealKernel, MastersAreSetAndReleasedAndTheBridgesOwnViewIsNoRemoval) {
    in_namespace([] {
        World world;
        world.add_bridge("br0");
        world.add_veth("a0", "a1");
        const uint32_t bridge = world.link("br0").ifindex;
        const uint32_t port = world.link("a0").ifindex;
        LinkChange change = change_of(port);
        change.master = bridge;
        world.change(change);
        EXPECT_EQ(world.link("a0").master, bridge);
        EXPECT_EQ(world.link("a0").slave_kind, "bridge");
        change.master = 0;
        world.change(change);
        EXPECT_FALSE(world.link("a0").master);
        for (const LinkEvent& event : world.events_of(port)) {
            EXPECT_FALSE(event.removed);
        }
    });
}

TEST(RealKernel, ARemovedLinkIsToldAndGone) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const uint32_t ifindex = world.link("a0").ifindex;
        world.remove(ifindex);
        const auto events = world.events_of(ifindex);
        ASSERT_FALSE(events.empty());
        EXPECT_TRUE(events.back().removed);
        const auto link = world.kernel().link(ifindex);
        ASSERT_FALSE(link);
        EXPECT_EQ(link.error().code, ENODEV);
        EXPECT_EQ(world.kernel().link_stats(ifindex).error().code, ENODEV);
    });
}

TEST(RealKernel, RefusalsHaveTheKernelsText) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        LinkChange change = change_of(world.link("a0").ifindex);
        change.mtu = 140000;
        const auto refused = world.kernel().link_change(change);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, EINVAL);
        EXPECT_EQ(refused.error().detail, "mtu greater than device maximum");
    });
}

TEST(RealKernel, StatisticsOfBothEndsAgree) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const uint32_t a0 = world.link("a0").ifindex;
        const auto before = world.kernel().link_stats(a0);
        ASSERT_TRUE(before) << before.error().to_string();
        EXPECT_EQ(before->tx_bytes, 0U);
        // Coming up, IPv6 says hello on the link at some time; what counts is that both ends agree.
        const auto peer = world.kernel().link_stats(world.link("a1").ifindex);
        ASSERT_TRUE(peer);
        EXPECT_EQ(before->tx_packets, peer->rx_packets);
    });
}

TEST(RealKernel, IngressQdiscIsRemovedOnce) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const uint32_t ifindex = world.link("a0").ifindex;
        const auto none = world.kernel().remove_ingress_qdisc(ifindex);
        ASSERT_TRUE(none) << none.error().to_string();
        EXPECT_FALSE(*none);
        world.add_clsact(ifindex);
        const auto removed = world.kernel().remove_ingress_qdisc(ifindex);
        ASSERT_TRUE(removed) << removed.error().to_string();
        EXPECT_TRUE(*removed);
        EXPECT_FALSE(*world.kernel().remove_ingress_qdisc(ifindex));
    });
}

TEST(RealKernel, TcOffloadOfADriverWithoutItIsOffAndStaysOff) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const uint32_t ifindex = world.link("a0").ifindex;
        const auto features = world.kernel().features(ifindex);
        ASSERT_TRUE(features) << features.error().to_string();
        EXPECT_EQ(features->count("hw-tc-offload"), 0U);
        EXPECT_TRUE(world.kernel().set_feature(ifindex, "hw-tc-offload", false));
        EXPECT_EQ(world.kernel().set_feature(ifindex, "hw-tc-offload", true).error().code, ENOTSUP);
    });
}

TEST(RealKernel, LinkModesOfAVethAreItsSpeed) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const auto modes = world.kernel().link_modes(world.link("a0").ifindex);
        ASSERT_TRUE(modes) << modes.error().to_string();
        EXPECT_EQ(modes->speed_mbps, 10000U);
        EXPECT_TRUE(modes->full_duplex);
        EXPECT_EQ(world.kernel().link_modes(1).error().code, EOPNOTSUPP) << "the loopback device";
        EXPECT_EQ(world.kernel().link_modes(999).error().code, ENODEV);
    });
}

TEST(RealKernel, GenericReceiveOffloadIsTurnedOffAndOn) {
    in_namespace([] {
        World world;
        world.add_veth("a0", "a1");
        const uint32_t ifindex = world.link("a0").ifindex;
        for (const bool on : {true, false, true}) {
            const auto set = world.kernel().set_feature(ifindex, "rx-gro", on);
            ASSERT_TRUE(set) << set.error().to_string();
            EXPECT_EQ(world.kernel().features(ifindex)->count("rx-gro"), on);
        }
        EXPECT_NE(world.kernel().set_feature(ifindex, "no-such-feature", true).error().code, 0);
    });
}

TEST(RealKernel, ManyNotificationsThatNobodyReadsEndInAnOverflow) {
    in_namespace([] {
        NullSink sink;
        SystemClock clock;
        const auto loop = *EventLoop::create();
        // The smallest buffer that the kernel gives instead of our own size.
        const ChannelFactory small = [](int protocol, ChannelUse use) {
            auto channel = open_channel(protocol, use);
            if (channel && use == ChannelUse::kNotifications) {
                const int size = 1;
                setsockopt((*channel)->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
            }
            return channel;
        };
        const auto monitor = make_netlink_monitor(*loop, sink, clock, {}, small);
        int overflows = 0;
        ASSERT_TRUE(monitor->start([&](KernelEvent event) {
            overflows += std::holds_alternative<Overflow>(event) ? 1 : 0;
        }));
        World world;
        world.add_veth("a0", "a1");
        LinkChange change = change_of(world.link("a0").ifindex);
        for (uint32_t i = 0; i < 50; ++i) {
            change.mtu = 1000 + i;
            world.change(change);
        }
        monitor->drain();
        EXPECT_GE(overflows, 1);
    });
}

TEST(RealKernel, ADumpOfManyLinksIsWhole) {
    in_namespace([] {
        World world;
        for (int i = 0; i < 100; ++i) {
            world.add_veth("a" + std::to_string(i), "b" + std::to_string(i));
        }
        const auto links = world.kernel().links();
        ASSERT_TRUE(links) << links.error().to_string();
        EXPECT_EQ(std::count_if(links->begin(), links->end(),
                                [](const Link& link) { return link.kind == "veth"; }),
                  200);
    });
}

TEST(RealKernel, AProtocolThatItDoesNotHaveIsNotSupported) {
    constexpr int kNoSuchProtocol = 31;
    const auto channel = open_channel(kNoSuchProtocol, ChannelUse::kRequests);
    ASSERT_FALSE(channel);
    EXPECT_EQ(channel.error().code, ENOTSUP);
}

}  // namespace
}  // namespace esw::netlink
