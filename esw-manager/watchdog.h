// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "esw-manager/timers.h"

namespace esw {

class EswitchRecord;

enum class WaitKind : uint8_t {
    kControlLock,
    kBlock,
    kKernel,  ///< an answer of the kernel; a devlink request may take as long as the driver likes
    kStep,    ///< the end of an operation's step
};

/// Tells of waits that are longer than their deadline: who waits, what for, and who holds it. Once
/// at the deadline, and after that whenever the wait is twice as long as at the report before.
///
/// One timer, for the wait that is due first. It stays when that wait ends in time, so that what
/// comes and goes quickly wakes nobody; it then finds the next one, or nothing, and is not set
/// again.
///
/// Threads: made and destroyed on the thread of the loop, or while that does not run; the rest any.
class Watchdog {
public:
    static constexpr Duration kDefaultDeadline = std::chrono::seconds(5);
    using Text = std::function<std::string()>;

    struct Subject {
        WaitKind kind = WaitKind::kStep;
        Text who;          ///< "load pf0vf3"
        std::string what;  ///< "the control lock"
        Text holder;       ///< "set-mode legacy"; empty, or returns nothing: not known
    };

    /// A wait of the thread that makes it, until it is destroyed. `subject`'s functions are called
    /// by any thread meanwhile, with no mutex held. The destructor waits for them to return: no
    /// mutex that they take may be held over it.
    class Wait {
    public:
        Wait(EswitchRecord& record, Subject subject);
        ~Wait();
        Wait(const Wait&) = delete;
        Wait& operator=(const Wait&) = delete;

    private:
        friend class Watchdog;
        EswitchRecord& record_;
        const Subject subject_;
        const TimePoint begun_;
        // Under the watchdog's mutex.
        uint32_t reports_ = 0;  // the next is due at begun_ + deadline * 2^reports_
        uint32_t readers_ = 0;  // threads that call subject_'s functions
    };

    /// A wait as it is now.
    struct View {
        WaitKind kind = WaitKind::kStep;
        std::string who, what, holder;
        TimePoint begun;
    };

    Watchdog(EventLoop& loop, Timers& timers, const Clock& clock, LogSink& log);

    Duration deadline() const ESW_EXCLUDES(mutex_);
    /// For the waits that there are, too.
    void set_deadline(Duration deadline) ESW_EXCLUDES(mutex_);

    /// The waits of one eswitch, the oldest first.
    std::vector<View> list(const EswitchRecord& record) const ESW_EXCLUDES(mutex_);

private:
    void begin(Wait& wait) ESW_EXCLUDES(mutex_);
    void end(Wait& wait) ESW_EXCLUDES(mutex_);
    TimePoint due(const Wait& wait) const ESW_REQUIRES(mutex_);
    std::optional<TimePoint> first_due() const ESW_REQUIRES(mutex_);

    // Thread of the loop.
    void arm();
    void fire();
    void report(const Wait& wait, TimePoint now);

    EventLoop& loop_;
    Timers& timers_;
    const Clock& clock_;
    const Logger log_;

    mutable Mutex mutex_{LockRank::kLeaf};
    mutable CondVar read_;  // a wait has no readers any more
    std::list<Wait*> waits_ ESW_GUARDED_BY(mutex_);
    Duration deadline_ ESW_GUARDED_BY(mutex_) = kDefaultDeadline;
    std::optional<TimePoint> armed_ ESW_GUARDED_BY(mutex_);  // when the timer fires, or will

    std::unique_ptr<EventLoop::Handle> timer_;  // thread of the loop
};

}  // namespace esw
