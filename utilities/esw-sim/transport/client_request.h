// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/client_socket.h"
#include "utilities/esw-sim/transport/statistics.h"

namespace esw::sim {

/// A request for a family that the daemon answers. Outlives the socket that asked when a service
/// holds it (a gate); what it says then goes nowhere.
class ClientRequest final : public Request {
public:
    /// `finished` is called once, by finish().
    ClientRequest(std::weak_ptr<ClientSocket> socket, std::shared_ptr<Statistics> statistics,
                  Statistics::Family family, pid_t caller, const MessageView& message,
                  std::function<void()> finished);
    ~ClientRequest() override;

    const nlmsghdr& header() const override { return header_; }
    std::span<const std::byte> payload() const override { return view().payload(); }
    bool is_dump() const override { return dump_; }
    bool same_namespace() const override { return same_namespace_; }
    bool net_admin() const override;
    void reply(Bytes message) override;
    void finish(int error, std::string extack, std::optional<uint32_t> bad_offset) override;

    MessageView view() const { return {header_, whole_}; }

private:
    void flush();
    void end(const Outcome& outcome);

    const std::weak_ptr<ClientSocket> socket_;
    const std::shared_ptr<Statistics> statistics_;
    const Statistics::Family family_;
    const pid_t caller_;
    const Bytes whole_;
    const nlmsghdr header_;
    const bool same_namespace_;
    const bool opener_is_admin_;
    bool dump_ = false;
    bool replied_ = false;
    mutable std::optional<bool> net_admin_;
    Bytes pending_;  ///< parts of a dump that go out as one datagram
    std::function<void()> finished_;
};

}  // namespace esw::sim
