// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "netlink/channel.h"
#include "netlink/extended_ack.h"
#include "netlink/message_parser.h"

namespace esw::netlink {

/// How long a call may take before it fails with ETIMEDOUT.
struct Deadlines {
    Duration query = std::chrono::seconds(5);       ///< asking for something
    Duration change = std::chrono::seconds(15);     ///< changing one attribute or object
    Duration transition = std::chrono::minutes(1);  ///< eswitch mode, reload
};

/// What a call is about, for its errors.
struct Call {
    std::string object;  ///< "pci/0000:08:00.0"
    std::string stage;   ///< "set eswitch mode"
    Duration patience;   ///< one of Deadlines
    /// Of the request's attributes, and where they begin in the message, so that an attribute that
    /// the kernel refuses can be named.
    AttributeTable attributes = {};
    size_t attributes_at = 0;
};

/// Makes a T of a message of an answer.
template <class T>
using Decode = std::function<Result<T>(const MessageView&)>;

/// Asks the kernel over one netlink protocol and waits for the answer.
///
/// Errors are the kernel's errno with its extended acknowledgement in the detail; ETIMEDOUT after
/// the call's deadline; EBADMSG for an answer that cannot be understood; EAGAIN for a dump that was
/// interrupted by changes again and again. The deadline is over the kernel's answer: a kernel that
/// works on a request inside sendmsg() (it does, for most) holds the caller as long as it likes.
///
/// Threads: any. Each call has a socket of its own while it lasts; those are kept for later calls.
/// A socket with which something went wrong is not used again, so late answers meet nobody.
class Requester {
public:
    /// Gets each message of the answer, in order; the message is valid during the call only.
    using Receiver = std::function<Status(const MessageView&)>;

    Requester(int protocol, ChannelFactory factory, const Clock& clock, Logger log);

    /// A request with NLM_F_ACK. Ends with the acknowledgement.
    Status transact(Bytes message, const Call& call, const Receiver& receiver) ESW_EXCLUDES(mutex_);

    /// As transact(), for a request whose answer is one message; EBADMSG when none comes.
    template <class T>
    Result<T> get(Bytes message, const Call& call, const Decode<T>& decode) {
        std::optional<T> answer;
        const auto receive = [&answer, &decode](const MessageView& view) -> Status {
            auto value = decode(view);
            if (!value) {
                return fail(value.error());
            }
            answer = *std::move(value);
            return {};
        };
        if (auto status = transact(std::move(message), call, receive); !status) {
            return fail(status.error());
        }
        if (!answer) {
            return fail(EBADMSG, call.object, call.stage, "the kernel's answer is empty");
        }
        return *std::move(answer);
    }

    /// A request with NLM_F_DUMP. `decode` makes a T of each message. When the kernel says that
    /// what it dumped changed meanwhile, the dump is made again.
    template <class T>
    Result<std::vector<T>> dump(Bytes message, const Call& call, const Decode<T>& decode) {
        std::vector<T> out;
        const auto receive = [&out, &decode](const MessageView& view) -> Status {
            auto value = decode(view);
            if (!value) {
                return fail(value.error());
            }
            out.push_back(*std::move(value));
            return {};
        };
        auto status = dump_messages(std::move(message), call, receive, [&out] { out.clear(); });
        if (!status) {
            return fail(status.error());
        }
        return out;
    }

    /// As dump(), message by message. `restart` is called before every attempt.
    Status dump_messages(Bytes message, const Call& call, const Receiver& receiver,
                         const std::function<void()>& restart) ESW_EXCLUDES(mutex_);

private:
    struct Exchange;

    Result<std::unique_ptr<Channel>> take_channel(bool& is_new) ESW_EXCLUDES(mutex_);
    /// The channel that the message went out on.
    Result<std::unique_ptr<Channel>> send(const Bytes& message) ESW_EXCLUDES(mutex_);
    void give_back(std::unique_ptr<Channel> channel) ESW_EXCLUDES(mutex_);
    uint32_t take_sequence() ESW_EXCLUDES(mutex_);

    /// Sends and receives until the answer is complete. False when a dump was interrupted.
    Result<bool> exchange(Bytes& message, const Call& call, const Receiver& receiver,
                          TimePoint deadline, bool is_dump) ESW_EXCLUDES(mutex_);
    Status receive_some(Channel& channel, Exchange& state);
    Status handle_message(Exchange& state, const MessageView& message);
    static Status finish(Exchange& state, Result<Acknowledgement> answer);

    const int protocol_;
    const ChannelFactory factory_;
    const Clock& clock_;
    const Logger log_;

    Mutex mutex_{LockRank::kLeaf};
    std::vector<std::unique_ptr<Channel>> idle_ ESW_GUARDED_BY(mutex_);
    uint32_t next_sequence_ ESW_GUARDED_BY(mutex_) = 1;
};

}  // namespace esw::netlink
