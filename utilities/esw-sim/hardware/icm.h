// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"

namespace esw::sim {

/// The steering memory of one PF: the ranges that QUERY_HCA_CAP (device memory) tells, in one memfd
/// (icm_layout.h). Allocated by the kernel for DM objects, written by the clients' work queues.
class Icm {
public:
    using Line = std::array<std::byte, 64>;

    /// A range of ICM addresses, of a power of two bytes.
    struct Range {
        uint64_t start = 0;
        uint64_t size = 0;
    };
    enum class Kind { kSteering, kHeaderModify };

    static Result<std::unique_ptr<Icm>> create(Range steering, Range header_modify);
    ~Icm();

    int fd() const { return fd_.get(); }
    uint64_t lines() const { return lines_; }
    const Range& range(Kind kind) const { return kind == Kind::kSteering ? steering_ : modify_; }

    /// What the clients' work queues have done so far.
    struct Work {
        uint64_t requests = 0;
        uint64_t entries = 0;  ///< lines written
    };
    Work work() const;

    /// Marks the device as gone for every client that has it mapped.
    void set_alive(bool alive);

    /// `length` and `alignment` are powers of two (mlx5_dm_sw_icm_alloc()). ENOMEM when full.
    Result<uint64_t> allocate(Kind kind, uint64_t length, uint64_t alignment);
    void release(uint64_t address);

    /// Offset in the memory of an ICM address; false when it is in no range.
    bool offset_of(uint64_t address, uint64_t& offset) const;
    /// The line that holds `address`, as one write left it; false when it is in no range.
    bool read_line(uint64_t address, Line& line) const;
    /// For tests and for the firmware's own writes.
    bool write(uint64_t address, const void* from, size_t length);

private:
    Icm(UniqueFd fd, void* base, uint64_t lines, Range steering, Range modify);

    UniqueFd fd_;
    void* base_;
    uint64_t lines_;
    Range steering_;
    Range modify_;
    std::map<uint64_t, uint64_t> allocated_;  ///< length by address
};

}  // namespace esw::sim
