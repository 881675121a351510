// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/attribute.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "utilities/esw-sim/preload/instance.h"
#include "utilities/esw-sim/preload/simulated_socket.h"

namespace esw::sim {

namespace {

constexpr char kPrefix[] = "esw-sim-attribute/";
constexpr size_t kPrefixLength = sizeof kPrefix - 1;
constexpr size_t kIdDigits = 16;
/// NUL, prefix, a number that makes the name unique, and a '/'.
constexpr size_t kPathAt = 1 + kPrefixLength + kIdDigits + 1;

}  // namespace

Attribute::FullPath::FullPath(const Attribute& attribute) noexcept {
    memcpy(text + strlen(text), attribute.path, strlen(attribute.path) + 1);
}

bool Attribute::find(int fd, Attribute& out) noexcept {
    sockaddr_un name;
    size_t length;
    if (!own_descriptor_name(fd, name, length) || length <= kPathAt ||
        memcmp(name.sun_path + 1, kPrefix, kPrefixLength) != 0) {
        return false;
    }
    memcpy(out.path, name.sun_path + kPathAt, length - kPathAt);
    out.path[length - kPathAt] = '\0';
    return true;
}

int Attribute::open(const char* path_below_sys, int flags) noexcept {
    const size_t length = strlen(path_below_sys);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (kPathAt + length > sizeof name.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name.sun_path + 1, kPrefix, kPrefixLength);
    put_hex(name.sun_path + 1 + kPrefixLength, random_id(), kIdDigits);
    name.sun_path[kPathAt - 1] = '/';
    memcpy(name.sun_path + kPathAt, path_below_sys, length);
    const int type = SOCK_DGRAM | (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0);
    const auto fd = static_cast<int>(syscall(SYS_socket, AF_UNIX, type, 0));
    if (fd < 0) {
        return -1;
    }
    if (syscall(SYS_bind, fd, &name, offsetof(sockaddr_un, sun_path) + kPathAt + length) != 0) {
        const int error = errno;
        syscall(SYS_close, fd);
        errno = error;
        return -1;
    }
    forget_descriptor(fd);
    return fd;
}

ssize_t Attribute::write(const void* data, size_t length) const noexcept {
    const iovec parts[2] = {{const_cast<char*>(path), strlen(path) + 1},
                            {const_cast<void*>(data), length}};
    RemoteCall call{wire::Op::kAttributeWrite};
    call.payload = parts;
    call.payload_parts = 2;
    if (!call.run()) {
        complain_instance_gone();
        errno = ENODEV;
        return -1;
    }
    if (call.error != 0) {
        errno = call.error;
        return -1;
    }
    return static_cast<ssize_t>(length);
}

}  // namespace esw::sim
