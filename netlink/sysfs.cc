// SPDX-License-Identifier: Apache-2.0
#include "netlink/sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "base/unique_fd.h"

namespace esw::netlink {

namespace {

/// The last name in what a link points to; sets errno when it is empty.
std::string link_target(const std::string& link) {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
    const std::string path(target, size > 0 ? static_cast<size_t>(size) : 0);
    return path.substr(path.rfind('/') + 1);
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

Result<DevlinkHandle> infiniband_parent(const std::string& root, const std::string& name) {
    const std::string stage = "look up its device";
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
        return fail(EINVAL, name, stage, "not a name of an RDMA device");
    }
    const std::string rdma = root + "/class/infiniband/" + name;
    const std::string device = link_target(rdma + "/device");
    int error = errno;
    const std::string bus = device.empty() ? "" : link_target(rdma + "/device/subsystem");
    error = device.empty() ? error : errno;
    if (!bus.empty()) {
        return DevlinkHandle{bus, device};
    }
    if (!exists(rdma)) {
        return fail(ENODEV, name, stage, "there is no such RDMA device");
    }
    return error == ENOENT ? fail(ENOTSUP, name, stage, "it is made of no device")
                           : fail(error, name, stage);
}

Result<uint32_t> num_vfs(const std::string& root, const DevlinkHandle& handle) {
    const std::string path =
        root + "/bus/" + handle.bus + "/devices/" + handle.device + "/sriov_numvfs";
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) {
        return 0;
    }
    char text[16] = {};
    const ssize_t size = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
    if (size < 0) {
        return fail(errno, handle.to_string(), "count its VFs");
    }
    uint32_t count = 0;
    if (std::from_chars(text, text + size, count).ec != std::errc()) {
        return fail(EPROTO, handle.to_string(), "count its VFs", "sriov_numvfs is no number");
    }
    return count;
}

}  // namespace esw::netlink
