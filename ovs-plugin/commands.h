// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
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
};

/// The end of a command that took longer: makes its result. To be called when all bindings that
/// the manager's snapshot implies have been tried.
using CommandEnd = std::function<CommandResult()>;

/// What a command gives: its result, or nothing when it calls its CommandEnd later.
using Answer = std::optional<CommandResult>;
using Done = std::function<void(CommandEnd)>;

/// Runs the command args[0]. Either returns its result, or calls `done` later, on any thread.
/// What `context` refers to must live as long.
std::optional<CommandResult> run_command(const CommandContext& context,
                                         const std::vector<std::string>& args,
                                         std::function<void(CommandEnd)> done);

}  // namespace esw
