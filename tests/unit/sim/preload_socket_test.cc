// SPDX-License-Identifier: Apache-2.0
// Sockets of a program under the preload library: identity, calls, options.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "tests/unit/sim/preload_client.h"
#include "tests/unit/sim/toy_adapter.h"

namespace esw::sim::test {
namespace {

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    EXPECT_EQ(::getsockopt(fd, level, name, &value, &length), 0) << errno_text(errno);
    return value;
}

void set_option(int fd, int level, int name, int value) {
    EXPECT_EQ(::setsockopt(fd, level, name, &value, sizeof value), 0) << errno_text(errno);
}

sockaddr_nl name_of(int fd) {
    sockaddr_nl name{};
    socklen_t length = sizeof name;
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length), 0);
    EXPECT_EQ(length, sizeof name);
    return name;
}

TEST(PreloadSocket, LooksLikeNetlink) {
    for (const int protocol :
         {NETLINK_ROUTE, NETLINK_GENERIC, NETLINK_RDMA, NETLINK_KOBJECT_UEVENT}) {
        const ClientSocketUnderTest socket(protocol);
        EXPECT_EQ(option(socket.fd(), SOL_SOCKET, SO_DOMAIN), AF_NETLINK);
        EXPECT_EQ(option(socket.fd(), SOL_SOCKET, SO_PROTOCOL), protocol);
        EXPECT_EQ(option(socket.fd(), SOL_SOCKET, SO_TYPE), SOCK_RAW);
        EXPECT_EQ(option(socket.fd(), SOL_SOCKET, SO_ERROR), 0);
        EXPECT_EQ(name_of(socket.fd()).nl_family, AF_NETLINK);
        EXPECT_EQ(name_of(socket.fd()).nl_pid, 0U);
    }
}

TEST(PreloadSocket, FlagsOfSocketAreKept) {
    const ClientSocketUnderTest plain;
    EXPECT_EQ(::fcntl(plain.fd(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(::fcntl(plain.fd(), F_GETFD), FD_CLOEXEC);
    const ClientSocketUnderTest nonblocking(NETLINK_ROUTE, SOCK_NONBLOCK);
    EXPECT_NE(::fcntl(nonblocking.fd(), F_GETFL) & O_NONBLOCK, 0);
    char byte;
    EXPECT_EQ(::read(nonblocking.fd(), &byte, 1), -1);
    EXPECT_EQ(errno, EAGAIN);
}

TEST(PreloadSocket, FirstPortIdIsTheProcessAndOthersAreNot) {
    EXPECT_EQ(status_of_child([] {
                  for (const int protocol : {NETLINK_ROUTE, NETLINK_GENERIC, NETLINK_RDMA}) {
                      ClientSocketUnderTest first(protocol);
                      ClientSocketUnderTest second(protocol);
                      first.bind();
                      second.bind();
                      if (name_of(first.fd()).nl_pid != static_cast<uint32_t>(::getpid()) ||
                          name_of(second.fd()).nl_pid == name_of(first.fd()).nl_pid) {
                          return 1;
                      }
                  }
                  return 0;
              }),
              0);
}

TEST(PreloadSocket, PortIdsAreUniqueAndFixed) {
    for (const int protocol : {NETLINK_ROUTE, NETLINK_RDMA}) {
        ClientSocketUnderTest first(protocol);
        first.bind(0x70000001);
        EXPECT_EQ(name_of(first.fd()).nl_pid, 0x70000001U);
        const ClientSocketUnderTest second(protocol);
        sockaddr_nl name = name_of(first.fd());
        const auto* address = reinterpret_cast<const sockaddr*>(&name);
        EXPECT_EQ(::bind(second.fd(), address, sizeof name), -1);
        EXPECT_EQ(errno, EADDRINUSE);
        name.nl_pid = 0x70000002;
        EXPECT_EQ(::bind(first.fd(), address, sizeof name), -1);
        EXPECT_EQ(errno, EINVAL);
        EXPECT_EQ(::bind(second.fd(), address, 2), -1);
        EXPECT_EQ(errno, EINVAL);
    }
}

TEST(PreloadSocket, AnswerIsThereWhenSendReturns) {
    ClientSocketUnderTest socket;
    EXPECT_TRUE(echoes(socket.fd()));
    EXPECT_EQ(socket.receive_error(), EAGAIN);
}

TEST(PreloadSocket, ConnectedSocketSendsAndReceives) {
    const ClientSocketUnderTest socket;
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    ASSERT_EQ(::connect(socket.fd(), reinterpret_cast<sockaddr*>(&kernel), sizeof kernel), 0);
    EXPECT_NE(name_of(socket.fd()).nl_pid, 0U);
    sockaddr_nl peer{};
    socklen_t length = sizeof peer;
    ASSERT_EQ(::getpeername(socket.fd(), reinterpret_cast<sockaddr*>(&peer), &length), 0);
    EXPECT_EQ(peer.nl_family, AF_NETLINK);
    EXPECT_EQ(peer.nl_pid, 0U);
    EXPECT_TRUE(echoes(socket.fd()));
}

TEST(PreloadSocket, AllWaysOfSendingAndReceiving) {
    const ClientSocketUnderTest socket;
    const Bytes request = toy_message(ToyAdapter::kEcho, 9, "12345678");
    Bytes first(NLMSG_HDRLEN), rest(64);
    std::array<iovec, 2> out = {
        {{const_cast<std::byte*>(request.data()), 10},
         {const_cast<std::byte*>(request.data()) + 10, request.size() - 10}}};
    std::array<iovec, 2> in = {{{first.data(), first.size()}, {rest.data(), rest.size()}}};
    const auto size = static_cast<ssize_t>(request.size());
    EXPECT_EQ(::write(socket.fd(), request.data(), request.size()), size);
    EXPECT_EQ(::read(socket.fd(), rest.data(), rest.size()), size);
    EXPECT_EQ(::writev(socket.fd(), out.data(), 2), size);
    EXPECT_EQ(::readv(socket.fd(), in.data(), 2), size);
    EXPECT_EQ(read_front<nlmsghdr>(first)->nlmsg_seq, 9U);
    sockaddr_nl to{}, from{};
    to.nl_family = AF_NETLINK;
    socklen_t length = sizeof from;
    from.nl_pid = 99;
    EXPECT_EQ(::sendto(socket.fd(), request.data(), request.size(), 0,
                       reinterpret_cast<sockaddr*>(&to), sizeof to),
              size);
    EXPECT_EQ(::recvfrom(socket.fd(), rest.data(), rest.size(), 0,
                         reinterpret_cast<sockaddr*>(&from), &length),
              size);
    EXPECT_EQ(from.nl_family, AF_NETLINK);
    EXPECT_EQ(from.nl_pid, 0U);
    EXPECT_EQ(length, sizeof from);
}

TEST(PreloadSocket, SendmmsgAndRecvmmsg) {
    const ClientSocketUnderTest socket;
    const Bytes request = toy_message(ToyAdapter::kEcho, 3);
    iovec part{const_cast<std::byte*>(request.data()), request.size()};
    std::array<mmsghdr, 3> out{};
    std::array<mmsghdr, 5> in{};
    std::array<std::array<std::byte, 128>, 5> buffers{};
    std::array<iovec, 5> parts{};
    for (auto& message : out) {
        message.msg_hdr.msg_iov = &part;
        message.msg_hdr.msg_iovlen = 1;
    }
    for (size_t i = 0; i < in.size(); i++) {
        parts[i] = {buffers[i].data(), buffers[i].size()};
        in[i].msg_hdr.msg_iov = &parts[i];
        in[i].msg_hdr.msg_iovlen = 1;
    }
    EXPECT_EQ(::sendmmsg(socket.fd(), out.data(), 3, 0), 3);
    EXPECT_EQ(::recvmmsg(socket.fd(), in.data(), 5, MSG_DONTWAIT, nullptr), 3);
    EXPECT_EQ(in[2].msg_len, request.size());
    EXPECT_EQ(::recvmmsg(socket.fd(), in.data(), 5, MSG_DONTWAIT, nullptr), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(::sendmmsg(socket.fd(), out.data(), 1, 0), 1);
    EXPECT_EQ(::recvmmsg(socket.fd(), in.data(), 5, MSG_WAITFORONE, nullptr), 1);
}

TEST(PreloadSocket, PeekTellsTheSizeAndTruncationIsMarked) {
    ClientSocketUnderTest socket;
    const Bytes request = toy_message(ToyAdapter::kEcho, 4, std::string(100, 'x'));
    const auto size = static_cast<ssize_t>(request.size());
    ASSERT_EQ(socket.send(request), 0);
    EXPECT_EQ(::recv(socket.fd(), nullptr, 0, MSG_PEEK | MSG_TRUNC), size);
    std::byte buffer[20];
    EXPECT_EQ(::recv(socket.fd(), buffer, sizeof buffer, MSG_PEEK), 20);
    iovec part{buffer, sizeof buffer};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    EXPECT_EQ(::recvmsg(socket.fd(), &message, 0), 20);
    EXPECT_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
    EXPECT_EQ(socket.receive_error(), EAGAIN);
}

TEST(PreloadSocket, DuplicatesAreTheSameSocket) {
    const ClientSocketUnderTest socket;
    // The numbers that the copies get belonged to other files before.
    const UniqueFd other(::open("/dev/null", O_RDWR | O_CLOEXEC));
    char byte = 0;
    EXPECT_EQ(::write(other.get(), &byte, 1), 1);
    EXPECT_EQ(::dup2(socket.fd(), other.get()), other.get());
    EXPECT_TRUE(echoes(other.get()));
    const UniqueFd copy(::dup(socket.fd()));
    EXPECT_TRUE(echoes(copy.get()));
    const UniqueFd high(::fcntl(socket.fd(), F_DUPFD_CLOEXEC, 200));
    EXPECT_GE(high.get(), 200);
    EXPECT_TRUE(echoes(high.get()));
}

TEST(PreloadSocket, WorksInAChildAndForItsParentAfterwards) {
    const ClientSocketUnderTest socket;
    EXPECT_EQ(status_of_child([&] { return echoes(socket.fd()) ? 0 : 1; }), 0);
    EXPECT_TRUE(echoes(socket.fd()));
}

TEST(PreloadSocket, CanBePassedToAnotherProcess) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const UniqueFd near(pair[0]), far(pair[1]);
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ClientSocketUnderTest socket;
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    *c = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    const int fd = socket.fd();
    std::memcpy(CMSG_DATA(c), &fd, sizeof fd);
    ASSERT_EQ(::sendmsg(near.get(), &message, 0), 1);
    EXPECT_EQ(status_of_child([&] {
                  // The number that it gets was another file's before.
                  const int before = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
                  if (::write(before, &byte, 1) != 1 || ::close(before) != 0 ||
                      ::recvmsg(far.get(), &message, 0) != 1) {
                      return 1;
                  }
                  int received;
                  std::memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
                  return received != fd && echoes(received) ? 0 : 2;
              }),
              0);
}

TEST(PreloadSocket, OptionsAreKept) {
    for (const int protocol : {NETLINK_GENERIC, NETLINK_RDMA}) {
        const ClientSocketUnderTest socket(protocol);
        for (const int name : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK,
                               NETLINK_NO_ENOBUFS, NETLINK_PKTINFO, NETLINK_BROADCAST_ERROR}) {
            EXPECT_EQ(option(socket.fd(), SOL_NETLINK, name), 0) << name;
            set_option(socket.fd(), SOL_NETLINK, name, 1);
            EXPECT_EQ(option(socket.fd(), SOL_NETLINK, name), 1) << name;
        }
        set_option(socket.fd(), SOL_SOCKET, SO_RCVBUF, 30000);
        EXPECT_EQ(option(socket.fd(), SOL_SOCKET, SO_RCVBUF), 60000);
        int value = 1;
        EXPECT_EQ(::setsockopt(socket.fd(), SOL_NETLINK, 9999, &value, sizeof value), -1);
        EXPECT_EQ(errno, ENOPROTOOPT);
    }
}

TEST(PreloadSocket, MembershipsAreListed) {
    const ClientSocketUnderTest socket;
    const auto group = ToyNumbers::get().config_group;
    uint32_t bits[64] = {};
    socklen_t length = sizeof bits;
    set_option(socket.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, static_cast<int>(group));
    ASSERT_EQ(::getsockopt(socket.fd(), SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, bits, &length), 0);
    EXPECT_GE(length * 8, group);
    EXPECT_EQ(bits[(group - 1) / 32], 1U << ((group - 1) % 32));
    set_option(socket.fd(), SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, static_cast<int>(group));
    ASSERT_EQ(::getsockopt(socket.fd(), SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, bits, &length), 0);
    EXPECT_EQ(bits[(group - 1) / 32], 0U);
    int none = 1 << 20;
    EXPECT_EQ(::setsockopt(socket.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &none, sizeof none),
              -1);
    EXPECT_EQ(errno, EINVAL);
}

TEST(PreloadSocket, OtherSocketsAreLeftAlone) {
    const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(option(udp.get(), SOL_SOCKET, SO_DOMAIN), AF_INET);
    const UniqueFd audit(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
    if (audit) {
        EXPECT_EQ(option(audit.get(), SOL_SOCKET, SO_PROTOCOL), NETLINK_KOBJECT_UEVENT);
    }
    EXPECT_EQ(::socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), -1);
    EXPECT_EQ(errno, ESOCKTNOSUPPORT);
}

TEST(PreloadSocket, EmptyDatagramIsRefused) {
    const ClientSocketUnderTest socket;
    EXPECT_EQ(::send(socket.fd(), "", 0, 0), -1);
    EXPECT_EQ(errno, ENODATA);
}

}  // namespace
}  // namespace esw::sim::test
