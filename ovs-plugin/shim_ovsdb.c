/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs-plugin/shim.h"

#include <string.h>

#include "lib/vswitch-idl.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(esw_ovsdb);

/* A session of our own with the database, for external_ids:esw-override of the
 * Open_vSwitch table: the daemon's own session leaves external_ids out. */

#define OVERRIDE_KEY "esw-override"

static struct ovsdb_idl *idl;
static struct ovsdb_idl_txn *txn; /* That is on its way, */
static char *sent;                /* with this value. */
static char *given_up;            /* A value that the database refuses, */
static unsigned int seqno;        /* as it was then, */
static long long int retry_at;    /* until it changes, or this time. */
#define RETRY_MSEC (10 * 1000)
static bool written = true;

void
shim_ovsdb_init(const char *remote)
{
    idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false, true);
    ovsdb_idl_add_table(idl, &ovsrec_table_open_vswitch);
    ovsdb_idl_add_column(idl, &ovsrec_open_vswitch_col_external_ids);
}

/* Returns whether the last transaction is over. */
static bool
finish_transaction(void)
{
    enum ovsdb_idl_txn_status status;

    if (!txn) {
        return true;
    }
    status = ovsdb_idl_txn_commit(txn);
    if (status == TXN_INCOMPLETE) {
        return false;
    }
    if (status != TXN_SUCCESS && status != TXN_UNCHANGED
        && status != TXN_TRY_AGAIN) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

        VLOG_WARN_RL(&rl, "external_ids:" OVERRIDE_KEY
                     "=\"%s\" could not be written, and would not outlive a "
                     "restart: %s (%s)", sent,
                     ovsdb_idl_txn_status_to_string(status),
                     ovsdb_idl_txn_get_error(txn));
        /* It would be refused again, by this database as it is. */
        free(given_up);
        given_up = xstrdup(sent);
        retry_at = time_msec() + RETRY_MSEC;
    }
    ovsdb_idl_txn_destroy(txn);
    txn = NULL;
    return true;
}

static void
write_overrides(const struct ovsrec_open_vswitch *row, const char *overrides)
{
    txn = ovsdb_idl_txn_create(idl);
    free(sent);
    sent = xstrdup(overrides);
    /* This key alone: others write theirs. */
    if (overrides[0]) {
        ovsrec_open_vswitch_update_external_ids_setkey(row, OVERRIDE_KEY,
                                                       overrides);
    } else {
        ovsrec_open_vswitch_update_external_ids_delkey(row, OVERRIDE_KEY);
    }
    finish_transaction();
}

void
shim_ovsdb_run(struct esw_plugin *plugin)
{
    const struct ovsrec_open_vswitch *row;
    const char *found;
    const char *wanted;
    bool idle;

    ovsdb_idl_run(idl);
    idle = finish_transaction();
    if (!ovsdb_idl_is_connected(idl) || seqno != ovsdb_idl_get_seqno(idl)
        || time_msec() >= retry_at) {
        seqno = ovsdb_idl_get_seqno(idl);
        free(given_up);
        given_up = NULL;
    }
    row = ovsdb_idl_has_ever_connected(idl) ? ovsrec_open_vswitch_first(idl)
                                            : NULL;
    if (!row) {
        return;
    }
    found = smap_get_def(&row->external_ids, OVERRIDE_KEY, "");
    wanted = esw_plugin_sync_overrides(plugin, found);
    written = idle && (!strcmp(found, wanted)
                       || (given_up && !strcmp(given_up, wanted)));
    if (!written && idle && ovsdb_idl_is_connected(idl)) {
        write_overrides(row, wanted);
    }
}

void
shim_ovsdb_wait(void)
{
    ovsdb_idl_wait(idl);
    if (txn) {
        ovsdb_idl_txn_wait(txn);
    }
    if (given_up) {
        poll_timer_wait_until(retry_at);
    }
}

void
shim_ovsdb_exit(void)
{
    if (txn) {
        ovsdb_idl_txn_destroy(txn);
        txn = NULL;
    }
    ovsdb_idl_destroy(idl);
    idl = NULL;
}

bool
shim_ovsdb_is_lost(void)
{
    return ovsdb_idl_has_ever_connected(idl) && !ovsdb_idl_is_connected(idl);
}

bool
shim_ovsdb_is_written(void)
{
    return written || !ovsdb_idl_is_connected(idl);
}
