// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "esw-manager/eswitch_record.h"
#include "esw-manager/snapshot.h"

/// What the commands print that show an eswitch's record (interface.md): text for people, or JSON.
/// Objects are eswitches; none: all. An object that is none is ENODEV.
namespace esw {

struct RecordRequest {
    bool json = false;
    size_t count = SIZE_MAX;  ///< -n, of events
    std::vector<std::string> objects{};
};

struct RecordContext {
    const Records& records;
    const Snapshot& snapshot;
    TimePoint now;
};

/// esw/event-show, also of eswitches that are not there any more.
Result<std::string> report_events(const RecordContext& context, const RecordRequest& request);
/// esw/stats-show, likewise.
Result<std::string> report_stats(const RecordContext& context, const RecordRequest& request);
/// esw/stats-clear.
Result<std::string> clear_stats(const RecordContext& context, const RecordRequest& request);
/// esw/queue-show.
Result<std::string> report_queues(const RecordContext& context, const RecordRequest& request);
/// esw/block-show.
Result<std::string> report_blocks(const RecordContext& context, const RecordRequest& request);
/// esw/trace, which is JSON always.
Result<std::string> report_trace(const RecordContext& context, const RecordRequest& request);

}  // namespace esw
