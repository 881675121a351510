// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

/// The adapter's interconnect context memory (ICM) as the daemon and its clients map it: one memfd
/// for each PF. Also built into the preload library, so without the C++ run time.
///
/// Software steering writes entries (STEs) of 64 bytes while packets are being matched; a card sees
/// each of them whole. So a line of 64 bytes has two copies and a version. The writer fills the
/// copy that is not current, then makes it current by raising the version; the reader looks at the
/// version again after it has read. Nobody waits for anybody, and a writer that is killed at any
/// instruction leaves the old line or the new one. A line has one writer at a time: libmlx5 holds
/// the lock of the table's side.
namespace esw::sim::icm {

constexpr size_t kLine = 64;
constexpr size_t kWords = kLine / sizeof(uint64_t);
constexpr size_t kHeader = 4096;
constexpr uint32_t kMagic = 0x6d636965;

struct Header {
    uint32_t magic;
    /// Not 0 while the device is there. The work queues of a device that is gone complete in error.
    uint32_t alive;
    uint64_t lines;
    /// Executed so far by the work queues of all clients, and lines that they have written.
    uint64_t work_requests;
    uint64_t entries_written;
};

constexpr size_t versions_size(uint64_t lines) {
    return (lines * sizeof(uint32_t) + kHeader - 1) / kHeader * kHeader;
}

constexpr size_t mapping_size(uint64_t lines) {
    return kHeader + versions_size(lines) + lines * 2 * kLine;
}

inline Header* header(void* base) {
    return static_cast<Header*>(base);
}

inline bool alive(const void* base) {
    return __atomic_load_n(&static_cast<const Header*>(base)->alive, __ATOMIC_ACQUIRE) != 0;
}

inline uint32_t* version(void* base, uint64_t line) {
    return reinterpret_cast<uint32_t*>(static_cast<char*>(base) + kHeader) + line;
}

inline uint64_t* copy(void* base, uint64_t lines, uint64_t line, uint32_t version) {
    char* const first = static_cast<char*>(base) + kHeader + versions_size(lines);
    return reinterpret_cast<uint64_t*>(first + (line * 2 + (version & 1)) * kLine);
}

/// The line as one of the writes left it.
inline void read_line(void* base, uint64_t lines, uint64_t line, void* to) {
    uint64_t words[kWords];
    for (;;) {
        const uint32_t before = __atomic_load_n(version(base, line), __ATOMIC_ACQUIRE);
        const uint64_t* const from = copy(base, lines, line, before);
        for (size_t i = 0; i < kWords; i++) {
            words[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
        }
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(version(base, line), __ATOMIC_RELAXED) == before) {
            memcpy(to, words, sizeof words);
            return;
        }
    }
}

/// Replaces `length` bytes from `offset` of the line at once.
inline void write_line(void* base, uint64_t lines, uint64_t line, size_t offset, const void* from,
                       size_t length) {
    const uint32_t now = __atomic_load_n(version(base, line), __ATOMIC_RELAXED);
    uint64_t words[kWords];
    memcpy(words, copy(base, lines, line, now), sizeof words);
    memcpy(reinterpret_cast<char*>(words) + offset, from, length);
    uint64_t* const to = copy(base, lines, line, now + 1);
    // The other copy may still be read by one who saw the version before the last one.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (size_t i = 0; i < kWords; i++) {
        __atomic_store_n(to + i, words[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(version(base, line), now + 1, __ATOMIC_RELEASE);
}

/// Bytes at `offset` from the start of the memory, over any number of lines.
inline void write(void* base, uint64_t lines, uint64_t offset, const void* from, size_t length) {
    const char* source = static_cast<const char*>(from);
    while (length > 0) {
        const size_t within = offset % kLine;
        const size_t part = length < kLine - within ? length : kLine - within;
        write_line(base, lines, offset / kLine, within, source, part);
        offset += part;
        source += part;
        length -= part;
    }
}

inline void read(void* base, uint64_t lines, uint64_t offset, void* to, size_t length) {
    char* target = static_cast<char*>(to);
    while (length > 0) {
        char line[kLine];
        const size_t within = offset % kLine;
        const size_t part = length < kLine - within ? length : kLine - within;
        read_line(base, lines, offset / kLine, line);
        memcpy(target, line + within, part);
        offset += part;
        target += part;
        length -= part;
    }
}

}  // namespace esw::sim::icm
