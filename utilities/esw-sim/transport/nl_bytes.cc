// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/nl_bytes.h"

#include <algorithm>

namespace esw::sim {

std::optional<MessageView> next_message(ByteSpan& datagram) {
    const auto header = read_front<nlmsghdr>(datagram);
    if (!header || header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > datagram.size()) {
        return std::nullopt;
    }
    const MessageView view{*header, datagram.first(header->nlmsg_len)};
    datagram = datagram.subspan(std::min(nl_align(header->nlmsg_len), datagram.size()));
    return view;
}

std::optional<AttributeView> next_attribute(ByteSpan& attributes) {
    const auto header = read_front<nlattr>(attributes);
    if (!header || header->nla_len < NLA_HDRLEN || header->nla_len > attributes.size()) {
        return std::nullopt;
    }
    const ByteSpan whole = attributes.first(header->nla_len);
    attributes = attributes.subspan(std::min(nl_align(header->nla_len), attributes.size()));
    const auto type = static_cast<uint16_t>(header->nla_type & NLA_TYPE_MASK);
    const auto flags = static_cast<uint16_t>(header->nla_type & ~NLA_TYPE_MASK);
    return AttributeView{type, flags, whole.subspan(NLA_HDRLEN), whole};
}

std::optional<AttributeView> find_attribute(ByteSpan attributes, uint16_t type) {
    std::optional<AttributeView> found;
    while (const auto attribute = next_attribute(attributes)) {
        if (attribute->type == type) {
            found = attribute;
        }
    }
    return found;
}

std::string_view attribute_text(const AttributeView& attribute) {
    const char* text = reinterpret_cast<const char*>(attribute.payload.data());
    return {text, strnlen(text, attribute.payload.size())};
}

void append_bytes(Bytes& to, ByteSpan bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

void append_padded(Bytes& to, ByteSpan bytes) {
    append_bytes(to, bytes);
    to.resize(nl_align(to.size()));
}

void append_attribute(Bytes& to, uint16_t type, ByteSpan payload) {
    const nlattr header{static_cast<uint16_t>(NLA_HDRLEN + payload.size()), type};
    append_bytes(to, std::as_bytes(std::span(&header, 1)));
    append_padded(to, payload);
}

void append_text(Bytes& to, uint16_t type, std::string_view text) {
    const std::string with_nul(text);
    append_attribute(to, type, std::as_bytes(std::span(with_nul.c_str(), with_nul.size() + 1)));
}

size_t open_nest(Bytes& to, uint16_t type) {
    const size_t nest = to.size();
    append_attribute(to, static_cast<uint16_t>(type | NLA_F_NESTED), {});
    return nest;
}

void close_nest(Bytes& to, size_t nest) {
    const auto length = static_cast<uint16_t>(to.size() - nest);
    std::memcpy(to.data() + nest + offsetof(nlattr, nla_len), &length, sizeof length);
}

Bytes open_message(uint16_t type, uint16_t flags, uint32_t sequence, uint32_t port_id) {
    const nlmsghdr header{NLMSG_HDRLEN, type, flags, sequence, port_id};
    Bytes message;
    append_value(message, header);
    return message;
}

void close_message(Bytes& message) {
    edit_header(message, 0, [&](nlmsghdr& header) {
        header.nlmsg_len = static_cast<uint32_t>(message.size());
    });
}

void edit_header(Bytes& bytes, size_t offset, const std::function<void(nlmsghdr&)>& edit) {
    nlmsghdr header;
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    edit(header);
    std::memcpy(bytes.data() + offset, &header, sizeof header);
}

}  // namespace esw::sim
