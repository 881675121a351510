// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "esw-manager/snapshot.h"

namespace esw {

/// Ports whose loaded representor the datapath cannot use yet, by name, and why.
using PortFailures = std::map<std::string, ProviderStatus>;

/// The snapshot with these ports and their representors as failed: for reports, in which a
/// representor is loaded when packets can pass, as in the status of its port.
Snapshot with_failures(Snapshot snapshot, const PortFailures& failures);

}  // namespace esw
