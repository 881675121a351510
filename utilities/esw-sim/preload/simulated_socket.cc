// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/simulated_socket.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>

#include "utilities/esw-sim/preload/instance.h"
#include "utilities/esw-sim/preload/next.h"

namespace esw::sim {

namespace {

// A descriptor is looked up again each time it may be ours, which costs little beside the call to
// the daemon. What is remembered is that it is not, so that other sockets stay fast. Closing needs
// no attention: ours come into being only by socket(), dup and the like, and SCM_RIGHTS, and all
// of these are seen.
enum : uint8_t { kUnknown, kForeign };
constexpr int kRemembered = 65536;
std::atomic<uint8_t> descriptors[kRemembered];

constexpr size_t kPrefix = sizeof wire::kNamePrefix - 1;
constexpr size_t kIdAt = 1 + kPrefix;
constexpr size_t kProtocolAt = kIdAt + 16 + 1;
constexpr size_t kTypeAt = kProtocolAt + 2 + 1;
constexpr size_t kNameLength = kTypeAt + 1;

void make_name(sockaddr_un& name, const SimulatedSocket& socket) noexcept {
    name = {};
    name.sun_family = AF_UNIX;
    memset(name.sun_path, '/', kNameLength);
    name.sun_path[0] = '\0';
    memcpy(name.sun_path + 1, wire::kNamePrefix, kPrefix);
    put_hex(name.sun_path + kIdAt, socket.id, 16);
    put_hex(name.sun_path + kProtocolAt, static_cast<uint64_t>(socket.protocol), 2);
    put_hex(name.sun_path + kTypeAt, static_cast<uint64_t>(socket.type), 1);
}

bool read_name(const sockaddr_un& name, size_t length, SimulatedSocket& socket) noexcept {
    uint64_t protocol, type;
    if (length != kNameLength || memcmp(name.sun_path + 1, wire::kNamePrefix, kPrefix) != 0 ||
        !get_hex(name.sun_path + kIdAt, 16, socket.id) ||
        !get_hex(name.sun_path + kProtocolAt, 2, protocol) ||
        !get_hex(name.sun_path + kTypeAt, 1, type)) {
        return false;
    }
    socket.protocol = static_cast<int>(protocol);
    socket.type = static_cast<int>(type);
    return true;
}

/// Binds `fd` to a name of its own. Returns an errno value or 0.
int bind_name(int fd, SimulatedSocket& socket) noexcept {
    for (int attempt = 0; attempt < 8; attempt++) {
        socket.id = random_id();
        sockaddr_un name;
        make_name(name, socket);
        const size_t length = offsetof(sockaddr_un, sun_path) + kNameLength;
        if (syscall(SYS_bind, fd, &name, length) == 0) {
            return 0;
        }
        if (errno != EADDRINUSE) {
            break;
        }
    }
    return errno;
}

/// Makes `fd` the socket: named, connected, and known to the daemon. Returns an errno value or 0.
int introduce(int fd, SimulatedSocket& socket, int kernel, bool& unreachable) noexcept {
    int error = bind_name(fd, socket);
    if (error != 0) {
        return error;
    }
    error = connect_to_daemon(fd);
    if (error != 0) {
        unreachable = true;
        return error;
    }
    RemoteCall open{wire::Op::kOpen, socket.id, {socket.protocol, socket.type}};
    open.pass_fd = kernel;
    unreachable = !open.run_on(fd);
    return open.error;
}

int close_and_fail(int fd, int error) noexcept {
    syscall(SYS_close, fd);
    errno = error;
    return -1;
}

}  // namespace

void forget_descriptor(int fd) noexcept {
    if (fd >= 0 && fd < kRemembered) {
        descriptors[fd].store(kUnknown, std::memory_order_relaxed);
    }
}

void descriptor_is_foreign(int fd) noexcept {
    if (fd >= 0 && fd < kRemembered) {
        descriptors[fd].store(kForeign, std::memory_order_relaxed);
    }
}

bool is_simulated_protocol(int domain, int type, int protocol) noexcept {
    const int base = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    return domain == AF_NETLINK && (base == SOCK_RAW || base == SOCK_DGRAM) &&
           (protocol == NETLINK_ROUTE || protocol == NETLINK_GENERIC || protocol == NETLINK_RDMA ||
            protocol == NETLINK_KOBJECT_UEVENT) &&
           instance_directory() != nullptr;
}

uint64_t random_id() noexcept {
    uint64_t id = 0;
    if (syscall(SYS_getrandom, &id, sizeof id, GRND_NONBLOCK) != sizeof id) {
        static std::atomic<uint32_t> counter;
        timespec now{};
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
        id = static_cast<uint64_t>(now.tv_nsec) << 34 ^
             static_cast<uint64_t>(syscall(SYS_getpid)) << 12 ^ counter++;
    }
    return id | 1;  // 0 is no socket
}

bool get_hex(const char* from, int digits, uint64_t& value) noexcept {
    value = 0;
    for (int i = 0; i < digits; i++) {
        const char c = from[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) {
            return false;
        }
        value = value << 4 | static_cast<uint64_t>(digit);
    }
    return true;
}

void put_hex(char* to, uint64_t value, int digits) noexcept {
    for (int i = digits - 1; i >= 0; i--, value >>= 4) {
        to[i] = "0123456789abcdef"[value & 15];
    }
}

bool own_descriptor_name(int fd, sockaddr_un& name, size_t& length) noexcept {
    if (fd < 0 ||
        (fd < kRemembered && descriptors[fd].load(std::memory_order_relaxed) == kForeign)) {
        return false;
    }
    if (!instance_directory()) {
        return false;
    }
    const int saved = errno;
    socklen_t size = sizeof name;
    const bool is_socket = syscall(SYS_getsockname, fd, &name, &size) == 0;
    const bool invalid = !is_socket && errno == EBADF;
    errno = saved;
    constexpr char common[] = "\0esw-sim";
    constexpr size_t path = offsetof(sockaddr_un, sun_path);
    if (is_socket && name.sun_family == AF_UNIX && size <= sizeof name &&
        size > path + sizeof common && memcmp(name.sun_path, common, sizeof common - 1) == 0) {
        length = size - path;
        return true;
    }
    if (!invalid) {
        descriptor_is_foreign(fd);
    }
    return false;
}

bool SimulatedSocket::find(int fd, SimulatedSocket& out) noexcept {
    sockaddr_un name;
    size_t length;
    out.fd = fd;
    return own_descriptor_name(fd, name, length) && read_name(name, length, out);
}

int SimulatedSocket::open(int type, int protocol, bool& unreachable) noexcept {
    const int base = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    unreachable = false;
    // The kernel decides on its own part of the socket, in the program's namespace and with the
    // program's rights. It may lack RDMA, which the daemon answers alone.
    int kernel = -1;
    if (protocol != NETLINK_RDMA) {
        kernel = ESW_NEXT(socket)(AF_NETLINK, base | SOCK_CLOEXEC, protocol);
        if (kernel < 0) {
            return -1;
        }
    }
    const auto fd =
        static_cast<int>(syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | (type & SOCK_CLOEXEC), 0));
    int error = fd < 0 ? errno : 0;
    SimulatedSocket socket{fd, 0, protocol, base};
    if (error == 0) {
        error = introduce(fd, socket, kernel, unreachable);
    }
    if (kernel >= 0) {
        syscall(SYS_close, kernel);
    }
    if (error != 0) {
        return close_and_fail(fd, error);
    }
    if (type & SOCK_NONBLOCK) {
        const int flags = static_cast<int>(syscall(SYS_fcntl, fd, F_GETFL));
        syscall(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
    }
    forget_descriptor(fd);
    return fd;
}

bool SimulatedSocket::call(RemoteCall& remote) const noexcept {
    remote.socket = id;
    const bool answered = remote.run();
    if (!answered || remote.error == EBADF) {
        replace();
        return false;
    }
    if (remote.error != 0) {
        errno = remote.error;
        return false;
    }
    return true;
}

void SimulatedSocket::replace() const noexcept {
    complain_instance_gone();
    const int protection = static_cast<int>(syscall(SYS_fcntl, fd, F_GETFD));
    const int flags = static_cast<int>(syscall(SYS_fcntl, fd, F_GETFL));
    int fresh = ESW_NEXT(socket)(AF_NETLINK, type | SOCK_CLOEXEC, protocol);
    if (fresh < 0) {
        // A kernel without RDMA: any netlink socket will do that says nothing.
        fresh = ESW_NEXT(socket)(AF_NETLINK, type | SOCK_CLOEXEC, NETLINK_GENERIC);
    }
    if (fresh >= 0) {
        syscall(SYS_dup3, fresh, fd, protection & FD_CLOEXEC ? O_CLOEXEC : 0);
        syscall(SYS_fcntl, fd, F_SETFL, flags);
        syscall(SYS_close, fresh);
        descriptor_is_foreign(fd);
    }
    errno = ECONNRESET;
}

}  // namespace esw::sim
