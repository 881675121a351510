#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# rdma.sh with the newest kernel that is known.

ESW_TEST_KERNEL=newest exec "${0%/*}/rdma.sh"
