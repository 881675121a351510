// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace esw::sim {

using PacketBytes = std::vector<std::byte>;

/// Packets of a classic pcap file (either byte order, micro- or nanoseconds, Ethernet).
Result<std::vector<PacketBytes>> read_pcap(const std::string& path);

/// One packet from hexadecimal digits; blanks, colons and line ends between bytes are skipped.
Result<PacketBytes> parse_hex(std::string_view text);

/// Writes packets to a pcap file as they come; each is in the file when write() returns.
class PcapWriter {
public:
    static Result<std::unique_ptr<PcapWriter>> create(const std::string& path);
    void write(std::span<const std::byte> packet);
    uint64_t packets() const { return packets_; }
    const std::string& path() const { return path_; }

private:
    PcapWriter(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    UniqueFd fd_;
    std::string path_;
    uint64_t packets_ = 0;
};

}  // namespace esw::sim
