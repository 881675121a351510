// SPDX-License-Identifier: Apache-2.0
// Every sample message, cut at every byte and with every byte changed: nothing crashes (this is of
// use under the sanitizers), and a message that was cut is never taken for another one.
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "netlink/devlink_codec.h"
#include "netlink/ethtool_codec.h"
#include "netlink/extended_ack.h"
#include "netlink/genl_codec.h"
#include "netlink/rdma_codec.h"
#include "netlink/rtnl_codec.h"
#include "tests/unit/netlink/captured_route.h"
#include "tests/unit/netlink/messages.h"
#include "tests/unit/netlink/written_messages.h"

namespace esw::netlink {
namespace {

struct Sample {
    const char* name;
    std::string_view hex;
    size_t fixed;                                    ///< bytes of the family's fixed header
    std::function<bool(const MessageView&)> decode;  ///< false: refused
};

/// A decoder with its result reduced to whether there is one.
template <class T>
std::function<bool(const MessageView&)> taken(Result<T> (*decode)(const MessageView&)) {
    return [decode](const MessageView& message) { return decode(message).has_value(); };
}

bool decode_ack(const MessageView& message) {
    return decode_acknowledgement(message, from_hex(captured::kMtuRequest), rtnl::link_attributes(),
                                  32)
        .has_value();
}

bool decode_features(const MessageView& message) {
    return ethtool::decode_active_features(message).has_value();
}

const std::vector<Sample>& samples() {
    constexpr size_t kGenl = GENL_HDRLEN;
    constexpr size_t kIfinfo = sizeof(ifinfomsg);
    static const std::vector<Sample> all = {
        {"device", written::kDevice, kGenl, taken(devlink::decode_device)},
        {"eswitch", written::kEswitch, kGenl, taken(devlink::decode_eswitch)},
        {"VF port", written::kVfPort, kGenl, taken(devlink::decode_port)},
        {"uplink port", written::kUplinkPort, kGenl, taken(devlink::decode_port)},
        {"SF port", written::kSfPortReply, kGenl, taken(devlink::decode_port)},
        {"flag parameter", written::kFlagParamOn, kGenl, taken(devlink::decode_param)},
        {"string parameter", written::kStringParam, kGenl, taken(devlink::decode_param)},
        {"number parameter", written::kNumberParam, kGenl, taken(devlink::decode_param)},
        {"rate leaf", written::kRateLeaf, kGenl, taken(devlink::decode_rate)},
        {"rate node", written::kRateNode, kGenl, taken(devlink::decode_rate)},
        {"info", written::kInfo, kGenl, taken(devlink::decode_info)},
        {"devlink event", written::kVfPort, kGenl, taken(devlink::decode_event)},
        {"rdma device", written::kRdmaDevice, 0, taken(rdma::decode_device)},
        {"rdma port", written::kRdmaPort, 0, taken(rdma::decode_port)},
        {"rdma system", written::kRdmaSystemMonitor, 0, taken(rdma::decode_monitor_mode)},
        {"rdma event", written::kRdmaAttach, 0, taken(rdma::decode_event)},
        {"veth", captured::kVethLink, kIfinfo, taken(rtnl::decode_link)},
        {"bridge port", captured::kTapLink, kIfinfo, taken(rtnl::decode_link)},
        {"bond", written::kBondLink, kIfinfo, taken(rtnl::decode_link)},
        {"bond member", written::kBondMember, kIfinfo, taken(rtnl::decode_link)},
        {"statistics", captured::kStats, sizeof(if_stats_msg), taken(rtnl::decode_stats)},
        {"family", captured::kEthtoolFamily, kGenl, taken(genl::decode_family)},
        {"features", captured::kFeatures, kGenl, decode_features},
        {"link modes", captured::kLinkModes, kGenl, taken(ethtool::decode_link_modes)},
        {"link info", captured::kLinkInfo, kGenl, taken(ethtool::decode_link_port)},
        {"acknowledgement", captured::kMtuRefused, sizeof(nlmsgerr), decode_ack},
    };
    return all;
}

/// Where a message may end without cutting an attribute: behind its fixed header and behind each of
/// its attributes, with all, some or none of the padding.
std::set<size_t> whole_ends(const Bytes& message, size_t fixed) {
    size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);
    std::set<size_t> ends = {NLMSG_HDRLEN + fixed, at};
    while (at + sizeof(nlattr) <= message.size()) {
        nlattr header;
        std::memcpy(&header, message.data() + at, sizeof header);
        const size_t next = at + NLA_ALIGN(header.nla_len);
        for (at += header.nla_len; at < next; ++at) {
            ends.insert(at);
        }
        ends.insert(at);
    }
    return ends;
}

TEST(Malformed, SamplesAreTakenWhole) {
    for (const Sample& sample : samples()) {
        const Message message(sample.hex);
        EXPECT_TRUE(sample.decode(message.view())) << sample.name;
    }
}

TEST(Malformed, ADatagramThatWasCutIsRefused) {
    for (const Sample& sample : samples()) {
        const Bytes whole = from_hex(sample.hex);
        for (size_t size = 1; size < whole.size(); ++size) {
            const Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
            EXPECT_FALSE(split_datagram(cut)) << sample.name << " cut to " << size;
        }
    }
}

TEST(Malformed, AMessageThatWasCutWithinAnAttributeIsRefused) {
    for (const Sample& sample : samples()) {
        const Bytes whole = from_hex(sample.hex);
        const std::set<size_t> ends = whole_ends(whole, sample.fixed);
        for (size_t size = NLMSG_HDRLEN; size < whole.size(); ++size) {
            Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
            fix_length(cut);
            const Message message(cut);
            if (sample.decode(message.view())) {
                EXPECT_TRUE(ends.count(size)) << sample.name << " cut to " << size;
            }
        }
    }
}

TEST(Malformed, AByteThatWasChangedHarmsNothing) {
    for (const Sample& sample : samples()) {
        Bytes bytes = from_hex(sample.hex);
        for (std::byte& byte : bytes) {
            const std::byte was = byte;
            for (const unsigned change : {0x01U, 0x04U, 0x7fU, 0x80U, 0xffU}) {
                byte = was ^ static_cast<std::byte>(change);
                if (const auto messages = split_datagram(bytes)) {
                    for (const MessageView& message : *messages) {
                        sample.decode(message);
                    }
                }
            }
            byte = was;
        }
    }
}

}  // namespace
}  // namespace esw::netlink
