// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/device_half.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

namespace esw::sim {

namespace {

// Of a card's magnitude: four million entries. Pages that nobody has written take no memory.
constexpr Icm::Range kSteeringIcm{uint64_t{1} << 32, uint64_t{1} << 28};
constexpr Icm::Range kHeaderModifyIcm{uint64_t{1} << 36, uint64_t{1} << 24};

constexpr uint16_t kManagerVport = 0;

/// An open file, and its number in the memory that its work queues write to.
class ClientFile final : public UverbsFile {
public:
    ClientFile(std::unique_ptr<UverbsFile> file, std::shared_ptr<Icm> icm, uint32_t client)
        : file_(std::move(file)), icm_(std::move(icm)), client_(client) {}
    ~ClientFile() override { icm_->remove_client(client_); }

    void ioctl(std::shared_ptr<UserMemory> memory, uint64_t header, Done done) override {
        file_->ioctl(std::move(memory), header, std::move(done));
    }
    int mmap(uint64_t offset, uint64_t length, int protection) override {
        return file_->mmap(offset, length, protection);
    }
    void disassociate() override { file_->disassociate(); }

private:
    const std::unique_ptr<UverbsFile> file_;
    const std::shared_ptr<Icm> icm_;
    const uint32_t client_;
};

}  // namespace

struct DeviceHalf::Function {
    Function(const Adapter& adapter, const Instance& instance, std::unique_ptr<Icm> icm)
        : host(adapter, instance), firmware(host, std::move(icm)) {}

    FunctionHost host;
    Firmware firmware;
};

struct DeviceHalf::Device {
    Device(const IbDevice& ib, Points& points, DeviceHost::FirmwareOf firmware_of,
           Firmware& firmware_)
        : host(ib, points, std::move(firmware_of)),
          firmware(firmware_),
          uverbs(host, firmware_, ib.uverbs) {}

    DeviceHost host;
    Firmware& firmware;
    UverbsDevice uverbs;
    std::set<uint32_t> clients;  ///< that have opened it; some may be others' by now
};

DeviceHalf::DeviceHalf(LogSink& log, const Adapter& adapter, Points& points,
                       const std::string& directory)
    : log_(log, "device"),
      adapter_(adapter),
      points_(points),
      nodes_(directory + "/dev/infiniband") {
    std::error_code error;
    std::filesystem::remove_all(nodes_, error);  // of a daemon that was killed
    std::filesystem::create_directories(nodes_, error);
}

DeviceHalf::~DeviceHalf() = default;

Firmware* DeviceHalf::firmware_of(const Instance& instance) const {
    const auto found = functions_.find(&instance);
    return found == functions_.end() ? nullptr : &found->second->firmware;
}

void DeviceHalf::function_up(const Instance& instance) {
    auto icm = Icm::create(kSteeringIcm, kHeaderModifyIcm);
    if (!icm) {
        log_.error("{}: {}", instance.handle(), icm.error().to_string());
        return;
    }
    functions_[&instance] = std::make_unique<Function>(adapter_, instance, std::move(*icm));
}

void DeviceHalf::function_down(const Instance& instance) {
    const auto function = functions_.extract(&instance);
    if (function.empty()) {
        return;
    }
    function.mapped()->firmware.icm().set_alive(false);
    count(*function.mapped(), gone_);
}

void DeviceHalf::uverbs_added(const IbDevice& ib) {
    Firmware* const firmware = firmware_of(*ib.instance);
    if (!firmware) {
        return;
    }
    devices_[&ib] = std::make_unique<Device>(
        ib, points_, [this](const Instance& instance) { return firmware_of(instance); }, *firmware);
    const std::string node = nodes_ + "/" + ib.chardev_name();
    const dev_t number = makedev(ib.chardev().major, ib.chardev().minor);
    ::unlink(node.c_str());
    // Where this is not permitted, programs that open the file by its name still can.
    if (::mknod(node.c_str(), S_IFCHR | 0666, number) == 0) {
        ::chmod(node.c_str(), 0666);
    }
}

void DeviceHalf::uverbs_removed(const IbDevice& ib) {
    const auto device = devices_.extract(&ib);
    if (device.empty()) {
        return;
    }
    // Queue pairs go before the memory that they write to. All files of the function's memory are
    // this device's: a function has one RDMA device at a time.
    for (const uint32_t client : device.mapped()->clients) {
        device.mapped()->firmware.icm().stop_client(client);
    }
    device.mapped()->uverbs.disassociate();
    count(*device.mapped(), gone_);
    ::unlink((nodes_ + "/" + ib.chardev_name()).c_str());
}

void DeviceHalf::carrier_changed(const Netdev& netdev) {
    for (const auto& [ib, device] : devices_) {
        if (device->uverbs.open_files() == 0) {
            continue;
        }
        for (const auto& [port, attached] : ib->netdevs) {
            if (attached == &netdev) {
                device->uverbs.port_event(port, netdev.carrier);
            }
        }
    }
}

Result<NetlinkServer::Config::OpenedDevice> DeviceHalf::open(uint32_t number, pid_t process) {
    for (const auto& [ib, device] : devices_) {
        if (ib->uverbs != number) {
            continue;
        }
        const auto icm = device->firmware.shared_icm();
        const auto client = icm->add_client();
        if (!client) {
            return fail(ENFILE, ib->name, "open", "it is open too many times");
        }
        device->clients.insert(*client);
        NetlinkServer::Config::OpenedDevice opened;
        opened.file = std::make_unique<ClientFile>(device->uverbs.open(process), icm, *client);
        opened.memory = icm->fd();
        opened.client = *client;
        return opened;
    }
    return fail(ENXIO, fmt::format("uverbs{}", number), "open", "there is no such RDMA device");
}

DeviceHalf::Device* DeviceHalf::device_of(const Pf& pf) const {
    const auto found = devices_.find(adapter_.eswitch_ib(pf));
    return found == devices_.end() ? nullptr : found->second.get();
}

std::optional<std::vector<pipeline::Outcome>> DeviceHalf::steer(const Pf& pf, uint16_t number,
                                                                std::span<const std::byte> frame) {
    Device* const device = device_of(pf);
    if (!device || device->uverbs.root().size() == 0) {
        return std::nullopt;
    }
    const auto vport = pf.vports.find(number);
    const uint16_t function = number == kManagerVport    ? pf.instance->vhca_id
                              : vport == pf.vports.end() ? uint16_t{0}
                                                         : vport->second->vhca_id;
    const pipeline::Source source{{pf.instance->vhca_id, number}, pf.reg_c_0(number), function};
    pipeline::Frame bytes(frame.begin(), frame.end());
    const pipeline::RootRule* const rule = device->uverbs.root().match(source, bytes);
    if (!rule) {
        return std::nullopt;
    }
    if (rule->counter) {
        device->firmware.count(*rule->counter, 1, bytes.size());
    }
    if (rule->drop) {
        pipeline::Outcome dropped;
        dropped.reason = pipeline::kDropAction.data();
        return std::vector{std::move(dropped)};
    }
    return pipeline::run_table(device->firmware, rule->table, source, std::move(bytes));
}

std::vector<UverbsResource> DeviceHalf::resources(const IbDevice& device) const {
    const auto found = devices_.find(&device);
    return found == devices_.end() ? std::vector<UverbsResource>()
                                   : found->second->uverbs.resources();
}

void DeviceHalf::count(Function& function, Counters& sum) {
    for (const auto& [opcode, commands] : function.firmware.commands()) {
        sum.commands[opcode] += commands;
    }
    const Icm::Work work = function.firmware.icm().work();
    sum.work_requests += work.requests;
    sum.entries_written += work.entries;
}

void DeviceHalf::count(const Device& device, Counters& sum) {
    for (const auto& [method, calls] : device.uverbs.ioctls()) {
        sum.ioctls += calls;
    }
}

DeviceHalf::Counters DeviceHalf::counters() const {
    Counters sum = gone_;
    for (const auto& [instance, function] : functions_) {
        count(*function, sum);
    }
    for (const auto& [ib, device] : devices_) {
        count(*device, sum);
        sum.root_rules += device->uverbs.root().size();
    }
    return sum;
}

}  // namespace esw::sim
