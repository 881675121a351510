// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/operation_commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include "esw-manager/mode_plan.h"
#include "esw-manager/report.h"
#include "ovs-plugin/command_arguments.h"

namespace esw {
namespace {

using std::chrono::milliseconds;

struct OperationRequest {
    std::vector<std::string> objects;
    milliseconds timeout = kDefaultTimeout;
};

/// So many objects, and perhaps --wait.
Result<OperationRequest> parse_operation(const std::vector<std::string>& args, size_t count,
                                         std::string_view expected) {
    static constexpr std::string_view kWait = "--wait=";
    OperationRequest request;
    for (size_t i = 1; i < args.size(); ++i) {
        const std::string_view arg = args[i];
        if (arg.substr(0, kWait.size()) == kWait) {
            const auto timeout = parse_seconds("--wait", arg.substr(kWait.size()));
            if (!timeout) {
                return fail(timeout.error());
            }
            request.timeout = *timeout;
        } else if (!arg.empty() && arg[0] == '-') {
            return bad_argument(args[i], "--wait=SECONDS");
        } else {
            request.objects.push_back(args[i]);
        }
    }
    if (request.objects.size() != count) {
        return fail(EINVAL, args[0], "", fmt::format("expected {}", expected));
    }
    return request;
}

Manager::OperationDone answer_with(Done done) {
    return [done = std::move(done)](Result<std::string> result) {
        done([result = std::move(result)] { return result_of(result); });
    };
}

}  // namespace

Answer set_mode_command(const CommandContext& context, const std::vector<std::string>& args,
                        Done done) {
    const auto request =
        parse_operation(args, 2, "an eswitch and legacy, switchdev, switchdev_inactive or profile");
    if (!request) {
        return error_of(request.error());
    }
    const auto handle = parse_handle(request->objects[0]);
    if (!handle) {
        return error_of(handle.error());
    }
    if (request->objects[1] == "profile") {
        context.manager.set_mode_by_profile(*handle, request->timeout,
                                            answer_with(std::move(done)));
        return AnsweredLater{request->timeout};
    }
    const auto mode = netlink::parse_eswitch_mode(request->objects[1]);
    if (!mode) {
        return error_of({EINVAL, request->objects[1], "",
                         "unknown mode; expected legacy, switchdev, switchdev_inactive or "
                         "profile"});
    }
    context.manager.set_mode(*handle, *mode, request->timeout, answer_with(std::move(done)));
    return AnsweredLater{request->timeout};
}

Answer plan_command(const CommandContext& context, const std::vector<std::string>& args, Done) {
    const bool json = args.size() > 1 && args[1] == "--json";
    const size_t first = json ? 2 : 1;
    for (size_t i = first; i < args.size(); ++i) {
        if (!args[i].empty() && args[i][0] == '-') {
            return error_of(bad_argument(args[i], "--json").value());
        }
    }
    if (args.size() != first + 2) {
        return error_of({EINVAL, args[0], "", "expected an eswitch and a mode"});
    }
    const auto handle = parse_handle(args[first]);
    if (!handle) {
        return error_of(handle.error());
    }
    const auto mode = netlink::parse_eswitch_mode(args[first + 1]);
    if (!mode) {
        return error_of(mode.error());
    }
    const auto plan = plan_mode(*context.manager.snapshot(), context.clock.now(), *handle, *mode);
    if (!plan) {
        return error_of(plan.error());
    }
    return CommandResult{false, json ? to_json(*plan) : to_text(*plan)};
}

Answer reload_command(const CommandContext& context, const std::vector<std::string>& args,
                      Done done) {
    const auto request = parse_operation(args, 1, "an eswitch");
    if (!request) {
        return error_of(request.error());
    }
    const auto handle = parse_handle(request->objects[0]);
    if (!handle) {
        return error_of(handle.error());
    }
    context.manager.reload(*handle, request->timeout, answer_with(std::move(done)));
    return AnsweredLater{request->timeout};
}

Answer add_sf_command(const CommandContext& context, const std::vector<std::string>& args,
                      Done done) {
    const auto request = parse_operation(args, 2, "an eswitch and the SF's number");
    if (!request) {
        return error_of(request.error());
    }
    const auto handle = parse_handle(request->objects[0]);
    if (!handle) {
        return error_of(handle.error());
    }
    const std::string& text = request->objects[1];
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return error_of({EINVAL, text, "", "not the number of an SF"});
    }
    context.manager.add_subfunction(*handle, number, request->timeout,
                                    answer_with(std::move(done)));
    return AnsweredLater{request->timeout};
}

Answer delete_sf_command(const CommandContext& context, const std::vector<std::string>& args,
                         Done done) {
    const auto request = parse_operation(args, 1, "a representor");
    if (!request) {
        return error_of(request.error());
    }
    const auto ref = find_rep(*context.manager.snapshot(), request->objects[0]);
    if (!ref) {
        return error_of(ref.error());
    }
    if (ref->rep.kind != RepId::Kind::kSf) {
        return error_of({EINVAL, ref->to_string(), "", "not an SF's representor"});
    }
    context.manager.delete_subfunction(*ref, request->timeout, answer_with(std::move(done)));
    return AnsweredLater{request->timeout};
}

Answer retry_command(const CommandContext& context, const std::vector<std::string>& args,
                     Done done) {
    if (args.size() > 2) {
        return error_of({EINVAL, args[2], "", "unexpected argument; there is one representor"});
    }
    std::optional<DevlinkHandle> eswitch;
    std::optional<RepId> rep;
    if (args.size() == 2) {
        const auto ref = find_rep(*context.manager.snapshot(), args[1]);
        if (!ref) {
            return error_of(ref.error());
        }
        eswitch = ref->handle;
        rep = ref->rep;
    }
    context.manager.retry(eswitch, rep, [done = std::move(done)](Status status) {
        done([status = std::move(status)] {
            return status ? CommandResult{} : error_of(status.error());
        });
    });
    return AnsweredLater();
}

}  // namespace esw
