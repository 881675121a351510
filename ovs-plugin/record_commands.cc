// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/record_commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <chrono>

#include "esw-manager/record_report.h"
#include "ovs-plugin/command_arguments.h"

namespace esw {

namespace {

struct Options {
    bool json = false;
    bool count = false;
    const char* all;  ///< in words
};

Result<size_t> parse_count(const std::string& text) {
    size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size()) {
        return fail(EINVAL, "-n", "", fmt::format("'{}' is not a number of events", text));
    }
    return count;
}

Result<RecordRequest> parse(const Arguments& args, const Options& allowed) {
    RecordRequest request;
    for (size_t i = 1; i < args.size(); ++i) {
        const std::string& arg = args[i];
        if (allowed.json && arg == "--json") {
            request.json = true;
        } else if (allowed.count && arg == "-n") {
            const auto count = parse_count(++i < args.size() ? args[i] : std::string());
            if (!count) {
                return fail(count.error());
            }
            request.count = *count;
        } else if (!arg.empty() && arg[0] == '-') {
            return bad_argument(arg, allowed.all);
        } else {
            request.objects.push_back(arg);
        }
    }
    return request;
}

template <class Write>
Answer answer(const CommandContext& context, const Arguments& args, const Options& allowed,
              Write write) {
    const auto request = parse(args, allowed);
    if (!request) {
        return error_of(request.error());
    }
    return Report([write, request = *request, records = context.manager.records(),
                   snapshot = context.manager.snapshot(), now = context.clock.now()] {
        return result_of(write({records, *snapshot, now}, request));
    });
}

}  // namespace

Answer show_events(const CommandContext& context, const Arguments& args, Done) {
    return answer(context, args, {true, true, "--json or -n N"}, report_events);
}

Answer show_queues(const CommandContext& context, const Arguments& args, Done) {
    return answer(context, args, {true, false, "--json"}, report_queues);
}

Answer show_blocks(const CommandContext& context, const Arguments& args, Done) {
    return answer(context, args, {true, false, "--json"}, report_blocks);
}

Answer show_statistics(const CommandContext& context, const Arguments& args, Done) {
    return answer(context, args, {true, false, "--json"}, report_stats);
}

Answer clear_statistics(const CommandContext& context, const Arguments& args, Done) {
    return answer(context, args, {false, false, "none"}, clear_stats);
}

Answer show_trace(const CommandContext& context, const Arguments& args, Done) {
    // What it prints is JSON anyway.
    return answer(context, args, {true, false, "--json"}, report_trace);
}

Answer watchdog(const CommandContext& context, const Arguments& args, Done) {
    if (args.size() > 2) {
        return error_of({EINVAL, args[2], "", "unexpected argument; expected seconds or nothing"});
    }
    if (args.size() == 2) {
        const auto deadline = parse_seconds("deadline", args[1]);
        if (!deadline) {
            return error_of(deadline.error());
        }
        if (*deadline == std::chrono::milliseconds::zero()) {
            return error_of({EINVAL, "deadline", "", "must be at least a millisecond"});
        }
        context.manager.set_wait_deadline(*deadline);
    }
    const double seconds = static_cast<double>(to_ms(context.manager.wait_deadline())) / 1000;
    return CommandResult{false, fmt::format("waits longer than {:g} s are logged", seconds)};
}

}  // namespace esw
