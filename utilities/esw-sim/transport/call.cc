// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/call.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "utilities/esw-sim/transport/peer.h"

namespace esw::sim {

std::shared_ptr<Call> Call::parse(UniqueFd connection, ByteSpan bytes, UniqueFd passed) {
    const auto header = read_front<wire::RequestHeader>(bytes);
    if (!header || header->magic != wire::kMagic || header->version != wire::kVersion ||
        header->op < wire::Op::kOpen || header->op > wire::Op::kSync) {
        send_answer(connection.get(), EPROTO);
        return nullptr;
    }
    return std::shared_ptr<Call>(
        new Call(std::move(connection), *header, bytes.subspan(sizeof *header), std::move(passed)));
}

Call::Call(UniqueFd connection, const wire::RequestHeader& header, ByteSpan payload,
           UniqueFd passed)
    : connection_(std::move(connection)),
      header_(header),
      payload_(payload.begin(), payload.end()),
      passed_(std::move(passed)),
      caller_(peer_process(connection_.get())) {}

void Call::answer(int error, int value, ByteSpan payload, int pass_fd) {
    if (connection_) {
        send_answer(connection_.get(), error, value, payload, pass_fd);
        connection_.reset();
    }
}

bool send_answer(int fd, int error, int value, ByteSpan payload, int pass_fd) {
    wire::AnswerHeader header{wire::kMagic, error, value};
    iovec parts[2] = {
        {&header, sizeof header},
        {const_cast<std::byte*>(payload.data()), payload.size()},
    };
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (pass_fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* const passed = CMSG_FIRSTHDR(&message);
        passed->cmsg_level = SOL_SOCKET;
        passed->cmsg_type = SCM_RIGHTS;
        passed->cmsg_len = CMSG_LEN(sizeof pass_fd);
        std::memcpy(CMSG_DATA(passed), &pass_fd, sizeof pass_fd);
    }
    return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace esw::sim
