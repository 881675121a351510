// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "utilities/esw-sim/firmware/firmware.h"
#include "utilities/esw-sim/uverbs/events.h"
#include "utilities/esw-sim/uverbs/objects.h"
#include "utilities/esw-sim/uverbs/request.h"
#include "utilities/esw-sim/uverbs/uverbs_device.h"

namespace esw::sim::uverbs {

/// struct mlx5_ib_ucontext
struct Context {
    uint32_t number = 0;  ///< ctxn of `rdma resource`
    uint16_t uid = 0;     ///< of the firmware; 0: opened without DEVX
    uint8_t cqe_version = 0;
    bool dynamic_uar = false;  ///< MLX5_LIB_CAP_DYN_UAR
    /// Pages that may be mapped, by their page offset (rdma_user_mmap_entry).
    std::map<uint64_t, uint32_t> pages;
    uint32_t static_bfregs = 0;
    uint32_t dynamic_bfregs = 0;
};

/// struct ib_uverbs_file
class OpenFile : public UverbsFile {
public:
    OpenFile(UverbsDevice& device, pid_t process);
    ~OpenFile() override;

    void ioctl(std::shared_ptr<UserMemory> memory, uint64_t header, Done done) override;
    int mmap(uint64_t offset, uint64_t length, int protection) override;
    void disassociate() override;

    // For the methods.
    pid_t process() const { return process_; }
    bool disassociated() const { return device_ == nullptr; }
    bool has_context() const { return context_.has_value(); }
    Context& context() { return *context_; }
    HandleTable& objects() { return objects_; }
    /// The following four: only while the device is there.
    UverbsDevice& device() { return *device_; }
    UverbsHost& host() { return device_->host_; }
    Firmware& firmware() { return device_->firmware_; }
    RootTable& root() { return device_->root_; }

    void set_context(const Context& context) { context_ = context; }
    void drop_context();
    /// devx_get_uid() of a command that all may use.
    uint16_t shared_uid() const { return device_->shared_uid_; }
    uint32_t next_context_number() { return device_->next_context_++; }
    /// The records that go to the client's engine with the answer of this call.
    void tell_engine(const EngineRecord& record) { result_.records.push_back(record); }
    void answer_with_descriptor(UniqueFd descriptor, uint64_t at, uint32_t size);
    void count_write_command(uint32_t command) { device_->write_commands_[command]++; }

    /// Event channels whose program's end is closed are forgotten: release() of the descriptor.
    void sweep_channels();
    void port_event(uint32_t port, bool active);
    void firmware_event(uint8_t type, std::span<const std::byte> eqe);
    void list_resources(std::vector<UverbsResource>& resources) const;

private:
    int run(UserMemory& memory, uint64_t header);
    void send_async_event(uint32_t type, uint64_t element);

    UverbsDevice* device_;  ///< nullptr: gone
    pid_t process_;
    std::optional<Context> context_;
    HandleTable objects_;
    IoctlResult result_;
    /// Expires with the file: a gate may hold a call longer than that.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    /// Asynchronous channels of a device that is gone: they stay silent, not closed
    /// (ib_uverbs_event_read()).
    std::vector<std::shared_ptr<EventChannel>> silent_;
};

}  // namespace esw::sim::uverbs
