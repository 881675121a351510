#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time limit: 600 s
#
# storm.sh with the newest kernel that is known.

ESW_TEST_KERNEL=newest exec "${0%/*}/storm.sh"
