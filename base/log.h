// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace esw {

enum class LogLevel { kError, kWarning, kInfo, kDebug };

/// Where log lines go: Open vSwitch's vlog in the switch, stderr in programs, memory in tests.
/// Called from any thread; must not block and must not call back into the caller.
class LogSink {
public:
    virtual ~LogSink() = default;

    /// `module` is one of the vlog modules of doc/design.md ("esw_manager", "esw_netlink", ...).
    virtual void write(LogLevel level, std::string_view module, std::string_view text) = 0;
    virtual bool enabled(LogLevel level, std::string_view module) const = 0;
};

/// A sink with the name of a module. Lines name the object first and the cause last.
class Logger {
public:
    Logger(LogSink& sink, std::string_view module) : sink_(&sink), module_(module) {}

    template <class... Args>
    void error(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::kError, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warn(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::kWarning, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::kInfo, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void debug(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::kDebug, format, std::forward<Args>(args)...);
    }

private:
    template <class... Args>
    void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
        if (sink_->enabled(level, module_)) {
            sink_->write(level, module_, fmt::format(format, std::forward<Args>(args)...));
        }
    }

    LogSink* sink_;
    std::string module_;
};

/// Writes lines up to `threshold` to stderr: "PROGRAM: LEVEL: MODULE: TEXT".
class StderrSink final : public LogSink {
public:
    StderrSink(std::string program, LogLevel threshold)
        : program_(std::move(program)), threshold_(threshold) {}
    void write(LogLevel level, std::string_view module, std::string_view text) override;
    bool enabled(LogLevel level, std::string_view) const override { return level <= threshold_; }

private:
    const std::string program_;
    const LogLevel threshold_;
};

}  // namespace esw
