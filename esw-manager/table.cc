// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace esw {

std::string or_word(const std::string& text, const char* word) {
    return text.empty() ? word : text;
}

std::string Table::to_string() const {
    std::vector<size_t> widths(rows_.front().first.size());
    for (const auto& [row, details] : rows_) {
        for (size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string out;
    for (const auto& [row, details] : rows_) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            line.append(widths[i] + 2 - row[i].size(), ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += out.empty() ? line : "\n" + line;
        for (const auto& [key, value] : details) {
            out += fmt::format("\n    {:<14}{}", key, value);
        }
    }
    return out;
}

}  // namespace esw
