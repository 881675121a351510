// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/pcap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <time.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace esw::sim {

namespace {

// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-01.html
constexpr uint32_t kMagicMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kMagicNanoseconds = 0xa1b23c4d;
constexpr uint32_t kLinkTypeEthernet = 1;
constexpr uint32_t kMaxPacket = 65536;

struct FileHeader {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t reserved1, reserved2, snap_length, link_type;
};
struct PacketHeader {
    uint32_t seconds, fraction, captured, original;
};

uint32_t swapped(uint32_t value) {
    return __builtin_bswap32(value);
}

}  // namespace

Result<std::vector<PacketBytes>> read_pcap(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(errno, path, "open");
    }
    const std::string data{std::istreambuf_iterator<char>(file), {}};
    FileHeader header;
    if (data.size() < sizeof header) {
        return fail(EINVAL, path, "", "too short for a pcap file");
    }
    std::memcpy(&header, data.data(), sizeof header);
    const bool swap =
        header.magic == swapped(kMagicMicroseconds) || header.magic == swapped(kMagicNanoseconds);
    if (!swap && header.magic != kMagicMicroseconds && header.magic != kMagicNanoseconds) {
        return fail(EINVAL, path, "", "not a pcap file (pcapng is not read)");
    }
    const auto host = [swap](uint32_t value) { return swap ? swapped(value) : value; };
    if ((host(header.link_type) & 0xffff) != kLinkTypeEthernet) {
        return fail(EINVAL, path, "",
                    fmt::format("link type {} is not Ethernet", host(header.link_type) & 0xffff));
    }
    std::vector<PacketBytes> packets;
    size_t at = sizeof header;
    while (at < data.size()) {
        PacketHeader packet;
        if (data.size() - at < sizeof packet) {
            return fail(EINVAL, path, "",
                        fmt::format("packet {} is cut short", packets.size() + 1));
        }
        std::memcpy(&packet, data.data() + at, sizeof packet);
        at += sizeof packet;
        const uint32_t length = host(packet.captured);
        if (length > kMaxPacket || length > data.size() - at) {
            return fail(EINVAL, path, "",
                        fmt::format("packet {} is cut short", packets.size() + 1));
        }
        const auto* start = reinterpret_cast<const std::byte*>(data.data() + at);
        packets.emplace_back(start, start + length);
        at += length;
    }
    return packets;
}

Result<PacketBytes> parse_hex(std::string_view text) {
    PacketBytes packet;
    int high = -1;
    for (const char c : text) {
        if (std::isspace(static_cast<unsigned char>(c)) || c == ':') {
            continue;
        }
        if (!std::isxdigit(static_cast<unsigned char>(c))) {
            return fail(EINVAL, "packet", "", fmt::format("'{}' is not a hexadecimal digit", c));
        }
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high < 0) {
            high = digit;
        } else {
            packet.push_back(static_cast<std::byte>(high << 4 | digit));
            high = -1;
        }
    }
    if (high >= 0) {
        return fail(EINVAL, "packet", "", "an odd number of hexadecimal digits");
    }
    if (packet.size() < 14) {
        return fail(EINVAL, "packet", "",
                    fmt::format("{} bytes are no Ethernet frame", packet.size()));
    }
    return packet;
}

Result<std::unique_ptr<PcapWriter>> PcapWriter::create(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644));
    if (!fd) {
        return fail(errno, path, "create");
    }
    const FileHeader header{kMagicNanoseconds, 2, 4, 0, 0, kMaxPacket, kLinkTypeEthernet};
    if (::write(fd.get(), &header, sizeof header) != sizeof header) {
        return fail(errno, path, "write");
    }
    return std::unique_ptr<PcapWriter>(new PcapWriter(std::move(fd), path));
}

void PcapWriter::write(std::span<const std::byte> packet) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const auto length = static_cast<uint32_t>(packet.size());
    PacketHeader header{static_cast<uint32_t>(now.tv_sec), static_cast<uint32_t>(now.tv_nsec),
                        length, length};
    const iovec parts[] = {{&header, sizeof header},
                           {const_cast<std::byte*>(packet.data()), packet.size()}};
    if (::writev(fd_.get(), parts, 2) > 0) {
        packets_++;
    }
}

}  // namespace esw::sim
