// SPDX-License-Identifier: Apache-2.0
// esw-sim: the simulated adapter's program. See esw-sim(8).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "utilities/esw-sim/ctl_client.h"
#include "utilities/esw-sim/environment.h"
#include "utilities/esw-sim/instance_dir.h"
#include "utilities/esw-sim/launch.h"
#include "utilities/esw-sim/topology.h"

namespace {

using esw::fail;
using esw::Result;
using esw::Status;
using esw::sim::InstanceDir;
using Json = nlohmann::json;

constexpr const char* kDefaultDirectory = "/run/esw-sim";

struct Options {
    std::string directory = kDefaultDirectory;
    std::string topology_file;
    uint32_t pfs = 2;
    uint32_t vfs = 4;
    std::string prefix, kernel;
    bool foreground = false;
    bool json = false;
    std::vector<std::string> command;  ///< of exec
    // ctl
    std::string handle, port, gate, packet, file, state, errno_name;
    uint32_t count = 1, times = 1, delay_ms = 0, num_vfs = 0;
    bool bare = false, stop = false;
    bool pcap = false;
};

int report(const Status& status) {
    if (status) {
        return 0;
    }
    fmt::print(stderr, "esw-sim: {}\n", status.error().to_string());
    return 1;
}

std::string absolute(const std::string& path) {
    std::error_code error;
    return std::filesystem::absolute(path, error).lexically_normal();
}

InstanceDir instance(const Options& options) {
    std::string path = absolute(options.directory);
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    return InstanceDir(path);
}

int request(const Options& options, const Json& arguments) {
    const auto answer = esw::sim::ctl_request(instance(options), arguments.dump());
    if (!answer) {
        return report(fail(answer.error()));
    }
    std::fputs(answer->c_str(), stdout);
    return 0;
}

int start(const Options& options, const CLI::App& command) {
    if (::geteuid() != 0) {
        return report(fail(0, "must be root: it makes network interfaces", ""));
    }
    if (!options.topology_file.empty() && (command.count("--pfs") || command.count("--vfs"))) {
        return report(
            fail(0, "--pfs and --vfs cannot be given with --topology: the file says", ""));
    }
    auto topology = options.topology_file.empty()
                        ? esw::sim::Topology::simple(options.pfs, options.vfs, options.prefix)
                        : esw::sim::Topology::read_file(options.topology_file);
    if (!topology) {
        return report(fail(topology.error()));
    }
    if (command.count("--prefix")) {
        if (Status status = esw::sim::check_prefix(options.prefix); !status) {
            return report(status);
        }
        topology->prefix = options.prefix;
    }
    if (command.count("--kernel")) {
        const auto kernel = esw::sim::KernelVersion::parse(options.kernel);
        if (!kernel) {
            return report(fail(kernel.error()));
        }
        topology->kernel = *kernel;
    }
    return report(esw::sim::launch(instance(options), *topology, options.foreground));
}

int exec(const Options& options) {
    if (options.command.empty()) {
        return report(fail(0, "exec: COMMAND is required", ""));
    }
    const InstanceDir directory = instance(options);
    if (const auto pid = directory.running(); !pid) {
        return report(fail(pid.error()));
    }
    const char* const path = std::getenv("PATH");
    if (Status status = esw::sim::check_can_preload(options.command[0], path ? path : "");
        !status) {
        return report(status);
    }
    for (const auto& [name, value] : esw::sim::client_environment(directory.path())) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<char*> arguments;
    for (const std::string& argument : options.command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    const int error = errno;
    fmt::print(stderr, "esw-sim: {}: {}\n", options.command[0], esw::errno_text(error));
    return error == ENOENT ? 127 : 126;
}

int print_environment(const Options& options) {
    const InstanceDir directory = instance(options);
    if (const auto pid = directory.running(); !pid) {
        return report(fail(pid.error()));
    }
    for (const auto& [name, value] : esw::sim::client_environment(directory.path())) {
        std::string quoted;
        for (const char c : value) {
            quoted += c == '\'' ? "'\\''" : std::string(1, c);
        }
        fmt::print("export {}='{}'\n", name, quoted);
    }
    return 0;
}

Result<int> parse_errno(const std::string& text) {
    if (text.empty()) {
        return 0;
    }
    for (int code = 1; code < 200; code++) {
        if (text == esw::errno_name(code) || text == std::to_string(code)) {
            return code;
        }
    }
    return fail(0, fmt::format("--errno: \"{}\" is no errno (EBUSY, 16 ...)", text), "");
}

int fault_add(const Options& options) {
    const auto code = parse_errno(options.errno_name);
    if (!code) {
        return report(fail(code.error()));
    }
    return request(options, {{"verb", "fault-add"},
                             {"name", options.gate},
                             {"handle", options.handle},
                             {"errno", *code},
                             {"count", options.times},
                             {"after", options.count - 1},
                             {"delay_ms", options.delay_ms}});
}

int inject(const Options& options) {
    std::error_code error;
    const bool is_file = std::filesystem::exists(options.packet, error);
    return request(options, {{"verb", "inject"},
                             {"port", options.port},
                             {"hex", is_file ? "" : options.packet},
                             {"file", is_file ? absolute(options.packet) : ""}});
}

using Action = std::function<int()>;

CLI::App* verb(CLI::App& parent, const std::string& name, const std::string& help, Action& chosen,
               Action action) {
    CLI::App* const command = parent.add_subcommand(name, help);
    command->callback([&chosen, action] { chosen = action; });
    return command;
}

void add_ctl_machine(CLI::App& ctl, Options& o, Action& chosen) {
    CLI::App* command = verb(ctl, "numvfs", "As writing N to the PF's sriov_numvfs", chosen, [&o] {
        return request(o, {{"verb", "numvfs"}, {"handle", o.handle}, {"count", o.num_vfs}});
    });
    command->add_option("HANDLE", o.handle, "pci/0000:08:00.0")->required();
    command->add_option("N", o.num_vfs)->required();
    command = verb(ctl, "link", "Carrier of a port", chosen, [&o] {
        return request(o, {{"verb", "link"}, {"port", o.port}, {"up", o.state == "up"}});
    });
    command->add_option("HANDLE/REP", o.port, "pci/0000:08:00.0/p0")->required();
    command->add_option("STATE", o.state)->required()->check(CLI::IsMember({"up", "down"}));
    command = verb(ctl, "bond", "A bond of all uplinks comes or goes", chosen, [&o] {
        return request(o, {{"verb", "bond"}, {"on", o.state == "on"}});
    });
    command->add_option("STATE", o.state)->required()->check(CLI::IsMember({"on", "off"}));
    command = verb(ctl, "rdma", "The RDMA driver leaves or comes", chosen, [&o] {
        return request(o, {{"verb", "rdma"}, {"handle", o.handle}, {"load", o.state == "load"}});
    });
    command->add_option("HANDLE", o.handle)->required();
    command->add_option("ACTION", o.state)->required()->check(CLI::IsMember({"unload", "load"}));
    command = verb(ctl, "remove", "PCI removal of a PF", chosen, [&o] {
        return request(o, {{"verb", "remove"}, {"handle", o.handle}});
    });
    command->add_option("HANDLE", o.handle)->required();
    command =
        verb(ctl, "add", "The PF comes back, with the VFs and the mode of before", chosen, [&o] {
            return request(o, {{"verb", "add"}, {"handle", o.handle}, {"bare", o.bare}});
        });
    command->add_option("HANDLE", o.handle)->required();
    command->add_flag("--bare", o.bare, "without VFs and in legacy mode, as after the probe");
}

void add_ctl_points(CLI::App& ctl, Options& o, Action& chosen) {
    const auto gate_verb = [&](const char* name, const char* help) {
        CLI::App* const command = verb(ctl, name, help, chosen, [&o, name] {
            return request(o, {{"verb", name}, {"name", o.gate}, {"handle", o.handle}});
        });
        command->add_option("NAME", o.gate, "see \"gates\"")->required();
        command->add_option("HANDLE", o.handle, "only of this device");
    };
    gate_verb("gate", "Hold the simulated kernel at a named point");
    gate_verb("ungate", "Let it go on (NAME all: everywhere)");
    gate_verb("wait-gate", "Return when something is held at a closed gate");
    verb(ctl, "gates", "List the points, and what is held where", chosen, [&o] {
        return request(o, {{"verb", "gates"}});
    });

    CLI::App* const fault = ctl.add_subcommand("fault", "Make operations fail or take long");
    fault->require_subcommand(1);
    CLI::App* const add =
        verb(*fault, "add", "Add a fault at a named point", chosen, [&o] { return fault_add(o); });
    add->add_option("OP", o.gate, "see \"gates\"")->required();
    add->add_option("--errno", o.errno_name, "EBUSY, 16 ...");
    add->add_option("--count", o.count, "which operation to hit from now: the Nth")
        ->default_val(1)
        ->check(CLI::Range(1, 1000000));
    add->add_option("--times", o.times, "how many from that one on, 0: all")->default_val(1);
    add->add_option("--delay-ms", o.delay_ms, "how long the operation takes")
        ->default_val(0)
        ->check(CLI::Range(0, 3600000));
    add->add_option("--handle", o.handle, "only of this device");
    verb(*fault, "clear", "Remove all faults", chosen, [&o] {
        return request(o, {{"verb", "fault-clear"}});
    });
    verb(*fault, "list", "List the faults", chosen, [&o] {
        return request(o, {{"verb", "fault-list"}});
    });
    verb(ctl, "overflow", "Lose the next notification of every socket (ENOBUFS)", chosen, [&o] {
        return request(o, {{"verb", "overflow"}});
    });
}

void add_ctl_packets(CLI::App& ctl, Options& o, Action& chosen) {
    CLI::App* command = verb(ctl, "inject", "Packets as if the function or the wire sent them",
                             chosen, [&o] { return inject(o); });
    command->add_option("HANDLE/REP", o.port)->required();
    command->add_option("PACKETS", o.packet, "a pcap file, or one packet in hexadecimal")
        ->required();
    command = verb(ctl, "capture", "Write the packets of a function or the wire to a pcap file",
                   chosen, [&o] {
                       if (o.stop == !o.file.empty()) {
                           return report(fail(0, "capture: give either FILE or --stop", ""));
                       }
                       return request(o, {{"verb", "capture"},
                                          {"port", o.port},
                                          {"file", o.stop ? "" : absolute(o.file)},
                                          {"stop", o.stop}});
                   });
    command->add_option("HANDLE/REP", o.port)->required();
    command->add_option("FILE", o.file);
    command->add_flag("--stop", o.stop, "end the capture");
    command = verb(
        ctl, "trace", "Write the packets of all functions and wires to a pcapng file", chosen,
        [&o] {
            if (o.stop == !o.file.empty()) {
                return report(fail(0, "trace: give either FILE or --stop", ""));
            }
            return request(
                o, {{"verb", "trace"}, {"file", o.stop ? "" : absolute(o.file)}, {"stop", o.stop}});
        });
    command->add_option("FILE", o.file);
    command->add_flag("--pcap", o.pcap, "as a pcapng file (the only format)");
    command->add_flag("--stop", o.stop, "end the trace");
    command = verb(ctl, "stats", "Counters", chosen, [&o] {
        return request(o, {{"verb", "stats"}, {"json", o.json}});
    });
    command->add_flag("--json", o.json);
}

void add_commands(CLI::App& app, Options& o, Action& chosen) {
    CLI::App* const starter = app.add_subcommand("start", "Start a simulated adapter (as root)");
    starter->callback(
        [&o, &chosen, starter] { chosen = [&o, starter] { return start(o, *starter); }; });
    starter->add_option("--topology", o.topology_file, "JSON file, see esw-sim(8)");
    starter->add_option("--pfs", o.pfs, "number of PFs, 1 to 8")->default_val(2);
    starter->add_option("--vfs", o.vfs, "VFs of each PF, 0 to 512")->default_val(4);
    starter->add_option("--prefix", o.prefix, "of the names of the netdevs");
    starter->add_option("--kernel", o.kernel, "which kernel is played, 6.1 (default) or newer");
    starter->add_flag("--foreground", o.foreground, "do not go to the background");
    verb(app, "exec", "Run a program that sees the adapter", chosen, [&o] { return exec(o); });
    verb(app, "env", "Print the environment of such programs, for a shell", chosen,
         [&o] { return print_environment(o); });
    CLI::App* const status = verb(app, "status", "What there is", chosen, [&o] {
        return request(o, {{"verb", "status"}, {"json", o.json}});
    });
    status->add_flag("--json", o.json);
    verb(app, "stop", "End the simulated adapter", chosen,
         [&o] { return report(esw::sim::ctl_stop(instance(o))); });
    CLI::App* const ctl = app.add_subcommand("ctl", "Play the machine round the adapter");
    ctl->require_subcommand(1);
    add_ctl_machine(*ctl, o, chosen);
    add_ctl_points(*ctl, o, chosen);
    add_ctl_packets(*ctl, o, chosen);
}

// Where the command of "exec" starts in the arguments: nothing from there on is an option of ours.
int find_command(int argc, char** argv) {
    bool exec = false;
    for (int i = 1; i < argc; i++) {
        const std::string_view argument = argv[i];
        if (argument == "--dir") {
            i++;
        } else if (!exec && argument == "exec") {
            exec = true;
        } else if (argument.empty() || argument[0] != '-') {
            return exec ? i : argc;
        }
    }
    return argc;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A ConnectX-6 Dx like adapter in software", "esw-sim"};
    Options options;
    Action chosen;
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--dir", options.directory, "directory of the instance")
        ->envname("ESW_SIM_DIR")
        ->capture_default_str();
    add_commands(app, options, chosen);
    const int command = find_command(argc, argv);
    options.command.assign(argv + command, argv + argc);
    try {
        app.parse(command, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "esw-sim: {}\n", error.what());
        return 1;
    }
    return chosen();
}
