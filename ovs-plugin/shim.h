/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PLUGIN_SHIM_H
#define OVS_PLUGIN_SHIM_H 1

#include "ovs-plugin/plugin_abi.h"

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

#endif /* ovs-plugin/shim.h */
