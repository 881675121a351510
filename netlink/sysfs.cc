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

/// What a link points to; sets errno when it is empty.
std::string read_link(const std::string& link) {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
    return std::string(target, size > 0 ? static_cast<size_t>(size) : 0);
}

std::string last_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

/// The last name in what a link points to; sets errno when it is empty.
std::string link_target(const std::string& link) {
    return last_name(read_link(link));
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

Result<DevlinkHandle> auxiliary_parent(const std::string& root, const std::string& name) {
    const std::string stage = "look up the device that it is part of";
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
        return fail(EINVAL, name, stage, "not a name of an auxiliary device");
    }
    const std::string link = root + "/bus/auxiliary/devices/" + name;
    const std::string path = read_link(link);
    int error = errno;
    const size_t end = path.rfind('/');
    if (end == std::string::npos) {
        return fail(path.empty() && error != ENOENT ? error : ENODEV, name, stage);
    }
    const std::string bus = link_target(link + "/../subsystem");
    error = errno;
    if (bus.empty()) {
        return fail(error == ENOENT ? ENODEV : error, name, stage);
    }
    return DevlinkHandle{bus, last_name(path.substr(0, end))};
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
