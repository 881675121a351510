// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ovs-plugin/commands.h"

/// What the commands have in common: arguments, and how errors are told.
namespace esw {

CommandResult error_of(const Error& error);
CommandResult result_of(const Result<std::string>& text);

tl::unexpected<Error> bad_argument(const std::string& argument, std::string_view expected);

Result<DevlinkHandle> parse_handle(const std::string& argument);

/// A time that `argument` (the name of the argument) gives as seconds: "5", "0.25".
Result<std::chrono::milliseconds> parse_seconds(const std::string& argument, std::string_view text);

}  // namespace esw
