// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace esw::sim {

/// The control socket: one line of JSON in, one line of JSON out, per connection. The answer may
/// come later; other connections are served meanwhile.
class CtlServer {
public:
    using Answer = std::function<void(std::string)>;
    /// `answer` is called once; after the client has gone it does nothing.
    using Handler = std::function<void(const std::string& request, Answer answer)>;

    static Result<std::unique_ptr<CtlServer>> create(EventLoop& loop, const std::string& path,
                                                     Handler handler);

private:
    struct Connection {
        UniqueFd fd;
        std::unique_ptr<EventLoop::Handle> watch;
        std::string input;
        std::string output;
        bool asked = false;
    };

    CtlServer(EventLoop& loop, UniqueFd socket, Handler handler)
        : loop_(loop), socket_(std::move(socket)), handler_(std::move(handler)) {}
    void accept_one();
    void readable(uint64_t id);
    void send_answer(uint64_t id, std::string answer);
    void writable(uint64_t id);

    EventLoop& loop_;
    UniqueFd socket_;
    Handler handler_;
    std::unique_ptr<EventLoop::Handle> watch_;
    std::map<uint64_t, Connection> connections_;
    uint64_t next_id_ = 0;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace esw::sim
