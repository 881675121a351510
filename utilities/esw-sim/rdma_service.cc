// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/rdma_service.h"

#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_netlink.h>

#include <cerrno>

#include "netlink/uapi.h"

namespace esw::sim {

namespace {

namespace uapi = esw::netlink::uapi;

// Of Linux 6.7, and of Debian's later 6.1.
constexpr uint16_t kSysAttrPrivilegedQkeyMode = 96;  // RDMA_NLDEV_SYS_ATTR_PRIVILEGED_QKEY_MODE

constexpr uint8_t kPortDown = 1, kPortActive = 4;  // IB_PORT_*
constexpr uint8_t kPhysDisabled = 3, kPhysLinkUp = 5;

// Some of what mlx5_ib_query_device() (main.c) sets: memory windows, XRC, memory management
// extensions and the like. Not compared with a card.
constexpr uint64_t kCapFlags = 0x1425321c36;

constexpr uint16_t message_type(uint16_t command) {
    return static_cast<uint16_t>(RDMA_NL_NLDEV << 10 | command);  // RDMA_NL_GET_TYPE()
}

void put_handle(MessageWriter& message, const IbDevice& device) {
    message.u32(RDMA_NLDEV_ATTR_DEV_INDEX, device.index);
    message.text(RDMA_NLDEV_ATTR_DEV_NAME, device.name);
}

void put_netdev(MessageWriter& message, const Netdev& netdev) {
    message.u32(RDMA_NLDEV_ATTR_NDEV_INDEX, netdev.ifindex);
    message.text(RDMA_NLDEV_ATTR_NDEV_NAME, netdev.name);
}

/// mlx5_ib's counters.c.
constexpr const char* kPortCounters[] = {"rx_write_requests",
                                         "rx_read_requests",
                                         "rx_atomic_requests",
                                         "out_of_buffer",
                                         "out_of_sequence",
                                         "duplicate_request",
                                         "rnr_nak_retry_err",
                                         "packet_seq_err",
                                         "implied_nak_seq_err",
                                         "local_ack_timeout_err",
                                         "resp_local_length_error",
                                         "resp_cqe_error",
                                         "req_cqe_error",
                                         "req_remote_invalid_request",
                                         "req_remote_access_errors",
                                         "resp_remote_access_errors",
                                         "resp_cqe_flush_error",
                                         "req_cqe_flush_error",
                                         "roce_adp_retrans",
                                         "roce_adp_retrans_to",
                                         "roce_slow_restart",
                                         "roce_slow_restart_cnps",
                                         "roce_slow_restart_trans",
                                         "rp_cnp_ignored",
                                         "rp_cnp_handled",
                                         "np_ecn_marked_roce_packets",
                                         "np_cnp_sent",
                                         "rx_icrc_encapsulated"};

// nldev_policy, as far as it is read.
const std::vector<RequestAttributes::Rule>& rules() {
    using Kind = RequestAttributes::Kind;
    static const std::vector<RequestAttributes::Rule> kRules{
        {RDMA_NLDEV_ATTR_DEV_INDEX, Kind::kU32},     {RDMA_NLDEV_ATTR_PORT_INDEX, Kind::kU32},
        {RDMA_NLDEV_ATTR_CHARDEV_TYPE, Kind::kText}, {RDMA_NLDEV_ATTR_DEV_NAME, Kind::kText},
        {RDMA_NLDEV_ATTR_STAT_RES, Kind::kU32},
    };
    return kRules;
}

}  // namespace

// rdma_nl_rcv_msg(): only messages of the NLDEV client are known.
void RdmaService::handle(std::shared_ptr<Request> request) {
    const uint16_t type = request->header().nlmsg_type;
    if (type >> 10 != RDMA_NL_NLDEV) {
        request->finish(EINVAL);
        return;
    }
    answer(*request, type & 0x3ff);
}

void RdmaService::answer(Request& request, uint16_t command) {
    RequestAttributes attributes;
    if (const auto refusal = attributes.parse(request.payload(), NLMSG_HDRLEN, rules(), false)) {
        request.finish(EINVAL, refusal->text);
        return;
    }
    switch (command) {
        case RDMA_NLDEV_CMD_GET:
            get(request, attributes);
            return;
        case RDMA_NLDEV_CMD_PORT_GET:
            port_get(request, attributes);
            return;
        case RDMA_NLDEV_CMD_RES_GET:
            res_get(request, attributes);
            return;
        case RDMA_NLDEV_CMD_SYS_GET:
            sys_get(request);
            return;
        case RDMA_NLDEV_CMD_GET_CHARDEV:
            chardev_get(request, attributes);
            return;
        case RDMA_NLDEV_CMD_STAT_GET:
            statistic_get(request, attributes);
            return;
        default:
            break;
    }
    if (is_resource_list(command)) {
        resource_list(request, attributes, command);
        return;
    }
    request.finish(EINVAL);
}

const IbDevice* RdmaService::device_of(const RequestAttributes& attributes) const {
    if (!attributes.has(RDMA_NLDEV_ATTR_DEV_INDEX)) {
        return nullptr;
    }
    const auto& devices = adapter_.ib_devices();
    const auto found = devices.find(attributes.number<uint32_t>(RDMA_NLDEV_ATTR_DEV_INDEX));
    return found == devices.end() ? nullptr : found->second.get();
}

void RdmaService::answer_devices(Request& request, const RequestAttributes& attributes,
                                 Bytes (RdmaService::*encode)(const IbDevice&) const) const {
    if (request.is_dump()) {
        for (const auto& [index, device] : adapter_.ib_devices()) {
            request.reply((this->*encode)(*device));
        }
        request.finish(0);
        return;
    }
    const IbDevice* const device = device_of(attributes);
    if (!device) {
        request.finish(EINVAL);
        return;
    }
    request.reply((this->*encode)(*device));
    request.finish(0);
}

// nldev_get_doit(), nldev_get_dumpit(). RDMA devices are seen in every namespace ("netns shared").
void RdmaService::get(Request& request, const RequestAttributes& attributes) {
    answer_devices(request, attributes, &RdmaService::encode_device);
}

// nldev_port_get_doit(), nldev_port_get_dumpit()
void RdmaService::port_get(Request& request, const RequestAttributes& attributes) {
    const IbDevice* const device = device_of(attributes);
    if (!device) {
        request.finish(EINVAL);
        return;
    }
    if (request.is_dump()) {
        for (uint32_t port = 1; port <= device->port_count; port++) {
            request.reply(encode_port(request, *device, port));
        }
        request.finish(0);
        return;
    }
    const auto port = attributes.number<uint32_t>(RDMA_NLDEV_ATTR_PORT_INDEX);
    if (port < 1 || port > device->port_count) {
        request.finish(EINVAL);
        return;
    }
    request.reply(encode_port(request, *device, port));
    request.finish(0);
}

// nldev_get_chardev(). Of the clients that have character devices there is ib_uverbs only, whose
// devices are not of a port (ib_uverbs_get_nl_info()).
void RdmaService::chardev_get(Request& request, const RequestAttributes& attributes) {
    const bool has_device = attributes.has(RDMA_NLDEV_ATTR_DEV_INDEX);
    const bool has_port = attributes.has(RDMA_NLDEV_ATTR_PORT_INDEX);
    const IbDevice* const device = device_of(attributes);
    if (!attributes.has(RDMA_NLDEV_ATTR_CHARDEV_TYPE) || (has_device && !device) ||
        (has_port && !has_device)) {
        request.finish(EINVAL);
        return;
    }
    if (!device || attributes.text(RDMA_NLDEV_ATTR_CHARDEV_TYPE) != "uverbs") {
        request.finish(EOPNOTSUPP);  // ib_get_client_nl_info()
        return;
    }
    if (has_port) {
        request.finish(EINVAL);
        return;
    }
    MessageWriter message(message_type(RDMA_NLDEV_CMD_GET_CHARDEV));
    message.u32(RDMA_NLDEV_ATTR_UVERBS_DRIVER_ID, RDMA_DRIVER_MLX5);
    const Chardev number = device->chardev();  // huge_encode_dev()
    message.u64(RDMA_NLDEV_ATTR_CHARDEV,
                (number.minor & 0xff) | number.major << 8 | (number.minor & ~0xffu) << 12);
    message.u64(RDMA_NLDEV_ATTR_CHARDEV_ABI, 1);  // MLX5_IB_UVERBS_ABI_VERSION
    message.text(RDMA_NLDEV_ATTR_CHARDEV_NAME, device->chardev_name());
    request.reply(message.finish());
    request.finish(0);
}

void RdmaService::res_get(Request& request, const RequestAttributes& attributes) {
    answer_devices(request, attributes, &RdmaService::encode_resources);
}

// stat_get_doit_default_counter(). Devices of representors count for the whole device, which is not
// asked for here (hw_switchdev_stats_ops of mlx5_ib).
void RdmaService::statistic_get(Request& request, const RequestAttributes& attributes) {
    const IbDevice* const device = device_of(attributes);
    const auto port = attributes.number<uint32_t>(RDMA_NLDEV_ATTR_PORT_INDEX);
    if (!device || device->is_rep || port < 1 || port > device->port_count || request.is_dump() ||
        attributes.has(RDMA_NLDEV_ATTR_STAT_RES)) {
        request.finish(EINVAL);
        return;
    }
    MessageWriter message(message_type(RDMA_NLDEV_CMD_STAT_GET));
    put_handle(message, *device);
    message.u32(RDMA_NLDEV_ATTR_PORT_INDEX, port);
    const size_t table = message.flagged_nest(RDMA_NLDEV_ATTR_STAT_HWCOUNTERS);
    for (const char* const name : kPortCounters) {
        const size_t entry = message.flagged_nest(RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY);
        message.text(RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_NAME, name);
        message.u64(RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_VALUE, 0);  // no RDMA traffic
        message.end(entry);
    }
    message.end(table);
    request.reply(message.finish());
    request.finish(0);
}

// nldev_sys_get_doit()
void RdmaService::sys_get(Request& request) {
    MessageWriter message(message_type(RDMA_NLDEV_CMD_SYS_GET));
    message.u8(RDMA_NLDEV_SYS_ATTR_NETNS_MODE, 1);  // shared
    message.u8(kSysAttrPrivilegedQkeyMode, 0);
    if (adapter_.topology().kernel.has_rdma_monitor()) {
        message.u8(uapi::kRdmaNldevSysAttrMonitorMode, 1);
    }
    message.u8(RDMA_NLDEV_SYS_ATTR_COPY_ON_FORK, 1);
    request.reply(message.finish());
    request.finish(0);
}

// fill_dev_info()
Bytes RdmaService::encode_device(const IbDevice& device) const {
    MessageWriter message(message_type(RDMA_NLDEV_CMD_GET));
    put_handle(message, device);
    message.u32(RDMA_NLDEV_ATTR_PORT_INDEX, device.port_count);
    message.u64(RDMA_NLDEV_ATTR_CAP_FLAGS, kCapFlags);
    message.text(RDMA_NLDEV_ATTR_FW_VERSION, adapter_.firmware_version());
    message.u64(RDMA_NLDEV_ATTR_NODE_GUID, device.node_guid);
    message.u64(RDMA_NLDEV_ATTR_SYS_IMAGE_GUID, adapter_.system_image_guid());
    message.u8(RDMA_NLDEV_ATTR_DEV_NODE_TYPE, 1);  // RDMA_NODE_IB_CA
    message.u8(RDMA_NLDEV_ATTR_DEV_DIM, 1);
    // rdma_protocol_roce() of the first port; a device of representors is raw packet only
    // (mlx5_port_rep_immutable(), main.c).
    if (!device.is_rep) {
        message.text(RDMA_NLDEV_ATTR_DEV_PROTOCOL, "roce");
    }
    return message.finish();
}

// fill_port_info(); mlx5_query_port_roce() says DOWN for a port without netdev.
Bytes RdmaService::encode_port(const Request& request, const IbDevice& device,
                               uint32_t port) const {
    MessageWriter message(message_type(RDMA_NLDEV_CMD_PORT_GET));
    put_handle(message, device);
    message.u32(RDMA_NLDEV_ATTR_PORT_INDEX, port);
    const auto entry = device.netdevs.find(port);
    const Netdev* const netdev = entry == device.netdevs.end() ? nullptr : entry->second;
    const bool up = netdev && netdev->admin_up && netdev->carrier;
    message.u8(RDMA_NLDEV_ATTR_PORT_STATE, up ? kPortActive : kPortDown);
    message.u8(RDMA_NLDEV_ATTR_PORT_PHYS_STATE, up ? kPhysLinkUp : kPhysDisabled);
    if (netdev && netdev->in_namespace && request.same_namespace()) {
        put_netdev(message, *netdev);
    }
    return message.finish();
}

// fill_res_info()
Bytes RdmaService::encode_resources(const IbDevice& device) const {
    return encode_resource_summary(device, resources_(device));
}

// res_get_common_dumpit(), res_get_common_doit()
void RdmaService::resource_list(Request& request, const RequestAttributes& attributes,
                                uint16_t command) {
    const IbDevice* const device = device_of(attributes);
    if (!device || !request.is_dump()) {
        request.finish(device ? ENOENT : EINVAL);
        return;
    }
    for (Bytes& message :
         encode_resource_list(*device, command, resources_(*device), request.net_admin())) {
        request.reply(std::move(message));
    }
    request.finish(0);
}

// rdma_nl_notify_event() of 6.12
void RdmaService::notify(Observer::RdmaEvent event, const IbDevice& device, uint32_t port,
                         const Netdev* netdev) {
    using Event = Observer::RdmaEvent;
    if (!server_ || !adapter_.topology().kernel.has_rdma_monitor()) {
        return;
    }
    MessageWriter message(message_type(uapi::kRdmaNldevCmdMonitor));
    put_handle(message, device);
    if (event == Event::kNetdevAttach || event == Event::kNetdevDetach) {
        message.u32(RDMA_NLDEV_ATTR_PORT_INDEX, port);
        if (netdev && netdev->in_namespace) {
            put_netdev(message, *netdev);
        }
    }
    message.u8(uapi::kRdmaNldevAttrEventType,
               static_cast<uint8_t>(event));  // RDMA_REGISTER_EVENT is 0
    server_->notify_rdma(uapi::kRdmaGroupNotify, message.finish());
}

}  // namespace esw::sim
