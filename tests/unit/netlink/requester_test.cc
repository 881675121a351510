// SPDX-License-Identifier: Apache-2.0
// The transport against a scripted kernel.
#include "netlink/requester.h"

#include <gtest/gtest.h>
#include <linux/if_link.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <thread>
#include <vector>

#include "netlink/message_builder.h"
#include "netlink/rtnl_codec.h"
#include "tests/unit/netlink/answers.h"
#include "tests/unit/netlink/captured_route.h"
#include "tests/unit/netlink/fake_channel.h"
#include "tests/unit/netlink/messages.h"

namespace esw::netlink {
namespace {

class RequesterTest : public testing::Test {
protected:
    Status transact() {
        return requester_.transact(*rtnl::encode_link_get(3), call_, [this](const MessageView& m) {
            received_.push_back(m.header.nlmsg_type);
            return Status{};
        });
    }
    Result<std::vector<Link>> dump() {
        return requester_.dump<Link>(*rtnl::encode_links_dump(), call_, [](const MessageView& m) {
            auto event = rtnl::decode_link(m);
            return event && *event ? Result<Link>((*event)->link)
                                   : Result<Link>(fail(EBADMSG, "", "", "no link"));
        });
    }
    void answer_with(std::function<void(FakePeer&, const Bytes&)> script) {
        sockets_.on_request = std::move(script);
    }

    NullSink sink_;
    FakeClock clock_;
    FakeSockets sockets_{clock_};
    Requester requester_{NETLINK_ROUTE, sockets_.factory(), clock_, Logger(sink_, "test")};
    Call call_{"object", "do it", std::chrono::seconds(5)};
    std::vector<uint16_t> received_;
};

TEST_F(RequesterTest, GivesTheAnswerAndEndsWithTheAcknowledgement) {
    answer_with([](FakePeer& peer, const Bytes& request) {
        peer.answer(reply(request, captured::kVethLink));
        peer.answer(acknowledge(request));
    });
    ASSERT_TRUE(transact());
    EXPECT_EQ(received_, std::vector<uint16_t>{16});
}

TEST_F(RequesterTest, KeepsItsSocketForTheNextCall) {
    answer_with([](FakePeer& peer, const Bytes& request) { peer.answer(acknowledge(request)); });
    ASSERT_TRUE(transact());
    ASSERT_TRUE(transact());
    ASSERT_EQ(sockets_.peers.size(), 1U);
    EXPECT_NE(sequence_of(sockets_.peers[0]->requests[0]),
              sequence_of(sockets_.peers[0]->requests[1]));
}

TEST_F(RequesterTest, AnErrorHasTheKernelsTextAndNamesTheAttribute) {
    call_.attributes = rtnl::link_attributes();
    call_.attributes_at = 32;
    answer_with([](FakePeer& peer, const Bytes& request) {
        peer.answer(acknowledge(request, EINVAL, "mask is wrong", 32));
    });
    const auto status = requester_.transact(*MessageBuilder(19, NLM_F_REQUEST | NLM_F_ACK)
                                                 .put_header(std::array<std::byte, 16>{})
                                                 .put_u32(IFLA_MTU, 1)
                                                 .finish(),
                                            call_, [](const MessageView&) { return Status{}; });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, EINVAL);
    EXPECT_EQ(status.error().to_string(),
              "object: do it: mask is wrong (attribute MTU) (Invalid argument)");
}

TEST_F(RequesterTest, AnErrorAnswerLeavesTheSocketUsable) {
    answer_with(
        [](FakePeer& peer, const Bytes& request) { peer.answer(acknowledge(request, EBUSY)); });
    EXPECT_EQ(transact().error().code, EBUSY);
    EXPECT_EQ(transact().error().code, EBUSY);
    EXPECT_EQ(sockets_.peers.size(), 1U);
}

TEST_F(RequesterTest, NoAnswerIsATimeOutAfterTheDeadline) {
    const TimePoint before = clock_.now();
    const auto status = transact();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ETIMEDOUT);
    EXPECT_EQ(status.error().object, "object");
    EXPECT_EQ(clock_.now() - before, call_.patience);
}

TEST_F(RequesterTest, AKernelThatWorksWithinTheSystemCallMayTakeLonger) {
    answer_with([this](FakePeer& peer, const Bytes& request) {
        clock_.advance(2 * call_.patience);
        peer.answer(acknowledge(request, EBUSY));
    });
    EXPECT_EQ(transact().error().code, EBUSY);
}

TEST_F(RequesterTest, ASocketThatTimedOutIsNotUsedAgain) {
    ASSERT_FALSE(transact());
    EXPECT_TRUE(sockets_.peers[0]->closed);
    answer_with([](FakePeer& peer, const Bytes& request) { peer.answer(acknowledge(request)); });
    EXPECT_TRUE(transact());
    EXPECT_EQ(sockets_.peers.size(), 2U);
}

TEST_F(RequesterTest, ForeignSendersAreIgnored) {
    answer_with([](FakePeer& peer, const Bytes& request) {
        peer.answer(acknowledge(request), 4711);
        peer.answer(acknowledge(request, ENODEV));
    });
    EXPECT_EQ(transact().error().code, ENODEV);
}

TEST_F(RequesterTest, AFloodOfForeignMessagesDoesNotOutlastTheDeadline) {
    answer_with([this](FakePeer& peer, const Bytes& request) {
        for (int i = 0; i < 3; ++i) {
            peer.answer(acknowledge(request), 4711);
        }
        clock_.advance(std::chrono::seconds(6));
    });
    EXPECT_EQ(transact().error().code, ETIMEDOUT);
}

TEST_F(RequesterTest, AnswersToOtherRequestsAreIgnored) {
    answer_with([](FakePeer& peer, const Bytes& request) {
        Bytes other = acknowledge(request, EPERM);
        set_sequence(other, sequence_of(request) - 1);
        peer.answer(std::move(other));
        peer.answer(acknowledge(request));
    });
    EXPECT_TRUE(transact());
}

TEST_F(RequesterTest, AnAnswerThatCannotBeUnderstoodIsAnError) {
    answer_with([](FakePeer& peer, const Bytes& request) {
        Bytes message = acknowledge(request);
        message.resize(message.size() - 1);
        peer.answer(std::move(message));
    });
    EXPECT_EQ(transact().error().code, EBADMSG);
}

TEST_F(RequesterTest, TheReceiversErrorEndsTheCall) {
    answer_with([](FakePeer& peer, const Bytes& request) {
        peer.answer(reply(request, captured::kVethLink));
        peer.answer(acknowledge(request));
    });
    const auto status = requester_.transact(
        *rtnl::encode_link_get(3), call_,
        [](const MessageView&) -> Status { return fail(EBADMSG, "", "", "strange"); });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().to_string(), "object: do it: strange (Bad message)");
    EXPECT_TRUE(sockets_.peers[0]->closed);
}

TEST_F(RequesterTest, ASocketThatEndedIsAnError) {
    answer_with([](FakePeer& peer, const Bytes&) {
        peer.answer(Error{ENOTCONN, "", "receive netlink message", "the socket has ended"});
    });
    const auto status = transact();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ENOTCONN);
    EXPECT_EQ(status.error().detail, "receive netlink message: the socket has ended");
}

TEST_F(RequesterTest, GetWithoutAnAnswerIsAnError) {
    answer_with([](FakePeer& peer, const Bytes& request) { peer.answer(acknowledge(request)); });
    const auto stats =
        requester_.get<LinkStats>(*rtnl::encode_stats_get(3), call_, rtnl::decode_stats);
    ASSERT_FALSE(stats);
    EXPECT_EQ(stats.error().code, EBADMSG);
}

TEST_F(RequesterTest, ADumpComesInSeveralParts) {
    answer_with([](FakePeer& peer, const Bytes& request) {
        peer.answer(together({reply(request, captured::kVethLink, NLM_F_MULTI),
                              reply(request, captured::kTapLink, NLM_F_MULTI)}));
        peer.answer(reply(request, captured::kVethLink, NLM_F_MULTI));
        peer.answer(done(request));
    });
    const auto links = dump();
    ASSERT_TRUE(links) << links.error().to_string();
    ASSERT_EQ(links->size(), 3U);
    EXPECT_EQ((*links)[1].name, "tap0");
}

TEST_F(RequesterTest, AnInterruptedDumpIsMadeAgainFromTheStart) {
    int attempts = 0;
    answer_with([&](FakePeer& peer, const Bytes& request) {
        ++attempts;
        const uint16_t flags = attempts < 3 ? NLM_F_MULTI | NLM_F_DUMP_INTR : NLM_F_MULTI;
        peer.answer(reply(request, captured::kVethLink, flags));
        peer.answer(done(request));
    });
    const auto links = dump();
    ASSERT_TRUE(links) << links.error().to_string();
    EXPECT_EQ(attempts, 3);
    EXPECT_EQ(links->size(), 1U);
    EXPECT_EQ(sockets_.peers.size(), 1U);
}

TEST_F(RequesterTest, TheInterruptionMayBeSaidAtTheEndOnly) {
    int attempts = 0;
    answer_with([&](FakePeer& peer, const Bytes& request) {
        ++attempts;
        peer.answer(reply(request, captured::kVethLink, NLM_F_MULTI));
        peer.answer(done(request, attempts < 2 ? NLM_F_DUMP_INTR : 0));
    });
    EXPECT_EQ(dump()->size(), 1U);
    EXPECT_EQ(attempts, 2);
}

TEST_F(RequesterTest, ADumpThatIsAlwaysInterruptedIsAnError) {
    int attempts = 0;
    answer_with([&](FakePeer& peer, const Bytes& request) {
        ++attempts;
        peer.answer(done(request, NLM_F_DUMP_INTR));
    });
    const auto links = dump();
    ASSERT_FALSE(links);
    EXPECT_EQ(links.error().code, EAGAIN);
    EXPECT_GT(attempts, 1);
    EXPECT_LT(attempts, 100);
}

TEST_F(RequesterTest, ADumpOfWhichPartsWereLostIsMadeAgain) {
    int attempts = 0;
    answer_with([&](FakePeer& peer, const Bytes& request) {
        peer.answer(reply(request, captured::kVethLink, NLM_F_MULTI));
        if (++attempts == 1) {
            peer.answer(Error{ENOBUFS, "", "receive netlink message", ""});
        } else {
            peer.answer(done(request));
        }
    });
    EXPECT_EQ(dump()->size(), 1U);
    EXPECT_EQ(attempts, 2);
}

TEST_F(RequesterTest, AllAttemptsOfADumpShareOneDeadline) {
    answer_with([this](FakePeer& peer, const Bytes& request) {
        clock_.advance(std::chrono::seconds(2));
        peer.answer(done(request, NLM_F_DUMP_INTR));
    });
    EXPECT_EQ(dump().error().code, ETIMEDOUT);
}

TEST_F(RequesterTest, ADumpWhoseFirstPartTookLongIsNotLost) {
    answer_with([this](FakePeer& peer, const Bytes& request) {
        clock_.advance(2 * call_.patience);
        peer.answer(done(request));
    });
    EXPECT_TRUE(dump());
}

TEST_F(RequesterTest, ADumpMayEndWithAnError) {
    answer_with(
        [](FakePeer& peer, const Bytes& request) { peer.answer(acknowledge(request, EPERM)); });
    EXPECT_EQ(dump().error().code, EPERM);
}

TEST_F(RequesterTest, ASocketThatCannotBeOpenedIsAnError) {
    sockets_.on_open = [](FakePeer&) -> Status { return fail(EMFILE, "", "open netlink socket"); };
    const auto status = transact();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().to_string(),
              "object: do it: open netlink socket (Too many open files)");
}

// With the real kernel: the scripted one is for one thread.
TEST(RequesterThreads, CallsAtOnceHaveSocketsOfTheirOwn) {
    NullSink sink;
    SystemClock clock;
    Requester requester(NETLINK_ROUTE, open_channel, clock, Logger(sink, "test"));
    const Call call{"links", "list", std::chrono::seconds(20)};
    std::vector<std::thread> threads;
    std::atomic<int> answers = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 20; ++round) {
                const auto link = requester.get<std::optional<LinkEvent>>(*rtnl::encode_link_get(1),
                                                                          call, rtnl::decode_link);
                answers += link && *link && (*link)->link.ifindex == 1;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(answers, 160);
}

}  // namespace
}  // namespace esw::netlink
