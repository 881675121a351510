// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/tag_match.h"

#include <linux/if_ether.h>

namespace esw::mlx5 {

namespace {

using Tag = PacketFacts::Tag;

bool is_tag(uint16_t type) {
    return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

/// What the key says of one tag.
struct WantedTag {
    enum class Kind { kAny, kAbsent, kPresent, kImpossible, kUnclear };
    Kind kind = Kind::kAny;
    uint16_t tpid = 0;                       ///< of one that is present
    uint16_t control = 0, control_mask = 0;  ///< without ESW_VLAN_PRESENT
};
using Kind = WantedTag::Kind;

/// A tag that is not there reads as tpid 0 and tci 0; one that is has ESW_VLAN_PRESENT and one of
/// two tpids.
WantedTag read_tag(const esw_vlan& key, const esw_vlan& mask) {
    const uint16_t tpid = key.tpid & mask.tpid, tci = key.tci & mask.tci;
    const bool absent = tpid == 0 && tci == 0;
    const bool present = (mask.tci & ESW_VLAN_PRESENT) == (tci & ESW_VLAN_PRESENT);
    const bool customer = present && (ETH_P_8021Q & mask.tpid) == tpid;
    const bool service = present && (ETH_P_8021AD & mask.tpid) == tpid;

    WantedTag tag;
    tag.control = tci & static_cast<uint16_t>(~ESW_VLAN_PRESENT);
    tag.control_mask = mask.tci & static_cast<uint16_t>(~ESW_VLAN_PRESENT);
    if (absent) {
        const bool any = customer && service && tag.control_mask == 0;
        tag.kind = any ? Kind::kAny : !customer && !service ? Kind::kAbsent : Kind::kUnclear;
    } else if (customer || service) {
        tag.kind = Kind::kPresent;
        // Either would do: the one of the packet that the flow was made for.
        tag.tpid = service && (!customer || key.tpid == ETH_P_8021AD) ? ETH_P_8021AD : ETH_P_8021Q;
    } else {
        tag.kind = Kind::kImpossible;
    }
    return tag;
}

/// What the key says of the second tag, and of the type behind it, by how many tags Open vSwitch
/// has looked for.
struct SecondTag {
    WantedTag tag;
    uint16_t eth_type = 0;
    esw_refusal refusal = ESW_REFUSAL_NONE;
};

SecondTag read_second_tag(const esw_flow_match& match, uint16_t eth_type) {
    SecondTag second{read_tag(match.key.vlans[1], match.mask.vlans[1]), eth_type};
    WantedTag& tag = second.tag;
    if (match.vlan_limit == 1) {
        // It has never looked, so that this part of the key is 0; the type says what there is.
        if (tag.kind == Kind::kPresent || tag.kind == Kind::kImpossible) {
            second.refusal = ESW_REFUSAL_NO_PACKETS;
        }
        tag = {};
        if (is_tag(eth_type)) {
            tag = {Kind::kPresent, eth_type};
            second.eth_type = 0;
        } else if (eth_type != 0) {
            tag.kind = Kind::kAbsent;
        }
    } else if (is_tag(eth_type)) {
        // Of a third tag, or of a second one: the adapter does not look for a third.
        second.refusal = ESW_REFUSAL_MATCH_VLAN;
    } else if (match.vlan_limit != ESW_MAX_VLANS && tag.kind == Kind::kAny && eth_type != 0) {
        tag.kind = Kind::kAbsent;
    }
    return second;
}

void add_tag(const WantedTag& tag, const LayerFields::Tag& fields, MatchBuilder& builder) {
    if (tag.kind == Kind::kAbsent) {
        // The adapter compares a number that says which of the two there is; 0: none.
        builder.add_exactly(fields.cvlan, 0);
    } else if (tag.kind == Kind::kPresent) {
        builder.add_exactly(tag.tpid == ETH_P_8021AD ? fields.svlan : fields.cvlan, 1);
        builder.add(fields.prio, tag.control >> 13, tag.control_mask >> 13);
        builder.add(fields.vid, tag.control, tag.control_mask & 0xfffu);
    }
}

void set_facts(const WantedTag& tag, size_t level, PacketFacts& facts) {
    if (tag.kind == Kind::kAbsent) {
        facts.tags[level] = Tag::kAbsent;
    } else if (tag.kind == Kind::kPresent) {
        facts.tags[level] = Tag::kPresent;
        facts.tpids[level] = tag.tpid;
    }
}

}  // namespace

TagMatch add_tags(const esw_flow_match& match, uint16_t eth_type, const LayerFields& fields,
                  MatchBuilder& builder, PacketFacts& facts) {
    const WantedTag first = read_tag(match.key.vlans[0], match.mask.vlans[0]);
    SecondTag behind = read_second_tag(match, eth_type);
    WantedTag& second = behind.tag;
    if (behind.refusal != ESW_REFUSAL_NONE) {
        return {behind.refusal};
    }
    if (first.kind == Kind::kUnclear || second.kind == Kind::kUnclear) {
        return {ESW_REFUSAL_MATCH_VLAN};
    }
    if (first.kind == Kind::kImpossible || second.kind == Kind::kImpossible ||
        (first.kind == Kind::kAbsent && second.kind == Kind::kPresent)) {
        return {ESW_REFUSAL_NO_PACKETS};
    }
    add_tag(first, fields.tags[0], builder);
    set_facts(first, 0, facts);
    if (first.kind == Kind::kAbsent) {
        second.kind = Kind::kAbsent;  // and needs no match
    } else {
        add_tag(second, fields.tags[1], builder);
    }
    set_facts(second, 1, facts);
    if (second.kind == Kind::kPresent) {
        facts.tags[0] = Tag::kPresent;
    }
    return {ESW_REFUSAL_NONE, behind.eth_type};
}

}  // namespace esw::mlx5
