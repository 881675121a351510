// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/hardware/pipeline.h"

#include <utility>

#include "utilities/esw-sim/hardware/actions.h"
#include "utilities/esw-sim/hardware/reformat.h"
#include "utilities/esw-sim/hardware/ste.h"

namespace esw::sim::pipeline {

namespace {

constexpr uint16_t kManager = 0;
constexpr uint16_t kWire = 0xffff;

// What a program that is wrong may make of one packet at most.
constexpr size_t kMaxEntries = 65536;  ///< entries visited: a long list of collisions, at most
constexpr size_t kMaxCopies = 1024;    ///< destinations of firmware's tables
constexpr int kMaxTables = 64;         ///< firmware's tables, one in the other

/// One frame's way, and that of the copies that are made of it.
class Walk {
public:
    Walk(SteeringResources& resources, const Source& source)
        : resources_(resources),
          source_(source),
          option_(resources.geneve_option()),
          actions_(resources) {}

    std::vector<Outcome> take(uint32_t table, Frame frame) {
        SteeredPacket packet;
        packet.headers = parse_packet(frame);
        packet.frame = std::move(frame);
        packet.source_gvmi = source_.vport.number == kWire ? 0 : source_.vhca_id;
        packet.reg_c[0] = source_.reg_c_0;
        enter_table(table, std::move(packet), 0);
        return std::move(outcomes_);
    }

private:
    void enter_table(uint32_t id, SteeredPacket packet, int depth) {
        const FlowTable* const table = resources_.flow_table(id);
        if (table == nullptr) {
            return drop("no such flow table");
        }
        if (table->software_owned) {
            const bool rx = source_.vport.number == kWire;
            return walk(rx ? table->icm_root_rx : table->icm_root_tx, std::move(packet), depth);
        }
        if (depth >= kMaxTables) {
            return drop("a loop of flow tables");
        }
        for (const uint32_t counter : table->counters) {
            count(counter, packet);
        }
        if (table->destinations.empty()) {
            return leave(Outcome::Kind::kMiss, {source_.vport.owner_vhca_id, 0}, std::move(packet));
        }
        // By value: what is counted or sent may change the tables.
        for (const FlowDestination& to : std::vector(table->destinations)) {
            if (++copies_ > kMaxCopies) {
                return drop("too many copies of a packet");
            }
            copy_to(to, packet, depth);
        }
    }

    void copy_to(const FlowDestination& to, SteeredPacket packet, int depth) {
        if (to.reformat) {
            if (const char* const reason =
                    reformat(packet.frame, resources_.reformat(*to.reformat))) {
                return drop(reason);
            }
            packet.headers = parse_packet(packet.frame);
        }
        switch (to.kind) {
            case FlowDestination::Kind::kVport:
                return forward(to.vport, std::move(packet));
            case FlowDestination::Kind::kTable:
                return enter_table(to.table, std::move(packet), depth + 1);
            case FlowDestination::Kind::kDrop:
                return drop(kDropAction.data());
        }
    }

    /// Follows entries from `address` until one leads out of software's memory.
    void walk(uint64_t address, SteeredPacket packet, int depth) {
        Icm::Line line;
        while (resources_.read_line(address, line)) {
            if (++entries_ > kMaxEntries) {
                return drop("a loop of entries");
            }
            const Ste entry(line);
            bool known = true;
            if (!entry.hit(packet, option_, known)) {
                if (!known) {
                    return drop("an entry of an unknown lookup type");
                }
                address = entry.miss();
                continue;
            }
            if (!known) {
                return drop("an entry of an unknown lookup type");
            }
            if (const char* const reason = apply(entry, packet)) {
                return drop(reason);
            }
            const auto next = entry_address(entry.next(), packet, option_);
            if (!next) {
                return drop("a table of an unknown lookup type");
            }
            address = *next;
        }
        arrive(resources_.place(address), std::move(packet), depth);
    }

    /// An entry counts the packet as it came; libmlx5 puts a counter that is to see a packet
    /// without its tunnel into an entry of its own.
    const char* apply(const Ste& entry, SteeredPacket& packet) {
        if (entry.counter() != 0) {
            count(entry.counter(), packet);
        }
        const char* const reason = actions_.execute(entry.actions(), packet);
        if (reason == nullptr && entry.reparse()) {
            packet.headers = parse_packet(packet.frame);
        }
        return reason;
    }

    void arrive(const Place& place, SteeredPacket packet, int depth) {
        switch (place.kind) {
            case Place::Kind::kNone:
                return drop("an entry that leads nowhere");
            case Place::Kind::kVport:
                return forward(place.vport, std::move(packet));
            case Place::Kind::kManager:
                return leave(Outcome::Kind::kMiss, place.vport, std::move(packet));
            case Place::Kind::kDrop:
                return drop(kDropAction.data());
            case Place::Kind::kFirmwareTable:
                return enter_table(place.table, std::move(packet), depth + 1);
        }
    }

    void count(uint32_t counter, const SteeredPacket& packet) {
        resources_.count(counter, 1, packet.frame.size());
    }

    /// What goes out of the manager's vport is a representor's. Nothing that came from the wire
    /// goes back there: "can't go to uplink on RX rule - dropping instead" (dr_action.c of
    /// mlx5_core).
    void forward(VportId vport, SteeredPacket packet) {
        if (vport.number == kManager) {
            return leave(Outcome::Kind::kMiss, vport, std::move(packet));
        }
        if (vport.number == kWire && source_.vport == vport) {
            return drop("from the wire to the wire");
        }
        leave(Outcome::Kind::kForward, vport, std::move(packet));
    }

    void leave(Outcome::Kind kind, VportId vport, SteeredPacket packet) {
        Outcome& outcome = outcomes_.emplace_back();
        outcome.kind = kind;
        outcome.vport = vport;
        outcome.reg_c_0 = packet.reg_c[0];
        outcome.frame = std::move(packet.frame);
    }

    void drop(const char* reason) { outcomes_.emplace_back().reason = reason; }

    SteeringResources& resources_;
    const Source& source_;
    const std::optional<GeneveOption> option_;
    ActionEngine actions_;
    size_t entries_ = 0;
    size_t copies_ = 0;
    std::vector<Outcome> outcomes_;
};

}  // namespace

std::vector<Outcome> run_table(SteeringResources& resources, uint32_t table, const Source& source,
                               Frame frame) {
    return Walk(resources, source).take(table, std::move(frame));
}

}  // namespace esw::sim::pipeline
