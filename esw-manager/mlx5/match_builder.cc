// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/match_builder.h"

#include <endian.h>

namespace esw::mlx5 {

FdbMatch MatchBuilder::build() const {
    std::array<uint8_t, FdbMatch::kWords> used;
    size_t count = 0;
    for (size_t word = 0; word < FdbMatch::kWords; word++) {
        used[count] = static_cast<uint8_t>(word);
        count += mask_[word] != 0;
    }
    FdbMatch match;
    match.mask.resize(count);
    match.value.resize(count);
    for (size_t i = 0; i < count; i++) {
        match.present.set(used[i]);
        match.mask[i] = htobe32(mask_[used[i]]);
        match.value[i] = htobe32(value_[used[i]]);
    }
    return match;
}

}  // namespace esw::mlx5
