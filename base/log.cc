// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

namespace esw {

void StderrSink::write(LogLevel level, std::string_view module, std::string_view text) {
    static constexpr std::string_view kNames[] = {"error", "warning", "info", "debug"};
    const std::string line =
        fmt::format("{}: {}: {}: {}\n", program_, kNames[static_cast<int>(level)], module, text);
    // One write, so that lines of several threads do not mix. There is nobody to tell of a failure.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace esw
