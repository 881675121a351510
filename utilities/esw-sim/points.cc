// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace esw::sim {

namespace {

bool covers(const std::string& limit, const std::string& handle) {
    return limit.empty() || limit == handle;
}

bool is_opcode_point(std::string_view name) {
    constexpr std::string_view kPrefix = "firmware.0x";
    return name.starts_with(kPrefix) && name.size() == kPrefix.size() + 3 &&
           name.find_first_not_of("0123456789abcdef", kPrefix.size()) == name.npos;
}

std::string describe(const std::string& name, const std::string& handle) {
    return handle.empty() ? fmt::format("gate {}", name)
                          : fmt::format("gate {} of {}", name, handle);
}

}  // namespace

const std::vector<Points::Known>& Points::known() {
    static const std::vector<Known> kKnown = {
        {"devlink.eswitch_get", "DEVLINK_CMD_ESWITCH_GET, the instance locked"},
        {"devlink.mode_set", "eswitch mode set, before the driver begins"},
        {"devlink.param_set", "DEVLINK_CMD_PARAM_SET"},
        {"devlink.port_del", "port del (SF), before the driver begins"},
        {"devlink.port_get", "DEVLINK_CMD_PORT_GET of one port, the instance locked"},
        {"devlink.port_new", "port add (SF), before the driver begins"},
        {"devlink.port_set", "port function set"},
        {"devlink.rate_set", "rate set, new and del"},
        {"devlink.reload", "reload, before the driver goes down"},
        {"devlink.reload_up", "reload, when the driver is down"},
        {"devlink.request", "any request for one devlink instance, which is not locked yet"},
        {"firmware.0x939", "firmware command with this opcode, of a program (DEVX); any opcode"},
        {"firmware.command", "firmware command of a program (DEVX)"},
        {"lag.activate", "LAG or multiport eswitch: the RDMA devices are gone, it is not made yet"},
        {"lag.deactivate", "the same on its way back"},
        {"netdev.request",
         "request about one netdev, by rtnetlink or ethtool: a driver holds the kernel's rtnl "
         "lock"},
        {"numvfs", "write to sriov_numvfs, before the driver begins"},
        {"pci.add", "PCI device appears, before the driver probes it"},
        {"pci.remove", "PCI device goes, before the driver leaves it"},
        {"rdma.attach", "RDMA device or its port appears"},
        {"rdma.detach", "RDMA device or its port goes"},
        {"rep.load", "representor: devlink port announced, netdev not yet made"},
        {"rep.unload", "representor: before its netdev goes"},
        {"uverbs.ioctl", "ioctl on an RDMA device's character device, before it is carried out"},
    };
    return kKnown;
}

Status Points::check_name(std::string_view name) {
    std::vector<std::string_view> names;
    if (is_opcode_point(name)) {
        return {};
    }
    for (const Known& point : known()) {
        if (point.name == name) {
            return {};
        }
        names.push_back(point.name);
    }
    return fail(ENOENT, fmt::format("\"{}\"", name), "",
                fmt::format("no such point; there are {}", fmt::join(names, ", ")));
}

void Points::pass(std::string_view name, const std::string& handle,
                  std::function<void(Status)> passed) {
    if (!closed(name, handle)) {
        apply_faults(std::string(name), handle, passed);
        return;
    }
    waiting_.push_back({std::string(name), handle, std::move(passed)});
    std::vector<std::function<void()>> calls;
    for (auto watch = watches_.begin(); watch != watches_.end();) {
        if (watch->name == name && covers(watch->handle, handle)) {
            calls.push_back(std::move(watch->held));
            watch = watches_.erase(watch);
        } else {
            ++watch;
        }
    }
    for (auto& call : calls) {
        call();
    }
}

void Points::pass_all(std::vector<std::string> names, const std::string& handle,
                      std::function<void(Status)> passed) {
    if (names.empty()) {
        passed({});
        return;
    }
    const std::string first = std::move(names.front());
    names.erase(names.begin());
    pass(
        first, handle,
        [this, names = std::move(names), handle, passed = std::move(passed)](const Status& status) {
            if (status) {
                pass_all(names, handle, passed);
            } else {
                passed(status);
            }
        });
}

bool Points::closed(std::string_view name, const std::string& handle) const {
    return std::any_of(gates_.begin(), gates_.end(), [&](const Gate& gate) {
        return gate.name == name && covers(gate.handle, handle);
    });
}

Status Points::close(const std::string& name, const std::string& handle) {
    if (Status status = check_name(name); !status) {
        return status;
    }
    for (const Gate& gate : gates_) {
        if (gate.name == name && gate.handle == handle) {
            return fail(EEXIST, describe(name, handle), "", "is closed already");
        }
    }
    gates_.push_back({name, handle});
    return {};
}

Status Points::open(const std::string& name, const std::string& handle) {
    if (Status status = check_name(name); !status) {
        return status;
    }
    const auto gate = std::find_if(gates_.begin(), gates_.end(), [&](const Gate& candidate) {
        return candidate.name == name && candidate.handle == handle;
    });
    if (gate == gates_.end()) {
        return fail(ENOENT, describe(name, handle), "", "is not closed");
    }
    gates_.erase(gate);
    release();
    return {};
}

void Points::open_all() {
    gates_.clear();
    release();
}

// A passage that goes on may wait again or close nothing: the list is walked anew each time.
void Points::release() {
    for (;;) {
        const auto waiter = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiter& w) {
            return !closed(w.name, w.handle);
        });
        if (waiter == waiting_.end()) {
            return;
        }
        Waiter free = std::move(*waiter);
        waiting_.erase(waiter);
        apply_faults(free.name, free.handle, free.passed);
    }
}

size_t Points::held_at(const Gate& gate) const {
    return static_cast<size_t>(
        std::count_if(waiting_.begin(), waiting_.end(), [&](const Waiter& waiter) {
            return waiter.name == gate.name && covers(gate.handle, waiter.handle);
        }));
}

std::vector<Points::Gate> Points::gates() const {
    std::vector<Gate> gates = gates_;
    for (Gate& gate : gates) {
        gate.held = held_at(gate);
    }
    return gates;
}

Status Points::when_held(const std::string& name, const std::string& handle,
                         std::function<void()> held) {
    for (const Gate& gate : gates_) {
        if (gate.name != name || gate.handle != handle) {
            continue;
        }
        if (held_at(gate) > 0) {
            held();
        } else {
            watches_.push_back({name, handle, std::move(held)});
        }
        return {};
    }
    if (Status status = check_name(name); !status) {
        return status;
    }
    return fail(ENOENT, describe(name, handle), "", "is not closed");
}

Status Points::add_fault(Fault fault) {
    if (Status status = check_name(fault.point); !status) {
        return status;
    }
    if (fault.error == 0 && fault.delay_ms == 0) {
        return fail(EINVAL, fmt::format("fault at {}", fault.point), "",
                    "needs an errno, a delay or both");
    }
    faults_.push_back(std::move(fault));
    return {};
}

std::optional<Points::Fault> Points::take_fault(std::string_view name, const std::string& handle) {
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        if (fault->point != name || !covers(fault->handle, handle) ||
            (fault->count != 0 && fault->hit >= fault->count)) {
            continue;
        }
        if (fault->after > 0) {
            fault->after--;
            return {};
        }
        fault->hit++;
        return *fault;
    }
    return {};
}

void Points::apply_faults(const std::string& name, const std::string& handle,
                          const std::function<void(Status)>& passed) {
    const auto fault = take_fault(name, handle);
    Status outcome;
    if (fault && fault->error != 0) {
        outcome = fail(fault->error, handle, name);
    }
    if (!fault || fault->delay_ms == 0) {
        passed(std::move(outcome));
        return;
    }
    const uint64_t id = next_timer_++;
    auto timer =
        loop_.after(std::chrono::milliseconds(fault->delay_ms), [this, id, passed, outcome] {
            const auto keep = timers_.extract(id);
            passed(outcome);
        });
    if (timer) {
        timers_[id] = std::move(*timer);
    } else {
        passed(std::move(outcome));
    }
}

}  // namespace esw::sim
