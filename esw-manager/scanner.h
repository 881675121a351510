// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "esw-manager/rdma_devices.h"
#include "netlink/kernel.h"

namespace esw {

/// Which sources to ask for everything.
struct ScanWhat {
    bool devlink = false, links = false, rdma = false;
    bool any() const { return devlink || links || rdma; }
};

/// What a scan found; parts that were not asked for are empty.
struct ScanResult {
    ScanWhat what;
    std::vector<netlink::DevlinkDevice> devices;
    std::vector<netlink::DevlinkPort> ports;
    std::vector<netlink::Link> links;
    std::vector<netlink::RdmaPort> rdma_ports;
    std::vector<FoundRdmaDevice> rdma_devices;  ///< that are made of a device
    bool rdma_failed = false;                   ///< RDMA devices are not known: to be asked again
    bool no_devlink = false;  ///< the kernel has none, so there are no devices and ports
    /// Of the first dump that failed; nothing of this result is to be used then.
    Status status;
};

/// Asks the kernel for everything, on a thread of its own: dumps may wait for a device whose
/// devlink lock a long operation holds, and the events thread must go on meanwhile.
class Scanner {
public:
    /// `done` runs on the scanner's thread, with no lock held.
    Scanner(netlink::Kernel& kernel, std::function<void(ScanResult)> done);
    ~Scanner() { stop(); }

    Status start();
    /// One scan at a time: not before the last one's `done`. Any thread.
    void scan(ScanWhat what) ESW_EXCLUDES(mutex_);
    /// Waits for the scan that runs.
    void stop() ESW_EXCLUDES(mutex_);

private:
    void run();
    ScanResult ask(ScanWhat what);
    void ask_rdma(const netlink::RdmaDevice& device, ScanResult& result);

    netlink::Kernel& kernel_;
    const std::function<void(ScanResult)> done_;
    Mutex mutex_{LockRank::kLeaf};
    CondVar changed_;
    std::optional<ScanWhat> wanted_ ESW_GUARDED_BY(mutex_);
    bool stopping_ ESW_GUARDED_BY(mutex_) = false;
    std::unique_ptr<Thread> thread_;
};

}  // namespace esw
