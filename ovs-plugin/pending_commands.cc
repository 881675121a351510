// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/pending_commands.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace esw {

PendingCommands::PendingCommands(const Clock& clock, const std::function<void()>& wake)
    : clock_(clock), completions_(wake), written_(wake), writer_("esw reports") {}

Done PendingCommands::completer(uint64_t command) {
    return [this, command](CommandEnd end) { completions_.put({command, std::move(end)}); };
}

void PendingCommands::add(uint64_t command, void* conn, std::chrono::milliseconds timeout) {
    waiting_[command] = {conn, clock_.now() + timeout};
}

void PendingCommands::write(uint64_t command, void* conn, Report report) {
    waiting_[command] = {conn, std::nullopt};
    writer_.push({[this, command, report = std::move(report)] {
                      CommandResult result;
                      try {
                          result = report();
                      } catch (const std::exception& e) {
                          // Nothing in here may end the switch.
                          result = {true, std::string("internal error: ") + e.what()};
                      }
                      written_.put({command, std::move(result)});
                  },
                  [this, command](const Error& error) {
                      written_.put({command, {true, error.to_string()}});
                  }});
}

bool PendingCommands::take_completed() {
    auto taken = completions_.take_all();
    for (Completion& completion : taken) {
        completed_.push_back(std::move(completion));
    }
    return !taken.empty();
}

void PendingCommands::reply_written(const Reply& reply) {
    for (const auto& [command, result] : written_.take_all()) {
        reply_to(command, result, reply);
    }
}

void PendingCommands::reply_completed(const Reply& reply) {
    for (const Completion& completion : std::exchange(completed_, {})) {
        reply_to(completion.command, completion.end(), reply);
    }
}

std::optional<TimePoint> PendingCommands::deadline_of(const Completion& completion) const {
    const auto waiting = waiting_.find(completion.command);
    return waiting == waiting_.end() ? std::nullopt : waiting->second.deadline;
}

void PendingCommands::reply_overdue(const std::function<std::string()>& unsettled,
                                    const Reply& reply) {
    const TimePoint now = clock_.now();
    const auto overdue =
        std::stable_partition(completed_.begin(), completed_.end(), [&](const Completion& c) {
            const auto deadline = deadline_of(c);
            return deadline && now < *deadline;
        });
    std::vector<Completion> late(std::make_move_iterator(overdue),
                                 std::make_move_iterator(completed_.end()));
    completed_.erase(overdue, completed_.end());
    for (const Completion& completion : late) {
        CommandResult result = completion.end();
        if (!result.error) {
            result.error = true;
            result.text += (result.text.empty() ? "timed out: " : "; timed out: ") + unsettled();
        }
        reply_to(completion.command, result, reply);
    }
}

std::optional<Duration> PendingCommands::time_to_overdue() const {
    std::optional<TimePoint> next;
    for (const Completion& completion : completed_) {
        if (const auto deadline = deadline_of(completion)) {
            next = std::min(next.value_or(*deadline), *deadline);
        }
    }
    if (!next) {
        return std::nullopt;
    }
    return std::max(Duration::zero(), *next - clock_.now());
}

void PendingCommands::reply_to(uint64_t command, const CommandResult& result, const Reply& reply) {
    const auto waiting = waiting_.extract(command);
    if (!waiting.empty()) {
        reply(waiting.mapped().conn, result.error, result.text);
    }
}

void PendingCommands::stop(const Reply& reply) {
    reply_written(reply);
    take_completed();
    reply_completed(reply);
    for (const auto& [number, waiting] : std::exchange(waiting_, {})) {
        reply(waiting.conn, true, "the switch is going down");
    }
}

}  // namespace esw
