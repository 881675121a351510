// SPDX-License-Identifier: Apache-2.0
#include "netlink/rdma_client.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "netlink/rdma_codec.h"

namespace esw::netlink {

namespace {

/// A kernel without RDMA has no such netlink protocol.
Error explain(Error error) {
    if (error.code == ENOTSUP) {
        error.detail = "kernel without RDMA netlink";
    }
    return error;
}

}  // namespace

RdmaClient::RdmaClient(Requester& requester, Deadlines deadlines)
    : requester_(requester), deadlines_(deadlines) {}

Result<std::vector<RdmaDevice>> RdmaClient::devices() {
    auto request = rdma::encode_devices_dump();
    if (!request) {
        return fail(request.error());
    }
    const Call call{"rdma", "list devices", deadlines_.query, rdma::attributes(), NLMSG_HDRLEN};
    auto out = requester_.dump<RdmaDevice>(*std::move(request), call, rdma::decode_device);
    if (!out) {
        return fail(explain(out.error()));
    }
    return out;
}

Result<std::vector<RdmaPort>> RdmaClient::ports(uint32_t device_index) {
    auto request = rdma::encode_ports_dump(device_index);
    if (!request) {
        return fail(request.error());
    }
    const Call call{fmt::format("rdma device {}", device_index), "list ports", deadlines_.query,
                    rdma::attributes(), NLMSG_HDRLEN};
    auto out = requester_.dump<RdmaPort>(*std::move(request), call, rdma::decode_port);
    if (!out) {
        return fail(explain(out.error()));
    }
    return out;
}

Result<bool> RdmaClient::has_monitor() {
    auto request = rdma::encode_system_get();
    if (!request) {
        return fail(request.error());
    }
    const Call call{"rdma", "get system settings", deadlines_.query, rdma::attributes(),
                    NLMSG_HDRLEN};
    auto monitor = requester_.get<bool>(*std::move(request), call, rdma::decode_monitor_mode);
    if (!monitor) {
        return fail(explain(monitor.error()));
    }
    return monitor;
}

}  // namespace esw::netlink
