// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace esw {

/// `text`, or `word` when it is empty: a table has no empty cells.
std::string or_word(const std::string& text, const char* word);

/// A table with two blanks between columns that are as wide as their widest cell, and lines of
/// details, indented, below their rows.
class Table {
public:
    using Row = std::vector<std::string>;
    using Details = std::vector<std::pair<std::string, std::string>>;

    explicit Table(Row header) : rows_{{std::move(header), {}}} {}
    void add(Row row, Details details = {}) {
        rows_.emplace_back(std::move(row), std::move(details));
    }

    /// Without a newline at the end.
    std::string to_string() const;

private:
    std::vector<std::pair<Row, Details>> rows_;
};

}  // namespace esw
