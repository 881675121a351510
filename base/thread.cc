// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <signal.h>

namespace esw {

Result<std::unique_ptr<Thread>> Thread::start(const std::string& name, std::function<void()> body) {
    std::unique_ptr<Thread> thread(new Thread(std::move(body)));

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(
        &thread->thread_, &attributes,
        [](void* self) -> void* {
            static_cast<Thread*>(self)->body_();
            return nullptr;
        },
        thread.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);

    if (error) {
        return fail(error, name, "start thread");
    }
    thread->joinable_ = true;
    pthread_setname_np(thread->thread_, name.substr(0, 15).c_str());
    return thread;
}

void Thread::join() {
    if (std::exchange(joinable_, false)) {
        pthread_join(thread_, nullptr);
    }
}

bool Thread::join_for(std::chrono::milliseconds timeout) {
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    const nanoseconds until = (std::chrono::system_clock::now() + timeout).time_since_epoch();
    const auto whole = std::chrono::duration_cast<seconds>(until);
    const timespec deadline{static_cast<time_t>(whole.count()),
                            static_cast<long>((until - whole).count())};
    if (joinable_ && pthread_timedjoin_np(thread_, nullptr, &deadline) == 0) {
        joinable_ = false;
    }
    return !joinable_;
}

}  // namespace esw
