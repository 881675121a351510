// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "netlink/rdma_types.h"
#include "netlink/requester.h"

namespace esw::netlink {

/// Requests of RDMA netlink; the functions are those of Kernel (kernel.h). Threads: any.
class RdmaClient {
public:
    RdmaClient(Requester& requester, Deadlines deadlines);

    Result<std::vector<RdmaDevice>> devices();
    Result<std::vector<RdmaPort>> ports(uint32_t device_index);
    /// Whether the kernel has the monitor (Linux 6.12).
    Result<bool> has_monitor();

private:
    Requester& requester_;
    const Deadlines deadlines_;
};

}  // namespace esw::netlink
