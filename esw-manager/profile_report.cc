// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "esw-manager/json_values.h"
#include "esw-manager/table.h"

namespace esw {

namespace {

using netlink::EswitchMode;

struct Row {
    std::optional<EswitchMode> actual;
    EswitchProfile profile;
};
using Rows = std::map<DevlinkHandle, Row>;

EswitchProfile profile_of(const Snapshot& snapshot, const DevlinkHandle& handle) {
    const auto found = snapshot.profile->eswitches.find(handle);
    return found == snapshot.profile->eswitches.end() ? EswitchProfile{} : found->second;
}

/// Eswitches that are there, and those that the profile or an override names.
Rows all_rows(const Snapshot& snapshot) {
    Rows rows;
    for (const auto& [handle, profile] : snapshot.profile->eswitches) {
        if (profile.state == ProfileState::kAbsent) {
            rows[handle] = {{}, profile};
        }
    }
    for (const auto& [handle, eswitch] : snapshot.eswitches) {
        rows[handle] = {eswitch->mode, profile_of(snapshot, handle)};
    }
    return rows;
}

Result<Rows> select(const Snapshot& snapshot, const std::vector<std::string>& objects) {
    Rows all = all_rows(snapshot);
    if (objects.empty()) {
        return all;
    }
    Rows chosen;
    for (const std::string& object : objects) {
        const auto handle = DevlinkHandle::parse(object);
        const auto found = handle ? all.find(*handle) : all.end();
        if (found == all.end()) {
            return no_such_eswitch(object);
        }
        chosen.insert(*found);
    }
    return chosen;
}

/// What it failed with, or why it is held; empty: neither.
std::string trouble(const EswitchProfile& profile) {
    return profile.error.code ? profile.error.to_string() : profile.reason;
}

std::string source_text(const EswitchProfile& profile) {
    if (profile.override_mode) {
        return "override";
    }
    return profile.rule ? fmt::format("profile {}", profile.rule->selector) : "none";
}

std::string mode_text(const std::optional<EswitchMode>& mode, const char* word) {
    return mode ? netlink::to_string(*mode) : word;
}

Table::Details details_of(const ReportContext& context, const EswitchProfile& profile) {
    Table::Details details;
    if (profile.rule) {
        details.emplace_back("rule", fmt::format("{}={}", profile.rule->selector,
                                                 netlink::to_string(profile.rule->mode)));
        details.emplace_back("settings", or_word(settings_of(*profile.rule), "none"));
    }
    if (profile.retries) {
        details.emplace_back(
            "retries",
            profile.retry_at
                ? fmt::format("{}, next in {} ms", profile.retries,
                              std::max<int64_t>(0, to_ms(*profile.retry_at - context.now)))
                : fmt::format("{}", profile.retries));
    }
    return details;
}

std::string to_text(const ReportContext& context, const Rows& rows, bool more) {
    const ProfileStatus& status = *context.snapshot.profile;
    std::string text = fmt::format("profile: {}\n", or_word(status.profile, "none"));
    if (!status.refusal.empty()) {
        text += fmt::format("refused: {}: {}\n", status.refused, status.refusal);
    }
    if (!status.overrides_refusal.empty()) {
        text += fmt::format("esw-override refused: {}\n", status.overrides_refusal);
    }
    if (rows.empty()) {
        return text + emptiness(context.snapshot, "eswitches");
    }
    Table table({"ESWITCH", "WANTED", "ACTUAL", "SOURCE", "OVERRIDDEN", "STATE", "LAST ERROR"});
    for (const auto& [handle, row] : rows) {
        const EswitchProfile& profile = row.profile;
        table.add(
            {handle.to_string(), mode_text(profile.wanted(), "not set"),
             mode_text(row.actual, profile.state == ProfileState::kAbsent ? "none" : "unknown"),
             source_text(profile), profile.override_mode ? "yes" : "no",
             std::string(to_string(profile.state)), or_word(trouble(profile), "none")},
            more ? details_of(context, profile) : Table::Details());
    }
    return text + table.to_string();
}

ordered_json mode_or_null(const std::optional<EswitchMode>& mode) {
    return mode ? ordered_json(netlink::to_string(*mode)) : ordered_json(nullptr);
}

ordered_json to_json(const ReportContext& context, const Row& row) {
    const EswitchProfile& profile = row.profile;
    const auto& rule = profile.rule;
    const char* source = profile.override_mode ? "override" : rule ? "profile" : nullptr;
    return {{"wanted", mode_or_null(profile.wanted())},
            {"actual", mode_or_null(row.actual)},
            {"source", source ? ordered_json(source) : ordered_json(nullptr)},
            {"selector", rule ? ordered_json(rule->selector) : ordered_json(nullptr)},
            {"profile", rule ? mode_or_null(rule->mode) : ordered_json(nullptr)},
            {"settings", rule ? text_or_null(settings_of(*rule)) : ordered_json(nullptr)},
            {"overridden", profile.override_mode.has_value()},
            {"override", mode_or_null(profile.override_mode)},
            {"state", to_string(profile.state)},
            {"last_error", text_or_null(trouble(profile))},
            {"retries", profile.retries},
            {"retry_in_ms", profile.retry_at ? ordered_json(std::max<int64_t>(
                                                   0, to_ms(*profile.retry_at - context.now)))
                                             : ordered_json(nullptr)},
            {"profile_error", text_or_null(context.snapshot.profile->refusal)},
            {"override_error", text_or_null(context.snapshot.profile->overrides_refusal)}};
}

}  // namespace

Result<std::string> report_profile(const ReportContext& context, const ReportRequest& request) {
    const auto rows = select(context.snapshot, request.objects);
    if (!rows) {
        return fail(rows.error());
    }
    if (!request.json) {
        return to_text(context, *rows, request.more);
    }
    ordered_json out = ordered_json::object();
    for (const auto& [handle, row] : *rows) {
        out[handle.to_string()] = to_json(context, row);
    }
    return dump(out);
}

std::string describe_profile(const Snapshot& snapshot, const DevlinkHandle& handle) {
    const EswitchProfile profile = profile_of(snapshot, handle);
    const std::string why = trouble(profile);
    return fmt::format("{}{}{}", to_string(profile.state), why.empty() ? "" : ": ", why);
}

std::optional<EswitchMode> wanted_mode(const Snapshot& snapshot, const EswitchSnapshot& eswitch) {
    const auto wanted = profile_of(snapshot, eswitch.handle).wanted();
    return wanted ? wanted : eswitch.wanted;
}

}  // namespace esw
