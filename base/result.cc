// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <fmt/format.h>

#include <cstring>

namespace esw {

std::string errno_name(int code) {
    const char* name = strerrorname_np(code);
    return name ? name : fmt::format("E{}", code);
}

std::string errno_text(int code) {
    const char* text = strerrordesc_np(code);
    return text ? text : fmt::format("error {}", code);
}

std::string Error::to_string() const {
    std::string out;
    for (const std::string* part : {&object, &stage, &detail}) {
        if (!part->empty()) {
            out += out.empty() ? *part : ": " + *part;
        }
    }
    if (code != 0) {
        out += out.empty() ? errno_text(code) : fmt::format(" ({})", errno_text(code));
    }
    return out;
}

}  // namespace esw
