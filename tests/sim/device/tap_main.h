// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace device {

/// What the script that starts a program of this directory says to it.
struct Given {
    std::string prefix;  ///< of the netdevs' names: ESW_TEST_PREFIX
    unsigned vfs = 0;    ///< of the first PF: ESW_TEST_VFS
    std::string pci = "0000:08:00.0";
};
Given given();

}  // namespace device
