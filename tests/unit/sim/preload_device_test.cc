// SPDX-License-Identifier: Apache-2.0
// Device files and work queues of a program under the preload library.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <rdma/rdma_user_ioctl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "esw-manager/mlx5/prm.h"
#include "tests/unit/sim/preload_client.h"
#include "tests/unit/sim/toy_device.h"

namespace esw::sim::test {
namespace {

constexpr char kPath[] = "/dev/infiniband/uverbs0";
constexpr uint32_t kLocalKey = 3U << 8;
constexpr uint32_t kIcmKey = 4U << 8;
constexpr uint32_t kQpn = 77;
constexpr uint32_t kCqn = 5;

UniqueFd open_device() {
    return UniqueFd(::open(kPath, O_RDWR | O_CLOEXEC));
}

/// Errno value or 0.
int command(const UniqueFd& fd, ToyCommand& command) {
    return ::ioctl(fd.get(), RDMA_VERBS_IOCTL, &command) == 0 ? 0 : errno;
}

uint32_t open_files(const UniqueFd& fd) {
    ToyCommand count;
    EXPECT_EQ(command(fd, count), 0);
    return count.value;
}

TEST(PreloadDevice, IsACharacterDevice) {
    const auto fd = open_device();
    ASSERT_TRUE(fd) << strerror(errno);
    struct stat status;
    ASSERT_EQ(::fstat(fd.get(), &status), 0);
    EXPECT_TRUE(S_ISCHR(status.st_mode));
    EXPECT_EQ(status.st_rdev, makedev(231, 192));
}

TEST(PreloadDevice, OneThatIsNotThere) {
    EXPECT_LT(::open("/dev/infiniband/uverbs1", O_RDWR | O_CLOEXEC), 0);
    EXPECT_EQ(errno, ENXIO);
    EXPECT_LT(::open("/dev/infiniband/uverbs", O_RDWR | O_CLOEXEC), 0);
    EXPECT_EQ(errno, ENOENT);
}

TEST(PreloadDevice, IoctlReadsAndWritesItsCaller) {
    const auto fd = open_device();
    EXPECT_EQ(open_files(fd), 1U);
    ToyCommand fails{ToyCommand::Op::kFail, EREMOTEIO};
    EXPECT_EQ(command(fd, fails), EREMOTEIO);
    EXPECT_LT(::ioctl(fd.get(), RDMA_VERBS_IOCTL, reinterpret_cast<void*>(8)), 0);
    EXPECT_EQ(errno, EFAULT);
}

TEST(PreloadDevice, MapsDoorbellPages) {
    const auto fd = open_device();
    void* const page = ::mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fd.get(), 0);
    ASSERT_NE(page, MAP_FAILED);
    *static_cast<volatile uint64_t*>(page) = 1;
    ::munmap(page, 4096);
    EXPECT_EQ(::mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fd.get(), 4096), MAP_FAILED);
    EXPECT_EQ(errno, EINVAL);
}

TEST(PreloadDevice, IsReleasedWithItsLastDescriptor) {
    const auto first = open_device();
    {
        const auto second = open_device();
        const UniqueFd copy(::dup(second.get()));
        EXPECT_EQ(open_files(copy), 2U);
    }
    const auto third = open_device();
    EXPECT_EQ(open_files(first), 2U);
}

TEST(PreloadDevice, IsReleasedWhenItsProcessIsKilled) {
    const auto mine = open_device();
    const int status = status_of_child([] {
        const auto fd = open_device();
        return fd ? ::raise(SIGKILL) : 1;
    });
    EXPECT_EQ(status, 128 + SIGKILL);
    const auto other = open_device();
    EXPECT_EQ(open_files(mine), 2U);
}

TEST(PreloadDevice, EventsEndInEio) {
    const auto fd = open_device();
    ToyCommand events{ToyCommand::Op::kEvents};
    ASSERT_EQ(command(fd, events), 0);
    const UniqueFd queue(static_cast<int>(events.descriptor));
    char text[16];
    EXPECT_EQ(::read(queue.get(), text, sizeof text), 5);
    ToyCommand end{ToyCommand::Op::kEndEvents};
    ASSERT_EQ(command(fd, end), 0);
    EXPECT_LT(::read(queue.get(), text, sizeof text), 0);
    EXPECT_EQ(errno, EIO);
}

/// A send queue of eight blocks and its completion queue, as libmlx5 makes them.
class PreloadWorkQueue : public testing::Test {
protected:
    PreloadWorkQueue() : fd_(open_device()) {
        for (size_t i = 0; i < kEntries; i++) {
            entry(i).op_own = MLX5_CQE_INVALID << 4;
        }
        ToyCommand add{ToyCommand::Op::kRecords};
        add.record_count = 4;
        EngineRecord& cq = add.records[0];
        cq.kind = EngineRecord::Kind::kAddCq;
        cq.id = kCqn;
        cq.count = kEntries;
        cq.entry_size = 64;
        cq.buffer = address(cq_.data());
        EngineRecord& queue = add.records[1];
        queue.kind = EngineRecord::Kind::kAddQueue;
        queue.id = kQpn;
        queue.cqn = kCqn;
        queue.count = kBlocks;
        queue.buffer = address(ring_.data());
        queue.doorbell = address(&doorbell_);
        add.records[2] = key(kLocalKey, address(data_.data()), data_.size());
        add.records[3] = key(kIcmKey, 0, 4096);
        add.records[3].in_icm = 1;
        add.records[3].target = 256;
        EXPECT_EQ(command(fd_, add), 0);
    }

    static constexpr size_t kEntries = 16;
    static constexpr size_t kBlocks = 8;

    static uint64_t address(const void* at) { return reinterpret_cast<uint64_t>(at); }
    static EngineRecord key(uint32_t id, uint64_t start, uint64_t length) {
        EngineRecord record;
        record.kind = EngineRecord::Kind::kAddKey;
        record.id = id;
        record.start = record.target = start;
        record.length = length;
        return record;
    }
    mlx5_cqe64& entry(size_t i) { return reinterpret_cast<mlx5_cqe64*>(cq_.data())[i]; }

    void put(size_t offset, const void* from, size_t length) {
        for (size_t i = 0; i < length; i++) {
            ring_[(posted_ * 64 + offset + i) % ring_.size()] =
                static_cast<const std::byte*>(from)[i];
        }
    }

    void put_head(uint8_t opcode, size_t length, uint64_t remote, uint32_t remote_key) {
        mlx5_wqe_ctrl_seg control{};
        control.opmod_idx_opcode = htobe32(posted_ << 8 | opcode);
        control.qpn_ds = htobe32(kQpn << 8 | static_cast<uint32_t>((length + 15) / 16));
        control.fm_ce_se = MLX5_WQE_CTRL_CQ_UPDATE;
        put(0, &control, sizeof control);
        mlx5_wqe_raddr_seg there{};
        there.raddr = htobe64(remote);
        there.rkey = htobe32(remote_key);
        put(16, &there, sizeof there);
        length_ = length;
    }

    void post(uint8_t opcode, uint64_t remote, size_t offset, uint32_t length,
              uint32_t remote_key = kIcmKey) {
        put_head(opcode, 48, remote, remote_key);
        mlx5_wqe_data_seg here{};
        here.byte_count = htobe32(length);
        here.lkey = htobe32(kLocalKey);
        here.addr = htobe64(address(data_.data()) + offset);
        put(32, &here, sizeof here);
        ring();
    }

    void post_inline(uint64_t remote, const std::string& text) {
        put_head(MLX5_OPCODE_RDMA_WRITE, 36 + text.size(), remote, kIcmKey);
        const uint32_t count = htobe32(static_cast<uint32_t>(text.size()) | MLX5_INLINE_SEG);
        put(32, &count, sizeof count);
        put(36, text.data(), text.size());
        ring();
    }

    /// Posts it, and releases a lock as libmlx5 does then.
    void ring() {
        posted_ += static_cast<uint32_t>((length_ + 63) / 64);
        doorbell_ = htobe32(posted_ & 0xffff);
        pthread_spinlock_t lock;
        pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
        pthread_spin_lock(&lock);
        pthread_spin_unlock(&lock);
    }

    /// Kind and syndrome of the next completion.
    std::pair<int, int> next_completion() {
        const mlx5_cqe64& cqe = entry(completed_ % kEntries);
        const bool owner = (completed_ & kEntries) != 0;
        EXPECT_EQ(cqe.op_own & 1, owner ? 1 : 0);
        completed_++;
        return {cqe.op_own >> 4, reinterpret_cast<const uint8_t*>(&cqe)[55]};
    }

    std::string data(size_t offset, size_t length) {
        return {reinterpret_cast<const char*>(data_.data()) + offset, length};
    }

    const UniqueFd fd_;
    alignas(64) std::array<std::byte, kBlocks * 64> ring_{};
    alignas(64) std::array<std::byte, kEntries * 64> cq_{};
    std::array<std::byte, 1024> data_{};
    uint32_t doorbell_ = 0;
    uint32_t posted_ = 0;
    size_t completed_ = 0;
    size_t length_ = 0;
};

using Completion = std::pair<int, int>;
const Completion kDone{MLX5_CQE_REQ, 0};

TEST_F(PreloadWorkQueue, WritesAndReadsTheAdaptersMemory) {
    memcpy(data_.data(), "over more than one line", 23);
    post(MLX5_OPCODE_RDMA_WRITE, 50, 0, 23);
    EXPECT_EQ(next_completion(), kDone);
    post(MLX5_OPCODE_RDMA_READ, 50, 100, 23);
    EXPECT_EQ(next_completion(), kDone);
    EXPECT_EQ(data(100, 23), "over more than one line");
}

TEST_F(PreloadWorkQueue, InlineDataGoRoundTheRing) {
    const std::string text(80, 'x');
    for (int i = 0; i < 5; i++) {  // two blocks each, the fifth in 0 and 1 again
        post(MLX5_OPCODE_NOP, 0, 0, 0);
        const std::string mine = text + std::to_string(i);
        post_inline(0, mine);
        post(MLX5_OPCODE_RDMA_READ, 0, 0, static_cast<uint32_t>(mine.size()));
        EXPECT_EQ(data(0, mine.size()), mine);
    }
}

TEST_F(PreloadWorkQueue, WhatAKeyDoesNotGiveIsRefused) {
    post(MLX5_OPCODE_RDMA_WRITE, 4090, 0, 7);
    EXPECT_EQ(next_completion(), Completion(MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR));
    post(MLX5_OPCODE_RDMA_WRITE, 0, 1020, 8);
    EXPECT_EQ(next_completion(), Completion(MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR));
    post(MLX5_OPCODE_RDMA_WRITE, 0, 0, 8, 0xffffff00);
    EXPECT_EQ(next_completion(), Completion(MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR));
    post(MLX5_OPCODE_SEND, 0, 0, 8);
    EXPECT_EQ(next_completion(), Completion(MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR));
}

TEST_F(PreloadWorkQueue, OfADeviceThatIsGoneIsFlushed) {
    ToyCommand remove{ToyCommand::Op::kRemove};
    ASSERT_EQ(command(fd_, remove), 0);
    post(MLX5_OPCODE_RDMA_WRITE, 0, 0, 8);
    EXPECT_EQ(next_completion(), Completion(MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR));
}

TEST_F(PreloadWorkQueue, OfAFileWithoutQueuePairsIsFlushedAndOthersAreNot) {
    const auto other = open_device();
    ToyCommand stop{ToyCommand::Op::kStop};
    ASSERT_EQ(command(other, stop), 0);
    post(MLX5_OPCODE_NOP, 0, 0, 0);
    EXPECT_EQ(next_completion(), kDone);
    ASSERT_EQ(command(fd_, stop), 0);
    post(MLX5_OPCODE_NOP, 0, 0, 0);
    EXPECT_EQ(next_completion(), Completion(MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR));
}

TEST_F(PreloadWorkQueue, IsLeftAloneOnceRemoved) {
    ToyCommand remove{ToyCommand::Op::kRecords};
    remove.record_count = 1;
    remove.records[0].kind = EngineRecord::Kind::kRemoveQueue;
    remove.records[0].id = kQpn;
    ASSERT_EQ(command(fd_, remove), 0);
    post(MLX5_OPCODE_NOP, 0, 0, 0);
    EXPECT_EQ(entry(0).op_own >> 4, MLX5_CQE_INVALID);
}

TEST_F(PreloadWorkQueue, IsNotTheChilds) {
    EXPECT_EQ(status_of_child([this] {
                  post(MLX5_OPCODE_NOP, 0, 0, 0);
                  return entry(0).op_own >> 4 == MLX5_CQE_INVALID ? 0 : 1;
              }),
              0);
}

}  // namespace
}  // namespace esw::sim::test
