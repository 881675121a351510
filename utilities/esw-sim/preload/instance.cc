// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/instance.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace esw::sim {

namespace {

/// What a path of a socket has room for, less the file's name.
constexpr size_t kMaxDirectory = 90;

enum State : int { kUnread, kNone, kSome };

std::atomic<int> state{kUnread};
char directory[kMaxDirectory + 1];
std::atomic<bool> complained{false};

// When two threads are first at the same time, both write the same.
int read_environment() noexcept {
    const char* value = getenv("ESW_SIM_DIR");
    const size_t length = value ? strlen(value) : 0;
    const bool usable = length > 0 && length <= kMaxDirectory && value[0] == '/';
    if (usable) {
        memcpy(directory, value, length);
    }
    const int result = usable ? kSome : kNone;
    state.store(result, std::memory_order_release);
    return result;
}

/// Before main() the environment is what the program was started with.
__attribute__((constructor(101))) void read_early() {
    read_environment();
}

}  // namespace

const char* instance_directory() noexcept {
    int now = state.load(std::memory_order_acquire);
    if (now == kUnread) {
        now = read_environment();
    }
    return now == kSome ? directory : nullptr;
}

void complain_instance_gone() noexcept {
    if (complained.exchange(true)) {
        return;
    }
    const int saved = errno;
    constexpr char before[] = "esw-sim: the simulated adapter in ";
    constexpr char after[] = " is gone\n";
    char line[sizeof before + kMaxDirectory + sizeof after];
    char* end = line;
    const auto append = [&](const char* text, size_t length) {
        memcpy(end, text, length);
        end += length;
    };
    append(before, sizeof before - 1);
    append(directory, strlen(directory));
    append(after, sizeof after - 1);
    syscall(SYS_write, STDERR_FILENO, line, static_cast<size_t>(end - line));
    errno = saved;
}

}  // namespace esw::sim
