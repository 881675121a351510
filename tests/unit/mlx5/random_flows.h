// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "tests/unit/mlx5/flow_fixture.h"
#include "tests/unit/mlx5/random_packets.h"

namespace esw::mlx5::test {

/// How often what has been seen, by name.
using Tally = std::map<std::string, unsigned>;

/// A match that takes the packets of `key`, mostly; other bits than the mask's are there, too.
/// `random_headers` has the key's but the tunnel's part.
void random_headers(Random& random, const esw_flow_key& key, uint8_t vlan_limit,
                    esw_flow_match& match);
/// The tunnel's part, as Open vSwitch has it or with more.
void random_tunnel(Random& random, const esw_tunnel_key& key, esw_flow_match& match);

/// Headers that actions point to.
struct TunnelHeaders {
    std::vector<uint8_t> of[2][2] = {
        {tunnel_header(ESW_TUNNEL_VXLAN, false), tunnel_header(ESW_TUNNEL_VXLAN, true)},
        {tunnel_header(ESW_TUNNEL_GENEVE, false), tunnel_header(ESW_TUNNEL_GENEVE, true)}};
};

/// A list of actions that makes sense for packets of `key`, mostly.
Actions random_actions(Random& random, const esw_flow_key& key, uint32_t in_port,
                       const TunnelHeaders& headers);

/// Counts each field that the match asks for, and each kind of action.
void tally(const esw_flow_match& match, Tally& tally);
void tally(const Actions& actions, Tally& tally);

/// What there must be of them: all that the compiler supports.
std::vector<std::string> supported_fields();
std::vector<std::string> supported_tunnel_fields();
std::vector<std::string> supported_actions();

}  // namespace esw::mlx5::test
