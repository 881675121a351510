// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/sysfs_paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "utilities/esw-sim/preload/instance.h"
#include "utilities/esw-sim/preload/remote.h"

namespace esw::sim {

namespace {

constexpr char kSys[] = "/sys/";
constexpr char kDevices[] = "/dev/infiniband";
constexpr char kView[] = "/sysfs";  ///< in the instance's directory
constexpr char kNetdevs[] = "class/net/";
constexpr char kNetworks[] = "netns/";  ///< in the view: netdevs by namespace, see SysfsTree

bool exists(const char* path, struct stat* status) noexcept {
    const int saved = errno;
    const bool found = syscall(SYS_newfstatat, AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW) == 0;
    errno = saved;
    return found;
}

/// The directory that stands for /sys: DIR/sysfs, or what that is a link to (SysfsView keeps its
/// many files on a tmpfs when it can). Without the last '/'; length 0: there is no instance.
struct ViewDirectory {
    char path[512];
    size_t length = 0;

    ViewDirectory() noexcept {
        const char* directory = instance_directory();
        const size_t directory_length = directory ? strlen(directory) : 0;
        if (directory_length == 0 || directory_length + sizeof kView > sizeof path) {
            return;
        }
        char link[sizeof path];
        memcpy(link, directory, directory_length);
        memcpy(link + directory_length, kView, sizeof kView);
        const int saved = errno;
        const long got = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
        errno = saved;
        if (got > 0 && path[0] == '/') {
            length = static_cast<size_t>(got);
        } else {
            length = directory_length + sizeof kView - 1;
            memcpy(path, link, length);
        }
        path[length] = '\0';
    }

    /// `other` is the directory or below it.
    bool holds(const char* other) const noexcept {
        return length > 0 && strncmp(other, path, length) == 0 &&
               (other[length] == '/' || other[length] == '\0');
    }
};

/// The netdev that the program's own namespace has under this name is a TUN/TAP device. Others may
/// have the name of one of the adapter's.
bool is_tap(const char* name, size_t length) noexcept {
    constexpr char before[] = "/sys/class/net/";
    constexpr char after[] = "/tun_flags";
    char path[sizeof before + 16 + sizeof after];
    if (length == 0 || length > 15) {
        return false;
    }
    memcpy(path, before, sizeof before - 1);
    memcpy(path + sizeof before - 1, name, length);
    memcpy(path + sizeof before - 1 + length, after, sizeof after);
    struct stat status;
    return exists(path, &status);
}

/// `path` is, or is in, the directory `prefix`, which ends in '/'.
bool is_in(const char* path, const char* prefix, size_t length) noexcept {
    return strncmp(path, prefix, length - 1) == 0 &&
           (path[length - 1] == '/' || path[length - 1] == '\0');
}

/// What only a TUN/TAP device has in its directory.
bool tells_tap(const char* attribute) noexcept {
    return strcmp(attribute, "/tun_flags") == 0 || strcmp(attribute, "/owner") == 0 ||
           strcmp(attribute, "/group") == 0;
}

/// A path below /sys in the words of the view: netdevs are those of the program's own namespace.
struct ViewPath {
    char text[512];
    size_t netdev_length = 0;  ///< of the directory of a netdev at the front of `text`
    bool absent = false;       ///< the adapter's netdevs are without it, and so is the view

    /// False: only the real /sys has it. So it is with the list of netdevs.
    bool translate(const char* below) noexcept {
        constexpr size_t prefix = sizeof kNetdevs - 1;
        if (!is_in(below, kNetdevs, prefix)) {
            return append(0, below);
        }
        const char* name = below + prefix;
        if (below[prefix - 1] == '\0' || !is_tap(name, strcspn(name, "/"))) {
            return false;
        }
        const int saved = errno;
        constexpr size_t networks = sizeof kNetworks - 1;
        memcpy(text, kNetworks, networks);
        const long got = syscall(SYS_readlinkat, AT_FDCWD, "/proc/thread-self/ns/net",
                                 text + networks, 64);  // "net:[4026531840]"
        errno = saved;
        const size_t length = networks + static_cast<size_t>(got > 0 ? got : 0);
        const char* attribute = name + strcspn(name, "/");
        netdev_length = length + 1 + static_cast<size_t>(attribute - name);
        absent = tells_tap(attribute);
        return got > 0 && append(length, "/") && append(length + 1, name);
    }

private:
    bool append(size_t at, const char* more) noexcept {
        const size_t length = strlen(more);
        if (at + length >= sizeof text) {
            return false;
        }
        memcpy(text + at, more, length + 1);
        return true;
    }
};

/// The directory of a netdev, the first `length` characters of `path`, is in the view. The real
/// /sys knows at once of a netdev that came or was renamed, the view when the daemon has heard.
bool has_netdev(char* path, size_t length) noexcept {
    struct stat status;
    const char cut = path[length];
    path[length] = '\0';
    bool found = exists(path, &status);
    if (!found) {
        RemoteCall sync{wire::Op::kSync};
        found = sync.run() && exists(path, &status);
    }
    path[length] = cut;
    return found;
}

}  // namespace

MappedPath::MappedPath(const char* path) noexcept : path_(path) {
    if (path && map(path)) {
        path_ = buffer_;
    }
}

MappedPath::MappedPath(const char* path, int flags) noexcept : MappedPath(path) {
    if (path && *path != '/' && (flags & O_ACCMODE) != O_RDONLY && map_relative(path)) {
        path_ = buffer_;
    }
}

bool MappedPath::map_relative(const char* path) noexcept {
    const ViewDirectory view;
    const size_t room = sizeof buffer_ - 1;
    const size_t length = strlen(path);
    const int saved = errno;
    const long got = view.length > 0 ? syscall(SYS_getcwd, buffer_, room) : -1;
    errno = saved;
    const auto here = static_cast<size_t>(got > 0 ? got - 1 : 0);
    if (here == 0 || here + 1 + length > room || !view.holds(buffer_)) {
        return false;
    }
    buffer_[here] = '/';
    memcpy(buffer_ + here + 1, path, length + 1);
    prefix_ = view.length + 1;
    struct stat status;
    return exists(buffer_, &status);
}

// DIR/dev/infiniband has a node for each device file. They are looked at, but not opened.
bool MappedPath::map_device(const char* path) noexcept {
    const char* const directory = instance_directory();
    const size_t length = directory ? strlen(directory) : 0;
    if (length == 0 || length + strlen(path) >= sizeof buffer_) {
        return false;
    }
    memcpy(buffer_, directory, length);
    memcpy(buffer_ + length, path, strlen(path) + 1);
    struct stat status;
    return exists(buffer_, &status);
}

bool MappedPath::map(const char* path) noexcept {
    if (strncmp(path, kDevices, sizeof kDevices - 1) == 0) {
        return map_device(path);
    }
    if (strncmp(path, kSys, sizeof kSys - 1) != 0) {
        return false;
    }
    const ViewDirectory view;
    const char* below = path + sizeof kSys - 1;
    below += strspn(below, "/");
    if (view.length == 0 || *below == '\0') {
        return false;
    }
    ViewPath in_view;
    prefix_ = view.length + 1;
    if (!in_view.translate(below) || prefix_ + strlen(in_view.text) >= sizeof buffer_) {
        return false;
    }
    memcpy(buffer_, view.path, view.length);
    buffer_[view.length] = '/';
    memcpy(buffer_ + prefix_, in_view.text, strlen(in_view.text) + 1);
    struct stat status;
    if (in_view.netdev_length > 0 && !has_netdev(buffer_, prefix_ + in_view.netdev_length)) {
        return false;
    }
    return in_view.absent || exists(buffer_, &status);
}

bool MappedPath::is_attribute_for(int flags) const noexcept {
    struct stat status;
    return mapped() && (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH) &&
           exists(buffer_, &status) && S_ISREG(status.st_mode) && (status.st_mode & S_IWUSR);
}

void unmap_path(char* path) noexcept {
    const ViewDirectory view;
    constexpr size_t sys = sizeof kSys - 2;  // without the last '/'
    if (!view.holds(path)) {
        return;
    }
    memmove(path + sys, path + view.length, strlen(path + view.length) + 1);
    memcpy(path, kSys, sys);
    // A netdev of another namespace than the adapter's: "netns/net:[4026531840]/NAME".
    char* const below = path + sys + 1;
    constexpr size_t prefix = sizeof kNetdevs - 1;
    char* const name = is_in(path + sys, "/netns/", 7) ? strstr(below, "]/") : nullptr;
    if (name) {
        memmove(below + prefix, name + 2, strlen(name + 2) + 1);
        memcpy(below, kNetdevs, prefix);
    }
}

}  // namespace esw::sim
