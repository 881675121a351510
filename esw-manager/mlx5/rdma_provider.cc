// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/rdma_provider.h"

#include <cerrno>
#include <utility>

namespace esw::mlx5 {

namespace {

/// The vport that a devlink port of mlx5 is for, by its number; see
/// mlx5_esw_vport_to_devlink_port_index() in mlx5/core/eswitch.h of Linux.
PortMap::Key vport_key(uint32_t port_index) {
    return {static_cast<uint16_t>(port_index >> 16), static_cast<uint16_t>(port_index & 0xffff)};
}

/// What calls fail with when their device has gone: EIO from an ioctl (ib_uverbs_ioctl() of a
/// disassociated file), the others from opening it and from reading its files in /sys.
bool says_gone(int code) {
    return code == EIO || code == ENODEV || code == ENXIO || code == ENOENT;
}

}  // namespace

Result<LoadResult> RdmaProvider::load(const LoadTarget& target) {
    const auto device = opened();
    if (!device) {
        return explain(device.error(), "open");
    }
    auto rep = ports_->find(vport_key(target.port.index),
                            [&](uint32_t port) { return (*device)->query_port(port); });
    if (!rep) {
        return explain(rep.error(), "query port");
    }
    rep->device_generation = generation_;
    LoadResult result;
    result.rdma = std::make_shared<const RdmaRep>(*std::move(rep));
    if (user_) {
        user_->rep_loaded(target.ref, result.rdma, *device);
    }
    return result;
}

void RdmaProvider::unload(const RepRef& ref) {
    if (user_) {
        user_->rep_unloaded(ref);
    }
}

Result<std::shared_ptr<IbDevice>> RdmaProvider::opened() {
    if (auto device = this->device()) {
        return device;
    }
    auto device = open_(eswitch_);
    if (!device) {
        return device;
    }
    ports_.emplace((*device)->port_count());
    MutexLock lock(mutex_);
    device_ = *device;
    return device;
}

std::shared_ptr<IbDevice> RdmaProvider::device() const {
    MutexLock lock(mutex_);
    return device_;
}

bool RdmaProvider::device_gone() const {
    const auto device = this->device();
    return device && device->gone();
}

tl::unexpected<Error> RdmaProvider::explain(Error error, const char* stage) const {
    if (says_gone(error.code) || device_gone()) {
        return fail(EAGAIN, error.object, stage, "rdma device is gone");
    }
    return fail(std::move(error));
}

}  // namespace esw::mlx5
