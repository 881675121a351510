// SPDX-License-Identifier: Apache-2.0
// The C library's calls on paths, replaced.
#undef _FORTIFY_SOURCE  // or the headers define these functions themselves
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>

#include "utilities/esw-sim/preload/attribute.h"
#include "utilities/esw-sim/preload/device_file.h"
#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/simulated_socket.h"
#include "utilities/esw-sim/preload/sysfs_paths.h"

using esw::sim::Attribute;
using esw::sim::DeviceFile;
using esw::sim::MappedPath;

/// Defines a function that passes its arguments on, with the path mapped. `declaration` names the
/// path "path"; what follows are the arguments of the call.
#define ESW_MAPS_PATH(result, function, declaration, ...) \
    ESW_REPLACES result function declaration noexcept {   \
        const MappedPath mapped(path);                    \
        path = mapped.get();                              \
        return ESW_NEXT(function)(__VA_ARGS__);           \
    }

namespace {

mode_t creation_mode(int flags, va_list arguments) noexcept {
    return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// --- opening ---

#define ESW_OPENS(function, ...)                                                       \
    va_list arguments;                                                                 \
    va_start(arguments, flags);                                                        \
    const mode_t mode = creation_mode(flags, arguments);                               \
    va_end(arguments);                                                                 \
    if (DeviceFile::is_path(path)) {                                                   \
        return DeviceFile::open(path, flags);                                          \
    }                                                                                  \
    const MappedPath mapped(path, flags);                                              \
    return mapped.is_attribute_for(flags) ? Attribute::open(mapped.below_sys(), flags) \
                                          : ESW_NEXT(function)(__VA_ARGS__)

ESW_REPLACES int open(const char* path, int flags, ...) {
    ESW_OPENS(open, mapped.get(), flags, mode);
}

ESW_REPLACES int open64(const char* path, int flags, ...) {
    ESW_OPENS(open64, mapped.get(), flags, mode);
}

ESW_REPLACES int openat(int at, const char* path, int flags, ...) {
    ESW_OPENS(openat, at, mapped.get(), flags, mode);
}

ESW_REPLACES int openat64(int at, const char* path, int flags, ...) {
    ESW_OPENS(openat64, at, mapped.get(), flags, mode);
}

extern "C" {
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int at, const char* path, int flags);
int __openat64_2(int at, const char* path, int flags);
char* __realpath_chk(const char* path, char* resolved, size_t room) noexcept;
ssize_t __readlink_chk(const char* path, char* buffer, size_t length, size_t room) noexcept;
ssize_t __readlinkat_chk(int at, const char* path, char* buffer, size_t length,
                         size_t room) noexcept;
char* __getcwd_chk(char* buffer, size_t size, size_t room) noexcept;
int __xstat(int version, const char* path, struct stat* status) noexcept;
int __xstat64(int version, const char* path, struct stat64* status) noexcept;
int __lxstat(int version, const char* path, struct stat* status) noexcept;
int __lxstat64(int version, const char* path, struct stat64* status) noexcept;
int __fxstat(int version, int fd, struct stat* status) noexcept;
int __fxstat64(int version, int fd, struct stat64* status) noexcept;
}

#define ESW_OPENS_2(function, ...)                                                     \
    if (DeviceFile::is_path(path)) {                                                   \
        return DeviceFile::open(path, flags);                                          \
    }                                                                                  \
    const MappedPath mapped(path, flags);                                              \
    return mapped.is_attribute_for(flags) ? Attribute::open(mapped.below_sys(), flags) \
                                          : ESW_NEXT(function)(__VA_ARGS__)

ESW_REPLACES int __open_2(const char* path, int flags) {
    ESW_OPENS_2(__open_2, mapped.get(), flags);
}

ESW_REPLACES int __open64_2(const char* path, int flags) {
    ESW_OPENS_2(__open64_2, mapped.get(), flags);
}

ESW_REPLACES int __openat_2(int at, const char* path, int flags) {
    ESW_OPENS_2(__openat_2, at, mapped.get(), flags);
}

ESW_REPLACES int __openat64_2(int at, const char* path, int flags) {
    ESW_OPENS_2(__openat64_2, at, mapped.get(), flags);
}

namespace {

/// A stream for writing an attribute; null, with errno, when it cannot be had.
FILE* open_attribute_stream(const MappedPath& mapped) noexcept {
    const int fd = Attribute::open(mapped.below_sys(), O_WRONLY);
    return fd < 0 ? nullptr : fdopen(fd, "w");
}

bool writes(const char* mode) noexcept {
    return mode[0] != 'r' || strchr(mode, '+');
}

}  // namespace

ESW_REPLACES FILE* fopen(const char* path, const char* mode) {
    const int flags = writes(mode) ? O_WRONLY : O_RDONLY;
    const MappedPath mapped(path, flags);
    return mapped.is_attribute_for(flags) ? open_attribute_stream(mapped)
                                          : ESW_NEXT(fopen)(mapped.get(), mode);
}

ESW_REPLACES FILE* fopen64(const char* path, const char* mode) {
    const int flags = writes(mode) ? O_WRONLY : O_RDONLY;
    const MappedPath mapped(path, flags);
    return mapped.is_attribute_for(flags) ? open_attribute_stream(mapped)
                                          : ESW_NEXT(fopen64)(mapped.get(), mode);
}

ESW_REPLACES DIR* opendir(const char* path) {
    const MappedPath mapped(path);
    return ESW_NEXT(opendir)(mapped.get());
}

ESW_REPLACES int scandir(const char* path, dirent*** list, int (*filter)(const dirent*),
                         int (*compare)(const dirent**, const dirent**)) {
    const MappedPath mapped(path);
    return ESW_NEXT(scandir)(mapped.get(), list, filter, compare);
}

ESW_REPLACES int scandir64(const char* path, dirent64*** list, int (*filter)(const dirent64*),
                           int (*compare)(const dirent64**, const dirent64**)) {
    const MappedPath mapped(path);
    return ESW_NEXT(scandir64)(mapped.get(), list, filter, compare);
}

// --- looking ---

ESW_MAPS_PATH(int, stat, (const char* path, struct stat* status), path, status)
ESW_MAPS_PATH(int, lstat, (const char* path, struct stat* status), path, status)
ESW_MAPS_PATH(int, stat64, (const char* path, struct stat64* status), path, status)
ESW_MAPS_PATH(int, lstat64, (const char* path, struct stat64* status), path, status)
ESW_MAPS_PATH(int, __xstat, (int version, const char* path, struct stat* status), version, path,
              status)
ESW_MAPS_PATH(int, __lxstat, (int version, const char* path, struct stat* status), version, path,
              status)
ESW_MAPS_PATH(int, __xstat64, (int version, const char* path, struct stat64* status), version, path,
              status)
ESW_MAPS_PATH(int, __lxstat64, (int version, const char* path, struct stat64* status), version,
              path, status)
ESW_MAPS_PATH(int, fstatat, (int at, const char* path, struct stat* status, int flags), at, path,
              status, flags)
ESW_MAPS_PATH(int, fstatat64, (int at, const char* path, struct stat64* status, int flags), at,
              path, status, flags)
ESW_MAPS_PATH(int, statx,
              (int at, const char* path, int flags, unsigned int mask, struct statx* status), at,
              path, flags, mask, status)
ESW_MAPS_PATH(int, access, (const char* path, int mode), path, mode)
ESW_MAPS_PATH(int, faccessat, (int at, const char* path, int mode, int flags), at, path, mode,
              flags)
ESW_MAPS_PATH(int, euidaccess, (const char* path, int mode), path, mode)
ESW_MAPS_PATH(int, eaccess, (const char* path, int mode), path, mode)
ESW_MAPS_PATH(ssize_t, readlink, (const char* path, char* buffer, size_t length), path, buffer,
              length)
ESW_MAPS_PATH(ssize_t, readlinkat, (int at, const char* path, char* buffer, size_t length), at,
              path, buffer, length)
ESW_MAPS_PATH(ssize_t, __readlink_chk, (const char* path, char* buffer, size_t length, size_t room),
              path, buffer, length, room)
ESW_MAPS_PATH(ssize_t, __readlinkat_chk,
              (int at, const char* path, char* buffer, size_t length, size_t room), at, path,
              buffer, length, room)
ESW_MAPS_PATH(ssize_t, getxattr, (const char* path, const char* name, void* value, size_t size),
              path, name, value, size)
ESW_MAPS_PATH(ssize_t, lgetxattr, (const char* path, const char* name, void* value, size_t size),
              path, name, value, size)
ESW_MAPS_PATH(ssize_t, listxattr, (const char* path, char* list, size_t size), path, list, size)
ESW_MAPS_PATH(ssize_t, llistxattr, (const char* path, char* list, size_t size), path, list, size)

// --- names that come back ---

namespace {

/// The path of the result is the program's own, wherever the file is.
char* unmapped(char* path) noexcept {
    if (path) {
        esw::sim::unmap_path(path);
    }
    return path;
}

}  // namespace

ESW_REPLACES char* realpath(const char* __restrict path, char* __restrict resolved) noexcept {
    const MappedPath mapped(path);
    return unmapped(ESW_NEXT(realpath)(mapped.get(), resolved));
}

ESW_REPLACES char* __realpath_chk(const char* path, char* resolved, size_t room) noexcept {
    const MappedPath mapped(path);
    return unmapped(ESW_NEXT(__realpath_chk)(mapped.get(), resolved, room));
}

ESW_REPLACES char* canonicalize_file_name(const char* path) noexcept {
    const MappedPath mapped(path);
    return unmapped(ESW_NEXT(canonicalize_file_name)(mapped.get()));
}

ESW_MAPS_PATH(int, chdir, (const char* path), path)

ESW_REPLACES char* getcwd(char* buffer, size_t size) noexcept {
    return unmapped(ESW_NEXT(getcwd)(buffer, size));
}

ESW_REPLACES char* __getcwd_chk(char* buffer, size_t size, size_t room) noexcept {
    return unmapped(ESW_NEXT(__getcwd_chk)(buffer, size, room));
}

// --- descriptors of attributes and devices, which are files to the program ---

ESW_REPLACES int fstat(int fd, struct stat* status) noexcept {
    DeviceFile device;
    if (DeviceFile::find(fd, device)) {
        device.describe(*status);
        return 0;
    }
    Attribute attribute;
    if (!Attribute::find(fd, attribute)) {
        return ESW_NEXT(fstat)(fd, status);
    }
    const Attribute::FullPath path(attribute);
    return ESW_NEXT(stat)(MappedPath(path.text).get(), status);
}

ESW_REPLACES int fstat64(int fd, struct stat64* status) noexcept {
    DeviceFile device;
    if (DeviceFile::find(fd, device)) {
        device.describe(*status);
        return 0;
    }
    Attribute attribute;
    if (!Attribute::find(fd, attribute)) {
        return ESW_NEXT(fstat64)(fd, status);
    }
    const Attribute::FullPath path(attribute);
    return ESW_NEXT(stat64)(MappedPath(path.text).get(), status);
}

// As programs call it that were built with an older C library, and the run time of ThreadSanitizer.
ESW_REPLACES int __fxstat(int version, int fd, struct stat* status) noexcept {
    DeviceFile device;
    if (DeviceFile::find(fd, device)) {
        device.describe(*status);
        return 0;
    }
    return ESW_NEXT(__fxstat)(version, fd, status);
}

ESW_REPLACES int __fxstat64(int version, int fd, struct stat64* status) noexcept {
    DeviceFile device;
    if (DeviceFile::find(fd, device)) {
        device.describe(*status);
        return 0;
    }
    return ESW_NEXT(__fxstat64)(version, fd, status);
}
