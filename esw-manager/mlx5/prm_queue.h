// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Queue pairs, and what they need. See prm.h.

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_pd_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x8];
    uint8_t pd[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_dealloc_pd_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t pd[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_alloc_transport_domain_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x8];
    uint8_t transport_domain[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_dealloc_transport_domain_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t transport_domain[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h; dbr_umem_id: rdma-core's.
struct mlx5_ifc_qpc_bits {
    uint8_t state[0x4];
    uint8_t reserved_at_4[0x4];
    uint8_t st[0x8];
    uint8_t reserved_at_10[0x18];
    uint8_t pd[0x18];
    uint8_t reserved_at_40[0x9];
    uint8_t log_rq_size[0x4];
    uint8_t log_rq_stride[0x3];
    uint8_t no_sq[0x1];
    uint8_t log_sq_size[0x4];
    uint8_t reserved_at_55[0x393];
    uint8_t cqn_snd[0x18];
    uint8_t reserved_at_400[0xe8];
    uint8_t cqn_rcv[0x18];
    uint8_t dbr_addr[0x40];
    uint8_t reserved_at_540[0x143];
    uint8_t dbr_umem_valid[0x1];
    uint8_t reserved_at_684[0x9c];
    uint8_t dbr_umem_id[0x20];
};

/// Linux mlx5_ifc.h; wq_umem_id: rdma-core's.
struct mlx5_ifc_create_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x80];
    struct mlx5_ifc_qpc_bits qpc;
    uint8_t reserved_at_800[0x40];
    uint8_t wq_umem_id[0x20];
    uint8_t wq_umem_valid[0x1];
    uint8_t reserved_at_861[0x1f];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_create_qp_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_query_qp_out_bits {
    uint8_t status[0x8];
    uint8_t reserved_at_8[0x18];
    uint8_t syndrome[0x20];
    uint8_t reserved_at_40[0x80];
    struct mlx5_ifc_qpc_bits qpc;
    uint8_t reserved_at_800[0x80];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_destroy_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_rst2init_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x820];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_init2init_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x820];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_init2rtr_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x820];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_rtr2rts_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x820];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_rts2rts_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x820];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_qp_2err_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_qp_2rst_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
};
