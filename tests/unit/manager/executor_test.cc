// SPDX-License-Identifier: Apache-2.0
#include "esw-manager/executor.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <future>
#include <string>
#include <vector>

namespace esw {
namespace {

TEST(Executor, RunsJobsInTheirOrder) {
    std::vector<int> order;
    std::promise<void> last;
    Executor executor("esw op test");
    for (int i = 0; i < 3; ++i) {
        executor.push({[&order, &last, i] {
                           order.push_back(i);
                           if (i == 2) {
                               last.set_value();
                           }
                       },
                       {}});
    }
    last.get_future().wait();
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
}

TEST(Executor, StopRefusesWhatWaitsAndWaitsForWhatRuns) {
    std::promise<void> running, go_on, refused;
    bool ended = false;
    int ran = 0, code = 0;
    Executor executor("esw op test");
    executor.push({[&] {
                       running.set_value();
                       go_on.get_future().wait();
                       ended = true;
                   },
                   {}});
    executor.push({[&] { ++ran; },
                   [&](const Error& error) {
                       code = error.code;
                       refused.set_value();
                   }});
    running.get_future().wait();
    auto stopped = std::async(std::launch::async, [&] { executor.stop(); });
    refused.get_future().wait();
    EXPECT_FALSE(ended);
    go_on.set_value();
    stopped.get();
    EXPECT_TRUE(ended);
    EXPECT_EQ(code, ECANCELED);
    executor.push({[&] { ++ran; }, [&](const Error& error) { code = -error.code; }});
    EXPECT_EQ(code, -ECANCELED);
    EXPECT_EQ(ran, 0);
}

}  // namespace
}  // namespace esw
