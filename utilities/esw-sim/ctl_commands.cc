// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/ctl_commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "utilities/esw-sim/daemon.h"
#include "utilities/esw-sim/report.h"

namespace esw::sim {

struct CtlCommands::Verb {
    const char* name;
    void (CtlCommands::*run)(const Json& arguments, const CtlServer::Answer& answer);
};

const CtlCommands::Verb* CtlCommands::find(const std::string& name) {
    using C = CtlCommands;
    static const Verb kVerbs[] = {
        {"numvfs", &C::numvfs},
        {"link", &C::link},
        {"rdma", &C::rdma},
        {"bond", &C::bond},
        {"remove", &C::remove},
        {"add", &C::add},
        {"gate", &C::gate},
        {"ungate", &C::ungate},
        {"gates", &C::gates},
        {"wait-gate", &C::wait_gate},
        {"fault-add", &C::fault_add},
        {"fault-clear", &C::fault_clear},
        {"fault-list", &C::fault_list},
        {"overflow", &C::overflow},
        {"inject", &C::inject},
        {"capture", &C::capture},
        {"trace", &C::trace},
        {"stats", &C::stats},
        {"status", &C::status},
        {"stop", &C::stop},
    };
    for (const Verb& verb : kVerbs) {
        if (name == verb.name) {
            return &verb;
        }
    }
    return nullptr;
}

void CtlCommands::handle(const std::string& request, CtlServer::Answer answer) {
    const Json arguments = Json::parse(request, nullptr, false);
    const Verb* const verb = arguments.is_object() ? find(arguments.value("verb", "")) : nullptr;
    if (!verb) {
        finish(answer, fail(EINVAL, "control socket", "", "not a request that this daemon knows"));
        return;
    }
    try {
        (this->*verb->run)(arguments, answer);
    } catch (const Json::exception& error) {  // an argument of another type: not our client
        finish(answer, fail(EINVAL, "control socket", "", error.what()));
    }
}

void CtlCommands::finish(const CtlServer::Answer& answer, const Status& status,
                         std::string output) {
    settle();
    Json reply;
    if (status) {
        reply["output"] = std::move(output);
    } else {
        // The errno is the kernel's business; the words are for people.
        Error error = status.error();
        error.code = error.detail.empty() ? error.code : 0;
        reply["error"] = error.to_string();
    }
    answer(reply.dump());
}

// A change of a netdev comes back by rtnetlink and may change carriers, which comes back again.
void CtlCommands::settle() {
    for (const auto& pf : daemon_.adapter_->pfs()) {
        daemon_.sysfs_->num_vfs_changed(*pf);
    }
    daemon_.netdevs_->sync();
    daemon_.server_->pump_route();
    daemon_.netdevs_->sync();
    daemon_.server_->pump_route();
    daemon_.sysfs_->flush();
}

void CtlCommands::with_pf(const Json& arguments, const CtlServer::Answer& answer,
                          const std::function<void(Pf&)>& use) {
    const auto pf = daemon_.adapter_->find_pf(arguments.at("handle").get<std::string>());
    if (pf) {
        use(**pf);
    } else {
        finish(answer, fail(pf.error()));
    }
}

void CtlCommands::numvfs(const Json& arguments, const CtlServer::Answer& answer) {
    with_pf(arguments, answer, [&](Pf& pf) {
        daemon_.adapter_->set_num_vfs(
            pf, arguments.at("count").get<uint32_t>(),
            [this, answer](const Status& status) { finish(answer, status); });
    });
}

void CtlCommands::link(const Json& arguments, const CtlServer::Answer& answer) {
    const auto target = daemon_.adapter_->find_target(arguments.at("port").get<std::string>());
    if (!target) {
        finish(answer, fail(target.error()));
        return;
    }
    finish(answer, daemon_.adapter_->set_link(*target, arguments.at("up").get<bool>()));
}

void CtlCommands::rdma(const Json& arguments, const CtlServer::Answer& answer) {
    with_pf(arguments, answer, [&](Pf& pf) {
        const auto done = [this, answer](const Status& status) { finish(answer, status); };
        if (arguments.at("load").get<bool>()) {
            daemon_.adapter_->rdma_load(pf, done);
        } else {
            daemon_.adapter_->rdma_unload(pf, done);
        }
    });
}

void CtlCommands::bond(const Json& arguments, const CtlServer::Answer& answer) {
    daemon_.adapter_->bond(arguments.at("on").get<bool>(), [this, answer](const Status& status) {
        finish(answer, status, fmt::format("LAG: {}\n", daemon_.adapter_->lag().name()));
    });
}

void CtlCommands::remove(const Json& arguments, const CtlServer::Answer& answer) {
    with_pf(arguments, answer, [&](Pf& pf) {
        daemon_.adapter_->pci_remove(pf, [this, answer, &pf](const Status& status) {
            daemon_.forwarder_->forget(pf);
            finish(answer, status);
        });
    });
}

void CtlCommands::add(const Json& arguments, const CtlServer::Answer& answer) {
    with_pf(arguments, answer, [&](Pf& pf) {
        daemon_.adapter_->pci_add(pf, !arguments.at("bare").get<bool>(),
                                  [this, answer](const Status& status) { finish(answer, status); });
    });
}

// Gates and faults may be limited to any devlink handle, of a VF or SF too; one that is not there
// now may come later.
Status CtlCommands::check_handle(const std::string& handle) const {
    if (handle.empty() || handle.find('/') != std::string::npos) {
        return {};
    }
    return fail(EINVAL, fmt::format("\"{}\"", handle), "",
                "expected a devlink handle, for example pci/0000:08:00.0");
}

void CtlCommands::gate(const Json& arguments, const CtlServer::Answer& answer) {
    const auto handle = arguments.at("handle").get<std::string>();
    Status status = check_handle(handle);
    if (status) {
        status = daemon_.points_.close(arguments.at("name").get<std::string>(), handle);
    }
    finish(answer, status);
}

void CtlCommands::ungate(const Json& arguments, const CtlServer::Answer& answer) {
    const auto name = arguments.at("name").get<std::string>();
    if (name == "all") {
        daemon_.points_.open_all();
        finish(answer, {});
        return;
    }
    finish(answer, daemon_.points_.open(name, arguments.at("handle").get<std::string>()));
}

void CtlCommands::gates(const Json&, const CtlServer::Answer& answer) {
    std::string text;
    auto gates = daemon_.points_.gates();
    const auto describe = [](const Points::Gate& gate) {
        return fmt::format("  closed for {}, holds {}\n", gate.handle.empty() ? "all" : gate.handle,
                           gate.held);
    };
    for (const Points::Known& point : Points::known()) {
        text += fmt::format("{:20} {}\n", point.name, point.meaning);
        std::erase_if(gates, [&](const Points::Gate& gate) {
            text += gate.name == point.name ? describe(gate) : "";
            return gate.name == point.name;
        });
    }
    for (const Points::Gate& gate : gates) {  // of other opcodes
        text += gate.name + "\n" + describe(gate);
    }
    finish(answer, {}, text);
}

void CtlCommands::wait_gate(const Json& arguments, const CtlServer::Answer& answer) {
    const Status status = daemon_.points_.when_held(arguments.at("name").get<std::string>(),
                                                    arguments.at("handle").get<std::string>(),
                                                    [this, answer] { finish(answer, {}); });
    if (!status) {
        finish(answer, status);
    }
}

void CtlCommands::fault_add(const Json& arguments, const CtlServer::Answer& answer) {
    Points::Fault fault;
    fault.point = arguments.at("name").get<std::string>();
    fault.handle = arguments.at("handle").get<std::string>();
    fault.error = arguments.at("errno").get<int>();
    fault.count = arguments.at("count").get<uint32_t>();
    fault.after = arguments.at("after").get<uint32_t>();
    fault.delay_ms = arguments.at("delay_ms").get<uint32_t>();
    Status status = check_handle(fault.handle);
    if (status) {
        status = daemon_.points_.add_fault(std::move(fault));
    }
    finish(answer, status);
}

void CtlCommands::fault_clear(const Json&, const CtlServer::Answer& answer) {
    daemon_.points_.clear_faults();
    finish(answer, {});
}

void CtlCommands::fault_list(const Json&, const CtlServer::Answer& answer) {
    std::string text;
    for (const Points::Fault& fault : daemon_.points_.faults()) {
        text += fmt::format("{} of {}:{}{}{}, hit {} of {}\n", fault.point,
                            fault.handle.empty() ? "all" : fault.handle,
                            fault.error ? " " + errno_name(fault.error) : "",
                            fault.delay_ms ? fmt::format(" {} ms late", fault.delay_ms) : "",
                            fault.after ? fmt::format(" after {} more", fault.after) : "",
                            fault.hit, fault.count ? std::to_string(fault.count) : "all");
    }
    finish(answer, {}, text);
}

void CtlCommands::overflow(const Json&, const CtlServer::Answer& answer) {
    daemon_.server_->overflow_next();
    finish(answer, {});
}

void CtlCommands::inject(const Json& arguments, const CtlServer::Answer& answer) {
    const auto target = daemon_.adapter_->find_target(arguments.at("port").get<std::string>());
    if (!target) {
        finish(answer, fail(target.error()));
        return;
    }
    std::vector<PacketBytes> packets;
    if (const auto hex = arguments.at("hex").get<std::string>(); !hex.empty()) {
        auto packet = parse_hex(hex);
        if (!packet) {
            finish(answer, fail(packet.error()));
            return;
        }
        packets.push_back(std::move(*packet));
    } else {
        auto read = read_pcap(arguments.at("file").get<std::string>());
        if (!read) {
            finish(answer, fail(read.error()));
            return;
        }
        packets = std::move(*read);
    }
    for (const PacketBytes& packet : packets) {
        if (Status status = daemon_.forwarder_->inject(*target, packet); !status) {
            finish(answer, status);
            return;
        }
    }
    finish(answer, {});
}

void CtlCommands::capture(const Json& arguments, const CtlServer::Answer& answer) {
    const auto target = daemon_.adapter_->find_target(arguments.at("port").get<std::string>());
    if (!target) {
        finish(answer, fail(target.error()));
    } else if (arguments.at("stop").get<bool>()) {
        const auto packets = daemon_.forwarder_->stop_capture(*target);
        finish(answer, packets ? Status{} : Status(fail(packets.error())),
               packets ? fmt::format("{} packets\n", *packets) : "");
    } else {
        finish(answer,
               daemon_.forwarder_->capture(*target, arguments.at("file").get<std::string>()));
    }
}

void CtlCommands::trace(const Json& arguments, const CtlServer::Answer& answer) {
    if (!arguments.at("stop").get<bool>()) {
        finish(answer, daemon_.forwarder_->trace(arguments.at("file").get<std::string>()));
        return;
    }
    const auto packets = daemon_.forwarder_->stop_trace();
    finish(answer, packets ? Status{} : Status(fail(packets.error())),
           packets ? fmt::format("{} packets\n", *packets) : "");
}

void CtlCommands::stats(const Json& arguments, const CtlServer::Answer& answer) {
    finish(answer, {},
           report_stats(*daemon_.server_, *daemon_.device_half_, *daemon_.forwarder_,
                        arguments.at("json").get<bool>()));
}

void CtlCommands::status(const Json& arguments, const CtlServer::Answer& answer) {
    settle();
    finish(answer, {},
           report_status(*daemon_.adapter_, daemon_.directory_, arguments.at("json").get<bool>()));
}

void CtlCommands::stop(const Json&, const CtlServer::Answer& answer) {
    daemon_.points_.open_all();
    finish(answer, {});
    daemon_.loop_->stop();
}

}  // namespace esw::sim
