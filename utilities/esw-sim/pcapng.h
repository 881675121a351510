// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace esw::sim {

/// Writes the packets of many places to one pcapng file (draft-ietf-opsawg-pcapng), each place an
/// interface of the file with its name. Each packet is in the file when write() returns.
class PcapngWriter {
public:
    /// As seen from the place: epb_flags.
    enum class Direction : uint32_t { kReceived = 1, kSent = 2 };

    static Result<std::unique_ptr<PcapngWriter>> create(const std::string& path);
    void write(const std::string& place, Direction direction, std::span<const std::byte> packet);
    uint64_t packets() const { return packets_; }

private:
    explicit PcapngWriter(UniqueFd fd) : fd_(std::move(fd)) {}
    uint32_t interface_of(const std::string& place);
    bool put_block(uint32_t type, std::vector<std::byte> body);

    UniqueFd fd_;
    std::map<std::string, uint32_t> interfaces_;
    uint64_t packets_ = 0;
};

}  // namespace esw::sim
