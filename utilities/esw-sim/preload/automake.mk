# SPDX-License-Identifier: Apache-2.0

# The library that esw-sim exec preloads into any program: it must not bring the C++ run time or a
# sanitizer along, so it is linked by the C compiler and has flags of its own.
pkglib_LTLIBRARIES += utilities/esw-sim/preload/libmlx5sim.la
utilities_esw_sim_preload_libmlx5sim_la_SOURCES = \
	utilities/esw-sim/preload/attribute.cc \
	utilities/esw-sim/preload/attribute.h \
	utilities/esw-sim/preload/descriptor_calls.cc \
	utilities/esw-sim/preload/device_calls.cc \
	utilities/esw-sim/preload/device_file.cc \
	utilities/esw-sim/preload/device_file.h \
	utilities/esw-sim/preload/instance.cc \
	utilities/esw-sim/preload/instance.h \
	utilities/esw-sim/preload/ioctl_calls.cc \
	utilities/esw-sim/preload/next.h \
	utilities/esw-sim/preload/path_calls.cc \
	utilities/esw-sim/preload/receive.cc \
	utilities/esw-sim/preload/raw_mmap.h \
	utilities/esw-sim/preload/receive.h \
	utilities/esw-sim/preload/remote.cc \
	utilities/esw-sim/preload/remote.h \
	utilities/esw-sim/preload/simulated_socket.cc \
	utilities/esw-sim/preload/simulated_socket.h \
	utilities/esw-sim/preload/socket_calls.cc \
	utilities/esw-sim/preload/sysfs_paths.cc \
	utilities/esw-sim/preload/sysfs_paths.h \
	utilities/esw-sim/preload/work_queues.cc \
	utilities/esw-sim/preload/work_queues.h
utilities_esw_sim_preload_libmlx5sim_la_CXXFLAGS = $(ESW_PRELOAD_CXXFLAGS) \
	-fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility=hidden
utilities_esw_sim_preload_libmlx5sim_la_LDFLAGS = $(ESW_PRELOAD_LINKFLAGS) -Wl,-z,defs
utilities_esw_sim_preload_libmlx5sim_la_LINK = $(LIBTOOL) $(AM_V_lt) --tag=CC --mode=link $(CC) \
	$(utilities_esw_sim_preload_libmlx5sim_la_LDFLAGS) $(LDFLAGS) -o $@
