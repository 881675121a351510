// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/kernel_version.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>

namespace esw::sim {

Result<KernelVersion> KernelVersion::parse(std::string_view text) {
    const std::string object = fmt::format("kernel \"{}\"", text);
    KernelVersion version;
    const char* const end = text.data() + text.size();
    auto [dot, major_error] = std::from_chars(text.data(), end, version.major);
    if (major_error != std::errc() || dot == end || *dot != '.') {
        return fail(EINVAL, object, "", "expected MAJOR.MINOR, for example 6.1 or 6.12");
    }
    auto [rest, minor_error] = std::from_chars(dot + 1, end, version.minor);
    if (minor_error != std::errc() || rest != end) {
        return fail(EINVAL, object, "", "expected MAJOR.MINOR, for example 6.1 or 6.12");
    }
    if (version < KernelVersion{6, 1}) {
        return fail(EINVAL, object, "", "the oldest kernel that can be played is 6.1");
    }
    return version;
}

std::string KernelVersion::to_string() const {
    return fmt::format("{}.{}", major, minor);
}

std::string KernelVersion::core_prefix() const {
    if (*this >= KernelVersion{6, 3}) {
        return "";
    }
    return *this >= KernelVersion{6, 2} ? "devlink: " : "leftover: ";
}

}  // namespace esw::sim
