// SPDX-License-Identifier: Apache-2.0
// What programs may do to the daemon's socket without the preload library.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/unit/sim/toy_adapter.h"
#include "tests/unit/sim/toy_daemon.h"
#include "utilities/esw-sim/transport/nl_bytes.h"
#include "utilities/esw-sim/transport/wire.h"

namespace esw::sim::test {
namespace {

class TransportServer : public testing::Test {
protected:
    void SetUp() override {
        directory_ = make_toy_directory();
        loop_ = std::move(EventLoop::create().value());
        NetlinkServer::Config config{directory_, &toy_, &toy_, &toy_, {}, {}, {}};
        server_ = std::move(NetlinkServer::create(*loop_, log_, config).value());
        toy_.server = server_.get();
        thread_ = std::thread([this] { loop_->run(); });
    }

    void TearDown() override {
        loop_->stop();
        thread_.join();
        server_.reset();
        EXPECT_FALSE(std::filesystem::exists(directory_ + "/" + wire::kSocketFile));
        std::filesystem::remove_all(directory_);
    }

    UniqueFd connect() const {
        UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (directory_ + "/" + wire::kSocketFile).copy(address.sun_path, 107);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        return fd;
    }

    static Bytes request(wire::Op op, uint64_t socket, std::vector<int32_t> arguments = {}) {
        wire::RequestHeader header{wire::kMagic, wire::kVersion, op, socket, {}};
        std::copy(arguments.begin(), arguments.end(), header.arg);
        Bytes bytes;
        append_value(bytes, header);
        return bytes;
    }

    /// Sends `bytes`, with `passed` if it is one. Returns the error of the answer, or -1 when the
    /// daemon hangs up without one.
    static int ask(int fd, const Bytes& bytes, int passed = -1) {
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (passed >= 0) {
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            *CMSG_FIRSTHDR(&message) = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
            std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &passed, sizeof passed);
        }
        EXPECT_EQ(::sendmsg(fd, &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
        wire::AnswerHeader answer{};
        const ssize_t size = ::recv(fd, &answer, sizeof answer, 0);
        return size >= static_cast<ssize_t>(sizeof answer) ? answer.error : -1;
    }

    int ask_once(const Bytes& bytes, int passed = -1) const {
        const UniqueFd fd = connect();
        return ask(fd.get(), bytes, passed);
    }

    void expect_alive() const {
        const UniqueFd fd = connect();
        EXPECT_EQ(ask(fd.get(), request(wire::Op::kOpen, 77, {NETLINK_RDMA, SOCK_RAW})), 0);
    }

    std::string directory_;
    StderrSink log_{"test", LogLevel::kWarning};
    std::unique_ptr<EventLoop> loop_;
    ToyAdapter toy_;
    std::unique_ptr<NetlinkServer> server_;
    std::thread thread_;
};

TEST_F(TransportServer, RefusesWhatIsNoRequest) {
    for (size_t length = 1; length < sizeof(wire::RequestHeader); length++) {
        EXPECT_EQ(ask_once(Bytes(length)), EPROTO);
    }
    EXPECT_EQ(ask_once(Bytes(1000)), EPROTO);
    Bytes other_version = request(wire::Op::kSend, 1);
    other_version[offsetof(wire::RequestHeader, version)] = std::byte{99};
    EXPECT_EQ(ask_once(other_version), EPROTO);
    EXPECT_EQ(ask_once(request(static_cast<wire::Op>(0), 1)), EPROTO);
    EXPECT_EQ(ask_once(request(static_cast<wire::Op>(999), 1)), EPROTO);
    expect_alive();
}

TEST_F(TransportServer, HangsUpWhenAskedNothing) {
    for (int i = 0; i < 100; i++) {
        connect();
    }
    const UniqueFd silent = connect();
    expect_alive();
}

TEST_F(TransportServer, CallsNeedASocketThatIsOpen) {
    for (const auto op :
         {wire::Op::kSend, wire::Op::kBind, wire::Op::kConnect, wire::Op::kSocketName,
          wire::Op::kPeerName, wire::Op::kSetOption, wire::Op::kGetOption}) {
        EXPECT_EQ(ask_once(request(op, 0)), EBADF);
        EXPECT_EQ(ask_once(request(op, 12345)), EBADF);
    }
    EXPECT_EQ(ask_once(request(wire::Op::kEthtool, 0)), ENODEV);
    EXPECT_EQ(ask_once(request(wire::Op::kAttributeWrite, 0)), EINVAL);
    EXPECT_EQ(ask_once(request(wire::Op::kSync, 0)), 0);
    expect_alive();
}

TEST_F(TransportServer, OpeningNeedsTheKernelsSocketOfThatProtocol) {
    const UniqueFd route(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Bytes generic = request(wire::Op::kOpen, 5, {NETLINK_GENERIC, SOCK_RAW});
    EXPECT_EQ(ask_once(generic), EPROTO);
    EXPECT_EQ(ask_once(generic, route.get()), EPROTO);
    EXPECT_EQ(ask_once(generic, file.get()), EPROTO);
    EXPECT_EQ(ask_once(request(wire::Op::kOpen, 5, {NETLINK_AUDIT, SOCK_RAW}), route.get()),
              EPROTO);
    EXPECT_EQ(ask_once(request(wire::Op::kOpen, 0, {NETLINK_ROUTE, SOCK_RAW}), route.get()),
              EPROTO);
    EXPECT_EQ(ask_once(request(wire::Op::kOpen, 5, {NETLINK_ROUTE, SOCK_RAW}), route.get()), 0);
}

TEST_F(TransportServer, OneIdIsOneSocket) {
    const Bytes open = request(wire::Op::kOpen, 5, {NETLINK_RDMA, SOCK_RAW});
    const UniqueFd first = connect();
    EXPECT_EQ(ask(first.get(), open), 0);
    EXPECT_EQ(ask_once(open), EEXIST);
}

TEST_F(TransportServer, PortIdIsFreeOnceItsSocketIsClosed) {
    UniqueFd old = connect();
    const UniqueFd fresh = connect();
    ASSERT_EQ(ask(old.get(), request(wire::Op::kOpen, 5, {NETLINK_RDMA, SOCK_RAW})), 0);
    ASSERT_EQ(ask(fresh.get(), request(wire::Op::kOpen, 6, {NETLINK_RDMA, SOCK_RAW})), 0);
    ASSERT_EQ(ask_once(request(wire::Op::kBind, 5, {0x7000, 0})), 0);
    ASSERT_EQ(ask_once(request(wire::Op::kBind, 6, {0x7000, 0})), EADDRINUSE);
    // The daemon finds the new request before it finds the socket closed.
    loop_->stop();
    thread_.join();
    const UniqueFd caller = connect();
    const Bytes bind = request(wire::Op::kBind, 6, {0x7000, 0});
    ASSERT_EQ(::send(caller.get(), bind.data(), bind.size(), 0), static_cast<ssize_t>(bind.size()));
    old.reset();
    thread_ = std::thread([this] { loop_->run(); });
    wire::AnswerHeader answer{};
    ASSERT_GT(::recv(caller.get(), &answer, sizeof answer, 0), 0);
    EXPECT_EQ(answer.error, 0);
}

TEST_F(TransportServer, BadOptionsAreErrors) {
    const UniqueFd socket = connect();
    ASSERT_EQ(ask(socket.get(), request(wire::Op::kOpen, 5, {NETLINK_RDMA, SOCK_RAW})), 0);
    EXPECT_EQ(ask_once(request(wire::Op::kSetOption, 5, {SOL_SOCKET, SO_RCVBUF})), EINVAL);
    EXPECT_EQ(ask_once(request(wire::Op::kSetOption, 5, {SOL_SOCKET, SO_ATTACH_FILTER})), EINVAL);
    EXPECT_EQ(ask_once(request(wire::Op::kSetOption, 5, {SOL_NETLINK, NETLINK_ADD_MEMBERSHIP})),
              EINVAL);
    EXPECT_EQ(ask_once(request(wire::Op::kSetOption, 5, {IPPROTO_TCP, 1})), ENOPROTOOPT);
    EXPECT_EQ(ask_once(request(wire::Op::kGetOption, 5, {SOL_NETLINK, 4711, 4})), ENOPROTOOPT);
    EXPECT_EQ(
        ask_once(request(wire::Op::kGetOption, 5, {SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, -1})), 0);
    EXPECT_EQ(ask_once(request(wire::Op::kSend, 5)), ENODATA);
    expect_alive();
}

TEST_F(TransportServer, DatagramsOnASocketsConnectionAreDropped) {
    const UniqueFd socket = connect();
    const Bytes open = request(wire::Op::kOpen, 5, {NETLINK_RDMA, SOCK_RAW});
    ASSERT_EQ(ask(socket.get(), open), 0);
    EXPECT_EQ(::send(socket.get(), "stray", 5, 0), 5);
    EXPECT_EQ(ask_once(request(wire::Op::kSocketName, 5)), 0);
}

TEST_F(TransportServer, ServedRequestsAreCountedByProcess) {
    const UniqueFd socket = connect();
    ASSERT_EQ(ask(socket.get(), request(wire::Op::kOpen, 5, {NETLINK_RDMA, SOCK_RAW})), 0);
    Bytes send = request(wire::Op::kSend, 5);
    Bytes message = open_message(5 << 10 | 1, NLM_F_REQUEST, 1, 0);
    close_message(message);
    append_bytes(send, message);
    EXPECT_EQ(ask_once(send), 0);
    EXPECT_EQ(ask_once(send), 0);
    loop_->stop();
    thread_.join();
    EXPECT_EQ(server_->stats().rdma.requests, 2U);
    EXPECT_EQ(server_->stats().rdma.replies, 2U);
    ASSERT_EQ(server_->stats_by_process().size(), 1U);
    EXPECT_EQ(server_->stats_by_process()[0].first, ::getpid());
    thread_ = std::thread([this] { loop_->run(); });
}

}  // namespace
}  // namespace esw::sim::test
