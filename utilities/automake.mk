# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	.ci/run \
	utilities/build-kernel \
	utilities/build-ovs \
	utilities/build-tree \
	utilities/check-format \
	utilities/check-layers \
	utilities/check-prm \
	utilities/check-spdx \
	utilities/install-build-deps \
	utilities/kernel-init \
	utilities/kernel-shell \
	utilities/progress.sh \
	utilities/run-tests \
	utilities/source-files \
	utilities/try-it
