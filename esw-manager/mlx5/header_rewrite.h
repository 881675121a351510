// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "esw-manager/flow/megaflow.h"

namespace esw::mlx5 {

/// What several writes of fields come to: of one bit, the last one's. Plain data, compared bit by
/// bit.
class HeaderRewrite {
public:
    /// As many as a FDB's rewrite takes: max_modify_header_actions of its capabilities, which is 32
    /// or more since ConnectX-5.
    static constexpr size_t kMaxWrites = 32;

    /// Writes the bits of the mask. False when the adapter does not write this field.
    bool set(const esw_set_action& action);
    /// Priority, DEI and id of the outermost tag that is left after tags have been popped.
    ///
    /// The manual has a field for the id only; libmlx5 writes any of the tag's 16 bits by it
    /// (dr_ste_v1_action_modify_field_arr of rdma-core 44).
    void set_tag(uint16_t control);

    bool empty() const { return used_ == 0; }
    /// set_action_in, one for each run of bits; more than kMaxWrites if it comes to that.
    std::vector<uint64_t> actions() const;

    bool operator==(const HeaderRewrite&) const = default;

private:
    static constexpr size_t kFields = 23;

    void put(size_t field, uint32_t value, uint32_t mask) {
        value_[field] = (value_[field] & ~mask) | (value & mask);
        mask_[field] |= mask;
        used_ |= mask != 0 ? 1u << field : 0;
    }

    std::array<uint32_t, kFields> value_{};
    std::array<uint32_t, kFields> mask_{};
    uint32_t used_ = 0;  ///< a bit for each field
};

}  // namespace esw::mlx5
