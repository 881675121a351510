// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace esw::sim {

/// The directory of one instance of the simulated adapter. Its pid file is locked (flock) as long
/// as the daemon lives, however it ends: who gets the lock knows that none runs.
class InstanceDir {
public:
    explicit InstanceDir(std::string path) : path_(std::move(path)) {}

    const std::string& path() const { return path_; }
    std::string pid_file() const { return path_ + "/pid"; }
    std::string control_socket() const { return path_ + "/ctl"; }
    std::string log_file() const { return path_ + "/log"; }

    /// Makes the directory when it is not there, takes the lock and clears what a dead daemon
    /// left. An error when one runs.
    Result<UniqueFd> claim() const;
    /// Writes the pid of the calling process into the locked file.
    static Status write_pid(const UniqueFd& lock);
    /// The pid of the daemon that runs; the error is the one to show the user when none does.
    Result<int> running() const;
    /// Where the view of /sys is when the directory is on a disk; DIR/sysfs is a link to it then.
    static constexpr const char* kMemory = "/dev/shm";
    /// Removes the view of /sys, of a daemon that was killed too.
    void remove_sysfs() const;
    /// Removes the files of the instance and, when nothing else is in it, the directory.
    void remove() const;

private:
    const std::string path_;
};

}  // namespace esw::sim
