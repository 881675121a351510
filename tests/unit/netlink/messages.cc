// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netlink/messages.h"

#include <gtest/gtest.h>

#include <charconv>

namespace esw::netlink {

Bytes from_hex(std::string_view digits) {
    Bytes out;
    for (size_t i = 0; i + 2 <= digits.size(); i += 2) {
        uint8_t value = 0;
        std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
        out.push_back(std::byte{value});
    }
    return out;
}

MessageView first_message(const Bytes& bytes) {
    const auto messages = split_datagram(bytes);
    EXPECT_TRUE(messages && !messages->empty()) << "test data is no message";
    return messages && !messages->empty() ? messages->front() : MessageView{};
}

void fix_length(Bytes& message) {
    const auto length = static_cast<uint32_t>(message.size());
    std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

void set_sequence(Bytes& message, uint32_t sequence) {
    std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
}

uint32_t sequence_of(ByteView message) {
    nlmsghdr header{};
    std::memcpy(&header, message.data(), std::min(sizeof header, message.size()));
    return header.nlmsg_seq;
}

}  // namespace esw::netlink
