// SPDX-License-Identifier: Apache-2.0
#include "netlink/extended_ack.h"

#include <fmt/format.h>

#include <cerrno>

namespace esw::netlink {

namespace {

using enum AttributeKind;

constexpr AttributeSpec kExtendedAck[] = {
    {NLMSGERR_ATTR_MSG, kString, "MSG"},
    {NLMSGERR_ATTR_OFFS, kU32, "OFFS"},
    {NLMSGERR_ATTR_MISS_TYPE, kU32, "MISS_TYPE"},
};

/// The kernel gives errno values negated; anything else is not an errno value.
Result<int> code_of(int negated) {
    constexpr int kMaxErrno = 4095;
    if (negated > 0 || negated < -kMaxErrno) {
        return fail(EBADMSG, "", "",
                    fmt::format("netlink acknowledgement with the error {}", negated));
    }
    return -negated;
}

Status read_extended(ByteView bytes, ByteView request, AttributeTable table, size_t attributes_at,
                     Acknowledgement& out) {
    const auto in = Attributes::parse(bytes, kExtendedAck, {"netlink", "extended ack"});
    if (!in) {
        return fail(in.error());
    }
    out.text = in->string(NLMSGERR_ATTR_MSG).value_or("");
    if (const auto offset = in->u32(NLMSGERR_ATTR_OFFS)) {
        out.culprit = attribute_at(request, attributes_at, table, *offset);
    } else if (const auto missing = in->u32(NLMSGERR_ATTR_MISS_TYPE)) {
        const AttributeSpec* spec = table.find(static_cast<uint16_t>(*missing));
        out.culprit = fmt::format("{} is missing", spec ? spec->name : std::to_string(*missing));
    }
    return {};
}

}  // namespace

std::string Acknowledgement::detail() const {
    if (culprit.empty()) {
        return text;
    }
    return text.empty() ? fmt::format("attribute {}", culprit)
                        : fmt::format("{} (attribute {})", text, culprit);
}

Result<Acknowledgement> decode_acknowledgement(const MessageView& message, ByteView request,
                                               AttributeTable table, size_t attributes_at) {
    const MessageName name{"netlink", "NLMSG_ERROR"};
    const auto error = message.fixed_header<nlmsgerr>(name);
    if (!error) {
        return fail(error.error());
    }
    const auto code = code_of(error->error);
    if (!code) {
        return fail(code.error());
    }
    Acknowledgement out;
    out.code = *code;
    if (!(message.header.nlmsg_flags & NLM_F_ACK_TLVS)) {
        return out;
    }
    // Behind the request's header comes its payload, unless it was left out.
    size_t echoed = sizeof *error;
    if (!(message.header.nlmsg_flags & NLM_F_CAPPED)) {
        if (error->msg.nlmsg_len < sizeof error->msg) {
            return fail(EBADMSG, "", "", "netlink NLMSG_ERROR: echo of an impossible message");
        }
        echoed += error->msg.nlmsg_len - sizeof error->msg;
    }
    if (auto read = read_extended(message.behind(echoed), request, table, attributes_at, out);
        !read) {
        return fail(read.error());
    }
    return out;
}

Result<Acknowledgement> decode_done(const MessageView& message) {
    if (message.payload.empty()) {
        return Acknowledgement{};
    }
    const auto error = message.fixed_header<int>({"netlink", "NLMSG_DONE"});
    if (!error) {
        return fail(error.error());
    }
    // A dump that went well may end with a positive number of bytes.
    const auto code = code_of(std::min(*error, 0));
    if (!code) {
        return fail(code.error());
    }
    Acknowledgement out;
    out.code = *code;
    if (message.header.nlmsg_flags & NLM_F_ACK_TLVS) {
        if (auto read = read_extended(message.behind(sizeof *error), {}, {}, 0, out); !read) {
            return fail(read.error());
        }
    }
    return out;
}

}  // namespace esw::netlink
