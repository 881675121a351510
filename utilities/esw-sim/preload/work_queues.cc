// SPDX-License-Identifier: Apache-2.0
#include "utilities/esw-sim/preload/work_queues.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "esw-manager/mlx5/prm.h"
#include "utilities/esw-sim/hardware/icm_layout.h"
#include "utilities/esw-sim/preload/next.h"
#include "utilities/esw-sim/preload/raw_mmap.h"

namespace esw::sim::work_queues {

namespace {

constexpr uint32_t kMaxDevices = 64;
constexpr uint32_t kMaxQueues = 4096;
constexpr size_t kBlock = 64;        ///< bytes of a WQE's basic block
constexpr size_t kSegment = 16;      ///< unit of a WQE's size
constexpr size_t kMaxInline = 1024;  ///< MLX5_INLINE_SEG has ten bits of length

// mlx5_err_cqe of the PRM (rdma-core, providers/mlx5/mlx5.h): where the syndrome is.
constexpr size_t kErrorSyndrome = 55;

/// Owned by one thread at a time, for as long as a few work requests take.
class Claim {
public:
    explicit Claim(std::atomic<uint32_t>& flag) noexcept : flag_(flag) {
        while (flag_.exchange(1, std::memory_order_acquire) != 0) {
            syscall(SYS_sched_yield);
        }
    }
    ~Claim() { flag_.store(0, std::memory_order_release); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

private:
    std::atomic<uint32_t>& flag_;
};

struct Key {
    uint64_t start, length, target;
    uint32_t in_icm;
};

struct Cq {
    std::atomic<uint32_t> claimed;
    uint32_t count, entry_size, produced;
    char* buffer;
};

/// What a device file has given the program, indexed by number.
struct Objects {
    Key keys[kMaxKeys];
    Cq cqs[kMaxCqs];
};

struct Device {
    uint64_t id;  ///< 0: none
    int fd;
    uint32_t client;
    bool dead;
    void* memory;  ///< ICM, or null
    size_t memory_size;
    Objects* objects;
};

struct Queue {
    std::atomic<uint32_t> claimed;
    Device* device;  ///< null: none
    uint32_t number, block_count, cqn;
    uint16_t consumed;
    char* buffer;
    const uint32_t* doorbell;
};

struct Table {
    std::atomic<uint32_t> changing;
    std::atomic<uint32_t> queue_end;  ///< all queues are before it
    Device devices[kMaxDevices];
    Queue queues[kMaxQueues];
};

// Pages of zeros until they are used, and again in a child (MADV_WIPEONFORK).
std::atomic<Table*> table{nullptr};

/// A signal handler must not wait for what its own thread owns.
__thread bool running = false;

void* map_zeroed(size_t size) noexcept {
    void* const at = raw_mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    return at == MAP_FAILED ? nullptr : at;
}

Table* make_table() noexcept {
    if (Table* const there = table.load(std::memory_order_acquire)) {
        return there;
    }
    auto* const made = static_cast<Table*>(map_zeroed(sizeof(Table)));
    if (!made) {
        return nullptr;
    }
    syscall(SYS_madvise, made, sizeof(Table), MADV_WIPEONFORK);
    Table* expected = nullptr;
    if (!table.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) {
        syscall(SYS_munmap, made, sizeof(Table));
        return expected;
    }
    return made;
}

Device* find_device(Table& all, uint64_t id) noexcept {
    for (Device& device : all.devices) {
        if (device.id == id) {
            return &device;
        }
    }
    return nullptr;
}

// --- executing work requests ---

/// A work request in its ring.
struct WorkRequest {
    const Queue& queue;
    const char* first;

    /// A segment; segments do not cross the ring's end, what is inside an inline one may.
    template <class Segment>
    Segment segment(size_t offset) const noexcept {
        Segment copy;
        memcpy(&copy, at(offset), sizeof copy);
        return copy;
    }
    const char* at(size_t offset) const noexcept {
        const char* const end = queue.buffer + queue.block_count * kBlock;
        const char* const here = first + offset;
        return here >= end ? here - queue.block_count * kBlock : here;
    }
    void copy(size_t offset, char* to, size_t length) const noexcept {
        for (size_t i = 0; i < length; i++) {
            to[i] = *at(offset + i);
        }
    }
};

/// Memory that a key gives access to.
struct Window {
    const Device* device = nullptr;
    const Key* key = nullptr;
    uint64_t place = 0;  ///< address in the process, or offset in the ICM

    static bool find(const Device& device, uint32_t key, uint64_t address, size_t length,
                     Window& out) noexcept {
        const uint32_t index = key >> 8;
        if (index >= kMaxKeys) {
            return false;
        }
        const Key& found = device.objects->keys[index];
        if (address < found.start || address - found.start > found.length ||
            length > found.length - (address - found.start) || (found.in_icm && !device.memory)) {
            return false;
        }
        out = {&device, &found, found.target + (address - found.start)};
        return true;
    }
    void write(const void* from, size_t length) const noexcept {
        if (key->in_icm) {
            icm::Header* const header = icm::header(device->memory);
            icm::write(device->memory, header->lines, place, from, length);
            __atomic_fetch_add(&header->entries_written, (length + icm::kLine - 1) / icm::kLine,
                               __ATOMIC_RELAXED);
        } else {
            memcpy(reinterpret_cast<void*>(place), from, length);
        }
    }
    void read(void* to, size_t length) const noexcept {
        if (key->in_icm) {
            icm::read(device->memory, icm::header(device->memory)->lines, place, to, length);
        } else {
            memcpy(to, reinterpret_cast<const void*>(place), length);
        }
    }
};

/// Returns 0 or a syndrome.
uint8_t remote_access(const WorkRequest& request, uint8_t opcode) noexcept {
    const auto remote = request.segment<mlx5_wqe_raddr_seg>(kSegment);
    const auto data = request.segment<mlx5_wqe_data_seg>(2 * kSegment);
    const Device& device = *request.queue.device;
    const uint32_t count = be32toh(data.byte_count);
    const bool is_inline = (count & MLX5_INLINE_SEG) != 0;
    const size_t length = is_inline ? count & (kMaxInline - 1) : count;
    Window there, here;
    if (!Window::find(device, be32toh(remote.rkey), be64toh(remote.raddr), length, there)) {
        return MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR;
    }
    if (is_inline) {
        char bytes[kMaxInline];
        request.copy(2 * kSegment + sizeof(mlx5_wqe_inl_data_seg), bytes, length);
        there.write(bytes, length);
        return 0;
    }
    if (!Window::find(device, be32toh(data.lkey), be64toh(data.addr), length, here) ||
        here.key->in_icm) {
        return MLX5_CQE_SYNDROME_LOCAL_PROT_ERR;
    }
    void* const local = reinterpret_cast<void*>(here.place);
    if (opcode == MLX5_OPCODE_RDMA_WRITE) {
        there.write(local, length);
    } else {
        there.read(local, length);
    }
    return 0;
}

uint8_t execute(const WorkRequest& request, uint8_t opcode, uint32_t segments) noexcept {
    if (request.queue.device->dead || !request.queue.device->memory ||
        !icm::alive(request.queue.device->memory, request.queue.device->client)) {
        return MLX5_CQE_SYNDROME_WR_FLUSH_ERR;
    }
    if (opcode == MLX5_OPCODE_NOP) {
        return 0;
    }
    // More than one data segment, and all that moves packets, is not what steering posts.
    const bool known = opcode == MLX5_OPCODE_RDMA_WRITE || opcode == MLX5_OPCODE_RDMA_READ;
    return known && segments >= 3 ? remote_access(request, opcode)
                                  : uint8_t{MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR};
}

void complete(const Queue& queue, uint8_t opcode, uint8_t syndrome) noexcept {
    if (queue.cqn >= kMaxCqs) {
        return;
    }
    Cq& cq = queue.device->objects->cqs[queue.cqn];
    const Claim claim(cq.claimed);
    if (!cq.buffer) {
        return;
    }
    char* const entry = cq.buffer + size_t{cq.produced & (cq.count - 1)} * cq.entry_size;
    auto* const cqe = reinterpret_cast<mlx5_cqe64*>(entry + cq.entry_size - sizeof(mlx5_cqe64));
    const uint8_t kind = syndrome != 0 ? MLX5_CQE_REQ_ERR : MLX5_CQE_REQ;
    cqe->wqe_counter = htobe16(queue.consumed);
    cqe->sop_drop_qpn = htobe32(static_cast<uint32_t>(opcode) << 24 | queue.number);
    reinterpret_cast<uint8_t*>(cqe)[kErrorSyndrome] = syndrome;
    const bool owner = (cq.produced & cq.count) != 0;
    __atomic_store_n(&cqe->op_own, static_cast<uint8_t>(kind << 4 | (owner ? 1 : 0)),
                     __ATOMIC_RELEASE);
    cq.produced++;
}

void execute_posted(Queue& queue) noexcept {
    const auto produced =
        static_cast<uint16_t>(be32toh(__atomic_load_n(queue.doorbell, __ATOMIC_ACQUIRE)));
    uint64_t executed = 0;
    while (queue.consumed != produced) {
        const size_t block = queue.consumed & (queue.block_count - 1);
        const WorkRequest request{queue, queue.buffer + block * kBlock};
        const auto control = request.segment<mlx5_wqe_ctrl_seg>(0);
        const auto opcode = static_cast<uint8_t>(be32toh(control.opmod_idx_opcode));
        const uint32_t segments = be32toh(control.qpn_ds) & 0x3f;
        const auto blocks = static_cast<uint16_t>((segments * kSegment + kBlock - 1) / kBlock);
        const uint8_t syndrome = execute(request, opcode, segments);
        if (syndrome != 0 || (control.fm_ce_se & MLX5_WQE_CTRL_CQ_UPDATE)) {
            complete(queue, opcode, syndrome);
        }
        const auto left = static_cast<uint16_t>(produced - queue.consumed);
        queue.consumed =
            static_cast<uint16_t>(queue.consumed + (blocks == 0 || blocks > left ? left : blocks));
        executed++;
    }
    if (executed > 0 && queue.device->memory) {
        __atomic_fetch_add(&icm::header(queue.device->memory)->work_requests, executed,
                           __ATOMIC_RELAXED);
    }
}

// --- what there is ---

Queue* free_queue(Table& all) noexcept {
    for (Queue& queue : all.queues) {
        if (!queue.device) {
            return &queue;
        }
    }
    return nullptr;
}

void add_queue(Table& all, Device& device, const EngineRecord& record) noexcept {
    Queue* const queue = free_queue(all);
    if (!queue || record.count == 0 || (record.count & (record.count - 1)) != 0) {
        return;
    }
    const Claim claim(queue->claimed);
    queue->number = record.id;
    queue->block_count = record.count;
    queue->cqn = record.cqn;
    queue->consumed = 0;
    queue->buffer = reinterpret_cast<char*>(record.buffer);
    queue->doorbell = reinterpret_cast<const uint32_t*>(record.doorbell);
    queue->device = &device;
    const auto end = static_cast<uint32_t>(queue - all.queues + 1);
    if (all.queue_end.load(std::memory_order_relaxed) < end) {
        all.queue_end.store(end, std::memory_order_release);
    }
}

/// `number` of the device, or all of them when `every`.
void remove_queues(Table& all, const Device& device, uint32_t number, bool every) noexcept {
    const uint32_t end = all.queue_end.load(std::memory_order_relaxed);
    for (uint32_t i = 0; i < end; i++) {
        Queue& queue = all.queues[i];
        const Claim claim(queue.claimed);
        if (queue.device == &device && (every || queue.number == number)) {
            queue.device = nullptr;
        }
    }
}

void set_cq(Device& device, const EngineRecord& record, bool there) noexcept {
    const bool sound = record.count != 0 && (record.count & (record.count - 1)) == 0 &&
                       (record.entry_size == 64 || record.entry_size == 128);
    if (record.id >= kMaxCqs || (there && !sound)) {
        return;
    }
    Cq& cq = device.objects->cqs[record.id];
    const Claim claim(cq.claimed);
    cq.count = record.count;
    cq.entry_size = record.entry_size;
    cq.produced = 0;
    cq.buffer = there ? reinterpret_cast<char*>(record.buffer) : nullptr;
}

// A key is not used by any queue while it is changed: the program makes it before it posts with it
// and removes it after its last completion.
void set_key(Device& device, const EngineRecord& record, bool there) noexcept {
    const uint32_t index = record.id >> 8;
    if (index < kMaxKeys) {
        device.objects->keys[index] =
            there ? Key{record.start, record.length, record.target, record.in_icm} : Key{};
    }
}

void apply_one(Table& all, Device& device, const EngineRecord& record) noexcept {
    switch (record.kind) {
        case EngineRecord::Kind::kAddQueue:
            add_queue(all, device, record);
            break;
        case EngineRecord::Kind::kRemoveQueue:
            remove_queues(all, device, record.id, false);
            break;
        case EngineRecord::Kind::kAddCq:
        case EngineRecord::Kind::kRemoveCq:
            set_cq(device, record, record.kind == EngineRecord::Kind::kAddCq);
            break;
        case EngineRecord::Kind::kAddKey:
        case EngineRecord::Kind::kRemoveKey:
            set_key(device, record, record.kind == EngineRecord::Kind::kAddKey);
            break;
    }
}

/// Returns an errno value or 0.
int map_memory(Device& device, int memory) noexcept {
    struct stat status;
    if (memory < 0) {
        return 0;
    }
    if (syscall(SYS_fstat, memory, &status) != 0) {
        return errno;
    }
    const auto size = static_cast<size_t>(status.st_size);
    void* const at = raw_mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory);
    if (at == MAP_FAILED) {
        return errno;
    }
    device.memory = at;
    device.memory_size = size;
    return 0;
}

}  // namespace

int add_device(int fd, uint64_t id, int memory, uint32_t client) noexcept {
    Table* const all = make_table();
    if (!all) {
        return ENOMEM;
    }
    if (client >= icm::kMaxClients) {
        return EPROTO;
    }
    const Claim claim(all->changing);
    Device* const device = find_device(*all, 0);
    if (!device) {
        return ENFILE;
    }
    *device = {};
    device->objects = static_cast<Objects*>(map_zeroed(sizeof(Objects)));
    if (!device->objects) {
        return ENOMEM;
    }
    const int error = map_memory(*device, memory);
    if (error != 0) {
        syscall(SYS_munmap, device->objects, sizeof(Objects));
        return error;
    }
    device->fd = fd;
    device->client = client;
    device->id = id;
    return 0;
}

void descriptor_closing(int fd) noexcept {
    Table* const all = table.load(std::memory_order_acquire);
    if (!all) {
        return;
    }
    for (Device& device : all->devices) {
        if (device.id == 0 || device.fd != fd) {
            continue;
        }
        const Claim claim(all->changing);
        if (device.id == 0 || device.fd != fd) {
            continue;
        }
        remove_queues(*all, device, 0, true);
        syscall(SYS_munmap, device.objects, sizeof(Objects));
        if (device.memory) {
            syscall(SYS_munmap, device.memory, device.memory_size);
        }
        device.id = 0;
    }
}

void apply(uint64_t id, const EngineRecord* records, uint32_t count) noexcept {
    Table* const all = table.load(std::memory_order_acquire);
    if (!all) {
        return;
    }
    const Claim claim(all->changing);
    Device* const device = find_device(*all, id);
    for (uint32_t i = 0; device && i < count; i++) {
        apply_one(*all, *device, records[i]);
    }
}

void device_died(uint64_t id) noexcept {
    Table* const all = table.load(std::memory_order_acquire);
    if (!all) {
        return;
    }
    const Claim claim(all->changing);
    if (Device* const device = find_device(*all, id)) {
        device->dead = true;
    }
}

void run() noexcept {
    Table* const all = table.load(std::memory_order_acquire);
    if (!all || running) {
        return;
    }
    running = true;
    const uint32_t end = all->queue_end.load(std::memory_order_acquire);
    for (uint32_t i = 0; i < end; i++) {
        Queue& queue = all->queues[i];
        const Claim claim(queue.claimed);
        if (queue.device) {
            execute_posted(queue);
        }
    }
    running = false;
}

}  // namespace esw::sim::work_queues
