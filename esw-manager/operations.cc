// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/operations.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace esw {

namespace {

using netlink::EswitchMode;

/// How long the kernel may take to remove the port of a subfunction whose deletion it has accepted.
constexpr Duration kPortGone = std::chrono::seconds(10);

/// What an operation is doing, for esw/show.
class Activity {
public:
    Activity(Eswitch& eswitch, std::string text) : eswitch_(eswitch) {
        eswitch_.set_activity(std::move(text));
    }
    ~Activity() { eswitch_.set_activity({}); }
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;

private:
    Eswitch& eswitch_;
};

/// The control lock.
class Control {
public:
    Control(Eswitch& eswitch, const BlockHolder& operation)
        : eswitch_(eswitch), status_(eswitch.take_control(operation)) {}
    ~Control() {
        if (status_) {
            eswitch_.release_control();
        }
    }
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    const Status& status() const { return status_; }

private:
    Eswitch& eswitch_;
    const Status status_;
};

/// The queue is suspended: what was queued is dropped, and looked at again in the end.
class Suspension {
public:
    explicit Suspension(Eswitch& eswitch) : eswitch_(eswitch) { eswitch_.suspend(); }
    ~Suspension() { eswitch_.resume(); }
    Suspension(const Suspension&) = delete;
    Suspension& operator=(const Suspension&) = delete;

private:
    Eswitch& eswitch_;
};

class Block {
public:
    Block(Eswitch& eswitch, const BlockHolder& operation)
        : eswitch_(eswitch), operation_(operation), status_(eswitch.take_block(operation)) {}
    ~Block() {
        if (status_) {
            eswitch_.release_block(operation_);
        }
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    const Status& status() const { return status_; }

    /// Providers have vanished and come back: they unregister and register from within.
    void rescan_providers() {
        const BlockHolder rescan(fmt::format("rescan of {}", operation_.name()));
        if (eswitch_.block().lend(operation_, rescan)) {
            eswitch_.sync_providers(rescan);
            static_cast<void>(eswitch_.block().take_back(operation_));
        }
    }

private:
    Eswitch& eswitch_;
    const BlockHolder& operation_;
    const Status status_;
};

tl::unexpected<Error> refused(const Eswitch& eswitch, const BlockHolder& operation,
                              const Error& error) {
    return fail(error.code, eswitch.handle().to_string(), operation.name(), error.detail);
}

Result<EswitchMode> mode_of(Eswitch& eswitch, netlink::Kernel& kernel) {
    const auto answer = kernel.eswitch_get(eswitch.handle());
    if (!answer) {
        return fail(answer.error());
    }
    if (!answer->mode) {
        return fail(ENODATA, eswitch.handle().to_string(), "", "the kernel did not say the mode");
    }
    return *answer->mode;
}

}  // namespace

Result<std::string> set_eswitch_mode(Eswitch& eswitch, EswitchMode mode,
                                     const OperationTools& tools) {
    const BlockHolder operation(fmt::format("set-mode {}", netlink::to_string(mode)));
    const Activity activity(eswitch, operation.name());
    const Control control(eswitch, operation);
    if (!control.status()) {
        return fail(control.status().error());
    }
    const auto before = mode_of(eswitch, tools.kernel);
    if (!before) {
        return refused(eswitch, operation, before.error());
    }
    if (*before == mode) {
        return std::string(kNoChange);
    }
    const Suspension suspension(eswitch);
    Block block(eswitch, operation);
    if (!block.status()) {
        return fail(block.status().error());
    }
    // What is in the adapter goes before the adapter changes.
    eswitch.unload_all(ProviderType::kRdma);
    netlink::Eswitch wanted;
    wanted.mode = mode;
    const Status set = tools.kernel.eswitch_set(eswitch.handle(), wanted);
    const auto after = mode_of(eswitch, tools.kernel);
    if (after) {
        eswitch.keep_mode(*after);
    }
    const Status known = tools.catch_up();
    block.rescan_providers();
    if (!set) {
        return refused(eswitch, operation, set.error());
    }
    if (!after) {
        return refused(eswitch, operation, after.error());
    }
    if (*after != mode) {
        return fail(
            EIO, eswitch.handle().to_string(), operation.name(),
            fmt::format("the kernel took it, but the mode is {}", netlink::to_string(*after)));
    }
    if (!known) {
        return refused(eswitch, operation, known.error());
    }
    return "done";
}

Result<std::string> reload_eswitch(Eswitch& eswitch, const OperationTools& tools) {
    const BlockHolder operation("reload");
    const Activity activity(eswitch, operation.name());
    const Control control(eswitch, operation);
    if (!control.status()) {
        return fail(control.status().error());
    }
    const Suspension suspension(eswitch);
    Block block(eswitch, operation);
    if (!block.status()) {
        return fail(block.status().error());
    }
    eswitch.unload_all(ProviderType::kRdma);
    const Status reloaded = tools.kernel.devlink_reload(eswitch.handle());
    const auto mode = mode_of(eswitch, tools.kernel);
    if (mode) {
        eswitch.keep_mode(*mode);
    }
    const Status known = tools.catch_up();
    block.rescan_providers();
    if (!reloaded) {
        return refused(eswitch, operation, reloaded.error());
    }
    if (!mode) {
        return refused(eswitch, operation, mode.error());
    }
    if (!known) {
        return refused(eswitch, operation, known.error());
    }
    return "done";
}

Result<std::string> add_subfunction(Eswitch& eswitch, uint16_t pf, uint32_t number,
                                    const OperationTools& tools) {
    const BlockHolder operation(fmt::format("sf-add {}", number));
    const Activity activity(eswitch, operation.name());
    const Control control(eswitch, operation);
    if (!control.status()) {
        return fail(control.status().error());
    }
    netlink::NewPort wanted;
    wanted.handle = eswitch.handle();
    wanted.pf = pf;
    wanted.sf = number;
    // Without the block: nothing that is loaded changes.
    const auto port = tools.kernel.port_new(wanted);
    if (!port) {
        return refused(eswitch, operation, port.error());
    }
    const auto rep = RepId::of_port(*port);
    if (!rep) {
        return fail(EPROTO, eswitch.handle().to_string(), operation.name(),
                    "the kernel made a port that is no representor");
    }
    if (const Status known = tools.catch_up(); !known) {
        return refused(eswitch, operation, known.error());
    }
    return rep->to_string();
}

Result<std::string> delete_subfunction(Eswitch& eswitch, const RepId& rep,
                                       const OperationTools& tools) {
    const BlockHolder operation(fmt::format("sf-del {}", rep.to_string()));
    const Activity activity(eswitch, operation.name());
    const Control control(eswitch, operation);
    if (!control.status()) {
        return fail(control.status().error());
    }
    const auto port_index = eswitch.port_index(rep);
    if (!port_index) {
        return fail(ENODEV, "", "",
                    fmt::format("no such representor {}/{}", eswitch.handle().to_string(),
                                rep.to_string()));
    }
    const Suspension suspension(eswitch);
    const Block block(eswitch, operation);
    if (!block.status()) {
        return fail(block.status().error());
    }
    eswitch.unload_rep(rep);
    if (const Status deleted = tools.kernel.port_del(eswitch.handle(), *port_index); !deleted) {
        return refused(eswitch, operation, deleted.error());
    }
    if (const Status known = tools.catch_up(); !known) {
        return refused(eswitch, operation, known.error());
    }
    if (!eswitch.wait_until_gone(rep, std::chrono::steady_clock::now() + kPortGone)) {
        return fail(ETIMEDOUT, eswitch.handle().to_string(), operation.name(),
                    "the kernel accepted it, but its devlink port is still there");
    }
    return "done";
}

}  // namespace esw
