// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "esw-manager/flow/refusal.h"
#include "esw-manager/mlx5/fdb_flow.h"
#include "esw-manager/rdma_rep.h"

namespace esw::mlx5 {

/// What a rule has counted, as read last. Lives as long as somebody asks, also when its rule and
/// its device are gone. Threads: any.
class FdbCounter {
public:
    struct Value {
        uint64_t packets = 0;
        uint64_t bytes = 0;
        bool operator==(const Value&) const = default;
    };
    virtual ~FdbCounter() = default;

    /// Since its rule was inserted.
    virtual Value value() const = 0;
    /// It will not change any more: its rule is gone, and it was read after that; or the device is.
    virtual bool is_final() const = 0;
};

/// The rules of one eswitch in the adapter, for one generation of its RDMA device. It ends with
/// that: rules are gone when this is, dead device or not.
///
/// Each port with a rule has a table of its own, with one matcher for each mask, to which one rule
/// in the root table sends the packets that come from that port's vport. What no rule matches goes
/// to the representor, as without any rule. Packets that representors send never come here.
///
/// Threads: one at a time, save read_counters(), which may be called from one other thread
/// meanwhile. Calls may wait for firmware when they need something new of it: the first rule of a
/// port or of a mask, actions that no other rule has, room for more rules. Others ask it for
/// nothing. What is under way when the device goes may fail for another reason than EIO; the next
/// call says that.
class Fdb {
public:
    using RuleId = uint64_t;  ///< never 0, never used again

    struct Refused {
        esw_refusal reason;  ///< TOO_MANY_MASKS, NO_MEMORY, NO_COUNTER or DEVICE
        Error error;         ///< EIO: the device has gone, and nothing else will do
    };

    struct Inserted {
        RuleId rule = 0;
        std::shared_ptr<const FdbCounter> counter;
        /// Rules that are no longer there, to make room for this mask: none of theirs had counted
        /// anything for a while. They count as TOO_MANY_MASKS.
        std::vector<RuleId> evicted;
    };

    virtual ~Fdb() = default;

    /// From now on rules may name `port`. EEXIST: it is there already.
    virtual Status add_port(uint32_t port, const RdmaRep& rep) = 0;
    /// Its packets are software's at once, then its rules go. EBUSY: there are rules that send to
    /// it; nothing was done. ENOENT: there is no such port.
    virtual Status remove_port(uint32_t port) = 0;

    /// The ports that the flow names must be there (DEVICE, ENOENT, if not).
    virtual tl::expected<Inserted, Refused> insert(const FdbFlow& flow) = 0;
    /// As insert(), and `old` goes when the new one is there, so that no packet finds neither. The
    /// counter goes on. After an error the old one is still there; one that is unknown by now is as
    /// none. Asks the firmware for nothing more than insert(), but if the mask is another one.
    virtual tl::expected<Inserted, Refused> replace(RuleId old, const FdbFlow& flow) = 0;
    /// Its counter has all that the rule did after the next reading. Unknown rules are ignored.
    virtual void remove(RuleId rule) = 0;

    /// Reads all counters that rules have, a bulk with one command.
    virtual Status read_counters() = 0;
};

}  // namespace esw::mlx5
