// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/reformat.h"

#include <netinet/in.h>

#include <algorithm>

#include "utilities/esw-sim/hardware/packet.h"

namespace esw::sim {

namespace {

/// enum mlx5_reformat_ctx_type of <linux/mlx5/mlx5_ifc.h>.
enum ReformatType : uint8_t {
    kL2ToVxlan = 0,
    kL2ToNvgre = 1,
    kL2ToL2Tunnel = 2,
    kL2ToL3Tunnel = 4
};

void store16(std::vector<std::byte>& frame, size_t at, size_t value) {
    frame[at] = static_cast<std::byte>(value >> 8);
    frame[at + 1] = static_cast<std::byte>(value);
}

void set_ip4_checksum(std::vector<std::byte>& frame, size_t at, size_t length) {
    store16(frame, at + 10, 0);
    const FrameBytes bytes(frame);
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i += 2) {
        sum += bytes.u16(at + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    store16(frame, at + 10, ~sum & 0xffff);
}

void set_lengths(std::vector<std::byte>& frame) {
    const Headers ip = parse_packet(frame).outer;
    if (ip.ip_version == 4) {
        store16(frame, *ip.l3 + 2, frame.size() - *ip.l3);
        set_ip4_checksum(frame, *ip.l3, size_t{ip.ihl} * 4);
    } else if (ip.ip_version == 6) {
        store16(frame, *ip.l3 + 4, frame.size() - *ip.l3 - 40);
    }
    // Again: what is behind a header that said nothing of its length is found only now.
    const Headers udp = parse_packet(frame).outer;
    if (udp.protocol == IPPROTO_UDP && udp.l4) {
        store16(frame, *udp.l4 + 4, frame.size() - *udp.l4);
    }
}

}  // namespace

const char* insert_bytes(std::vector<std::byte>& frame, size_t at,
                         std::span<const std::byte> bytes) {
    if (at > frame.size()) {
        return "insertion behind the end of the packet";
    }
    if (bytes.size() > kMaxFrame || frame.size() > kMaxFrame - bytes.size()) {
        return "packet too long";
    }
    frame.insert(frame.begin() + static_cast<ptrdiff_t>(at), bytes.begin(), bytes.end());
    return nullptr;
}

const char* remove_bytes(std::vector<std::byte>& frame, size_t from, size_t to) {
    if (from > to || to > frame.size()) {
        return "removal behind the end of the packet";
    }
    frame.erase(frame.begin() + static_cast<ptrdiff_t>(from),
                frame.begin() + static_cast<ptrdiff_t>(to));
    return nullptr;
}

const char* encapsulate(std::vector<std::byte>& frame, std::span<const std::byte> headers) {
    const char* const reason = insert_bytes(frame, 0, headers);
    if (reason == nullptr) {
        set_lengths(frame);
    }
    return reason;
}

const char* reformat(std::vector<std::byte>& frame, const Reformat* object) {
    if (object == nullptr) {
        return "no such packet reformat object";
    }
    switch (object->type) {
        case kL2ToVxlan:
        case kL2ToNvgre:
        case kL2ToL2Tunnel:
            return encapsulate(frame, object->data);
        case kL2ToL3Tunnel: {
            const Headers outer = parse_packet(frame).outer;
            if (!outer.l3) {
                return "a tunnel of layer 3 for a packet that is not IP";
            }
            const char* const reason = remove_bytes(frame, 0, *outer.l3);
            return reason != nullptr ? reason : encapsulate(frame, object->data);
        }
        default:
            return "packet reformat of a type that is no encapsulation";
    }
}

}  // namespace esw::sim
