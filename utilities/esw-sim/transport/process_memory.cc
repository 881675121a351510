// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/transport/process_memory.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "utilities/esw-sim/transport/peer.h"

namespace esw::sim {

namespace {

using Transfer = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long,
                             unsigned long);

bool transfer(Transfer function, pid_t pid, uint64_t address, void* here, size_t length) {
    if (length == 0) {
        return true;
    }
    const iovec local{here, length};
    const iovec remote{reinterpret_cast<void*>(address), length};
    return function(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(length);
}

}  // namespace

bool ProcessMemory::read(uint64_t address, void* to, size_t length) {
    return transfer(::process_vm_readv, pid_, address, to, length);
}

bool ProcessMemory::write(uint64_t address, const void* from, size_t length) {
    return transfer(::process_vm_writev, pid_, address, const_cast<void*>(from), length);
}

bool ProcessMemory::capable(int capability) {
    return has_capability(pid_, capability);
}

UniqueFd ProcessMemory::descriptor(int number) {
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    return UniqueFd(process ? static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0))
                            : -1);
}

}  // namespace esw::sim
