// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace esw::mlx5 {

/// A hash of numbers and bytes, one after the other; quick, and not meant against an adversary.
class FdbHash {
public:
    FdbHash& add(uint64_t number) {
        // The multiplier is 2^64 divided by the golden ratio; the shift brings the high bits down.
        value_ = (value_ ^ number) * 0x9e3779b97f4a7c15;
        value_ ^= value_ >> 32;
        return *this;
    }
    FdbHash& add(std::string_view bytes) {
        add(bytes.size());
        for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
            uint64_t number;
            std::memcpy(&number, bytes.data(), sizeof number);
            add(number);
        }
        uint64_t rest = 0;
        std::memcpy(&rest, bytes.data(), bytes.size());
        return add(rest);
    }
    uint64_t value() const { return value_; }

private:
    uint64_t value_ = 0;
};

}  // namespace esw::mlx5
