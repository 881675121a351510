// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/scanner.h"

#include <cerrno>
#include <utility>

namespace esw {

Scanner::Scanner(netlink::Kernel& kernel, std::function<void(ScanResult)> done)
    : kernel_(kernel), done_(std::move(done)) {}

Status Scanner::start() {
    auto thread = Thread::start("esw scan", [this] { run(); });
    if (!thread) {
        return fail(thread.error());
    }
    thread_ = std::move(*thread);
    return {};
}

void Scanner::scan(ScanWhat what) {
    MutexLock lock(mutex_);
    wanted_ = what;
    changed_.notify_all();
}

void Scanner::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.reset();
}

void Scanner::run() {
    for (;;) {
        ScanWhat what;
        {
            MutexLock lock(mutex_);
            while (!wanted_ && !stopping_) {
                changed_.wait(mutex_);
            }
            if (stopping_) {
                return;
            }
            what = *wanted_;
            wanted_.reset();
        }
        done_(ask(what));
    }
}

/// What goes meanwhile is left out: that it went is told.
void Scanner::ask_rdma(const netlink::RdmaDevice& device, ScanResult& result) {
    if (auto parent = kernel_.rdma_parent(device.name)) {
        result.rdma_devices.push_back({device.name, device.index, *std::move(parent)});
    }
    if (const auto ports = kernel_.rdma_ports(device.index)) {
        result.rdma_ports.insert(result.rdma_ports.end(), ports->begin(), ports->end());
    }
}

ScanResult Scanner::ask(ScanWhat what) {
    ScanResult result;
    result.what = what;
    const auto take = [&](auto answer, auto& into) {
        if (answer) {
            into = std::move(*answer);
        } else {
            result.status = fail(answer.error());
        }
        return answer.has_value();
    };
    // Devices first: a port that appears in between brings its device along.
    if (what.devlink) {
        auto devices = kernel_.devlink_devices();
        result.no_devlink = !devices && devices.error().code == ENOTSUP;
        if (!result.no_devlink && !(take(std::move(devices), result.devices) &&
                                    take(kernel_.devlink_ports(), result.ports))) {
            return result;
        }
    }
    if (what.links && !take(kernel_.links(), result.links)) {
        return result;
    }
    if (what.rdma) {
        // RDMA is an addition: without it everything else is still true.
        const auto devices = kernel_.rdma_devices();
        result.rdma_failed = !devices && devices.error().code != ENOTSUP;
        for (size_t i = 0; devices && i < devices->size(); ++i) {
            ask_rdma((*devices)[i], result);
        }
    }
    return result;
}

}  // namespace esw
