// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>

#include <deque>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/unique_fd.h"
#include "netlink/channel.h"

namespace esw::netlink {

/// Takes all lines, so that they are formatted, and drops them.
class NullSink final : public LogSink {
public:
    void write(LogLevel, std::string_view, std::string_view) override {}
    bool enabled(LogLevel, std::string_view) const override { return true; }
};

/// A clock that stands still until a test moves it.
class FakeClock final : public Clock {
public:
    TimePoint now() const override { return now_; }
    void advance(Duration by) { now_ += by; }

private:
    TimePoint now_{};
};

/// What a channel's peer does next: a datagram, or an error of receive().
struct FakeDatagram {
    Bytes bytes;
    uint32_t sender = 0;
};
using FakeAnswer = std::variant<FakeDatagram, Error>;

/// The other end of one fake channel. Outlives the channel, so that tests can look at it after.
struct FakePeer {
    int protocol = 0;
    ChannelUse use = ChannelUse::kRequests;
    std::vector<uint32_t> groups;
    std::vector<Bytes> requests;
    bool closed = false;

    FakePeer() : readable(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) {}

    /// To be received next.
    void answer(FakeAnswer what) {
        answers.push_back(std::move(what));
        const uint64_t one = 1;
        (void)!::write(readable.get(), &one, sizeof one);
    }
    void answer(Bytes bytes, uint32_t sender = 0) {
        answer(FakeDatagram{std::move(bytes), sender});
    }

    std::deque<FakeAnswer> answers;
    UniqueFd readable;  ///< an event for each answer
};

/// The kernel as a script: `on_open` may refuse a socket, `on_request` puts answers to a request.
/// Waiting without anything to receive ends at the deadline at once, on the fake clock.
class FakeSockets {
public:
    std::function<Status(FakePeer&)> on_open = [](FakePeer&) { return Status{}; };
    std::function<void(FakePeer&, const Bytes&)> on_request = [](FakePeer&, const Bytes&) {};

    explicit FakeSockets(FakeClock& clock) : clock_(clock) {}

    ChannelFactory factory() {
        return [this](int protocol, ChannelUse use) { return open(protocol, use); };
    }

    /// All that were opened, in order.
    std::vector<std::shared_ptr<FakePeer>> peers;

    /// The last one that is a member of a group of `protocol`.
    FakePeer& member_of(int protocol, uint32_t group);

private:
    class FakeChannel;
    Result<std::unique_ptr<Channel>> open(int protocol, ChannelUse use);

    FakeClock& clock_;
};

}  // namespace esw::netlink
