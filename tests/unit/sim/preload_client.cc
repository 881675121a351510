// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/preload_client.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "tests/unit/sim/toy_adapter.h"

namespace esw::sim::test {

ToyNumbers ToyNumbers::get() {
    static const ToyNumbers numbers = [] {
        ClientSocketUnderTest socket;
        Bytes request = open_message(GENL_ID_CTRL, NLM_F_REQUEST, 1, 0);
        append_value(request, genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0});
        append_text(request, CTRL_ATTR_FAMILY_NAME, "devlink");
        close_message(request);
        EXPECT_EQ(socket.send(request), 0);
        const auto replies = socket.receive_now();
        const ByteSpan attributes = ByteSpan(replies.at(0).payload).subspan(GENL_HDRLEN);
        const auto id = find_attribute(attributes, CTRL_ATTR_FAMILY_ID);
        ByteSpan groups = find_attribute(attributes, CTRL_ATTR_MCAST_GROUPS)->payload;
        const auto group = next_attribute(groups);
        const auto group_id = find_attribute(group->payload, CTRL_ATTR_MCAST_GRP_ID);
        return ToyNumbers{read_front<uint16_t>(id->payload).value(),
                          read_front<uint32_t>(group_id->payload).value()};
    }();
    return numbers;
}

Bytes toy_message(uint8_t command, uint32_t sequence, const std::string& text, uint16_t flags) {
    Bytes message = open_message(ToyNumbers::get().devlink,
                                 static_cast<uint16_t>(NLM_F_REQUEST | flags), sequence, 0);
    append_value(message, genlmsghdr{command, 1, 0});
    append_padded(message, std::as_bytes(std::span(text.data(), text.size())));
    close_message(message);
    return message;
}

ClientSocketUnderTest::ClientSocketUnderTest(int protocol, int flags)
    : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, protocol)) {
    EXPECT_TRUE(fd_) << errno_text(errno);
}

void ClientSocketUnderTest::bind(uint32_t port_id) {
    sockaddr_nl name{};
    name.nl_family = AF_NETLINK;
    name.nl_pid = port_id;
    ASSERT_EQ(::bind(fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0)
        << errno_text(errno);
}

void ClientSocketUnderTest::join(uint32_t group) {
    ASSERT_EQ(::setsockopt(fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group), 0)
        << errno_text(errno);
}

int ClientSocketUnderTest::send(const Bytes& datagram) {
    const ssize_t sent = ::send(fd(), datagram.data(), datagram.size(), 0);
    if (sent < 0) {
        return errno;
    }
    EXPECT_EQ(static_cast<size_t>(sent), datagram.size());
    return 0;
}

std::vector<ReceivedMessage> ClientSocketUnderTest::receive_with(int flags) {
    Bytes buffer(65536);
    const ssize_t size = ::recv(fd(), buffer.data(), buffer.size(), flags);
    EXPECT_GE(size, 0) << errno_text(errno);
    std::vector<ReceivedMessage> messages;
    ByteSpan datagram = ByteSpan(buffer).first(static_cast<size_t>(std::max<ssize_t>(size, 0)));
    while (const auto message = next_message(datagram)) {
        const ByteSpan payload = message->payload();
        messages.push_back({message->header, Bytes(payload.begin(), payload.end())});
    }
    return messages;
}

std::vector<ReceivedMessage> ClientSocketUnderTest::receive_now() {
    return receive_with(MSG_DONTWAIT);
}

std::vector<ReceivedMessage> ClientSocketUnderTest::receive() {
    return receive_with(0);
}

int ClientSocketUnderTest::receive_error() {
    std::byte buffer[64];
    const ssize_t size = ::recv(fd(), buffer, sizeof buffer, MSG_DONTWAIT);
    return size < 0 ? errno : 0;
}

bool echoes(int fd) {
    const Bytes request = toy_message(ToyAdapter::kEcho, 77, "echo");
    Bytes reply(request.size() + 1);
    return ::send(fd, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()) &&
           ::recv(fd, reply.data(), reply.size(), MSG_DONTWAIT) ==
               static_cast<ssize_t>(request.size()) &&
           read_front<nlmsghdr>(reply)->nlmsg_seq == 77 &&
           std::equal(request.begin() + NLMSG_HDRLEN, request.end(), reply.begin() + NLMSG_HDRLEN);
}

int status_of_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(body());
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace esw::sim::test
