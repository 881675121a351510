// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/icm.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <set>
#include <thread>

#include "utilities/esw-sim/hardware/icm_layout.h"

namespace esw::sim {
namespace {

constexpr Icm::Range kSteering{0x100000000, 1 << 20};
constexpr Icm::Range kModify{0x200000000, 1 << 16};

std::unique_ptr<Icm> make() {
    auto icm = Icm::create(kSteering, kModify);
    EXPECT_TRUE(icm.has_value());
    return std::move(*icm);
}

/// The memory as a client has it.
class Mapping {
public:
    explicit Mapping(const Icm& icm) : lines_(icm.lines()) {
        base_ = ::mmap(nullptr, icm::mapping_size(lines_), PROT_READ | PROT_WRITE, MAP_SHARED,
                       icm.fd(), 0);
        EXPECT_NE(base_, MAP_FAILED);
    }
    ~Mapping() { ::munmap(base_, icm::mapping_size(lines_)); }
    void* base() const { return base_; }
    uint64_t lines() const { return lines_; }

private:
    uint64_t lines_;
    void* base_;
};

TEST(Icm, RefusesRangesThatHardwareHasNot) {
    EXPECT_FALSE(Icm::create({0x1000, 3000}, kModify));
    EXPECT_FALSE(Icm::create({0x1001, 4096}, kModify));
    EXPECT_FALSE(Icm::create({0x1000, 0}, kModify));
    EXPECT_FALSE(Icm::create(kSteering, {kSteering.start + 64, 4096}));
    EXPECT_FALSE(Icm::create({~uint64_t{0} - 63, 128}, kModify));
}

TEST(Icm, AllocatesWithoutOverlapAndAligned) {
    auto icm = make();
    std::set<uint64_t> starts;
    for (int i = 0; i < 16; i++) {
        auto address = icm->allocate(Icm::Kind::kSteering, 1 << 16, 1 << 16);
        ASSERT_TRUE(address.has_value());
        EXPECT_EQ((*address - kSteering.start) % (1 << 16), 0u);
        EXPECT_TRUE(starts.insert(*address).second);
    }
    EXPECT_EQ(starts.size(), 16u);
    EXPECT_EQ(icm->allocate(Icm::Kind::kSteering, 64, 64).error().code, ENOMEM);
    EXPECT_TRUE(icm->allocate(Icm::Kind::kHeaderModify, 64, 64).has_value());
}

TEST(Icm, AllocatesAgainWhatWasReleased) {
    auto icm = make();
    ASSERT_TRUE(icm->allocate(Icm::Kind::kSteering, 1 << 18, 64).has_value());
    const uint64_t middle = *icm->allocate(Icm::Kind::kSteering, 1 << 12, 64);
    ASSERT_TRUE(icm->allocate(Icm::Kind::kSteering, 1 << 18, 64).has_value());
    icm->release(middle);
    icm->release(middle);
    icm->release(0x42);
    EXPECT_EQ(*icm->allocate(Icm::Kind::kSteering, 1 << 12, 64), middle);
}

TEST(Icm, SmallBlockBeforeALargeOneKeepsTheAlignmentOfTheLargeOne) {
    auto icm = make();
    ASSERT_EQ(*icm->allocate(Icm::Kind::kSteering, 64, 64), kSteering.start);
    EXPECT_EQ(*icm->allocate(Icm::Kind::kSteering, 1 << 19, 1 << 19), kSteering.start + (1 << 19));
    EXPECT_EQ(*icm->allocate(Icm::Kind::kSteering, 64, 64), kSteering.start + 64);
    EXPECT_EQ(icm->allocate(Icm::Kind::kSteering, 1 << 19, 64).error().code, ENOMEM);
}

TEST(Icm, LengthsThatAreNoPowersOfTwoAreInvalid) {
    auto icm = make();
    EXPECT_EQ(icm->allocate(Icm::Kind::kSteering, 0, 64).error().code, EINVAL);
    EXPECT_EQ(icm->allocate(Icm::Kind::kSteering, 96, 64).error().code, EINVAL);
    EXPECT_EQ(icm->allocate(Icm::Kind::kSteering, 64, 0).error().code, EINVAL);
}

TEST(Icm, ReadsWhatAClientWrote) {
    auto icm = make();
    const Mapping client(*icm);
    const uint64_t address = kModify.start + 128;
    uint64_t offset = 0;
    ASSERT_TRUE(icm->offset_of(address, offset));
    EXPECT_EQ(offset, kSteering.size + 128);
    icm::write(client.base(), client.lines(), offset + 60, "12345678", 8);
    Icm::Line first, second;
    ASSERT_TRUE(icm->read_line(address, first));
    ASSERT_TRUE(icm->read_line(address + 64, second));
    EXPECT_EQ(std::memcmp(&first[60], "1234", 4), 0);
    EXPECT_EQ(std::memcmp(&second[0], "5678", 4), 0);
}

TEST(Icm, AddressesOutsideAreNoMemory) {
    auto icm = make();
    Icm::Line line;
    EXPECT_FALSE(icm->read_line(kSteering.start - 1, line));
    EXPECT_FALSE(icm->read_line(kSteering.start + kSteering.size, line));
    EXPECT_FALSE(icm->read_line(~uint64_t{0}, line));
    EXPECT_FALSE(icm->write(kModify.start + kModify.size - 4, "12345678", 8));
    EXPECT_FALSE(icm->write(kSteering.start + kSteering.size - 4, "12345678", 8));
    EXPECT_TRUE(icm->write(kSteering.start + kSteering.size - 8, "12345678", 8));
}

TEST(Icm, ReleasedMemoryIsZeroAndGivenBack) {
    auto icm = make();
    const uint64_t address = *icm->allocate(Icm::Kind::kSteering, 1 << 16, 1 << 16);
    const std::vector<char> data(1 << 16, 'x');
    ASSERT_TRUE(icm->write(address, data.data(), data.size()));
    struct stat full {
    }, empty{};
    ASSERT_EQ(fstat(icm->fd(), &full), 0);
    icm->release(address);
    ASSERT_EQ(fstat(icm->fd(), &empty), 0);
    EXPECT_LT(empty.st_blocks, full.st_blocks);
    Icm::Line line;
    ASSERT_TRUE(icm->read_line(address, line));
    EXPECT_EQ(line, Icm::Line{});
}

TEST(Icm, AClientCannotCutTheMemoryShort) {
    auto icm = make();
    EXPECT_NE(ftruncate(icm->fd(), 0), 0);
}

TEST(Icm, ClientsSeeWhetherTheDeviceIsThere) {
    auto icm = make();
    const Mapping client(*icm);
    EXPECT_EQ(icm::header(client.base())->magic, icm::kMagic);
    EXPECT_EQ(icm::header(client.base())->lines, icm->lines());
    const auto first = icm->add_client(), second = icm->add_client();
    ASSERT_TRUE(first && second && *first != *second);
    EXPECT_TRUE(icm::alive(client.base(), *first));
    icm->stop_client(*first);
    EXPECT_FALSE(icm::alive(client.base(), *first));
    EXPECT_TRUE(icm::alive(client.base(), *second));
    icm->remove_client(*first);
    EXPECT_EQ(icm->add_client(), first);
    EXPECT_TRUE(icm::alive(client.base(), *first));
    icm->set_alive(false);
    EXPECT_FALSE(icm::alive(client.base(), *first));
}

TEST(Icm, ALineIsSeenAsOneWriteLeftIt) {
    auto icm = make();
    const Mapping client(*icm);
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        Icm::Line line;
        for (int i = 0; !stop; i++) {
            line.fill(static_cast<std::byte>(i));
            icm::write(client.base(), client.lines(), 0, line.data(), line.size());
        }
    });
    int torn = 0;
    std::set<std::byte> seen;
    while (seen.size() < 3) {
        Icm::Line line;
        ASSERT_TRUE(icm->read_line(kSteering.start, line));
        for (const std::byte b : line) {
            torn += b != line[0];
        }
        seen.insert(line[0]);
    }
    stop = true;
    writer.join();
    EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace esw::sim
