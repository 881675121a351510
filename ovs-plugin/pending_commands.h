// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mailbox.h"
#include "esw-manager/executor.h"
#include "ovs-plugin/commands.h"

namespace esw {

/// The commands that are not answered yet: reports that are written on a thread of their own, and
/// commands that take longer. When such a one has ended it is *completed*, and is answered when
/// what it brought about is in force, or its time is over.
///
/// Threads: one, save for what completer() gives.
class PendingCommands {
public:
    using Reply = std::function<void(void* conn, bool error, const std::string& text)>;

    /// `wake` is called on any thread, when there is something to take or to reply.
    PendingCommands(const Clock& clock, const std::function<void()>& wake);

    /// A number for the next command.
    uint64_t begin() { return ++last_; }
    /// Completes it; to be called once, on any thread.
    Done completer(uint64_t command);

    void add(uint64_t command, void* conn, std::chrono::milliseconds timeout);
    void write(uint64_t command, void* conn, Report report);

    /// Takes in which commands have completed: all that they tell of is to be looked at after it.
    /// Returns whether there are new ones.
    bool take_completed();
    bool has_completed() const { return !completed_.empty(); }

    void reply_written(const Reply& reply);
    void reply_completed(const Reply& reply);
    /// Of the completed those whose time is over; `unsettled` says what they wait for.
    void reply_overdue(const std::function<std::string()>& unsettled, const Reply& reply);
    /// How long until reply_overdue() has something to do; nothing when it will not.
    std::optional<Duration> time_to_overdue() const;

    /// Ends the thread that writes; on any thread.
    void stop_writing() { writer_.stop(); }
    /// Answers everything.
    void stop(const Reply& reply);

private:
    struct Waiting {
        void* conn = nullptr;
        std::optional<TimePoint> deadline;  ///< none: a report
    };
    struct Completion {
        uint64_t command = 0;
        CommandEnd end;
    };
    struct Written {
        uint64_t command = 0;
        CommandResult result;
    };
    std::optional<TimePoint> deadline_of(const Completion& completion) const;
    void reply_to(uint64_t command, const CommandResult& result, const Reply& reply);

    const Clock& clock_;
    Mailbox<Completion> completions_;
    Mailbox<Written> written_;
    uint64_t last_ = 0;
    std::map<uint64_t, Waiting> waiting_;  // by number
    std::vector<Completion> completed_;
    Executor writer_;  // last: it ends before what it uses
};

}  // namespace esw
