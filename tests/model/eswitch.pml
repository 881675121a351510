/* SPDX-License-Identifier: Apache-2.0
 *
 * For lifecycle.pml: the kernel, WorkQueue, and Eswitch with its handlers.
 */

#define SWITCHDEV 1
#define NONE      0

/* ---- the kernel -------------------------------------------------------------------------------- */

bit k_mode = SWITCHDEV;
byte k_port = 1;    /* a representor: NONE, or which of the things that the kernel has made */
byte k_device = 1;  /* the RDMA device: likewise */
byte k_made = 1;
bool k_said;        /* it sent messages about ports that were not read yet */

inline kernel_set_mode(new_mode) {
    atomic { k_mode = new_mode; k_port = NONE; k_device = NONE; k_said = true }
    atomic { k_made++; k_device = k_made; k_port = (k_mode == SWITCHDEV -> k_made : NONE); k_said = true }
}

/* ---- WorkQueue: what is queued ----------------------------------------------------------------- */

/* For the proof: since it was queued, the mode was set, or what it is about torn down. */
bool obsolete[5], running_obsolete;

inline make_obsolete() {
    obsolete[INSPECT] = pending[INSPECT];
    obsolete[LOAD] = pending[LOAD];
    running_obsolete = stamped(running)
}

inline push(kind) {
    if
    :: queue_closed
    :: else ->
        pending[kind] = true; fresh[kind] = true; obsolete[kind] = false;
        notify_all(queue_changed)
    fi
}

inline take(kind) { pending[kind] = false; fresh[kind] = false; obsolete[kind] = false }

inline drop_if_stale(kind) {
    if
    :: pending[kind] && !fresh[kind] -> take(kind)
    :: else
    fi
}

inline drain(me) {
    atomic {
        drop_if_stale(INSPECT);
        drop_if_stale(LOAD);
        do
        :: stamped(running) && !running_fresh -> wait(me, queue_changed)
        :: else -> break
        od
    }
}

/* ---- Eswitch: one representor and one provider -------------------------------------------------- */

mtype:state = { unregistered, registered, loading, loaded };
mtype:state rep = unregistered;
byte rep_port;        /* what it was loaded from */
byte facts_port = 1;  /* what the kernel said last of k_port */
bool news;            /* it said something since begin_load() */
bit mode = SWITCHDEV;
byte provider;        /* the RDMA device whose provider is registered, or NONE */
byte wanted;          /* what set_provider() said last */
bool suspended, closed, torn_down, calling;

#define loadable  (mode == SWITCHDEV && facts_port != NONE)
#define elsewhere (rep == loaded && rep_port != facts_port)

inline set_base_state() {
    rep = (loadable && provider != NONE -> registered : unregistered);
    rep_port = NONE
}

inline evaluate() {
    if
    :: rep == unregistered || rep == registered -> set_base_state()
    :: else  /* looked at again when it is loaded */
    fi;
    if
    :: !suspended && !closed && rep == loaded && !loadable -> push(UNLOAD)
    :: !suspended && !closed && loadable && (rep == registered || elsewhere) -> push(LOAD)
    :: else
    fi
}

inline request_inspection() {
    if
    :: !suspended && !closed -> push(INSPECT)
    :: else
    fi
}

/* A callback of the provider: of one that is registered, and no two at a time. */
inline begin_callback() { assert(provider != NONE && !calling && !torn_down); calling = true }

/* With the block, as the next three. */
inline unload_rep() {
    if
    :: atomic { rep == loaded -> begin_callback() }
        atomic { calling = false; set_base_state() }
    :: else
    fi
}

inline remove_provider() {
    unload_rep();
    atomic { provider = NONE; set_base_state() }
}

inline install_provider(device) {
    atomic { assert(provider == NONE && rep != loaded); provider = device; evaluate() }
}

inline sync_providers(me, holder, result, device) {
    block_acquire(me, holder, false, result);
    if
    :: result == acquired ->
        device = wanted;
        if
        :: device != provider ->
            remove_provider();
            if
            :: device != NONE -> install_provider(device)
            :: else
            fi
        :: else -> atomic { evaluate() }  /* loads have let it alone since */
        fi;
        device = NONE;
        block_release(holder)
    :: else
    fi
}

/* ---- the handlers of queued work, under the control lock ---------------------------------------- */

inline handle_load(result, port) {
    atomic {
        news = false;
        if
        :: wanted != provider -> goto load_done  /* sync_providers() looks again */
        :: wanted == provider && !closed && provider != NONE && loadable && rep == registered -> rep = loading
        :: wanted == provider && !closed && provider != NONE && loadable && elsewhere
        :: else -> goto load_done
        fi
    }
    port = k_port;  /* asks the device again */
    block_acquire(QUEUE, worker, false, result);
    if
    :: result == acquired ->
        unload_rep();
        if
        :: atomic { (rep == loading || rep == registered) && port != NONE -> rep = loading; begin_callback() }
            atomic { calling = false; assert(rep == loading); rep = loaded; rep_port = port }
        :: atomic { (rep == loading || rep == registered) && port == NONE -> set_base_state() }
        :: else  /* unregistered meanwhile */
        fi;
        block_release(worker)
    :: else
    fi;
load_done:
    atomic {
        port = NONE;
        if
        :: news -> evaluate()
        :: else
        fi
    }
}

inline handle_unload(result) {
    block_acquire(QUEUE, worker, false, result);
    if
    :: result == acquired ->
        if
        :: !loadable || elsewhere -> unload_rep()
        :: else
        fi;
        block_release(worker);
        atomic { evaluate() }
    :: else
    fi
}

inline handle_inspect(result, read) {
    read = k_mode;
    block_acquire(QUEUE, worker, false, result);
    if
    :: result == acquired ->
        atomic {
            if
            :: read != mode && !closed ->
                raise_generation(); make_obsolete();
                mode = read;
                evaluate()
            :: else
            fi;
            read = 0
        }
        block_release(worker)
    :: else -> read = 0
    fi
}

inline tear_down(result) {
    block_acquire(QUEUE, worker, true, result);
    unload_rep();
    atomic { torn_down = true; make_obsolete(); provider = NONE; rep = unregistered; rep_port = NONE }
    block_release(worker)
}
