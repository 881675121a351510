// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/hardware/steering.h"

#include <algorithm>

#include "esw-manager/mlx5/prm_ste.h"

namespace esw::sim {

namespace {

void copy(std::initializer_list<uint8_t> from, Icm::Line& to, size_t at) {
    for (const uint8_t b : from) {
        to[at++] = static_cast<std::byte>(b);
    }
}

template <class K, class V>
const V* find(const std::map<K, V>& map, const K& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
}

}  // namespace

EntryWriter::EntryWriter(uint8_t format, uint16_t lookup_type) {
    DEVX_SET(ste_match_bwc_v1, line_.data(), entry_format, format);
    DEVX_SET(ste_match_bwc_v1, line_.data(), match_definer_ctx_idx, lookup_type & 0xffu);
    hit(0);
}

EntryWriter& EntryWriter::tag(size_t at, std::initializer_list<uint8_t> value,
                              std::initializer_list<uint8_t> mask) {
    copy(mask, line_, 32 + at);
    copy(value, line_, 48 + at);
    return *this;
}

EntryWriter& EntryWriter::never() {
    return tag(0, {0xdc}, {0});
}

EntryWriter& EntryWriter::miss(uint64_t address) {
    DEVX_SET(ste_match_bwc_v1, line_.data(), miss_address_39_32,
             static_cast<uint32_t>(address >> 32));
    DEVX_SET(ste_match_bwc_v1, line_.data(), miss_address_31_6,
             static_cast<uint32_t>(address >> 6));
    return *this;
}

EntryWriter& EntryWriter::hit(uint64_t address, uint64_t entries, uint16_t lookup_type,
                              uint16_t byte_mask) {
    const uint64_t index = address >> 5 | entries;
    DEVX_SET(ste_match_bwc_v1, line_.data(), next_table_base_39_32_size,
             static_cast<uint32_t>(index >> 27));
    DEVX_SET(ste_match_bwc_v1, line_.data(), next_table_base_31_5_size,
             static_cast<uint32_t>(index));
    DEVX_SET(ste_match_bwc_v1, line_.data(), hash_definer_ctx_idx, lookup_type & 0xffu);
    if (std::to_integer<int>(line_[0]) < 2) {
        DEVX_SET(ste_match_bwc_v1, line_.data(), next_entry_format, lookup_type >> 8 & 1u);
        DEVX_SET(ste_match_bwc_v1, line_.data(), byte_mask, byte_mask);
    }
    return *this;
}

EntryWriter& EntryWriter::counter(uint32_t id) {
    DEVX_SET(ste_match_bwc_v1, line_.data(), counter_id, id);
    return *this;
}

EntryWriter& EntryWriter::reparse() {
    DEVX_SET(ste_match_bwc_v1, line_.data(), reparse, 1);
    return *this;
}

EntryWriter& EntryWriter::actions(std::initializer_list<uint8_t> bytes) {
    copy(bytes, line_, std::to_integer<int>(line_[0]) < 2 ? 24 : 20);
    return *this;
}

FakeSteering::FakeSteering() {
    places[kVport2] = {Place::Kind::kVport, {1, 2}};
    places[kUplink] = {Place::Kind::kVport, {1, kWirePort}};
    places[kManager] = {Place::Kind::kManager, {1, 0}};
    places[kDropAll] = {Place::Kind::kDrop, {}};
    places[kArray] = {Place::Kind::kFirmwareTable, {}, kArrayTable};
    FlowTable& table = tables[kTable];
    table.id = kTable;
    table.software_owned = true;
    table.icm_root_rx = kRx;
    table.icm_root_tx = kTx;
    tables[kArrayTable].id = kArrayTable;
}

std::vector<pipeline::Outcome> FakeSteering::run(const pipeline::Frame& frame, uint16_t vport) {
    pipeline::Source source;
    source.vport = {1, vport};
    source.reg_c_0 = 0x00050000;
    source.vhca_id = static_cast<uint16_t>(0x100 + vport);
    return pipeline::run_table(*this, kTable, source, frame);
}

bool FakeSteering::read_line(uint64_t address, Icm::Line& line) const {
    const Icm::Line* const found = find(lines, address);
    if (found != nullptr) {
        line = *found;
    }
    return found != nullptr;
}

Place FakeSteering::place(uint64_t address) const {
    const Place* const found = find(places, address);
    return found != nullptr ? *found : Place{};
}

const FlowTable* FakeSteering::flow_table(uint32_t id) const {
    return find(tables, id);
}

const Reformat* FakeSteering::reformat(uint32_t id) const {
    return find(reformats, id);
}

void FakeSteering::count(uint32_t counter, uint64_t packets, uint64_t bytes) {
    counted[counter].first += packets;
    counted[counter].second += bytes;
}

}  // namespace esw::sim
