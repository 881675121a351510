// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

/// What the JSON of all commands has in common: members in the order of writing, null for what is
/// not known.
namespace esw {

using nlohmann::ordered_json;

inline ordered_json text_or_null(const std::string& text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

template <class T>
ordered_json value_or_null(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

/// Names of devices come from the kernel, and need not be UTF-8.
inline std::string dump(const ordered_json& json) {
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// `text` as a JSON string, or null when it is empty. For reports of thousands of events: they are
/// written piece by piece, since a tree of values takes ten times as long, and the switch waits.
inline std::string quoted_or_null(const std::string& text) {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (!std::all_of(text.begin(), text.end(), plain)) {
        return dump(text);
    }
    return text.empty() ? "null" : '"' + text + '"';
}

}  // namespace esw
