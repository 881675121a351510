// SPDX-License-Identifier: Apache-2.0
// LAG of the adapter's PFs: drivers/net/ethernet/mellanox/mlx5/core/lag/lag.c of Linux 6.1, and
// lag/mpesw.c of 6.12 for the multiport eswitch. Entering and leaving take the RDMA devices of all
// PFs away; with one FDB one comes back, with the ports of all.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "utilities/esw-sim/model/adapter.h"

namespace esw::sim {

// mlx5_lag_add_mdev(): an adapter of one port has none, and num_lag_ports goes up to
// MLX5_MAX_PORTS.
bool Adapter::lag_possible() const {
    constexpr size_t kMaxPorts = 4;
    return pfs_.size() > 1 && pfs_.size() <= kMaxPorts;
}

// mlx5_lag_is_ready() and mlx5_lag_check_prereq(). The state of RoCE, which has to be the same on
// all PFs, is.
bool Adapter::lag_prerequisites() const {
    const bool switchdev = lag_master().switchdev();
    const size_t supported_in_switchdev = topology_.kernel.has_lag_of_four() ? 4 : 2;
    return lag_possible() && (!switchdev || pfs_.size() <= supported_in_switchdev) &&
           std::all_of(pfs_.begin(), pfs_.end(), [&](const auto& pf) {
               return pf->present && !pf->leaving && pf->uplink && pf->switchdev() == switchdev &&
                      (pf->num_vfs == 0 || switchdev);
           });
}

// mlx5_lag_is_roce_lag()
bool Adapter::roce_lag() const {
    return std::all_of(pfs_.begin(), pfs_.end(),
                       [](const auto& pf) { return pf->num_vfs == 0 && !pf->switchdev(); });
}

// mlx5_lag_shared_fdb_supported()
bool Adapter::shared_fdb_supported() const {
    return std::all_of(pfs_.begin(), pfs_.end(), [](const auto& pf) {
        const Param* const metadata = pf->instance->param("esw_port_metadata");
        return pf->switchdev() && metadata && std::get<bool>(metadata->value);
    });
}

// The port that represents `vport` (null: the uplink) of `pf`: mlx5_ib_vport_rep_load() (ib_rep.c).
// With one FDB the ports of the PFs follow one another on the master's device, and only a multiport
// eswitch has more than one uplink there.
Adapter::IbPort Adapter::ib_port(const Pf& pf, const Vport* vport) const {
    const uint32_t own = vport ? pf.ib_port(*vport) : pf.ib_uplink_port();
    const Pf& master = lag_master();
    if (!lag_->shared_fdb || &pf == &master) {
        return {pf.ib, own};
    }
    const bool multiport = lag_->mode == Lag::Mode::kMultiport;
    if (!vport && !multiport) {
        return {};
    }
    uint32_t before = 0;
    for (uint32_t i = 0; i < pf.number; i++) {
        before += pfs_[i]->total_vports() - (i == 0 || multiport ? 0 : 1);
    }
    return {master.ib, before + own};
}

IbDevice* Adapter::eswitch_ib(const Pf& pf) const {
    return lag_->shared_fdb ? lag_master().ib : pf.ib;
}

// mlx5_ib_num_ports_update() (ib_rep.c)
uint32_t Adapter::ib_port_count(const Pf& pf) const {
    uint32_t count = pf.total_vports();
    for (const auto& peer : pfs_) {
        if (lag_->shared_fdb && peer.get() != &pf) {
            count += peer->total_vports() - (lag_->mode == Lag::Mode::kMultiport ? 0 : 1);
        }
    }
    return count;
}

// mlx5_lag_remove_devices()
void Adapter::lag_remove_devices(const OperationPtr& op) {
    for (const auto& pf : pfs_) {
        if (pf->present && !pf->leaving) {
            op->then([&pf = *pf]() -> Status {
                pf.ib_disabled = true;
                return {};
            });
            remove_ib(op, *pf);
        }
    }
}

// mlx5_lag_add_devices(), then mlx5_eswitch_reload_ib_reps()
void Adapter::lag_add_devices(const OperationPtr& op) {
    for (const auto& pf : pfs_) {
        if (pf->present && !pf->leaving) {
            lag_add_device(op, *pf);
        }
    }
}

void Adapter::lag_add_device(const OperationPtr& op, Pf& pf) {
    op->then([&pf]() -> Status {
        pf.ib_disabled = false;
        return {};
    });
    add_ib(op, pf);
}

void Adapter::set_lag_mode(Lag::Mode mode, bool shared_fdb) {
    lag_->mode = mode;
    lag_->shared_fdb = shared_fdb;
    const bool multiport = mode == Lag::Mode::kMultiport;
    for (const auto& pf : pfs_) {
        pf->multiport = multiport;
        if (Param* const param = pf->instance->param("esw_multiport")) {
            param->value = multiport;  // mlx5_devlink_esw_multiport_get()
        }
    }
}

// mlx5_do_bond() and enable_mpesw(): on an error all is as before.
void Adapter::enter_lag(const OperationPtr& op, Lag::Mode mode, bool shared_fdb) {
    const bool devices = shared_fdb || mode == Lag::Mode::kRoce;
    if (devices) {
        lag_remove_devices(op);
    }
    op->then("lag.activate", [this, mode, shared_fdb]() -> Status {
        set_lag_mode(mode, shared_fdb);
        return {};
    });
    if (devices) {
        lag_add_device(op, lag_master());
    }
    op->on_error([this, devices, weak = std::weak_ptr<Operation>(op)] {
        const OperationPtr self = weak.lock();
        self->then([this]() -> Status {
            if (lag_->active()) {
                drop_ib(lag_master().ib);
            }
            set_lag_mode(Lag::Mode::kNone, false);
            return {};
        });
        if (devices) {
            lag_add_devices(self);
        }
    });
}

// mlx5_disable_lag(). When the firmware refuses, the driver has forgotten the LAG all the same, and
// the RDMA devices stay away ("driver restart required").
void Adapter::leave_lag(const OperationPtr& op) {
    const bool devices = lag_->shared_fdb || lag_->mode == Lag::Mode::kRoce;
    if (devices) {
        lag_remove_devices(op);
    }
    op->then([this]() -> Status {
        set_lag_mode(Lag::Mode::kNone, false);
        return {};
    });
    op->then("lag.deactivate", []() -> Status { return {}; });
    if (devices) {
        lag_add_devices(op);
    }
    op->on_error([this, weak = std::weak_ptr<Operation>(op)] {
        if (lag_->active()) {  // a device did not go: the LAG stays
            lag_add_device(weak.lock(), lag_master());
        }
    });
}

// An operation of the LAG, which has a lock of its own (struct mlx5_lag's).
void Adapter::run_lag_operation(const std::function<Status(const OperationPtr&)>& fill, Done done) {
    const auto op = operation(*lag_master().instance, std::move(done));
    op->then_lock(lag_, lag_->lock);
    op->then([fill, weak = std::weak_ptr<Operation>(op)] { return fill(weak.lock()); });
    op->run();
}

// mlx5_lag_disable_change(), and behind the operation mlx5_lag_enable_change(). Whether the LAG
// ended well is not the operation's business.
void Adapter::lag_disable_change(const OperationPtr& op) {
    if (!lag_possible()) {
        return;
    }
    op->then_wait([this, weak = std::weak_ptr<Operation>(op)](const std::function<void()>& resume) {
        run_lag_operation(
            [this, weak](const OperationPtr& lag) -> Status {
                lag_->changes_in_progress++;
                weak.lock()->at_end([this] {
                    lag_->changes_in_progress--;
                    settle_bond([](const Status&) {});
                });
                if (lag_->active()) {
                    leave_lag(lag);
                }
                return {};
            },
            [resume](const Status&) { resume(); });
    });
}

// mlx5_do_bond_work()
void Adapter::settle_bond(Done done) {
    if (!lag_possible()) {
        done({});
        return;
    }
    run_lag_operation(
        [this](const OperationPtr& op) -> Status {
            if (lag_->changes_in_progress > 0) {
                return {};  // the work is done when they are over
            }
            const bool bond = lag_->bonded && lag_prerequisites();
            if (bond && !lag_->active()) {
                enter_lag(op, roce_lag() ? Lag::Mode::kRoce : Lag::Mode::kSriov,
                          shared_fdb_supported());
            } else if (!bond && lag_->active() && lag_->mode != Lag::Mode::kMultiport) {
                leave_lag(op);
            }
            return {};
        },
        std::move(done));
}

void Adapter::bond(bool on, Done done) {
    lag_->bonded = on;
    settle_bond(std::move(done));
}

// mlx5_lag_mpesw_enable() and mlx5_lag_mpesw_disable(), which fails silently.
void Adapter::multiport_set(bool on, Done done) {
    if (!lag_possible()) {
        done({});  // mlx5_lag_mpesw_queue_work(): nothing happens
        return;
    }
    if (!on) {
        run_lag_operation(
            [this](const OperationPtr& op) -> Status {
                if (lag_->changes_in_progress == 0 && lag_->mode == Lag::Mode::kMultiport) {
                    leave_lag(op);
                }
                return {};
            },
            [done = std::move(done)](const Status&) { done({}); });
        return;
    }
    run_lag_operation(
        [this](const OperationPtr& op) -> Status {
            const std::string handle = lag_master().handle();
            const std::string stage = "set esw_multiport";
            if (lag_->changes_in_progress > 0) {
                return fail(EAGAIN, handle, stage);
            }
            if (lag_->mode == Lag::Mode::kMultiport && topology_.kernel.multiport_is_idempotent()) {
                return {};
            }
            if (lag_->active()) {
                return fail(EINVAL, handle, stage);
            }
            if (!lag_master().switchdev() || !lag_prerequisites() || !shared_fdb_supported()) {
                return fail(EOPNOTSUPP, handle, stage);
            }
            enter_lag(op, Lag::Mode::kMultiport, true);
            return {};
        },
        std::move(done));
}

}  // namespace esw::sim
