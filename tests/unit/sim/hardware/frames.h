// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace esw::sim {

/// Frames of tests, written from the outside in; lengths and checksums are filled by finish().
class FrameWriter {
public:
    using Bytes = std::vector<std::byte>;

    FrameWriter& u8(uint32_t value);
    FrameWriter& u16(uint32_t value);
    FrameWriter& u32(uint32_t value);
    FrameWriter& mac(uint64_t value);
    FrameWriter& bytes(const Bytes& bytes);
    FrameWriter& text(std::string_view text);

    FrameWriter& ethernet(uint64_t dst, uint64_t src, uint16_t type);
    FrameWriter& vlan(uint16_t control, uint16_t type);  ///< its own ethertype is written before
    FrameWriter& ip4(uint32_t src, uint32_t dst, uint8_t protocol, uint8_t ttl = 64,
                     uint8_t tos = 0, uint16_t fragment = 0, size_t options = 0);
    FrameWriter& ip6(uint32_t src, uint32_t dst, uint8_t next, uint8_t hop_limit = 64,
                     uint32_t class_and_label = 0);  ///< last words of the addresses
    FrameWriter& tcp(uint16_t src, uint16_t dst, uint32_t seq = 1, uint32_t ack = 2,
                     uint16_t flags = 0x10);
    FrameWriter& udp(uint16_t src, uint16_t dst, bool checksum = true);

    /// The frame with the lengths and checksums of all headers that were written.
    Bytes finish() const;

private:
    struct Mark {
        enum class Kind { kIp4, kIp6, kTcp, kUdp, kUdpWithout } kind;
        size_t at;
    };
    Bytes bytes_;
    std::vector<Mark> marks_;
};

/// Checksums of IPv4, TCP and UDP, of the outer headers and those inside a tunnel; "" when right.
/// Calculated from the frame alone, without the parser of the adapter.
std::string_view checksum_error(const FrameWriter::Bytes& frame, size_t ethernet_at = 0);

}  // namespace esw::sim
