// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/record_report.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <map>
#include <utility>

#include "esw-manager/json_values.h"
#include "esw-manager/report.h"
#include "esw-manager/report_json.h"
#include "esw-manager/table.h"
#include "esw-manager/trace.h"

namespace esw {

namespace {

int64_t to_us(Duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

Result<Records> select(const RecordContext& context, const std::vector<std::string>& objects) {
    if (objects.empty()) {
        return context.records;
    }
    Records chosen;
    for (const std::string& object : objects) {
        const auto handle = DevlinkHandle::parse(object);
        const auto found = handle ? context.records.find(*handle) : context.records.end();
        if (found == context.records.end()) {
            return no_such_eswitch(object);
        }
        chosen.insert(*found);
    }
    return chosen;
}

bool is_there(const RecordContext& context, const DevlinkHandle& handle) {
    return context.snapshot.eswitches.count(handle) > 0;
}

// --- events

std::string event_table(const EventHistory::Copy& history) {
    Table table({"ID", "TIME", "WHERE", "KIND", "TARGET", "GENERATION", "RESULT", "MS", "CAUSE"});
    for (const EventPtr& event : history.events) {
        table.add({std::to_string(event->id), time_text(event->time),
                   std::string(to_string(event->track)), event->kind,
                   or_word(event->target, "none"), std::to_string(event->generation),
                   std::string(to_string(event->result)),
                   fmt::format("{:.3f}", static_cast<double>(to_us(event->duration)) / 1000),
                   or_word(event->cause, "none")});
    }
    return table.to_string();
}

void append_event(std::string& out, const Event& event) {
    fmt::format_to(std::back_inserter(out),
                   R"({{"id":{},"time":"{}","where":"{}","kind":{},"target":{},"generation":{},)"
                   R"("result":"{}","cause":{},"duration_ms":{},"duration_us":{}}})",
                   event.id, time_text(event.time), to_string(event.track),
                   quoted_or_null(event.kind), quoted_or_null(event.target), event.generation,
                   to_string(event.result), quoted_or_null(event.cause), to_ms(event.duration),
                   to_us(event.duration));
}

std::string history_to_json(const EventHistory::Copy& history, bool there) {
    std::string out =
        fmt::format(R"({{"present":{},"recorded":{},"dropped":{},"capacity":{},"events":[)", there,
                    history.recorded, history.dropped, history.capacity);
    for (const EventPtr& event : history.events) {
        if (event != history.events.front()) {
            out += ',';
        }
        append_event(out, *event);
    }
    return out + "]}";
}

// --- queues

std::string queue_table(const std::vector<WorkRow>& rows, TimePoint now) {
    Table table({"ID", "STATE", "KIND", "TARGET", "GENERATION", "AGE MS", "WAITS FOR", "HELD BY"});
    for (const WorkRow& row : rows) {
        table.add({std::to_string(row.id), row.running ? "running" : "queued", row.kind,
                   or_word(row.target, "none"),
                   row.generation ? std::to_string(row.generation) : "any",
                   std::to_string(to_ms(now - row.queued_at)), or_word(row.waits_for, "nothing"),
                   or_word(row.held_by, "nobody")});
    }
    return table.to_string();
}

std::string queue_to_json(const WorkList& list, TimePoint now) {
    ordered_json work = ordered_json::array();
    for (const WorkRow& row : list.rows) {
        work.push_back(
            {{"id", row.id},
             {"state", row.running ? "running" : "queued"},
             {"kind", row.kind},
             {"target", text_or_null(row.target)},
             {"generation", row.generation ? ordered_json(row.generation) : ordered_json(nullptr)},
             {"age_ms", to_ms(now - row.queued_at)},
             {"running_ms",
              row.begun_at ? ordered_json(to_ms(now - *row.begun_at)) : ordered_json(nullptr)},
             {"waits_for", text_or_null(row.waits_for)},
             {"held_by", text_or_null(row.held_by)}});
    }
    return dump({{"work", std::move(work)},
                 {"pending", list.totals.pending},
                 {"run", list.totals.run},
                 {"stale", list.totals.stale},
                 {"requeued", list.totals.requeued},
                 {"failed", list.totals.failed}});
}

std::string queue_text(const DevlinkHandle& handle, const WorkList& list, TimePoint now) {
    std::string text = fmt::format("{}: {} pending; {} run, {} stale, {} requeued, {} failed",
                                   handle.to_string(), list.totals.pending, list.totals.run,
                                   list.totals.stale, list.totals.requeued, list.totals.failed);
    return list.rows.empty() ? text : text + "\n" + queue_table(list.rows, now);
}

std::string event_text(const DevlinkHandle& handle, const EventHistory::Copy& history, bool there) {
    const std::string text =
        fmt::format("{}: {} events, {} dropped{}", handle.to_string(), history.recorded,
                    history.dropped, there ? "" : "; the eswitch is gone");
    return history.events.empty() ? text : text + "\n" + event_table(history);
}

std::string counter_text(const DevlinkHandle& handle, const Counters::Copy& counters,
                         TimePoint now) {
    Table table({"COUNTER", "VALUE"});
    for (const auto& [name, value] : counters.values) {
        table.add({name, std::to_string(value)});
    }
    return fmt::format("{}: counted for {} ms\n{}", handle.to_string(), to_ms(now - counters.since),
                       table.to_string());
}

// --- blocks

std::string block_text(const DevlinkHandle& handle, const BlockState& block, TimePoint now) {
    if (!block.owner) {
        return fmt::format("{}: nobody holds the block", handle.to_string());
    }
    Table table({"WHO", "ROLE", "TO", "MS"});
    const auto add = [&](const BlockState::Party& party, const char* role) {
        table.add({party.name, role, party.reason, std::to_string(to_ms(now - party.since))});
    };
    add(*block.owner, "owner");
    for (const BlockState::Party& waiter : block.waiters) {
        add(waiter, waiter.name == block.lent_to ? "borrows" : "waits");
    }
    return fmt::format("{}: held by {}{}\n{}", handle.to_string(), block.owner->name,
                       block.lent_to.empty() ? "" : ", lent to " + block.lent_to,
                       table.to_string());
}

/// What is told of eswitches that are there: of one that was asked for and is gone, an error.
template <class Thing, class Read>
Result<std::map<DevlinkHandle, Thing>> read_present(const Records& records, bool named, Read read) {
    std::map<DevlinkHandle, Thing> things;
    for (const auto& [handle, record] : records) {
        if (std::optional<Thing> thing = read(*record)) {
            things.emplace(handle, std::move(*thing));
        } else if (named) {
            return no_such_eswitch(handle.to_string());  // only its record is left
        }
    }
    return things;
}

/// A part for each of `things`, which go by eswitch: members of a JSON object, or paragraphs.
template <class Thing, class ToJson, class ToText>
std::string report(const RecordContext& context, const RecordRequest& request,
                   const std::map<DevlinkHandle, Thing>& things, ToJson to_json, ToText to_text) {
    std::string out;
    for (const auto& [handle, thing] : things) {
        if (request.json) {
            out += fmt::format("{}{}:", out.empty() ? "" : ",", quoted_or_null(handle.to_string()));
            out += to_json(handle, thing);
        } else {
            out += (out.empty() ? "" : "\n\n") + to_text(handle, thing);
        }
    }
    if (request.json) {
        return '{' + out + '}';
    }
    return out.empty() ? emptiness(context.snapshot, "eswitches") : out;
}

}  // namespace

Result<std::string> report_events(const RecordContext& context, const RecordRequest& request) {
    const auto chosen = select(context, request.objects);
    if (!chosen) {
        return fail(chosen.error());
    }
    return report(
        context, request, *chosen,
        [&](const DevlinkHandle& handle, const RecordPtr& record) {
            return history_to_json(record->history().copy(request.count),
                                   is_there(context, handle));
        },
        [&](const DevlinkHandle& handle, const RecordPtr& record) {
            return event_text(handle, record->history().copy(request.count),
                              is_there(context, handle));
        });
}

Result<std::string> report_stats(const RecordContext& context, const RecordRequest& request) {
    const auto chosen = select(context, request.objects);
    if (!chosen) {
        return fail(chosen.error());
    }
    return report(
        context, request, *chosen,
        [&](const DevlinkHandle&, const RecordPtr& record) {
            const auto counters = record->counters().copy();
            return dump(
                {{"age_ms", to_ms(context.now - counters.since)}, {"counters", counters.values}});
        },
        [&](const DevlinkHandle& handle, const RecordPtr& record) {
            return counter_text(handle, record->counters().copy(), context.now);
        });
}

Result<std::string> clear_stats(const RecordContext& context, const RecordRequest& request) {
    const auto chosen = select(context, request.objects);
    if (!chosen) {
        return fail(chosen.error());
    }
    for (const auto& [handle, record] : *chosen) {
        record->counters().clear(context.now);
    }
    return std::string();
}

Result<std::string> report_queues(const RecordContext& context, const RecordRequest& request) {
    const auto chosen = select(context, request.objects);
    if (!chosen) {
        return fail(chosen.error());
    }
    const auto lists =
        read_present<WorkList>(*chosen, !request.objects.empty(),
                               [](const EswitchRecord& record) { return record.list_work(); });
    if (!lists) {
        return fail(lists.error());
    }
    return report(
        context, request, *lists,
        [&](const DevlinkHandle&, const WorkList& list) {
            return queue_to_json(list, context.now);
        },
        [&](const DevlinkHandle& handle, const WorkList& list) {
            return queue_text(handle, list, context.now);
        });
}

Result<std::string> report_blocks(const RecordContext& context, const RecordRequest& request) {
    const auto chosen = select(context, request.objects);
    if (!chosen) {
        return fail(chosen.error());
    }
    const auto blocks =
        read_present<BlockState>(*chosen, !request.objects.empty(),
                                 [](const EswitchRecord& record) { return record.block(); });
    if (!blocks) {
        return fail(blocks.error());
    }
    return report(
        context, request, *blocks,
        [&](const DevlinkHandle&, const BlockState& block) {
            return dump(block_to_json(block, context.now));
        },
        [&](const DevlinkHandle& handle, const BlockState& block) {
            return block_text(handle, block, context.now);
        });
}

Result<std::string> report_trace(const RecordContext& context, const RecordRequest& request) {
    const auto chosen = select(context, request.objects);
    if (!chosen) {
        return fail(chosen.error());
    }
    std::map<std::string, EventHistory::Copy> histories;
    for (const auto& [handle, record] : *chosen) {
        histories[handle.to_string()] = record->history().copy();
    }
    return trace_to_json(histories);
}

}  // namespace esw
