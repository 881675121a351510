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

/// Linux mlx5_ifc.h.
struct mlx5_ifc_ads_bits {
    uint8_t fl[0x1];
    uint8_t reserved_at_1[0x3f];
    uint8_t ack_timeout[0x5];
    uint8_t reserved_at_45[0x3];
    uint8_t src_addr_index[0x8];
    uint8_t reserved_at_50[0x30];
    uint8_t rgid_rip[16][0x8];
    uint8_t reserved_at_100[0x10];
    uint8_t udp_sport[0x10];
    uint8_t reserved_at_120[0x8];
    uint8_t vhca_port_num[0x8];
    uint8_t rmac_47_32[0x10];
    uint8_t rmac_31_0[0x20];
};

/// Linux mlx5_ifc.h; dbr_umem_id: rdma-core's.
struct mlx5_ifc_qpc_bits {
    uint8_t state[0x4];
    uint8_t reserved_at_4[0x4];
    uint8_t st[0x8];
    uint8_t reserved_at_10[0x2];
    uint8_t isolate_vl_tc[0x1];
    uint8_t pm_state[0x2];
    uint8_t reserved_at_15[0x13];
    uint8_t pd[0x18];
    uint8_t mtu[0x3];
    uint8_t log_msg_max[0x5];
    uint8_t reserved_at_48[0x1];
    uint8_t log_rq_size[0x4];
    uint8_t log_rq_stride[0x3];
    uint8_t no_sq[0x1];
    uint8_t log_sq_size[0x4];
    uint8_t reserved_at_55[0x3];
    uint8_t ts_format[0x2];
    uint8_t reserved_at_5a[0xe];
    uint8_t uar_page[0x18];
    uint8_t reserved_at_80[0x23];
    uint8_t log_page_size[0x5];
    uint8_t remote_qpn[0x18];
    struct mlx5_ifc_ads_bits primary_address_path;
    uint8_t reserved_at_220[0x160];
    uint8_t log_ack_req_freq[0x4];
    uint8_t reserved_at_384[0x9];
    uint8_t retry_count[0x3];
    uint8_t rnr_retry[0x3];
    uint8_t reserved_at_393[0x55];
    uint8_t cqn_snd[0x18];
    uint8_t reserved_at_400[0x90];
    uint8_t rre[0x1];
    uint8_t rwe[0x1];
    uint8_t reserved_at_492[0x11];
    uint8_t min_rnr_nak[0x5];
    uint8_t reserved_at_4a8[0x40];
    uint8_t cqn_rcv[0x18];
    uint8_t dbr_addr[0x40];
    uint8_t reserved_at_540[0x25];
    uint8_t rq_type[0x3];
    uint8_t reserved_at_568[0x11b];
    uint8_t dbr_umem_valid[0x1];
    uint8_t reserved_at_684[0x9c];
    uint8_t dbr_umem_id[0x20];
};

/// Linux mlx5_ifc.h; wq_umem_id: rdma-core's.
struct mlx5_ifc_create_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t input_qpn[0x18];
    uint8_t reserved_at_60[0x20];
    uint8_t opt_param_mask[0x20];
    uint8_t reserved_at_a0[0x20];
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
    uint8_t reserved_at_40[0x40];
    uint8_t opt_param_mask[0x20];
    uint8_t reserved_at_a0[0x20];
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
    uint8_t reserved_at_60[0x20];
    uint8_t opt_param_mask[0x20];
    uint8_t reserved_at_a0[0x20];
    struct mlx5_ifc_qpc_bits qpc;
    uint8_t reserved_at_800[0x80];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_init2init_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
    uint8_t opt_param_mask[0x20];
    uint8_t reserved_at_a0[0x20];
    struct mlx5_ifc_qpc_bits qpc;
    uint8_t reserved_at_800[0x80];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_init2rtr_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
    uint8_t opt_param_mask[0x20];
    uint8_t reserved_at_a0[0x20];
    struct mlx5_ifc_qpc_bits qpc;
    uint8_t reserved_at_800[0x80];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_rtr2rts_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
    uint8_t opt_param_mask[0x20];
    uint8_t reserved_at_a0[0x20];
    struct mlx5_ifc_qpc_bits qpc;
    uint8_t reserved_at_800[0x80];
};

/// Linux mlx5_ifc.h.
struct mlx5_ifc_rts2rts_qp_in_bits {
    uint8_t opcode[0x10];
    uint8_t reserved_at_10[0x20];
    uint8_t op_mod[0x10];
    uint8_t reserved_at_40[0x8];
    uint8_t qpn[0x18];
    uint8_t reserved_at_60[0x20];
    uint8_t opt_param_mask[0x20];
    uint8_t reserved_at_a0[0x20];
    struct mlx5_ifc_qpc_bits qpc;
    uint8_t reserved_at_800[0x80];
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
