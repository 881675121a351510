# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += esw-manager/libesw-manager.a
esw_manager_libesw_manager_a_SOURCES = \
	esw-manager/control_lock.cc \
	esw-manager/control_lock.h \
	esw-manager/counters.cc \
	esw-manager/counters.h \
	esw-manager/eswitch.cc \
	esw-manager/eswitch.h \
	esw-manager/eswitch_record.cc \
	esw-manager/eswitch_record.h \
	esw-manager/eswitch_work.cc \
	esw-manager/eth_provider.cc \
	esw-manager/eth_provider.h \
	esw-manager/event_history.cc \
	esw-manager/event_history.h \
	esw-manager/ids.cc \
	esw-manager/ids.h \
	esw-manager/inventory.cc \
	esw-manager/inventory.h \
	esw-manager/json_values.h \
	esw-manager/log_limiter.h \
	esw-manager/manager.h \
	esw-manager/manager_impl.cc \
	esw-manager/manager_impl.h \
	esw-manager/manager_publish.cc \
	esw-manager/mlx5/prm_ste.h \
	esw-manager/port_options.cc \
	esw-manager/port_options.h \
	esw-manager/port_table.cc \
	esw-manager/port_table.h \
	esw-manager/provider.h \
	esw-manager/record_report.cc \
	esw-manager/record_report.h \
	esw-manager/report.cc \
	esw-manager/report.h \
	esw-manager/report_json.cc \
	esw-manager/report_json.h \
	esw-manager/scanner.cc \
	esw-manager/scanner.h \
	esw-manager/snapshot.cc \
	esw-manager/snapshot.h \
	esw-manager/table.cc \
	esw-manager/table.h \
	esw-manager/timers.h \
	esw-manager/trace.cc \
	esw-manager/trace.h \
	esw-manager/watchdog.cc \
	esw-manager/watchdog.h \
	esw-manager/watched_kernel.cc \
	esw-manager/watched_kernel.h \
	esw-manager/work_queue.cc \
	esw-manager/work_queue.h

include esw-manager/mlx5/automake.mk
