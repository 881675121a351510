// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uevents.h"

#include <fmt/format.h>

namespace esw::sim {

namespace {

const char* name_of(UeventAction action) {
    return action == UeventAction::kAdd ? "add" : "remove";
}

}  // namespace

UeventText::UeventText(UeventAction action, const std::string& path, std::string_view subsystem) {
    text_ = fmt::format("{}@{}", name_of(action), path);
    text_ += '\0';
    add("ACTION", name_of(action)).add("DEVPATH", path).add("SUBSYSTEM", subsystem);
}

UeventText& UeventText::add(std::string_view key, std::string_view value) {
    text_ += fmt::format("{}={}", key, value);
    text_ += '\0';
    return *this;
}

Bytes UeventText::finish(uint64_t number) && {
    add("SEQNUM", std::to_string(number));
    const auto* const bytes = reinterpret_cast<const std::byte*>(text_.data());
    return {bytes, bytes + text_.size()};
}

UeventText rdma_uevent(UeventAction action, const IbDevice& device, const std::string& parent) {
    UeventText text(action, fmt::format("/{}/infiniband/{}", parent, device.name), "infiniband");
    text.add("NAME", device.name);
    return text;
}

UeventText verbs_uevent(UeventAction action, const IbDevice& device, const std::string& parent) {
    const std::string name = device.chardev_name();
    const Chardev number = device.chardev();
    UeventText text(action, fmt::format("/{}/infiniband_verbs/{}", parent, name),
                    "infiniband_verbs");
    text.add("MAJOR", std::to_string(number.major));
    text.add("MINOR", std::to_string(number.minor));
    text.add("DEVNAME", "infiniband/" + name);  // uverbs_devnode()
    text.add("DEVMODE", "0666");
    return text;
}

}  // namespace esw::sim
