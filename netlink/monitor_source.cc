// SPDX-License-Identifier: Apache-2.0
#include "netlink/monitor_source.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace esw::netlink {

namespace {

// Datagrams read per wake-up, so that one busy source does not keep others of the loop waiting.
constexpr int kPerWakeUp = 128;

}  // namespace

MonitorSource::MonitorSource(EventLoop& loop, const Logger& log, std::string name, BackOff back_off,
                             Hooks hooks)
    : loop_(loop),
      log_(log),
      name_(std::move(name)),
      back_off_(back_off),
      hooks_(std::move(hooks)),
      next_wait_(back_off.first) {}

MonitorSource::~MonitorSource() = default;

Status MonitorSource::open() {
    if (channel_) {
        return {};
    }
    auto channel = hooks_.open();
    if (!channel) {
        return fail(channel.error());
    }
    auto watch =
        loop_.watch((*channel)->fd(), EventLoop::Interest::kRead, [this] { read(kPerWakeUp); });
    if (!watch) {
        return fail(watch.error());
    }
    timer_.reset();
    channel_ = *std::move(channel);
    watch_ = *std::move(watch);
    log_.debug("{}: notifications are read", name_);
    return {};
}

void MonitorSource::restart() {
    close();
    reopen();
}

void MonitorSource::close() {
    timer_.reset();
    watch_.reset();
    channel_.reset();
}

void MonitorSource::drain() {
    read(std::numeric_limits<int>::max());
}

bool MonitorSource::read(int limit) {
    if (reading_) {
        return true;
    }
    reading_ = true;
    bool empty = !channel_;
    for (int i = 0; i < limit && !empty; ++i) {
        const auto datagram = channel_->receive();
        if (!datagram && datagram.error().code == ENOBUFS) {
            log_.info("{}: notifications were lost; all is read again", name_);
            hooks_.overflow();
        } else if (!datagram) {
            lose(datagram.error());
            empty = true;
        } else if (!*datagram) {
            empty = true;
        } else {
            handle(**datagram);
            next_wait_ = back_off_.first;
        }
    }
    reading_ = false;
    return empty;
}

void MonitorSource::handle(const Datagram& datagram) {
    if (datagram.sender != 0) {
        log_.warn("{}: ignored a message that netlink port {} sent", name_, datagram.sender);
        return;
    }
    const Status understood =
        hooks_.datagram ? hooks_.datagram(datagram.bytes) : take_messages(datagram.bytes);
    if (!understood) {
        log_.warn("{}: a notification cannot be understood, all is read again: {}", name_,
                  understood.error().to_string());
        hooks_.overflow();
    }
}

Status MonitorSource::take_messages(ByteView datagram) {
    const auto messages = split_datagram(datagram);
    if (!messages) {
        return fail(messages.error());
    }
    Status understood;
    for (const MessageView& message : *messages) {
        if (auto one = hooks_.message(message); !one) {
            understood = one;
        }
    }
    return understood;
}

void MonitorSource::lose(const Error& error) {
    close();
    log_.warn("{}: no notifications any more, to be opened again: {}", name_, error.to_string());
    // Before the hook: it may want to close the source.
    reopen_later();
    hooks_.lost(error);
}

void MonitorSource::reopen_later() {
    auto timer = loop_.after(next_wait_, [this] { reopen(); });
    next_wait_ = std::min(next_wait_ * 2, back_off_.longest);
    if (!timer) {
        log_.error("{}: cannot be opened again: {}", name_, timer.error().to_string());
        return;
    }
    timer_ = *std::move(timer);
}

void MonitorSource::reopen() {
    const auto opened = open();
    if (opened) {
        log_.info("{}: notifications are read again", name_);
        hooks_.overflow();
        return;
    }
    if (opened.error().code == ENOTSUP) {
        log_.info("{}: not opened again: {}", name_, opened.error().to_string());
        // Gone for good, and with it what was known: asking again says so.
        hooks_.overflow();
        return;
    }
    log_.warn("{}: cannot be opened again yet: {}", name_, opened.error().to_string());
    reopen_later();
}

}  // namespace esw::netlink
