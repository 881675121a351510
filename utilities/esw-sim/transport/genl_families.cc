// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/genl_families.h"

#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/unique_fd.h"

namespace esw::sim {

namespace {

/// Distance kept from the kernel's highest multicast group: modules that are loaded later get
/// the numbers next to it.
constexpr uint32_t kGroupGap = 64;

/// Of devlink_nl_ops in net/devlink/leftover.c.
struct Operation {
    uint8_t command;
    uint32_t flags;
};

constexpr uint32_t kDo = GENL_CMD_CAP_DO;
constexpr uint32_t kDump = GENL_CMD_CAP_DUMP;
constexpr uint32_t kAdmin = GENL_ADMIN_PERM;

constexpr std::array kOperations = {
    Operation{DEVLINK_CMD_GET, kDo | kDump},
    Operation{DEVLINK_CMD_PORT_GET, kDo | kDump},
    Operation{DEVLINK_CMD_PORT_SET, kDo | kAdmin},
    Operation{DEVLINK_CMD_RATE_GET, kDo | kDump},
    Operation{DEVLINK_CMD_RATE_SET, kDo | kAdmin},
    Operation{DEVLINK_CMD_RATE_NEW, kDo | kAdmin},
    Operation{DEVLINK_CMD_RATE_DEL, kDo | kAdmin},
    Operation{DEVLINK_CMD_PORT_NEW, kDo | kAdmin},
    Operation{DEVLINK_CMD_PORT_DEL, kDo | kAdmin},
    Operation{DEVLINK_CMD_ESWITCH_GET, kDo | kAdmin},
    Operation{DEVLINK_CMD_ESWITCH_SET, kDo | kAdmin},
    Operation{DEVLINK_CMD_RELOAD, kDo | kAdmin},
    Operation{DEVLINK_CMD_PARAM_GET, kDo | kDump},
    Operation{DEVLINK_CMD_PARAM_SET, kDo | kAdmin},
    Operation{DEVLINK_CMD_INFO_GET, kDo | kDump},
};

}  // namespace

Result<GenlFamilies> GenlFamilies::discover() {
    const UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
    Bytes request = open_message(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, 1, 0);
    append_value(request, genlmsghdr{CTRL_CMD_GETFAMILY, 2, 0});
    close_message(request);
    if (!fd || ::send(fd.get(), request.data(), request.size(), 0) < 0) {
        return fail(errno, "generic netlink", "list families");
    }
    GenlFamilies families;
    families.used_ids_.resize(GENL_MAX_ID + 1);
    Bytes buffer(size_t{64} << 10);
    for (bool done = false; !done;) {
        const ssize_t size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) {
            return fail(errno, "generic netlink", "list families");
        }
        ByteSpan datagram = ByteSpan(buffer).first(static_cast<size_t>(size));
        while (const auto message = next_message(datagram)) {
            if (message->header.nlmsg_type == GENL_ID_CTRL &&
                message->payload().size() >= GENL_HDRLEN) {
                families.read_family(message->payload().subspan(GENL_HDRLEN));
            }
            done = done || message->header.nlmsg_type == NLMSG_DONE ||
                   message->header.nlmsg_type == NLMSG_ERROR;
        }
    }
    families.choose_numbers();
    return families;
}

void GenlFamilies::read_family(ByteSpan attributes) {
    const auto id = find_attribute(attributes, CTRL_ATTR_FAMILY_ID);
    const auto name = find_attribute(attributes, CTRL_ATTR_FAMILY_NAME);
    const uint16_t number = id ? read_front<uint16_t>(id->payload).value_or(0) : uint16_t{0};
    if (!name || number == 0 || number > GENL_MAX_ID) {
        return;
    }
    const bool devlink = attribute_text(*name) == DEVLINK_GENL_NAME;
    used_ids_[number] = true;
    if (devlink) {
        devlink_ = number;
        kernel_has_devlink_ = true;
    } else if (attribute_text(*name) == "ethtool") {
        ethtool_ = number;
    }
    const auto groups = find_attribute(attributes, CTRL_ATTR_MCAST_GROUPS);
    ByteSpan rest = groups ? groups->payload : ByteSpan();
    while (const auto group = next_attribute(rest)) {
        const auto group_id = find_attribute(group->payload, CTRL_ATTR_MCAST_GRP_ID);
        const uint32_t value = group_id ? read_front<uint32_t>(group_id->payload).value_or(0) : 0;
        group_count_ = std::max(group_count_, value);
        if (devlink) {
            devlink_group_ = value;
        }
    }
}

void GenlFamilies::choose_numbers() {
    if (kernel_has_devlink_) {
        return;
    }
    // The kernel hands out ids upwards, so the top stays free.
    uint16_t id = GENL_MAX_ID;
    while (used_ids_[id]) {
        id--;
    }
    devlink_ = id;
    devlink_group_ = group_count_ + kGroupGap;
    group_count_ = devlink_group_;
}

bool GenlFamilies::asks_for_devlink(const MessageView& request) const {
    const auto header = read_front<genlmsghdr>(request.payload());
    if (kernel_has_devlink_ || request.header.nlmsg_type != GENL_ID_CTRL || !header ||
        header->cmd != CTRL_CMD_GETFAMILY || (request.header.nlmsg_flags & NLM_F_DUMP)) {
        return false;
    }
    const ByteSpan attributes = request.payload().subspan(GENL_HDRLEN);
    if (const auto id = find_attribute(attributes, CTRL_ATTR_FAMILY_ID)) {
        return read_front<uint16_t>(id->payload) == devlink_;
    }
    const auto name = find_attribute(attributes, CTRL_ATTR_FAMILY_NAME);
    return name && attribute_text(*name) == DEVLINK_GENL_NAME;
}

// As ctrl_fill_info() in net/netlink/genetlink.c.
Bytes GenlFamilies::describe_devlink(const MessageView& request, uint32_t port_id,
                                     uint16_t flags) const {
    Bytes message = open_message(GENL_ID_CTRL, flags, request.header.nlmsg_seq, port_id);
    append_value(message, genlmsghdr{CTRL_CMD_NEWFAMILY, 2, 0});
    append_text(message, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME);
    append_number<uint16_t>(message, CTRL_ATTR_FAMILY_ID, devlink_);
    append_number<uint32_t>(message, CTRL_ATTR_VERSION, DEVLINK_GENL_VERSION);
    append_number<uint32_t>(message, CTRL_ATTR_HDRSIZE, 0);
    append_number<uint32_t>(message, CTRL_ATTR_MAXATTR, DEVLINK_ATTR_MAX);
    const size_t operations = open_nest(message, CTRL_ATTR_OPS);
    for (size_t i = 0; i < kOperations.size(); i++) {
        const size_t operation = open_nest(message, static_cast<uint16_t>(i + 1));
        append_number<uint32_t>(message, CTRL_ATTR_OP_ID, kOperations[i].command);
        append_number<uint32_t>(message, CTRL_ATTR_OP_FLAGS,
                                kOperations[i].flags | GENL_CMD_CAP_HASPOL);
        close_nest(message, operation);
    }
    close_nest(message, operations);
    const size_t groups = open_nest(message, CTRL_ATTR_MCAST_GROUPS);
    const size_t group = open_nest(message, 1);
    append_number<uint32_t>(message, CTRL_ATTR_MCAST_GRP_ID, devlink_group_);
    append_text(message, CTRL_ATTR_MCAST_GRP_NAME, DEVLINK_GENL_MCGRP_CONFIG_NAME);
    close_nest(message, group);
    close_nest(message, groups);
    close_message(message);
    return message;
}

}  // namespace esw::sim
