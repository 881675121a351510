// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_cmds.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "utilities/esw-sim/uverbs/objects.h"
#include "utilities/esw-sim/uverbs/open_file.h"

namespace esw::sim::uverbs {

inline int errno_of(const Status& status) {
    return status ? 0 : status.error().code;
}

/// An object that the driver made in the firmware: it knows the file that it belongs to, which is
/// there, with its device, as long as the object is not dead.
class DriverObject : public Object {
public:
    DriverObject(uint16_t type, OpenFile& file) : Object(type), file_(file) {}

protected:
    OpenFile& file() const { return file_; }

private:
    OpenFile& file_;
};

/// struct mlx5_ib_pd
class Pd : public DriverObject {
public:
    Pd(OpenFile& file, uint32_t number) : DriverObject(UVERBS_OBJECT_PD, file), number_(number) {}
    uint32_t number() const { return number_; }

protected:
    int release() override;

private:
    uint32_t number_;
};

/// struct mlx5_ib_dm of the kind that is ICM
class Dm : public DriverObject {
public:
    Dm(OpenFile& file, uint64_t address, uint64_t length)
        : DriverObject(UVERBS_OBJECT_DM, file), address_(address), length_(length) {}
    uint64_t address() const { return address_; }
    uint64_t length() const { return length_; }  ///< as the program asked

protected:
    int release() override;

private:
    uint64_t address_;
    uint64_t length_;
};

/// struct mlx5_ib_mr, of the program's memory or of a Dm
class Mr : public DriverObject {
public:
    Mr(OpenFile& file, std::shared_ptr<Pd> pd, std::shared_ptr<Dm> dm, const EngineRecord& key);
    /// lkey and rkey
    uint32_t key() const { return key_.id; }
    uint64_t start() const { return key_.start; }
    uint64_t length() const { return key_.length; }
    uint32_t pd_number() const { return pd_number_; }
    bool of_dm() const { return key_.in_icm != 0; }

protected:
    int release() override;

private:
    EngineRecord key_;
    uint32_t pd_number_;
    Use pd_;
    Use dm_;
};

/// struct mlx5_user_mmap_entry of a UAR
class Uar : public DriverObject {
public:
    Uar(OpenFile& file, uint32_t index, uint64_t page)
        : DriverObject(MLX5_IB_OBJECT_UAR, file), index_(index), page_(page) {}
    uint32_t index() const { return index_; }

protected:
    int release() override;

private:
    uint32_t index_;
    uint64_t page_;
};

/// struct mlx5_ib_cq
class Cq : public DriverObject {
public:
    Cq(OpenFile& file, uint32_t number, uint32_t entries)
        : DriverObject(UVERBS_OBJECT_CQ, file), number_(number), entries_(entries) {}
    uint32_t number() const { return number_; }
    uint32_t entries() const { return entries_; }

protected:
    int release() override;

private:
    uint32_t number_;
    uint32_t entries_;
};

// Creation, by ioctl methods and by legacy commands. They return errno values.

/// mlx5_ib_alloc_pd()
int allocate_pd(Request& request, std::shared_ptr<Pd>& pd);

struct MemoryToRegister {
    uint64_t start = 0;
    uint64_t length = 0;
    uint64_t io_address = 0;  ///< that work requests name for `start`
    uint32_t access = 0;      ///< enum ib_access_flags
};
/// ib_check_mr_access()
int check_access(uint32_t access);
/// mlx5_ib_reg_user_mr()
int register_memory(Request& request, std::shared_ptr<Pd> pd, const MemoryToRegister& memory,
                    std::shared_ptr<Mr>& mr);
/// True when the program has memory from `start`, as far as its first and last byte tell.
bool is_mapped(Request& request, uint64_t start, uint64_t length);

struct CqToCreate {
    uint32_t entries = 0;
    uint32_t vector = 0;
    uint32_t flags = 0;
};
/// mlx5_ib_create_cq()
int create_cq(Request& request, const CqToCreate& wanted, std::shared_ptr<Cq>& cq);

}  // namespace esw::sim::uverbs
