// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/profile.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <set>
#include <utility>

namespace esw {

namespace {

using netlink::EncapMode;
using netlink::InlineMode;

constexpr std::string_view kAny = "*";
constexpr std::string_view kSettings = "flow_steering_mode, inline_mode, encap_mode or force";

// devlink-dev(8) and the mlx5 driver's documentation have these words.
constexpr std::array<std::string_view, 3> kSteeringModes = {"dmfs", "smfs", "hmfs"};
constexpr std::array<std::string_view, 4> kInlineModes = {"none", "link", "network", "transport"};
constexpr std::array<std::string_view, 2> kEncapModes = {"none", "basic"};
constexpr std::array<std::string_view, 2> kBooleans = {"false", "true"};

std::string_view trim(std::string_view text) {
    static constexpr std::string_view kBlanks = " \t\n";
    const size_t first = text.find_first_not_of(kBlanks);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const size_t end = text.find(separator);
        parts.push_back(trim(text.substr(0, end)));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

tl::unexpected<Error> wrong(std::string_view part, std::string detail) {
    return fail(EINVAL, part.empty() ? "''" : std::string(part), "", std::move(detail));
}

using Pair = std::pair<std::string_view, std::string_view>;

Result<Pair> split_pair(std::string_view part, std::string_view expected) {
    const size_t equals = part.find('=');
    const std::string_view key = trim(part.substr(0, equals));
    if (equals == std::string_view::npos || key.empty()) {
        return wrong(part, fmt::format("expected {}", expected));
    }
    return Pair{key, trim(part.substr(equals + 1))};
}

Result<netlink::EswitchMode> parse_mode(std::string_view part, std::string_view text) {
    const auto mode = netlink::parse_eswitch_mode(text);
    if (!mode) {
        return wrong(part, fmt::format("unknown mode '{}'; expected legacy, switchdev or "
                                       "switchdev_inactive",
                                       text));
    }
    return *mode;
}

Result<DevlinkHandle> parse_selector(std::string_view part, std::string_view text,
                                     std::string_view also) {
    const auto handle = DevlinkHandle::parse(text);
    if (!handle) {
        return wrong(
            part, fmt::format("'{}' is no devlink handle such as pci/0000:08:00.0{}", text, also));
    }
    return *handle;
}

/// The place of `value` among `words`.
Result<size_t> parse_word(const Pair& setting, const auto& words) {
    for (size_t i = 0; i < words.size(); ++i) {
        if (words[i] == setting.second) {
            return i;
        }
    }
    return wrong(setting.first, fmt::format("unknown value '{}'; expected one of {}",
                                            setting.second, fmt::join(words, ", ")));
}

Status set(ProfileRule& rule, const Pair& setting) {
    const auto word = [&](const auto& words, auto take) -> Status {
        const auto place = parse_word(setting, words);
        if (!place) {
            return fail(place.error());
        }
        take(*place);
        return {};
    };
    if (setting.first == "flow_steering_mode") {
        return word(kSteeringModes, [&](size_t i) { rule.flow_steering_mode = kSteeringModes[i]; });
    }
    if (setting.first == "inline_mode") {
        return word(kInlineModes, [&](size_t i) { rule.inline_mode = InlineMode(i); });
    }
    if (setting.first == "encap_mode") {
        return word(kEncapModes, [&](size_t i) { rule.encap_mode = EncapMode(i); });
    }
    if (setting.first == "force") {
        return word(kBooleans, [&](size_t i) { rule.force = i != 0; });
    }
    return wrong(setting.first, fmt::format("unknown setting; expected {}", kSettings));
}

Status parse_settings(ProfileRule& rule, const std::vector<std::string_view>& parts) {
    std::set<std::string_view> seen;
    for (size_t i = 1; i < parts.size(); ++i) {
        const auto setting = split_pair(parts[i], "KEY=VALUE");
        if (!setting) {
            return fail(setting.error());
        }
        if (!seen.insert(setting->first).second) {
            return wrong(setting->first, "given twice");
        }
        if (const Status status = set(rule, *setting); !status) {
            return status;
        }
    }
    return {};
}

Result<ProfileRule> parse_rule(std::string_view text) {
    const auto parts = split(text, ';');
    const auto pair = split_pair(parts[0], "SELECTOR=MODE[;KEY=VALUE]...");
    if (!pair) {
        return fail(pair.error());
    }
    const auto mode = parse_mode(parts[0], pair->second);
    if (!mode) {
        return fail(mode.error());
    }
    ProfileRule rule;
    rule.selector = pair->first;
    rule.mode = *mode;
    if (const Status status = parse_settings(rule, parts); !status) {
        Error error = status.error();
        error.object = fmt::format("{}: {}", rule.selector, error.object);
        return fail(std::move(error));
    }
    return rule;
}

}  // namespace

Result<Profile> Profile::parse(std::string_view text) {
    Profile profile;
    profile.text_ = trim(text);
    if (profile.text_.empty()) {
        return profile;
    }
    for (const std::string_view item : split(text, ',')) {
        auto rule = parse_rule(item);
        if (!rule) {
            return fail(rule.error());
        }
        const std::string selector = rule->selector;
        bool added;
        if (selector == kAny) {
            added = !profile.any_;
            profile.any_ = std::move(*rule);
        } else {
            const auto handle = parse_selector(item, selector, " and not *");
            if (!handle) {
                return fail(handle.error());
            }
            added = profile.exact_.emplace(*handle, std::move(*rule)).second;
        }
        if (!added) {
            return wrong(selector, "given twice");
        }
    }
    return profile;
}

const ProfileRule* Profile::rule_for(const DevlinkHandle& handle) const {
    const auto exact = exact_.find(handle);
    if (exact != exact_.end()) {
        return &exact->second;
    }
    return any_ ? &*any_ : nullptr;
}

std::vector<DevlinkHandle> Profile::handles() const {
    std::vector<DevlinkHandle> handles;
    for (const auto& [handle, rule] : exact_) {
        handles.push_back(handle);
    }
    return handles;
}

std::string settings_of(const ProfileRule& rule) {
    std::vector<std::string> settings;
    if (rule.flow_steering_mode) {
        settings.push_back("flow_steering_mode=" + *rule.flow_steering_mode);
    }
    if (rule.inline_mode) {
        settings.push_back(
            fmt::format("inline_mode={}", kInlineModes.at(static_cast<size_t>(*rule.inline_mode))));
    }
    if (rule.encap_mode) {
        settings.push_back(
            fmt::format("encap_mode={}", kEncapModes.at(static_cast<size_t>(*rule.encap_mode))));
    }
    if (rule.force) {
        settings.push_back("force=true");
    }
    return fmt::format("{}", fmt::join(settings, ";"));
}

Result<Overrides> parse_overrides(std::string_view text) {
    Overrides overrides;
    if (trim(text).empty()) {
        return overrides;
    }
    for (const std::string_view item : split(text, ',')) {
        const auto pair = split_pair(item, "HANDLE=MODE");
        if (!pair) {
            return fail(pair.error());
        }
        const auto handle = parse_selector(item, pair->first, "");
        if (!handle) {
            return fail(handle.error());
        }
        const auto mode = parse_mode(item, pair->second);
        if (!mode) {
            return fail(mode.error());
        }
        if (!overrides.emplace(*handle, *mode).second) {
            return wrong(pair->first, "given twice");
        }
    }
    return overrides;
}

std::string to_string(const Overrides& overrides) {
    std::vector<std::string> items;
    for (const auto& [handle, mode] : overrides) {
        items.push_back(fmt::format("{}={}", handle.to_string(), netlink::to_string(mode)));
    }
    return fmt::format("{}", fmt::join(items, ","));
}

}  // namespace esw
