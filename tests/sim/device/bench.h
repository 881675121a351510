// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/device/netdevs.h"
#include "tests/sim/device/steering.h"
#include "tests/sim/device/tap_main.h"

namespace device {

/// A side of the eswitch from which packets come: each has its own steering entries in the adapter
/// (FDB RX for the wire, FDB TX for vports).
enum class From { kVf, kWire };

inline std::string to_string(From from) {
    return from == From::kVf ? "vf0" : "wire";
}

/// The netdevs and a steering program, once for all tests of a program.
class Bench : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const Given the = given();
        netdevs_ = std::make_unique<Netdevs>(the.prefix, the.vfs);
        steering_ = std::make_unique<Steering>(the.pci);
    }
    static void TearDownTestSuite() {
        steering_.reset();
        netdevs_.reset();
    }

    static Netdevs& netdevs() { return *netdevs_; }
    static Steering& steering() { return *steering_; }

    static constexpr uint16_t vf_vport(unsigned n) { return static_cast<uint16_t>(n + 1); }
    static uint16_t vport(From from) { return from == From::kVf ? vf_vport(0) : kWireVport; }
    static Netdevs::Id netdev(From from) {
        return from == From::kVf ? netdevs().vf(0) : netdevs().wire();
    }

    /// What came out, for messages.
    static std::string describe(const std::vector<Netdevs::Arrival>& arrivals) {
        std::string text = arrivals.empty() ? "nothing" : "";
        for (const Netdevs::Arrival& arrival : arrivals) {
            text += "\n  " + netdevs().name(arrival.at) + ": " + to_text(arrival.frame);
        }
        return text;
    }

    /// Sends one frame and says whether that, and only that, came out.
    static testing::AssertionResult comes_out(From from, const Frame& frame,
                                              std::vector<Netdevs::Arrival> wanted) {
        std::stable_sort(wanted.begin(), wanted.end(),
                         [](const auto& a, const auto& b) { return a.at < b.at; });
        const auto got = netdevs().exchange(netdev(from), {encode(frame)});
        if (got == wanted) {
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure()
               << "from " << to_string(from) << ": " << to_text(encode(frame))
               << "\nwanted: " << describe(wanted) << "\ngot: " << describe(got);
    }

private:
    inline static std::unique_ptr<Netdevs> netdevs_;
    inline static std::unique_ptr<Steering> steering_;
};

}  // namespace device
