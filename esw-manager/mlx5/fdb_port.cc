// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/fdb_port.h"

#include "esw-manager/mlx5/prm.h"

namespace esw::mlx5 {

namespace {

/// The root is level 0.
constexpr uint32_t kPortTableLevel = 1;

}  // namespace

FdbPort::FdbPort(FdbDomain& domain, uint32_t number, const RdmaRep& rep)
    : domain_(domain), number_(number), rep_(rep), source_(rep), masks_(domain, source_) {}

FdbPort::~FdbPort() {
    detach();
}

bool FdbPort::is_wire() const {
    return rep_.vport == prm::kVportUplink;
}

// By the device's port, not the vport: of a bond's two adapters, which have one device, both have
// vports of the same numbers.
Result<FdbPartPtr> FdbPort::destination() {
    if (!destination_) {
        auto action = domain_.make<DrAction>("output to port", [&] {
            return mlx5dv_dr_action_create_dest_ib_port(domain_.get(), rep_.port);
        });
        if (!action) {
            return fail(std::move(action.error()));
        }
        destination_.reset(new FdbPart{{}, *std::move(action)});
    }
    return destination_;
}

Result<mlx5dv_dr_table*> FdbPort::open_table() {
    if (!table_) {
        auto table = domain_.make<DrTable>(
            "make table", [&] { return mlx5dv_dr_table_create(domain_.get(), kPortTableLevel); });
        if (!table) {
            return fail(std::move(table.error()));
        }
        table_ = *std::move(table);
    }
    return table_.get();
}

Status FdbPort::attach() {
    if (root_rule_) {
        return {};
    }
    const auto matcher = domain_.root_matcher(source_);
    if (!matcher) {
        return fail(matcher.error());
    }
    auto jump = domain_.make<DrAction>(
        "go to table", [&] { return mlx5dv_dr_action_create_dest_table(table_.get()); });
    if (!jump) {
        return fail(std::move(jump.error()));
    }
    jump_ = *std::move(jump);
    MatchBuffer value;
    value.words[source_.word] = source_.value;
    mlx5dv_dr_action* actions[] = {jump_.get()};
    auto rule = domain_.make<DrRule>("make root rule", [&] {
        return mlx5dv_dr_rule_create(*matcher, value.parameters(), 1, actions);
    });
    if (!rule) {
        return fail(std::move(rule.error()));
    }
    root_rule_ = *std::move(rule);
    return {};
}

void FdbPort::close_if_empty() {
    if (masks_.empty()) {
        detach();
        jump_.reset();
        table_.reset();
    }
}

}  // namespace esw::mlx5
