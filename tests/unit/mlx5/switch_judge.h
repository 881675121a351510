// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "esw-manager/flow/megaflow.h"
#include "tests/unit/mlx5/flow_fixture.h"
#include "tests/unit/mlx5/packet_bytes.h"

namespace esw::mlx5::test {

/// What Open vSwitch's userspace datapath finds in a packet: written from what its flow_extract()
/// and ovs-fields(7) say. Judges the compiler, and shares nothing with it.
esw_flow_key extract(const Bytes& packet, uint8_t vlan_limit);

/// Whether the key is as the match has it.
bool matches(const esw_flow_match& match, const esw_flow_key& key);

/// Does the actions, one after the other. Outputs after a tunnel's header have been given it.
std::vector<Sent> execute(const Actions& actions, Bytes packet);

/// The packet in a tunnel, and the key with the tunnel's part: what TUNNEL_POP gives.
struct Unpacked {
    Bytes packet;
    esw_flow_key key;
};
std::optional<Unpacked> unpack_tunnel(const Bytes& packet, esw_tunnel_type type,
                                      uint8_t vlan_limit);

}  // namespace esw::mlx5::test
