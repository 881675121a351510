// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/tunnel_header.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "esw-manager/mlx5/action_compiler.h"

namespace esw::mlx5 {

namespace {

constexpr size_t kEthernet = 14;
constexpr size_t kIp4 = 20;
constexpr size_t kIp6 = 40;
constexpr size_t kUdp = 8;
constexpr size_t kTunnel = 8;

uint16_t load16(const uint8_t* bytes) {
    return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]);
}

/// The length of IP's header in front of UDP, or 0.
size_t ip_length(const uint8_t* frame) {
    const uint8_t* const ip = frame + kEthernet;
    switch (load16(frame + kEthernet - 2)) {
        case ETH_P_IP:
            return ip[0] == 0x45 && ip[9] == IPPROTO_UDP ? kIp4 : 0;
        case ETH_P_IPV6:
            return ip[0] >> 4 == 6 && ip[6] == IPPROTO_UDP ? kIp6 : 0;
        default:
            return 0;
    }
}

}  // namespace

bool is_supported_tunnel_header(const esw_tunnel_push_action& push) {
    const uint8_t* const frame = push.header;
    if (push.header_length < kEthernet + kIp4 + kUdp + kTunnel ||
        push.header_length > kMaxEncapsulation) {
        return false;
    }
    const size_t ip = ip_length(frame);
    if (ip == 0 || push.header_length < kEthernet + ip + kUdp + kTunnel) {
        return false;
    }
    const uint8_t* const udp = frame + kEthernet + ip;
    const uint8_t* const tunnel = udp + kUdp;
    const size_t behind = push.header_length - (kEthernet + ip + kUdp + kTunnel);
    if (load16(udp + 6) != 0) {
        return false;
    }
    if (push.type == ESW_TUNNEL_VXLAN) {
        return behind == 0 && tunnel[0] == 0x08;  // RFC 7348: the I flag
    }
    // RFC 8926: version 0, length of the options, the inner protocol.
    return push.type == ESW_TUNNEL_GENEVE && tunnel[0] >> 6 == 0 &&
           behind == size_t{tunnel[0] & 0x3fu} * 4 && load16(tunnel + 2) == 0x6558;
}

}  // namespace esw::mlx5
