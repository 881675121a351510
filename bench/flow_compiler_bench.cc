// SPDX-License-Identifier: Apache-2.0
// What it costs to compile a megaflow. It is to be a small part of what libmlx5 takes for the rule.
#include <benchmark/benchmark.h>

#include <cstring>
#include <map>
#include <stdexcept>
#include <vector>

#include "esw-manager/mlx5/flow_compiler.h"

namespace esw::mlx5 {
namespace {

constexpr uint32_t kWire = 1, kVf = 3, kOtherVf = 4, kTunnel = 9;

class Ports final : public FlowPorts {
public:
    const FlowPort* find(uint32_t port) const override {
        return port < ports_.size() && port != 0 ? &ports_[port] : nullptr;
    }

private:
    std::vector<FlowPort> ports_ = {{}, {0, true}, {}, {}, {}};
};

using Actions = std::vector<esw_flow_action>;

esw_flow_action output(uint32_t port) {
    esw_flow_action action{};
    action.type = ESW_ACTION_OUTPUT;
    action.port = port;
    return action;
}

esw_flow_action set_mac(esw_field field) {
    esw_flow_action action{};
    action.type = ESW_ACTION_SET;
    action.set = {field, {2, 1, 2, 3, 4, 5}, {255, 255, 255, 255, 255, 255}};
    return action;
}

/// As Open vSwitch has a connection: addresses and ports, no tag, no fragments.
esw_flow_match five_tuple(uint32_t in_port, uint8_t protocol) {
    esw_flow_match match{};
    match.in_port = match.physical_port = in_port;
    match.vlan_limit = 1;
    match.mask.vlans[0].tci = 0x1fff;
    match.key.eth_type = 0x0800;
    match.mask.eth_type = 0xffff;
    std::memset(match.mask.eth_src, 0xff, sizeof match.mask.eth_src);
    std::memset(match.mask.eth_dst, 0xff, sizeof match.mask.eth_dst);
    std::memset(match.mask.ip_src + 12, 0xff, 4);
    std::memset(match.mask.ip_dst + 12, 0xff, 4);
    match.key.ip_proto = protocol;
    match.mask.ip_proto = 0xff;
    match.mask.ip_frag = 3;
    match.mask.l4_src = match.mask.l4_dst = 0xffff;
    return match;
}

void compile(benchmark::State& state, const esw_flow_match& match, const Actions& actions) {
    const Ports ports;
    if (!compile_flow(match, actions, ports)) {
        throw std::runtime_error("refused");
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(compile_flow(match, actions, ports));
    }
}

void five_tuple_output(benchmark::State& state) {
    compile(state, five_tuple(kVf, 6), {output(kWire)});
}
BENCHMARK(five_tuple_output);

void five_tuple_routed(benchmark::State& state) {
    esw_flow_action ttl{};
    ttl.type = ESW_ACTION_SET;
    ttl.set = {ESW_FIELD_IPV4_TTL, {63}, {255}};
    compile(state, five_tuple(kVf, 6),
            {set_mac(ESW_FIELD_ETH_SRC), set_mac(ESW_FIELD_ETH_DST), ttl, output(kWire)});
}
BENCHMARK(five_tuple_routed);

void decapsulation(benchmark::State& state) {
    esw_flow_match outer = five_tuple(kWire, 17);
    outer.key.l4_dst = 4789;
    outer.mask.l4_src = 0;
    esw_flow_match inner = five_tuple(kTunnel, 6);
    inner.physical_port = kWire;
    inner.tunnel_type = ESW_TUNNEL_VXLAN;
    inner.tunnel_udp_port = 4789;
    inner.mask.tunnel.id = ~uint64_t{0};
    inner.key.tunnel.flags = 8;
    inner.mask.tunnel.flags = 0xe;
    const Actions actions = {output(kVf), output(kOtherVf)};
    const Ports ports;
    if (!compile_decapsulation(outer, inner, actions, ports)) {
        throw std::runtime_error("refused");
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(compile_decapsulation(outer, inner, actions, ports));
    }
}
BENCHMARK(decapsulation);

}  // namespace
}  // namespace esw::mlx5

BENCHMARK_MAIN();
