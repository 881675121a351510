// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "utilities/esw-sim/transport/call.h"

namespace esw::sim {

/// Accepts connections at DIR/netlink.sock and reads the one packet that each begins with.
class Listener {
public:
    static Result<std::unique_ptr<Listener>> create(
        EventLoop& loop, const std::string& directory,
        std::function<void(std::shared_ptr<Call>)> on_call);
    ~Listener();

private:
    Listener(EventLoop& loop, std::string path, UniqueFd socket,
             std::function<void(std::shared_ptr<Call>)> on_call);
    void accept_some();
    bool refuse_one();
    /// False when nothing has come yet.
    bool read_call(UniqueFd& connection);
    void wait_for_call(UniqueFd connection);

    struct Waiting {
        UniqueFd connection;
        std::unique_ptr<EventLoop::Handle> watch;
    };

    EventLoop& loop_;
    const std::string path_;
    UniqueFd socket_;
    UniqueFd spare_;
    const std::function<void(std::shared_ptr<Call>)> on_call_;
    std::unique_ptr<EventLoop::Handle> watch_;
    std::map<int, Waiting> waiting_;  ///< connected, but has not said what for
    Bytes buffer_;
};

}  // namespace esw::sim
