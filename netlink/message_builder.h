// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "netlink/bytes.h"
#include "netlink/devlink_types.h"

namespace esw::netlink {

/// Builds one netlink message. What cannot be encoded (an attribute above 64 KiB, a string with a
/// NUL in it) is remembered, and finish() reports the first such thing; the puts themselves need no
/// checking. A libnl `nl_msg` has a size fixed beforehand and forgets failed puts.
///
/// nlmsg_seq and nlmsg_pid are zero: the transport fills them in.
class MessageBuilder {
public:
    MessageBuilder(uint16_t type, uint16_t flags);

    /// A generic netlink message: `family` is the number that the kernel gave the family.
    static MessageBuilder generic(uint16_t family, uint8_t command, uint8_t version,
                                  uint16_t flags);

    /// The family's fixed header (genlmsghdr, ifinfomsg, ...), before all attributes.
    template <class T>
    MessageBuilder& put_header(const T& header) {
        static_assert(std::is_trivially_copyable_v<T>);
        append(&header, sizeof header);
        return *this;
    }

    MessageBuilder& put_u8(uint16_t type, uint8_t value) { return put_scalar(type, value); }
    MessageBuilder& put_u16(uint16_t type, uint16_t value) { return put_scalar(type, value); }
    MessageBuilder& put_u32(uint16_t type, uint32_t value) { return put_scalar(type, value); }
    MessageBuilder& put_u64(uint16_t type, uint64_t value) { return put_scalar(type, value); }
    MessageBuilder& put_flag(uint16_t type) { return put_bytes(type, {}); }
    MessageBuilder& put_string(uint16_t type, std::string_view text);  ///< with a NUL behind it
    MessageBuilder& put_mac(uint16_t type, const MacAddress& mac);
    MessageBuilder& put_bytes(uint16_t type, ByteView payload);

    /// An attribute that holds the attributes which `fill(builder)` puts. It carries NLA_F_NESTED,
    /// without which newer parts of the kernel refuse it.
    template <class Fill>
    MessageBuilder& put_nested(uint16_t type, Fill fill) {
        const size_t start = begin_nested(type, true);
        fill(*this);
        end_nested(start);
        return *this;
    }

    /// As put_nested() but without NLA_F_NESTED, as older parts of the kernel send it.
    template <class Fill>
    MessageBuilder& put_nested_noflag(uint16_t type, Fill fill) {
        const size_t start = begin_nested(type, false);
        fill(*this);
        end_nested(start);
        return *this;
    }

    /// The message, or EMSGSIZE or EINVAL with a text that names the attribute by number.
    Result<Bytes> finish();

private:
    template <class T>
    MessageBuilder& put_scalar(uint16_t type, T value) {
        return put_bytes(type, std::as_bytes(std::span(&value, 1)));
    }
    void append(const void* data, size_t size);
    size_t begin_nested(uint16_t type, bool flag);
    void end_nested(size_t start);
    void refuse(int code, uint16_t type, std::string_view what);

    Bytes bytes_;
    Error error_;  // code 0: none
};

}  // namespace esw::netlink
