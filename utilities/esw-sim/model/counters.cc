// SPDX-License-Identifier: Apache-2.0
// The drivers' statistics of netdevs, as ethtool -S lists them.
#include <fmt/format.h>

#include "utilities/esw-sim/model/adapter.h"

namespace esw::sim {

namespace {

void add(std::vector<NetdevCounter>& to, const char* prefix, const Traffic& traffic) {
    const std::string start = prefix;
    to.push_back({start + "rx_packets", traffic.rx_packets});
    to.push_back({start + "rx_bytes", traffic.rx_bytes});
    to.push_back({start + "tx_packets", traffic.tx_packets});
    to.push_back({start + "tx_bytes", traffic.tx_bytes});
}

/// What a function has sent its representor has received.
Traffic other_side(const Traffic& traffic) {
    return {traffic.tx_packets, traffic.tx_bytes, traffic.rx_packets, traffic.rx_bytes};
}

}  // namespace

// A representor of a function: mlx5e_rep_stats_grps (en_rep.c), which are the packets that went
// through the netdev and then all of its vport, also those that the eswitch has forwarded itself.
// Since 6.2 the second group has those of RDMA.
//
// Other netdevs: of mlx5e_nic_stats_grps (en_stats.c) the first four of the group "sw", and of
// "phy" the packets and bytes on the wire.
std::vector<NetdevCounter> Adapter::counters(const Netdev& netdev) const {
    std::vector<NetdevCounter> counters;
    add(counters, "", netdev.traffic);
    if (netdev.role == Netdev::Role::kRepresentor) {
        add(counters, "vport_", other_side(netdev.vport->traffic));
        if (topology_.kernel.reps_count_rdma()) {
            for (const char* cast : {"unicast", "multicast"}) {
                for (const char* what : {"rx_vport_rdma_{}_packets", "rx_vport_rdma_{}_bytes",
                                         "tx_vport_rdma_{}_packets", "tx_vport_rdma_{}_bytes"}) {
                    counters.push_back({fmt::format(fmt::runtime(what), cast), 0});
                }
            }
        }
    } else if (netdev.role == Netdev::Role::kUplink) {
        const Traffic wire = other_side(netdev.pf->wire_traffic);
        counters.push_back({"tx_packets_phy", wire.tx_packets});
        counters.push_back({"rx_packets_phy", wire.rx_packets});
        counters.push_back({"tx_bytes_phy", wire.tx_bytes});
        counters.push_back({"rx_bytes_phy", wire.rx_bytes});
    }
    return counters;
}

}  // namespace esw::sim
