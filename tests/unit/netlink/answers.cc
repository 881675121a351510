// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netlink/answers.h"

#include <linux/genetlink.h>

#include <cstring>

#include "netlink/message_builder.h"
#include "tests/unit/netlink/messages.h"

namespace esw::netlink {

namespace {

Bytes for_request(ByteView request, Bytes message) {
    set_sequence(message, request.empty() ? 0 : sequence_of(request));
    return message;
}

}  // namespace

Bytes acknowledge(ByteView request, int code, std::string_view text, uint32_t offset) {
    nlmsgerr error{};
    error.error = -code;
    std::memcpy(&error.msg, request.data(), sizeof error.msg);
    const bool extended = !text.empty() || offset != 0;
    MessageBuilder builder(NLMSG_ERROR,
                           static_cast<uint16_t>(NLM_F_CAPPED | (extended ? NLM_F_ACK_TLVS : 0)));
    builder.put_header(error);
    if (!text.empty()) {
        builder.put_string(NLMSGERR_ATTR_MSG, text);
    }
    if (offset != 0) {
        builder.put_u32(NLMSGERR_ATTR_OFFS, offset);
    }
    return for_request(request, *builder.finish());
}

Bytes done(ByteView request, uint16_t flags) {
    return for_request(request,
                       *MessageBuilder(NLMSG_DONE, static_cast<uint16_t>(NLM_F_MULTI | flags))
                            .put_header(0)
                            .finish());
}

Bytes reply(ByteView request, std::string_view hex, uint16_t flags) {
    Bytes message = for_request(request, from_hex(hex));
    std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_flags), &flags, sizeof flags);
    return message;
}

Bytes together(std::initializer_list<Bytes> messages) {
    Bytes out;
    for (const Bytes& message : messages) {
        out.insert(out.end(), message.begin(), message.end());
    }
    return out;
}

Bytes devlink_family(ByteView request, uint8_t command, uint16_t id) {
    const auto put_group = [](MessageBuilder& group) {
        group.put_u32(CTRL_ATTR_MCAST_GRP_ID, 5).put_string(CTRL_ATTR_MCAST_GRP_NAME, "config");
    };
    return for_request(request, *MessageBuilder::generic(GENL_ID_CTRL, command, 2, 0)
                                     .put_string(CTRL_ATTR_FAMILY_NAME, "devlink")
                                     .put_u16(CTRL_ATTR_FAMILY_ID, id)
                                     .put_nested_noflag(CTRL_ATTR_MCAST_GROUPS,
                                                        [&](MessageBuilder& groups) {
                                                            groups.put_nested_noflag(1, put_group);
                                                        })
                                     .finish());
}

uint8_t command_of(ByteView message) {
    return std::to_integer<uint8_t>(message[NLMSG_HDRLEN]);
}

uint16_t type_of(ByteView message) {
    uint16_t type;
    std::memcpy(&type, message.data() + offsetof(nlmsghdr, nlmsg_type), sizeof type);
    return type;
}

}  // namespace esw::netlink
