// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "utilities/esw-sim/ctl_server.h"

namespace esw::sim {

class Daemon;

/// What the verbs of `esw-sim ctl`, `status` and `stop` do, in the daemon.
///
/// Request: {"verb": "numvfs", ...its arguments by name}. Answer: {"output": text} or
/// {"error": text}. Each verb answers when the notifications that it caused are delivered.
class CtlCommands {
public:
    explicit CtlCommands(Daemon& daemon) : daemon_(daemon) {}

    void handle(const std::string& request, CtlServer::Answer answer);

private:
    using Json = nlohmann::json;
    struct Verb;
    static const Verb* find(const std::string& name);

    /// Ends a verb: lets netdev changes come through, then answers.
    void finish(const CtlServer::Answer& answer, const Status& status, std::string output = "");
    void settle();

    void numvfs(const Json& arguments, const CtlServer::Answer& answer);
    void link(const Json& arguments, const CtlServer::Answer& answer);
    void rdma(const Json& arguments, const CtlServer::Answer& answer);
    void bond(const Json& arguments, const CtlServer::Answer& answer);
    void remove(const Json& arguments, const CtlServer::Answer& answer);
    void add(const Json& arguments, const CtlServer::Answer& answer);
    void gate(const Json& arguments, const CtlServer::Answer& answer);
    void ungate(const Json& arguments, const CtlServer::Answer& answer);
    void gates(const Json& arguments, const CtlServer::Answer& answer);
    void wait_gate(const Json& arguments, const CtlServer::Answer& answer);
    void fault_add(const Json& arguments, const CtlServer::Answer& answer);
    void fault_clear(const Json& arguments, const CtlServer::Answer& answer);
    void fault_list(const Json& arguments, const CtlServer::Answer& answer);
    void overflow(const Json& arguments, const CtlServer::Answer& answer);
    void inject(const Json& arguments, const CtlServer::Answer& answer);
    void capture(const Json& arguments, const CtlServer::Answer& answer);
    void trace(const Json& arguments, const CtlServer::Answer& answer);
    void stats(const Json& arguments, const CtlServer::Answer& answer);
    void status(const Json& arguments, const CtlServer::Answer& answer);
    void stop(const Json& arguments, const CtlServer::Answer& answer);

    void with_pf(const Json& arguments, const CtlServer::Answer& answer,
                 const std::function<void(struct Pf&)>& use);
    Status check_handle(const std::string& handle) const;

    Daemon& daemon_;
};

}  // namespace esw::sim
