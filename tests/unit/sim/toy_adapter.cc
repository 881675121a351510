// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/toy_adapter.h"

#include <linux/genetlink.h>
#include <net/if.h>

#include <cerrno>

#include "utilities/esw-sim/transport/nl_bytes.h"

namespace esw::sim::test {

namespace {

Bytes copy_of(const Request& request) {
    Bytes message = open_message(request.header().nlmsg_type, 0, 0, 0);
    append_padded(message, request.payload());
    close_message(message);
    return message;
}

}  // namespace

void ToyAdapter::handle(std::shared_ptr<Request> request) {
    if (request->header().nlmsg_type != server->devlink_family()) {
        request->reply(copy_of(*request));
        request->finish(0);
        return;
    }
    handle_devlink(request, read_front<genlmsghdr>(request->payload())->cmd);
}

void ToyAdapter::handle_devlink(const std::shared_ptr<Request>& request, uint8_t command) {
    switch (command) {
        case kEcho:
            request->reply(copy_of(*request));
            request->finish(0);
            break;
        case kMany:
            for (size_t i = 0; i < many; i++) {
                request->reply(copy_of(*request));
            }
            request->finish(0);
            break;
        case kFail:
            request->finish(EBUSY, "Toy is busy", NLMSG_HDRLEN + GENL_HDRLEN);
            break;
        case kHold:
            held.push_back(request);
            server->notify_devlink(copy_of(*request));
            break;
        case kNotify:
            server->notify_devlink(copy_of(*request));
            request->finish(0);
            break;
        case kNotifyMany:
            notify_many(*request);
            request->finish(0);
            break;
        case kLoseNext:
            server->overflow_next();
            request->finish(0);
            break;
        case kRelease:
            release();
            request->finish(0);
            break;
        case kAdminOnly:
            request->finish(request->net_admin() ? 0 : EPERM);
            break;
        default:
            request->finish(EOPNOTSUPP);
    }
}

void ToyAdapter::notify_many(const Request& request) {
    const auto count = read_front<uint32_t>(request.payload().subspan(GENL_HDRLEN)).value_or(0);
    for (uint32_t i = 0; i < count; i++) {
        server->notify_devlink(copy_of(request));
    }
}

void ToyAdapter::release() {
    for (const auto& request : std::exchange(held, {})) {
        request->reply(copy_of(*request));
        request->finish(0);
    }
}

const NetdevFace* ToyAdapter::find(const NamespaceId& network, uint32_t ifindex) const {
    const auto it = faces.find(ifindex);
    return network != home || it == faces.end() ? nullptr : &it->second;
}

void ToyAdapter::set_hw_tc_offload(const NamespaceId&, uint32_t ifindex, bool on) {
    faces[ifindex].hw_tc_offload = on;
}

}  // namespace esw::sim::test
