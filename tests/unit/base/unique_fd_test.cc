// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace esw {
namespace {

int open_something() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool is_open(int fd) {
    return fcntl(fd, F_GETFD) != -1;
}

TEST(UniqueFd, ClosesAtItsEnd) {
    int fd;
    {
        const UniqueFd owner(open_something());
        ASSERT_TRUE(owner);
        fd = owner.get();
        EXPECT_TRUE(is_open(fd));
    }
    EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, NoneIsFalseAndZeroIsNot) {
    EXPECT_FALSE(UniqueFd());
    UniqueFd zero(0);
    EXPECT_TRUE(zero);
    EXPECT_EQ(zero.release(), 0);
}

TEST(UniqueFd, MovingPassesItOn) {
    UniqueFd first(open_something());
    const int fd = first.get();
    UniqueFd second(std::move(first));
    EXPECT_EQ(second.get(), fd);
    EXPECT_EQ(first.get(), -1);  // NOLINT: what a moved-from one holds is part of its contract
    EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, AssigningClosesTheOldOne) {
    UniqueFd owner(open_something());
    const int old = owner.get();
    UniqueFd other(open_something());
    const int fd = other.get();
    owner = std::move(other);
    EXPECT_FALSE(is_open(old));
    EXPECT_EQ(owner.get(), fd);
    EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, ReleaseLeavesItOpen) {
    UniqueFd owner(open_something());
    const int fd = owner.release();
    EXPECT_FALSE(owner);
    EXPECT_TRUE(is_open(fd));
    ::close(fd);
}

}  // namespace
}  // namespace esw
