// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/command_arguments.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>

namespace esw {

namespace {

/// Longer than anybody waits, and short enough for all arithmetic on time.
constexpr double kMaxSeconds = 86400;

}  // namespace

CommandResult error_of(const Error& error) {
    // The symbolic errno says no more than the text does, where there is one.
    if (error.detail.empty()) {
        return {true, error.to_string()};
    }
    return {true, error.object.empty() ? error.detail : error.object + ": " + error.detail};
}

CommandResult result_of(const Result<std::string>& text) {
    return text ? CommandResult{false, *text} : error_of(text.error());
}

tl::unexpected<Error> bad_argument(const std::string& argument, std::string_view expected) {
    return fail(EINVAL, argument, "", fmt::format("unknown option; expected {}", expected));
}

Result<DevlinkHandle> parse_handle(const std::string& argument) {
    auto handle = DevlinkHandle::parse(argument);
    if (!handle) {
        return fail(EINVAL, argument, "", "not a devlink handle such as pci/0000:08:00.0");
    }
    return *handle;
}

Result<std::chrono::milliseconds> parse_seconds(const std::string& argument,
                                                std::string_view text) {
    double seconds = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
    if (error != std::errc() || end != text.data() + text.size() || !(seconds >= 0) ||
        seconds > kMaxSeconds) {
        return fail(EINVAL, argument, "",
                    fmt::format("'{}' is not a number of seconds from 0 to {}", text, kMaxSeconds));
    }
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

}  // namespace esw
