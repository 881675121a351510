// SPDX-License-Identifier: Apache-2.0
#include "netlink/genl_families.h"

#include <fmt/format.h>
#include <linux/genetlink.h>

#include <cerrno>
#include <utility>

namespace esw::netlink {

GenlFamilies::GenlFamilies(Requester& requester, Deadlines deadlines)
    : requester_(requester), deadlines_(deadlines) {}

Result<GenlFamily> GenlFamilies::find(const std::string& name) {
    {
        MutexLock lock(mutex_);
        if (const auto known = known_.find(name); known != known_.end()) {
            return known->second;
        }
    }
    auto request = genl::encode_family_get(name);
    if (!request) {
        return fail(request.error());
    }
    const Call call{name, "look up generic netlink family", deadlines_.query};
    auto found = requester_.get<GenlFamily>(*std::move(request), call, genl::decode_family);
    if (!found) {
        const bool missing = found.error().code == ENOENT || found.error().code == ENOTSUP;
        return missing ? fail(ENOTSUP, "", "", fmt::format("kernel without {}", name)) : found;
    }
    MutexLock lock(mutex_);
    known_[name] = *found;
    return found;
}

void GenlFamilies::forget(const std::string& name) {
    MutexLock lock(mutex_);
    known_.erase(name);
}

Status GenlFamilies::transact(const std::string& name, Call call, const Encode& encode,
                              const Requester::Receiver& receiver) {
    return with_family(name, std::move(call), encode, [&](Bytes message, const Call& named) {
        return requester_.transact(std::move(message), named, receiver);
    });
}

Status GenlFamilies::with_family(const std::string& name, Call call, const Encode& encode,
                                 const std::function<Status(Bytes, const Call&)>& run) {
    call.attributes_at = NLMSG_HDRLEN + GENL_HDRLEN;
    auto family = find(name);
    for (bool again = true;; again = false) {
        if (!family) {
            return fail(family.error().code, call.object, call.stage, family.error().detail);
        }
        auto message = encode(family->id);
        if (!message) {
            return fail(message.error().code, call.object, call.stage, message.error().detail);
        }
        auto status = run(*std::move(message), call);
        if (status || status.error().code != ENOENT || !again) {
            return status;
        }
        // ENOENT may also be the family's own answer: only a new number makes it worth asking
        // again.
        const uint16_t refused = family->id;
        forget(name);
        family = find(name);
        if (family && family->id == refused) {
            return status;
        }
    }
}

}  // namespace esw::netlink
