// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "utilities/esw-sim/hardware/pipeline.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/pcap.h"
#include "utilities/esw-sim/pcapng.h"

namespace esw::sim {

/// Packets between the netdevs of one adapter, as its eswitches forward them.
///
/// Switchdev: the rules of programs come first. What none of them takes goes the kernel's own way:
/// what a function or the wire sends misses and comes out of its
/// representor; what a representor sends goes to its function, or to the wire. Switchdev_inactive:
/// dropped. Legacy: by MAC address between the PF, its VFs and the wire; addresses are learned,
/// and what is for an unknown one or for a group goes to all.
class Forwarder {
public:
    using Frame = std::span<const std::byte>;
    /// Gives a frame to a netdev; false when it did not take it.
    using Send = std::function<bool(Netdev&, Frame)>;

    /// What the rules that programs have put into a PF's FDB do with a frame from one of its vports
    /// (0: what a representor sends; 0xffff: the wire); nothing: none of them matches.
    using Steer =
        std::function<std::optional<std::vector<pipeline::Outcome>>(Pf&, uint16_t vport, Frame)>;
    /// The PF whose eswitch is owned by the function with this vhca_id, or null.
    using FindPf = std::function<Pf*(uint16_t vhca_id)>;

    explicit Forwarder(Send send, Steer steer = {}, FindPf find_pf = {})
        : send_(std::move(send)), steer_(std::move(steer)), find_pf_(std::move(find_pf)) {}

    /// The real kernel sent a frame on this netdev.
    void from_netdev(Netdev& netdev, Frame frame);

    /// A frame as if the function behind the target, or the far end of the wire, had sent it.
    Status inject(const Adapter::Target& target, Frame frame);

    /// Writes what passes between the function (or the wire) and the eswitch, both ways.
    Status capture(const Adapter::Target& target, const std::string& path);
    /// How many packets were written.
    Result<uint64_t> stop_capture(const Adapter::Target& target);

    /// Writes what passes between the eswitches and all of their vports, until stop_trace().
    Status trace(const std::string& path);
    /// How many packets were written.
    Result<uint64_t> stop_trace();

    /// The PF's eswitch forgets what it learned (mode change, PCI removal).
    void forget(const Pf& pf) { learned_.erase(&pf); }

    struct Counters {
        uint64_t hardware = 0;     ///< by a rule of the FDB
        uint64_t miss = 0;         ///< of a function or the wire, to its representor
        uint64_t representor = 0;  ///< of a representor, to its function or the wire
        uint64_t legacy = 0;       ///< by MAC address
        uint64_t drop_link_down = 0, drop_inactive = 0, drop_not_taken = 0;
        uint64_t drop_rule = 0;      ///< by an action
        uint64_t drop_no_vport = 0;  ///< for a vport that has no user
        uint64_t drop_fault = 0;     ///< for what the adapter found wrong in steering entries
        uint64_t drop() const {
            return drop_link_down + drop_inactive + drop_not_taken + drop_rule + drop_no_vport +
                   drop_fault;
        }
    };
    const Counters& counters() const { return counters_; }
    /// Reasons of drop_rule and drop_fault, with their numbers.
    const std::map<std::string, uint64_t>& drop_reasons() const { return drop_reasons_; }

private:
    using MacTable = std::unordered_map<uint64_t, Netdev*>;

    void from_function(Netdev& netdev, Pf& pf, Vport* vport, Frame frame);
    void from_representor(Netdev& rep, Frame frame);
    bool by_rules(Pf& pf, uint16_t vport, Frame frame);
    void carry_out(Pf& pf, const pipeline::Outcome& outcome);
    static Netdev* representor(const Pf& pf, uint32_t reg_c_0);
    void legacy(Netdev& from, Frame frame);
    void learn(const Pf& pf, Netdev& from, Frame frame);
    std::vector<Netdev*> legacy_ports(const Pf& pf) const;
    void deliver(Netdev* to, Frame frame, uint64_t& counter);
    void record(const Pf& pf, const Vport* vport, PcapngWriter::Direction direction, Frame frame);
    static std::string key(const Pf& pf, const Vport* vport);

    const Send send_;
    const Steer steer_;
    const FindPf find_pf_;
    Counters counters_;
    std::map<std::string, uint64_t> drop_reasons_;
    std::map<const Pf*, MacTable> learned_;
    std::map<std::string, std::unique_ptr<PcapWriter>> captures_;  ///< by "HANDLE/REP"
    std::unique_ptr<PcapngWriter> trace_;
};

}  // namespace esw::sim
