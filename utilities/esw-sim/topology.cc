// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/topology.h"

#include <fmt/format.h>
#include <linux/devlink.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

namespace esw::sim {

namespace {

using Json = nlohmann::json;

// The first PF's MAC; each PF has a block of 0x1000 after it: its VFs' and then its SFs'.
constexpr uint64_t kFirstMac = 0xb8cef6000000;
constexpr uint64_t kMacsPerPf = 0x1000;
constexpr uint16_t kSwitchdevInactive = 2;  // not in Debian 12's linux/devlink.h

// Reads members of one JSON object, remembering where it is for error texts.
class ObjectReader {
public:
    ObjectReader(const Json& object, std::string where)
        : object_(object), where_(std::move(where)) {}

    tl::unexpected<Error> wrong(std::string_view key, const std::string& what) const {
        return fail(EINVAL, key.empty() ? where_ : fmt::format("{}: {}", where_, key), "", what);
    }

    Status check_keys(std::initializer_list<std::string_view> known) const {
        if (!object_.is_object()) {
            return wrong("", "expected a JSON object");
        }
        for (const auto& [key, value] : object_.items()) {
            if (std::find(known.begin(), known.end(), key) == known.end()) {
                return wrong("", fmt::format("unknown key \"{}\" (there are {})", key,
                                             fmt::join(known, ", ")));
            }
        }
        return {};
    }

    bool has(const char* key) const { return object_.contains(key); }
    const Json& at(const char* key) const { return object_.at(key); }

    Status number(const char* key, uint32_t min, uint32_t max, uint32_t* value) const {
        if (!has(key)) {
            return {};
        }
        const Json& json = at(key);
        if (!json.is_number_integer() || json < min || json > max) {
            return wrong(key,
                         fmt::format("{} is not a number from {} to {}", json.dump(), min, max));
        }
        *value = json.get<uint32_t>();
        return {};
    }

    Status text(const char* key, std::string* value) const {
        if (!has(key)) {
            return {};
        }
        if (!at(key).is_string()) {
            return wrong(key, fmt::format("{} is not a string", at(key).dump()));
        }
        *value = at(key).get<std::string>();
        return {};
    }

    Status flag(const char* key, bool* value) const {
        if (!has(key)) {
            return {};
        }
        if (!at(key).is_boolean()) {
            return wrong(key, fmt::format("{} is not true or false", at(key).dump()));
        }
        *value = at(key).get<bool>();
        return {};
    }

private:
    const Json& object_;
    std::string where_;
};

Result<uint64_t> parse_mac(const ObjectReader& reader, const std::string& text) {
    static const std::regex kMac("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}");
    if (!std::regex_match(text, kMac)) {
        return reader.wrong("mac", fmt::format("\"{}\" is not a MAC address", text));
    }
    std::string digits = text;
    digits.erase(std::remove(digits.begin(), digits.end(), ':'), digits.end());
    const uint64_t mac = std::stoull(digits, nullptr, 16);
    if (mac >> 40 & 1) {
        return reader.wrong("mac", fmt::format("{} is a multicast address", text));
    }
    if ((mac & 0xffffff) + kMacsPerPf > 0x1000000) {
        return reader.wrong("mac", fmt::format("{} leaves no room for the VFs' addresses", text));
    }
    return mac;
}

Result<uint16_t> parse_mode(const ObjectReader& reader, const std::string& text,
                            const KernelVersion& kernel) {
    if (text == "legacy") {
        return static_cast<uint16_t>(DEVLINK_ESWITCH_MODE_LEGACY);
    }
    if (text == "switchdev") {
        return static_cast<uint16_t>(DEVLINK_ESWITCH_MODE_SWITCHDEV);
    }
    if (text != "switchdev_inactive") {
        return reader.wrong("mode", fmt::format("\"{}\" is not legacy, switchdev or "
                                                "switchdev_inactive",
                                                text));
    }
    if (!kernel.has_switchdev_inactive()) {
        return reader.wrong("mode", fmt::format("kernel {} has no switchdev_inactive (6.19 has)",
                                                kernel.to_string()));
    }
    return kSwitchdevInactive;
}

Status read_pf(const ObjectReader& reader, const KernelVersion& kernel, PfTopology* pf) {
    std::string mode = "legacy";
    std::string mac;
    for (Status status : {reader.check_keys({"vfs", "max_vfs", "sfs", "mode", "speed_mbps", "mac"}),
                          reader.number("vfs", 0, Topology::kMaxVfs, &pf->vfs),
                          reader.number("sfs", 0, Topology::kMaxSfs, &pf->max_sfs),
                          reader.number("speed_mbps", 1000, 800000, &pf->speed_mbps),
                          reader.text("mode", &mode), reader.text("mac", &mac)}) {
        if (!status) {
            return status;
        }
    }
    pf->max_vfs = std::max<uint32_t>(pf->vfs, 8);
    if (Status status = reader.number("max_vfs", 0, Topology::kMaxVfs, &pf->max_vfs); !status) {
        return status;
    }
    if (pf->vfs > pf->max_vfs) {
        return reader.wrong(
            "vfs", fmt::format("{} is more than max_vfs, which is {}", pf->vfs, pf->max_vfs));
    }
    const auto parsed_mode = parse_mode(reader, mode, kernel);
    if (!parsed_mode) {
        return fail(parsed_mode.error());
    }
    pf->mode = *parsed_mode;
    if (!mac.empty()) {
        const auto parsed_mac = parse_mac(reader, mac);
        if (!parsed_mac) {
            return fail(parsed_mac.error());
        }
        pf->mac = *parsed_mac;
    }
    return {};
}

Status check_distinct_macs(const Topology& topology, const std::string& name) {
    for (size_t i = 0; i < topology.pfs.size(); i++) {
        for (size_t j = 0; j < i; j++) {
            const uint64_t a = topology.pfs[i].mac;
            const uint64_t b = topology.pfs[j].mac;
            if (std::max(a, b) - std::min(a, b) < kMacsPerPf) {
                return fail(
                    EINVAL, fmt::format("{}: pfs[{}]: mac", name, i), "",
                    fmt::format("its block of {} addresses meets that of pfs[{}]", kMacsPerPf, j));
            }
        }
    }
    return {};
}

Status check_pci(const std::string& name, const std::string& pci) {
    static const std::regex kPci("[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]");
    if (!std::regex_match(pci, kPci)) {
        return fail(EINVAL, name + ": pci", "",
                    fmt::format("\"{}\" is not DOMAIN:BUS:SLOT, for example 0000:08:00", pci));
    }
    return {};
}

Result<Topology> from_json(const Json& json, const std::string& name) {
    const ObjectReader reader(json, name);
    Topology topology;
    std::string kernel = topology.kernel.to_string();
    for (Status status :
         {reader.check_keys({"kernel", "prefix", "pci", "bind_vfs", "pfs"}),
          reader.text("kernel", &kernel), reader.text("prefix", &topology.prefix),
          reader.text("pci", &topology.pci), reader.flag("bind_vfs", &topology.bind_vfs),
          check_pci(name, topology.pci), check_prefix(topology.prefix)}) {
        if (!status) {
            return fail(status.error());
        }
    }
    auto version = KernelVersion::parse(kernel);
    if (!version) {
        return reader.wrong("kernel", version.error().to_string());
    }
    topology.kernel = *version;
    if (!reader.has("pfs") || !reader.at("pfs").is_array() || reader.at("pfs").empty() ||
        reader.at("pfs").size() > Topology::kMaxPfs) {
        return reader.wrong("pfs",
                            fmt::format("expected a list of 1 to {} PFs", Topology::kMaxPfs));
    }
    for (const Json& entry : reader.at("pfs")) {
        const size_t index = topology.pfs.size();
        PfTopology pf;
        pf.mac = kFirstMac + index * kMacsPerPf;
        const ObjectReader pf_reader(entry, fmt::format("{}: pfs[{}]", name, index));
        if (Status status = read_pf(pf_reader, topology.kernel, &pf); !status) {
            return fail(status.error());
        }
        topology.pfs.push_back(pf);
    }
    if (Status status = check_distinct_macs(topology, name); !status) {
        return fail(status.error());
    }
    return topology;
}

// nlohmann's parser keeps the last of two members with one name; a topology must not have two.
class DuplicateKeyFinder {
public:
    bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
        const auto level = static_cast<size_t>(depth);
        if (event == Json::parse_event_t::object_start) {
            keys_.resize(std::max(keys_.size(), level + 1));
            keys_[level].clear();
        } else if (event == Json::parse_event_t::key && level > 0) {
            const auto key = parsed.get<std::string>();
            if (!keys_[level - 1].insert(key).second && duplicate_.empty()) {
                duplicate_ = key;
            }
        }
        return true;
    }
    const std::string& duplicate() const { return duplicate_; }

private:
    std::vector<std::set<std::string>> keys_;
    std::string duplicate_;
};

}  // namespace

Status check_prefix(std::string_view prefix) {
    if (prefix.size() > Topology::kMaxPrefix) {
        return fail(EINVAL, fmt::format("prefix \"{}\"", prefix), "",
                    fmt::format("longer than {} characters", Topology::kMaxPrefix));
    }
    const auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    };
    if (!std::all_of(prefix.begin(), prefix.end(), fits)) {
        return fail(EINVAL, fmt::format("prefix \"{}\"", prefix), "",
                    "only letters, digits, - and _ can be in it");
    }
    return {};
}

Result<Topology> Topology::simple(uint32_t pfs, uint32_t vfs, std::string_view prefix) {
    if (pfs < 1 || pfs > kMaxPfs) {
        return fail(EINVAL, "--pfs", "", fmt::format("{} is not from 1 to {}", pfs, kMaxPfs));
    }
    if (vfs > kMaxVfs) {
        return fail(EINVAL, "--vfs", "", fmt::format("{} is not from 0 to {}", vfs, kMaxVfs));
    }
    if (Status status = check_prefix(prefix); !status) {
        return fail(status.error());
    }
    Topology topology;
    topology.prefix = prefix;
    for (uint32_t i = 0; i < pfs; i++) {
        PfTopology pf;
        pf.vfs = vfs;
        pf.max_vfs = std::max<uint32_t>(vfs, pf.max_vfs);
        pf.mac = kFirstMac + i * kMacsPerPf;
        topology.pfs.push_back(pf);
    }
    return topology;
}

Result<Topology> Topology::parse(std::string_view json, const std::string& name) {
    DuplicateKeyFinder finder;
    Json parsed;
    try {
        parsed = Json::parse(json.begin(), json.end(), std::ref(finder));
    } catch (const Json::parse_error& error) {
        // "[json.exception.parse_error.101] parse error at line 3, column 5: ...": from the line
        // on.
        const std::string what = error.what();
        const size_t from = what.find("line ");
        return fail(EINVAL, name, "", from == std::string::npos ? what : what.substr(from));
    }
    if (!finder.duplicate().empty()) {
        return fail(EINVAL, name, "",
                    fmt::format("key \"{}\" is there twice in one object", finder.duplicate()));
    }
    return from_json(parsed, name);
}

Result<Topology> Topology::read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return fail(errno, path, "read topology");
    }
    std::stringstream text;
    text << file.rdbuf();
    return parse(text.str(), path);
}

}  // namespace esw::sim
