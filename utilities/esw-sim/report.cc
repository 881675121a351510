// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace esw::sim {

namespace {

using Json = nlohmann::json;

const char* mode_name(uint16_t mode) {
    return mode == kModeLegacy      ? "legacy"
           : mode == kModeSwitchdev ? "switchdev"
                                    : "switchdev_inactive";
}

Json name_of(const Netdev* netdev) {
    return netdev ? Json(netdev->name) : Json(nullptr);
}

Json device_json(const Adapter& adapter, const Pf& pf) {
    const IbDevice* const ib = adapter.eswitch_ib(pf);
    uint32_t sfs = 0;
    for (const auto& [number, vport] : pf.vports) {
        sfs += vport->is_sf ? 1 : 0;
    }
    return {{"present", pf.present},
            {"mode", mode_name(pf.mode)},
            {"vfs", pf.num_vfs},
            {"sfs", sfs},
            {"rdma", ib ? Json(ib->name) : Json(nullptr)},
            {"link", pf.cable}};
}

Json vport_json(const Pf& pf, const Vport& vport) {
    return {{"index", static_cast<uint32_t>(pf.instance->vhca_id) << 16 | vport.number},
            {"vport", vport.number},
            {"netdev", name_of(vport.rep)},
            {"link", vport.function && vport.function->carrier},
            {"handle", vport.instance ? Json(vport.instance->handle()) : Json(nullptr)},
            {"peer", {{"kind", vport.is_sf ? "sf" : "vf"}, {"netdev", name_of(vport.function)}}}};
}

Json uplink_json(const Pf& pf) {
    return {{"index", static_cast<uint32_t>(pf.instance->vhca_id) << 16 | kUplinkVport},
            {"vport", kUplinkVport},
            {"netdev", name_of(pf.uplink)},
            {"link", pf.present && pf.cable},
            {"handle", pf.handle()},
            {"peer", {{"kind", "wire"}, {"netdev", name_of(pf.wire)}}}};
}

Json status_json(const Adapter& adapter, const std::string& directory) {
    Json status{{"directory", directory},
                {"pid", ::getpid()},
                {"kernel", adapter.topology().kernel.to_string()},
                {"lag", adapter.lag().name()},
                {"devices", Json::object()},
                {"ports", Json::object()}};
    for (const auto& pf : adapter.pfs()) {
        status["devices"][pf->handle()] = device_json(adapter, *pf);
        status["ports"][pf->handle() + "/" + pf->uplink_id()] = uplink_json(*pf);
        for (const auto& [number, vport] : pf->vports) {
            status["ports"][pf->handle() + "/" + vport->rep_id()] = vport_json(*pf, *vport);
        }
    }
    return status;
}

std::string text_of(const Json& name) {
    return name.is_string() ? name.get<std::string>() : "-";
}

Json family_json(const NetlinkStats::PerFamily& family) {
    return {{"requests", family.requests},
            {"dumps", family.dumps},
            {"replies", family.replies},
            {"notifications", family.notifications},
            {"overflows", family.overflows}};
}

Json netlink_json(const NetlinkStats& stats) {
    return {{"devlink", family_json(stats.devlink)},
            {"rdma", family_json(stats.rdma)},
            {"route", family_json(stats.route)},
            {"generic", family_json(stats.generic)},
            {"uevent", family_json(stats.uevent)}};
}

}  // namespace

std::string report_status(const Adapter& adapter, const std::string& directory, bool json) {
    const Json status = status_json(adapter, directory);
    if (json) {
        return status.dump(2) + "\n";
    }
    std::string text = fmt::format("simulated ConnectX-6 Dx in {}, pid {}, plays kernel {}\n",
                                   directory, ::getpid(), adapter.topology().kernel.to_string());
    if (adapter.lag().active()) {
        text += fmt::format("LAG: {}\n", adapter.lag().name());
    }
    for (const auto& pf : adapter.pfs()) {
        text += fmt::format("{}: {}, mode {}, {} VFs, RDMA device {}, link {}\n", pf->handle(),
                            pf->present ? "present" : "removed", mode_name(pf->mode), pf->num_vfs,
                            text_of(status["devices"][pf->handle()]["rdma"]),
                            pf->cable ? "up" : "down");
        for (const auto& [key, port] : status["ports"].items()) {
            if (key.rfind(pf->handle() + "/", 0) != 0) {
                continue;
            }
            text += fmt::format("  {:12} vport {:<5} representor {:15} {} {:15} link {}\n",
                                key.substr(pf->handle().size() + 1), port["vport"].dump(),
                                text_of(port["netdev"]), text_of(port["peer"]["kind"]),
                                text_of(port["peer"]["netdev"]),
                                port["link"].get<bool>() ? "up" : "down");
        }
    }
    return text;
}

std::string report_stats(const NetlinkServer& server, const DeviceHalf& device_half,
                         const Forwarder& forwarder, bool json) {
    const Forwarder::Counters& packets = forwarder.counters();
    const DeviceHalf::Counters device = device_half.counters();
    Json commands = Json::object();
    uint64_t command_count = 0;
    for (const auto& [opcode, count] : device.commands) {
        commands[fmt::format("{:#05x}", opcode)] = count;
        command_count += count;
    }
    Json processes = Json::object();
    for (const auto& [pid, stats] : server.stats_by_process()) {
        processes[std::to_string(pid)] = netlink_json(stats);
    }
    const Json stats{{"ioctls", device.ioctls},
                     {"firmware_commands", command_count},
                     {"firmware_commands_by_opcode", commands},
                     {"work_requests", device.work_requests},
                     {"entries_written", device.entries_written},
                     {"root_rules", device.root_rules},
                     {"netlink", netlink_json(server.stats())},
                     {"netlink_by_process", processes},
                     {"packets",
                      {{"hardware", packets.hardware},
                       {"miss", packets.miss},
                       {"representor", packets.representor},
                       {"legacy", packets.legacy},
                       {"drop", packets.drop()},
                       {"drop_link_down", packets.drop_link_down},
                       {"drop_inactive", packets.drop_inactive},
                       {"drop_not_taken", packets.drop_not_taken},
                       {"drop_rule", packets.drop_rule},
                       {"drop_no_vport", packets.drop_no_vport},
                       {"drop_fault", packets.drop_fault}}},
                     {"drop_reasons", forwarder.drop_reasons()}};
    if (json) {
        return stats.dump(2) + "\n";
    }
    std::string text;
    for (const char* what :
         {"ioctls", "firmware_commands", "work_requests", "entries_written", "root_rules"}) {
        text += fmt::format("{:24} {}\n", what, stats[what].dump());
    }
    for (const auto& [opcode, count] : commands.items()) {
        text += fmt::format("firmware command {:7} {}\n", opcode, count.dump());
    }
    for (const auto& [reason, count] : forwarder.drop_reasons()) {
        text += fmt::format("dropped: {:15} {}\n", reason, count);
    }
    for (const auto& [path, count] : stats["packets"].items()) {
        text += fmt::format("packets {:16} {}\n", path, count.dump());
    }
    for (const auto& [family, counts] : stats["netlink"].items()) {
        for (const auto& [what, count] : counts.items()) {
            text += fmt::format("netlink {:8} {:14} {}\n", family, what, count.dump());
        }
    }
    return text;
}

}  // namespace esw::sim
