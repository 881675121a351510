// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace esw {
namespace {

TEST(Error, SaysObjectStageDetailAndErrno) {
    const Error error{EBUSY, "pci/0000:08:00.0", "set eswitch mode", "mode is changing"};
    EXPECT_EQ(error.to_string(),
              "pci/0000:08:00.0: set eswitch mode: mode is changing (Device or resource busy)");
}

}  // namespace
}  // namespace esw
