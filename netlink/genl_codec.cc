// SPDX-License-Identifier: Apache-2.0
#include "netlink/genl_codec.h"

#include <linux/genetlink.h>

#include <utility>

#include "netlink/message_builder.h"

namespace esw::netlink {

std::optional<uint32_t> GenlFamily::group(const std::string& group_name) const {
    const auto found = groups.find(group_name);
    return found == groups.end() ? std::nullopt : std::optional(found->second);
}

namespace genl {

namespace {

using enum AttributeKind;

// Version of the controller's messages (net/netlink/genetlink.c, genl_ctrl).
constexpr uint8_t kControllerVersion = 2;

constexpr AttributeSpec kGroup[] = {
    {CTRL_ATTR_MCAST_GRP_NAME, kString, "MCAST_GRP_NAME"},
    {CTRL_ATTR_MCAST_GRP_ID, kU32, "MCAST_GRP_ID"},
};

constexpr uint16_t kMaxGroups = 64;

// The list's entries are numbered from 1: their type is their place in it.
constexpr AttributeSpec kTop[] = {
    {CTRL_ATTR_FAMILY_ID, kU16, "FAMILY_ID"},
    {CTRL_ATTR_FAMILY_NAME, kString, "FAMILY_NAME"},
    {CTRL_ATTR_MCAST_GROUPS, kBinary, "MCAST_GROUPS"},
};

struct GroupList {
    AttributeSpec specs[kMaxGroups];
    constexpr GroupList() : specs() {
        for (uint16_t i = 0; i < kMaxGroups; ++i) {
            specs[i] = {static_cast<uint16_t>(i + 1), kNested, "MCAST_GROUP", kGroup};
        }
    }
};
constexpr GroupList kGroupList;

Status read_groups(ByteView list, MessageName name, GenlFamily& family) {
    const auto entries = Attributes::parse(list, kGroupList.specs, name, "MCAST_GROUPS.");
    if (!entries) {
        return fail(entries.error());
    }
    for (const AttributeSpec& spec : kGroupList.specs) {
        const auto group = entries->nested(spec.type);
        if (!group) {
            return fail(group.error());
        }
        if (!*group) {
            continue;
        }
        auto group_name = (*group)->require_string(CTRL_ATTR_MCAST_GRP_NAME);
        if (!group_name) {
            return fail(group_name.error());
        }
        const auto id = (*group)->require_u32(CTRL_ATTR_MCAST_GRP_ID);
        if (!id) {
            return fail(id.error());
        }
        family.groups[*std::move(group_name)] = *id;
    }
    return {};
}

}  // namespace

Result<Bytes> encode_family_get(const std::string& name) {
    return MessageBuilder::generic(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, kControllerVersion,
                                   NLM_F_REQUEST | NLM_F_ACK)
        .put_string(CTRL_ATTR_FAMILY_NAME, name)
        .finish();
}

Result<GenlFamily> decode_family(const MessageView& message) {
    const MessageName name{"nlctrl", "NEWFAMILY"};
    const auto header = message.fixed_header<genlmsghdr>(name);
    if (!header) {
        return fail(header.error());
    }
    const auto in = Attributes::parse(message.behind(sizeof *header), kTop, name);
    if (!in) {
        return fail(in.error());
    }
    GenlFamily family;
    auto family_name = in->require_string(CTRL_ATTR_FAMILY_NAME);
    if (!family_name) {
        return fail(family_name.error());
    }
    family.name = *std::move(family_name);
    const auto id = in->u16(CTRL_ATTR_FAMILY_ID);
    if (!id) {
        return in->malformed(CTRL_ATTR_FAMILY_ID, "missing");
    }
    family.id = *id;
    if (const auto list = in->binary(CTRL_ATTR_MCAST_GROUPS)) {
        if (auto read = read_groups(*list, name, family); !read) {
            return fail(read.error());
        }
    }
    return family;
}

Result<std::optional<GenlFamilyEvent>> decode_event(const MessageView& message) {
    const auto header = message.fixed_header<genlmsghdr>({"nlctrl", "notification"});
    if (!header) {
        return fail(header.error());
    }
    if (header->cmd != CTRL_CMD_NEWFAMILY && header->cmd != CTRL_CMD_DELFAMILY) {
        return std::optional<GenlFamilyEvent>{};
    }
    auto family = decode_family(message);
    if (!family) {
        return fail(family.error());
    }
    return std::optional(GenlFamilyEvent{*std::move(family), header->cmd == CTRL_CMD_DELFAMILY});
}

}  // namespace genl
}  // namespace esw::netlink
