// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "esw-manager/manager.h"

namespace esw {

/// Options of a port as in Interface.options.
using OptionMap = std::map<std::string, std::string>;

/// Reads the options of the port `port`. Errors are EINVAL with the port as the object and, as the
/// detail, one line that names the option and what was expected.
Result<PortRequest> parse_port_options(const std::string& port, const OptionMap& options);

/// Reads a rate as devlink(8) does: a number, fractions allowed, and a unit without regard to
/// case; bit, Kbit, Mbit, Gbit and Tbit are bits per second in steps of 1000, with "i" (Kibit) of
/// 1024; Bps, KBps, ... and KiBps, ... are bytes per second; no unit means bits per second.
/// The answer is bytes per second, fractions cut off. (iproute2, lib/utils_math.c, get_rate64)
Result<uint64_t> parse_rate(std::string_view text);

}  // namespace esw
