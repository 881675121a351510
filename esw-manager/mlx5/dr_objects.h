// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <infiniband/mlx5dv.h>

#include <memory>

namespace esw::mlx5 {

// Objects of libmlx5 that end with their owner. The library refuses to end one that another still
// refers to (EBUSY), so owners end them in this order: rules; then their matchers and actions; then
// tables, and counters that actions count with; then the domain. Of a device that is gone it cannot
// end all, and keeps what it has of them: mlx5dv_dr_table_destroy() of rdma-core 44.

template <auto end>
struct EndWith {
    template <class T>
    void operator()(T* object) const {
        end(object);
    }
};
using DrDomain = std::unique_ptr<mlx5dv_dr_domain, EndWith<mlx5dv_dr_domain_destroy>>;
using DrTable = std::unique_ptr<mlx5dv_dr_table, EndWith<mlx5dv_dr_table_destroy>>;
using DrMatcher = std::unique_ptr<mlx5dv_dr_matcher, EndWith<mlx5dv_dr_matcher_destroy>>;
using DrRule = std::unique_ptr<mlx5dv_dr_rule, EndWith<mlx5dv_dr_rule_destroy>>;
using DrAction = std::unique_ptr<mlx5dv_dr_action, EndWith<mlx5dv_dr_action_destroy>>;
using DevxObject = std::unique_ptr<mlx5dv_devx_obj, EndWith<mlx5dv_devx_obj_destroy>>;

}  // namespace esw::mlx5
