/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PLUGIN_PLUGIN_ABI_H
#define OVS_PLUGIN_PLUGIN_ABI_H 1

/* What lies between the C shim, which knows Open vSwitch and nothing else, and the plugin in C++,
 * which knows everything else and not Open vSwitch.
 *
 * No function here throws, aborts, asks the kernel or waits for the plugin's own threads, save
 * esw_plugin_stop() and those that say for how long.  Errors are positive errno values.
 *
 * Strings that go in are copied; strings that come out live until the callback returns, save
 * '*errp', which is malloc()ed and the caller's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esw-manager/flow/megaflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The host: what the plugin needs of Open vSwitch. */

typedef void esw_setting_func(const char *key, const char *value, void *aux);

enum esw_log_level { ESW_LOG_ERR, ESW_LOG_WARN, ESW_LOG_INFO, ESW_LOG_DBG };

struct esw_host {
    /* Called from any thread. */
    void (*log)(enum esw_log_level, const char *module, const char *text);
    bool (*log_enabled)(enum esw_log_level, const char *module);
    /* Calls 'add' with the name of each port of type esw that is in a bridge, and the bridge's.
     * Called from within esw_plugin_command(). */
    void (*list_ports)(esw_setting_func *add, void *aux);
};

struct esw_plugin;
struct esw_port; /* One netdev of class "esw". */

/* Makes the plugin and starts its threads.  Returns NULL when that failed, having logged why. */
struct esw_plugin *esw_plugin_create(const struct esw_host *host);

/* From now on network devices stay as they are when their ports go.  Otherwise they are put back as
 * they were found. */
void esw_plugin_keep_devices(struct esw_plugin *plugin);

/* Ends all threads and answers every command that still waits.  Ports may still be destroyed after
 * this, and nothing else done. */
typedef void esw_reply_func(void *conn, bool error, const char *text);
void esw_plugin_stop(struct esw_plugin *plugin, esw_reply_func *reply);

/* Readable when esw_plugin_run() has something to do. */
int esw_plugin_fd(const struct esw_plugin *plugin);

/* Closes 'fd', a packet socket, on another thread: the kernel lets the one that
 * closes it wait for all of its readers.  Any thread. */
void esw_plugin_close(struct esw_plugin *plugin, int fd);

/* What ethtool shows of a network device's link. */
struct esw_link_modes {
    uint64_t supported, advertised; /* The first 64 of ETHTOOL_LINK_MODE_*_BIT. */
    uint32_t speed_mbps;            /* 0: unknown. */
    bool full_duplex;
    bool autonegotiates;
    uint8_t port; /* PORT_*. */
};

/* A network device. */
struct esw_link {
    char name[16];
    unsigned int flags; /* IFF_*. */
    uint32_t mtu;
    bool has_mac;
    uint8_t mac[6];
    bool has_modes;
    struct esw_link_modes modes;
};

/* Its counters. */
struct esw_link_stats {
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
    uint64_t rx_errors, tx_errors, rx_dropped, tx_dropped;
    uint64_t multicast, collisions;
    uint64_t rx_length_errors, rx_over_errors, rx_crc_errors, rx_frame_errors;
    uint64_t rx_fifo_errors, rx_missed_errors;
    uint64_t tx_aborted_errors, tx_carrier_errors, tx_fifo_errors;
    uint64_t tx_heartbeat_errors, tx_window_errors;
};

/* How a port stands to its network device after a change. */
struct esw_binding {
    bool rebound;         /* Another device than before, or none any more. */
    uint32_t ifindex;     /* 0: there is none. */
    bool is_changing;     /* The one that it has: its link is to be read. */
    /* Of a device that is new to the port. */
    struct esw_link link;
    struct esw_link_stats stats;
};

/* 'port_id' is what esw_port_id() says; the port may be gone already.  Returns 0, or the errno for
 * which the port cannot use the device: it then has none, and is offered it again later. */
typedef int esw_binding_func(uint64_t port_id, const struct esw_binding *binding);

/* The answer to esw_link_read(): 'error' is ENODEV when there is no such device any more. */
typedef void esw_link_func(uint64_t port_id, uint32_t ifindex, int error,
                           const struct esw_link *link);

/* Takes over what the plugin's threads have found out.  Calls 'changed' for each port whose binding
 * or status changed, and 'link_read' for each link that was read.  Main thread. */
void esw_plugin_run(struct esw_plugin *plugin, esw_binding_func *changed,
                    esw_link_func *link_read);

/* Milliseconds until esw_plugin_run() or esw_plugin_answer() has something to do though
 * esw_plugin_fd() is not readable, or -1 if that will not be.  Main thread. */
int64_t esw_plugin_next_ms(const struct esw_plugin *plugin);

/* Answers the commands that are through.  To be called when the bindings that esw_plugin_run()
 * told of are in force in the datapath.  'is_status_written' says whether the status of all ports
 * is on its way to the database; if not, the answers wait for another call, until their time is
 * over.  NULL when the database is away and with it whatever the answers would wait for.  Main
 * thread. */
void esw_plugin_answer(struct esw_plugin *plugin, bool (*is_status_written)(void),
                       esw_reply_func *reply);

/* The database: what the Open_vSwitch table says of eswitch modes.  Main thread. */

/* Tells other_config:esw-profile, or "" when there is none. */
void esw_plugin_set_profile(struct esw_plugin *plugin, const char *profile);

/* Tells external_ids:esw-override as it is in the database ("" when there is none) and returns what
 * it shall be ("" to remove it): a string that lives until the next call. */
const char *esw_plugin_sync_overrides(struct esw_plugin *plugin, const char *found);

/* Ports. */

struct esw_setting {
    const char *key;
    const char *value;
};

/* Returns NULL when out of memory. */
struct esw_port *esw_port_create(struct esw_plugin *plugin, const char *name);
void esw_port_destroy(struct esw_port *port);
uint64_t esw_port_id(const struct esw_port *port);

/* Takes options as in Interface.options.  On a port that never had good ones, bad ones are EINVAL
 * with the reason in '*errp'.  On others they are reported in the status, and 0 is returned.
 * '*status_changed' says whether the status reads otherwise now. */
int esw_port_configure(struct esw_port *port, const struct esw_setting *settings, size_t n_settings,
                       bool *status_changed, char **errp);
void esw_port_get_config(const struct esw_port *port, esw_setting_func *set, void *aux);
void esw_port_get_status(const struct esw_port *port, esw_setting_func *set, void *aux);

/* What Open vSwitch wants of the network device, now and whenever one is attached. */
struct esw_link_wish {
    bool up;
    bool promiscuous;
    uint32_t mtu; /* 0: as it is. */
    bool has_mac;
    uint8_t mac[6];
};
/* Returns whether it is another wish than before. */
bool esw_port_set_wish(struct esw_port *port, const struct esw_link_wish *wish);

/* Network devices. */

/* Has the link of a port's device read on another thread; esw_plugin_run() tells it.  Main thread. */
void esw_link_read(struct esw_plugin *plugin, uint64_t port_id, uint32_t ifindex);

/* Has MTU and MAC of a port's device changed on another thread as it was wished last, and those of
 * IFF_UP and IFF_PROMISC that are in 'flags'.  What is refused is told in the status.  A reading that
 * is asked for after this is of the device as it is then.  What it was like before is put back when
 * the port goes.  Main thread. */
void esw_port_change_link(struct esw_port *port, uint32_t ifindex, unsigned int flags);

/* Whether flags are not changed yet, nor refused.  When a reading is told that was asked for after
 * the change, it says what came of it.  Any thread. */
bool esw_port_is_changing(const struct esw_port *port);

/* Waits for a second at most until what was asked for so far is done.  Any thread. */
void esw_plugin_finish_changes(struct esw_plugin *plugin);

/* Counters of a port's device.  They are read on another thread, for which these wait a few
 * milliseconds; when that is not enough they tell what was read last.  Any thread. */

/* Returns the number of the reading, which is greater than those of all before it; 0 when there is
 * none to tell. */
uint64_t esw_port_read_stats(struct esw_port *port, uint32_t ifindex, struct esw_link_stats *stats);

/* Of the counters of the driver, those of the vport. */
typedef void esw_counter_func(const char *name, uint64_t value, void *aux);
void esw_port_read_vport_counters(struct esw_port *port, uint32_t ifindex, esw_counter_func *add,
                                  void *aux);

/* Flows of the datapath.  Any thread, and none waits for the adapter: what these are told is done on
 * another thread, and esw_flow_get() says how far that is. */

/* The number by which the datapath knows the port, or UINT32_MAX for none.  Flows name ports by it. */
void esw_port_set_number(struct esw_port *port, uint32_t number);

/* Whether flows are to be in the adapter.  Those that are kept here are inserted or taken out. */
void esw_plugin_set_offload(struct esw_plugin *plugin, bool enabled);

/* Takes a flow, or another match and other actions for one that was taken before.  It is kept, and is
 * in the adapter whenever it can be, until esw_flow_delete() or esw_flow_flush().  All of it is
 * copied.  ENOMEM. */
int esw_flow_put(struct esw_plugin *plugin, const struct esw_ufid *ufid,
                 const struct esw_flow_match *match, const struct esw_flow_action actions[],
                 size_t n_actions);

/* ENOENT: there is no such flow. */
int esw_flow_delete(struct esw_plugin *plugin, const struct esw_ufid *ufid);

/* Deletes the flows whose 'in_port' has the number. */
void esw_flow_flush(struct esw_plugin *plugin, uint32_t number);

/* What the adapter has counted for a flow. */
struct esw_flow_stats {
    uint64_t packets, bytes;
    int64_t idle_ms;          /* Since the last packet was counted; -1: none was. */
    bool offloaded;           /* Now. */
    enum esw_refusal refusal; /* If not and if it is not about to be. */
};
int esw_flow_get(struct esw_plugin *plugin, const struct esw_ufid *ufid,
                 struct esw_flow_stats *stats);

/* Of the flows whose 'in_port' has the number: how many are kept, and how many of them are in the
 * adapter.  Open vSwitch adds up the ports. */
void esw_flow_count(struct esw_plugin *plugin, uint32_t number, uint64_t *n_flows,
                    uint64_t *n_offloaded);

/* How often flows were refused since the last call, by 'enum esw_refusal'.  Main thread. */
void esw_plugin_take_refusals(struct esw_plugin *plugin, uint64_t counts[ESW_N_REFUSALS]);

/* Commands. */

struct esw_command {
    const char *name;  /* "esw/show". */
    const char *usage; /* As ovs-appctl list-commands prints it. */
};

/* All commands, ended by one whose name is NULL.  They take any number of arguments. */
const struct esw_command *esw_plugin_commands(const struct esw_plugin *plugin);

/* Runs 'argv[0]'.  'reply' is called for 'conn' exactly once: from within, or from
 * esw_plugin_answer() or esw_plugin_stop().  Main thread. */
void esw_plugin_command(struct esw_plugin *plugin, int argc, const char *argv[], void *conn,
                        esw_reply_func *reply);

#ifdef __cplusplus
}
#endif

#endif /* ovs-plugin/plugin_abi.h */
