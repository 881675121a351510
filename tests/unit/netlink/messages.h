// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "netlink/message_parser.h"

namespace esw::netlink {

/// Bytes from hexadecimal digits.
Bytes from_hex(std::string_view digits);

/// The first message in `bytes`, which must outlive it. Fails the test when there is none.
MessageView first_message(const Bytes& bytes);

/// A message with its bytes, for tests that decode one.
class Message {
public:
    explicit Message(std::string_view hex) : Message(from_hex(hex)) {}
    explicit Message(Bytes bytes) : bytes_(std::move(bytes)), view_(first_message(bytes_)) {}
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    const MessageView& view() const { return view_; }

private:
    const Bytes bytes_;
    const MessageView view_;
};

/// Sets nlmsg_len to the number of bytes there are.
void fix_length(Bytes& message);
/// Sets nlmsg_seq.
void set_sequence(Bytes& message, uint32_t sequence);
uint32_t sequence_of(ByteView message);

}  // namespace esw::netlink
