// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/device_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "utilities/esw-sim/preload/instance.h"
#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/raw_mmap.h"
#include "utilities/esw-sim/preload/remote.h"
#include "utilities/esw-sim/preload/simulated_socket.h"
#include "utilities/esw-sim/preload/work_queues.h"

namespace esw::sim {

namespace {

constexpr char kDirectory[] = "/dev/infiniband/";
constexpr size_t kDirectoryLength = sizeof kDirectory - 1;

constexpr size_t kPrefixLength = sizeof wire::kDevicePrefix - 1;
constexpr size_t kIdAt = 1 + kPrefixLength;
constexpr size_t kMinorAt = kIdAt + 16 + 1;
constexpr size_t kNameLength = kMinorAt + 4;

bool has_prefix(int fd, const char* prefix, sockaddr_un& name, size_t& length) noexcept {
    const size_t size = strlen(prefix);
    return own_descriptor_name(fd, name, length) && length > 1 + size &&
           memcmp(name.sun_path + 1, prefix, size) == 0;
}

/// Binds `fd` to a name of its own. Returns an errno value or 0.
int bind_name(int fd, DeviceFile& file) noexcept {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    memset(name.sun_path + 1, '/', kNameLength - 1);
    memcpy(name.sun_path + 1, wire::kDevicePrefix, kPrefixLength);
    put_hex(name.sun_path + kIdAt, file.id, 16);
    put_hex(name.sun_path + kMinorAt, file.minor, 4);
    const size_t length = offsetof(sockaddr_un, sun_path) + kNameLength;
    return syscall(SYS_bind, fd, &name, length) == 0 ? 0 : errno;
}

/// The number at the end of "uverbs3"; false for any other name.
bool parse_minor(const char* name, unsigned& minor) noexcept {
    constexpr char kind[] = "uverbs";
    if (strncmp(name, kind, sizeof kind - 1) != 0) {
        return false;
    }
    const char* digit = name + sizeof kind - 1;
    minor = 0;
    if (*digit == '\0' || strlen(digit) > 4 || (digit[0] == '0' && digit[1] != '\0')) {
        return false;
    }
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        minor = minor * 10 + static_cast<unsigned>(*digit - '0');
    }
    return *digit == '\0';
}

int close_and_fail(int fd, int error) noexcept {
    syscall(SYS_close, fd);
    errno = error;
    return -1;
}

/// Tells the daemon of the file on its own connection. Returns an errno value or 0.
int introduce(const DeviceFile& file, int flags, int& memory, uint32_t& client) noexcept {
    const int error = connect_to_daemon(file.fd);
    if (error != 0) {
        complain_instance_gone();
        return ENXIO;
    }
    RemoteCall open{wire::Op::kDeviceOpen, file.id, {static_cast<int32_t>(file.minor), flags}};
    open.wants_fd = true;
    const bool answered = open.run_on(file.fd);
    memory = open.received_fd;
    client = static_cast<uint32_t>(open.value);
    return answered ? open.error : ENXIO;
}

}  // namespace

bool DeviceFile::find(int fd, DeviceFile& out) noexcept {
    sockaddr_un name;
    size_t length;
    uint64_t minor;
    if (!has_prefix(fd, wire::kDevicePrefix, name, length) || length != kNameLength ||
        !get_hex(name.sun_path + kIdAt, 16, out.id) ||
        !get_hex(name.sun_path + kMinorAt, 4, minor)) {
        return false;
    }
    out.fd = fd;
    out.minor = static_cast<unsigned>(minor);
    return true;
}

bool DeviceFile::is_path(const char* path) noexcept {
    unsigned minor;
    return path && strncmp(path, kDirectory, kDirectoryLength) == 0 &&
           parse_minor(path + kDirectoryLength, minor) && instance_directory() != nullptr;
}

int DeviceFile::open(const char* path, int flags) noexcept {
    DeviceFile file;
    if (!parse_minor(path + kDirectoryLength, file.minor)) {
        errno = ENOENT;
        return -1;
    }
    file.id = random_id();
    file.fd = static_cast<int>(
        syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0), 0));
    if (file.fd < 0) {
        return -1;
    }
    int memory = -1;
    uint32_t client = 0;
    int error = bind_name(file.fd, file);
    if (error == 0) {
        error = introduce(file, flags, memory, client);
    }
    if (error == 0) {
        error = work_queues::add_device(file.fd, file.id, memory, client);
    }
    if (memory >= 0) {
        syscall(SYS_close, memory);
    }
    if (error != 0) {
        return close_and_fail(file.fd, error);
    }
    forget_descriptor(file.fd);
    return file.fd;
}

int DeviceFile::ioctl(void* header) const noexcept {
    const auto address = reinterpret_cast<uint64_t>(header);
    const iovec payload{const_cast<uint64_t*>(&address), sizeof address};
    wire::DeviceAnswer answer{};
    RemoteCall call{wire::Op::kDeviceIoctl, id};
    call.payload = &payload;
    call.payload_parts = 1;
    call.reply = &answer;
    call.reply_room = sizeof answer;
    call.wants_fd = true;
    if (!call.run()) {
        // The adapter is gone with its daemon, as with PCI surprise removal.
        complain_instance_gone();
        work_queues::device_died(id);
        errno = EIO;
        return -1;
    }
    if (call.reply_length >= sizeof answer) {
        work_queues::apply(id, answer.records, answer.record_count);
        if (call.received_fd >= 0) {
            forget_descriptor(call.received_fd);
            const int64_t number = call.received_fd;
            memcpy(reinterpret_cast<void*>(answer.descriptor_at), &number,
                   answer.descriptor_size == sizeof number ? sizeof number : sizeof(int32_t));
        }
    }
    if (call.error != 0) {
        errno = call.error;
        return -1;
    }
    return 0;
}

void* DeviceFile::map(void* address, size_t length, int protection, int flags,
                      uint64_t offset) const noexcept {
    const uint64_t request[3] = {offset, length, static_cast<uint64_t>(protection)};
    const iovec payload{const_cast<uint64_t*>(request), sizeof request};
    RemoteCall call{wire::Op::kDeviceMap, id};
    call.payload = &payload;
    call.payload_parts = 1;
    if (!call.run()) {
        call.error = EIO;
    }
    if (call.error != 0) {
        errno = call.error;
        return MAP_FAILED;
    }
    // Doorbells are rung into memory of the program's own: nobody reads them (work_queues.h).
    const int kept = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_LOCKED | MAP_POPULATE);
    return raw_mmap(address, length, protection, kept | MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void DeviceFile::describe(struct stat& status) const noexcept {
    status = {};
    status.st_mode = S_IFCHR | 0666;
    status.st_nlink = 1;
    status.st_rdev = makedev(wire::kUverbsMajor, wire::kUverbsFirstMinor + minor);
}

void DeviceFile::describe(struct stat64& status) const noexcept {
    status = {};
    status.st_mode = S_IFCHR | 0666;
    status.st_nlink = 1;
    status.st_rdev = makedev(wire::kUverbsMajor, wire::kUverbsFirstMinor + minor);
}

bool is_event_descriptor(int fd) noexcept {
    sockaddr_un name;
    size_t length;
    return has_prefix(fd, wire::kEventPrefix, name, length);
}

ssize_t read_event(int fd, void* buffer, size_t length) noexcept {
    // Of more threads that wait one gets the event. One that looked at it first waits again.
    for (;;) {
        const long size =
            syscall(SYS_recvfrom, fd, nullptr, 0, MSG_PEEK | MSG_TRUNC, nullptr, nullptr);
        if (size <= 0) {
            errno = size == 0 ? EIO : errno;
            return -1;
        }
        if (static_cast<size_t>(size) > length) {
            errno = ENOSPC;  // as for commands; the queues of plain events say EINVAL
            return -1;
        }
        const long taken =
            syscall(SYS_recvfrom, fd, buffer, length, MSG_DONTWAIT, nullptr, nullptr);
        if (taken < 0 && errno == EAGAIN) {
            continue;
        }
        int error;
        if (taken != sizeof error) {
            return taken;
        }
        memcpy(&error, buffer, sizeof error);
        errno = error;
        return -1;
    }
}

}  // namespace esw::sim
