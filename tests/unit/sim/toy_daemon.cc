// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/toy_daemon.h"

#include <net/if.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/unit/sim/toy_adapter.h"
#include "tests/unit/sim/toy_device.h"
#include "utilities/esw-sim/transport/exec_environment.h"
#include "utilities/esw-sim/transport/sysfs_tree.h"

namespace esw::sim::test {

namespace {

const char kDevice[] = "0000:08:00.0";

NetdevFace face() {
    NetdevFace face;
    face.switch_id = {1, 2, 3, 4, 5, 6, 7, 8};
    face.phys_port_name = "p0";
    face.parent_bus = "pci";
    face.parent_device = face.bus_info = kDevice;
    face.driver = "mlx5_core";
    face.driver_version = "6.1.0";
    face.firmware_version = "22.36.1010 (MT_0000000359)";
    face.hw_tc_offload = true;
    return face;
}

Status fill_sysfs(SysfsTree& tree, const std::vector<std::string>& netdevs) {
    SysfsTree::PciDevice device;
    device.address = kDevice;
    device.device = 0x101d;
    device.total_vfs = 8;
    auto status = tree.add_device(device);
    for (const auto& name : netdevs) {
        if (status) {
            status = tree.set_netdev({name, kDevice, "0102030405060708", "p0", 0});
        }
    }
    SysfsTree::Infiniband infiniband;
    infiniband.name = "mlx5_0";
    infiniband.device = kDevice;
    infiniband.node_guid = "0c42:a103:0065:1b2c";
    infiniband.ports.push_back({});
    return status ? tree.set_infiniband(infiniband) : status;
}

/// As a driver that takes up to 8 VFs, and none while there are some.
void write_num_vfs(SysfsTree& tree, unsigned& count, const std::string& value,
                   const std::function<void(int)>& done) {
    const auto wanted = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 0));
    if (wanted > 8) {
        done(ERANGE);
    } else if (wanted != 0 && count != 0) {
        done(EBUSY);
    } else {
        count = wanted;
        done(tree.set_num_vfs(kDevice, count) ? 0 : EIO);
    }
}

/// The sanitizer's run time that this program has, which must stay the first library of its
/// children.
std::string own_sanitizer() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        const size_t path = line.find('/');
        for (const char* name : {"/libasan.so", "/libtsan.so"}) {
            if (path != std::string::npos && line.find(name) != std::string::npos) {
                return line.substr(path);
            }
        }
    }
    return {};
}

[[noreturn]] void exec_child(const std::string& directory, const std::string& library,
                             char** command) {
    const std::string absolute = std::filesystem::absolute(library).string();
    for (const auto& [name, value] : exec_environment(directory, absolute, own_sanitizer())) {
        setenv(name.c_str(), value.c_str(), 1);
    }
    execvp(command[0], command);
    std::perror(command[0]);
    _exit(127);
}

/// A daemon with a toy in it.
class Toy {
public:
    Status start(const std::string& directory, const std::vector<std::string>& netdevs) {
        auto loop = EventLoop::create();
        auto tree = SysfsTree::create(directory);
        if (!loop || !tree) {
            return fail(loop ? tree.error() : loop.error());
        }
        loop_ = std::move(*loop);
        tree_ = std::move(*tree);
        for (const auto& name : netdevs) {
            adapter_.faces[if_nametoindex(name.c_str())] = face();
        }
        NetlinkServer::Config config{directory, &adapter_, &adapter_, &adapter_, {}, {}, {}};
        config.write_attribute = [this](const std::string&, const std::string& value,
                                        const std::function<void(int)>& done) {
            write_num_vfs(*tree_, vfs_, value, done);
        };
        config.open_device = [this](uint32_t number, pid_t) { return device_.open(number); };
        auto server = NetlinkServer::create(*loop_, log_, config);
        if (!server) {
            return fail(server.error());
        }
        server_ = std::move(*server);
        adapter_.server = server_.get();
        return fill_sysfs(*tree_, netdevs);
    }

    EventLoop& loop() { return *loop_; }

private:
    StderrSink log_{"toy", LogLevel::kInfo};
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<SysfsTree> tree_;
    ToyAdapter adapter_;
    ToyDevice device_;
    unsigned vfs_ = 0;
    std::unique_ptr<NetlinkServer> server_;
};

int run_child(Toy& toy, pid_t child) {
    int status = 0;
    const UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    const auto watch = toy.loop().watch(ended.get(), EventLoop::Interest::kRead, [&] {
        waitpid(child, &status, 0);
        toy.loop().stop();
    });
    toy.loop().run();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string make_toy_directory() {
    char directory[] = "/tmp/esw-toy.XXXXXX";
    // Other users may reach it, as in an instance of esw-sim.
    if (!mkdtemp(directory) || chmod(directory, 0755) != 0) {
        std::perror(directory);
        std::exit(125);
    }
    return directory;
}

int run_toy(const std::string& preload, const std::vector<std::string>& netdevs, char** command) {
    const std::string directory = make_toy_directory();
    int status = 125;
    {
        Toy toy;
        if (const auto started = toy.start(directory, netdevs); started) {
            const pid_t child = fork();
            if (child == 0) {
                exec_child(directory, preload, command);
            }
            status = run_child(toy, child);
        } else {
            std::fprintf(stderr, "toy: %s\n", started.error().to_string().c_str());
        }
    }
    std::filesystem::remove_all(directory);
    return status;
}

int serve_toy(const std::string& directory) {
    Toy toy;
    const auto started = toy.start(directory, {});
    if (!started || write(STDOUT_FILENO, "+", 1) != 1) {
        return 125;
    }
    toy.loop().run();
    return 0;
}

}  // namespace esw::sim::test
