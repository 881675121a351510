#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# many.sh with the newest kernel that is known, and fewer VFs.

export ESW_TEST_VFS=${ESW_TEST_VFS:-31}
ESW_TEST_KERNEL=newest exec "${0%/*}/many.sh"
