// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/client_request.h"

namespace esw::sim {

namespace {

/// NLMSG_GOODSIZE of a kernel with pages of 4096 bytes: what a dump's parts are filled to, so that
/// a program that reads with a page does not see them cut.
constexpr size_t kDumpPart = 3776;

bool is_dump_request(const nlmsghdr& header, Statistics::Family family) {
    const int flags = header.nlmsg_flags & NLM_F_DUMP;
    // rdma_nl_rcv_msg() is content with one of the two bits, genl_family_rcv_msg() is not.
    return family == Statistics::Family::kRdma ? flags != 0 : flags == NLM_F_DUMP;
}

}  // namespace

ClientRequest::ClientRequest(std::weak_ptr<ClientSocket> socket,
                             std::shared_ptr<Statistics> statistics, Statistics::Family family,
                             pid_t caller, const MessageView& message,
                             std::function<void()> finished)
    : socket_(std::move(socket)),
      statistics_(std::move(statistics)),
      family_(family),
      caller_(caller),
      whole_(message.whole.begin(), message.whole.end()),
      header_(message.header),
      same_namespace_(socket_.lock()->identity().same_namespace),
      opener_is_admin_(socket_.lock()->identity().opener_is_admin),
      dump_(is_dump_request(message.header, family)),
      finished_(std::move(finished)) {
    auto& counters = statistics_->of(caller_, family_);
    counters.requests++;
    counters.dumps += dump_ ? 1 : 0;
}

// A service that forgets a request must not hang the program that made it.
ClientRequest::~ClientRequest() {
    if (finished_) {
        end({EIO, {}, {}});
    }
}

bool ClientRequest::net_admin() const {
    if (!net_admin_) {
        net_admin_ = opener_is_admin_ && has_net_admin(caller_);
    }
    return *net_admin_;
}

void ClientRequest::reply(Bytes message) {
    const auto socket = socket_.lock();
    if (!socket || message.size() < NLMSG_HDRLEN) {
        return;
    }
    edit_header(message, 0, [&](nlmsghdr& header) {
        header.nlmsg_len = static_cast<uint32_t>(message.size());
        header.nlmsg_seq = header_.nlmsg_seq;
        header.nlmsg_pid = socket->port_id();
        header.nlmsg_flags = static_cast<uint16_t>(header.nlmsg_flags | (dump_ ? NLM_F_MULTI : 0));
    });
    statistics_->of(caller_, family_).replies++;
    replied_ = true;
    if (pending_.size() + message.size() > kDumpPart) {
        flush();
    }
    append_padded(pending_, message);
    if (!dump_) {
        flush();
    }
}

void ClientRequest::flush() {
    const auto socket = socket_.lock();
    if (socket && !pending_.empty() && !socket->deliver(pending_)) {
        socket->overrun();
    }
    pending_.clear();
}

void ClientRequest::finish(int error, std::string extack, std::optional<uint32_t> bad_offset) {
    if (finished_) {
        end({error, std::move(extack), bad_offset});
    }
}

void ClientRequest::end(const Outcome& outcome) {
    flush();
    if (const auto socket = socket_.lock()) {
        const auto options = socket->ack_options();
        if (dump_ && (outcome.error == 0 || replied_)) {
            socket->deliver(make_done(view(), socket->port_id(), outcome, options));
        } else if (outcome.error != 0 || (header_.nlmsg_flags & NLM_F_ACK)) {
            socket->deliver(make_acknowledgement(view(), socket->port_id(), outcome, options));
        }
    }
    const auto finished = std::exchange(finished_, nullptr);
    finished();
}

}  // namespace esw::sim
