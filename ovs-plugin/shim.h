/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PLUGIN_SHIM_H
#define OVS_PLUGIN_SHIM_H 1

#include "ovs-plugin/plugin_abi.h"

struct smap;

/* shim_log.c: struct esw_host.  Any thread. */
void shim_log(enum esw_log_level, const char *module, const char *text);
bool shim_log_enabled(enum esw_log_level, const char *module);

/* shim_ovsdb.c: the database.  Main thread. */
void shim_ovsdb_init(const char *remote);
void shim_ovsdb_run(struct esw_plugin *plugin);
void shim_ovsdb_wait(void);
void shim_ovsdb_exit(void);
/* Whether the database has everything that the plugin wants in it, or is not there. */
bool shim_ovsdb_is_written(void);
/* The database was there and is away. */
bool shim_ovsdb_is_lost(void);

/* flow_api.c: flows of the userspace datapath.  Main thread. */
void shim_flows_init(struct esw_plugin *plugin);
/* Takes over other_config of Open_vSwitch, which Open vSwitch has taken over;
 * 'began' says that it offers flows since then, and did not before. */
void shim_flows_configure(const struct smap *other_config, bool began);
/* Takes over how many flows were refused. */
void shim_flows_run(void);

/* flow_coverage.c: counts refused flows, by enum esw_refusal.  Main thread. */
void shim_count_refusals(const uint64_t counts[]);

#endif /* ovs-plugin/shim.h */
