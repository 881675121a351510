// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/unique_fd.h"
#include "utilities/esw-sim/transport/nl_bytes.h"
#include "utilities/esw-sim/transport/wire.h"

namespace esw::sim {

/// One call of a program that waits for its answer.
class Call {
public:
    /// Checks what arrived on `connection`. What is not a call of this version is answered with
    /// EPROTO, and none is returned.
    static std::shared_ptr<Call> parse(UniqueFd connection, ByteSpan bytes, UniqueFd passed);

    const wire::RequestHeader& header() const { return header_; }
    ByteSpan payload() const { return payload_; }
    pid_t caller() const { return caller_; }
    UniqueFd take_passed() { return std::move(passed_); }
    int passed() const { return passed_.get(); }

    /// Ends the call.
    void answer(int error, int value = 0, ByteSpan payload = {}, int pass_fd = -1);
    template <class T>
    void answer_with(const T& payload) {
        answer(0, 0, std::as_bytes(std::span(&payload, 1)));
    }
    /// For kOpen and kDeviceOpen: the connection stays.
    UniqueFd take_connection() { return std::move(connection_); }

private:
    Call(UniqueFd connection, const wire::RequestHeader& header, ByteSpan payload, UniqueFd passed);

    UniqueFd connection_;
    const wire::RequestHeader header_;
    const Bytes payload_;
    UniqueFd passed_;
    const pid_t caller_;
};

/// Sends an answer on a connection that stays open; false when the peer is gone. `pass_fd` goes
/// along, unless it is -1.
bool send_answer(int fd, int error, int value = 0, ByteSpan payload = {}, int pass_fd = -1);

}  // namespace esw::sim
