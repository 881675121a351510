// SPDX-License-Identifier: Apache-2.0
#include "netlink/genl_families.h"

#include <fmt/format.h>
#include <linux/genetlink.h>

#include <cerrno>
#include <optional>
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
    std::optional<GenlFamily> found;
    const auto receive = [&found](const MessageView& message) -> Status {
        auto family = genl::decode_family(message);
        if (!family) {
            return fail(family.error());
        }
        found = *std::move(family);
        return {};
    };
    if (auto status = requester_.transact(*std::move(request), call, receive); !status) {
        if (status.error().code == ENOENT || status.error().code == ENOTSUP) {
            return fail(ENOTSUP, "", "", fmt::format("kernel without {}", name));
        }
        return fail(status.error());
    }
    if (!found) {
        return fail(EBADMSG, name, call.stage, "the kernel's answer is empty");
    }
    MutexLock lock(mutex_);
    known_[name] = *found;
    return *std::move(found);
}

void GenlFamilies::forget(const std::string& name) {
    MutexLock lock(mutex_);
    known_.erase(name);
}

Status GenlFamilies::transact(const std::string& name, Call call,
                              const std::function<Result<Bytes>(uint16_t)>& encode,
                              const Requester::Receiver& receiver) {
    return with_family(name, std::move(call), encode, [&](Bytes message, const Call& named) {
        return requester_.transact(std::move(message), named, receiver);
    });
}

Status GenlFamilies::with_family(const std::string& name, Call call,
                                 const std::function<Result<Bytes>(uint16_t)>& encode,
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
