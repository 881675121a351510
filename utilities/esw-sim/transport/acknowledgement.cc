// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/acknowledgement.h"

namespace esw::sim {

namespace {

bool has_attributes(const Outcome& outcome, AckOptions options) {
    return options.extended &&
           (!outcome.text.empty() || (outcome.error != 0 && outcome.bad_offset));
}

void append_outcome(Bytes& message, const Outcome& outcome) {
    if (!outcome.text.empty()) {
        append_text(message, NLMSGERR_ATTR_MSG, outcome.text);
    }
    if (outcome.error != 0 && outcome.bad_offset) {
        append_number(message, NLMSGERR_ATTR_OFFS, *outcome.bad_offset);
    }
}

}  // namespace

Bytes make_acknowledgement(const MessageView& request, uint32_t port_id, const Outcome& outcome,
                           AckOptions options) {
    const bool with_request = outcome.error != 0 && !options.capped;
    const bool with_attributes = has_attributes(outcome, options);
    const auto flags = static_cast<uint16_t>((with_request ? 0 : NLM_F_CAPPED) |
                                             (with_attributes ? NLM_F_ACK_TLVS : 0));
    Bytes message = open_message(NLMSG_ERROR, flags, request.header.nlmsg_seq, port_id);
    append_value(message, nlmsgerr{-outcome.error, request.header});
    if (with_request) {
        append_padded(message, request.payload());
    }
    if (with_attributes) {
        append_outcome(message, outcome);
    }
    close_message(message);
    return message;
}

Bytes make_done(const MessageView& request, uint32_t port_id, const Outcome& outcome,
                AckOptions options) {
    const bool with_attributes = has_attributes(outcome, options);
    const auto flags = static_cast<uint16_t>(NLM_F_MULTI | (with_attributes ? NLM_F_ACK_TLVS : 0));
    Bytes message = open_message(NLMSG_DONE, flags, request.header.nlmsg_seq, port_id);
    append_value(message, -outcome.error);
    if (with_attributes) {
        append_outcome(message, outcome);
    }
    close_message(message);
    return message;
}

}  // namespace esw::sim
