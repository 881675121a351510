// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "esw-manager/eswitch.h"
#include "netlink/kernel.h"

/// Operations that reconfigure an eswitch. Each takes the control lock, makes queued work stale
/// where it would be wrong afterwards, takes the block, does its work, gives all back in the
/// opposite order on every way out, and has what was dropped looked at again.
///
/// Threads: the executor's of the eswitch's adapter. Errors name the eswitch and have the kernel's
/// own text.
namespace esw {

/// What set_eswitch_mode() says of a mode that is there already.
inline constexpr std::string_view kNoChange = "no change";

struct OperationTools {
    netlink::Kernel& kernel;
    /// Returns when all that the kernel has sent so far is known to the eswitches.
    std::function<Status()> catch_up;
};

/// "done" after the mode was read back, or "no change". A mode that the kernel refuses leaves
/// everything as it was.
Result<std::string> set_eswitch_mode(Eswitch& eswitch, netlink::EswitchMode mode,
                                     const OperationTools& tools);

/// As "devlink dev reload": the driver starts again, in legacy mode and with the VFs it had.
Result<std::string> reload_eswitch(Eswitch& eswitch, const OperationTools& tools);

/// The id of the new representor. `pf` is the PCI PF's number.
Result<std::string> add_subfunction(Eswitch& eswitch, uint16_t pf, uint32_t number,
                                    const OperationTools& tools);

/// Ends when the devlink port is gone, or with ETIMEDOUT when the kernel takes longer than any card
/// does.
Result<std::string> delete_subfunction(Eswitch& eswitch, const RepId& rep,
                                       const OperationTools& tools);

}  // namespace esw
