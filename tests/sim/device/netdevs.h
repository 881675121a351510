// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/device/frames.h"

namespace device {

/// The netdevs of a PF in switchdev mode: its VFs and their representors, the wire and the uplink
/// representor, by the names that esw-sim gives them. Frames go in and out by packet sockets;
/// nothing here knows of a simulator.
class Netdevs {
public:
    using Id = unsigned;

    struct Arrival {
        Id at = 0;
        Bytes frame = {};
        bool operator==(const Arrival&) const = default;
    };

    /// Brings the netdevs up and returns when all of them have a carrier.
    Netdevs(const std::string& prefix, unsigned vfs);
    ~Netdevs();
    Netdevs(const Netdevs&) = delete;

    Id wire() const { return 0; }
    Id uplink() const { return 1; }
    Id vf(unsigned n) const { return 2 + 2 * n; }
    Id rep(unsigned n) const { return 3 + 2 * n; }
    /// Where a frame of the netdev comes out when no rule matches it: at the other end of the pipe.
    static Id peer(Id id) { return id ^ 1; }
    const std::string& name(Id id) const { return devices_[id].name; }

    /// Sends the frames from one netdev, at most kBatch, and returns what came out of all of them,
    /// in the order of each netdev. Behind the frames goes one that no rule matches; when it comes
    /// out, the adapter is done with those before.
    std::vector<Arrival> exchange(Id from, const std::vector<Bytes>& frames);
    /// A netdev's queue for its driver has 500 places (TUN_READQ_SIZE in drivers/net/tun.c).
    static constexpr size_t kBatch = 400;

    /// Sends and does not wait.
    void send(Id from, const std::vector<Bytes>& frames);

    /// The Ethernet type of the frame that goes behind.
    static constexpr uint16_t kLastType = 0x88b6;

private:
    struct Device {
        std::string name;
        int index = 0;
        int socket = -1;
    };

    void open(Device& device, const std::string& name);
    void set_up(const Device& device) const;
    bool is_running(const Device& device) const;
    void wait_for_carriers() const;
    void receive(Id id);

    std::vector<Device> devices_;
    int epoll_ = -1;
    uint32_t exchanges_ = 0;
    Bytes last_ = {};
    bool last_seen_ = false;
    std::vector<Arrival> arrivals_;
};

}  // namespace device
