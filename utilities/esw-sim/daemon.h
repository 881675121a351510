// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/log.h"
#include "utilities/esw-sim/ctl_server.h"
#include "utilities/esw-sim/device_half.h"
#include "utilities/esw-sim/devlink_service.h"
#include "utilities/esw-sim/forwarding.h"
#include "utilities/esw-sim/instance_dir.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/netdev_point.h"
#include "utilities/esw-sim/netdevs.h"
#include "utilities/esw-sim/netlink_server.h"
#include "utilities/esw-sim/points.h"
#include "utilities/esw-sim/rdma_service.h"
#include "utilities/esw-sim/sysfs_view.h"
#include "utilities/esw-sim/uevents.h"

namespace esw::sim {

/// One simulated adapter with all that belongs to it, on one thread and one event loop.
class Daemon final : public Observer {
public:
    /// Makes the netdevs and the sockets; ready to run() when it returns.
    static Result<std::unique_ptr<Daemon>> create(LogSink& log, Topology topology,
                                                  const InstanceDir& directory);
    ~Daemon() override;

    /// Serves until SIGTERM, SIGINT or `esw-sim stop`.
    void run() { loop_->run(); }

    /// "what it made", for people.
    std::string summary() const;

private:
    friend class CtlCommands;

    Daemon(LogSink& log, const InstanceDir& directory, std::unique_ptr<EventLoop> loop);
    Status start(Topology topology);
    Status watch_signals();
    TapNetdevs::Callbacks callbacks();
    /// By the vhca_id of its function.
    Pf* find_pf(uint16_t vhca_id) const;
    void write_attribute(const std::string& name, const std::string& value,
                         const std::function<void(int)>& done);

    std::string device_path(const IbDevice& device) const;
    void send_uevent(UeventText text);

    void device(int command, const Instance& instance) override;
    void port(int command, const Instance& instance, const Port& port) override;
    void rate(int command, const Instance& instance, const Rate& rate) override;
    void param(int command, const Instance& instance, const Param& param) override;
    void rdma(RdmaEvent event, const IbDevice& device, uint32_t port,
              const Netdev* netdev) override;
    void uverbs_added(const IbDevice& device) override;
    void uverbs_removed(const IbDevice& device) override;
    void function_up(const Instance& instance) override;
    void function_down(const Instance& instance) override;

    LogSink& log_;
    const std::string directory_;
    const std::string control_socket_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<TapNetdevs> netdevs_;
    Points points_;
    NetdevPoint netdev_point_{points_};
    std::unique_ptr<Adapter> adapter_;
    std::unique_ptr<DeviceHalf> device_half_;
    std::unique_ptr<Forwarder> forwarder_;
    std::unique_ptr<DevlinkService> devlink_;
    std::unique_ptr<RdmaService> rdma_;
    std::unique_ptr<SysfsView> sysfs_;
    std::unique_ptr<NetlinkServer> server_;
    uint64_t uevent_number_ = 0;
    std::unique_ptr<class CtlCommands> commands_;
    std::unique_ptr<CtlServer> ctl_;
    UniqueFd signals_;
    std::unique_ptr<EventLoop::Handle> signal_watch_;
};

}  // namespace esw::sim
