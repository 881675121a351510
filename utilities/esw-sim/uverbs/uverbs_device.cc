// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/uverbs/uverbs_device.h"

#include "utilities/esw-sim/uverbs/open_file.h"

namespace esw::sim {

UverbsDevice::UverbsDevice(UverbsHost& host, Firmware& firmware, unsigned minor)
    : host_(host),
      firmware_(firmware),
      minor_(minor),
      shared_uid_(firmware.create_user_context()) {}

UverbsDevice::~UverbsDevice() {
    disassociate();
}

std::unique_ptr<UverbsFile> UverbsDevice::open(pid_t process) {
    return std::make_unique<uverbs::OpenFile>(*this, process);
}

void UverbsDevice::disassociate() {
    while (!files_.empty()) {
        (*files_.begin())->disassociate();
    }
    if (shared_uid_ != 0) {
        firmware_.destroy_user_context(shared_uid_);
        shared_uid_ = 0;
    }
}

void UverbsDevice::port_event(uint32_t port, bool active) {
    for (uverbs::OpenFile* const file : files_) {
        file->port_event(port, active);
    }
}

void UverbsDevice::firmware_event(uint8_t type, std::span<const std::byte> eqe) {
    for (uverbs::OpenFile* const file : files_) {
        file->firmware_event(type, eqe);
    }
}

std::vector<UverbsResource> UverbsDevice::resources() const {
    std::vector<UverbsResource> resources;
    for (const uverbs::OpenFile* const file : files_) {
        file->list_resources(resources);
    }
    return resources;
}

}  // namespace esw::sim
