// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace esw {

/// Why something did not happen, in a form that can be shown to an operator.
struct Error {
    int code = 0;        ///< errno value, always positive.
    std::string object;  ///< What it happened to: "pci/0000:08:00.0", "pf0vf3", a file name.
    std::string stage;   ///< What was being done, a short verb phrase: "set eswitch mode".
    std::string detail;  ///< The cause in the words of whoever refused (extack text), or empty.

    /// "OBJECT: STAGE: DETAIL (ERRNO TEXT)"; parts that are empty are left out.
    std::string to_string() const;
    bool operator==(const Error&) const = default;
};

/// A T, or the Error that prevented it. Never throws by itself; value() on an error is a bug.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(int code, std::string object, std::string stage,
                                  std::string detail = {}) {
    return tl::unexpected<Error>(
        Error{code, std::move(object), std::move(stage), std::move(detail)});
}

inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

/// The symbolic name ("EBUSY") of an errno value, or "E<number>" when it has none.
std::string errno_name(int code);

/// Text of strerror(), without its thread-safety problem.
std::string errno_text(int code);

}  // namespace esw
