// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/pcapng.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace esw::sim {

namespace {

using Body = std::vector<std::byte>;

// Types of blocks and of options.
constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kInterfaceName = 2;
constexpr uint16_t kTimestampResolution = 9;
constexpr uint16_t kPacketFlags = 2;

constexpr uint32_t kByteOrder = 0x1a2b3c4d;
constexpr uint16_t kEthernet = 1;  // LINKTYPE_ETHERNET
constexpr uint8_t kNanoseconds = 9;

template <class T>
void put(Body& body, T value) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
    body.insert(body.end(), bytes, bytes + sizeof value);
}

void put_bytes(Body& body, const void* data, size_t length) {
    const auto* const bytes = static_cast<const std::byte*>(data);
    body.insert(body.end(), bytes, bytes + length);
    body.resize((body.size() + 3) / 4 * 4);
}

void put_option(Body& body, uint16_t code, const void* data, size_t length) {
    put(body, code);
    put(body, static_cast<uint16_t>(length));
    put_bytes(body, data, length);
}

}  // namespace

Result<std::unique_ptr<PcapngWriter>> PcapngWriter::create(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644));
    if (!fd) {
        return fail(errno, path, "create");
    }
    std::unique_ptr<PcapngWriter> writer(new PcapngWriter(std::move(fd)));
    Body body;
    put(body, kByteOrder);
    put(body, uint16_t{1});  // version 1.0
    put(body, uint16_t{0});
    put(body, int64_t{-1});  // length of the section: not told
    if (!writer->put_block(kSectionHeader, std::move(body))) {
        return fail(errno, path, "write");
    }
    return writer;
}

bool PcapngWriter::put_block(uint32_t type, Body body) {
    const auto length = static_cast<uint32_t>(body.size() + 12);
    Body block;
    put(block, type);
    put(block, length);
    block.insert(block.end(), body.begin(), body.end());
    put(block, length);
    return ::write(fd_.get(), block.data(), block.size()) == static_cast<ssize_t>(block.size());
}

uint32_t PcapngWriter::interface_of(const std::string& place) {
    const auto [entry, fresh] =
        interfaces_.emplace(place, static_cast<uint32_t>(interfaces_.size()));
    if (fresh) {
        Body body;
        put(body, kEthernet);
        put(body, uint16_t{0});
        put(body, uint32_t{0});  // no limit of a packet's length
        put_option(body, kInterfaceName, place.data(), place.size());
        put_option(body, kTimestampResolution, &kNanoseconds, sizeof kNanoseconds);
        put_option(body, kEndOfOptions, nullptr, 0);
        put_block(kInterfaceDescription, std::move(body));
    }
    return entry->second;
}

void PcapngWriter::write(const std::string& place, Direction direction,
                         std::span<const std::byte> packet) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t time =
        static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
    const auto length = static_cast<uint32_t>(packet.size());
    Body body;
    put(body, interface_of(place));
    put(body, static_cast<uint32_t>(time >> 32));
    put(body, static_cast<uint32_t>(time));
    put(body, length);
    put(body, length);
    put_bytes(body, packet.data(), packet.size());
    put_option(body, kPacketFlags, &direction, sizeof direction);
    put_option(body, kEndOfOptions, nullptr, 0);
    if (put_block(kEnhancedPacket, std::move(body))) {
        packets_++;
    }
}

}  // namespace esw::sim
