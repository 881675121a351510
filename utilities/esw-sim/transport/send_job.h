// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "utilities/esw-sim/transport/client_socket.h"

namespace esw::sim {

/// One sendmsg() of a program: runs the datagram's messages one after the other, as the kernel does
/// inside the system call, and reports when the last is through. Keeps itself alive while it waits.
class SendJob : public std::enable_shared_from_this<SendJob> {
public:
    /// Where messages go.
    class Router {
    public:
        virtual ~Router() = default;
        /// True when something holds this message, for now, wherever it is answered.
        virtual bool is_held(const ClientSocket& socket, const MessageView& message) = 0;
        /// Calls `passed` once, now or later: with false when the message was refused instead, and
        /// is answered.
        virtual void pass_gate(const std::shared_ptr<ClientSocket>& socket, pid_t caller,
                               const MessageView& message, std::function<void(bool)> passed) = 0;
        /// True when the daemon answers this message itself.
        virtual bool is_simulated(const ClientSocket& socket, const MessageView& message) = 0;
        /// Answers it; `finished` is called once, now or later.
        virtual void serve(const std::shared_ptr<ClientSocket>& socket, pid_t caller,
                           const MessageView& message, std::function<void()> finished) = 0;
        /// `message` is about to be run by the kernel.
        virtual void passing(const ClientSocket& socket, pid_t caller,
                             const MessageView& message) = 0;
    };

    /// `done` gets an errno value, or 0.
    SendJob(Router& router, const std::shared_ptr<ClientSocket>& socket, pid_t caller,
            Bytes datagram, std::optional<wire::NameAnswer> destination,
            std::function<void(int)> done);

    void run();

private:
    bool step(const std::shared_ptr<ClientSocket>& socket);
    bool wait_at_gate(const std::shared_ptr<ClientSocket>& socket, const MessageView& message,
                      ByteSpan after);
    bool serve(const std::shared_ptr<ClientSocket>& socket, const MessageView& message);
    void resume();
    int pass_run_to_kernel(ClientSocket& socket);
    bool to_user(const ClientSocket& socket) const;

    Router& router_;  // alive as long as the socket is
    const std::weak_ptr<ClientSocket> socket_;
    const pid_t caller_;
    const Bytes datagram_;
    const std::optional<wire::NameAnswer> destination_;
    const std::function<void(int)> done_;
    ByteSpan rest_;
    int error_ = 0;
    bool in_call_ = false;  // of the router
    bool passed_ = false;   // the gate, with the message that is next
    bool waiting_ = false;
};

}  // namespace esw::sim
