// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace esw {
namespace {

// What is written to stderr while it lives.
class StderrCapture {
public:
    StderrCapture() : saved_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) == 0) {
            read_end_.reset(ends[0]);
            dup2(ends[1], STDERR_FILENO);
            ::close(ends[1]);
        }
    }
    ~StderrCapture() { restore(); }

    std::string text() {
        restore();
        std::string all;
        char block[4096];
        ssize_t n;
        while ((n = ::read(read_end_.get(), block, sizeof block)) > 0) {
            all.append(block, static_cast<size_t>(n));
        }
        return all;
    }

private:
    void restore() {
        if (saved_) {
            dup2(saved_.get(), STDERR_FILENO);
            saved_.reset();
        }
    }

    UniqueFd saved_, read_end_;
};

TEST(StderrSink, WritesProgramLevelModuleAndText) {
    StderrSink sink("esw-sim", LogLevel::kDebug);
    const Logger log(sink, "esw_netlink");
    StderrCapture capture;
    log.error("{}: {}", "pci/0000:08:00.0", "gone");
    log.warn("w");
    log.info("i");
    log.debug("d");
    EXPECT_EQ(capture.text(),
              "esw-sim: error: esw_netlink: pci/0000:08:00.0: gone\n"
              "esw-sim: warning: esw_netlink: w\n"
              "esw-sim: info: esw_netlink: i\n"
              "esw-sim: debug: esw_netlink: d\n");
}

TEST(StderrSink, SaysNothingBeyondItsThreshold) {
    StderrSink sink("esw-sim", LogLevel::kWarning);
    const Logger log(sink, "m");
    EXPECT_TRUE(sink.enabled(LogLevel::kError, "m"));
    EXPECT_FALSE(sink.enabled(LogLevel::kInfo, "m"));
    StderrCapture capture;
    log.info("not this");
    log.warn("but this");
    EXPECT_EQ(capture.text(), "esw-sim: warning: m: but this\n");
}

TEST(StderrSink, LinesOfThreadsDoNotMix) {
    constexpr int kThreads = 4;
    constexpr int kLines = 50;
    StderrSink sink("p", LogLevel::kInfo);
    StderrCapture capture;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&sink, thread] {
            const Logger log(sink, "m");
            for (int line = 0; line < kLines; ++line) {
                log.info("{0}{0}{0}{0}", thread);
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::string text = capture.text();
    int lines = 0;
    for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
        const std::string line = text.substr(0, end);
        ASSERT_EQ(line.substr(0, line.size() - 4), "p: info: m: ");
        EXPECT_EQ(line.substr(line.size() - 4), std::string(4, line.back()));
        ++lines;
    }
    EXPECT_EQ(lines, kThreads * kLines);
}

}  // namespace
}  // namespace esw
