#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The netlink layer's unit tests on a kernel that has devlink: one by one those that talk to it.

. "$ESW_SRC/tests/kernel/lib-kernel.sh"

test_netlink=$ESW_BUILD/tests/unit/test-netlink

# run_gtest FILTER: fails also when it selects none.
run_gtest() {
    local output
    output=$("$test_netlink" --gtest_filter="$1" 2>&1) || fail "$output"
    expect_no_text '\[  PASSED  \] 0 tests' "$output"
}

test_is_debians() {
    expect_text 'Debian' "$(uname -v)"
    # What the machine that runs the tests need not have.
    devlink dev
}

run_case "the kernel is Debian's, with devlink" test_is_debians
for name in $("$test_netlink" --gtest_list_tests --gtest_filter='RealKernel.*' | sed -n 's/^  //p'); do
    run_case "$name" run_gtest "RealKernel.$name"
done
# Damaged messages are decoded without a kernel, and there are many.
run_case "all others" run_gtest '-RealKernel.*:Malformed.*'
run_case "the kernel has nothing to complain about" test_kernel_is_content
end_cases
