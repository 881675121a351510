// SPDX-License-Identifier: Apache-2.0
#include "netlink/uevent.h"

#include <cerrno>
#include <string_view>
#include <utility>

namespace esw::netlink::uevent {

namespace {

/// The variables of an event, as far as they are of use here.
struct Variables {
    std::string_view action, path, old_path, subsystem;
};

tl::unexpected<Error> malformed(const char* what) {
    return fail(EBADMSG, "uevent", "decode", what);
}

/// Takes the text up to the next NUL off the front.
std::string_view next_text(std::string_view& rest) {
    const size_t end = rest.find('\0');
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return text;
}

void set(Variables& variables, std::string_view text) {
    const auto take = [&](std::string_view key, std::string_view& value) {
        if (text.starts_with(key)) {
            value = text.substr(key.size());
        }
    };
    take("ACTION=", variables.action);
    take("DEVPATH=", variables.path);
    take("DEVPATH_OLD=", variables.old_path);
    take("SUBSYSTEM=", variables.subsystem);
}

std::string_view last_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// "PARENT/infiniband/NAME": a class device is in a folder with the name of its class below its
/// parent (get_device_parent() in drivers/base/core.c).
Result<RdmaDeviceEvent> read_path(std::string_view path) {
    constexpr std::string_view folder = "/infiniband/";
    const size_t at = path.rfind(folder);
    if (!path.starts_with('/') || at == std::string_view::npos) {
        return malformed("the path is not an RDMA device's");
    }
    RdmaDeviceEvent event;
    event.name = path.substr(at + folder.size());
    event.parent = last_of(path.substr(0, at));
    if (event.name.empty() || event.name.find('/') != std::string::npos) {
        return malformed("the path names no RDMA device");
    }
    return event;
}

}  // namespace

Result<std::optional<RdmaDeviceEvent>> decode(ByteView datagram) {
    std::string_view rest(reinterpret_cast<const char*>(datagram.data()), datagram.size());
    if (rest.empty() || rest.back() != '\0') {
        return malformed("it does not end with its last variable");
    }
    if (next_text(rest).find('@') == std::string_view::npos) {
        return malformed("it does not begin with an action and a path");
    }
    Variables variables;
    while (!rest.empty()) {
        set(variables, next_text(rest));
    }
    if (variables.subsystem != "infiniband") {
        return std::optional<RdmaDeviceEvent>{};
    }
    auto event = read_path(variables.path);
    if (!event) {
        return fail(event.error());
    }
    using Kind = RdmaDeviceEvent::Kind;
    if (variables.action == "add") {
        event->kind = Kind::kCame;
    } else if (variables.action == "remove") {
        event->kind = Kind::kWent;
    } else if (variables.action == "move") {
        event->kind = Kind::kRenamed;
        event->old_name = last_of(variables.old_path);
    } else {
        return std::optional<RdmaDeviceEvent>{};
    }
    return std::optional(*std::move(event));
}

}  // namespace esw::netlink::uevent
