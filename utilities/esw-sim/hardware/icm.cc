// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/icm.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "utilities/esw-sim/hardware/icm_layout.h"

namespace esw::sim {

namespace {

constexpr uint64_t kPage = 4096;

bool valid(const Icm::Range& range) {
    return range.size >= icm::kLine && std::has_single_bit(range.size) &&
           range.start % icm::kLine == 0 && range.start + range.size > range.start;
}

bool contains(const Icm::Range& range, uint64_t address) {
    return address >= range.start && address - range.start < range.size;
}

bool overlap(const Icm::Range& a, const Icm::Range& b) {
    return contains(a, b.start) || contains(b, a.start);
}

/// Sealed, so that no client can cut the memory short under the daemon.
Result<UniqueFd> memory_of(size_t size) {
    UniqueFd fd(memfd_create("esw-sim-icm", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) {
        return fail(errno, "ICM", "create");
    }
    if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
        fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return fail(errno, "ICM", "size");
    }
    return fd;
}

}  // namespace

Result<std::unique_ptr<Icm>> Icm::create(Range steering, Range header_modify) {
    if (!valid(steering) || !valid(header_modify) || overlap(steering, header_modify)) {
        return fail(EINVAL, "ICM", "create");
    }
    const uint64_t lines = (steering.size + header_modify.size) / icm::kLine;
    const size_t size = icm::mapping_size(lines);
    Result<UniqueFd> fd = memory_of(size);
    if (!fd) {
        return fail(std::move(fd.error()));
    }
    void* const base =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd->get(), 0);
    if (base == MAP_FAILED) {
        return fail(errno, "ICM", "map");
    }
    *icm::header(base) = {icm::kMagic, 1, lines, 0, 0};
    return std::unique_ptr<Icm>(new Icm(std::move(*fd), base, lines, steering, header_modify));
}

Icm::Icm(UniqueFd fd, void* base, uint64_t lines, Range steering, Range modify)
    : fd_(std::move(fd)), base_(base), lines_(lines), steering_(steering), modify_(modify) {}

Icm::~Icm() {
    ::munmap(base_, icm::mapping_size(lines_));
}

Icm::Work Icm::work() const {
    const icm::Header* const header = icm::header(base_);
    return {__atomic_load_n(&header->work_requests, __ATOMIC_RELAXED),
            __atomic_load_n(&header->entries_written, __ATOMIC_RELAXED)};
}

void Icm::set_alive(bool alive) {
    __atomic_store_n(&icm::header(base_)->alive, alive ? 1u : 0u, __ATOMIC_RELEASE);
}

Result<uint64_t> Icm::allocate(Kind kind, uint64_t length, uint64_t alignment) {
    const Range& range = this->range(kind);
    if (!std::has_single_bit(length) || !std::has_single_bit(alignment)) {
        return fail(EINVAL, "ICM", "allocate");
    }
    // mlx5_dm_sw_icm_alloc() hands out whole blocks; a line is the least that has an address.
    length = std::max<uint64_t>(length, icm::kLine);
    alignment = std::max<uint64_t>(alignment, icm::kLine);
    const auto align = [&](uint64_t offset) { return (offset + alignment - 1) & ~(alignment - 1); };
    uint64_t offset = 0;
    auto next = allocated_.lower_bound(range.start);
    for (; next != allocated_.end() && contains(range, next->first); ++next) {
        const uint64_t taken = next->first - range.start;
        if (align(offset) <= taken && taken - align(offset) >= length) {
            break;
        }
        offset = taken + next->second;
    }
    offset = align(offset);
    if (offset >= range.size || range.size - offset < length) {
        return fail(ENOMEM, "ICM", "allocate");
    }
    allocated_.emplace(range.start + offset, length);
    return range.start + offset;
}

void Icm::release(uint64_t address) {
    const auto found = allocated_.find(address);
    uint64_t offset = 0;
    if (found == allocated_.end() || !offset_of(address, offset)) {
        return;
    }
    // The pages go back to the machine; an entry that still points here finds zeroes. The versions
    // stay, so a reader of the old content notices.
    const uint64_t copies = icm::kHeader + icm::versions_size(lines_);
    const uint64_t start = (copies + 2 * offset + kPage - 1) / kPage * kPage;
    const uint64_t end = (copies + 2 * (offset + found->second)) / kPage * kPage;
    if (start < end) {
        // Best effort: memory that cannot be given back is only memory.
        (void)::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                          static_cast<off_t>(start), static_cast<off_t>(end - start));
    }
    allocated_.erase(found);
}

bool Icm::offset_of(uint64_t address, uint64_t& offset) const {
    if (contains(steering_, address)) {
        offset = address - steering_.start;
    } else if (contains(modify_, address)) {
        offset = steering_.size + (address - modify_.start);
    } else {
        return false;
    }
    return true;
}

bool Icm::read_line(uint64_t address, Line& line) const {
    uint64_t offset = 0;
    if (!offset_of(address, offset)) {
        return false;
    }
    icm::read_line(base_, lines_, offset / icm::kLine, line.data());
    return true;
}

bool Icm::write(uint64_t address, const void* from, size_t length) {
    uint64_t offset = 0;
    uint64_t last = 0;
    if (length == 0) {
        return offset_of(address, offset);
    }
    // Both ends in the same range: the ranges need not be next to each other as addresses.
    if (!offset_of(address, offset) || !offset_of(address + length - 1, last) ||
        last - offset != length - 1) {
        return false;
    }
    icm::write(base_, lines_, offset, from, length);
    return true;
}

}  // namespace esw::sim
