// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "netlink/genl_codec.h"
#include "netlink/requester.h"

namespace esw::netlink {

/// The numbers of generic netlink's families, asked for once and remembered. Threads: any.
class GenlFamilies {
public:
    /// Makes a request, given the family's number.
    using Encode = std::function<Result<Bytes>(uint16_t)>;

    GenlFamilies(Requester& requester, Deadlines deadlines);

    /// ENOTSUP when the kernel does not have the family.
    Result<GenlFamily> find(const std::string& name) ESW_EXCLUDES(mutex_);

    /// To be called when the kernel does not know the number any more (the family went away, and
    /// perhaps came back with another one).
    void forget(const std::string& name) ESW_EXCLUDES(mutex_);

    /// Sends a request to a family. `encode` may be called twice: when
    /// the kernel answers ENOENT, which it does for a number that no family has, the family is
    /// looked up again.
    Status transact(const std::string& name, Call call, const Encode& encode,
                    const Requester::Receiver& receiver);

    template <class T>
    Result<T> get(const std::string& name, Call call, const Encode& encode,
                  const Decode<T>& decode) {
        return result_of<T>(name, std::move(call), encode, [&](Bytes message, const Call& named) {
            return requester_.get<T>(std::move(message), named, decode);
        });
    }

    template <class T>
    Result<std::vector<T>> dump(const std::string& name, Call call, const Encode& encode,
                                const Decode<T>& decode) {
        return result_of<std::vector<T>>(
            name, std::move(call), encode, [&](Bytes message, const Call& named) {
                return requester_.dump<T>(std::move(message), named, decode);
            });
    }

private:
    template <class T>
    Result<T> result_of(const std::string& name, Call call, const Encode& encode,
                        const std::function<Result<T>(Bytes, const Call&)>& run) {
        Result<T> out;
        const auto keep = [&](Bytes message, const Call& named) -> Status {
            out = run(std::move(message), named);
            return out ? Status{} : Status(fail(out.error()));
        };
        if (auto status = with_family(name, std::move(call), encode, keep); !status) {
            return fail(status.error());
        }
        return out;
    }
    Status with_family(const std::string& name, Call call, const Encode& encode,
                       const std::function<Status(Bytes, const Call&)>& run);

    Requester& requester_;
    const Deadlines deadlines_;

    Mutex mutex_{LockRank::kLeaf};
    std::map<std::string, GenlFamily> known_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw::netlink
