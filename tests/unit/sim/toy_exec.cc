// SPDX-License-Identifier: Apache-2.0
// toy-exec PRELOAD-LIBRARY [NETDEV] -- COMMAND...: runs COMMAND under the preload library, on a toy
// adapter that NETDEV is shown to belong to, and ends with its status.
#include <net/if.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tests/unit/sim/toy_adapter.h"
#include "utilities/esw-sim/transport/exec_environment.h"
#include "utilities/esw-sim/transport/sysfs_tree.h"

namespace {

const char kDevice[] = "0000:08:00.0";

esw::sim::NetdevFace face() {
    esw::sim::NetdevFace face;
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

esw::Status fill_sysfs(esw::sim::SysfsTree& tree, const std::vector<std::string>& netdevs) {
    esw::sim::SysfsTree::PciDevice device;
    device.address = kDevice;
    device.device = 0x101d;
    device.total_vfs = 8;
    auto status = tree.add_device(device);
    for (const auto& name : netdevs) {
        if (status) {
            status = tree.set_netdev({name, kDevice, "0102030405060708", "p0", 0});
        }
    }
    esw::sim::SysfsTree::Infiniband infiniband;
    infiniband.name = "mlx5_0";
    infiniband.device = kDevice;
    infiniband.node_guid = "0c42:a103:0065:1b2c";
    infiniband.ports.push_back({});
    return status ? tree.set_infiniband(infiniband) : status;
}

/// As a driver that takes up to 8 VFs, and none while there are some.
void write_num_vfs(esw::sim::SysfsTree& tree, unsigned& count, const std::string& value,
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

[[noreturn]] void exec_child(const std::string& directory, const char* library, char** command) {
    const char* preload = std::getenv("LD_PRELOAD");
    for (const auto& [name, value] : esw::sim::exec_environment(
             directory, std::filesystem::absolute(library).string(), preload ? preload : "")) {
        setenv(name.c_str(), value.c_str(), 1);
    }
    execvp(command[0], command);
    std::perror(command[0]);
    _exit(127);
}

int run(const std::string& directory, const char* library, const std::vector<std::string>& netdevs,
        char** command) {
    using namespace esw;
    StderrSink log("toy-exec", LogLevel::kInfo);
    auto loop = EventLoop::create();
    auto tree = sim::SysfsTree::create(directory);
    sim::test::ToyAdapter toy;
    for (const auto& name : netdevs) {
        toy.faces[if_nametoindex(name.c_str())] = face();
    }
    const auto filled = tree ? fill_sysfs(**tree, netdevs) : Status(fail(tree.error()));
    unsigned vfs = 0;
    sim::NetlinkServer::Config config{directory, &toy, &toy, &toy, {}};
    config.write_attribute = [&](const std::string&, const std::string& value,
                                 const std::function<void(int)>& done) {
        write_num_vfs(**tree, vfs, value, done);
    };
    auto server = sim::NetlinkServer::create(**loop, log, config);
    if (!server || !filled) {
        const Error& error = server ? filled.error() : server.error();
        std::fprintf(stderr, "toy-exec: %s\n", error.to_string().c_str());
        return 125;
    }
    toy.server = server->get();
    const pid_t child = fork();
    if (child == 0) {
        exec_child(directory, library, command);
    }
    int status = 0;
    UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    auto watch = (*loop)->watch(ended.get(), EventLoop::Interest::kRead, [&] {
        waitpid(child, &status, 0);
        (*loop)->stop();
    });
    (*loop)->run();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> netdevs;
    int at = 2;
    for (; at < argc && std::strcmp(argv[at], "--") != 0; at++) {
        netdevs.emplace_back(argv[at]);
    }
    if (at + 1 >= argc) {
        std::fputs("usage: toy-exec LIBRARY [NETDEV...] -- COMMAND...\n", stderr);
        return 2;
    }
    char directory[] = "/tmp/toy-exec.XXXXXX";
    if (!mkdtemp(directory)) {
        std::perror(directory);
        return 1;
    }
    const int status = run(directory, argv[1], netdevs, argv + at + 1);
    std::filesystem::remove_all(directory);
    return status;
}
