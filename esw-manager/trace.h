// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "esw-manager/event_history.h"

namespace esw {

/// Histories as JSON in the Trace Event Format, which Perfetto (https://ui.perfetto.dev) and
/// chrome://tracing load. Each eswitch is a process, each EventTrack a thread of it, and each event
/// one complete event ("X"), save a wait that goes on, which is an instant event ("i").
std::string trace_to_json(const std::map<std::string, EventHistory::Copy>& histories);

/// UTC to the microsecond: "2026-01-31T09:08:07.123456Z".
std::string time_text(std::chrono::system_clock::time_point time);

}  // namespace esw
