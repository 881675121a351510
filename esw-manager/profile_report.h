// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "esw-manager/report.h"

namespace esw {

/// esw/profile-show: what the profile wants of each eswitch and what became of it; in text also the
/// profile itself, and why the last one was refused.
Result<std::string> report_profile(const ReportContext& context, const ReportRequest& request);

/// "applied", "failed: ..."; for esw/show.
std::string describe_profile(const Snapshot& snapshot, const DevlinkHandle& handle);

/// The mode that the eswitch shall have: by hand, by the profile, or as somebody has asked last.
std::optional<netlink::EswitchMode> wanted_mode(const Snapshot& snapshot,
                                                const EswitchSnapshot& eswitch);

}  // namespace esw
