// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

#include "utilities/esw-sim/netlink_server.h"
#include "utilities/esw-sim/points.h"

namespace esw::sim {

/// The point netdev.request.
class NetdevPoint final : public NetdevGate {
public:
    explicit NetdevPoint(Points& points) : points_(points) {}

    bool is_open() const override { return points_.idle(); }
    void pass(const NetdevFace& netdev, std::function<void(int)> passed) override {
        points_.pass("netdev.request", netdev.parent_bus + "/" + netdev.parent_device,
                     [passed = std::move(passed)](const Status& status) {
                         passed(status ? 0 : status.error().code);
                     });
    }

private:
    Points& points_;
};

}  // namespace esw::sim
