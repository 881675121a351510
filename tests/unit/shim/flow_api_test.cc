// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <climits>
#include <memory>
#include <string>

#include "tests/unit/shim/flow_text.h"
#include "tests/unit/shim/ovs_ports.h"
#include "tests/unit/shim/recorder.h"

namespace esw {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint32_t kNone = UINT32_MAX;
const std::string kIpv4 = "in_port(0),eth(),eth_type(0x0800),ipv4(proto=17,frag=no),udp()";
const std::string kTunnel = "tunnel(tun_id=0x5,src=1.1.1.1,dst=2.2.2.2,ttl=64,flags(key))," + kIpv4;

struct RemovePort {
    void operator()(ovs_port* port) const { ovs_port_remove(port); }
};
using Port = std::unique_ptr<ovs_port, RemovePort>;

Port Add(const char* type, uint32_t number, uint16_t udp_port = 0, const char* extensions = "",
         const char* dpif_type = "netdev") {
    const std::string name = std::string("t") + type + std::to_string(number);
    return Port(ovs_port_add(dpif_type, type, name.c_str(), number, udp_port, extensions));
}

class FlowApiAtFirst : public testing::Test {
protected:
    FlowApiAtFirst() {
        static const bool done = (ovs_ports_init(), true);
        static_cast<void>(done);
        GetRecorder() = Recorder();
    }

    Recorder& recorder_ = GetRecorder();
};

class FlowApi : public FlowApiAtFirst {
protected:
    FlowApi() {
        ovs_set_offload(true);
        GetRecorder() = Recorder();
    }
};

// Open vSwitch offers flows from the first time on that it is told to, until the process ends: this
// comes before the others.
TEST_F(FlowApiAtFirst, BeginsWithTheFlowsThatAreThere) {
    ovs_set_offload(false);
    EXPECT_THAT(recorder_.calls, IsEmpty());

    const Port port = Add("esw", 3);
    EXPECT_STREQ(ovs_port_api(port.get()), "");
    // A number needs no offload.
    EXPECT_EQ(recorder_.numbers.at(ovs_port_cookie(port.get())), 3u);

    ovs_set_offload(true);
    EXPECT_STREQ(ovs_port_api(port.get()), "esw");
    EXPECT_THAT(recorder_.calls, ElementsAre("offload 1", "flush of the datapath"));

    // As often as the bridge runs.
    ovs_set_offload(true);
    EXPECT_EQ(recorder_.calls.size(), 2u);

    // Open vSwitch goes on offering, and the plugin has them all.
    ovs_set_offload(false);
    EXPECT_STREQ(ovs_port_api(port.get()), "esw");
    EXPECT_EQ(ovs_port_put(port.get(), kIpv4.c_str(), "1", 1, 2, 3), 0);
    EXPECT_EQ(recorder_.puts.size(), 1u);
    ovs_set_offload(true);
    EXPECT_THAT(recorder_.calls,
                ElementsAre("offload 1", "flush of the datapath", "offload 0", "offload 1"));
}

TEST_F(FlowApi, NumbersOfPorts) {
    Port port = Add("esw", 9);
    const void* cookie = ovs_port_cookie(port.get());
    EXPECT_EQ(recorder_.numbers.at(cookie), 9u);

    // Each command about the datapath enters all ports again.
    recorder_.numbers.clear();
    EXPECT_EQ(ovs_port_insert_again(port.get()), EEXIST);
    EXPECT_THAT(recorder_.numbers, IsEmpty());

    port.reset();
    EXPECT_EQ(recorder_.numbers.at(cookie), kNone);

    // Port 0 is a port, though mostly that of the datapath itself.
    const Port zero = Add("esw", 0);
    EXPECT_EQ(recorder_.numbers.at(ovs_port_cookie(zero.get())), 0u);
    EXPECT_EQ(ovs_port_flush(zero.get()), 0);
    EXPECT_THAT(recorder_.calls, ElementsAre("flush 9", "flush 0"));
    // Only ours have a port in the plugin.
    const size_t n = recorder_.numbers.size();
    Add("vxlan", 11, 4789);
    EXPECT_EQ(recorder_.numbers.size(), n);
}

TEST_F(FlowApi, PortsWhoseFlowsItTakes) {
    EXPECT_STREQ(ovs_port_api(Add("esw", 1).get()), "esw");
    EXPECT_STREQ(ovs_port_api(Add("vxlan", 2, 4789).get()), "esw");
    EXPECT_STREQ(ovs_port_api(Add("geneve", 3, 6081).get()), "esw");
    EXPECT_STREQ(ovs_port_api(Add("gre", 4).get()), "");
    // Of another datapath.
    EXPECT_STREQ(ovs_port_api(Add("vxlan", 5, 4790, "", "dummy").get()), "");
    EXPECT_STREQ(ovs_port_api(Add("esw", 6, 0, "", "dummy").get()), "");
}

// Whom Open vSwitch asks first is random.
TEST_F(FlowApi, TcLeavesOurPortsAlone) {
    EXPECT_EQ(ovs_tc_ifindex_reads("esw"), 0u);
    EXPECT_EQ(ovs_tc_ifindex_reads("other"), 1u);
}

TEST_F(FlowApi, PutOfAPort) {
    const Port port = Add("esw", 7);
    EXPECT_EQ(ovs_port_put(port.get(), kIpv4.c_str(), "1,2", 11, 22, kNone), 0);
    ASSERT_EQ(recorder_.puts.size(), 1u);
    const Recorder::Put& put = recorder_.puts[0];
    EXPECT_EQ(put.high, 11u);
    EXPECT_EQ(put.low, 22u);
    EXPECT_EQ(put.match.in_port, 7u);
    EXPECT_EQ(put.match.physical_port, 7u);
    EXPECT_EQ(put.match.tunnel_type, ESW_TUNNEL_NONE);
    EXPECT_EQ(put.match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(put.match.key.ip_proto, 17);
    ASSERT_EQ(put.actions.size(), 2u);
    EXPECT_EQ(put.actions[1].port, 2u);

    recorder_.error = ENOMEM;
    EXPECT_EQ(ovs_port_put(port.get(), kIpv4.c_str(), "1", 11, 22, 7), ENOMEM);
}

TEST_F(FlowApi, PutOfATunnel) {
    const Port vxlan = Add("vxlan", 5, 4799), geneve = Add("geneve", 6, 6081);
    ovs_port_put(vxlan.get(), kTunnel.c_str(), "2", 1, 1, 3);
    ovs_port_put(geneve.get(), kTunnel.c_str(), "2", 1, 2, 4);
    ASSERT_EQ(recorder_.puts.size(), 2u);
    EXPECT_EQ(recorder_.puts[0].match.refusal, ESW_REFUSAL_NONE);
    EXPECT_EQ(recorder_.puts[0].match.in_port, 5u);
    EXPECT_EQ(recorder_.puts[0].match.physical_port, 3u);
    EXPECT_EQ(recorder_.puts[0].match.tunnel_type, ESW_TUNNEL_VXLAN);
    EXPECT_EQ(recorder_.puts[0].match.tunnel_udp_port, 4799);
    EXPECT_EQ(recorder_.puts[0].match.key.tunnel.id, 5u);
    EXPECT_EQ(recorder_.puts[1].match.physical_port, 4u);
    EXPECT_EQ(recorder_.puts[1].match.tunnel_type, ESW_TUNNEL_GENEVE);
    EXPECT_EQ(recorder_.puts[1].match.tunnel_udp_port, 6081);
}

TEST_F(FlowApi, PutOfATunnelIsRefused) {
    const Port plain = Add("vxlan", 5, 4789), extended = Add("vxlan", 6, 4790, "gbp");
    // Nobody knows where the packets come in.
    ovs_port_put(plain.get(), kTunnel.c_str(), "2", 1, 1, kNone);
    ovs_port_put(extended.get(), kTunnel.c_str(), "2", 1, 2, 3);
    // What is wrong with the match comes first.
    ovs_port_put(plain.get(), ("recirc_id(0x1)," + kTunnel).c_str(), "2", 1, 3, kNone);
    ASSERT_EQ(recorder_.puts.size(), 3u);
    EXPECT_EQ(recorder_.puts[0].match.refusal, ESW_REFUSAL_IN_PORT);
    EXPECT_EQ(recorder_.puts[1].match.refusal, ESW_REFUSAL_MATCH_TUNNEL);
    EXPECT_EQ(recorder_.puts[2].match.refusal, ESW_REFUSAL_RECIRCULATED);
}

TEST_F(FlowApi, DeleteAndFlush) {
    Port port = Add("esw", 7), tunnel = Add("vxlan", 5, 4789);
    EXPECT_EQ(ovs_port_del(port.get(), 3, 4), 0);
    recorder_.error = ENOENT;
    EXPECT_EQ(ovs_port_del(tunnel.get(), 5, 6), ENOENT);
    EXPECT_EQ(ovs_port_flush(port.get()), 0);
    EXPECT_THAT(recorder_.calls, ElementsAre("delete 3 4", "delete 5 6", "flush 7"));

    // A port that goes is flushed while it has its number.
    recorder_.calls.clear();
    tunnel.reset();
    port.reset();
    EXPECT_THAT(recorder_.calls, ElementsAre("flush 5", "flush 7"));
}

TEST_F(FlowApi, Statistics) {
    const Port port = Add("esw", 7);
    recorder_.stats = {.packets = 10,
                       .bytes = 900,
                       .idle_ms = 250,
                       .offloaded = true,
                       .refusal = ESW_REFUSAL_NONE};
    ovs_got got = ovs_port_get(port.get(), 1, 2);
    EXPECT_EQ(got.error, 0);
    EXPECT_EQ(got.packets, 10u);
    EXPECT_EQ(got.bytes, 900u);
    EXPECT_EQ(got.used_ms, OVS_NOW_MSEC - 250);
    EXPECT_TRUE(got.offloaded);
    EXPECT_STREQ(got.dp_layer, "esw");

    // Never hit, and not there yet.
    recorder_.stats = {
        .packets = 0, .bytes = 0, .idle_ms = -1, .offloaded = false, .refusal = ESW_REFUSAL_NONE};
    got = ovs_port_get(port.get(), 1, 2);
    EXPECT_EQ(got.error, 0);
    EXPECT_EQ(got.packets, 0u);
    EXPECT_EQ(got.used_ms, 0);
    EXPECT_FALSE(got.offloaded);
    EXPECT_STREQ(got.dp_layer, "ovs");

    // Hit before the clock began.
    recorder_.stats.idle_ms = OVS_NOW_MSEC + 5;
    EXPECT_EQ(ovs_port_get(port.get(), 1, 2).used_ms, 1);

    recorder_.error = ENOENT;
    EXPECT_EQ(ovs_port_get(port.get(), 1, 3).error, ENOENT);
    EXPECT_EQ(recorder_.calls.back(), "get 1 3");
}

TEST_F(FlowApi, CountsOfAPortAreOfThoseInTheAdapter) {
    const Port port = Add("esw", 7);
    recorder_.n_flows = 8;
    recorder_.n_offloaded = 5;
    EXPECT_EQ(ovs_port_n_flows(port.get()), 5u);
    EXPECT_THAT(recorder_.calls, ElementsAre("count 7"));
}

TEST_F(FlowApi, EachRefusalHasACoverageCounter) {
    EXPECT_EQ(ovs_n_counters(), size_t{ESW_N_REFUSALS} - 1);
    EXPECT_EQ(ovs_take_counter("esw_refused_nothing"), UINT_MAX);
    for (int refusal = 1; refusal < ESW_N_REFUSALS; refusal++) {
        recorder_.refusals[refusal] = 100 + refusal;
    }
    ovs_run();
    ovs_run();
    for (int refusal = 1; refusal < ESW_N_REFUSALS; refusal++) {
        const std::string name = RefusalName(static_cast<esw_refusal>(refusal));
        EXPECT_EQ(ovs_take_counter(("esw_refused_" + name).c_str()), 100u + refusal) << name;
        EXPECT_EQ(ovs_take_counter(("esw_refused_" + name).c_str()), 0u);
    }
}

}  // namespace
}  // namespace esw
