// SPDX-License-Identifier: Apache-2.0
#include "netlink/requester.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "netlink/extended_ack.h"

namespace esw::netlink {

namespace {

// A dump of N objects is interrupted when one of them changes meanwhile, so a few attempts are
// normal on a busy system and many mean that something never rests.
constexpr int kDumpAttempts = 8;

// Sockets that are kept for later calls; more than this many calls at once are rare.
constexpr size_t kIdleChannels = 4;

Error in_call(Error error, const Call& call) {
    error.object = call.object;
    if (!error.stage.empty()) {
        error.detail =
            error.detail.empty() ? error.stage : fmt::format("{}: {}", error.stage, error.detail);
    }
    error.stage = call.stage;
    return error;
}

}  // namespace

/// One request and what belongs to it.
struct Requester::Exchange {
    ByteView request;
    uint32_t sequence;
    TimePoint deadline;
    const Call& call;
    const Receiver& receiver;
    bool is_dump;

    bool done = false;
    bool may_be_late = true;
    bool interrupted = false;  // what was dumped changed meanwhile
    Acknowledgement answer = {};
};

Requester::Requester(int protocol, ChannelFactory factory, const Clock& clock, Logger log)
    : protocol_(protocol), factory_(std::move(factory)), clock_(clock), log_(std::move(log)) {}

Result<std::unique_ptr<Channel>> Requester::take_channel(bool& is_new) {
    {
        MutexLock lock(mutex_);
        if (!idle_.empty()) {
            auto channel = std::move(idle_.back());
            idle_.pop_back();
            return channel;
        }
    }
    is_new = true;
    return factory_(protocol_, ChannelUse::kRequests);
}

void Requester::give_back(std::unique_ptr<Channel> channel) {
    MutexLock lock(mutex_);
    if (idle_.size() < kIdleChannels) {
        idle_.push_back(std::move(channel));
    }
}

Result<std::unique_ptr<Channel>> Requester::send(const Bytes& message) {
    for (;;) {
        bool is_new = false;
        auto channel = take_channel(is_new);
        if (!channel) {
            return channel;
        }
        const auto sent = (*channel)->send(message);
        if (sent) {
            return channel;
        }
        if (is_new) {
            return fail(sent.error());
        }
        // A socket that was kept may have died meanwhile; the request did not get anywhere.
    }
}

uint32_t Requester::take_sequence() {
    MutexLock lock(mutex_);
    return next_sequence_++;
}

Status Requester::transact(Bytes message, const Call& call, const Receiver& receiver) {
    const auto ended = exchange(message, call, receiver, clock_.now() + call.patience, false);
    if (!ended) {
        return fail(in_call(ended.error(), call));
    }
    return {};
}

Status Requester::dump_messages(Bytes message, const Call& call, const Receiver& receiver,
                                const std::function<void()>& restart) {
    const TimePoint deadline = clock_.now() + call.patience;
    for (int attempt = 1; attempt <= kDumpAttempts; ++attempt) {
        restart();
        const auto whole = exchange(message, call, receiver, deadline, true);
        if (!whole && whole.error().code != ENOBUFS) {
            return fail(in_call(whole.error(), call));
        }
        if (whole && *whole) {
            return {};
        }
        log_.debug("{}: {}: attempt {} was interrupted", call.object, call.stage, attempt);
        if (clock_.now() >= deadline) {
            return fail(ETIMEDOUT, call.object, call.stage, "no answer from the kernel");
        }
    }
    return fail(EAGAIN, call.object, call.stage,
                fmt::format("changes interrupted the dump {} times", kDumpAttempts));
}

Result<bool> Requester::exchange(Bytes& message, const Call& call, const Receiver& receiver,
                                 TimePoint deadline, bool is_dump) {
    const uint32_t sequence = take_sequence();
    std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    auto channel = send(message);
    if (!channel) {
        return fail(channel.error());
    }
    Exchange state{message, sequence, deadline, call, receiver, is_dump};
    while (!state.done) {
        if (auto received = receive_some(**channel, state); !received) {
            return fail(received.error());
        }
    }
    give_back(*std::move(channel));
    if (state.answer.code != 0) {
        return fail(state.answer.code, "", "", state.answer.detail());
    }
    if (!state.answer.text.empty()) {
        log_.info("{}: {}: the kernel says: {}", call.object, call.stage, state.answer.detail());
    }
    return !state.interrupted;
}

Status Requester::receive_some(Channel& channel, Exchange& state) {
    // The kernel works within sendmsg(): however long that took, its answer is there then.
    if (!std::exchange(state.may_be_late, false) && clock_.now() >= state.deadline) {
        return fail(ETIMEDOUT, "", "", "no answer from the kernel");
    }
    const auto datagram = channel.receive();
    if (!datagram) {
        return fail(datagram.error());
    }
    if (!*datagram) {
        const auto ready = channel.wait(state.deadline);
        if (!ready) {
            return fail(ready.error());
        }
        if (!*ready) {
            return fail(ETIMEDOUT, "", "", "no answer from the kernel");
        }
        return {};
    }
    if ((*datagram)->sender != 0) {
        log_.warn("{}: {}: ignored a message that netlink port {} sent", state.call.object,
                  state.call.stage, (*datagram)->sender);
        return {};
    }
    state.may_be_late = !state.is_dump;
    const auto messages = split_datagram((*datagram)->bytes);
    if (!messages) {
        return fail(messages.error());
    }
    for (const MessageView& message : *messages) {
        if (auto handled = handle_message(state, message); !handled || state.done) {
            return handled;
        }
    }
    return {};
}

Status Requester::handle_message(Exchange& state, const MessageView& message) {
    if (message.header.nlmsg_seq != state.sequence) {
        log_.debug("{}: {}: ignored an answer to request {}", state.call.object, state.call.stage,
                   message.header.nlmsg_seq);
        return {};
    }
    if (message.header.nlmsg_flags & NLM_F_DUMP_INTR) {
        state.interrupted = true;
    }
    switch (message.header.nlmsg_type) {
        case NLMSG_NOOP:
            return {};
        case NLMSG_OVERRUN:
            return fail(ENOBUFS, "", "", "the kernel lost a part of its answer");
        case NLMSG_ERROR:
            return finish(state,
                          decode_acknowledgement(message, state.request, state.call.attributes,
                                                 state.call.attributes_at));
        case NLMSG_DONE:
            // Of a request that is no dump, the acknowledgement is still to come.
            return state.is_dump ? finish(state, decode_done(message)) : Status{};
        default:
            return state.receiver(message);
    }
}

Status Requester::finish(Exchange& state, Result<Acknowledgement> answer) {
    if (!answer) {
        return fail(answer.error());
    }
    state.answer = *std::move(answer);
    state.done = true;
    return {};
}

}  // namespace esw::netlink
