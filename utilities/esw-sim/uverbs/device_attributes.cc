// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/device_attributes.h"

#include <endian.h>

#include <algorithm>
#include <climits>
#include <limits>

#include "utilities/esw-sim/uverbs/open_file.h"

namespace esw::sim::uverbs {

namespace {

// Numbers of a ConnectX-6 Dx, as ibv_devinfo -v prints them, and the kernel's names of them.
constexpr uint32_t kVendorId = 0x2c9;  ///< mlx5_query_vendor_id(): Mellanox' OUI
constexpr uint32_t kMaxQp = 1 << 17;
constexpr uint32_t kMaxQpWr = 1 << 15;
constexpr uint32_t kMaxSge = 30;
constexpr uint32_t kMaxCq = 1 << 24;
constexpr uint32_t kMaxMr = 1 << 24;
constexpr uint32_t kMaxPd = 1 << 23;
constexpr uint32_t kMaxReads = 16;
constexpr uint32_t kMaxMulticastGroups = 1 << 21;
constexpr uint32_t kMaxMulticastQps = 240;
constexpr uint32_t kMaxSrq = 1 << 23;
constexpr uint16_t kMaxSqDescriptor = 1024;
constexpr uint16_t kMaxRqDescriptor = 512;

// enum ib_device_cap_flags of rdma/ib_verbs.h
constexpr uint32_t kCapChangePhysicalPort = 1 << 4;
constexpr uint32_t kCapPortActiveEvent = 1 << 10;
constexpr uint32_t kCapSystemImageGuid = 1 << 11;
constexpr uint32_t kCapRnrNak = 1 << 12;
constexpr uint32_t kCapManagedFlowSteering = 1 << 29;

// enum ib_port_state, ib_port_phys_state, ib_mtu, ib_port_width, ib_port_speed
constexpr uint8_t kPortDown = 1;
constexpr uint8_t kPortActive = 4;
constexpr uint8_t kPhysicalDisabled = 3;
constexpr uint8_t kPhysicalLinkUp = 5;
constexpr uint8_t kMtu4096 = 5;
constexpr uint8_t kWidth4x = 2;
constexpr uint8_t kSpeedEdr = 32;
constexpr uint8_t kLinkLayerEthernet = 2;
constexpr uint32_t kMaxMessage = 1 << 30;

/// iboe_get_mtu(): the largest InfiniBand MTU that fits beside the headers of RoCE.
uint8_t roce_mtu(uint32_t mtu) {
    constexpr uint32_t kHeaders = 40 + 8 + 28 + 16;
    uint8_t result = 1;
    while (result < kMtu4096 && mtu >= (256U << result) + kHeaders) {
        result++;
    }
    return mtu >= 256 + kHeaders ? result : 0;
}

template <class T>
bool fits(const mlx5_ib_query_device_resp& response, const T& member, size_t room) {
    const auto* const begin = reinterpret_cast<const char*>(&response);
    const auto* const end = reinterpret_cast<const char*>(&member) + sizeof member;
    return static_cast<size_t>(end - begin) <= room;
}

}  // namespace

ib_uverbs_query_device_resp device_attributes(const UverbsHost& host) {
    ib_uverbs_query_device_resp device{};
    device.fw_ver = host.firmware_version();
    device.node_guid = htobe64(host.node_guid());
    device.sys_image_guid = device.node_guid;
    device.max_mr_size = std::numeric_limits<uint64_t>::max();
    device.page_size_cap = ~uint64_t{4095};
    device.vendor_id = kVendorId;
    device.vendor_part_id = host.vendor_part_id();
    device.max_qp = kMaxQp;
    device.max_qp_wr = kMaxQpWr;
    device.device_cap_flags = kCapChangePhysicalPort | kCapPortActiveEvent | kCapSystemImageGuid |
                              kCapRnrNak | kCapManagedFlowSteering;
    device.max_sge = kMaxSge;
    device.max_sge_rd = kMaxSge;
    device.max_cq = kMaxCq;
    device.max_cqe = kMaxCqEntries - 1;
    device.max_mr = kMaxMr;
    device.max_pd = kMaxPd;
    device.max_qp_rd_atom = kMaxReads;
    device.max_qp_init_rd_atom = kMaxReads;
    device.max_res_rd_atom = kMaxReads * kMaxQp;
    device.max_mcast_grp = kMaxMulticastGroups;
    device.max_mcast_qp_attach = kMaxMulticastQps;
    device.max_total_mcast_qp_attach = kMaxMulticastGroups * kMaxMulticastQps;
    device.max_ah = INT_MAX;
    device.max_srq = kMaxSrq;
    device.max_srq_wr = kMaxQpWr - 1;
    device.max_srq_sge = kMaxRqDescriptor / 16 - 1;
    device.max_pkeys = 128;
    device.local_ca_ack_delay = 16;
    device.phys_port_cnt = static_cast<uint8_t>(std::min<uint32_t>(host.port_count(), UINT8_MAX));
    return device;
}

/// mlx5_query_port_roce()
ib_uverbs_query_port_resp port_attributes(const UverbsHost::Port& port) {
    ib_uverbs_query_port_resp result{};
    result.max_msg_sz = kMaxMessage;
    result.gid_tbl_len = static_cast<uint32_t>(port.gid_length);
    result.pkey_tbl_len = 1;
    result.state = port.link_up ? kPortActive : kPortDown;
    result.phys_state = port.link_up ? kPhysicalLinkUp : kPhysicalDisabled;
    result.max_mtu = kMtu4096;
    result.active_mtu = port.ifindex != 0 ? std::min(kMtu4096, roce_mtu(port.mtu)) : 0;
    result.active_width = kWidth4x;
    result.active_speed = kSpeedEdr;
    result.link_layer = kLinkLayerEthernet;
    result.flags = IB_UVERBS_QPF_GRH_REQUIRED;
    return result;
}

mlx5_ib_query_device_resp driver_device_attributes(size_t room) {
    mlx5_ib_query_device_resp response{};
    response.response_length = sizeof response.comp_mask + sizeof response.response_length;
    const auto tell = [&](const auto& member) {
        if (fits(response, member, room)) {
            response.response_length += sizeof member;
        }
    };
    // Of raw Ethernet queues nothing is simulated, so nothing is offered: all of them zero.
    tell(response.tso_caps);
    tell(response.rss_caps);
    tell(response.cqe_comp_caps);
    tell(response.packet_pacing_caps);
    tell(response.mlx5_ib_support_multi_pkt_send_wqes);
    tell(response.flags);
    tell(response.sw_parsing_caps);
    tell(response.striding_rq_caps);
    tell(response.tunnel_offloads_caps);
    tell(response.dci_streams_caps);
    return response;
}

mlx5_ib_alloc_ucontext_resp context_attributes(OpenFile& file, size_t room) {
    const Context& context = file.context();
    mlx5_ib_alloc_ucontext_resp response{};
    response.qp_tab_size = kMaxQp;
    response.bf_reg_size = 512;
    response.tot_bfregs = context.static_bfregs;
    response.cache_line_size = 64;
    response.max_sq_desc_sz = kMaxSqDescriptor;
    response.max_rq_desc_sz = kMaxRqDescriptor;
    response.max_send_wqebb = kMaxQpWr;
    response.max_recv_wr = kMaxQpWr;
    response.max_srq_recv_wr = kMaxQpWr;
    response.num_ports = static_cast<uint16_t>(file.host().port_count());
    response.comp_mask = MLX5_IB_ALLOC_UCONTEXT_RESP_MASK_MKEY_UPDATE_TAG;
    response.response_length = static_cast<uint32_t>(std::min(room, sizeof response));
    response.cqe_version = context.cqe_version;
    response.cmds_supp_uhw =
        MLX5_USER_CMDS_SUPP_UHW_QUERY_DEVICE | MLX5_USER_CMDS_SUPP_UHW_CREATE_AH;
    response.eth_min_inline = MLX5_USER_INLINE_MODE_NONE;
    response.log_uar_size = 12;
    response.num_uars_per_page = 1;
    response.num_dyn_bfregs = context.dynamic_bfregs;
    return response;
}

}  // namespace esw::sim::uverbs
