// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "utilities/esw-sim/hardware/icm.h"

namespace esw::sim {

/// A vport of one eswitch: the vhca_id of the PF that owns the eswitch, and its number there
/// (0xffff: the wire).
struct VportId {
    uint16_t owner_vhca_id = 0;
    uint16_t number = 0;
    auto operator<=>(const VportId&) const = default;
};

/// What is at an ICM address that the firmware gave out and that is no entry of software's.
struct Place {
    enum class Kind {
        kNone,     ///< nothing: a packet that comes here is dropped, and counted as such
        kVport,    ///< out of this vport, or out of the wire (number 0xffff)
        kManager,  ///< to the eswitch manager: a miss
        kDrop,
        kFirmwareTable  ///< into a flow table that the firmware owns
    };
    Kind kind = Kind::kNone;
    VportId vport;       ///< kVport, kManager (the eswitch)
    uint32_t table = 0;  ///< kFirmwareTable
};

/// Where an entry of a firmware-owned flow table sends a packet.
struct FlowDestination {
    enum class Kind { kVport, kTable, kDrop };
    Kind kind = Kind::kDrop;
    VportId vport;
    uint32_t table = 0;
    std::optional<uint32_t> reformat;  ///< packet reformat object that is applied first
};

/// A flow table object (CREATE_FLOW_TABLE).
struct FlowTable {
    uint32_t id = 0;
    uint8_t type = 0;  ///< FS_FT_FDB ...
    uint8_t level = 0;
    bool software_owned = false;
    uint64_t icm_root_rx = 0;  ///< software owned: sw_owner_icm_root_0, for packets from the wire
    uint64_t icm_root_tx = 0;  ///< sw_owner_icm_root_1, for packets from vports
    /// Firmware owned: of its entries, which match everything (destination arrays). Empty: miss.
    std::vector<FlowDestination> destinations;
    std::vector<uint32_t> counters;
};

/// Content of a packet reformat object (ALLOC_PACKET_REFORMAT_CONTEXT).
struct Reformat {
    uint8_t type = 0;
    std::vector<std::byte> data;
};

/// The Geneve option that a flex parser samples (GENEVE_TLV_OPT general object).
struct GeneveOption {
    uint16_t option_class = 0;
    uint8_t option_type = 0;
    uint8_t data_words = 0;   ///< option_data_length
    uint8_t flex_parser = 0;  ///< flex_parser_id_geneve_tlv_option_0 of the capabilities
};

/// What the packet pipeline asks of the rest of the adapter. Implemented by the firmware of a PF.
class SteeringResources {
public:
    virtual ~SteeringResources() = default;
    virtual bool read_line(uint64_t icm_address, Icm::Line& line) const = 0;
    virtual Place place(uint64_t icm_address) const = 0;
    virtual const FlowTable* flow_table(uint32_t id) const = 0;
    virtual const Reformat* reformat(uint32_t id) const = 0;
    /// Address of the header-modify ICM that index 0 of a rewrite action means.
    virtual uint64_t header_modify_base() const = 0;
    /// Nothing while no such object exists.
    virtual std::optional<GeneveOption> geneve_option() const { return std::nullopt; }
    virtual void count(uint32_t counter, uint64_t packets, uint64_t bytes) = 0;
};

}  // namespace esw::sim
