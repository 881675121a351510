// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "utilities/esw-sim/instance_dir.h"

namespace esw::sim {

/// Sends one request (JSON without line ends) to the daemon of `directory` and waits for the
/// answer, however long it takes. Returns the verb's output, or its error as detail.
Result<std::string> ctl_request(const InstanceDir& directory, const std::string& request);

/// Ends the daemon of `directory` and waits until it is gone; kills it when it does not end.
Status ctl_stop(const InstanceDir& directory);

}  // namespace esw::sim
