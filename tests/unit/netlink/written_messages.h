// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// Netlink messages that were written by hand, in hexadecimal with an attribute to a line: those of
/// devlink, RDMA and bonding, for which no kernel was at hand when they were written. Each names
/// the functions of the kernel (6.1 unless said otherwise; devlink's are in net/devlink/leftover.c,
/// RDMA's in drivers/infiniband/core/nldev.c) that say which attributes come in which order.
///
/// Little-endian, as x86-64 and arm64 are. The family number of devlink is 0x15 in all of them.
namespace esw::netlink::written {

/// DEVLINK_CMD_NEW: devlink_nl_fill().
constexpr std::string_view kDevice =
    "44000000150000000100000000000000"          // nlmsghdr
    "03010000"                                  // genlmsghdr, command 3
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0500880000000000"                          // RELOAD_FAILED 0
    "0c009c80"                                  // DEV_STATS
    "04009d80"                                  //   RELOAD_STATS
    "0400a180";                                 //   REMOTE_RELOAD_STATS

/// DEVLINK_CMD_DEL: devlink_nl_fill().
constexpr std::string_view kDeviceRemoved =
    "38000000150000000100000000000000"          // nlmsghdr
    "04010000"                                  // genlmsghdr, command 4
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0500880001000000";                         // RELOAD_FAILED 1

/// DEVLINK_CMD_ESWITCH_GET: devlink_nl_eswitch_fill().
constexpr std::string_view kEswitch =
    "48000000150000000100000000000000"          // nlmsghdr
    "1d010000"                                  // genlmsghdr, command 29
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0600190001000000"                          // ESWITCH_MODE switchdev
    "05001a0003000000"                          // ESWITCH_INLINE_MODE transport
    "05003e0001000000";                         // ESWITCH_ENCAP_MODE basic

/// The same of a driver without inline and encap mode, with mode 2 (switchdev_inactive,
/// Linux 6.19).
constexpr std::string_view kEswitchInactive =
    "38000000150000000100000000000000"          // nlmsghdr
    "1d010000"                                  // genlmsghdr, command 29
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0600190002000000";                         // ESWITCH_MODE 2

/// DEVLINK_CMD_PORT_NEW of a VF's port: devlink_nl_port_fill(), devlink_nl_port_attrs_put(),
/// devlink_nl_port_function_attrs_put() (its nest has no NLA_F_NESTED).
constexpr std::string_view kVfPort =
    "94000000150000000100000000000000"          // nlmsghdr
    "07010000"                                  // genlmsghdr, command 7
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0800030083000000"                          // PORT_INDEX 131
    "0600040002000000"                          // PORT_TYPE eth
    "080006000c000000"                          // PORT_NETDEV_IFINDEX 12
    "0b0007007066307666330000"                  // PORT_NETDEV_NAME
    "0500940000000000"                          // PORT_SPLITTABLE 0
    "06004d0004000000"                          // PORT_FLAVOUR pcivf
    "0800960000000000"                          // PORT_CONTROLLER_NUMBER 0
    "06007f0000000000"                          // PORT_PCI_PF_NUMBER 0
    "0600800003000000"                          // PORT_PCI_VF_NUMBER 3
    "0500950000000000"                          // PORT_EXTERNAL 0
    "10009100"                                  // PORT_FUNCTION
    "0a0001000200000000030000";                 //   HW_ADDR

/// The first message of a new port: no type, no netdev (lifecycle of every port in Linux).
constexpr std::string_view kVfPortNotSet =
    "70000000150000000100000000000000"          // nlmsghdr
    "07010000"                                  // genlmsghdr, command 7
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0800030083000000"                          // PORT_INDEX 131
    "0600040000000000"                          // PORT_TYPE notset
    "0500940000000000"                          // PORT_SPLITTABLE 0
    "06004d0004000000"                          // PORT_FLAVOUR pcivf
    "0800960000000000"                          // PORT_CONTROLLER_NUMBER 0
    "06007f0000000000"                          // PORT_PCI_PF_NUMBER 0
    "0600800003000000"                          // PORT_PCI_VF_NUMBER 3
    "0500950000000000";                         // PORT_EXTERNAL 0

/// The uplink: flavour physical.
constexpr std::string_view kUplinkPort =
    "68000000150000000100000000000000"          // nlmsghdr
    "07010000"                                  // genlmsghdr, command 7
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "08000300ffff0000"                          // PORT_INDEX 65535
    "0600040002000000"                          // PORT_TYPE eth
    "0800060004000000"                          // PORT_NETDEV_IFINDEX 4
    "0700070070300000"                          // PORT_NETDEV_NAME
    "0500940000000000"                          // PORT_SPLITTABLE 0
    "06004d0000000000"                          // PORT_FLAVOUR physical
    "08004e0000000000";                         // PORT_NUMBER 0

/// A port of type ib.
constexpr std::string_view kIbPort =
    "4c000000150000000100000000000000"          // nlmsghdr
    "07010000"                                  // genlmsghdr, command 7
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0800030001000000"                          // PORT_INDEX 1
    "0600040003000000"                          // PORT_TYPE ib
    "0b0008006d6c78355f300000";                 // PORT_IBDEV_NAME

/// DEVLINK_CMD_PORT_DEL.
constexpr std::string_view kPortRemoved =
    "40000000150000000100000000000000"          // nlmsghdr
    "08010000"                                  // genlmsghdr, command 8
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0800030083000000"                          // PORT_INDEX 131
    "0600040000000000";                         // PORT_TYPE notset

/// The reply to DEVLINK_CMD_PORT_NEW in Linux 6.1: the command is NEW (devlink_port_new_notify()).
/// Another controller's SF. Its CAPS and MAX_IO_EQS are as in Linux 6.12 (net/devlink/port.c).
constexpr std::string_view kSfPortReply =
    "a4000000150000000100000000000000"          // nlmsghdr
    "03010000"                                  // genlmsghdr, command 3
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0800030000800000"                          // PORT_INDEX 32768
    "0600040002000000"                          // PORT_TYPE eth
    "0500940000000000"                          // PORT_SPLITTABLE 0
    "06004d0007000000"                          // PORT_FLAVOUR pcisf
    "0800960001000000"                          // PORT_CONTROLLER_NUMBER 1
    "06007f0000000000"                          // PORT_PCI_PF_NUMBER 0
    "0800a40058000000"                          // PORT_PCI_SF_NUMBER 88
    "0500950001000000"                          // PORT_EXTERNAL 1
    "34009180"                                  // PORT_FUNCTION
    "0a0001000000000000000000"                  //   HW_ADDR
    "0500020001000000"                          //   STATE active
    "0500030001000000"                          //   OPSTATE attached
    "0c0004000100000003000000"                  //   CAPS roce of roce and migratable
    "0800060018000000";                         //   MAX_IO_EQS 24

/// DEVLINK_CMD_PARAM_NEW of a flag that is on: devlink_nl_param_fill(),
/// devlink_nl_param_value_fill_one().
constexpr std::string_view kFlagParamOn =
    "64000000150000000100000000000000"          // nlmsghdr
    "28010000"                                  // genlmsghdr, command 40
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "34005000"                                  // PARAM
    "10005100656e61626c655f726f636500"          //   PARAM_NAME
    "04005200"                                  //   PARAM_GENERIC
    "0500530006000000"                          //   PARAM_TYPE flag
    "14005400"                                  //   PARAM_VALUES_LIST
    "10005500"                                  //     PARAM_VALUE
    "0500570001000000"                          //       PARAM_VALUE_CMODE driverinit
    "04005600";                                 //       PARAM_VALUE_DATA

/// The same, off: no data.
constexpr std::string_view kFlagParamOff =
    "60000000150000000100000000000000"          // nlmsghdr
    "28010000"                                  // genlmsghdr, command 40
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "30005000"                                  // PARAM
    "120051006573775f6d756c7469706f7274000000"  //   PARAM_NAME
    "0500530006000000"                          //   PARAM_TYPE flag
    "10005400"                                  //   PARAM_VALUES_LIST
    "0c005500"                                  //     PARAM_VALUE
    "0500570000000000";                         //       PARAM_VALUE_CMODE runtime

/// DEVLINK_CMD_PARAM_GET of a string.
constexpr std::string_view kStringParam =
    "70000000150000000100000000000000"                  // nlmsghdr
    "26010000"                                          // genlmsghdr, command 38
    "0800010070636900"                                  // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"          // DEV_NAME "0000:08:00.0"
    "40005000"                                          // PARAM
    "17005100666c6f775f7374656572696e675f6d6f64650000"  //   PARAM_NAME
    "0500530005000000"                                  //   PARAM_TYPE string
    "1c005400"                                          //   PARAM_VALUES_LIST
    "18005500"                                          //     PARAM_VALUE
    "0500570000000000"                                  //       PARAM_VALUE_CMODE runtime
    "09005600736d667300000000";                         //       PARAM_VALUE_DATA "smfs"

/// DEVLINK_CMD_PARAM_GET of a number with two values.
constexpr std::string_view kNumberParam =
    "7c000000150000000100000000000000"          // nlmsghdr
    "26010000"                                  // genlmsghdr, command 38
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "4c005000"                                  // PARAM
    "0f005100696f5f65715f73697a650000"          //   PARAM_NAME
    "04005200"                                  //   PARAM_GENERIC
    "0500530003000000"                          //   PARAM_TYPE u32
    "2c005400"                                  //   PARAM_VALUES_LIST
    "14005500"                                  //     PARAM_VALUE
    "0500570001000000"                          //       PARAM_VALUE_CMODE driverinit
    "0800560000040000"                          //       PARAM_VALUE_DATA 1024
    "14005500"                                  //     PARAM_VALUE
    "0500570002000000"                          //       PARAM_VALUE_CMODE permanent
    "0800560040000000";                         //       PARAM_VALUE_DATA 64

/// DEVLINK_CMD_RATE_NEW of a leaf, as a kernel on a machine that wants 64-bit attributes aligned
/// sends it (nla_put_u64_64bit() puts PAD before them).
constexpr std::string_view kRateLeaf =
    "6c000000150000000100000000000000"          // nlmsghdr
    "4c010000"                                  // genlmsghdr, command 76
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0600a50000000000"                          // RATE_TYPE leaf
    "0800030083000000"                          // PORT_INDEX 131
    "04003d00"                                  // PAD
    "0c00a6004059730700000000"                  // RATE_TX_SHARE 125000000
    "04003d00"                                  // PAD
    "0c00a700807c814a00000000"                  // RATE_TX_MAX 1250000000
    "0b00a90067726f7570310000";                 // RATE_PARENT_NODE_NAME

/// DEVLINK_CMD_RATE_NEW of a node, with the attributes of Linux 6.4.
constexpr std::string_view kRateNode =
    "6c000000150000000100000000000000"          // nlmsghdr
    "4c010000"                                  // genlmsghdr, command 76
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0600a50001000000"                          // RATE_TYPE node
    "0b00a80067726f7570310000"                  // RATE_NODE_NAME
    "0c00a6000000000000000000"                  // RATE_TX_SHARE 0
    "0c00a70000f9029500000000"                  // RATE_TX_MAX 2500000000
    "0800b10003000000"                          // RATE_TX_PRIORITY 3
    "0800b20007000000";                         // RATE_TX_WEIGHT 7

/// DEVLINK_CMD_INFO_GET: devlink_nl_info_fill(), devlink_info_version_put().
constexpr std::string_view kInfo =
    "d4000000150000000100000000000000"          // nlmsghdr
    "33010000"                                  // genlmsghdr, command 51
    "0800010070636900"                          // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000"  // DEV_NAME "0000:08:00.0"
    "0e0062006d6c78355f636f7265000000"          // INFO_DRIVER_NAME
    "110063004d543230343258303030303100000000"  // INFO_SERIAL_NUMBER
    "24006400"                                  // INFO_VERSION_FIXED
    "0c00670066772e7073696400"                  //   INFO_VERSION_NAME
    "120068004d545f30303030303030333539000000"  //   INFO_VERSION_VALUE
    "24006500"                                  // INFO_VERSION_RUNNING
    "0f00670066772e76657273696f6e0000"          //   INFO_VERSION_NAME
    "0f00680032322e33362e313031300000"          //   INFO_VERSION_VALUE
    "1c006500"                                  // INFO_VERSION_RUNNING
    "0700670066770000"                          //   INFO_VERSION_NAME
    "0f00680032322e33362e313031300000"          //   INFO_VERSION_VALUE
    "1c006600"                                  // INFO_VERSION_STORED
    "0700670066770000"                          //   INFO_VERSION_NAME
    "0f00680032322e33382e313030320000";         //   INFO_VERSION_VALUE

/// A notification that we do not use: DEVLINK_CMD_TRAP_POLICER_NEW (71).
constexpr std::string_view kTrapPolicer =
    "30000000150000000100000000000000"           // nlmsghdr
    "47010000"                                   // genlmsghdr, command 71
    "0800010070636900"                           // BUS_NAME "pci"
    "11000200303030303a30383a30302e3000000000";  // DEV_NAME "0000:08:00.0"

/// RDMA_NLDEV_CMD_GET: fill_dev_info().
constexpr std::string_view kRdmaDevice =
    "7c000000011400000100000000000000"  // nlmsghdr
    "0800010000000000"                  // DEV_INDEX 0
    "0b0002006d6c78355f300000"          // DEV_NAME
    "0800030007000000"                  // PORT_INDEX 7 (number of ports)
    "0c000400361c362100000000"          // CAP_FLAGS
    "0f00050032322e33362e313031300000"  // FW_VERSION
    "0c000600c2f7a50003f6ceb8"          // NODE_GUID
    "0c000700c0f7a50003f6ceb8"          // SYS_IMAGE_GUID
    "05000e0001000000"                  // DEV_NODE_TYPE
    "0500540000000000"                  // DEV_DIM
    "09004300726f636500000000";         // DEV_PROTOCOL

/// RDMA_NLDEV_CMD_PORT_GET: fill_port_info() of a RoCE port with a netdev.
constexpr std::string_view kRdmaPort =
    "50000000051400000100000000000000"  // nlmsghdr
    "0800010000000000"                  // DEV_INDEX 0
    "0b0002006d6c78355f300000"          // DEV_NAME
    "0800030002000000"                  // PORT_INDEX 2
    "05000c0004000000"                  // PORT_STATE active
    "05000d0005000000"                  // PORT_PHYS_STATE link up
    "080032000c000000"                  // NDEV_INDEX 12
    "0b0033007066307666330000";         // NDEV_NAME

/// The same of a port without netdev (or with one in another namespace).
constexpr std::string_view kRdmaPortBare =
    "3c000000051400000100000000000000"  // nlmsghdr
    "0800010000000000"                  // DEV_INDEX 0
    "0b0002006d6c78355f300000"          // DEV_NAME
    "080003002c010000"                  // PORT_INDEX 300
    "05000c0001000000"                  // PORT_STATE down
    "05000d0003000000";                 // PORT_PHYS_STATE disabled

/// RDMA_NLDEV_CMD_SYS_GET of Linux 6.1: nldev_sys_get_doit().
constexpr std::string_view kRdmaSystem =
    "28000000061400000100000000000000"  // nlmsghdr
    "0500420001000000"                  // NETNS_MODE
    "0500600000000000"                  // PRIVILEGED_QKEY_MODE
    "05005d0001000000";                 // COPY_ON_FORK

/// The same of Linux 6.12.
constexpr std::string_view kRdmaSystemMonitor =
    "28000000061400000100000000000000"  // nlmsghdr
    "0500420001000000"                  // NETNS_MODE
    "05005d0001000000"                  // COPY_ON_FORK
    "0500670001000000";                 // MONITOR_MODE

/// RDMA_NLDEV_CMD_MONITOR (Linux 6.12): fill_mon_netdev_association() behind the event's type.
constexpr std::string_view kRdmaAttach =
    "480000001c1400000100000000000000"  // nlmsghdr
    "0800010000000000"                  // DEV_INDEX 0
    "0b0002006d6c78355f300000"          // DEV_NAME
    "0800030002000000"                  // PORT_INDEX 2
    "080032000c000000"                  // NDEV_INDEX 12
    "0b0033007066307666330000"          // NDEV_NAME
    "0500660002000000";                 // EVENT_TYPE netdev attach

/// RTM_NEWLINK of a bond: rtnl_fill_ifinfo(), bond_fill_info() in drivers/net/bonding.
constexpr std::string_view kBondLink =
    "68000000100000000100000000000000"  // nlmsghdr
    "00000100090000004314000000000000"  // fixed header
    "0a000300626f6e6430000000"          // IFNAME
    "08000400dc050000"                  // MTU 1500
    "34001200"                          // LINKINFO
    "09000100626f6e6400000000"          //   INFO_KIND
    "24000200"                          //   INFO_DATA
    "0500010004000000"                  //     BOND_MODE 802.3ad
    "0800020004000000"                  //     BOND_ACTIVE_SLAVE 4
    "0800030064000000"                  //     BOND_MIIMON 100
    "05000e0001000000";                 //     BOND_XMIT_HASH_POLICY layer3+4

/// RTM_NEWLINK of its member: bond_fill_slave_info() in drivers/net/bonding.
constexpr std::string_view kBondMember =
    "94000000100000000100000000000000"          // nlmsghdr
    "00000100040000004318000000000000"          // fixed header
    "0700030070300000"                          // IFNAME
    "08000a0009000000"                          // MASTER 9
    "0c0024006c5b0a0003008a50"                  // PHYS_SWITCH_ID
    "0700260070300000"                          // PHYS_PORT_NAME
    "08002c0003000000"                          // EVENT bonding failover
    "11003800303030303a30383a30302e3000000000"  // PARENT_DEV_NAME
    "0800390070636900"                          // PARENT_DEV_BUS_NAME
    "2c001200"                                  // LINKINFO
    "09000400626f6e6400000000"                  //   INFO_SLAVE_KIND
    "1c000500"                                  //   INFO_SLAVE_DATA
    "0500010001000000"                          //     BOND_SLAVE_STATE backup
    "0500020000000000"                          //     BOND_SLAVE_MII_STATUS up
    "0600060002000000";                         //     BOND_SLAVE_AD_AGGREGATOR_ID 2

/// RTM_NEWLINK of the wireless extensions: it has the name and the event, and nothing of the link
/// (rtnetlink_ifinfo_prep() in net/wireless/wext-core.c).
constexpr std::string_view kWirelessEvent =
    "38000000100000000100000000000000"  // nlmsghdr
    "00000100030000004310000000000000"  // fixed header
    "0a000300776c616e30000000"          // IFNAME
    "0c000b000000000000000000";         // WIRELESS

}  // namespace esw::netlink::written
