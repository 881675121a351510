// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/network_namespace.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/unique_fd.h"

namespace esw::sim {

NamespaceId own_network_namespace() {
    const UniqueFd file(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    return namespace_of_file(file.get());
}

NamespaceId namespace_of_file(int file) {
    struct stat status {};
    if (file < 0 || ::fstat(file, &status) != 0) {
        return {};
    }
    return {status.st_dev, status.st_ino};
}

}  // namespace esw::sim
