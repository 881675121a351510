// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "netlink/devlink_types.h"
#include "netlink/genl_families.h"

namespace esw::netlink {

/// Requests of devlink; the functions are those of Kernel (kernel.h). Threads: any.
class DevlinkClient {
public:
    DevlinkClient(GenlFamilies& families, Deadlines deadlines);

    Result<std::vector<DevlinkDevice>> devices();
    Result<DevlinkInfo> info(const DevlinkHandle& handle);
    Result<Eswitch> eswitch_get(const DevlinkHandle& handle);
    Status eswitch_set(const DevlinkHandle& handle, const Eswitch& wanted);
    Status reload(const DevlinkHandle& handle);

    Result<std::vector<DevlinkPort>> ports();
    Result<DevlinkPort> port(const DevlinkHandle& handle, uint32_t index);
    Result<DevlinkPort> port_new(const NewPort& port);
    Status port_del(const DevlinkHandle& handle, uint32_t index);
    Status port_function_set(const DevlinkHandle& handle, uint32_t index,
                             const PortFunction& wanted);

    Result<DevlinkParam> param_get(const DevlinkHandle& handle, const std::string& name);
    Status param_set(const DevlinkHandle& handle, const std::string& name, uint8_t type,
                     ParamCmode cmode, const ParamValue& value);

    Result<std::vector<DevlinkRate>> rates();
    Result<DevlinkRate> rate_get(const DevlinkRate& which);
    /// Priority and weight are ignored without a word by kernels that do not know them
    /// (before 6.4); this is found out beforehand and reported as ENOTSUP, with nothing changed.
    Status rate_set(const DevlinkRate& wanted);
    Status rate_new(const DevlinkRate& wanted);
    Status rate_del(const DevlinkHandle& handle, const std::string& node_name);

private:
    using Encode = GenlFamilies::Encode;

    template <class T>
    Result<T> get(Call call, const Encode& encode, Result<T> (*decode)(const MessageView&));
    template <class T>
    Result<std::vector<T>> dump(const char* stage, const Encode& encode,
                                Result<T> (*decode)(const MessageView&));
    Status change(Call call, const Encode& encode);
    Status check_rate_attributes(const DevlinkRate& wanted, const std::string& stage);

    GenlFamilies& families_;
    const Deadlines deadlines_;
};

}  // namespace esw::netlink
