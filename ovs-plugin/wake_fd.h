// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace esw {

/// Wakes a thread that polls a file descriptor. Threads: notify() by any, the rest by the woken.
class WakeFd {
public:
    static Result<std::unique_ptr<WakeFd>> create() {
        UniqueFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        if (!fd) {
            return fail(errno, "eventfd", "create");
        }
        return std::unique_ptr<WakeFd>(new WakeFd(std::move(fd)));
    }

    /// Makes the descriptor readable until clear().
    void notify() {
        // Fails only when the counter is full, and then the descriptor is readable.
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
    }

    void clear() {
        uint64_t count;
        [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &count, sizeof count);
    }

    int fd() const { return fd_.get(); }

private:
    explicit WakeFd(UniqueFd fd) : fd_(std::move(fd)) {}
    const UniqueFd fd_;
};

}  // namespace esw
