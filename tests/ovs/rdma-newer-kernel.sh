#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/ovs/rdma.sh with a kernel that has RDMA netlink's monitor, too.

ESW_KERNEL=6.12 exec "${0%/*}/rdma.sh"
