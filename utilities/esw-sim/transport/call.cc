// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/call.h"

#include <sys/socket.h>

#include <cerrno>

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

void Call::answer(int error, int value, ByteSpan payload) {
    if (connection_) {
        send_answer(connection_.get(), error, value, payload);
        connection_.reset();
    }
}

bool send_answer(int fd, int error, int value, ByteSpan payload) {
    wire::AnswerHeader header{wire::kMagic, error, value};
    iovec parts[2] = {
        {&header, sizeof header},
        {const_cast<std::byte*>(payload.data()), payload.size()},
    };
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace esw::sim
