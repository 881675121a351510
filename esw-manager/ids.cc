// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/ids.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>

namespace esw {

namespace {

/// Takes `prefix` and the decimal number after it off the front of `text`.
std::optional<uint32_t> take_number(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) {
        return std::nullopt;
    }
    const char* begin = text.data() + prefix.size();
    const char* end = text.data() + text.size();
    uint32_t value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    // One spelling per number: "pf00vf1" is not "pf0vf1".
    if (error != std::errc() || (*begin == '0' && stop - begin > 1)) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<size_t>(stop - text.data()));
    return value;
}

tl::unexpected<Error> not_a_rep(std::string_view text) {
    return fail(EINVAL, std::string(text), "parse representor",
                "expected p0, pf0vf3, pf0sf88, c1pf0vf2, c1pf0sf7 or c1pf0");
}

}  // namespace

std::string RepId::to_string() const {
    if (kind == Kind::kUplink) {
        return fmt::format("p{}", pf);
    }
    std::string text =
        controller ? fmt::format("c{}pf{}", controller, pf) : fmt::format("pf{}", pf);
    if (kind == Kind::kVf) {
        text += fmt::format("vf{}", number);
    } else if (kind == Kind::kSf) {
        text += fmt::format("sf{}", number);
    }
    return text;
}

Result<RepId> RepId::parse(std::string_view text) {
    std::string_view rest = text;
    RepId id;
    if (const auto port = take_number(rest, "p")) {
        id.pf = *port;
        return rest.empty() ? Result<RepId>(id) : not_a_rep(text);
    }
    if (const auto controller = take_number(rest, "c")) {
        id.controller = *controller;
    }
    const auto pf = take_number(rest, "pf");
    if (!pf) {
        return not_a_rep(text);
    }
    id.pf = *pf;
    id.kind = Kind::kPf;
    if (const auto vf = take_number(rest, "vf")) {
        id.kind = Kind::kVf;
        id.number = *vf;
    } else if (const auto sf = take_number(rest, "sf")) {
        id.kind = Kind::kSf;
        id.number = *sf;
    }
    return rest.empty() ? Result<RepId>(id) : not_a_rep(text);
}

std::optional<RepId> RepId::of_port(const netlink::DevlinkPort& port) {
    using netlink::PortFlavour;
    if (!port.flavour) {
        return std::nullopt;
    }
    const uint32_t controller = port.controller.value_or(0);
    switch (*port.flavour) {
        case PortFlavour::kPhysical:
            if (port.port_number) {
                return RepId{Kind::kUplink, 0, *port.port_number, 0};
            }
            break;
        case PortFlavour::kPciPf:
            if (port.pf) {
                return RepId{Kind::kPf, controller, *port.pf, 0};
            }
            break;
        case PortFlavour::kPciVf:
            if (port.pf && port.vf) {
                return RepId{Kind::kVf, controller, *port.pf, *port.vf};
            }
            break;
        case PortFlavour::kPciSf:
            if (port.pf && port.sf) {
                return RepId{Kind::kSf, controller, *port.pf, *port.sf};
            }
            break;
        default:
            break;
    }
    return std::nullopt;
}

std::string adapter_of(const DevlinkHandle& handle) {
    const size_t dot = handle.device.rfind('.');
    return handle.bus == "pci" ? handle.device.substr(0, dot) : handle.device;
}

}  // namespace esw
