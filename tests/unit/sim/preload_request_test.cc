// SPDX-License-Identifier: Apache-2.0
// Requests and notifications of a program under the preload library.
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "tests/unit/sim/preload_client.h"
#include "tests/unit/sim/toy_adapter.h"

namespace esw::sim::test {
namespace {

void enable(const ClientSocketUnderTest& socket, int name) {
    const int on = 1;
    ASSERT_EQ(::setsockopt(socket.fd(), SOL_NETLINK, name, &on, sizeof on), 0);
}

/// Of an NLMSG_ERROR.
int error_of(const ReceivedMessage& message) {
    EXPECT_EQ(message.header.nlmsg_type, NLMSG_ERROR);
    return -read_front<nlmsgerr>(message.payload)->error;
}

TEST(PreloadRequest, ErrorCarriesTheRequest) {
    ClientSocketUnderTest socket;
    const Bytes request = toy_message(ToyAdapter::kFail, 11, "abcd");
    ASSERT_EQ(socket.send(request), 0);
    const auto replies = socket.receive_now();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(error_of(replies[0]), EBUSY);
    EXPECT_EQ(replies[0].header.nlmsg_seq, 11U);
    EXPECT_EQ(replies[0].header.nlmsg_flags, 0);
    EXPECT_EQ(replies[0].payload.size(), sizeof(int) + request.size());
}

TEST(PreloadRequest, ErrorHasTextAndOffsetWhenAskedFor) {
    ClientSocketUnderTest socket;
    enable(socket, NETLINK_EXT_ACK);
    enable(socket, NETLINK_CAP_ACK);
    ASSERT_EQ(socket.send(toy_message(ToyAdapter::kFail, 12, "abcd")), 0);
    const auto replies = socket.receive_now();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(error_of(replies[0]), EBUSY);
    EXPECT_EQ(replies[0].header.nlmsg_flags, NLM_F_CAPPED | NLM_F_ACK_TLVS);
    const ByteSpan attributes = ByteSpan(replies[0].payload).subspan(sizeof(nlmsgerr));
    EXPECT_EQ(attribute_text(find_attribute(attributes, NLMSGERR_ATTR_MSG).value()), "Toy is busy");
    EXPECT_EQ(read_front<uint32_t>(find_attribute(attributes, NLMSGERR_ATTR_OFFS)->payload), 20U);
}

TEST(PreloadRequest, WithoutDescriptorsThereIsNoMemoryForIt) {
    ClientSocketUnderTest socket;
    const Bytes request = toy_message(ToyAdapter::kFail, 11, "abcd");
    rlimit before;
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const UniqueFd free(::dup(0));
    const rlimit none{static_cast<rlim_t>(free.get()), before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const int error = socket.send(request);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    // ENOBUFS says that messages were lost, and programs ask again at once.
    EXPECT_EQ(error, ENOMEM);
    EXPECT_EQ(socket.send(request), 0);
    EXPECT_EQ(socket.receive_now().size(), 1U);
}

TEST(PreloadRequest, AcknowledgementFollowsTheReply) {
    ClientSocketUnderTest socket;
    ASSERT_EQ(socket.send(toy_message(ToyAdapter::kEcho, 13, "abcd", NLM_F_ACK)), 0);
    EXPECT_EQ(socket.receive_now().at(0).header.nlmsg_type, ToyNumbers::get().devlink);
    const auto acknowledgement = socket.receive_now();
    EXPECT_EQ(error_of(acknowledgement.at(0)), 0);
    EXPECT_EQ(acknowledgement.at(0).header.nlmsg_flags, NLM_F_CAPPED);
    EXPECT_EQ(socket.receive_error(), EAGAIN);
}

TEST(PreloadRequest, DumpIsMultipartAndFitsAPage) {
    ClientSocketUnderTest socket;
    ASSERT_EQ(socket.send(toy_message(ToyAdapter::kMany, 14, std::string(1500, 'y'), NLM_F_DUMP)),
              0);
    size_t messages = 0;
    bool done = false;
    while (!done) {
        const ssize_t size = ::recv(socket.fd(), nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
        ASSERT_GT(size, 0);
        EXPECT_LE(size, 4096);
        for (const auto& message : socket.receive_now()) {
            EXPECT_EQ(message.header.nlmsg_flags & NLM_F_MULTI, NLM_F_MULTI);
            EXPECT_EQ(message.header.nlmsg_seq, 14U);
            done = message.header.nlmsg_type == NLMSG_DONE;
            messages += done ? 0 : 1;
        }
    }
    EXPECT_EQ(messages, 3U);
    EXPECT_EQ(socket.receive_error(), EAGAIN);
}

TEST(PreloadRequest, SeveralInOneDatagramAreAnsweredInOrder) {
    ClientSocketUnderTest socket;
    Bytes datagram = toy_message(ToyAdapter::kEcho, 1);
    Bytes kernel = open_message(GENL_ID_CTRL, NLM_F_REQUEST, 2, 0);
    append_value(kernel, genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0});
    append_text(kernel, CTRL_ATTR_FAMILY_NAME, "nlctrl");
    close_message(kernel);
    append_padded(datagram, kernel);
    append_padded(datagram, toy_message(ToyAdapter::kFail, 3));
    append_padded(datagram, toy_message(200, 4));
    append_padded(datagram, toy_message(ToyAdapter::kEcho, 5));
    ASSERT_EQ(socket.send(datagram), 0);
    for (uint32_t sequence = 1; sequence <= 5; sequence++) {
        const auto replies = socket.receive_now();
        ASSERT_EQ(replies.size(), 1U);
        EXPECT_EQ(replies[0].header.nlmsg_seq, sequence);
    }
    EXPECT_EQ(socket.receive_error(), EAGAIN);
}

TEST(PreloadRequest, GarbageIsIgnoredAsByTheKernel) {
    ClientSocketUnderTest generic, route(NETLINK_ROUTE), rdma(NETLINK_RDMA);
    for (auto* socket : {&generic, &route, &rdma}) {
        EXPECT_EQ(socket->send(Bytes(3)), 0);
        EXPECT_EQ(socket->send(Bytes(100)), 0);
        Bytes lies = toy_message(ToyAdapter::kEcho, 1);
        edit_header(lies, 0, [](nlmsghdr& header) { header.nlmsg_len = 1 << 20; });
        EXPECT_EQ(socket->send(lies), 0);
        EXPECT_EQ(socket->receive_error(), EAGAIN);
    }
    EXPECT_TRUE(echoes(generic.fd()));
}

TEST(PreloadRequest, ShortGenericMessageIsAnError) {
    ClientSocketUnderTest socket;
    Bytes request = open_message(ToyNumbers::get().devlink, NLM_F_REQUEST, 1, 0);
    close_message(request);
    ASSERT_EQ(socket.send(request), 0);
    EXPECT_EQ(error_of(socket.receive_now().at(0)), EINVAL);
}

TEST(PreloadRequest, RdmaIsAnsweredWithoutTheKernel) {
    ClientSocketUnderTest socket(NETLINK_RDMA);
    Bytes request = open_message(5 << 10 | 1, NLM_F_REQUEST | NLM_F_ACK, 6, 0);
    close_message(request);
    ASSERT_EQ(socket.send(request), 0);
    EXPECT_EQ(socket.receive_now().at(0).header.nlmsg_type, 5 << 10 | 1);
    EXPECT_EQ(error_of(socket.receive_now().at(0)), 0);
}

TEST(PreloadRequest, LinksOfTheAdapterHaveItsAttributes) {
    ClientSocketUnderTest socket(NETLINK_ROUTE);
    Bytes request = open_message(RTM_GETLINK, NLM_F_REQUEST, 7, 0);
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(if_nametoindex("lo"));
    append_value(request, link);
    close_message(request);
    ASSERT_EQ(socket.send(request), 0);
    const auto replies = socket.receive_now();
    const ByteSpan attributes = ByteSpan(replies.at(0).payload).subspan(sizeof(ifinfomsg));
    EXPECT_EQ(attribute_text(find_attribute(attributes, IFLA_PHYS_PORT_NAME).value()), "p0");
    EXPECT_EQ(attribute_text(find_attribute(attributes, IFLA_PARENT_DEV_NAME).value()),
              "0000:08:00.0");
    EXPECT_EQ(attribute_text(find_attribute(attributes, IFLA_IFNAME).value()), "lo");
}

TEST(PreloadRequest, FamilyListHasDevlinkOnce) {
    ClientSocketUnderTest socket;
    Bytes request = open_message(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, 8, 0);
    append_value(request, genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0});
    close_message(request);
    ASSERT_EQ(socket.send(request), 0);
    int devlinks = 0, families = 0;
    for (bool done = false; !done;) {
        for (const auto& message : socket.receive_now()) {
            done = message.header.nlmsg_type == NLMSG_DONE;
            const ByteSpan attributes = ByteSpan(message.payload).subspan(done ? 4 : GENL_HDRLEN);
            const auto name = find_attribute(attributes, CTRL_ATTR_FAMILY_NAME);
            devlinks += name && attribute_text(*name) == "devlink" ? 1 : 0;
            families += name ? 1 : 0;
        }
    }
    EXPECT_EQ(devlinks, 1);
    EXPECT_GT(families, 1);
}

TEST(PreloadRequest, PrivilegeIsTheCallersAndTheOpeners) {
    ClientSocketUnderTest opened_here;
    ASSERT_EQ(opened_here.send(toy_message(ToyAdapter::kAdminOnly, 1, {}, NLM_F_ACK)), 0);
    const bool root = ::geteuid() == 0;
    EXPECT_EQ(error_of(opened_here.receive_now().at(0)), root ? 0 : EPERM);
    EXPECT_EQ(
        status_of_child([&] {
            if (root && ::setresuid(65534, 65534, 65534) != 0) {
                return 1;
            }
            ClientSocketUnderTest opened_there;
            for (auto* socket : {&opened_here, &opened_there}) {
                const Bytes request = toy_message(ToyAdapter::kAdminOnly, 1, {}, NLM_F_ACK);
                if (socket->send(request) != 0 || error_of(socket->receive_now().at(0)) != EPERM) {
                    return 2;
                }
            }
            return 0;
        }),
        0);
}

// --- notifications ---

TEST(PreloadNotification, ReachesMembersWithItsGroup) {
    ClientSocketUnderTest member, other, sender;
    const auto group = ToyNumbers::get().config_group;
    member.join(group);
    enable(member, NETLINK_PKTINFO);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kNotify, 1, "news")), 0);
    std::byte buffer[256];
    alignas(cmsghdr) char control[256];
    iovec part{buffer, sizeof buffer};
    sockaddr_nl from{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ASSERT_GT(::recvmsg(member.fd(), &message, MSG_DONTWAIT), 0);
    EXPECT_EQ(from.nl_groups, group <= 32 ? 1U << (group - 1) : 0);
    const cmsghdr* c = CMSG_FIRSTHDR(&message);
    ASSERT_NE(c, nullptr);
    EXPECT_EQ(c->cmsg_level, SOL_NETLINK);
    EXPECT_EQ(c->cmsg_type, NETLINK_PKTINFO);
    nl_pktinfo info;
    std::memcpy(&info, CMSG_DATA(c), sizeof info);
    EXPECT_EQ(info.group, group);
    EXPECT_EQ(other.receive_error(), EAGAIN);
    EXPECT_EQ(sender.receive_error(), EAGAIN);
}

TEST(PreloadNotification, WakesPollAndEpoll) {
    ClientSocketUnderTest member, sender;
    member.join(ToyNumbers::get().config_group);
    pollfd entry{member.fd(), POLLIN | POLLOUT, 0};
    EXPECT_EQ(::poll(&entry, 1, 0), 1);
    EXPECT_EQ(entry.revents, POLLOUT);
    const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{EPOLLIN, {}};
    ASSERT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, member.fd(), &event), 0);
    std::thread waiter([&] { EXPECT_EQ(::epoll_wait(epoll.get(), &event, 1, -1), 1); });
    EXPECT_EQ(sender.send(toy_message(ToyAdapter::kNotify, 1)), 0);
    waiter.join();
    EXPECT_EQ(event.events, uint32_t{EPOLLIN});
    EXPECT_EQ(member.receive_now().size(), 1U);
}

TEST(PreloadNotification, FullBufferLosesAndSaysSoOnce) {
    ClientSocketUnderTest member, sender;
    member.join(ToyNumbers::get().config_group);
    const int small = 4096;
    ASSERT_EQ(::setsockopt(member.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    const uint32_t many = 1000;
    const std::string number(reinterpret_cast<const char*>(&many), sizeof many);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kNotifyMany, 1, number)), 0);
    // An answer is not lost for it.
    ASSERT_EQ(member.send(toy_message(ToyAdapter::kEcho, 2)), 0);
    uint32_t received = 0;
    int overruns = 0, answers = 0;
    while (true) {
        std::byte buffer[256];
        const ssize_t size = ::recv(member.fd(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) {
            break;
        }
        if (size < 0) {
            EXPECT_EQ(errno, ENOBUFS);
            overruns++;
            continue;
        }
        const auto header = read_front<nlmsghdr>(ByteSpan(buffer).first(size));
        answers += header->nlmsg_seq == 2 ? 1 : 0;
        received += header->nlmsg_seq == 2 ? 0 : 1;
    }
    EXPECT_EQ(overruns, 1);
    EXPECT_EQ(answers, 1);
    EXPECT_GT(received, 0U);
    EXPECT_LT(received, many);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kNotify, 3)), 0);
    EXPECT_EQ(member.receive_now().size(), 1U);
}

TEST(PreloadNotification, OverrunIsSeenByAPeekAndThenOver) {
    ClientSocketUnderTest member, sender;
    member.join(ToyNumbers::get().config_group);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kLoseNext, 1)), 0);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kNotify, 2)), 0);
    std::byte buffer[256];
    EXPECT_EQ(::recv(member.fd(), buffer, sizeof buffer, MSG_PEEK | MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, ENOBUFS);
    EXPECT_EQ(member.receive_error(), EAGAIN);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kNotify, 3)), 0);
    EXPECT_EQ(member.receive_now().size(), 1U);
}

TEST(PreloadNotification, LossIsSilentWithNoEnobufs) {
    ClientSocketUnderTest member, sender;
    member.join(ToyNumbers::get().config_group);
    enable(member, NETLINK_NO_ENOBUFS);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kLoseNext, 1)), 0);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kNotify, 2)), 0);
    EXPECT_EQ(member.receive_error(), EAGAIN);
}

// --- requests that take long ---

TEST(PreloadGate, SendReturnsWhenTheRequestIsThrough) {
    ClientSocketUnderTest member, held, other;
    member.join(ToyNumbers::get().config_group);
    bool answered = false;
    std::thread sender([&] {
        EXPECT_EQ(held.send(toy_message(ToyAdapter::kHold, 1)), 0);
        answered = held.receive_now().size() == 1;
    });
    EXPECT_EQ(member.receive().size(), 1U);  // it is held
    EXPECT_EQ(held.receive_error(), EAGAIN);
    EXPECT_TRUE(echoes(other.fd()));
    EXPECT_EQ(other.send(toy_message(ToyAdapter::kRelease, 2)), 0);
    sender.join();
    EXPECT_TRUE(answered);
}

TEST(PreloadGate, SignalDoesNotInterruptARequest) {
    ClientSocketUnderTest member, held, other;
    member.join(ToyNumbers::get().config_group);
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ASSERT_EQ(::sigaction(SIGUSR1, &action, nullptr), 0);
    std::thread sender([&] { EXPECT_EQ(held.send(toy_message(ToyAdapter::kHold, 1)), 0); });
    EXPECT_EQ(member.receive().size(), 1U);
    ASSERT_EQ(::pthread_kill(sender.native_handle(), SIGUSR1), 0);
    EXPECT_TRUE(echoes(other.fd()));
    EXPECT_EQ(other.send(toy_message(ToyAdapter::kRelease, 2)), 0);
    sender.join();
    EXPECT_EQ(held.receive_now().size(), 1U);
}

TEST(PreloadGate, KilledProgramLeavesNothingBehind) {
    ClientSocketUnderTest member, other;
    member.join(ToyNumbers::get().config_group);
    const Bytes hold = toy_message(ToyAdapter::kHold, 1);
    const pid_t child = ::fork();
    if (child == 0) {
        ClientSocketUnderTest held;
        held.bind(0x70000011);
        held.send(hold);
        ::_exit(0);
    }
    EXPECT_EQ(member.receive().size(), 1U);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(other.send(toy_message(ToyAdapter::kRelease, 2)), 0);
    EXPECT_TRUE(echoes(other.fd()));
    // Its port id is free again.
    ClientSocketUnderTest again;
    again.bind(0x70000011);
}

TEST(PreloadGate, StoppedProgramHoldsNobodyUp) {
    ClientSocketUnderTest member, sender;
    member.join(ToyNumbers::get().config_group);  // and never reads
    const uint32_t many = 20000;
    const std::string number(reinterpret_cast<const char*>(&many), sizeof many);
    ASSERT_EQ(sender.send(toy_message(ToyAdapter::kNotifyMany, 1, number)), 0);
    EXPECT_TRUE(echoes(sender.fd()));
}

}  // namespace
}  // namespace esw::sim::test
