// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"

namespace esw::fakes {

/// Keeps log lines, "LEVEL|MODULE|TEXT". Threads: any.
class MemorySink final : public LogSink {
public:
    void write(LogLevel level, std::string_view module, std::string_view text) override {
        static constexpr const char* kLevels[] = {"error", "warning", "info", "debug"};
        MutexLock lock(mutex_);
        lines_.push_back(std::string(kLevels[static_cast<int>(level)]) + "|" + std::string(module) +
                         "|" + std::string(text));
    }
    bool enabled(LogLevel, std::string_view) const override { return true; }

    std::vector<std::string> lines() const {
        MutexLock lock(mutex_);
        return lines_;
    }
    size_t count(std::string_view part) const {
        size_t found = 0;
        for (const auto& line : lines()) {
            found += line.find(part) != std::string::npos;
        }
        return found;
    }

private:
    mutable Mutex mutex_{LockRank::kLeaf};
    std::vector<std::string> lines_ ESW_GUARDED_BY(mutex_);
};

}  // namespace esw::fakes
