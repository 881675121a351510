// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/netlink.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "utilities/esw-sim/netlink_server.h"

/// Reading and writing of netlink messages as bytes, for a server: the layouts come from programs
/// that may send anything, so nothing is read that was not checked to be there.
namespace esw::sim {

using ByteSpan = std::span<const std::byte>;

/// A plain value at the front of `bytes`; none when there are too few.
template <class T>
std::optional<T> read_front(ByteSpan bytes) {
    if (bytes.size() < sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

inline size_t nl_align(size_t length) {
    return (length + NLMSG_ALIGNTO - 1) & ~size_t{NLMSG_ALIGNTO - 1};
}

/// One message of a datagram, header included, without padding.
struct MessageView {
    nlmsghdr header;
    ByteSpan whole;
    ByteSpan payload() const { return whole.subspan(NLMSG_HDRLEN); }
};

/// The first message of `datagram`, which is shortened to what follows it. None at the end and
/// where the rest is not a message: the kernel, too, ignores that without a word.
std::optional<MessageView> next_message(ByteSpan& datagram);

struct AttributeView {
    uint16_t type;  ///< without the flags
    uint16_t flags;
    ByteSpan payload;
    ByteSpan whole;  ///< header included, without padding
};

/// As next_message(), for attributes.
std::optional<AttributeView> next_attribute(ByteSpan& attributes);

/// The last attribute of `type`, as the kernel's parser has it.
std::optional<AttributeView> find_attribute(ByteSpan attributes, uint16_t type);

/// The text of a string attribute, which may lack its NUL.
std::string_view attribute_text(const AttributeView& attribute);

void append_bytes(Bytes& to, ByteSpan bytes);

/// Appends, and pads to the alignment of netlink.
void append_padded(Bytes& to, ByteSpan bytes);

template <class T>
void append_value(Bytes& to, const T& value) {
    append_padded(to, std::as_bytes(std::span(&value, 1)));
}

void append_attribute(Bytes& to, uint16_t type, ByteSpan payload);
void append_text(Bytes& to, uint16_t type, std::string_view text);

template <class T>
void append_number(Bytes& to, uint16_t type, T value) {
    append_attribute(to, type, std::as_bytes(std::span(&value, 1)));
}

/// Opens a nest; close_nest() with the value returned ends it.
size_t open_nest(Bytes& to, uint16_t type);
void close_nest(Bytes& to, size_t nest);

/// A message with its header only; close_message() writes the length.
Bytes open_message(uint16_t type, uint16_t flags, uint32_t sequence, uint32_t port_id);
void close_message(Bytes& message);

/// Changes the header of the message that begins at `offset`.
void edit_header(Bytes& bytes, size_t offset, const std::function<void(nlmsghdr&)>& edit);

}  // namespace esw::sim
