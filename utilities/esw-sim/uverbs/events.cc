// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/events.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utility>

namespace esw::sim::uverbs {

EventChannel::Ends EventChannel::make_ends() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return {};
    }
    // Room for the events that a channel's own limit allows.
    const int room = 32 * 1024 * 1024;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

EventChannel::EventChannel(uint16_t type, UniqueFd ours, UniqueFd theirs)
    : Object(type), ours_(std::move(ours)), theirs_(std::move(theirs)) {
    struct stat status {};
    if (::fstat(theirs_.get(), &status) == 0) {
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
}

bool EventChannel::closed() const {
    char byte;
    return !ours_ || ::recv(ours_.get(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool EventChannel::send(std::span<const std::byte> event) {
    return ours_ &&
           ::send(ours_.get(), event.data(), event.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

size_t EventChannel::unread() const {
    int bytes = 0;
    return ours_ && ::ioctl(ours_.get(), SIOCOUTQ, &bytes) == 0 ? static_cast<size_t>(bytes) : 0;
}

int EventChannel::release() {
    ours_ = UniqueFd();
    return 0;
}

}  // namespace esw::sim::uverbs
