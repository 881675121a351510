// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "esw-manager/flow/flow_offload.h"
#include "esw-manager/report.h"

namespace esw {

/// esw/flow-show: the flows that are in adapters, with `more` also those that are not and why; then
/// how many there are, and how often flows were refused, by reason. Objects are eswitches or
/// representors that packets come in by. Rows are sorted by port and ufid.
Result<std::string> report_flows(const ReportContext& context, FlowOffload& flows,
                                 const ReportRequest& request);

}  // namespace esw
