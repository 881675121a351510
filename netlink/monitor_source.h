// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/log.h"
#include "netlink/channel.h"
#include "netlink/message_parser.h"

namespace esw::netlink {

/// How long to wait before a lost notification socket is opened again; doubles with each failure.
struct BackOff {
    Duration first = std::chrono::milliseconds(100);
    Duration longest = std::chrono::seconds(10);
};

/// One notification socket on an event loop: reads it, tells what was lost, and opens it again
/// after an error that reading does not mend.
///
/// Threads: the event loop's. The hooks run on it and must not destroy the source; they may close
/// and restart other sources, not this one.
class MonitorSource {
public:
    struct Hooks {
        /// Makes the socket and joins its groups. ENOTSUP: the kernel does not have it, which is no
        /// failure; the source stays closed until the next open().
        std::function<Result<std::unique_ptr<Channel>>()> open;
        /// One message. An error means that it could not be understood, so that what it said is
        /// lost.
        std::function<Status(const MessageView&)> message;
        /// Notifications were lost, or may have been while the source was closed.
        std::function<void()> overflow;
        /// The socket is gone, with this error; it is opened again by itself.
        std::function<void(const Error&)> lost;
        /// For a socket whose datagrams are not netlink messages: one datagram, instead of
        /// `message`.
        std::function<Status(ByteView)> datagram = {};
    };

    MonitorSource(EventLoop& loop, const Logger& log, std::string name, BackOff back_off,
                  Hooks hooks);
    ~MonitorSource();

    /// Opens the socket if it is not open; an error changes nothing, and nothing is tried again.
    Status open();
    /// Closes the socket and opens it again, now and with back-off later; an overflow follows when
    /// it is open. It stays closed after ENOTSUP.
    void restart();
    /// Closes it, and forgets a pending re-open.
    void close();
    bool is_open() const { return channel_ != nullptr; }

    /// Reads until nothing is left. Does nothing when called from within a hook of this source.
    void drain();

private:
    /// Reads at most `limit` datagrams; true when nothing is left.
    bool read(int limit);
    void handle(const Datagram& datagram);
    Status take_messages(ByteView datagram);
    void lose(const Error& error);
    void reopen_later();
    void reopen();

    EventLoop& loop_;
    const Logger& log_;
    const std::string name_;
    const BackOff back_off_;
    const Hooks hooks_;

    std::unique_ptr<Channel> channel_;
    std::unique_ptr<EventLoop::Handle> watch_;
    std::unique_ptr<EventLoop::Handle> timer_;
    Duration next_wait_;
    bool reading_ = false;
};

}  // namespace esw::netlink
