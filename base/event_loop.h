// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/result.h"
#include "base/unique_fd.h"

struct event_base;

namespace esw {

/// One thread's loop over file descriptors, timers and posted functions, on libevent.
///
/// Threads: run() is called by the owner thread; post() and stop() by any thread; everything else
/// by the owner thread, or before run(). Callbacks run on the owner thread and must not throw.
class EventLoop {
public:
    enum class Interest { kRead, kWrite };

    /// A registration; destroying it ends it. May be destroyed from within its own callback.
    class Handle {
    public:
        virtual ~Handle() = default;
    };

    static Result<std::unique_ptr<EventLoop>> create();
    ~EventLoop();

    /// Calls `callback` each time `fd` can be read or written without blocking (level-triggered).
    /// `fd` stays the caller's and must outlive the handle.
    Result<std::unique_ptr<Handle>> watch(int fd, Interest interest,
                                          std::function<void()> callback);

    /// Calls `callback` once, `delay` from now.
    Result<std::unique_ptr<Handle>> after(Duration delay, std::function<void()> callback);

    /// Runs `function` on the owner thread, after the functions posted before it.
    void post(std::function<void()> function);

    /// Runs until stop(). Functions posted before stop() still run.
    void run();
    void stop();

private:
    EventLoop(event_base* base, UniqueFd wake_fd);
    void drain_posted();

    struct BaseDeleter {
        void operator()(event_base* base) const;
    };
    std::unique_ptr<event_base, BaseDeleter> base_;
    UniqueFd wake_fd_;
    Mailbox<std::function<void()>> posted_;
    std::unique_ptr<Handle> wake_watch_;
    bool stopping_ = false;  // owner thread only
};

}  // namespace esw
