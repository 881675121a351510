# SPDX-License-Identifier: Apache-2.0
#
# The switch daemon: the unmodified objects of Open vSwitch's own, the C shim and the plugin.
# ovs-plugin/automake.mk sets
#   ESW_SHIM_SOURCES  the C files that include Open vSwitch's headers, and the shim's own headers
#   ESW_WRAPS         the functions of Open vSwitch that the shim wraps (ld --wrap)

if WITH_OVS

# Open vSwitch is built once and kept (utilities/build-ovs); `openvswitch` is a link to it, and
# openvswitch.key, which changes when that is another one, what to depend on.
openvswitch.key: esw-force
	$(AM_V_at)$(srcdir)/utilities/build-ovs --source '$(OVS_SOURCE)' --link openvswitch --key $@
esw-force:
ovs: openvswitch.key
DISTCLEANFILES += openvswitch.key openvswitch

ESW_SHIM_CPPFLAGS = \
	-Iopenvswitch/build \
	-isystem openvswitch/src/include -isystem openvswitch/build/include \
	-isystem openvswitch/src/lib -isystem openvswitch/build/lib \
	-isystem openvswitch/src/vswitchd -isystem openvswitch/src/ofproto \
	-isystem openvswitch/src
ESW_SHIM_CFLAGS = -std=gnu11 -pthread $(ESW_WARN_SHIM_CFLAGS) $(ESW_SANITIZE_FLAGS)

noinst_LIBRARIES += ovs-plugin/libesw-shim.a
ovs_plugin_libesw_shim_a_SOURCES = $(ESW_SHIM_SOURCES)
ovs_plugin_libesw_shim_a_CPPFLAGS = $(ESW_SHIM_CPPFLAGS) -I$(top_srcdir)
ovs_plugin_libesw_shim_a_CFLAGS = $(ESW_SHIM_CFLAGS)
$(ovs_plugin_libesw_shim_a_OBJECTS): openvswitch.key

eswdir = $(prefix)/lib/openvswitch-switch-esw
esw_PROGRAMS = ovs-plugin/ovs-vswitchd-esw
ovs_plugin_ovs_vswitchd_esw_SOURCES =
# Never compiled: it says that the linker is the C++ compiler.
nodist_EXTRA_ovs_plugin_ovs_vswitchd_esw_SOURCES = ovs-plugin/dummy.cxx
ovs_plugin_ovs_vswitchd_esw_LDADD = ovs-plugin/libesw-shim.a $(ESW_PLUGIN_LIBS) $(ESW_OVS_LIBS)
ovs_plugin_ovs_vswitchd_esw_DEPENDENCIES = openvswitch.key \
	$(filter %.a, $(ovs_plugin_ovs_vswitchd_esw_LDADD))
# Not through libtool, which does not know response files.
ovs_plugin_ovs_vswitchd_esw_LINK = $(CXX) $(AM_CXXFLAGS) $(CXXFLAGS) $(AM_LDFLAGS) $(LDFLAGS) \
	-o $@ $(ESW_WRAPS:%=-Wl,--wrap=%) @openvswitch/vswitchd.objects
ESW_OVS_LIBS = @openvswitch/vswitchd.libs

ESW_CHECK_TESTS += tests/check/wraps

endif

EXTRA_DIST += tests/check/wraps

.PHONY: esw-force ovs
