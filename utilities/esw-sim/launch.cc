// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>

#include "base/log.h"
#include "utilities/esw-sim/daemon.h"

namespace esw::sim {

namespace {

// First byte of what the daemon writes to its parent: how the rest is meant.
constexpr char kReady = '+';
constexpr char kFailed = '-';

void write_all(int fd, const std::string& text) {
    size_t at = 0;
    while (at < text.size()) {
        const ssize_t size = ::write(fd, text.data() + at, text.size() - at);
        if (size <= 0) {
            return;
        }
        at += static_cast<size_t>(size);
    }
}

std::string read_all(int fd) {
    std::string text;
    char buffer[4096];
    ssize_t size;
    while ((size = ::read(fd, buffer, sizeof buffer)) > 0) {
        text.append(buffer, static_cast<size_t>(size));
    }
    return text;
}

// `ready` is called with the summary when the adapter can be used.
Status serve(const InstanceDir& directory, const Topology& topology, const UniqueFd& lock,
             const std::function<void(const std::string&)>& ready) {
    StderrSink log("esw-sim", LogLevel::kInfo);
    if (Status status = InstanceDir::write_pid(lock); !status) {
        return status;
    }
    auto daemon = Daemon::create(log, topology, directory);
    if (!daemon) {
        directory.remove();
        return fail(daemon.error());
    }
    ready((*daemon)->summary());
    (*daemon)->run();
    daemon->reset();
    directory.remove();
    return {};
}

// Nothing of the caller stays open: a pipe of a shell that waits for its end, a lock.
void detach_descriptors(const InstanceDir& directory, UniqueFd& lock, UniqueFd& pipe) {
    constexpr int kLock = 3, kPipe = 4;
    const int lock_copy = ::fcntl(lock.get(), F_DUPFD_CLOEXEC, 10);
    const int pipe_copy = ::fcntl(pipe.get(), F_DUPFD_CLOEXEC, 10);
    ::dup3(lock_copy, kLock, O_CLOEXEC);
    ::dup3(pipe_copy, kPipe, O_CLOEXEC);
    lock.release();
    pipe.release();
    lock.reset(kLock);
    pipe.reset(kPipe);
    ::syscall(SYS_close_range, kPipe + 1, ~0u, 0);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::close(null);
    const int log = ::open(directory.log_file().c_str(),
                           O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::close(log);
}

Status serve_in_child(const InstanceDir& directory, const Topology& topology, UniqueFd lock,
                      UniqueFd pipe) {
    ::setsid();
    detach_descriptors(directory, lock, pipe);
    if (::chdir("/") != 0) {
        return fail(errno, "/", "chdir");
    }
    Status status = serve(directory, topology, lock, [&](const std::string& summary) {
        write_all(pipe.get(), kReady + summary);
        pipe.reset();
    });
    if (!status && pipe) {
        write_all(pipe.get(), kFailed + status.error().to_string());
    }
    return status;
}

}  // namespace

Status launch(const InstanceDir& directory, const Topology& topology, bool foreground) {
    auto lock = directory.claim();
    if (!lock) {
        return fail(lock.error());
    }
    if (foreground) {
        return serve(directory, topology, *lock, [](const std::string& summary) {
            std::fputs(summary.c_str(), stdout);
            std::fflush(stdout);
        });
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return fail(errno, "pipe", "create");
    }
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) {
        return fail(errno, "daemon", "fork");
    }
    if (child == 0) {
        read_end.reset();
        const Status status =
            serve_in_child(directory, topology, std::move(*lock), std::move(write_end));
        ::_exit(status ? 0 : 1);
    }
    write_end.reset();
    const std::string answer = read_all(read_end.get());
    if (!answer.empty() && answer[0] == kReady) {
        std::fputs(answer.c_str() + 1, stdout);
        return {};
    }
    ::waitpid(child, nullptr, 0);
    return fail(0,
                answer.empty() ? fmt::format("the daemon ended; see {}", directory.log_file())
                               : answer.substr(1),
                "");
}

}  // namespace esw::sim
