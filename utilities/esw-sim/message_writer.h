// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// Writes one netlink message of the simulated kernel. On purpose not the code that the product
/// reads messages with: a mistake that both shared would not be seen.
class MessageWriter {
public:
    explicit MessageWriter(uint16_t type) : bytes_(NLMSG_HDRLEN) {
        nlmsghdr header{};
        header.nlmsg_type = type;
        std::memcpy(bytes_.data(), &header, sizeof header);
    }

    static MessageWriter generic(uint16_t family, uint8_t command) {
        MessageWriter writer(family);
        const genlmsghdr header{command, 1, 0};
        writer.raw(&header, sizeof header);
        return writer;
    }

    template <class T>
    void number(uint16_t type, T value) {
        static_assert(std::is_integral_v<T>);
        attribute(type, &value, sizeof value);
    }
    void u8(uint16_t type, uint8_t value) { number(type, value); }
    void u16(uint16_t type, uint16_t value) { number(type, value); }
    void u32(uint16_t type, uint32_t value) { number(type, value); }
    void u64(uint16_t type, uint64_t value) { number(type, value); }
    void flag(uint16_t type) { attribute(type, nullptr, 0); }
    void text(uint16_t type, const std::string& value) {
        attribute(type, value.c_str(), value.size() + 1);
    }
    void bytes(uint16_t type, std::span<const uint8_t> value) {
        attribute(type, value.data(), value.size());
    }

    /// nla_nest_start_noflag(); end() takes what this returns.
    size_t nest(uint16_t type) {
        const size_t start = bytes_.size();
        attribute(type, nullptr, 0);
        return start;
    }
    /// nla_nest_start(): with NLA_F_NESTED.
    size_t flagged_nest(uint16_t type) { return nest(static_cast<uint16_t>(type | NLA_F_NESTED)); }
    void end(size_t start) {
        const auto length = static_cast<uint16_t>(bytes_.size() - start);
        std::memcpy(bytes_.data() + start, &length, sizeof length);
    }
    /// Takes a nest that got nothing in it away again.
    void cancel(size_t start) { bytes_.resize(start); }

    Bytes finish() {
        const auto length = static_cast<uint32_t>(bytes_.size());
        std::memcpy(bytes_.data(), &length, sizeof length);
        return std::move(bytes_);
    }

private:
    void raw(const void* data, size_t size) {
        const size_t start = bytes_.size();
        bytes_.resize(start + NLMSG_ALIGN(size));
        if (size > 0) {
            std::memcpy(bytes_.data() + start, data, size);
        }
    }
    void attribute(uint16_t type, const void* data, size_t size) {
        const nlattr header{static_cast<uint16_t>(NLA_HDRLEN + size), type};
        raw(&header, sizeof header);
        raw(data, size);
    }

    Bytes bytes_;
};

/// The attributes of a request by type, checked like the kernel's nla_policy.
class RequestAttributes {
public:
    enum class Kind { kU8, kU16, kU32, kU64, kText, kFlag, kNested, kBinary };
    struct Rule {
        uint16_t type;
        Kind kind;
        std::optional<std::pair<uint64_t, uint64_t>> range = {};
    };
    struct Refusal {
        int error;
        std::string text;
        uint32_t offset;  ///< of the attribute, from the start of the message
    };

    /// `payload_offset`: where `payload` starts in the message, for Refusal::offset. `strict`:
    /// attributes without a rule are refused (NL_VALIDATE_STRICT).
    std::optional<Refusal> parse(std::span<const std::byte> payload, size_t payload_offset,
                                 std::span<const Rule> rules, bool strict);

    bool has(uint16_t type) const { return find(type) != nullptr; }
    template <class T>  // trivially copyable: an integer, or nla_bitfield32
    T number(uint16_t type) const {
        T value{};
        if (const auto* data = find(type)) {
            std::memcpy(&value, data->data(), std::min(sizeof value, data->size()));
        }
        return value;
    }
    /// Up to its NUL; empty when absent.
    std::string text(uint16_t type) const;
    std::span<const std::byte> data(uint16_t type) const {
        const auto* found = find(type);
        return found ? *found : std::span<const std::byte>{};
    }

private:
    const std::span<const std::byte>* find(uint16_t type) const {
        return type < found_.size() && found_[type] ? &*found_[type] : nullptr;
    }

    std::vector<std::optional<std::span<const std::byte>>> found_;
};

}  // namespace esw::sim
