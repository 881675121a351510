// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/mutex.h"
#include "netlink/genl_codec.h"
#include "netlink/requester.h"

namespace esw::netlink {

/// The numbers of generic netlink's families, asked for once and remembered. Threads: any.
class GenlFamilies {
public:
    GenlFamilies(Requester& requester, Deadlines deadlines);

    /// ENOTSUP when the kernel does not have the family.
    Result<GenlFamily> find(const std::string& name) ESW_EXCLUDES(mutex_);

    /// To be called when the kernel does not know the number any more (the family went away, and
    /// perhaps came back with another one).
    void forget(const std::string& name) ESW_EXCLUDES(mutex_);

    /// Sends a request to a family. `encode` gets the family's number and may be called twice: when
    /// the kernel answers ENOENT, which it does for a number that no family has, the family is
    /// looked up again.
    Status transact(const std::string& name, Call call,
                    const std::function<Result<Bytes>(uint16_t)>& encode,
                    const Requester::Receiver& receiver);

    template <class T>
    Result<std::vector<T>> dump(const std::string& name, Call call,
                                const std::function<Result<Bytes>(uint16_t)>& encode,
                                const std::function<Result<T>(const MessageView&)>& decode) {
        Result<std::vector<T>> out;
        const auto run = [&](Bytes message, const Call& named) -> Status {
            out = requester_.dump<T>(std::move(message), named, decode);
            return out ? Status{} : Status(fail(out.error()));
        };
        if (auto status = with_family(name, std::move(call), encode, run); !status) {
            return fail(status.error());
        }
        return out;
    }

private:
    Status with_family(const std::string& name, Call call,
                       const std::function<Result<Bytes>(uint16_t)>& encode,
                       const std::function<Status(Bytes, const Call&)>& run);

    Requester& requester_;
    const Deadlines deadlines_;

    Mutex mutex_{LockRank::kLeaf};
    std::map<std::string, GenlFamily> known_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw::netlink
