// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace esw {

/// Lets `kBurst` lines through at once and then one in `kInterval`: for lines that events drive.
/// Threads: one.
class LogLimiter {
public:
    bool allow(TimePoint now) {
        if (started_) {
            const auto earned = (now - last_) / kInterval;
            if (earned > 0) {
                tokens_ = std::min<int64_t>(kBurst, tokens_ + earned);
                last_ += earned * kInterval;
            }
        } else {
            started_ = true;
            last_ = now;
        }
        return tokens_ > 0 && tokens_-- > 0;
    }

private:
    static constexpr int64_t kBurst = 20;
    static constexpr Duration kInterval = std::chrono::seconds(2);
    bool started_ = false;
    TimePoint last_;
    int64_t tokens_ = kBurst;
};

}  // namespace esw
