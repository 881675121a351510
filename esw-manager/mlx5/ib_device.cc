// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/mlx5/ib_device.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <infiniband/mlx5dv.h>
#include <infiniband/verbs.h>
#include <limits.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/mutex.h"

namespace esw::mlx5 {

namespace {

struct ListDeleter {
    void operator()(ibv_device** list) const { ibv_free_device_list(list); }
};
struct ContextDeleter {
    void operator()(ibv_context* context) const { ibv_close_device(context); }
};
using DeviceList = std::unique_ptr<ibv_device*, ListDeleter>;
using Context = std::unique_ptr<ibv_context, ContextDeleter>;

/// Calls of libibverbs that fail have set errno, with few exceptions.
int error_code() {
    return errno != 0 ? errno : EIO;
}

/// Whether the device is made of `parent`: the name of that on its bus is what the link `device`
/// in /sys ends with.
bool is_made_of(const ibv_device& device, const DevlinkHandle& parent) {
    const std::string link = std::string(device.ibdev_path) + "/device";
    char target[PATH_MAX];
    const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
    const std::string_view path(target, size > 0 ? static_cast<size_t>(size) : 0);
    return path.substr(path.rfind('/') + 1) == parent.device;
}

class OpenDevice final : public IbDevice {
public:
    OpenDevice(std::string name, Context context, uint32_t port_count)
        : name_(std::move(name)), context_(std::move(context)), port_count_(port_count) {}

    const std::string& name() const override { return name_; }
    uint32_t port_count() const override { return port_count_; }
    ibv_context* context() override { return context_.get(); }
    Result<RdmaRep> query_port(uint32_t port) override;
    bool gone() override;
    bool found_gone() const override { return gone_; }

private:
    const std::string name_;
    const Context context_;
    const uint32_t port_count_;
    Mutex mutex_{LockRank::kLeaf};  // one reader of events at a time
    std::atomic<bool> gone_ = false;
};

Result<RdmaRep> OpenDevice::query_port(uint32_t port) {
    mlx5dv_port info{};
    if (const int error = mlx5dv_query_port(context_.get(), port, &info)) {
        return fail(error, name_, fmt::format("query port {}", port));
    }
    const auto has = [&](uint64_t flag) { return (info.flags & flag) != 0; };
    if (!has(MLX5DV_QUERY_PORT_VPORT)) {
        return fail(EOPNOTSUPP, name_, fmt::format("query port {}", port), "it is no vport's");
    }
    RdmaRep rep;
    rep.device = name_;
    rep.port = port;
    rep.vport = info.vport;
    if (has(MLX5DV_QUERY_PORT_VPORT_VHCA_ID)) {
        rep.vhca_id = info.vport_vhca_id;
    }
    if (has(MLX5DV_QUERY_PORT_ESW_OWNER_VHCA_ID)) {
        rep.owner_vhca_id = info.esw_owner_vhca_id;
    }
    if (has(MLX5DV_QUERY_PORT_VPORT_REG_C0)) {
        rep.metadata = {info.reg_c0.value, info.reg_c0.mask};
    }
    if (has(MLX5DV_QUERY_PORT_VPORT_STEERING_ICM_RX)) {
        rep.icm_rx = info.vport_steering_icm_rx;
    }
    if (has(MLX5DV_QUERY_PORT_VPORT_STEERING_ICM_TX)) {
        rep.icm_tx = info.vport_steering_icm_tx;
    }
    return rep;
}

// uverbs_disassociate_api() and ib_uverbs_free_hw_resources() of Linux (core/uverbs_main.c): who
// has the device open gets IBV_EVENT_DEVICE_FATAL before its ioctls fail with EIO.
bool OpenDevice::gone() {
    MutexLock lock(mutex_);
    ibv_async_event event;
    while (!gone_ && ibv_get_async_event(context_.get(), &event) == 0) {
        gone_ = event.event_type == IBV_EVENT_DEVICE_FATAL;
        ibv_ack_async_event(&event);
    }
    return gone_;
}

}  // namespace

Result<std::shared_ptr<IbDevice>> open_ib_device(const DevlinkHandle& parent) {
    errno = 0;
    const DeviceList list(ibv_get_device_list(nullptr));
    if (!list) {
        return fail(error_code(), parent.to_string(), "list RDMA devices");
    }
    ibv_device* device = nullptr;
    for (ibv_device** at = list.get(); *at && !device; ++at) {
        device = is_made_of(**at, parent) ? *at : nullptr;
    }
    if (!device) {
        return fail(ENODEV, parent.to_string(), "open", "it has no RDMA device");
    }
    const std::string name = ibv_get_device_name(device);
    if (!mlx5dv_is_supported(device)) {
        return fail(EOPNOTSUPP, name, "open", "it is not an mlx5 device");
    }
    mlx5dv_context_attr attributes{};
    attributes.flags = MLX5DV_CONTEXT_FLAGS_DEVX;
    errno = 0;
    Context context(mlx5dv_open_device(device, &attributes));
    if (!context) {
        return fail(error_code(), name, "open");
    }
    ibv_device_attr_ex limits{};
    if (const int error = ibv_query_device_ex(context.get(), nullptr, &limits)) {
        return fail(error, name, "open", "its attributes cannot be read");
    }
    const int flags = ::fcntl(context->async_fd, F_GETFL);
    if (flags < 0 || ::fcntl(context->async_fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        return fail(error_code(), name, "open", "its events cannot be read");
    }
    return std::make_shared<OpenDevice>(name, std::move(context), limits.phys_port_cnt_ex);
}

}  // namespace esw::mlx5
