// SPDX-License-Identifier: Apache-2.0
// main() of the judges: GoogleTest's tests, reported as TAP, so that the script that made the
// adapter for them can be the test.
#include "tests/sim/device/tap_main.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace device {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    if (!value) {
        throw std::runtime_error(std::string(name) + " is not set");
    }
    return value;
}

class TapPrinter : public testing::EmptyTestEventListener {
public:
    void OnTestEnd(const testing::TestInfo& test) override {
        const testing::TestResult& result = *test.result();
        std::printf("%sok %d - %s.%s%s\n", result.Failed() ? "not " : "", ++count_,
                    test.test_suite_name(), test.name(), result.Skipped() ? " # SKIP" : "");
        for (int i = 0; i < result.total_part_count(); i++) {
            const testing::TestPartResult& part = result.GetTestPartResult(i);
            std::istringstream lines(part.message());
            std::printf("# %s:%d\n", part.file_name() ? part.file_name() : "", part.line_number());
            for (std::string line; std::getline(lines, line);) {
                std::printf("#   %s\n", line.c_str());
            }
        }
        std::fflush(stdout);
    }

    void OnTestIterationEnd(const testing::UnitTest&, int) override {
        std::printf("1..%d\n", count_);
    }

private:
    int count_ = 0;
};

}  // namespace

Given given() {
    return {variable("ESW_TEST_PREFIX"),
            static_cast<unsigned>(std::stoul(variable("ESW_TEST_VFS")))};
}

}  // namespace device

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new device::TapPrinter);
    return RUN_ALL_TESTS();
}
