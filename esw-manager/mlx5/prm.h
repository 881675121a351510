// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <infiniband/mlx5dv.h>

#include <cstddef>
#include <cstdint>

#include "esw-manager/mlx5/prm_command.h"
#include "esw-manager/mlx5/prm_flow.h"
#include "esw-manager/mlx5/prm_hca.h"
#include "esw-manager/mlx5/prm_match.h"
#include "esw-manager/mlx5/prm_object.h"
#include "esw-manager/mlx5/prm_queue.h"
#include "esw-manager/mlx5/prm_vport.h"

/// The adapter's command interface: mailbox layouts for DEVX_SET() and DEVX_GET() of
/// <infiniband/mlx5dv.h>, and the values of their fields.
///
/// In a layout each uint8_t stands for one bit, the most significant of the first big-endian word
/// first, so that sizeof and offsetof count bits. The names are those of Linux, that the macros
/// can be used as its own are and tests/check/prm can compare every offset and width with Linux's
/// include/linux/mlx5/mlx5_ifc.h; each layout names where it is from. Fields that nobody here uses
/// are in the reserved_at_OFFSET gaps; arrays of variable length at an end are left out, so that
/// DEVX_ST_SZ_BYTES() is where they begin.
namespace esw::prm {

/// Linux mlx5_ifc.h, MLX5_CMD_OP_*.
enum class Opcode : uint16_t {
    kQueryHcaCap = 0x100,
    kQueryAdapter = 0x101,
    kQueryIssi = 0x10a,
    kCreateMkey = 0x200,
    kDestroyMkey = 0x202,
    kCreateCq = 0x400,
    kDestroyCq = 0x401,
    kCreateQp = 0x500,
    kDestroyQp = 0x501,
    kRst2InitQp = 0x502,
    kInit2RtrQp = 0x503,
    kRtr2RtsQp = 0x504,
    kRts2RtsQp = 0x505,
    kQpToErr = 0x507,
    kQpToReset = 0x50a,
    kQueryQp = 0x50b,
    kInit2InitQp = 0x50e,
    kQueryEswFunctions = 0x740,
    kQueryVportState = 0x750,
    kQueryEswVportContext = 0x752,
    kQueryNicVportContext = 0x754,
    kQueryRoceAddress = 0x760,
    kQueryVnicEnv = 0x76f,
    kQueryVportCounter = 0x770,
    kAllocPd = 0x800,
    kDeallocPd = 0x801,
    kNop = 0x80d,
    kAllocTransportDomain = 0x816,
    kDeallocTransportDomain = 0x817,
    kQueryLag = 0x842,
    kCreateFlowTable = 0x930,
    kDestroyFlowTable = 0x931,
    kQueryFlowTable = 0x932,
    kCreateFlowGroup = 0x933,
    kDestroyFlowGroup = 0x934,
    kQueryFlowGroup = 0x935,
    kSetFlowTableEntry = 0x936,
    kQueryFlowTableEntry = 0x937,
    kDeleteFlowTableEntry = 0x938,
    kAllocFlowCounter = 0x939,
    kDeallocFlowCounter = 0x93a,
    kQueryFlowCounter = 0x93b,
    kModifyFlowTable = 0x93c,
    kAllocPacketReformatContext = 0x93d,
    kDeallocPacketReformatContext = 0x93e,
    kQueryPacketReformatContext = 0x93f,
    kAllocModifyHeaderContext = 0x940,
    kDeallocModifyHeaderContext = 0x941,
    kCreateGeneralObject = 0xa00,
    kModifyGeneralObject = 0xa01,
    kQueryGeneralObject = 0xa02,
    kDestroyGeneralObject = 0xa03,
    kCreateUctx = 0xa04,
    kDestroyUctx = 0xa06,
    kCreateUmem = 0xa08,
    kDestroyUmem = 0xa0a,
    kSyncSteering = 0xb00
};

/// How a command ended. Linux device.h, MLX5_CMD_STAT_*; what each means: "Command Status" of the
/// Ethernet Adapters Programming Manual.
enum class Status : uint8_t {
    kOk = 0x0,
    kInternal = 0x1,
    kBadOpcode = 0x2,
    kBadParameter = 0x3,
    kBadSystemState = 0x4,
    kBadResource = 0x5,  ///< there is no such object, or it is another's
    kResourceBusy = 0x6,
    kLimit = 0x8,             ///< as many as the device has are in use
    kBadResourceState = 0x9,  ///< not in this state, as one that others still refer to
    kBadIndex = 0xa,
    kNoResources = 0xf,
    kBadQpState = 0x10,
    kBadInputLength = 0x50,
    kBadOutputLength = 0x51
};

/// op_mod of QUERY_HCA_CAP, without its lowest bit. Linux device.h, enum mlx5_cap_type.
enum class CapabilityGroup : uint16_t {
    kGeneral = 0x0,
    kRoce = 0x4,
    kFlowTable = 0x7,
    kEswitchFlowTable = 0x8,
    kEswitch = 0x9,
    kQos = 0xc,
    kDeviceMemory = 0xf,
    kGeneral2 = 0x20
};
/// Lowest bit of QUERY_HCA_CAP's op_mod. Linux device.h, enum mlx5_cap_mode.
enum class CapabilityMode : uint16_t { kMaximum = 0, kCurrent = 1 };

/// steering_format_version. rdma-core mlx5_ifc.h, MLX5_HW_CONNECTX_*.
enum class SteeringFormat : uint8_t { kConnectX5 = 0, kConnectX6Dx = 1, kConnectX7 = 2 };

/// Bits of flex_parser_protocols. rdma-core mlx5_ifc.h, MLX5_FLEX_PARSER_*_ENABLED.
enum FlexParser : uint32_t {
    kFlexParserGeneve = 1U << 3,
    kFlexParserIcmpV4 = 1U << 8,
    kFlexParserIcmpV6 = 1U << 9,
    kFlexParserGeneveOption0 = 1U << 10
};

/// vport_number of the wire. Linux vport.h, MLX5_VPORT_UPLINK.
constexpr uint16_t kVportUplink = 0xffff;

/// Linux device.h, MLX5_VPORT_ADMIN_STATE_* and VPORT_STATE_*.
enum class VportState : uint8_t { kDown = 0, kUp = 1, kAuto = 2 };
/// op_mod of QUERY_VPORT_STATE. Linux mlx5_ifc.h, MLX5_VPORT_STATE_OP_MOD_*.
enum class VportStateOf : uint16_t { kNicVport = 0, kEswitchVport = 1, kUplink = 2 };

/// table_type. Linux drivers/net/ethernet/mellanox/mlx5/core/fs_core.h, enum fs_flow_table_type.
enum class FlowTableType : uint8_t { kNicReceive = 0x0, kNicTransmit = 0x1, kFdb = 0x4 };

/// destination_type. Linux mlx5_ifc.h, enum mlx5_ifc_flow_destination_type.
enum class FlowDestinationType : uint8_t { kVport = 0x0, kTable = 0x1, kTir = 0x2, kUplink = 0x8 };

/// Bits of flow_context.action. Linux mlx5_ifc.h, MLX5_FLOW_CONTEXT_ACTION_*.
enum FlowAction : uint16_t {
    kFlowActionDrop = 0x2,
    kFlowActionForward = 0x4,
    kFlowActionCount = 0x8,
    kFlowActionReformat = 0x10,
    kFlowActionDecap = 0x20,
    kFlowActionModifyHeader = 0x40
};

/// reformat_type. Linux mlx5_ifc.h, MLX5_REFORMAT_TYPE_*.
enum class ReformatType : uint8_t {
    kL2ToVxlan = 0x0,
    kL2ToNvgre = 0x1,
    kL2ToL2Tunnel = 0x2,
    kL3TunnelToL2 = 0x3,
    kL2ToL3Tunnel = 0x4
};

/// action_type. Linux mlx5_ifc.h, MLX5_ACTION_TYPE_*.
enum class HeaderAction : uint8_t { kSet = 0x1, kAdd = 0x2, kCopy = 0x3 };

/// field of set_action_in and its like: of the outermost headers that are there when a rewrite
/// begins. rdma-core mlx5_ifc.h, MLX5_ACTION_IN_FIELD_OUT_*.
enum class HeaderField : uint16_t {
    kSmac47_16 = 0x1,
    kSmac15_0 = 0x2,
    kDmac47_16 = 0x4,
    kDmac15_0 = 0x5,
    kIpDscp = 0x6,
    kTcpSport = 0x8,
    kTcpDport = 0x9,
    kIp4Ttl = 0xa,
    kUdpSport = 0xb,
    kUdpDport = 0xc,
    kSip6_127_96 = 0xd,
    kSip6_95_64 = 0xe,
    kSip6_63_32 = 0xf,
    kSip6_31_0 = 0x10,
    kDip6_127_96 = 0x11,
    kDip6_95_64 = 0x12,
    kDip6_63_32 = 0x13,
    kDip6_31_0 = 0x14,
    kSip4 = 0x15,
    kDip4 = 0x16,
    kFirstVid = 0x17,
    kIp6HopLimit = 0x47,
    kIpEcn = 0x73
};

/// obj_type. Linux mlx5_ifc.h, MLX5_OBJ_TYPE_* and MLX5_GENERAL_OBJECT_TYPES_*.
enum class ObjectType : uint16_t { kGeneveTlvOption = 0xb, kFlowMeterAso = 0x24 };

/// qpc.state. Linux qp.h, enum mlx5_qp_state.
enum class QpState : uint8_t { kReset = 0, kInit = 1, kRtr = 2, kRts = 3, kError = 6 };
/// qpc.st. Linux qp.h, MLX5_QP_ST_*.
enum class QpService : uint8_t { kRc = 0, kUc = 1, kUd = 2 };

}  // namespace esw::prm
