// SPDX-License-Identifier: Apache-2.0
#include "netlink/devlink_types.h"

#include <fmt/format.h>

#include <cerrno>

namespace esw::netlink {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

}  // namespace

std::string to_string(const MacAddress& mac) {
    return fmt::format("{:02x}", fmt::join(mac, ":"));
}

Result<MacAddress> parse_mac(std::string_view text) {
    MacAddress mac{};
    constexpr size_t kLength = 17;  // six times two digits, five colons
    bool good = text.size() == kLength;
    for (size_t i = 0; good && i < kLength; i += 3) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        good = high >= 0 && low >= 0 && (i + 2 == kLength || text[i + 2] == ':');
        mac[i / 3] = static_cast<uint8_t>(high << 4 | low);
    }
    if (!good) {
        return fail(EINVAL, std::string(text), "parse MAC address",
                    "expected six hexadecimal bytes as in 00:11:22:aa:bb:cc");
    }
    return mac;
}

Result<DevlinkHandle> DevlinkHandle::parse(std::string_view text) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size() ||
        text.find_first_of("/ \t\n", slash + 1) != std::string_view::npos ||
        text.find('\0') != std::string_view::npos) {
        return fail(EINVAL, std::string(text), "parse devlink handle",
                    "expected BUS/DEVICE as in pci/0000:08:00.0");
    }
    return DevlinkHandle{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

std::string to_string(EswitchMode mode) {
    switch (mode) {
        case EswitchMode::kLegacy:
            return "legacy";
        case EswitchMode::kSwitchdev:
            return "switchdev";
        case EswitchMode::kSwitchdevInactive:
            return "switchdev_inactive";
    }
    return fmt::format("mode {}", static_cast<uint16_t>(mode));
}

Result<EswitchMode> parse_eswitch_mode(std::string_view text) {
    for (const auto mode :
         {EswitchMode::kLegacy, EswitchMode::kSwitchdev, EswitchMode::kSwitchdevInactive}) {
        if (text == to_string(mode)) {
            return mode;
        }
    }
    return fail(EINVAL, std::string(text), "parse eswitch mode",
                "expected legacy, switchdev or switchdev_inactive");
}

std::string to_string(PortFlavour flavour) {
    switch (flavour) {
        case PortFlavour::kPhysical:
            return "physical";
        case PortFlavour::kCpu:
            return "cpu";
        case PortFlavour::kDsa:
            return "dsa";
        case PortFlavour::kPciPf:
            return "pcipf";
        case PortFlavour::kPciVf:
            return "pcivf";
        case PortFlavour::kVirtual:
            return "virtual";
        case PortFlavour::kUnused:
            return "unused";
        case PortFlavour::kPciSf:
            return "pcisf";
    }
    return fmt::format("flavour {}", static_cast<uint16_t>(flavour));
}

}  // namespace esw::netlink
