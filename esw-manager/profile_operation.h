// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "esw-manager/operations.h"
#include "esw-manager/profile.h"

namespace esw {

/// Makes an eswitch what a rule of the profile says: what must be set before, then the mode. Asks
/// first, and sets what is different. "done" or "no change"; with `unless_vfs`, ModePolicy::held()
/// when the mode would have to be changed under VFs.
///
/// Thread: the executor's of the eswitch's adapter.
Result<std::string> apply_rule(Eswitch& eswitch, const ProfileRule& rule, bool unless_vfs,
                               const OperationTools& tools);

}  // namespace esw
