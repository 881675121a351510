// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/message_writer.h"

#include <algorithm>
#include <cerrno>

namespace esw::sim {

namespace {

size_t size_of(RequestAttributes::Kind kind) {
    using Kind = RequestAttributes::Kind;
    switch (kind) {
        case Kind::kU8:
            return 1;
        case Kind::kU16:
            return 2;
        case Kind::kU32:
            return 4;
        case Kind::kU64:
            return 8;
        default:
            return 0;
    }
}

// validate_nla() of lib/nlattr.c: errno and text, or 0.
std::pair<int, const char*> validate(const RequestAttributes::Rule& rule,
                                     std::span<const std::byte> data) {
    using Kind = RequestAttributes::Kind;
    constexpr const char* kFailed = "Attribute failed policy validation";
    const size_t size = size_of(rule.kind);
    if (size > 0 && data.size() < size) {
        return {ERANGE, kFailed};
    }
    if (rule.kind == Kind::kText &&
        std::find(data.begin(), data.end(), std::byte{0}) == data.end()) {
        return {EINVAL, kFailed};
    }
    if (rule.kind == Kind::kFlag && !data.empty()) {
        return {ERANGE, kFailed};
    }
    if (rule.kind == Kind::kNested && !data.empty() && data.size() < NLA_HDRLEN) {
        return {ERANGE, kFailed};
    }
    if (rule.range) {
        uint64_t value = 0;
        std::memcpy(&value, data.data(), size);
        if (value < rule.range->first || value > rule.range->second) {
            return {ERANGE, "integer out of range"};
        }
    }
    return {0, nullptr};
}

}  // namespace

std::optional<RequestAttributes::Refusal> RequestAttributes::parse(
    std::span<const std::byte> payload, size_t payload_offset, std::span<const Rule> rules,
    bool strict) {
    found_.clear();
    size_t at = 0;
    while (payload.size() - at >= NLA_HDRLEN) {
        nlattr header;
        std::memcpy(&header, payload.data() + at, sizeof header);
        if (header.nla_len < NLA_HDRLEN || header.nla_len > payload.size() - at) {
            break;
        }
        const auto offset = static_cast<uint32_t>(payload_offset + at);
        const auto type = static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK);
        const auto data = payload.subspan(at + NLA_HDRLEN, header.nla_len - NLA_HDRLEN);
        const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& candidate) {
            return candidate.type == type;
        });
        if (rule != rules.end()) {
            if (const auto [error, text] = validate(*rule, data); error != 0) {
                return Refusal{error, text, offset};
            }
        } else if (strict) {
            return Refusal{EINVAL, "Unknown attribute type", offset};
        }
        found_.resize(std::max<size_t>(found_.size(), type + 1u));
        found_[type] = data;
        at += std::min<size_t>(NLA_ALIGN(header.nla_len), payload.size() - at);
    }
    if (at < payload.size() && strict) {
        return Refusal{EINVAL, "bytes leftover after parsing attributes", 0};
    }
    return {};
}

std::string RequestAttributes::text(uint16_t type) const {
    const auto* found = find(type);
    if (!found) {
        return {};
    }
    const auto end = std::find(found->begin(), found->end(), std::byte{0});
    return {reinterpret_cast<const char*>(found->data()),
            static_cast<size_t>(end - found->begin())};
}

}  // namespace esw::sim
