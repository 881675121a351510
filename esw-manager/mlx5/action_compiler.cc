// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/action_compiler.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

#include "esw-manager/mlx5/header_rewrite.h"
#include "esw-manager/mlx5/tunnel_header.h"

namespace esw::mlx5 {

namespace {

using Tag = PacketFacts::Tag;
using Fragment = PacketFacts::Fragment;

/// libmlx5 44: MAX_VLANS of mlx5dv_dr.h.
constexpr size_t kMaxTags = 2;

/// What has been done to the packet so far.
struct Edits {
    HeaderRewrite rewrite;
    uint8_t popped = 0;  ///< tags that the packet came with
    uint8_t pushed_count = 0;
    bool whole_packets_only = false;
    std::array<esw_vlan, kMaxTags> pushed{};
    /// Of an edit that the adapter cannot do: no matter until a packet goes out with it.
    esw_refusal refusal = ESW_REFUSAL_NONE;
};

bool same(const Edits& a, const Edits& b) {
    const auto same_tag = [](const esw_vlan& one, const esw_vlan& other) {
        return one.tpid == other.tpid && one.tci == other.tci;
    };
    return a.popped == b.popped && a.pushed_count == b.pushed_count && a.rewrite == b.rewrite &&
           std::equal(a.pushed.begin(), a.pushed.begin() + a.pushed_count, b.pushed.begin(),
                      same_tag);
}

bool is_tag(uint16_t tpid) {
    return tpid == ETH_P_8021Q || tpid == ETH_P_8021AD;
}

class ActionList {
public:
    ActionList(uint32_t in_port, const PacketFacts& facts, const FlowPorts& ports)
        : in_port_(in_port), source_(ports.find(in_port)), facts_(facts), ports_(ports) {}

    /// NONE, or why the list cannot be.
    esw_refusal add(const esw_flow_action& action) {
        switch (action.type) {
            case ESW_ACTION_OUTPUT:
                return output(action.port);
            case ESW_ACTION_DROP:
                return ESW_REFUSAL_NONE;
            case ESW_ACTION_SET:
            case ESW_ACTION_PUSH_VLAN:
            case ESW_ACTION_POP_VLAN:
                edit(action);
                return ESW_REFUSAL_NONE;
            case ESW_ACTION_TUNNEL_PUSH:
                push_tunnel(action.push);
                return ESW_REFUSAL_NONE;
            case ESW_ACTION_TUNNEL_POP:
                return ESW_REFUSAL_TUNNEL_POP;
            case ESW_ACTION_OTHER:
                break;
        }
        const bool has_reason =
            action.type == ESW_ACTION_OTHER && action.refusal != ESW_REFUSAL_NONE;
        return has_reason ? action.refusal : ESW_REFUSAL_ACTION;
    }

    CompiledActions finish() {
        CompiledActions result;
        if (outputs_.empty()) {
            return result;  // Nobody sees what is done to the packet.
        }
        Edits& edits = at_output_;
        replace_tag(edits);
        // libmlx5 knows no push right behind a pop on packets from the wire
        // (next_action_state of dr_action.c).
        if (edits.popped > 0 && edits.pushed_count > 0 && edits.rewrite.empty() &&
            source_->uplink) {
            result.refusal = ESW_REFUSAL_ACTION_ORDER;
            return result;
        }
        result.actions.pop_vlans = edits.popped;
        if (!edits.rewrite.empty()) {
            result.actions.rewrite = edits.rewrite.actions();
            if (result.actions.rewrite.size() > HeaderRewrite::kMaxWrites) {
                result.refusal = ESW_REFUSAL_SET_FIELD;
                return result;
            }
        }
        for (size_t i = 0; i < edits.pushed_count; i++) {
            const esw_vlan& tag = edits.pushed[i];
            result.actions.push_vlans.push_back(uint32_t{tag.tpid} << 16 | control(tag));
        }
        result.actions.outputs = std::move(outputs_);
        result.whole_packets_only = edits.whole_packets_only;
        return result;
    }

private:
    static uint16_t control(const esw_vlan& tag) {
        return tag.tci & static_cast<uint16_t>(~ESW_VLAN_PRESENT);
    }

    void refuse_edit(esw_refusal reason) {
        if (edits_.refusal == ESW_REFUSAL_NONE) {
            edits_.refusal = reason;
        }
    }

    void edit(const esw_flow_action& action) {
        edited_ = true;
        if (tunnel_) {
            refuse_edit(ESW_REFUSAL_ACTION_ORDER);
        } else if (action.type == ESW_ACTION_SET) {
            set(action.set);
        } else if (action.type == ESW_ACTION_PUSH_VLAN) {
            push_tag(action.vlan);
        } else {
            pop_tag();
        }
    }

    void set(const esw_set_action& action) {
        if (std::all_of(std::begin(action.mask), std::end(action.mask),
                        [](uint8_t byte) { return byte == 0; })) {
            return;
        }
        if (!is_there(action.field) || !edits_.rewrite.set(action)) {
            refuse_edit(ESW_REFUSAL_SET_FIELD);
        }
    }

    /// Whether all packets have the field, and the checksums over it come out as in software.
    bool is_there(esw_field field) {
        switch (field) {
            case ESW_FIELD_ETH_SRC:
            case ESW_FIELD_ETH_DST:
                return true;
            case ESW_FIELD_IPV4_SRC:
            case ESW_FIELD_IPV4_DST:
                return facts_.is_ipv4() && only_whole_packets();
            case ESW_FIELD_IPV4_TOS:
            case ESW_FIELD_IPV4_TTL:
                return facts_.is_ipv4();
            case ESW_FIELD_IPV6_SRC:
            case ESW_FIELD_IPV6_DST:
                // Linux, modify_header_match_supported() of en_tc.c: the adapter does not keep the
                // checksum of ICMPv6, which covers them.
                return facts_.is_ipv6() && facts_.has_ip_proto &&
                       facts_.ip_proto != IPPROTO_ICMPV6 && only_whole_packets();
            case ESW_FIELD_IPV6_TRAFFIC_CLASS:
            case ESW_FIELD_IPV6_HOP_LIMIT:
            case ESW_FIELD_IPV6_LABEL:
                return facts_.is_ipv6();
            case ESW_FIELD_TCP_SRC:
            case ESW_FIELD_TCP_DST:
                return is_transport(IPPROTO_TCP) && only_whole_packets();
            case ESW_FIELD_UDP_SRC:
            case ESW_FIELD_UDP_DST:
                return is_transport(IPPROTO_UDP) && only_whole_packets();
        }
        return false;
    }

    bool is_transport(uint8_t protocol) const {
        return facts_.has_ip_proto && facts_.ip_proto == protocol;
    }

    /// To the adapter a fragment has no transport header; to Open vSwitch the first one has.
    bool only_whole_packets() {
        edits_.whole_packets_only = true;
        return facts_.fragment != Fragment::kYes;
    }

    void push_tag(const esw_vlan& tag) {
        if (!is_tag(tag.tpid) || edits_.pushed_count == kMaxTags) {
            refuse_edit(ESW_REFUSAL_ACTION);
            return;
        }
        edits_.pushed[edits_.pushed_count++] = tag;
    }

    /// Open vSwitch takes a tag away if there is one; the adapter's rule must know.
    void pop_tag() {
        if (edits_.pushed_count > 0) {
            edits_.pushed_count--;
            return;
        }
        Tag there = Tag::kUnknown;
        if (edits_.popped < facts_.tags.size()) {
            there = facts_.tags[edits_.popped];
        } else if (facts_.eth_type != 0) {
            there = Tag::kAbsent;
        }
        if (there == Tag::kPresent) {
            edits_.popped++;
        } else if (there == Tag::kUnknown) {
            refuse_edit(ESW_REFUSAL_MATCH_VLAN);
        }
    }

    /// A tag that is taken away and another of its kind in its place: that is a write.
    void replace_tag(Edits& edits) const {
        if (edits.popped == 0 || edits.pushed_count == 0 ||
            edits.pushed[0].tpid != facts_.tpids[edits.popped - 1u]) {
            return;
        }
        edits.rewrite.set_tag(control(edits.pushed[0]));
        edits.popped--;
        edits.pushed_count--;
        edits.pushed[0] = edits.pushed[1];
    }

    void push_tunnel(const esw_tunnel_push_action& push) {
        if (tunnel_) {
            refuse_edit(ESW_REFUSAL_ACTION_ORDER);
        } else if (!is_supported_tunnel_header(push)) {
            refuse_edit(ESW_REFUSAL_TUNNEL_HEADER);
        }
        tunnel_ = &push;
        edited_ = true;
    }

    esw_refusal output(uint32_t port) {
        if (const esw_refusal refusal = check_port(port); refusal != ESW_REFUSAL_NONE) {
            return refusal;
        }
        if (edits_.refusal != ESW_REFUSAL_NONE) {
            return edits_.refusal;
        }
        if (outputs_.empty()) {
            at_output_ = edits_;
        } else if (edited_ && !same(edits_, at_output_)) {
            return ESW_REFUSAL_EDITS_BETWEEN_OUTPUTS;
        }
        at_output_.whole_packets_only |= edits_.whole_packets_only;
        edited_ = false;
        FdbOutput& added = outputs_.emplace_back();
        added.port = port;
        if (tunnel_) {
            added.encapsulation.assign(reinterpret_cast<const char*>(tunnel_->header),
                                       tunnel_->header_length);
        }
        const bool twice =
            std::find(outputs_.begin(), outputs_.end() - 1, added) != outputs_.end() - 1;
        return twice || outputs_.size() > kMaxOutputs ? ESW_REFUSAL_TOO_MANY_OUTPUTS
                                                      : ESW_REFUSAL_NONE;
    }

    esw_refusal check_port(uint32_t port) const {
        const FlowPort* const to = ports_.find(port);
        if (!to) {
            return ESW_REFUSAL_OUT_PORT;
        }
        if (port == in_port_) {
            return ESW_REFUSAL_TO_IN_PORT;
        }
        if (to->adapter != source_->adapter) {
            return ESW_REFUSAL_OTHER_ADAPTER;
        }
        return to->uplink && source_->uplink ? ESW_REFUSAL_WIRE_TO_WIRE : ESW_REFUSAL_NONE;
    }

    const uint32_t in_port_;
    const FlowPort* const source_;  ///< never nullptr
    const PacketFacts& facts_;
    const FlowPorts& ports_;

    Edits edits_;
    const esw_tunnel_push_action* tunnel_ = nullptr;  ///< around packets from here on
    bool edited_ = false;                             ///< since the last output
    Edits at_output_;                                 ///< what packets go out with
    std::vector<FdbOutput> outputs_;
};

}  // namespace

CompiledActions compile_actions(std::span<const esw_flow_action> actions, uint32_t in_port,
                                const PacketFacts& facts, const FlowPorts& ports) {
    ActionList list(in_port, facts, ports);
    for (const esw_flow_action& action : actions) {
        if (action.type == ESW_ACTION_DROP) {
            break;  // Open vSwitch does nothing that is behind it.
        }
        CompiledActions refused;
        refused.refusal = list.add(action);
        if (refused.refusal != ESW_REFUSAL_NONE) {
            return refused;
        }
    }
    return list.finish();
}

}  // namespace esw::mlx5
