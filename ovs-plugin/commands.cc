// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/commands.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "esw-manager/flow/flow_report.h"
#include "esw-manager/profile_report.h"
#include "esw-manager/report.h"
#include "ovs-plugin/command_arguments.h"
#include "ovs-plugin/operation_commands.h"
#include "ovs-plugin/record_commands.h"

namespace esw {
namespace {

using std::chrono::milliseconds;

/// Arguments of the `show` commands.
Result<ReportRequest> parse_show(const std::vector<std::string>& args) {
    ReportRequest request;
    for (size_t i = 1; i < args.size(); ++i) {
        const std::string& arg = args[i];
        if (arg == "--json") {
            request.json = true;
        } else if (arg == "-m" || arg == "--more") {
            request.more = true;
        } else if (!arg.empty() && arg[0] == '-') {
            return bad_argument(arg, "--json or -m");
        } else {
            request.objects.push_back(arg);
        }
    }
    return request;
}

struct WaitRequest {
    bool strict = false;
    std::optional<DevlinkHandle> eswitch;
    milliseconds timeout = kDefaultTimeout;
};

Result<WaitRequest> parse_wait(const std::vector<std::string>& args) {
    static constexpr std::string_view kTimeout = "--timeout=";
    WaitRequest request;
    for (size_t i = 1; i < args.size(); ++i) {
        const std::string_view arg = args[i];
        if (arg == "--strict") {
            request.strict = true;
        } else if (arg.substr(0, kTimeout.size()) == kTimeout) {
            const auto timeout = parse_seconds("--timeout", arg.substr(kTimeout.size()));
            if (!timeout) {
                return fail(timeout.error());
            }
            request.timeout = *timeout;
        } else if (!arg.empty() && arg[0] == '-') {
            return bad_argument(args[i], "--strict or --timeout=SECONDS");
        } else if (request.eswitch) {
            return fail(EINVAL, args[i], "", "more than one eswitch; expected one or none");
        } else {
            const auto handle = parse_handle(args[i]);
            if (!handle) {
                return fail(handle.error());
            }
            request.eswitch = *handle;
        }
    }
    return request;
}

template <class Write>
Answer show(const CommandContext& context, const std::vector<std::string>& args, Write write) {
    const auto request = parse_show(args);
    if (!request) {
        return error_of(request.error());
    }
    return Report([write, request = *request, snapshot = context.manager.snapshot(),
                   failures = context.failures(), bridges = context.bridges(),
                   now = context.clock.now(), flows = context.flows.rules()] {
        const Snapshot shown = with_failures(*snapshot, failures);
        return result_of(write({shown, now, bridges, flows}, request));
    });
}

Answer show_eswitches(const CommandContext& context, const std::vector<std::string>& args, Done) {
    return show(context, args, report_eswitches);
}

Answer show_reps(const CommandContext& context, const std::vector<std::string>& args, Done) {
    return show(context, args, report_reps);
}

Answer show_flows(const CommandContext& context, const std::vector<std::string>& args, Done) {
    return show(
        context, args,
        [&flows = context.flows](const ReportContext& report, const ReportRequest& request) {
            return report_flows(report, flows, request);
        });
}

Answer show_profile(const CommandContext& context, const std::vector<std::string>& args, Done) {
    return show(context, args, report_profile);
}

/// What the manager says, and what the datapath could not do with what it says.
CommandResult wait_result(const CommandContext& context, const WaitRequest& request,
                          const Result<WaitReport>& report) {
    if (!report) {
        return error_of(report.error());
    }
    const SnapshotPtr snapshot = context.manager.snapshot();
    uint64_t failed = report->failed;
    std::string reason;
    for (const auto& [name, failure] : context.failures()) {
        const auto port = snapshot->ports.find(name);
        const bool counts =
            port != snapshot->ports.end() && port->second->rep &&
            request.eswitch.value_or(port->second->rep->handle) == port->second->rep->handle;
        if (counts) {
            ++failed;
            reason = failure.error.to_string();
        }
    }
    if (failed == 0) {
        return {};
    }
    if (request.strict) {
        return {true, fmt::format("{} failed: {}", failed, reason)};
    }
    return {false, fmt::format("{} failed", failed)};
}

Answer wait(const CommandContext& context, const std::vector<std::string>& args, Done done) {
    const auto request = parse_wait(args);
    if (!request) {
        return error_of(request.error());
    }
    context.manager.wait(
        request->eswitch, request->strict, request->timeout,
        [context, request = *request, done = std::move(done)](Result<WaitReport> report) {
            done([context, request, report = std::move(report)] {
                return wait_result(context, request, report);
            });
        });
    return AnsweredLater{request->timeout};
}

Answer rescan(const CommandContext& context, const std::vector<std::string>& args, Done done) {
    if (args.size() > 1) {
        return error_of({EINVAL, args[1], "", "unexpected argument; there are none"});
    }
    context.manager.rescan([done = std::move(done)](Status status) {
        done([status = std::move(status)] {
            return status ? CommandResult{} : error_of(status.error());
        });
    });
    return AnsweredLater();
}

struct Command {
    CommandInfo info;
    Answer (*run)(const CommandContext&, const std::vector<std::string>&, Done);
};

// As many arguments as anybody likes: what is wrong with them is said here, in our words.
constexpr Command kCommands[] = {
    {{"esw/block-show", "[--json] [esw...]"}, show_blocks},
    {{"esw/event-show", "[--json] [-n N] [esw...]"}, show_events},
    {{"esw/flow-show", "[--json] [-m] [esw|rep...]"}, show_flows},
    {{"esw/plan", "[--json] esw legacy|switchdev|switchdev_inactive"}, plan_command},
    {{"esw/profile-show", "[--json] [-m] [esw...]"}, show_profile},
    {{"esw/queue-show", "[--json] [esw...]"}, show_queues},
    {{"esw/reload", "esw [--wait=SECONDS]"}, reload_command},
    {{"esw/rep-show", "[--json] [-m] [esw|rep...]"}, show_reps},
    {{"esw/rescan", ""}, rescan},
    {{"esw/retry", "[rep]"}, retry_command},
    {{"esw/set-mode", "esw legacy|switchdev|switchdev_inactive|profile [--wait=SECONDS]"},
     set_mode_command},
    {{"esw/sf-add", "esw SFNUM [--wait=SECONDS]"}, add_sf_command},
    {{"esw/sf-del", "rep [--wait=SECONDS]"}, delete_sf_command},
    {{"esw/show", "[--json] [-m] [esw...]"}, show_eswitches},
    {{"esw/stats-clear", "[esw...]"}, clear_statistics},
    {{"esw/stats-show", "[--json] [esw...]"}, show_statistics},
    {{"esw/trace", "[esw...]"}, show_trace},
    {{"esw/wait", "[--strict] [esw] [--timeout=SECONDS]"}, wait},
    {{"esw/watchdog", "[SECONDS]"}, watchdog},
};

}  // namespace

std::vector<CommandInfo> list_commands() {
    std::vector<CommandInfo> infos;
    for (const Command& command : kCommands) {
        infos.push_back(command.info);
    }
    return infos;
}

Answer run_command(const CommandContext& context, const std::vector<std::string>& args, Done done) {
    for (const Command& command : kCommands) {
        if (!args.empty() && args[0] == command.info.name) {
            return command.run(context, args, std::move(done));
        }
    }
    return CommandResult{true, "no such command"};
}

}  // namespace esw
