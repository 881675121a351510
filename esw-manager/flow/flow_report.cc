// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/flow/flow_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "esw-manager/flow/flow_text.h"
#include "esw-manager/json_values.h"
#include "esw-manager/table.h"

namespace esw {

namespace {

/// What is shown of a flow.
struct Row {
    FlowPtr flow;
    PackedFlowPtr packed;
    Flow::Stats stats;
    std::optional<RepRef> rep;  ///< that packets come in by
    std::string port;           ///< its name in Open vSwitch, or else the datapath's number of it
    std::optional<uint64_t> generation;  ///< of the eswitch
};

/// Which flows are asked for, by where their packets come in.
class Selection {
public:
    static Result<Selection> parse(const Snapshot& snapshot,
                                   const std::vector<std::string>& objects) {
        Selection selection;
        for (const std::string& object : objects) {
            const auto handle = netlink::DevlinkHandle::parse(object);
            if (handle && snapshot.eswitches.contains(*handle)) {
                selection.eswitches_.insert(*handle);
                continue;
            }
            const auto rep = find_rep(snapshot, object);
            if (!rep) {
                return fail(rep.error());
            }
            selection.reps_.insert(*rep);
        }
        selection.all_ = objects.empty();
        return selection;
    }

    bool has(const std::optional<RepRef>& rep) const {
        return all_ || (rep && (eswitches_.contains(rep->handle) || reps_.contains(*rep)));
    }

private:
    bool all_ = false;
    std::set<DevlinkHandle> eswitches_;
    std::set<RepRef> reps_;
};

Row make_row(const ReportContext& context, FlowOffload& flows, const FlowPtr& flow,
             PackedFlowPtr packed) {
    Row row{flow, std::move(packed), flow->stats(context.now), {}, {}, {}};
    row.rep = flows.rep_of(row.packed->physical_port());
    row.port = std::to_string(row.packed->in_port());
    const auto eswitch = row.rep ? context.snapshot.eswitches.find(row.rep->handle)
                                 : context.snapshot.eswitches.end();
    if (eswitch != context.snapshot.eswitches.end()) {
        row.generation = eswitch->second->generation;
        const auto& reps = eswitch->second->reps;
        const auto rep = reps.find(row.rep->rep);
        if (rep != reps.end() && !rep->second->port.empty() && !row.packed->is_of_tunnel()) {
            row.port = rep->second->port;
        }
    }
    return row;
}

std::string state_of(const Row& row) {
    return row.stats.offloaded                     ? "in adapter"
           : row.stats.refusal == ESW_REFUSAL_NONE ? "waiting"
                                                   : esw_refusal_name(row.stats.refusal);
}

std::string to_table(const std::vector<Row>& rows) {
    Table table({"FLOW", "PORT", "PACKETS", "BYTES", "STATE"});
    for (const Row& row : rows) {
        Table::Details details{{"match", to_text(row.packed->match())},
                               {"actions", to_text(row.packed->actions())}};
        if (row.stats.refusal != ESW_REFUSAL_NONE) {
            details.emplace_back("reason", esw_refusal_text(row.stats.refusal));
        }
        table.add({to_text(row.flow->ufid()), row.port, std::to_string(row.stats.counted.packets),
                   std::to_string(row.stats.counted.bytes), state_of(row)},
                  std::move(details));
    }
    return table.to_string();
}

std::string summary(const FlowOffload::Totals& totals, size_t offloaded) {
    std::vector<std::string> reasons;
    for (size_t i = 0; i < totals.refusals.size(); ++i) {
        if (totals.refusals[i]) {
            reasons.push_back(fmt::format("{} {}", esw_refusal_name(static_cast<esw_refusal>(i)),
                                          totals.refusals[i]));
        }
    }
    return fmt::format("{} flows, {} in adapters; refused so far: {}", totals.flows, offloaded,
                       reasons.empty() ? "none" : fmt::format("{}", fmt::join(reasons, ", ")));
}

ordered_json to_json(const Row& row) {
    return {{"ufid", to_text(row.flow->ufid())},
            {"port", row.port},
            {"in_port", row.packed->in_port()},
            {"rep", row.rep ? ordered_json(row.rep->to_string()) : ordered_json(nullptr)},
            {"match", to_text(row.packed->match())},
            {"actions", to_text(row.packed->actions())},
            {"packets", row.stats.counted.packets},
            {"bytes", row.stats.counted.bytes},
            {"idle_ms",
             row.stats.idle_ms < 0 ? ordered_json(nullptr) : ordered_json(row.stats.idle_ms)},
            {"generation", value_or_null(row.generation)},
            {"offloaded", row.stats.offloaded},
            {"reason", row.stats.refusal == ESW_REFUSAL_NONE
                           ? ordered_json(nullptr)
                           : ordered_json(esw_refusal_name(row.stats.refusal))}};
}

ordered_json to_json(const FlowOffload::Totals& totals, size_t offloaded) {
    ordered_json refused = ordered_json::object();
    for (size_t i = 0; i < totals.refusals.size(); ++i) {
        if (totals.refusals[i]) {
            refused[esw_refusal_name(static_cast<esw_refusal>(i))] = totals.refusals[i];
        }
    }
    return {{"flows", totals.flows}, {"offloaded", offloaded}, {"refused", refused}};
}

}  // namespace

Result<std::string> report_flows(const ReportContext& context, FlowOffload& flows,
                                 const ReportRequest& request) {
    const auto selection = Selection::parse(context.snapshot, request.objects);
    if (!selection) {
        return fail(selection.error());
    }
    std::vector<Row> rows;
    size_t offloaded = 0;
    for (const FlowPtr& flow : flows.flows()) {
        auto packed = flow->wanted();
        if (!packed) {
            continue;  // removed since
        }
        Row row = make_row(context, flows, flow, std::move(packed));
        offloaded += row.stats.offloaded;
        if ((row.stats.offloaded || request.more) && selection->has(row.rep)) {
            rows.push_back(std::move(row));
        }
    }
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        const auto key = [](const Row& row) {
            const esw_ufid& ufid = row.flow->ufid();
            return std::tuple(row.packed->in_port(), ufid.high, ufid.low);
        };
        return key(a) < key(b);
    });
    const FlowOffload::Totals totals = flows.totals();
    if (request.json) {
        ordered_json list = ordered_json::array();
        for (const Row& row : rows) {
            list.push_back(to_json(row));
        }
        return dump({{"flows", list}, {"totals", to_json(totals, offloaded)}});
    }
    return rows.empty() ? summary(totals, offloaded)
                        : to_table(rows) + "\n" + summary(totals, offloaded);
}

}  // namespace esw
