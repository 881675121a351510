// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Big-endian numbers in frames, and the Internet checksum (RFC 1071), for the judges of the flow
// compiler.

namespace esw::mlx5::test {

using Bytes = std::vector<uint8_t>;

inline uint32_t get(const Bytes& bytes, size_t at, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value << 8 | (at + i < bytes.size() ? bytes[at + i] : 0u);
    }
    return value;
}

inline void put(Bytes& bytes, size_t at, size_t count, uint32_t value) {
    for (size_t i = count; i-- > 0; value >>= 8) {
        bytes.at(at + i) = static_cast<uint8_t>(value);
    }
}

inline void copy_masked(uint8_t* to, const uint8_t* value, const uint8_t* mask, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = static_cast<uint8_t>((to[i] & ~mask[i]) | (value[i] & mask[i]));
    }
}

/// Not yet complemented.
inline uint32_t sum(const Bytes& bytes, size_t from, size_t to, uint32_t start = 0) {
    uint64_t total = start;
    for (size_t i = from; i < to; i++) {
        total += (i - from) % 2 ? bytes[i] : uint32_t{bytes[i]} << 8;
    }
    while (total >> 16) {
        total = (total & 0xffff) + (total >> 16);
    }
    return static_cast<uint32_t>(total);
}

/// Something that went out.
struct Sent {
    uint32_t port = 0;
    Bytes bytes;
    bool operator==(const Sent&) const = default;
};

}  // namespace esw::mlx5::test
