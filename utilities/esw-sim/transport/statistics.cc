// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/statistics.h"

#include <signal.h>

#include <cerrno>

namespace esw::sim {

namespace {

constexpr size_t kMaxProcesses = 4096;

void add(NetlinkStats::PerFamily& to, const NetlinkStats::PerFamily& from) {
    to.requests += from.requests;
    to.dumps += from.dumps;
    to.replies += from.replies;
    to.notifications += from.notifications;
    to.overflows += from.overflows;
}

void add(NetlinkStats& to, const NetlinkStats& from) {
    add(to.devlink, from.devlink);
    add(to.rdma, from.rdma);
    add(to.route, from.route);
    add(to.generic, from.generic);
    add(to.uevent, from.uevent);
}

}  // namespace

NetlinkStats::PerFamily& Statistics::of(pid_t pid, Family family) {
    if (processes_.size() >= kMaxProcesses && processes_.count(pid) == 0) {
        forget_ended();
    }
    NetlinkStats& stats = processes_[pid];
    switch (family) {
        case Family::kDevlink:
            return stats.devlink;
        case Family::kRdma:
            return stats.rdma;
        case Family::kRoute:
            return stats.route;
        case Family::kUevent:
            return stats.uevent;
        case Family::kGeneric:
            break;
    }
    return stats.generic;
}

void Statistics::forget_ended() {
    for (auto it = processes_.begin(); it != processes_.end();) {
        if (::kill(it->first, 0) != 0 && errno == ESRCH) {
            add(forgotten_, it->second);
            it = processes_.erase(it);
        } else {
            ++it;
        }
    }
}

NetlinkStats Statistics::total() const {
    NetlinkStats sum = forgotten_;
    for (const auto& [pid, stats] : processes_) {
        add(sum, stats);
    }
    return sum;
}

std::vector<std::pair<int, NetlinkStats>> Statistics::by_process() const {
    return {processes_.begin(), processes_.end()};
}

}  // namespace esw::sim
