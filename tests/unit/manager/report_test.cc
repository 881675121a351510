// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/report.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

namespace esw {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

const DevlinkHandle kPf0{"pci", "0000:08:00.0"};
const DevlinkHandle kPf1{"pci", "0000:08:00.1"};
const TimePoint kNow = TimePoint(std::chrono::hours(2));

RepPtr make_rep(const char* id, uint16_t vport, const char* netdev, RepState state) {
    auto rep = std::make_shared<RepSnapshot>();
    rep->id = RepId::parse(id).value();
    rep->vport = vport;
    rep->port_index = 0x10000u | vport;
    rep->netdev = netdev;
    rep->ifindex = 10u + vport % 100;
    rep->providers[0].state = state;
    rep->rdma_reason = "no rdma device";
    return rep;
}

std::shared_ptr<EswitchSnapshot> make_eswitch(const DevlinkHandle& handle) {
    auto eswitch = std::make_shared<EswitchSnapshot>();
    eswitch->handle = handle;
    eswitch->adapter = "0000:08:00";
    eswitch->state = "idle";
    return eswitch;
}

/// PF 0 in switchdev mode with an uplink and two VFs of which one failed; a port for a third.
Snapshot make_snapshot() {
    Snapshot snapshot;
    snapshot.scanned = true;
    auto eswitch = make_eswitch(kPf0);
    eswitch->mode = netlink::EswitchMode::kSwitchdev;
    eswitch->mode_read_at = kNow - milliseconds(1500);
    eswitch->generation = 7;
    eswitch->switch_id = "6c5b0a0003008a50";
    eswitch->uplink = "p0";
    eswitch->queue = {0, 19, 3, 1, 2};
    eswitch->reps.set(RepId::parse("p0").value(),
                      make_rep("p0", 0xffff, "wire", RepState::kLoaded));
    auto vf0 = std::make_shared<RepSnapshot>(*make_rep("pf0vf0", 1, "eth5", RepState::kLoaded));
    vf0->port = "vm1";
    vf0->loads = 3;
    vf0->unloads = 2;
    vf0->load_time = milliseconds(1);
    vf0->rdma_device = "mlx5_0";
    vf0->rdma_port = 2;
    vf0->providers[1].state = RepState::kLoaded;
    vf0->rdma_reason.clear();
    RdmaRep rdma;
    rdma.device_generation = 3;
    rdma.vhca_id = 9;
    rdma.metadata = {0x20000, 0xffff0000};
    vf0->rdma = std::make_shared<const RdmaRep>(rdma);
    vf0->bond = KernelBond{"bond0", 4, false};
    vf0->function.emplace();
    vf0->function->hw_addr = netlink::MacAddress{2, 0, 0, 0, 0, 9};
    eswitch->reps.set(vf0->id, vf0);
    auto vf1 = std::make_shared<RepSnapshot>(*make_rep("pf0vf1", 2, "", RepState::kFailed));
    vf1->ifindex.reset();
    vf1->providers[0].error = {EAGAIN, "eth6", "read netdev", "try later"};
    vf1->providers[0].retries = 2;
    vf1->providers[0].retry_at = kNow + milliseconds(400);
    vf1->reason = "eth6: read netdev: try later";
    vf1->providers[1].state = RepState::kFailed;
    vf1->providers[1].error = {EAGAIN, "mlx5_0", "open", "rdma device is gone"};
    vf1->providers[1].retries = 1;
    vf1->rdma_reason = "mlx5_0: open: rdma device is gone (Resource temporarily unavailable)";
    eswitch->reps.set(vf1->id, vf1);
    snapshot.eswitches[kPf0] = eswitch;
    auto binding = std::make_shared<PortBinding>();
    binding->rep = RepRef{kPf0, RepId::parse("pf0vf2").value()};
    snapshot.ports.set("vm3", binding);
    return snapshot;
}

class Report : public testing::Test {
protected:
    Result<std::string> eswitches(ReportRequest request = {}) {
        return report_eswitches({snapshot, kNow, {{"vm1", "br0"}}}, request);
    }
    Result<std::string> reps(ReportRequest request = {}) {
        return report_reps({snapshot, kNow, {{"vm1", "br0"}}}, request);
    }
    Snapshot snapshot = make_snapshot();
};

TEST_F(Report, EswitchesAreATable) {
    auto legacy = make_eswitch(kPf1);
    legacy->mode = netlink::EswitchMode::kLegacy;
    legacy->generation = 2;
    snapshot.eswitches[kPf1] = legacy;
    EXPECT_EQ(
        eswitches().value(),
        R"(ESWITCH           MODE       WANTED   STATE  GENERATION  LAG      REPS LOADED                 OFFLOAD
pci/0000:08:00.0  switchdev  not set  idle   7           unknown  2 of 4, 1 failed, 1 absent  not ready
pci/0000:08:00.1  legacy     not set  idle   2           unknown  0 of 0                      not ready)");
}

TEST_F(Report, EswitchDetails) {
    EXPECT_EQ(
        eswitches({false, true, {"pci/0000:08:00.0"}}).value(),
        R"(ESWITCH           MODE       WANTED   STATE  GENERATION  LAG   REPS LOADED                 OFFLOAD
pci/0000:08:00.0  switchdev  not set  idle   7           none  2 of 4, 1 failed, 1 absent  not ready
    adapter       0000:08:00
    uplink        p0
    switch id     6c5b0a0003008a50
    mode read     1500 ms ago
    profile       none
    block         none
    lag           single pf
    queue         0 pending, 19 run, 3 stale, 1 requeued, 2 failed
    offload       no rdma device
    flows         0 in the adapter)");
}

TEST_F(Report, EswitchErrorIsShownAlways) {
    auto broken = make_eswitch(kPf1);
    broken->error = {EPERM, "pci/0000:08:00.1", "read eswitch mode", "not allowed"};
    snapshot.eswitches = {{kPf1, broken}};
    EXPECT_EQ(eswitches().value(),
              R"(ESWITCH           MODE     WANTED   STATE  GENERATION  LAG   REPS LOADED  OFFLOAD
pci/0000:08:00.1  unknown  not set  idle   0           none  0 of 0       not ready
    error         pci/0000:08:00.1: read eswitch mode: not allowed (Operation not permitted))");
}

TEST_F(Report, EswitchesAsJson) {
    EXPECT_EQ(json::parse(eswitches({true, false, {}}).value()), json::parse(R"(
        {"pci/0000:08:00.0": {"mode": "switchdev", "wanted": null, "state": "idle",
          "generation": 7, "switch_id": "6c5b0a0003008a50", "adapter": "0000:08:00",
          "uplink": "p0", "block": null, "lag": {"kind": "none", "reason": "single pf"},
          "reps": {"total": 4, "loaded": 2, "failed": 1, "absent": 1},
          "queue": {"pending": 0, "stale": 3, "run": 19},
          "offload": {"ready": false, "flows": 0,
                      "reason": "no rdma device"},
          "error": null}})"));
    EXPECT_EQ(json::parse(eswitches({true, true, {}}).value())["pci/0000:08:00.0"]["mode_age_ms"],
              1500);
}

TEST_F(Report, RepresentorsAreATable) {
    EXPECT_EQ(reps().value(),
              R"(REPRESENTOR              VPORT  NETDEV  PORT  BRIDGE  ETH     RDMA          REASON
pci/0000:08:00.0/p0      65535  wire    none  none    loaded  unregistered  none
pci/0000:08:00.0/pf0vf0  1      eth5    vm1   br0     loaded  loaded        none
pci/0000:08:00.0/pf0vf1  2      none    none  none    failed  failed        eth6: read netdev: try later)");
}

TEST_F(Report, RepresentorDetails) {
    EXPECT_EQ(reps({false, true, {"pf0vf0", "pci/0000:08:00.0/pf0vf1"}}).value(),
              R"(REPRESENTOR              VPORT  NETDEV  PORT  BRIDGE  ETH     RDMA    REASON
pci/0000:08:00.0/pf0vf0  1      eth5    vm1   br0     loaded  loaded  none
    devlink port  65537
    ifindex       11
    rdma port     mlx5_0/2
    rdma          device generation 3, metadata 0x00020000/0xffff0000
    loads         3, 2 unloads, last load took 1 ms
    bond          bond0, 802.3ad, backup
    function      hw-addr 02:00:00:00:00:09
pci/0000:08:00.0/pf0vf1  2      none    none  none    failed  failed  eth6: read netdev: try later
    devlink port  65538
    ifindex       none
    rdma port     unknown
    rdma          mlx5_0: open: rdma device is gone (Resource temporarily unavailable)
    loads         0, 0 unloads
    retries       2, next in 400 ms
    rdma retries  1, none due)");
}

TEST_F(Report, RepresentorsAsJson) {
    const json all = json::parse(reps({true, false, {}}).value());
    EXPECT_EQ(all.size(), 3u);
    EXPECT_EQ(all["pci/0000:08:00.0/pf0vf0"], json::parse(R"(
        {"vport": 1, "netdev": "eth5", "ifindex": 11, "port": "vm1", "bridge": "br0",
         "eth": {"state": "loaded"},
         "rdma": {"state": "loaded"},
         "loads": 3, "unloads": 2, "load_ms": 1})"));
    EXPECT_EQ(all["pci/0000:08:00.0/pf0vf1"]["eth"], json::parse(R"(
        {"state": "failed", "errno": "EAGAIN", "stage": "read netdev", "reason": "try later",
         "retries": 2, "retry_in_ms": 400})"));
    EXPECT_EQ(all["pci/0000:08:00.0/pf0vf1"]["netdev"], nullptr);
    EXPECT_EQ(all["pci/0000:08:00.0/pf0vf1"]["rdma"], json::parse(R"(
        {"state": "failed", "errno": "EAGAIN", "stage": "open", "reason": "rdma device is gone",
         "retries": 1, "retry_in_ms": null})"));
    EXPECT_EQ(all["pci/0000:08:00.0/p0"]["rdma"],
              json::parse(R"({"state": "unregistered", "reason": "no rdma device"})"));
    const json more = json::parse(reps({true, true, {}}).value());
    EXPECT_EQ(more["pci/0000:08:00.0/pf0vf0"]["rdma"], json::parse(R"(
        {"state": "loaded", "device_generation": 3, "vhca_id": 9,
         "metadata": {"value": 131072, "mask": 4294901760}})"));
    EXPECT_EQ(more["pci/0000:08:00.0/pf0vf0"]["bond"], json::parse(R"(
        {"name": "bond0", "mode": "802.3ad", "state": "backup"})"));
    EXPECT_EQ(more["pci/0000:08:00.0/pf0vf1"]["bond"], nullptr);
}

TEST_F(Report, OffloadIsReadyWhenTheUplinksRdmaPortIsKnown) {
    auto eswitch = std::make_shared<EswitchSnapshot>(*snapshot.eswitches[kPf0]);
    auto uplink = std::make_shared<RepSnapshot>(*eswitch->reps.at(RepId::parse("p0").value()));
    uplink->providers[1].state = RepState::kLoaded;
    eswitch->reps.set(uplink->id, uplink);
    snapshot.eswitches[kPf0] = eswitch;
    EXPECT_EQ(json::parse(eswitches({true, false, {}}).value())["pci/0000:08:00.0"]["offload"],
              json::parse(R"({"ready": true, "flows": 0, "reason": null})"));
    EXPECT_EQ(offload_obstacle(*eswitch), "");
    eswitch->mode = netlink::EswitchMode::kLegacy;
    EXPECT_EQ(offload_obstacle(*eswitch), "eswitch is in legacy mode");
    eswitch->mode.reset();
    EXPECT_EQ(offload_obstacle(*eswitch), "the eswitch mode is not known");
    EXPECT_EQ(offload_obstacle(*make_eswitch(kPf1)), "the eswitch mode is not known");
}

TEST_F(Report, NamesThatAreNotUtf8DoNotBreakJson) {
    auto eswitch = make_eswitch(kPf0);
    eswitch->reps.set(RepId::parse("p0").value(), make_rep("p0", 1, "\xff\xfe", RepState::kLoaded));
    snapshot.eswitches[kPf0] = eswitch;
    EXPECT_TRUE(json::accept(reps({true, false, {}}).value()));
}

TEST_F(Report, ErrorsNameTheObject) {
    const auto detail = [](const Result<std::string>& result) { return result.error().detail; };
    EXPECT_EQ(detail(eswitches({false, false, {"pci/0000:09:00.0"}})),
              "no such eswitch pci/0000:09:00.0");
    EXPECT_EQ(detail(reps({false, false, {"pci/0000:09:00.0"}})),
              "no such eswitch pci/0000:09:00.0");
    EXPECT_EQ(detail(reps({false, false, {"pci/0000:09:00.0/p0"}})),
              "no such eswitch pci/0000:09:00.0");
    EXPECT_EQ(detail(reps({false, false, {"pci/0000:08:00.0/pf0vf9"}})),
              "no such representor pf0vf9 on pci/0000:08:00.0 (has vf 0-1)");
    EXPECT_EQ(detail(reps({false, false, {"pf0vf9"}})), "no such representor pf0vf9");
    EXPECT_EQ(detail(reps({false, false, {"nonsense"}})),
              "nonsense is no eswitch and no representor: expected for example pci/0000:08:00.0, "
              "pci/0000:08:00.0/pf0vf3 or pf0vf3");
    snapshot.eswitches[kPf1] = snapshot.eswitches[kPf0];
    EXPECT_EQ(detail(reps({false, false, {"p0"}})),
              "several eswitches have p0: say which, as in pci/0000:08:00.0/p0");
}

TEST_F(Report, NothingToShowSaysWhy) {
    snapshot = Snapshot{};
    EXPECT_EQ(eswitches().value(), "no eswitches known yet");
    EXPECT_EQ(reps({true, false, {}}).value(), "{}");
    snapshot.scanned = true;
    EXPECT_EQ(reps().value(), "no representors");
    snapshot.devlink = {ENOTSUP, "", "", "kernel has no devlink"};
    EXPECT_EQ(eswitches().value(), "kernel has no devlink");
}

}  // namespace
}  // namespace esw
