// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace esw {
namespace {

TEST(Error, SaysObjectStageDetailAndErrno) {
    const Error error{EBUSY, "pci/0000:08:00.0", "set eswitch mode", "mode is changing"};
    EXPECT_EQ(error.to_string(),
              "pci/0000:08:00.0: set eswitch mode: mode is changing (Device or resource busy)");
}

TEST(Error, LeavesOutWhatIsEmpty) {
    EXPECT_EQ((Error{ENODEV, "p0", "", ""}.to_string()), "p0 (No such device)");
    EXPECT_EQ((Error{0, "p0", "", "has no representor"}.to_string()), "p0: has no representor");
    EXPECT_EQ((Error{EPERM, "", "", ""}.to_string()), "Operation not permitted");
    EXPECT_EQ(Error{}.to_string(), "");
}

TEST(Errno, HasNameAndText) {
    EXPECT_EQ(errno_name(EBUSY), "EBUSY");
    EXPECT_EQ(errno_text(EBUSY), "Device or resource busy");
}

TEST(Errno, UnknownNumberIsShown) {
    EXPECT_EQ(errno_name(4711), "E4711");
    EXPECT_EQ(errno_text(4711), "error 4711");
    EXPECT_EQ((Error{4711, "p0", "", ""}.to_string()), "p0 (error 4711)");
}

Result<std::unique_ptr<int>> make_number(bool works) {
    if (!works) {
        return fail(EINVAL, "number", "make", "was told to");
    }
    return std::make_unique<int>(7);
}

// What functions that pass an error on do: only the error is the same, the type is not.
Status need_number(bool works) {
    auto number = make_number(works);
    if (!number) {
        return fail(number.error());
    }
    return {};
}

TEST(Result, HoldsWhatCannotBeCopied) {
    auto number = make_number(true);
    ASSERT_TRUE(number.has_value());
    const std::unique_ptr<int> taken = std::move(*number);
    EXPECT_EQ(*taken, 7);
}

TEST(Result, ErrorPassesThroughOtherTypes) {
    EXPECT_TRUE(need_number(true).has_value());
    const Status status = need_number(false);
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, EINVAL);
    EXPECT_EQ(status.error().object, "number");
    EXPECT_EQ(status.error().stage, "make");
    EXPECT_EQ(status.error().detail, "was told to");
}

}  // namespace
}  // namespace esw
