/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PLUGIN_FLOW_ACTIONS_H
#define OVS_PLUGIN_FLOW_ACTIONS_H 1

#include "esw-manager/flow/megaflow.h"

struct nlattr;

/* As many as a flow can have here, which is more than an adapter does for one. */
enum { FLOW_ACTIONS_MAX = 256 };

/* Makes 'to' of the actions of a megaflow of the userspace datapath, in Netlink
 * attributes, and returns their number.  One that changes several fields gives
 * several.
 *
 * What has nothing like it in struct esw_flow_action, is unknown or malformed
 * becomes an ESW_ACTION_OTHER with the reason.  So does the last one when there
 * are more than FLOW_ACTIONS_MAX.
 *
 * Headers of tunnels stay in 'attributes'. */
size_t flow_actions_convert(const struct nlattr *attributes, size_t length,
                            struct esw_flow_action to[FLOW_ACTIONS_MAX]);

#endif /* ovs-plugin/flow_actions.h */
