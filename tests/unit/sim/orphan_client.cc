// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/orphan_client.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tests/unit/sim/preload_client.h"

namespace esw::sim::test {

namespace {

int receive_error(int fd) {
    char buffer[64];
    return ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) < 0 ? errno : 0;
}

short poll_now(int fd) {
    pollfd entry{fd, POLLIN, 0};
    ::poll(&entry, 1, 0);
    return entry.revents;
}

/// The real kernel answers on `fd`.
bool kernel_answers(int fd) {
    Bytes request = open_message(RTM_GETLINK, NLM_F_REQUEST, 5, 0);
    ifinfomsg link{};
    link.ifi_index = 1;
    append_value(request, link);
    close_message(request);
    char buffer[8192];
    return ::send(fd, request.data(), request.size(), 0) > 0 &&
           ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0;
}

int open_socket(int protocol, int flags = 0) {
    return ::socket(AF_NETLINK, SOCK_RAW | flags, protocol);
}

}  // namespace

int run_orphan_client() {
    const int received = open_socket(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    const int sent = open_socket(NETLINK_ROUTE);
    const int rdma = open_socket(NETLINK_RDMA);
    char byte = '+';
    if (received < 0 || sent < 0 || rdma < 0 || ::write(STDOUT_FILENO, &byte, 1) != 1 ||
        ::read(STDIN_FILENO, &byte, 1) != 1) {
        return 1;
    }
    if (!(poll_now(received) & POLLIN) || receive_error(received) != ECONNRESET) {
        return 2;
    }
    if (poll_now(received) != 0 || receive_error(received) != EAGAIN) {
        return 3;
    }
    if (::fcntl(received, F_GETFD) != FD_CLOEXEC || !(::fcntl(received, F_GETFL) & O_NONBLOCK) ||
        !kernel_answers(received)) {
        return 4;
    }
    if (::send(sent, &byte, 1, 0) != -1 || errno != ECONNRESET || !kernel_answers(sent)) {
        return 5;
    }
    if (receive_error(rdma) != ECONNRESET || receive_error(rdma) != EAGAIN) {
        return 6;
    }
    const int later = open_socket(NETLINK_ROUTE);
    return later >= 0 && kernel_answers(later) ? 0 : 7;
}

}  // namespace esw::sim::test
