# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	utilities/build-ovs \
	utilities/build-tree \
	utilities/check-format \
	utilities/check-layers \
	utilities/check-spdx \
	utilities/install-build-deps \
	utilities/progress.sh \
	utilities/source-files \
	utilities/try-it
