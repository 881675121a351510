// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/send_job.h"

#include <cerrno>

#include "utilities/esw-sim/transport/passed_descriptors.h"

namespace esw::sim {

SendJob::SendJob(Router& router, const std::shared_ptr<ClientSocket>& socket, pid_t caller,
                 Bytes datagram, std::optional<wire::NameAnswer> destination,
                 std::function<void(int)> done)
    : router_(router),
      socket_(socket),
      caller_(caller),
      datagram_(std::move(datagram)),
      destination_(destination),
      done_(std::move(done)),
      rest_(datagram_) {}

void SendJob::run() {
    while (true) {
        const auto socket = socket_.lock();
        if (!socket) {
            done_(EBADF);
            return;
        }
        if (!step(socket)) {
            break;
        }
    }
    if (!waiting_) {
        done_(error_);
    }
}

/// False when there is no more to do now: all is done, or a service is at work.
bool SendJob::step(const std::shared_ptr<ClientSocket>& socket) {
    ByteSpan after = rest_;
    const auto message = next_message(after);
    if (!to_user(*socket) && message) {
        if (!passed_ && router_.is_held(*socket, *message)) {
            return wait_at_gate(socket, *message, after);
        }
        if (router_.is_simulated(*socket, *message)) {
            rest_ = after;
            passed_ = false;
            return serve(socket, *message);
        }
    }
    if (rest_.empty()) {
        return false;
    }
    if (!socket->has_kernel()) {
        rest_ = {};  // not a message: the kernel ignores it, too
        return false;
    }
    error_ = pass_run_to_kernel(*socket);
    return error_ == 0 && !rest_.empty();
}

bool SendJob::wait_at_gate(const std::shared_ptr<ClientSocket>& socket, const MessageView& message,
                           ByteSpan after) {
    waiting_ = true;
    in_call_ = true;
    router_.pass_gate(socket, caller_, message, [self = shared_from_this(), after](bool passed) {
        self->passed_ = passed;
        if (!passed) {
            self->rest_ = after;
        }
        self->resume();
    });
    in_call_ = false;
    return !waiting_;
}

bool SendJob::serve(const std::shared_ptr<ClientSocket>& socket, const MessageView& message) {
    waiting_ = true;
    in_call_ = true;
    router_.serve(socket, caller_, message, [self = shared_from_this()] { self->resume(); });
    in_call_ = false;
    return !waiting_;
}

void SendJob::resume() {
    waiting_ = false;
    if (!in_call_) {
        run();
    }
}

/// Hands the kernel, in one piece, all messages up to the next one of ours.
int SendJob::pass_run_to_kernel(ClientSocket& socket) {
    const ByteSpan start = rest_;
    ByteSpan scan = rest_;
    while (const auto message = next_message(scan)) {
        const bool held = !passed_ && !to_user(socket) && router_.is_held(socket, *message);
        if (held || (!to_user(socket) && router_.is_simulated(socket, *message))) {
            break;
        }
        passed_ = false;
        router_.passing(socket, caller_, *message);
        rest_ = scan;
    }
    ByteSpan rest_of_run = rest_;
    if (rest_.data() == start.data() || !next_message(rest_of_run)) {
        rest_ = {};  // what follows is no message: it goes along as it is
    }
    const size_t length = rest_.empty() ? start.size() : start.size() - rest_.size();
    const wire::NameAnswer* destination = destination_ ? &*destination_ : nullptr;
    const ByteSpan part = start.first(length);
    if (socket.identity().protocol != NETLINK_ROUTE || !PassedDescriptors::are_in(part)) {
        return socket.send_to_kernel(part, destination);
    }
    PassedDescriptors descriptors(caller_);
    Bytes copy(part.begin(), part.end());
    descriptors.take(copy);
    return socket.send_to_kernel(copy, destination);
}

bool SendJob::to_user(const ClientSocket& socket) const {
    return (destination_ ? *destination_ : socket.peer_name()).nl_pid != 0;
}

}  // namespace esw::sim
