// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/ethtool_features.h"

#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>

#include <cerrno>

namespace esw::sim {

namespace {

uint32_t header_flags(ByteSpan attributes) {
    const auto header = find_attribute(attributes, ETHTOOL_A_FEATURES_HEADER);
    const auto flags = header ? find_attribute(header->payload, ETHTOOL_A_HEADER_FLAGS)
                              : std::optional<AttributeView>();
    return flags ? read_front<uint32_t>(flags->payload).value_or(0) : 0;
}

/// Bit `bit` of a bitmap of 32-bit words; none when it is too short.
std::optional<bool> test_bit(ByteSpan bitmap, uint32_t bit) {
    const size_t at = size_t{bit / 32} * sizeof(uint32_t);
    if (bitmap.size() < at + sizeof(uint32_t)) {
        return std::nullopt;
    }
    return (*read_front<uint32_t>(bitmap.subspan(at)) >> bit % 32 & 1) != 0;
}

/// The same, to be set, in the part of `datagram` that `bitmap` is a view of.
void put_bit(Bytes& datagram, ByteSpan bitmap, uint32_t bit, bool on) {
    if (!test_bit(bitmap, bit)) {
        return;
    }
    const auto start = static_cast<size_t>(bitmap.data() - datagram.data());
    const size_t at = start + size_t{bit / 32} * sizeof(uint32_t);
    uint32_t word;
    std::memcpy(&word, datagram.data() + at, sizeof word);
    word = on ? word | 1U << bit % 32 : word & ~(1U << bit % 32);
    std::memcpy(datagram.data() + at, &word, sizeof word);
}

bool only_bit(ByteSpan bitmap, uint32_t bit) {
    for (uint32_t i = 0; i < bitmap.size() * 8; i++) {
        if (test_bit(bitmap, i).value_or(false) != (i == bit)) {
            return false;
        }
    }
    return true;
}

}  // namespace

// --- changes ---

/// A bitset's ETHTOOL_A_BITSET_BITS: one entry for each feature to change.
std::optional<bool> EthtoolFeatures::parse_bits(ByteSpan bits) const {
    std::optional<bool> wanted;
    while (const auto entry = next_attribute(bits)) {
        const auto name = find_attribute(entry->payload, ETHTOOL_A_BITSET_BIT_NAME);
        const auto index = find_attribute(entry->payload, ETHTOOL_A_BITSET_BIT_INDEX);
        const bool ours = name ? attribute_text(*name) == "hw-tc-offload"
                               : index && read_front<uint32_t>(index->payload) == bit_;
        if (!ours) {
            return std::nullopt;
        }
        wanted = find_attribute(entry->payload, ETHTOOL_A_BITSET_BIT_VALUE).has_value();
    }
    return wanted;
}

std::optional<bool> EthtoolFeatures::parse_wanted(ByteSpan bitset) const {
    // Without a mask the set is complete, and says something about every feature.
    if (find_attribute(bitset, ETHTOOL_A_BITSET_NOMASK)) {
        return std::nullopt;
    }
    if (const auto bits = find_attribute(bitset, ETHTOOL_A_BITSET_BITS)) {
        return parse_bits(bits->payload);
    }
    const auto value = find_attribute(bitset, ETHTOOL_A_BITSET_VALUE);
    const auto mask = find_attribute(bitset, ETHTOOL_A_BITSET_MASK);
    return value && mask && only_bit(mask->payload, *bit_) ? test_bit(value->payload, *bit_)
                                                           : std::nullopt;
}

std::optional<EthtoolFeatures::Change> EthtoolFeatures::parse(const MessageView& message,
                                                              const NetworkView& view) const {
    const auto header = read_front<genlmsghdr>(message.payload());
    if (!bit_ || family_ == 0 || message.header.nlmsg_type != family_ || !header ||
        header->cmd != ETHTOOL_MSG_FEATURES_SET) {
        return std::nullopt;
    }
    const ByteSpan attributes = message.payload().subspan(GENL_HDRLEN);
    Change change;
    change.ifindex = named_ifindex(attributes, view);
    const auto wanted = find_attribute(attributes, ETHTOOL_A_FEATURES_WANTED);
    const auto on = wanted ? parse_wanted(wanted->payload) : std::nullopt;
    change.name = view.name_of(change.ifindex);
    if (!on || change.name.empty() || !netdevs_.find(view.network, change.ifindex)) {
        return std::nullopt;
    }
    change.on = *on;
    change.wants_reply = (header_flags(attributes) & ETHTOOL_FLAG_OMIT_REPLY) == 0;
    return change;
}

bool EthtoolFeatures::is_change(const MessageView& message, const NetworkView& view) const {
    return parse(message, view).has_value();
}

/// A compact bitset of all features, in which only ours may have its bit in value and mask.
Bytes EthtoolFeatures::bitset(bool value, bool mask) const {
    std::vector<uint32_t> values((features_ + 31) / 32), masks(values.size());
    values[*bit_ / 32] = value ? 1U << *bit_ % 32 : 0;
    masks[*bit_ / 32] = mask ? 1U << *bit_ % 32 : 0;
    Bytes set;
    append_number<uint32_t>(set, ETHTOOL_A_BITSET_SIZE, features_);
    append_attribute(set, ETHTOOL_A_BITSET_VALUE, std::as_bytes(std::span(values)));
    append_attribute(set, ETHTOOL_A_BITSET_MASK, std::as_bytes(std::span(masks)));
    return set;
}

// As ethnl_set_features() in net/ethtool/features.c when all that was asked for was done: nothing
// differs from what was wanted, and the mask of the active features says what has changed.
void EthtoolFeatures::change(Request& request, const NetworkView& view) {
    const std::span<const std::byte> payload = request.payload();
    Bytes whole(NLMSG_HDRLEN + payload.size());
    std::copy(payload.begin(), payload.end(), whole.begin() + NLMSG_HDRLEN);
    const auto change = parse({request.header(), whole}, view);
    if (!change) {
        request.finish(ENODEV);
        return;
    }
    if (!request.net_admin()) {
        request.finish(EPERM);
        return;
    }
    const bool changed = netdevs_.find(view.network, change->ifindex)->hw_tc_offload != change->on;
    netdevs_.set_hw_tc_offload(view.network, change->ifindex, change->on);
    if (change->wants_reply) {
        Bytes reply = open_message(family_, 0, 0, 0);
        append_value(reply, genlmsghdr{ETHTOOL_MSG_FEATURES_SET_REPLY, 1, 0});
        const size_t header = open_nest(reply, ETHTOOL_A_FEATURES_HEADER);
        append_number<uint32_t>(reply, ETHTOOL_A_HEADER_DEV_INDEX, change->ifindex);
        append_text(reply, ETHTOOL_A_HEADER_DEV_NAME, change->name);
        close_nest(reply, header);
        constexpr uint16_t nested = NLA_F_NESTED;
        append_attribute(reply, ETHTOOL_A_FEATURES_WANTED | nested, bitset(false, false));
        append_attribute(reply, ETHTOOL_A_FEATURES_ACTIVE | nested,
                         bitset(changed && change->on, changed));
        close_message(reply);
        request.reply(std::move(reply));
    }
    request.finish(0);
}

// --- answers ---

bool EthtoolFeatures::is_answer(const MessageView& message) const {
    const auto header = read_front<genlmsghdr>(message.payload());
    return message.header.nlmsg_type == family_ && header &&
           (header->cmd == ETHTOOL_MSG_FEATURES_GET_REPLY ||
            header->cmd == ETHTOOL_MSG_FEATURES_NTF);
}

void EthtoolFeatures::correct(Bytes& datagram, const NetworkView& view) const {
    if (!bit_ || family_ == 0) {
        return;
    }
    Bytes corrected;
    bool has_answer = false;
    ByteSpan rest(datagram);
    while (const auto message = next_message(rest)) {
        if (is_answer(*message)) {
            has_answer = true;
            append_padded(corrected, corrected_message(*message, view));
        } else {
            append_padded(corrected, message->whole);
        }
    }
    if (has_answer) {
        datagram = std::move(corrected);
    }
}

Bytes EthtoolFeatures::corrected_message(const MessageView& message,
                                         const NetworkView& view) const {
    constexpr size_t kHeaders = NLMSG_HDRLEN + GENL_HDRLEN;
    Bytes copy(message.whole.begin(), message.whole.end());
    ByteSpan attributes = message.whole.subspan(kHeaders);
    const NetdevFace* face = netdevs_.find(view.network, named_ifindex(attributes, view));
    if (!face) {
        return copy;
    }
    copy.resize(kHeaders);
    while (const auto attribute = next_attribute(attributes)) {
        if (attribute->type == ETHTOOL_A_FEATURES_HEADER) {
            append_padded(copy, attribute->whole);
            continue;
        }
        const bool changeable = attribute->type == ETHTOOL_A_FEATURES_HW;
        const bool fixed = attribute->type == ETHTOOL_A_FEATURES_NOCHANGE;
        append_bitset(copy, *attribute, changeable || (!fixed && face->hw_tc_offload));
    }
    close_message(copy);
    return copy;
}

void EthtoolFeatures::append_bitset(Bytes& to, const AttributeView& bitset_of, bool on) const {
    const size_t nest = open_nest(to, bitset_of.type | bitset_of.flags);
    ByteSpan parts = bitset_of.payload;
    while (const auto part = next_attribute(parts)) {
        if (part->type == ETHTOOL_A_BITSET_BITS) {
            append_bits(to, *part, on);
        } else if (part->type == ETHTOOL_A_BITSET_VALUE) {
            Bytes bitmap(part->payload.begin(), part->payload.end());
            put_bit(bitmap, bitmap, *bit_, on);
            append_attribute(to, part->type | part->flags, bitmap);
        } else {
            append_padded(to, part->whole);
        }
    }
    close_nest(to, nest);
}

/// The list of what is on, by name, as clients have it that do not ask for compact bitsets.
void EthtoolFeatures::append_bits(Bytes& to, const AttributeView& bits, bool on) const {
    const size_t nest = open_nest(to, bits.type | bits.flags);
    ByteSpan entries = bits.payload;
    while (const auto entry = next_attribute(entries)) {
        const auto index = find_attribute(entry->payload, ETHTOOL_A_BITSET_BIT_INDEX);
        if (!index || read_front<uint32_t>(index->payload) != bit_) {
            append_padded(to, entry->whole);
        }
    }
    if (on) {
        const size_t entry = open_nest(to, ETHTOOL_A_BITSET_BITS_BIT | NLA_F_NESTED);
        append_number<uint32_t>(to, ETHTOOL_A_BITSET_BIT_INDEX, *bit_);
        append_text(to, ETHTOOL_A_BITSET_BIT_NAME, "hw-tc-offload");
        close_nest(to, entry);
    }
    close_nest(to, nest);
}

}  // namespace esw::sim
