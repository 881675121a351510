/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/shim.h"

#include "compiler.h"
#include "openvswitch/vlog.h"
#include "util.h"

/* The vlog modules of what is behind the C ABI, so that
 * "ovs-appctl vlog/set esw_manager:dbg" and "-vesw_manager:dbg" work. */

struct shim_module {
    struct vlog_module module;
    /* Lines that traffic or events drive; the plugin does not tell which. */
    struct vlog_rate_limit limit;
};

#define SHIM_MODULE(INDEX, NAME)                                    \
    {                                                               \
        .module = {                                                 \
            OVS_LIST_INITIALIZER(&modules[INDEX].module.list),      \
            NAME,                                                   \
            { VLL_INFO, VLL_INFO, VLL_INFO },                       \
            VLL_INFO,                                               \
            true                                                    \
        },                                                          \
        .limit = VLOG_RATE_LIMIT_INIT(120, 600),                    \
    }

static struct shim_module modules[] = {
    SHIM_MODULE(0, "esw_plugin"),
    SHIM_MODULE(1, "esw_manager"),
    SHIM_MODULE(2, "esw_netlink"),
    SHIM_MODULE(3, "esw_eswitch"),
    SHIM_MODULE(4, "esw_watchdog"),
    SHIM_MODULE(5, "esw_profile"),
};

/* As VLOG_DEFINE_THIS_MODULE does: modules must be there before main() reads
 * the -v options. */
OVS_CONSTRUCTOR(init_esw_vlog_modules)
{
    for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
        vlog_insert_module(&modules[i].module.list);
    }
}

static struct shim_module *
find_module(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
        if (!strcmp(modules[i].module.name, name)) {
            return &modules[i];
        }
    }
    return &modules[0];
}

static enum vlog_level
to_vlog_level(enum esw_log_level level)
{
    switch (level) {
    case ESW_LOG_ERR: return VLL_ERR;
    case ESW_LOG_WARN: return VLL_WARN;
    case ESW_LOG_INFO: return VLL_INFO;
    case ESW_LOG_DBG:
    default: return VLL_DBG;
    }
}

void
shim_log(enum esw_log_level level, const char *module, const char *text)
{
    struct shim_module *m = find_module(module);

    vlog_rate_limit(&m->module, to_vlog_level(level), &m->limit, "%s", text);
}

bool
shim_log_enabled(enum esw_log_level level, const char *module)
{
    return vlog_is_enabled(&find_module(module)->module,
                           to_vlog_level(level));
}
