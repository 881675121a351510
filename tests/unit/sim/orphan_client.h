// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace esw::sim::test {

/// A program that has sockets when its daemon dies: writes a byte to standard output when it has
/// them, reads one from standard input when the daemon is dead, and returns 0 or the number of the
/// expectation that failed.
int run_orphan_client();

}  // namespace esw::sim::test
