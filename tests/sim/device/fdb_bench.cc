// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device/fdb_bench.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace device {

FdbMatch compiled(Match match) {
    uint32_t masks[FdbMatch::kWords], values[FdbMatch::kWords];
    std::memcpy(masks, match.mask()->match_buf, sizeof masks);
    std::memcpy(values, match.value()->match_buf, sizeof values);
    FdbMatch result;
    for (unsigned word = 0; word < FdbMatch::kWords; word++) {
        if (masks[word] != 0) {
            result.present.set(word);
            result.mask.push_back(masks[word]);
            result.value.push_back(values[word]);
        }
    }
    return result;
}

FdbMatch by_destination(const Frame& frame) {
    const uint64_t address = std::get<Eth>(frame.front()).dst;
    return compiled(Match()
                        .set(FIELD(outer_headers.dmac_47_16), address >> 16)
                        .set(FIELD(outer_headers.dmac_15_0), address & 0xffff));
}

Frame frame_to(uint32_t number, uint32_t seed) {
    return {Eth{0x020000000000u + number, 1, 0x88b5}, payload(seed)};
}

FdbActions to(std::vector<FdbOutput> outputs) {
    FdbActions actions;
    actions.outputs = std::move(outputs);
    return actions;
}

FdbActions to(uint32_t port) {
    return to({FdbOutput{port, {}}});
}

FdbActions drop() {
    return {};
}

std::string to_string(const Fdb::Refused& refused) {
    return std::to_string(refused.reason) + " " + refused.error.to_string();
}

FdbSetup::FdbSetup(const Given& given, FdbLimits limits) {
    auto device = esw::mlx5::open_ib_device({"pci", given.pci});
    if (!device) {
        throw std::runtime_error(device.error().to_string());
    }
    device_ = *std::move(device);
    auto fdb = esw::mlx5::make_fdb(device_, limits);
    if (!fdb) {
        throw std::runtime_error(fdb.error().to_string());
    }
    fdb_ = *std::move(fdb);
    const auto add = [&](uint32_t port, uint16_t vport) {
        if (const auto added = fdb_->add_port(port, rep_of(vport)); !added) {
            throw std::runtime_error(added.error().to_string());
        }
    };
    add(kWirePort, kWireVport);
    for (unsigned n = 0; n < given.vfs; n++) {
        add(vf_port(n), static_cast<uint16_t>(n + 1));
    }
}

esw::RdmaRep FdbSetup::rep_of(uint16_t vport) const {
    for (uint32_t port = 1; port <= device_->port_count(); port++) {
        if (const auto rep = device_->query_port(port); rep && rep->vport == vport) {
            return *rep;
        }
    }
    throw std::runtime_error("no port of vport " + std::to_string(vport));
}

Fdb::Inserted FdbSetup::insert(const FdbFlow& flow) const {
    auto inserted = fdb_->insert(flow);
    if (!inserted) {
        throw std::runtime_error(to_string(inserted.error()));
    }
    return *std::move(inserted);
}

FdbBench::Arrivals FdbBench::sent(Netdevs::Id from, const std::vector<Frame>& frames) {
    std::vector<Bytes> bytes;
    for (const Frame& frame : frames) {
        bytes.push_back(encode(frame));
    }
    return netdevs().exchange(from, bytes);
}

FdbBench::Arrivals FdbBench::arrivals(std::vector<std::pair<Netdevs::Id, Frame>> wanted) {
    Arrivals result;
    for (const auto& [at, frame] : wanted) {
        result.push_back({at, encode(frame)});
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return result;
}

}  // namespace device
