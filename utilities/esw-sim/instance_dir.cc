// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/instance_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/un.h>

#include <cerrno>
#include <filesystem>

namespace esw::sim {

namespace {

// The longest name that this and the transport put behind the directory in a socket's address.
constexpr size_t kLongestSocketName = 16;

int read_pid(int fd) {
    char text[32] = {};
    return ::pread(fd, text, sizeof text - 1, 0) > 0 ? std::atoi(text) : 0;
}

}  // namespace

Result<UniqueFd> InstanceDir::claim() const {
    if (path_.size() + kLongestSocketName > sizeof(sockaddr_un{}.sun_path)) {
        return fail(ENAMETOOLONG, path_, "", "too long a path for the sockets in it");
    }
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) {
        return fail(error.value(), path_, "create directory");
    }
    UniqueFd lock(::open(pid_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock) {
        return fail(errno, pid_file(), "open");
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(
            EEXIST, path_, "",
            fmt::format("a simulated adapter runs there already (pid {})", read_pid(lock.get())));
    }
    std::filesystem::remove(control_socket(), error);
    return lock;
}

Status InstanceDir::write_pid(const UniqueFd& lock) {
    const std::string text = fmt::format("{}\n", ::getpid());
    if (::ftruncate(lock.get(), 0) != 0 ||
        ::pwrite(lock.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        return fail(errno, "pid file", "write");
    }
    return {};
}

Result<int> InstanceDir::running() const {
    const UniqueFd lock(::open(pid_file().c_str(), O_RDONLY | O_CLOEXEC));
    if (lock && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return read_pid(lock.get());
    }
    return fail(0,
                fmt::format("no simulated adapter runs in {} (start one with \"esw-sim start "
                            "--dir {}\")",
                            path_, path_),
                "");
}

void InstanceDir::remove_sysfs() const {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(path_ + "/sysfs", error);
    if (!error && target.string().rfind(std::string(kMemory) + "/esw-sim.", 0) == 0) {
        std::filesystem::remove_all(target.parent_path(), error);
    }
    std::filesystem::remove_all(path_ + "/sysfs", error);
}

void InstanceDir::remove() const {
    remove_sysfs();
    std::error_code error;
    std::filesystem::remove_all(path_ + "/dev", error);
    for (const std::string& file : {control_socket(), log_file(), pid_file()}) {
        std::filesystem::remove(file, error);
    }
    std::filesystem::remove(path_, error);  // fails when others have put something there
}

}  // namespace esw::sim
