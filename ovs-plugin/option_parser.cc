// SPDX-License-Identifier: Apache-2.0
#include "ovs-plugin/option_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace esw {
namespace {

using netlink::FunctionState;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

/// The number of bits per second that one of `unit` is; 0 for an unknown unit.
double unit_scale(std::string_view unit) {
    if (unit.empty()) {
        return 1;
    }
    double scale = 1;
    static constexpr std::string_view kPrefixes = "kmgt";
    const size_t power = kPrefixes.find(static_cast<char>(std::tolower(unit[0])));
    if (power != std::string_view::npos) {
        const bool binary = unit.size() > 1 && std::tolower(unit[1]) == 'i';
        // "Kibit" has "bit" after the "Ki"; what is left of "kbit" is "bit" as well.
        scale = std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(power + 1));
        unit.remove_prefix(binary ? 2 : 1);
    }
    if (equal_ignoring_case(unit, "bit")) {
        return scale;
    }
    return equal_ignoring_case(unit, "bps") ? scale * 8 : 0;
}

Result<uint32_t> parse_number(std::string_view text) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return fail(EINVAL, std::string(text), "parse number",
                    fmt::format("expected a number from 0 to {}", UINT32_MAX));
    }
    return number;
}

Result<FunctionState> parse_state(std::string_view text) {
    if (text == "active") {
        return FunctionState::kActive;
    }
    if (text == "inactive") {
        return FunctionState::kInactive;
    }
    return fail(EINVAL, std::string(text), "parse state", "expected active or inactive");
}

/// One option: its name, what it takes in words, and how its value goes into the request. The
/// setter says whether the value was good.
struct Option {
    std::string_view name;
    std::string_view expected;
    bool (*set)(PortRequest& request, std::string_view value);
};

template <class T, class Parsed>
bool assign(std::optional<T>& member, const Parsed& parsed) {
    if (!parsed) {
        return false;
    }
    member = *parsed;
    return true;
}

constexpr std::string_view kRateExpected = "a rate such as 10Gbit, 500Mbit or 1GBps";
constexpr std::string_view kNumberExpected = "a number from 0 to 4294967295";

constexpr std::array<Option, 8> kOptions{{
    {"device", "a devlink handle such as pci/0000:08:00.0",
     [](PortRequest& r, std::string_view v) { return assign(r.device, DevlinkHandle::parse(v)); }},
    {"hw-addr", "a unicast MAC address",
     [](PortRequest& r, std::string_view v) {
         const auto mac = netlink::parse_mac(v);
         return mac && ((*mac)[0] & 1) == 0 && *mac != netlink::MacAddress{} &&
                assign(r.hw_addr, mac);
     }},
    {"representor", "p0, pf0vf3, pf0sf88, c1pf0vf2 or c1pf0, with numbers of your own",
     [](PortRequest& r, std::string_view v) { return assign(r.rep, RepId::parse(v)); }},
    {"state", "active or inactive",
     [](PortRequest& r, std::string_view v) { return assign(r.state, parse_state(v)); }},
    {"tx-max", kRateExpected,
     [](PortRequest& r, std::string_view v) { return assign(r.tx_max_bytes, parse_rate(v)); }},
    {"tx-priority", kNumberExpected,
     [](PortRequest& r, std::string_view v) { return assign(r.tx_priority, parse_number(v)); }},
    {"tx-share", kRateExpected,
     [](PortRequest& r, std::string_view v) { return assign(r.tx_share_bytes, parse_rate(v)); }},
    {"tx-weight", kNumberExpected,
     [](PortRequest& r, std::string_view v) { return assign(r.tx_weight, parse_number(v)); }},
}};

/// How many letters have to be put in, taken out or replaced to make `a` into `b`.
size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = std::exchange(row[0], i);
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
        }
    }
    return row.back();
}

std::string unknown_option(std::string_view name) {
    // A name far from all of ours is not worth a guess. Nor is a long one worth the comparing.
    const Option* nearest = nullptr;
    size_t nearest_distance = 3;
    std::string known;
    for (const Option& option : kOptions) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", option.name);
        const size_t distance =
            name.size() > 64 ? nearest_distance : edit_distance(name, option.name);
        if (distance < nearest_distance) {
            nearest = &option;
            nearest_distance = distance;
        }
    }
    return nearest
               ? fmt::format("option '{}' is not known (did you mean '{}'?)", name, nearest->name)
               : fmt::format("option '{}' is not known; expected {}", name, known);
}

}  // namespace

Result<uint64_t> parse_rate(std::string_view text) {
    const auto bad = [&] {
        return fail(EINVAL, std::string(text), "parse rate",
                    fmt::format("expected {}", kRateExpected));
    };
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    const double scale = unit_scale(text.substr(static_cast<size_t>(end - text.data())));
    // from_chars takes "-0", "inf" and "nan" too.
    if (error != std::errc() || !std::isfinite(number) || std::signbit(number) || scale == 0) {
        return bad();
    }
    const double bytes = number * scale / 8;
    if (bytes >= static_cast<double>(UINT64_MAX)) {
        return bad();
    }
    return static_cast<uint64_t>(bytes);
}

Result<PortRequest> parse_port_options(const std::string& port, const OptionMap& options) {
    PortRequest request;
    request.port = port;
    for (const auto& [name, value] : options) {
        const auto option =
            std::find_if(kOptions.begin(), kOptions.end(),
                         [&wanted = name](const Option& o) { return o.name == wanted; });
        if (option == kOptions.end()) {
            return fail(EINVAL, port, "", unknown_option(name));
        }
        if (!option->set(request, value)) {
            return fail(EINVAL, port, "",
                        fmt::format("option '{}': '{}' is not {}", name, value, option->expected));
        }
    }
    if (request.tx_share_bytes && request.tx_max_bytes && *request.tx_max_bytes != 0 &&
        *request.tx_share_bytes > *request.tx_max_bytes) {
        return fail(EINVAL, port, "",
                    fmt::format("option 'tx-share': '{}' is more than tx-max, '{}'",
                                options.at("tx-share"), options.at("tx-max")));
    }
    if (!request.rep) {
        if (const auto from_name = RepId::parse(port)) {
            request.rep = *from_name;
        }
    }
    return request;
}

}  // namespace esw
