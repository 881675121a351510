// SPDX-License-Identifier: Apache-2.0
// The format: "Trace Event Format" by the Catapult project; ts and dur are in microseconds, pid and
// tid are integers, "M" events name them. Complete events of one thread must be nested or apart:
// Perfetto drops others.
#include "esw-manager/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iterator>
#include <vector>

#include "esw-manager/json_values.h"

namespace esw {

namespace {

constexpr EventTrack kTracks[] = {EventTrack::kOperations, EventTrack::kQueue, EventTrack::kWaits,
                                  EventTrack::kEvents};

struct Span {
    int64_t begin_us, end_us;
};

// Both ends are rounded the same way, so that what was nested or apart still is.
Span span_of(const Event& event) {
    const auto us = [](TimePoint time) {
        return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch())
            .count();
    };
    return {us(event.begun), us(event.begun + event.duration)};
}

/// The threads of one track: as many as it takes for events to be nested or apart in each.
class Lanes {
public:
    /// The lane for an event that does not begin before the last one that was given one.
    size_t take(const Span& span) {
        for (size_t i = 0; i < lanes_.size(); ++i) {
            std::vector<int64_t>& open = lanes_[i];
            while (!open.empty() && open.back() <= span.begin_us) {
                open.pop_back();
            }
            if (open.empty() || open.back() >= span.end_us) {
                open.push_back(span.end_us);
                return i;
            }
        }
        lanes_.push_back({span.end_us});
        return lanes_.size() - 1;
    }
    size_t size() const { return lanes_.size(); }

private:
    std::vector<std::vector<int64_t>> lanes_;  // of each, the ends of what is open, innermost last
};

void append_metadata(std::string& out, const char* what, int pid, int tid,
                     const std::string& name) {
    fmt::format_to(std::back_inserter(out),
                   R"({}{{"name":"{}","ph":"M","pid":{},"tid":{},"args":{{"name":{}}}}})",
                   out.empty() ? "" : ",", what, pid, tid, quoted_or_null(name));
}

void append_event(std::string& out, const Event& event, int pid, int tid) {
    const Span span = span_of(event);
    const bool instant = event.result == EventResult::kLate;
    fmt::format_to(
        std::back_inserter(out),
        R"(,{{"name":{},"cat":"{}","ph":"{}","ts":{},{},"pid":{},"tid":{},)"
        R"("args":{{"id":{},"time":"{}","generation":{},"result":"{}","cause":{}}}}})",
        quoted_or_null(event.target.empty() ? event.kind : event.kind + " " + event.target),
        to_string(event.track), instant ? "i" : "X", instant ? span.end_us : span.begin_us,
        instant ? R"("s":"t")" : fmt::format(R"("dur":{})", span.end_us - span.begin_us), pid, tid,
        event.id, time_text(event.time), event.generation, to_string(event.result),
        quoted_or_null(event.cause));
}

void append_track(std::string& out, const EventHistory::Copy& history, EventTrack track, int pid,
                  int& next_tid) {
    std::vector<EventPtr> events;
    for (const EventPtr& event : history.events) {
        if (event->track == track) {
            events.push_back(event);
        }
    }
    if (events.empty()) {
        return;
    }
    std::stable_sort(events.begin(), events.end(), [](const EventPtr& a, const EventPtr& b) {
        const Span x = span_of(*a), y = span_of(*b);
        return x.begin_us != y.begin_us ? x.begin_us < y.begin_us : x.end_us > y.end_us;
    });
    Lanes lanes;
    for (const EventPtr& event : events) {
        const bool instant = event->result == EventResult::kLate;
        const size_t lane = instant ? 0 : lanes.take(span_of(*event));
        append_event(out, *event, pid, next_tid + static_cast<int>(lane));
    }
    const std::string name(to_string(track));
    for (size_t i = 0; i < std::max<size_t>(1, lanes.size()); ++i) {
        append_metadata(out, "thread_name", pid, next_tid++,
                        i == 0 ? name : fmt::format("{} {}", name, i + 1));
    }
}

}  // namespace

std::string time_text(std::chrono::system_clock::time_point time) {
    using std::chrono::microseconds;
    const auto us = std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
    const time_t seconds = std::chrono::system_clock::to_time_t(time);
    tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       us % 1000000);
}

std::string trace_to_json(const std::map<std::string, EventHistory::Copy>& histories) {
    std::string events;
    int pid = 0;
    for (const auto& [name, history] : histories) {
        append_metadata(events, "process_name", ++pid, 0, name);
        int next_tid = 1;
        for (const EventTrack track : kTracks) {
            append_track(events, history, track, pid, next_tid);
        }
    }
    return R"({"displayTimeUnit":"ms","traceEvents":[)" + events + "]}";
}

}  // namespace esw
