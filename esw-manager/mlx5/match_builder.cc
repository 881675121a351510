// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/match_builder.h"

#include <endian.h>

#include <bit>

namespace esw::mlx5 {

FdbMatch MatchBuilder::build() const {
    FdbMatch match;
    const auto count = static_cast<size_t>(std::popcount(used_[0]) + std::popcount(used_[1]));
    match.mask.reserve(count);
    match.value.reserve(count);
    for (size_t half = 0; half < used_.size(); half++) {
        for (uint64_t words = used_[half]; words != 0; words &= words - 1) {
            const size_t word = 64 * half + static_cast<size_t>(std::countr_zero(words));
            match.present.set(word);
            match.mask.push_back(htobe32(mask_[word]));
            match.value.push_back(htobe32(value_[word]));
        }
    }
    return match;
}

}  // namespace esw::mlx5
