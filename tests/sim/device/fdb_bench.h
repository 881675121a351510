// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "esw-manager/mlx5/mlx5_fdb.h"
#include "tests/sim/device/control.h"
#include "tests/sim/device/netdevs.h"
#include "tests/sim/device/steering.h"
#include "tests/sim/device/tap_main.h"

namespace device {

using esw::mlx5::Fdb;
using esw::mlx5::FdbActions;
using esw::mlx5::FdbCounter;
using esw::mlx5::FdbFlow;
using esw::mlx5::FdbLimits;
using esw::mlx5::FdbMatch;
using esw::mlx5::FdbOutput;
using esw::mlx5::IbDevice;

/// Ports of the datapath, as these tests number them.
constexpr uint32_t kWirePort = 1;
constexpr uint32_t vf_port(unsigned n) {
    return 10 + n;
}

FdbMatch compiled(Match match);
FdbMatch by_destination(const Frame& frame);
/// The same address for all frames of the number.
Frame frame_to(uint32_t number, uint32_t seed = 0);

/// What an action list does, in words.
FdbActions to(std::vector<FdbOutput> outputs);
FdbActions to(uint32_t port);
FdbActions drop();

/// An FDB over the device of a PF, with the wire and the first VFs as ports.
class FdbSetup {
public:
    FdbSetup(const Given& given, FdbLimits limits = {});

    Fdb& operator*() const { return *fdb_; }
    Fdb* operator->() const { return fdb_.get(); }
    IbDevice& device() const { return *device_; }
    /// What the kernel says of the vport. Throws.
    esw::RdmaRep rep_of(uint16_t vport) const;
    void close() { fdb_.reset(); }

    /// Throws when it is refused.
    Fdb::Inserted insert(const FdbFlow& flow) const;

private:
    std::shared_ptr<IbDevice> device_;
    std::unique_ptr<Fdb> fdb_;
};

/// As text, for messages: the reason and the error.
std::string to_string(const Fdb::Refused& refused);

/// A test on netdevs that all tests of the program have in common, with an FDB of its own.
class FdbBench : public testing::Test {
protected:
    static void SetUpTestSuite() { netdevs_ = std::make_unique<Netdevs>(the().prefix, the().vfs); }
    static void TearDownTestSuite() { netdevs_.reset(); }
    static Given the() { return given(); }

    static Netdevs& netdevs() { return *netdevs_; }

    /// The frames that come out when those are sent, as what is wanted is written.
    using Arrivals = std::vector<Netdevs::Arrival>;
    static Arrivals sent(Netdevs::Id from, const std::vector<Frame>& frames);
    static Arrivals arrivals(std::vector<std::pair<Netdevs::Id, Frame>> wanted);

    explicit FdbBench(FdbLimits limits = {}) : fdb_(the(), limits) {}

    FdbSetup fdb_;

private:
    inline static std::unique_ptr<Netdevs> netdevs_;
};

}  // namespace device
