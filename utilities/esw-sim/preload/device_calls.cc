// SPDX-License-Identifier: Apache-2.0
// The C library's calls that matter to device files only, replaced.
#undef _FORTIFY_SOURCE  // or the headers define these functions themselves
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "utilities/esw-sim/preload/device_file.h"
#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/work_queues.h"

using esw::sim::DeviceFile;

ESW_REPLACES void* mmap(void* address, size_t length, int protection, int flags, int fd,
                        off_t offset) noexcept {
    DeviceFile file;
    return !(flags & MAP_ANONYMOUS) && DeviceFile::find(fd, file)
               ? file.map(address, length, protection, flags, static_cast<uint64_t>(offset))
               : ESW_NEXT(mmap)(address, length, protection, flags, fd, offset);
}

ESW_REPLACES void* mmap64(void* address, size_t length, int protection, int flags, int fd,
                          off64_t offset) noexcept {
    return mmap(address, length, protection, flags, fd, offset);
}

ESW_REPLACES int close(int fd) {
    esw::sim::work_queues::descriptor_closing(fd);
    return ESW_NEXT(close)(fd);
}

ESW_REPLACES int pthread_spin_unlock(pthread_spinlock_t* lock) noexcept {
    esw::sim::work_queues::run();
    return ESW_NEXT(pthread_spin_unlock)(lock);
}
