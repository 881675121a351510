// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>

#include <cstddef>

#include "utilities/esw-sim/uverbs/uverbs_host.h"

namespace esw::sim::uverbs {

class OpenFile;

/// ib_query_device() and ib_query_port() of mlx5_ib: what `ibv_devinfo -v` prints.
ib_uverbs_query_device_resp device_attributes(const UverbsHost& host);
ib_uverbs_query_port_resp port_attributes(const UverbsHost::Port& port);
/// The driver's part of both, of which the program has room for `room` bytes. Returns the
/// structure; response_length says how much of it to write.
mlx5_ib_query_device_resp driver_device_attributes(size_t room);
/// set_ucontext_resp()
mlx5_ib_alloc_ucontext_resp context_attributes(OpenFile& file, size_t room);

/// Most entries of a completion queue.
constexpr uint32_t kMaxCqEntries = 1U << 22;
/// num_comp_vectors
constexpr uint32_t kCompletionVectors = 1;

}  // namespace esw::sim::uverbs
