// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim/toy_device.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

namespace esw::sim::test {

namespace {

class ToyFile final : public UverbsFile {
public:
    ToyFile(std::shared_ptr<uint32_t> open_files, Icm& icm)
        : open_files_(std::move(open_files)), icm_(icm) {
        ++*open_files_;
    }
    ~ToyFile() override { --*open_files_; }

    void ioctl(std::shared_ptr<UserMemory> memory, uint64_t header, Done done) override {
        ToyCommand command;
        IoctlResult result;
        if (!memory->read(header, &command, sizeof command)) {
            result.error = EFAULT;
        } else {
            carry_out(*memory, header, command, result);
        }
        done(std::move(result));
    }
    int mmap(uint64_t offset, uint64_t, int) override { return offset == 0 ? 0 : EINVAL; }
    void disassociate() override {}

private:
    void carry_out(UserMemory& memory, uint64_t at, const ToyCommand& command,
                   IoctlResult& result) {
        switch (command.op) {
            case ToyCommand::Op::kCount:
                memory.write(at + offsetof(ToyCommand, value), open_files_.get(), 4);
                break;
            case ToyCommand::Op::kFail:
                result.error = static_cast<int>(command.value);
                break;
            case ToyCommand::Op::kRecords:
                result.records.assign(command.records, command.records + command.record_count);
                break;
            case ToyCommand::Op::kEvents:
                result.descriptor = make_events();
                result.descriptor_at = at + offsetof(ToyCommand, descriptor);
                break;
            case ToyCommand::Op::kEndEvents:
                events_.reset();
                break;
            case ToyCommand::Op::kRemove:
                icm_.set_alive(false);
                break;
        }
    }

    UniqueFd make_events() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
            return {};
        }
        events_.reset(ends[0]);
        ::send(ends[0], "hello", 5, 0);
        return UniqueFd(ends[1]);
    }

    const std::shared_ptr<uint32_t> open_files_;
    Icm& icm_;
    UniqueFd events_;
};

}  // namespace

ToyDevice::ToyDevice() {
    auto icm = Icm::create({0x100000, 0x100000}, {0x900000, 0x1000});
    if (icm) {
        icm_ = std::move(*icm);
    }
}

Result<NetlinkServer::Config::OpenedDevice> ToyDevice::open(uint32_t number) {
    if (number != 0 || !icm_) {
        return fail(ENXIO, "toy", "open");
    }
    icm_->set_alive(true);
    NetlinkServer::Config::OpenedDevice opened;
    opened.file = std::make_unique<ToyFile>(open_files_, *icm_);
    opened.memory = icm_->fd();
    return opened;
}

}  // namespace esw::sim::test
