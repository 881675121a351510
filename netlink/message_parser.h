// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "netlink/bytes.h"
#include "netlink/devlink_types.h"

/// Checked parsing of what the kernel sends.
///
/// Rules:
///  * Lengths are checked before anything is read: a message or attribute that is shorter than its
///    header, or longer than what is left, is an error, as are stray bytes behind the last one.
///  * An attribute that the table of the message does not have is ignored (newer kernels send more;
///    so are padding attributes). One that it has must be as the table says, in every occurrence,
///    or the whole message is refused with an error that names family, message and attribute.
///  * Integers have exactly their size. Strings end with their only NUL.
///  * Of an attribute that is there twice the last one counts, as in the kernel's nla_parse() and
///    libnl's; all_nested() and all_strings() give every one of those that are lists.
///  * NLA_F_NESTED may be there or not (older parts of the kernel leave it out).
///
/// Errors have the code EBADMSG and all text in the detail: the caller adds what was being done.
namespace esw::netlink {

enum class AttributeKind { kU8, kU16, kU32, kU64, kString, kFlag, kBinary, kNested };

struct AttributeSpec;

/// The attributes that a message (or a nest) may have and we care for.
struct AttributeTable {
    const AttributeSpec* specs = nullptr;
    size_t count = 0;

    constexpr AttributeTable() = default;
    template <size_t N>
    // NOLINTNEXTLINE: tables are written as arrays and passed as tables.
    constexpr AttributeTable(const AttributeSpec (&array)[N]) : specs(array), count(N) {}
    const AttributeSpec* find(uint16_t type) const;
};

struct AttributeSpec {
    uint16_t type;
    AttributeKind kind;
    const char* name;            ///< as in the kernel's header, without its prefix
    AttributeTable nested = {};  ///< kind kNested
    uint16_t min_size = 0;       ///< kind kBinary
};

/// What is being parsed, for error texts; the strings must outlive the parse only.
struct MessageName {
    std::string_view family;   ///< "devlink"
    std::string_view message;  ///< "PORT_NEW"
};

/// Attributes of one message or nest. A view: the bytes must outlive it.
class Attributes {
public:
    static Result<Attributes> parse(ByteView bytes, AttributeTable table, MessageName name,
                                    std::string_view outer = {});

    bool has(uint16_t type) const { return find(type) != nullptr; }
    std::optional<uint8_t> u8(uint16_t type) const { return scalar<uint8_t>(type); }
    std::optional<uint16_t> u16(uint16_t type) const { return scalar<uint16_t>(type); }
    std::optional<uint32_t> u32(uint16_t type) const { return scalar<uint32_t>(type); }
    std::optional<uint64_t> u64(uint16_t type) const { return scalar<uint64_t>(type); }
    std::optional<std::string> string(uint16_t type) const;
    std::optional<ByteView> binary(uint16_t type) const;
    /// A binary of six bytes; absent when it has another length (an InfiniBand address).
    std::optional<MacAddress> mac(uint16_t type) const;

    /// Mandatory attributes: an error names the one that is missing.
    Result<uint32_t> require_u32(uint16_t type) const;
    Result<std::string> require_string(uint16_t type) const;

    /// The attributes of a nest; none when the nest is not there.
    Result<std::optional<Attributes>> nested(uint16_t type) const;

    /// Every occurrence, in order; for lists.
    Result<std::vector<Attributes>> all_nested(uint16_t type) const;
    std::vector<std::string> all_strings(uint16_t type) const;

    /// An error about this message, for what the table cannot say.
    tl::unexpected<Error> malformed(uint16_t type, std::string_view what) const;

private:
    struct Attribute {
        const AttributeSpec* spec;
        ByteView payload;
    };
    const Attribute* find(uint16_t type) const;
    Status check(const AttributeSpec& spec, ByteView payload) const;

    template <class T>
    std::optional<T> scalar(uint16_t type) const {
        const Attribute* attribute = find(type);
        if (!attribute || attribute->payload.size() != sizeof(T)) {
            return {};
        }
        T value;
        std::memcpy(&value, attribute->payload.data(), sizeof value);
        return value;
    }

    std::vector<Attribute> attributes_;
    AttributeTable table_;
    MessageName name_;
    std::string outer_;  // names of the nests round this one, each with a dot behind it
};

/// One message of a datagram. A view: the bytes must outlive it.
struct MessageView {
    nlmsghdr header;
    ByteView payload;  ///< behind the nlmsghdr

    /// The family's fixed header, or an error when the message is too short for it.
    template <class T>
    Result<T> fixed_header(MessageName name) const {
        if (payload.size() < sizeof(T)) {
            return too_short(name, sizeof(T));
        }
        T out;
        std::memcpy(&out, payload.data(), sizeof out);
        return out;
    }

    /// What follows a fixed header of `size` bytes.
    ByteView behind(size_t size) const {
        const size_t aligned = NLMSG_ALIGN(size);
        return payload.size() > aligned ? payload.subspan(aligned) : ByteView{};
    }

private:
    tl::unexpected<Error> too_short(MessageName name, size_t wanted) const;
};

/// Splits a datagram into its messages. Fails when one does not fit into what is left.
Result<std::vector<MessageView>> split_datagram(ByteView datagram);

/// The name (with dots between nests) of the attribute at `offset` of a message, where its
/// attributes begin at `first`; empty when there is none. For the kernel's "bad attribute" offsets.
std::string attribute_at(ByteView message, size_t first, AttributeTable table, size_t offset);

}  // namespace esw::netlink
