// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace esw {

namespace {

// libevent keeps `this` as its argument. A callback may destroy its own handle, so what runs is a
// shared copy.
class EventHandle final : public EventLoop::Handle {
public:
    explicit EventHandle(std::function<void()> callback)
        : callback_(std::make_shared<std::function<void()>>(std::move(callback))) {}
    ~EventHandle() override {
        if (event_) {
            event_free(event_);
        }
    }

    bool start(event_base* base, int fd, short what, const timeval* timeout) {
        event_ = event_new(base, fd, what, &EventHandle::fired, this);
        return event_ && event_add(event_, timeout) == 0;
    }

private:
    static void fired(evutil_socket_t, short, void* self) {
        const auto callback = static_cast<EventHandle*>(self)->callback_;
        (*callback)();
    }

    std::shared_ptr<std::function<void()>> callback_;
    event* event_ = nullptr;
};

void wake(int fd) {
    const uint64_t one = 1;
    // Fails only when the counter is full, and then the loop is awake anyway.
    [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

}  // namespace

void EventLoop::BaseDeleter::operator()(event_base* base) const {
    event_base_free(base);
}

EventLoop::EventLoop(event_base* base, UniqueFd wake_fd)
    : base_(base), wake_fd_(std::move(wake_fd)), posted_([fd = wake_fd_.get()] { wake(fd); }) {}

EventLoop::~EventLoop() = default;

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
    UniqueFd wake_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_fd) {
        return fail(errno, "event loop", "eventfd");
    }
    event_base* base = event_base_new();
    if (!base) {
        return fail(ENOMEM, "event loop", "event_base_new");
    }
    std::unique_ptr<EventLoop> loop(new EventLoop(base, std::move(wake_fd)));
    auto watch = loop->watch(loop->wake_fd_.get(), Interest::kRead,
                             [raw = loop.get()] { raw->drain_posted(); });
    if (!watch) {
        return fail(watch.error());
    }
    loop->wake_watch_ = std::move(*watch);
    return loop;
}

Result<std::unique_ptr<EventLoop::Handle>> EventLoop::watch(int fd, Interest interest,
                                                            std::function<void()> callback) {
    // libevent takes it for a timer then, and waits for ever.
    if (fd < 0) {
        return fail(EBADF, "event loop", "watch file descriptor");
    }
    auto handle = std::make_unique<EventHandle>(std::move(callback));
    const short what = interest == Interest::kRead ? EV_READ : EV_WRITE;
    if (!handle->start(base_.get(), fd, static_cast<short>(what | EV_PERSIST), nullptr)) {
        return fail(EBADF, "event loop", "watch file descriptor");
    }
    return handle;
}

Result<std::unique_ptr<EventLoop::Handle>> EventLoop::after(Duration delay,
                                                            std::function<void()> callback) {
    using std::chrono::duration_cast;
    const auto us = std::max<int64_t>(0, duration_cast<std::chrono::microseconds>(delay).count());
    const timeval timeout{static_cast<time_t>(us / 1000000),
                          static_cast<suseconds_t>(us % 1000000)};
    auto handle = std::make_unique<EventHandle>(std::move(callback));
    if (!handle->start(base_.get(), -1, EV_TIMEOUT, &timeout)) {
        return fail(ENOMEM, "event loop", "start timer");
    }
    return handle;
}

void EventLoop::post(std::function<void()> function) {
    posted_.put(std::move(function));
}

void EventLoop::drain_posted() {
    uint64_t count;
    [[maybe_unused]] const ssize_t got = ::read(wake_fd_.get(), &count, sizeof count);
    for (auto& function : posted_.take_all()) {
        function();
    }
    if (stopping_) {
        event_base_loopbreak(base_.get());
    }
}

void EventLoop::run() {
    stopping_ = false;
    event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY);
}

void EventLoop::stop() {
    post([this] { stopping_ = true; });
}

}  // namespace esw
