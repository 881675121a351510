// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ovs-plugin/commands.h"

/// The commands that change something. All are answered when that is done, or when it takes longer
/// than --wait says; it goes on then.
namespace esw {

Answer set_mode_command(const CommandContext& context, const std::vector<std::string>& args,
                        Done done);
/// esw/plan: what the former would do.
Answer plan_command(const CommandContext& context, const std::vector<std::string>& args, Done done);
Answer reload_command(const CommandContext& context, const std::vector<std::string>& args,
                      Done done);
Answer add_sf_command(const CommandContext& context, const std::vector<std::string>& args,
                      Done done);
Answer delete_sf_command(const CommandContext& context, const std::vector<std::string>& args,
                         Done done);
Answer retry_command(const CommandContext& context, const std::vector<std::string>& args,
                     Done done);

}  // namespace esw
