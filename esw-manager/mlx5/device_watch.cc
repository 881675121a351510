// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/device_watch.h"

#include <infiniband/verbs.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace esw::mlx5 {

Result<std::unique_ptr<DeviceWatch>> DeviceWatch::start(std::shared_ptr<IbDevice> device) {
    UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop) {
        return fail(errno, device->name(), "watch");
    }
    std::unique_ptr<DeviceWatch> watch(new DeviceWatch(std::move(device), std::move(stop)));
    auto thread = Thread::start("esw fdb", [self = watch.get()] { self->run(); });
    if (!thread) {
        return fail(std::move(thread.error()));
    }
    watch->thread_ = *std::move(thread);
    return watch;
}

DeviceWatch::~DeviceWatch() {
    const uint64_t one = 1;
    // Only a counter at its maximum refuses it.
    (void)!::write(stop_.get(), &one, sizeof one);
    thread_.reset();
}

void DeviceWatch::run() {
    pollfd files[] = {{stop_.get(), POLLIN, 0}, {device_->context()->async_fd, POLLIN, 0}};
    while (!device_->gone()) {
        if (::poll(files, std::size(files), -1) < 0 && errno != EINTR) {
            return;
        }
        // Closed by the kernel, it is readable no more: ib_uverbs_event_poll() of Linux.
        if (files[0].revents != 0 || (files[1].revents != 0 && !(files[1].revents & POLLIN))) {
            device_->gone();
            return;
        }
    }
}

}  // namespace esw::mlx5
