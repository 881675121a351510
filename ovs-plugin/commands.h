// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "esw-manager/flow/flow_offload.h"
#include "esw-manager/manager.h"
#include "ovs-plugin/failure_overlay.h"

namespace esw {

/// What ovs-appctl prints. Errors are lower case, name the object, and have no trailing newline.
struct CommandResult {
    bool error = false;
    std::string text;
};

struct CommandInfo {
    const char* name;
    const char* usage;  ///< as "ovs-appctl list-commands" prints it
};

std::vector<CommandInfo> list_commands();

struct CommandContext {
    Manager& manager;
    const Clock& clock;
    /// The bridges of Open vSwitch's ports of type esw, by port.
    std::function<std::map<std::string, std::string>()> bridges;
    std::function<PortFailures()> failures;
    FlowOffload& flows;
};

/// The end of a command that took longer: makes its result. To be called when all bindings that
/// the manager's snapshot implies have been tried.
using CommandEnd = std::function<CommandResult()>;

/// A text that takes long to write: of thousands of representors or events. It has gathered what it
/// is of, and is called once, on any thread.
using Report = std::function<CommandResult()>;

constexpr std::chrono::milliseconds kDefaultTimeout = std::chrono::seconds(60);

/// The command has called, or will call, its CommandEnd. After `timeout` it is answered even if not
/// all bindings have been tried.
struct AnsweredLater {
    std::chrono::milliseconds timeout = kDefaultTimeout;
};

/// What a command gives.
using Answer = std::variant<CommandResult, Report, AnsweredLater>;
using Done = std::function<void(CommandEnd)>;

/// Runs the command args[0]. It may call `done` later, on any thread; what `context` refers to must
/// live as long.
Answer run_command(const CommandContext& context, const std::vector<std::string>& args, Done done);

}  // namespace esw
