// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netlink/devlink_types.h"

/// Values of rtnetlink's links (linux/if_link.h, linux/rtnetlink.h).
namespace esw::netlink {

/// Names as ethtool(8) has them.
using NetdevFeatures = std::set<std::string>;

/// What ethtool(8) shows of a link.
struct LinkModes {
    uint64_t supported = 0, advertised = 0;  ///< the first 64 of ETHTOOL_LINK_MODE_*_BIT
    std::optional<uint32_t> speed_mbps;      ///< absent when there is no carrier, or it is unknown
    bool full_duplex = false;
    bool autonegotiates = false;
    uint8_t port = 0;  ///< PORT_* of linux/ethtool.h
    bool operator==(const LinkModes&) const = default;
};

struct BondInfo {
    std::optional<uint8_t> mode;           ///< BOND_MODE_* of linux/if_bonding.h
    std::optional<uint32_t> active_slave;  ///< ifindex
    std::optional<uint8_t> xmit_hash_policy;
    std::optional<uint32_t> miimon_ms;
    bool operator==(const BondInfo&) const = default;
};

struct BondSlaveInfo {
    std::optional<uint8_t> state;        ///< 0 active, 1 backup
    std::optional<uint8_t> mii_status;   ///< BOND_LINK_*
    std::optional<uint16_t> aggregator;  ///< 802.3ad
    bool operator==(const BondSlaveInfo&) const = default;
};

struct Link {
    uint32_t ifindex = 0;
    uint32_t flags = 0;  ///< IFF_*
    std::string name;
    std::vector<std::string> alt_names;
    std::optional<MacAddress> mac;
    std::optional<uint32_t> mtu;
    std::optional<uint32_t> min_mtu;
    std::optional<uint32_t> max_mtu;
    std::optional<bool> carrier;
    std::optional<uint8_t> operstate;  ///< IF_OPER_*
    std::optional<uint32_t> master;    ///< ifindex
    std::string kind;                  ///< IFLA_INFO_KIND, empty for plain devices
    std::string slave_kind;            ///< IFLA_INFO_SLAVE_KIND
    std::optional<BondInfo> bond;      ///< kind "bond"
    std::optional<BondSlaveInfo> bond_slave;
    std::vector<uint8_t> switch_id;  ///< IFLA_PHYS_SWITCH_ID, empty when the driver has none
    std::string phys_port_name;      ///< IFLA_PHYS_PORT_NAME: "p0", "pf0vf3", "c1pf0sf88"
    std::string parent_bus;          ///< IFLA_PARENT_DEV_BUS_NAME
    std::string parent_device;       ///< IFLA_PARENT_DEV_NAME
    bool operator==(const Link&) const = default;
};

struct LinkEvent {
    Link link;
    bool removed = false;
    std::optional<uint32_t> event;  ///< IFLA_EVENT
};

/// Counters of IFLA_STATS64.
struct LinkStats {
    uint64_t rx_packets = 0, tx_packets = 0, rx_bytes = 0, tx_bytes = 0;
    uint64_t rx_errors = 0, tx_errors = 0, rx_dropped = 0, tx_dropped = 0;
    uint64_t multicast = 0, collisions = 0;
    uint64_t rx_length_errors = 0, rx_over_errors = 0, rx_crc_errors = 0, rx_frame_errors = 0;
    uint64_t rx_fifo_errors = 0, rx_missed_errors = 0;
    uint64_t tx_aborted_errors = 0, tx_carrier_errors = 0, tx_fifo_errors = 0;
    uint64_t tx_heartbeat_errors = 0, tx_window_errors = 0;
};

/// A counter that a driver has beside those of every network device, as "ethtool -S" shows it.
struct DriverCounter {
    std::string name;
    uint64_t value = 0;
    bool operator==(const DriverCounter&) const = default;
};

/// What to change of a link; absent members stay as they are.
struct LinkChange {
    uint32_t ifindex = 0;
    std::optional<bool> up;
    std::optional<bool> promiscuous;
    std::optional<uint32_t> mtu;
    std::optional<MacAddress> mac;
    std::optional<std::string> name;
    std::optional<uint32_t> master;  ///< 0 releases
};

}  // namespace esw::netlink
