// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ovs-plugin/commands.h"

/// The commands that show what happened and what is being done. All are answered at once, from
/// memory.
namespace esw {

using Arguments = std::vector<std::string>;

Answer show_events(const CommandContext& context, const Arguments& args, Done done);
Answer show_blocks(const CommandContext& context, const Arguments& args, Done done);
Answer show_queues(const CommandContext& context, const Arguments& args, Done done);
Answer show_statistics(const CommandContext& context, const Arguments& args, Done done);
Answer clear_statistics(const CommandContext& context, const Arguments& args, Done done);
Answer show_trace(const CommandContext& context, const Arguments& args, Done done);
/// Shows or sets how long something may take before a warning says what it waits for.
Answer watchdog(const CommandContext& context, const Arguments& args, Done done);

}  // namespace esw
