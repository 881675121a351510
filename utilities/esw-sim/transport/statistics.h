// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <utility>
#include <vector>

#include "utilities/esw-sim/netlink_server.h"

namespace esw::sim {

/// Counters of the transport by process and family.
class Statistics {
public:
    enum class Family { kDevlink, kRdma, kRoute, kGeneric, kUevent };

    NetlinkStats::PerFamily& of(pid_t pid, Family family);
    NetlinkStats total() const;
    std::vector<std::pair<int, NetlinkStats>> by_process() const;

private:
    void forget_ended();

    std::map<pid_t, NetlinkStats> processes_;
    NetlinkStats forgotten_;  ///< sum over processes that have ended, when there were too many
};

}  // namespace esw::sim
