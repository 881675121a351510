// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What all commands begin with, user contexts, and what the device says of itself. See prm.h.

/// rdma-core providers/mlx5/mlx5_ifc.h; not in Linux 6.1.
struct mlx5_ifc_mbox_in_bits {
    uint8_t opcode[0x10];
    uint8_t uid[0x10];
    uint8_t reserved_at_20[0x10];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x40];
};

/// rdma-core providers/mlx5/mlx5_ifc.h; not in Linux 6.1.
struct mlx5_ifc_mbox_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_general_obj_in_cmd_hdr_bits {
    uint8_t opcode[0x10];
    uint8_t uid[0x10];
    uint8_t reserved_at_20[0x10];
    uint8_t obj_type[0x10];
    uint8_t obj_id[0x20];
    uint8_t reserved_at_60[0x3];
    uint8_t log_obj_range[0x5];
    uint8_t reserved_at_68[0x18];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_general_obj_out_cmd_hdr_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t obj_id[0x20];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_adapter_param_block_bits {
    uint8_t reserved_at_0[0xc8];
    uint8_t ieee_vendor_id[0x18];
    uint8_t reserved_at_e0[0x10];
    uint8_t vsd_vendor_id[0x10];
    uint8_t reserved_at_100[0x680];
    uint8_t vsd_contd_psid[16][0x8];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_adapter_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x40];
    struct mlx5_ifc_query_adapter_param_block_bits query_adapter_struct;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_issi_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x10];
    uint8_t current_issi[0x10];
    uint8_t reserved_at_60[0x300];
    uint8_t supported_issi_dw0[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_sync_steering_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0xc0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_uctx_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x1c0];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_uctx_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x10];
    uint8_t uid[0x10];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_destroy_uctx_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x10];
    uint8_t uid[0x10];
    uint8_t reserved_at_60[0x20];
};
