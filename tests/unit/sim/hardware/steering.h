// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <vector>

#include "utilities/esw-sim/hardware/pipeline.h"

namespace esw::sim {

constexpr uint16_t kWirePort = 0xffff;

/// An entry as software writes one (dr_ste_v1.c of rdma-core 44), by hand.
class EntryWriter {
public:
    EntryWriter(uint8_t format, uint16_t lookup_type);

    EntryWriter& tag(size_t at, std::initializer_list<uint8_t> value,
                     std::initializer_list<uint8_t> mask);
    EntryWriter& never();  ///< a value outside of its mask
    EntryWriter& miss(uint64_t address);
    EntryWriter& hit(uint64_t address, uint64_t entries = 1, uint16_t lookup_type = 0x000f,
                     uint16_t byte_mask = 0);
    EntryWriter& counter(uint32_t id);
    EntryWriter& reparse();
    EntryWriter& actions(std::initializer_list<uint8_t> bytes);

    const Icm::Line& line() const { return line_; }

private:
    alignas(8) Icm::Line line_{};
};

/// Memory and objects of a test's steering.
class FakeSteering : public SteeringResources {
public:
    static constexpr uint64_t kVport2 = 0xf00000040;
    static constexpr uint64_t kUplink = 0xf00000080;
    static constexpr uint64_t kManager = 0xf000000c0;
    static constexpr uint64_t kDropAll = 0xf00000100;
    static constexpr uint64_t kArray = 0xf00000140;  ///< flow table kArrayTable
    static constexpr uint32_t kTable = 7;
    static constexpr uint32_t kArrayTable = 8;
    static constexpr uint64_t kRx = 0x1000, kTx = 0x2000;
    static constexpr uint64_t kLists = 0x900000000;

    FakeSteering();

    void write(uint64_t address, const EntryWriter& entry) { lines[address] = entry.line(); }
    /// Takes a frame through kTable.
    std::vector<pipeline::Outcome> run(const pipeline::Frame& frame, uint16_t vport = 1);

    bool read_line(uint64_t address, Icm::Line& line) const override;
    Place place(uint64_t address) const override;
    const FlowTable* flow_table(uint32_t id) const override;
    const Reformat* reformat(uint32_t id) const override;
    uint64_t header_modify_base() const override { return kLists; }
    std::optional<GeneveOption> geneve_option() const override { return option; }
    void count(uint32_t counter, uint64_t packets, uint64_t bytes) override;

    std::map<uint64_t, Icm::Line> lines;
    std::map<uint64_t, Place> places;
    std::map<uint32_t, FlowTable> tables;
    std::map<uint32_t, Reformat> reformats;
    std::map<uint32_t, std::pair<uint64_t, uint64_t>> counted;  ///< packets, bytes
    std::optional<GeneveOption> option;
};

}  // namespace esw::sim
