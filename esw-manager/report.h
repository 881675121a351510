// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "esw-manager/snapshot.h"

/// What the `show` commands print, as text and as JSON (interface.md). Rows are sorted; text has no
/// trailing newline.
namespace esw {

struct ReportRequest {
    bool json = false;
    bool more = false;                 ///< -m
    std::vector<std::string> objects;  ///< "pci/0000:08:00.0", "pci/0000:08:00.0/pf0vf3"; none: all
};

struct ReportContext {
    const Snapshot& snapshot;
    TimePoint now;
    std::map<std::string, std::string> bridges;    ///< of OVS ports, by port
    std::map<DevlinkHandle, uint64_t> flows = {};  ///< that are in the adapter, by eswitch

    uint64_t flows_of(const DevlinkHandle& eswitch) const {
        const auto found = flows.find(eswitch);
        return found == flows.end() ? 0 : found->second;
    }
};

/// Why there is nothing to show when everything was asked for.
std::string emptiness(const Snapshot& snapshot, const char* what);

tl::unexpected<Error> no_such_eswitch(const std::string& text);

/// The representor that `text` names: "pci/0000:08:00.0/pf0vf3", or "pf0vf3" when one eswitch only
/// has it. The error says what does not exist.
Result<RepRef> find_rep(const Snapshot& snapshot, const std::string& text);

/// esw/show. ENODEV, naming the object, when one of the objects is no eswitch.
Result<std::string> report_eswitches(const ReportContext& context, const ReportRequest& request);

/// esw/rep-show; objects are eswitches, reps, or rep ids that one eswitch only has ("pf0vf3").
Result<std::string> report_reps(const ReportContext& context, const ReportRequest& request);

}  // namespace esw
