// SPDX-License-Identifier: Apache-2.0
#include "netlink/message_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace esw::netlink {

namespace {

struct RawAttribute {
    uint16_t type;  // without flags
    ByteView payload;
    size_t step;  // bytes to the next one
};

/// The attribute at the start of `bytes`; none when its header is missing or its length impossible.
std::optional<RawAttribute> first_attribute(ByteView bytes) {
    nlattr header;
    if (bytes.size() < sizeof header) {
        return {};
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > bytes.size()) {
        return {};
    }
    return RawAttribute{static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK),
                        bytes.subspan(NLA_HDRLEN, header.nla_len - NLA_HDRLEN),
                        std::min<size_t>(NLA_ALIGN(header.nla_len), bytes.size())};
}

tl::unexpected<Error> bad_message(MessageName name, std::string_view text) {
    return fail(EBADMSG, "", "", fmt::format("{} {}: {}", name.family, name.message, text));
}

size_t scalar_size(AttributeKind kind) {
    switch (kind) {
        case AttributeKind::kU8:
            return 1;
        case AttributeKind::kU16:
            return 2;
        case AttributeKind::kU32:
            return 4;
        case AttributeKind::kU64:
            return 8;
        default:
            return 0;
    }
}

}  // namespace

const AttributeSpec* AttributeTable::find(uint16_t type) const {
    const auto* end = specs + count;
    const auto* found =
        std::find_if(specs, end, [type](const AttributeSpec& spec) { return spec.type == type; });
    return found == end ? nullptr : found;
}

Result<Attributes> Attributes::parse(ByteView bytes, AttributeTable table, MessageName name,
                                     std::string_view outer) {
    Attributes out;
    out.table_ = table;
    out.name_ = name;
    out.outer_ = outer;
    const size_t total = bytes.size();
    while (!bytes.empty()) {
        const auto raw = first_attribute(bytes);
        if (!raw) {
            return bad_message(name, fmt::format("{}attribute at byte {} of {} does not fit",
                                                 outer.empty() ? "" : fmt::format("{}: ", outer),
                                                 total - bytes.size(), total));
        }
        bytes = bytes.subspan(raw->step);
        if (const AttributeSpec* spec = table.find(raw->type)) {
            if (auto checked = out.check(*spec, raw->payload); !checked) {
                return fail(checked.error());
            }
            out.attributes_.push_back({spec, raw->payload});
        }
    }
    return out;
}

Status Attributes::check(const AttributeSpec& spec, ByteView payload) const {
    if (const size_t wanted = scalar_size(spec.kind); wanted != 0 && payload.size() != wanted) {
        return malformed(spec.type, fmt::format("{} bytes instead of {}", payload.size(), wanted));
    }
    if (spec.kind == AttributeKind::kString) {
        const auto nul = std::find(payload.begin(), payload.end(), std::byte{0});
        if (nul == payload.end()) {
            return malformed(spec.type, "string without NUL");
        }
        if (nul + 1 != payload.end()) {
            return malformed(spec.type, "string with bytes behind its NUL");
        }
    }
    if (spec.kind == AttributeKind::kFlag && !payload.empty()) {
        return malformed(spec.type, fmt::format("flag with {} bytes", payload.size()));
    }
    if (spec.kind == AttributeKind::kBinary && payload.size() < spec.min_size) {
        return malformed(spec.type, fmt::format("{} bytes instead of at least {}", payload.size(),
                                                spec.min_size));
    }
    return {};
}

const Attributes::Attribute* Attributes::find(uint16_t type) const {
    const auto found = std::find_if(attributes_.rbegin(), attributes_.rend(),
                                    [type](const auto& a) { return a.spec->type == type; });
    return found == attributes_.rend() ? nullptr : &*found;
}

std::optional<std::string> Attributes::string(uint16_t type) const {
    const Attribute* attribute = find(type);
    if (!attribute || attribute->spec->kind != AttributeKind::kString) {
        return {};
    }
    return std::string(reinterpret_cast<const char*>(attribute->payload.data()),
                       attribute->payload.size() - 1);
}

std::optional<ByteView> Attributes::binary(uint16_t type) const {
    const Attribute* attribute = find(type);
    return attribute ? std::optional(attribute->payload) : std::nullopt;
}

std::optional<MacAddress> Attributes::mac(uint16_t type) const {
    const Attribute* attribute = find(type);
    MacAddress out;
    if (!attribute || attribute->payload.size() != out.size()) {
        return {};
    }
    std::memcpy(out.data(), attribute->payload.data(), out.size());
    return out;
}

Result<uint32_t> Attributes::require_u32(uint16_t type) const {
    if (const auto value = u32(type)) {
        return *value;
    }
    return malformed(type, "missing");
}

Result<std::string> Attributes::require_string(uint16_t type) const {
    if (auto value = string(type)) {
        return *std::move(value);
    }
    return malformed(type, "missing");
}

Result<std::optional<Attributes>> Attributes::nested(uint16_t type) const {
    const Attribute* attribute = find(type);
    if (!attribute) {
        return std::optional<Attributes>{};
    }
    auto parsed = parse(attribute->payload, attribute->spec->nested, name_,
                        fmt::format("{}{}.", outer_, attribute->spec->name));
    if (!parsed) {
        return fail(parsed.error());
    }
    return std::optional<Attributes>(*std::move(parsed));
}

Result<std::vector<Attributes>> Attributes::all_nested(uint16_t type) const {
    std::vector<Attributes> out;
    for (const Attribute& attribute : attributes_) {
        if (attribute.spec->type != type) {
            continue;
        }
        auto parsed = parse(attribute.payload, attribute.spec->nested, name_,
                            fmt::format("{}{}.", outer_, attribute.spec->name));
        if (!parsed) {
            return fail(parsed.error());
        }
        out.push_back(*std::move(parsed));
    }
    return out;
}

std::vector<std::string> Attributes::all_strings(uint16_t type) const {
    std::vector<std::string> out;
    for (const Attribute& attribute : attributes_) {
        if (attribute.spec->type == type) {
            out.emplace_back(reinterpret_cast<const char*>(attribute.payload.data()),
                             attribute.payload.size() - 1);
        }
    }
    return out;
}

tl::unexpected<Error> Attributes::malformed(uint16_t type, std::string_view what) const {
    const AttributeSpec* spec = table_.find(type);
    return bad_message(name_, fmt::format("attribute {}{}: {}", outer_,
                                          spec ? spec->name : std::to_string(type), what));
}

tl::unexpected<Error> MessageView::too_short(MessageName name, size_t wanted) const {
    return bad_message(name,
                       fmt::format("{} bytes instead of at least {}", payload.size(), wanted));
}

Result<std::vector<MessageView>> split_datagram(ByteView datagram) {
    std::vector<MessageView> out;
    const size_t total = datagram.size();
    while (!datagram.empty()) {
        nlmsghdr header;
        if (datagram.size() < sizeof header) {
            return fail(
                EBADMSG, "", "",
                fmt::format("{} stray bytes in a netlink datagram of {}", datagram.size(), total));
        }
        std::memcpy(&header, datagram.data(), sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) {
            return fail(EBADMSG, "", "",
                        fmt::format("netlink message of {} bytes where {} are left",
                                    header.nlmsg_len, datagram.size()));
        }
        out.push_back({header, datagram.subspan(sizeof header, header.nlmsg_len - sizeof header)});
        datagram =
            datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
    return out;
}

std::string attribute_at(ByteView message, size_t first, AttributeTable table, size_t offset) {
    std::string path;
    size_t position = first;
    size_t end = message.size();
    while (position < end) {
        const auto raw = first_attribute(message.subspan(position, end - position));
        if (!raw) {
            return {};
        }
        if (offset >= position + raw->step) {
            position += raw->step;
            continue;
        }
        const AttributeSpec* spec = table.find(raw->type);
        path += spec ? spec->name : std::to_string(raw->type);
        const bool inside = offset >= position + NLA_HDRLEN;
        if (!inside || !spec || spec->kind != AttributeKind::kNested) {
            return path;
        }
        path += '.';
        table = spec->nested;
        end = position + NLA_HDRLEN + raw->payload.size();
        position += NLA_HDRLEN;
    }
    return {};
}

}  // namespace esw::netlink
