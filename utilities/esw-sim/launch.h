// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "utilities/esw-sim/instance_dir.h"
#include "utilities/esw-sim/topology.h"

namespace esw::sim {

/// `esw-sim start`: starts the daemon of `directory`, in the background unless `foreground`, and
/// prints what it made when it is ready. In the background, the parent returns then; the daemon
/// itself, and a start in the foreground, return when it has ended.
Status launch(const InstanceDir& directory, const Topology& topology, bool foreground);

}  // namespace esw::sim
