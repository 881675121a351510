// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "esw-manager/mlx5/prm_command.h"

// General objects: flow meters and options of Geneve. See prm.h.

/// Linux mlx5_ifc.h.
struct mlx5_ifc_geneve_tlv_option_bits {
    uint8_t modify_field_select[0x40];
    uint8_t reserved_at_40[0x20];
    uint8_t option_class[0x10];
    uint8_t option_type[0x8];
    uint8_t reserved_at_78[0x3];
    uint8_t option_data_length[0x5];
    uint8_t reserved_at_80[0x180];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_geneve_tlv_option_in_bits {
    struct mlx5_ifc_general_obj_in_cmd_hdr_bits hdr;
    struct mlx5_ifc_geneve_tlv_option_bits geneve_tlv_opt;
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_meter_parameters_bits {
    uint8_t valid[0x1];
    uint8_t bucket_overflow[0x1];
    uint8_t start_color[0x2];
    uint8_t both_buckets_on_green[0x1];
    uint8_t reserved_at_5[0x1];
    uint8_t meter_mode[0x2];
    uint8_t reserved_at_8[0x3b];
    uint8_t cbs_exponent[0x5];
    uint8_t cbs_mantissa[0x8];
    uint8_t reserved_at_50[0x3];
    uint8_t cir_exponent[0x5];
    uint8_t cir_mantissa[0x8];
    uint8_t reserved_at_60[0x23];
    uint8_t ebs_exponent[0x5];
    uint8_t ebs_mantissa[0x8];
    uint8_t reserved_at_90[0x3];
    uint8_t eir_exponent[0x5];
    uint8_t eir_mantissa[0x8];
    uint8_t reserved_at_a0[0x60];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_flow_meter_aso_obj_bits {
    uint8_t modify_field_select[0x40];
    uint8_t reserved_at_40[0x48];
    uint8_t meter_aso_access_pd[0x18];
    uint8_t reserved_at_a0[0x160];
    struct mlx5_ifc_flow_meter_parameters_bits flow_meter_parameters[2];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_flow_meter_aso_obj_in_bits {
    struct mlx5_ifc_general_obj_in_cmd_hdr_bits hdr;
    struct mlx5_ifc_flow_meter_aso_obj_bits flow_meter_aso_obj;
};
