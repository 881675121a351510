// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/result.h"
#include "utilities/esw-sim/network_namespace.h"
#include "utilities/esw-sim/uverbs/uverbs_file.h"

/// The boundary between the netlink transport of the simulated adapter (sockets of the programs
/// that run under `esw-sim exec`) and the families that it answers itself.
///
/// Everything here lives on the daemon's one thread.
namespace esw::sim {

using Bytes = std::vector<std::byte>;

/// One request of a client, from its sendmsg() until finish(). The client's sendmsg() returns when
/// finish() is called, as with a real kernel, where the handler runs inside the system call.
class Request {
public:
    virtual ~Request() = default;

    virtual const nlmsghdr& header() const = 0;
    virtual std::span<const std::byte> payload() const = 0;  ///< behind the nlmsghdr
    virtual bool is_dump() const = 0;
    virtual bool same_namespace() const = 0;  ///< the client's socket is in the adapter's namespace
    virtual bool net_admin() const = 0;       ///< the client has CAP_NET_ADMIN

    /// Queues one message to the asking socket. Its nlmsg_seq and nlmsg_pid are filled in, and
    /// NLM_F_MULTI when this is a dump.
    virtual void reply(Bytes message) = 0;

    /// Ends the request: an NLMSG_ERROR for an error or when an acknowledgement was asked for
    /// (extack text and offset when the socket has NETLINK_EXT_ACK), NLMSG_DONE for a dump.
    virtual void finish(int error, std::string extack = {},
                        std::optional<uint32_t> bad_attribute_offset = {}) = 0;
};

/// A family that the adapter answers: devlink (generic netlink) or RDMA netlink.
class Service {
public:
    virtual ~Service() = default;
    /// Must call request->finish() once, now or later (a gate may be in between).
    virtual void handle(std::shared_ptr<Request> request) = 0;
};

/// How a netdev of the adapter looks from outside, beyond what its real TAP device says.
struct NetdevFace {
    std::vector<uint8_t> switch_id;  ///< empty: none (legacy mode, or not a port of the eswitch)
    std::string phys_port_name;      ///< empty: none
    std::string parent_bus;          ///< "pci"; empty: none
    std::string parent_device;       ///< "0000:08:00.0"
    std::string driver;              ///< ethtool -i: driver
    std::string driver_version;
    std::string firmware_version;
    std::string bus_info;
    uint32_t link_speed_mbps = 0;  ///< 0: it has no link settings
    bool hw_tc_offload = false;
};

/// One of a driver's statistics (ethtool -S).
struct NetdevCounter {
    std::string name;
    uint64_t value = 0;
};

/// Who knows the netdevs of the adapter, in whichever network namespace they are.
class NetdevDirectory {
public:
    virtual ~NetdevDirectory() = default;

    /// Takes notice of what the kernel has said until now. Before look-ups in what the kernel says
    /// next: a netdev may have moved.
    virtual void sync() = 0;

    /// None: the netdev with this index in this namespace is not the adapter's.
    virtual const NetdevFace* find(const NamespaceId& network, uint32_t ifindex) const = 0;
    /// Of one that has left this place, which no other netdev has taken.
    virtual const NetdevFace* find_former(const NamespaceId& network, uint32_t ifindex) const = 0;
    /// The driver's statistics of that netdev, in the driver's order. What the kernel has sent on
    /// it, and the other end of its pipe, until now is counted.
    virtual std::vector<NetdevCounter> counters(const NamespaceId& network, uint32_t ifindex) = 0;
    virtual void set_hw_tc_offload(const NamespaceId& network, uint32_t ifindex, bool on) = 0;

    /// The namespace that sockets of the adapter's own namespace know by this number
    /// (NETLINK_LISTEN_ALL_NSID); all zero when no netdev of the adapter is or was there.
    virtual NamespaceId network_of(int nsid) const = 0;
};

/// What is between a program's request about one netdev of the adapter and the kernel, as the rtnl
/// lock is that a driver holds while it makes or removes netdevs.
class NetdevGate {
public:
    virtual ~NetdevGate() = default;
    /// Nothing is in the way of any request.
    virtual bool is_open() const = 0;
    /// Calls `passed` now or later, with 0 or the errno value that the program gets instead.
    virtual void pass(const NetdevFace& netdev, std::function<void(int)> passed) = 0;
};

/// Counters of the transport, for `esw-sim ctl stats`.
struct NetlinkStats {
    struct PerFamily {
        uint64_t requests = 0, dumps = 0, replies = 0, notifications = 0, overflows = 0;
    };
    PerFamily devlink, rdma, route, generic, uevent;
};

class NetlinkServer {
public:
    struct Config {
        std::string directory;  ///< of the instance; sockets are made in it
        Service* devlink = nullptr;
        Service* rdma = nullptr;
        NetdevDirectory* netdevs = nullptr;
        NetdevGate* gate = nullptr;  ///< null: always open

        /// A program has written `value` to the file `path` below /sys (as in
        /// "bus/pci/devices/0000:08:00.0/sriov_numvfs"). Its write() returns when `done` is called,
        /// with an errno value or 0.
        std::function<void(const std::string& path, const std::string& value,
                           std::function<void(int)> done)>
            write_attribute;

        /// A program has opened /dev/infiniband/uverbs`number`. `memory`: descriptor of the
        /// adapter's memory that its work queues write to, kept by the callee, or -1.
        struct OpenedDevice {
            std::unique_ptr<UverbsFile> file;
            int memory = -1;
            uint32_t client = 0;  ///< its number in that memory (icm_layout.h)
        };
        using OpenDevice = std::function<Result<OpenedDevice>(uint32_t number, pid_t pid)>;
        OpenDevice open_device;
    };
    static Result<std::unique_ptr<NetlinkServer>> create(EventLoop& loop, LogSink& log,
                                                         Config config);
    virtual ~NetlinkServer() = default;

    virtual uint16_t devlink_family() const = 0;

    /// Sends a notification to the members of devlink's "config" group, or of an RDMA netlink group
    /// (RDMA_NL_GROUP_*), in the adapter's namespace.
    virtual void notify_devlink(const Bytes& message) = 0;
    virtual void notify_rdma(uint32_t group, const Bytes& message) = 0;
    /// Sends a uevent to those who hear the kernel's, in every namespace.
    virtual void notify_uevent(const Bytes& datagram) = 0;

    /// Makes the next notification of every member socket of `family` be lost: the socket reports
    /// ENOBUFS as after a full receive buffer.
    virtual void overflow_next() = 0;

    /// Hands to the clients all rtnetlink notifications that the real kernel has sent so far.
    virtual void pump_route() = 0;

    /// By client process when `per_process`, else the sum: pid -> stats.
    virtual NetlinkStats stats() const = 0;
    virtual std::vector<std::pair<int, NetlinkStats>> stats_by_process() const = 0;
};

}  // namespace esw::sim
