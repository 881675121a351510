// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "utilities/esw-sim/message_writer.h"
#include "utilities/esw-sim/model/adapter.h"
#include "utilities/esw-sim/netlink_server.h"
#include "utilities/esw-sim/rdma_resources.h"

namespace esw::sim {

/// RDMA netlink of the simulated kernel: the NLDEV client (drivers/infiniband/core/nldev.c).
class RdmaService final : public Service {
public:
    /// What programs hold of an RDMA device.
    using Resources = std::function<UverbsResources(const IbDevice&)>;

    RdmaService(const Adapter& adapter, Resources resources)
        : adapter_(adapter), resources_(std::move(resources)) {}

    void handle(std::shared_ptr<Request> request) override;

    void set_server(NetlinkServer* server) { server_ = server; }

    /// Sends an event of RDMA_NLDEV_CMD_MONITOR, when the played kernel has it.
    void notify(Observer::RdmaEvent event, const IbDevice& device, uint32_t port,
                const Netdev* netdev);

private:
    const IbDevice* device_of(const RequestAttributes& attributes) const;
    void answer(Request& request, uint16_t command);
    void get(Request& request, const RequestAttributes& attributes);
    void port_get(Request& request, const RequestAttributes& attributes);
    void chardev_get(Request& request, const RequestAttributes& attributes);
    void res_get(Request& request, const RequestAttributes& attributes);
    void resource_list(Request& request, const RequestAttributes& attributes, uint16_t command);
    void sys_get(Request& request);
    void statistic_get(Request& request, const RequestAttributes& attributes);

    /// All devices for a dump, or the one that the request names.
    void answer_devices(Request& request, const RequestAttributes& attributes,
                        Bytes (RdmaService::*encode)(const IbDevice&) const) const;
    Bytes encode_device(const IbDevice& device) const;
    Bytes encode_port(const Request& request, const IbDevice& device, uint32_t port) const;
    Bytes encode_resources(const IbDevice& device) const;

    const Adapter& adapter_;
    const Resources resources_;
    NetlinkServer* server_ = nullptr;
};

}  // namespace esw::sim
