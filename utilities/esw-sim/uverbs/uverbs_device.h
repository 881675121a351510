// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "utilities/esw-sim/uverbs/root_table.h"
#include "utilities/esw-sim/uverbs/uverbs_file.h"
#include "utilities/esw-sim/uverbs/uverbs_host.h"

namespace esw::sim {

class Firmware;

namespace uverbs {
class OpenFile;
}

/// What programs hold of an RDMA device, as `rdma resource` shows it (core/restrack.c). DEVX
/// objects are not counted: the kernel does not either.
struct UverbsResource {
    enum class Kind { kContext, kPd, kCq, kMr };
    Kind kind = Kind::kContext;
    uint32_t id = 0;  ///< ctxn, pdn, cqn or mrn (RDMA_NLDEV_ATTR_RES_*)
    pid_t process = 0;
    uint32_t context = 0;  ///< ctxn
    uint32_t users = 0;    ///< PD, CQ
    uint32_t entries = 0;  ///< CQ
    uint32_t pd = 0;       ///< MR: its pdn
    uint32_t key = 0;      ///< MR: lkey and rkey
    uint64_t length = 0;   ///< MR
};

/// The character device /dev/infiniband/uverbsN of one RDMA device, from its registration to its
/// removal: ib_uverbs and mlx5_ib. All on one thread.
class UverbsDevice {
public:
    /// `host` and `firmware` live until disassociate() at least.
    UverbsDevice(UverbsHost& host, Firmware& firmware, unsigned minor);
    ~UverbsDevice();
    UverbsDevice(const UverbsDevice&) = delete;
    UverbsDevice& operator=(const UverbsDevice&) = delete;

    unsigned minor() const { return minor_; }

    /// open() by `process`. The file may live longer than the device.
    std::unique_ptr<UverbsFile> open(pid_t process);
    /// The RDMA device goes (ib_uverbs_remove_one()): every open file loses its objects.
    void disassociate();

    const RootTable& root() const { return root_; }

    /// A port's netdev went up or down (mlx5_netdev_event()): IB_EVENT_PORT_ACTIVE or PORT_ERR.
    void port_event(uint32_t port, bool active);
    /// An event queue entry of the firmware of no object, for DEVX event channels.
    void firmware_event(uint8_t type, std::span<const std::byte> eqe);

    std::vector<UverbsResource> resources() const;
    size_t open_files() const { return files_.size(); }

    using Method = std::pair<uint16_t, uint16_t>;  ///< object and method id
    /// Calls so far, by method; of INVOKE_WRITE also by command.
    const std::map<Method, uint64_t>& ioctls() const { return ioctls_; }
    const std::map<uint32_t, uint64_t>& write_commands() const { return write_commands_; }

private:
    friend class uverbs::OpenFile;

    UverbsHost& host_;
    Firmware& firmware_;
    unsigned minor_;
    RootTable root_;
    std::set<uverbs::OpenFile*> files_;
    std::map<Method, uint64_t> ioctls_;
    std::map<uint32_t, uint64_t> write_commands_;
    uint32_t next_context_ = 1;
    /// User context of those that were opened without DEVX (devx_whitelist_uid).
    uint16_t shared_uid_ = 0;
};

}  // namespace esw::sim
