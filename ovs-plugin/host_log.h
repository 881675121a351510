// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "ovs-plugin/plugin_abi.h"

namespace esw {

/// Log lines go to the host's log, under their own modules.
class HostLog final : public LogSink {
public:
    explicit HostLog(const esw_host& host) : host_(host) {}

    void write(LogLevel level, std::string_view module, std::string_view text) override {
        host_.log(to_host(level), std::string(module).c_str(), std::string(text).c_str());
    }
    bool enabled(LogLevel level, std::string_view module) const override {
        return host_.log_enabled(to_host(level), std::string(module).c_str());
    }

private:
    static esw_log_level to_host(LogLevel level) {
        switch (level) {
            case LogLevel::kError:
                return ESW_LOG_ERR;
            case LogLevel::kWarning:
                return ESW_LOG_WARN;
            case LogLevel::kInfo:
                return ESW_LOG_INFO;
            case LogLevel::kDebug:
                break;
        }
        return ESW_LOG_DBG;
    }

    const esw_host host_;
};

}  // namespace esw
