/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PLUGIN_SHIM_H
#define OVS_PLUGIN_SHIM_H 1

#include "ovs-plugin/plugin_abi.h"

/* shim_log.c: struct esw_host.  Any thread. */
void shim_log(enum esw_log_level, const char *module, const char *text);
bool shim_log_enabled(enum esw_log_level, const char *module);

#endif /* ovs-plugin/shim.h */
