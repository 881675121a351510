// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/forwarding.h"

#include <cerrno>

namespace esw::sim {

namespace {

constexpr size_t kMaxLearned = 4096;  // addresses per eswitch
constexpr size_t kEthernetHeader = 14;
constexpr uint16_t kManagerVport = 0;  // of what representors send
constexpr uint32_t kMetadataMask = 0xffff0000;

uint64_t address_at(std::span<const std::byte> frame, size_t offset) {
    uint64_t address = 0;
    for (size_t i = 0; i < 6; i++) {
        address = address << 8 | std::to_integer<uint64_t>(frame[offset + i]);
    }
    return address;
}

bool is_group(uint64_t address) {
    return (address >> 40 & 1) != 0;
}

}  // namespace

void Forwarder::from_netdev(Netdev& netdev, Frame frame) {
    if (frame.size() < kEthernetHeader) {
        return;
    }
    switch (netdev.role) {
        case Netdev::Role::kFunction:
            from_function(netdev, *netdev.pf, netdev.vport, frame);
            break;
        case Netdev::Role::kWire:
            from_function(netdev, *netdev.pf, nullptr, frame);
            break;
        case Netdev::Role::kRepresentor:
            from_representor(netdev, frame);
            break;
        case Netdev::Role::kUplink:
            if (netdev.pf->switchdev()) {
                from_representor(netdev, frame);
            } else {
                legacy(netdev, frame);
            }
            break;
    }
}

// `netdev`: of the function or the wire, where the frame came from.
void Forwarder::from_function(Netdev& netdev, Pf& pf, Vport* vport, Frame frame) {
    record(pf, vport, PcapngWriter::Direction::kSent, frame);
    Traffic& traffic = vport ? vport->traffic : pf.wire_traffic;
    traffic.tx_packets++;
    traffic.tx_bytes += frame.size();
    if (!netdev.carrier) {
        counters_.drop_link_down++;
    } else if (pf.mode == kModeLegacy) {
        legacy(netdev, frame);
    } else if (pf.mode == kModeSwitchdevInactive) {
        counters_.drop_inactive++;
    } else if (!by_rules(pf, vport ? vport->number : kUplinkVport, frame)) {
        deliver(vport ? vport->rep : pf.uplink, frame, counters_.miss);
    }
}

void Forwarder::from_representor(Netdev& rep, Frame frame) {
    Netdev* const to = rep.vport ? rep.vport->function : rep.pf->wire;
    if (rep.pf->mode == kModeSwitchdevInactive) {
        counters_.drop_inactive++;
    } else if (!by_rules(*rep.pf, kManagerVport, frame)) {
        deliver(to, frame, counters_.representor);
    }
}

/// False when no rule of a program takes the frame.
bool Forwarder::by_rules(Pf& pf, uint16_t vport, Frame frame) {
    const auto outcomes = steer_ ? steer_(pf, vport, frame) : std::nullopt;
    if (!outcomes) {
        return false;
    }
    for (const pipeline::Outcome& outcome : *outcomes) {
        carry_out(pf, outcome);
    }
    return true;
}

void Forwarder::carry_out(Pf& pf, const pipeline::Outcome& outcome) {
    using Kind = pipeline::Outcome::Kind;
    if (outcome.kind == Kind::kDrop) {
        (outcome.reason == pipeline::kDropAction ? counters_.drop_rule : counters_.drop_fault)++;
        drop_reasons_[outcome.reason]++;
        return;
    }
    if (outcome.kind == Kind::kMiss) {
        deliver(representor(pf, outcome.reg_c_0), outcome.frame, counters_.miss);
        return;
    }
    Pf* const owner = find_pf_ ? find_pf_(outcome.vport.owner_vhca_id) : &pf;
    Netdev* to = nullptr;
    if (owner && outcome.vport.number == kUplinkVport) {
        to = owner->wire;
    } else if (owner) {
        const auto vport = owner->vports.find(outcome.vport.number);
        to = vport == owner->vports.end() ? nullptr : vport->second->function;
    }
    if (!to) {
        counters_.drop_no_vport++;
        return;
    }
    deliver(to, outcome.frame, counters_.hardware);
}

/// mlx5e_rep_tc_receive() and the rules before it: the representor of the vport whose metadata a
/// packet carries that came to the eswitch manager.
Netdev* Forwarder::representor(const Pf& pf, uint32_t reg_c_0) {
    if ((reg_c_0 & kMetadataMask) == pf.reg_c_0(kUplinkVport)) {
        return pf.uplink;
    }
    for (const auto& [number, vport] : pf.vports) {
        if ((reg_c_0 & kMetadataMask) == pf.reg_c_0(number)) {
            return vport->rep;
        }
    }
    return nullptr;
}

void Forwarder::deliver(Netdev* to, Frame frame, uint64_t& counter) {
    if (!to || !to->carrier) {
        counters_.drop_link_down++;
        return;
    }
    if (to->role == Netdev::Role::kFunction || to->role == Netdev::Role::kWire) {
        record(*to->pf, to->vport, PcapngWriter::Direction::kReceived, frame);
        Traffic& traffic = to->vport ? to->vport->traffic : to->pf->wire_traffic;
        traffic.rx_packets++;
        traffic.rx_bytes += frame.size();
    }
    if (send_(*to, frame)) {
        counter++;
    } else {
        counters_.drop_not_taken++;
    }
}

std::vector<Netdev*> Forwarder::legacy_ports(const Pf& pf) const {
    std::vector<Netdev*> ports{pf.uplink, pf.wire};
    for (const auto& [number, vport] : pf.vports) {
        ports.push_back(vport->function);
    }
    std::erase(ports, nullptr);
    return ports;
}

void Forwarder::learn(const Pf& pf, Netdev& from, Frame frame) {
    MacTable& table = learned_[&pf];
    const uint64_t source = address_at(frame, 6);
    if (!is_group(source) && (table.size() < kMaxLearned || table.count(source))) {
        table[source] = &from;
    }
}

void Forwarder::legacy(Netdev& from, Frame frame) {
    const Pf& pf = *from.pf;
    learn(pf, from, frame);
    const auto ports = legacy_ports(pf);
    const uint64_t destination = address_at(frame, 0);
    const auto known = learned_[&pf].find(destination);
    Netdev* to = nullptr;
    for (Netdev* const port : ports) {
        // An entry may be older than the netdev that it names: only ports there are count.
        if (known != learned_[&pf].end() && known->second == port) {
            to = port;
        }
    }
    for (Netdev* const port : ports) {
        if (!to && port->mac == mac_of(destination)) {
            to = port;
        }
    }
    if (to && !is_group(destination)) {
        if (to != &from) {
            deliver(to, frame, counters_.legacy);
        }
        return;
    }
    for (Netdev* const port : ports) {
        if (port != &from) {
            deliver(port, frame, counters_.legacy);
        }
    }
}

Status Forwarder::inject(const Adapter::Target& target, Frame frame) {
    Netdev* const from = target.vport ? target.vport->function : target.pf->wire;
    if (!from || !target.pf->present) {
        return fail(ENODEV, target.id(), "inject", "no function is there");
    }
    from_function(*from, *target.pf, target.vport, frame);
    return {};
}

std::string Forwarder::key(const Pf& pf, const Vport* vport) {
    return pf.handle() + "/" + (vport ? vport->rep_id() : pf.uplink_id());
}

Status Forwarder::capture(const Adapter::Target& target, const std::string& path) {
    if (captures_.count(target.id())) {
        return fail(EEXIST, target.id(), "capture", "is being captured already");
    }
    auto writer = PcapWriter::create(path);
    if (!writer) {
        return fail(writer.error());
    }
    captures_[target.id()] = std::move(*writer);
    return {};
}

Result<uint64_t> Forwarder::stop_capture(const Adapter::Target& target) {
    const auto entry = captures_.extract(target.id());
    if (entry.empty()) {
        return fail(ENOENT, target.id(), "stop capture", "is not being captured");
    }
    return entry.mapped()->packets();
}

Status Forwarder::trace(const std::string& path) {
    if (trace_) {
        return fail(EEXIST, "trace", "start", "there is one already");
    }
    auto writer = PcapngWriter::create(path);
    if (!writer) {
        return fail(writer.error());
    }
    trace_ = std::move(*writer);
    return {};
}

Result<uint64_t> Forwarder::stop_trace() {
    const auto writer = std::move(trace_);
    if (!writer) {
        return fail(ENOENT, "trace", "stop", "there is none");
    }
    return writer->packets();
}

void Forwarder::record(const Pf& pf, const Vport* vport, PcapngWriter::Direction direction,
                       Frame frame) {
    if (captures_.empty() && !trace_) {
        return;
    }
    const std::string place = key(pf, vport);
    if (trace_) {
        trace_->write(place, direction, frame);
    }
    const auto capture = captures_.find(place);
    if (capture != captures_.end()) {
        capture->second->write(frame);
    }
}

}  // namespace esw::sim
