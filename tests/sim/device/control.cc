// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device/control.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/sim/device/steering.h"

namespace device {

void run(const std::string& command) {
    if (std::system(command.c_str()) != 0) {
        throw std::runtime_error(command);
    }
}

Counts counts() {
    const std::unique_ptr<FILE, EndWith<::pclose>> pipe(
        check(::popen("esw-sim ctl stats --json", "r"), "popen"));
    std::string text;
    std::array<char, 4096> part;
    while (const size_t length = std::fread(part.data(), 1, part.size(), pipe.get())) {
        text.append(part.data(), length);
    }
    const auto stats = nlohmann::json::parse(text);
    Counts result{stats.at("ioctls"), stats.at("firmware_commands"), stats.at("work_requests"),
                  stats.at("root_rules")};
    for (const auto& [opcode, count] : stats.at("firmware_commands_by_opcode").items()) {
        result.by_opcode[opcode] = count;
    }
    return result;
}

std::map<std::string, int64_t> Counts::made_since(const Counts& before) const {
    struct Kind {
        const char *make, *end;
    };
    constexpr Kind kKinds[] = {{"0x930", "0x931"}, {"0x933", "0x934"}, {"0x939", "0x93a"},
                               {"0x93d", "0x93e"}, {"0x940", "0x941"}, {"0xa00", "0xa03"},
                               {"0x400", "0x401"}, {"0x500", "0x501"}, {"0xa08", "0xa0a"}};
    const auto there = [](const Counts& counts, const Kind& kind) {
        const auto of = [&](const char* opcode) {
            const auto found = counts.by_opcode.find(opcode);
            return found != counts.by_opcode.end() ? found->second : 0;
        };
        return of(kind.make) - of(kind.end);
    };
    std::map<std::string, int64_t> result;
    for (const Kind& kind : kKinds) {
        if (const int64_t made = there(*this, kind) - there(before, kind)) {
            result[kind.make] = made;
        }
    }
    return result;
}

}  // namespace device
