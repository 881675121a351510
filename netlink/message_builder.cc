// SPDX-License-Identifier: Apache-2.0
#include "netlink/message_builder.h"

#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace esw::netlink {

MessageBuilder::MessageBuilder(uint16_t type, uint16_t flags) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    append(&header, sizeof header);
}

MessageBuilder MessageBuilder::generic(uint16_t family, uint8_t command, uint8_t version,
                                       uint16_t flags) {
    MessageBuilder builder(family, flags);
    genlmsghdr header{};
    header.cmd = command;
    header.version = version;
    builder.put_header(header);
    return builder;
}

MessageBuilder& MessageBuilder::put_string(uint16_t type, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
        refuse(EINVAL, type, "string with a NUL in it");
        return *this;
    }
    const std::string terminated(text);
    return put_bytes(type, std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1)));
}

MessageBuilder& MessageBuilder::put_mac(uint16_t type, const MacAddress& mac) {
    return put_bytes(type, std::as_bytes(std::span(mac)));
}

MessageBuilder& MessageBuilder::put_bytes(uint16_t type, ByteView payload) {
    const size_t length = NLA_HDRLEN + payload.size();
    if (length > std::numeric_limits<uint16_t>::max()) {
        refuse(EMSGSIZE, type, fmt::format("{} bytes do not fit", payload.size()));
        return *this;
    }
    nlattr header{};
    header.nla_len = static_cast<uint16_t>(length);
    header.nla_type = type;
    append(&header, sizeof header);
    append(payload.data(), payload.size());
    return *this;
}

Result<Bytes> MessageBuilder::finish() {
    if (error_.code != 0) {
        return fail(error_);
    }
    const auto length = static_cast<uint32_t>(bytes_.size());
    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
    return std::exchange(bytes_, {});
}

void MessageBuilder::append(const void* data, size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

size_t MessageBuilder::begin_nested(uint16_t type, bool flag) {
    const size_t start = bytes_.size();
    put_bytes(static_cast<uint16_t>(flag ? type | NLA_F_NESTED : type), {});
    return start;
}

void MessageBuilder::end_nested(size_t start) {
    const size_t length = bytes_.size() - start;
    uint16_t type;
    std::memcpy(&type, bytes_.data() + start + offsetof(nlattr, nla_type), sizeof type);
    if (length > std::numeric_limits<uint16_t>::max()) {
        refuse(EMSGSIZE, type & NLA_TYPE_MASK, fmt::format("{} bytes do not fit", length));
        return;
    }
    const auto short_length = static_cast<uint16_t>(length);
    std::memcpy(bytes_.data() + start + offsetof(nlattr, nla_len), &short_length,
                sizeof short_length);
}

void MessageBuilder::refuse(int code, uint16_t type, std::string_view what) {
    if (error_.code == 0) {
        error_ =
            Error{code, "", "build netlink message", fmt::format("attribute {}: {}", type, what)};
    }
}

}  // namespace esw::netlink
