/* SPDX-License-Identifier: Apache-2.0
 *
 * For lifecycle.pml: condition variables, generations, ControlLock and RepBlock.
 */

/* ---- threads and condition variables ----------------------------------------------------------- */

#define QUEUE     0  /* "esw BUS:DEV.F", the thread of the work queue */
#define OPERATION 1  /* the executor of operations */
#define FRONT     2  /* one that registers and unregisters a provider itself */

mtype:condition = { awake, queue_changed, control_changed, block_changed, wanted_changed };
mtype:condition asleep[3] = awake;

#define wait(me, condition) asleep[me] = condition; asleep[me] == awake

inline notify_all(condition) {
    d_step {
        asleep[QUEUE] = (asleep[QUEUE] == condition -> awake : asleep[QUEUE]);
        asleep[OPERATION] = (asleep[OPERATION] == condition -> awake : asleep[OPERATION]);
        asleep[FRONT] = (asleep[FRONT] == condition -> awake : asleep[FRONT])
    }
}

/* ---- work that carries a generation ----------------------------------------------------------- */

/* WorkKind, in the order of running. One pending item of a kind stands for any number of them. */
#define TEAR_DOWN 0
#define UNLOAD    1
#define PROVIDERS 2
#define INSPECT   3
#define LOAD      4
#define NOTHING   5

#define stamped(kind) (kind == INSPECT || kind == LOAD)

bool pending[5], queue_closed;
byte running = NOTHING;

/* Generations: it only matters whether a stamp is the present one. */
bool fresh[5], running_fresh;

/* ---- ControlLock ------------------------------------------------------------------------------- */

mtype:outcome = { acquired, stale, canceled };
mtype:holder = { nobody, worker, operation, rescan, registration };

mtype:holder control_owner = nobody;
bool control_shut, operation_waits;

inline raise_generation() {
    fresh[INSPECT] = false; fresh[LOAD] = false; running_fresh = false;
#ifndef RAISE_WITHOUT_WAKING
    notify_all(control_changed)
#endif
}

/* For the running item; what carries no generation is never stale. */
#define is_stale (stamped(running) && !running_fresh)
#ifdef LOCK_BEFORE_CHECK
#define checked_stale false
#else
#define checked_stale is_stale
#endif

inline control_acquire(me, holder, result) {
    atomic {
        do
        :: control_shut -> result = canceled; break
        :: !control_shut && checked_stale -> result = stale; break
        :: !control_shut && !checked_stale && control_owner == nobody && !operation_waits ->
            control_owner = holder; result = acquired; break
        :: else -> wait(me, control_changed)
        od
    }
#ifdef LOCK_BEFORE_CHECK
    if
    :: result == acquired && is_stale -> control_release(holder); result = stale
    :: else
    fi
#endif
}

/* For operations: before all queued work. */
inline control_acquire_first(me, holder, result) {
    atomic {
        operation_waits = true;
        do
        :: control_shut -> result = canceled; break
        :: !control_shut && control_owner == nobody -> control_owner = holder; result = acquired; break
        :: else -> wait(me, control_changed)
        od;
        operation_waits = false;
        notify_all(control_changed)
    }
}

/* For the tear-down, after the shutdown. */
inline control_acquire_last(me, holder) {
    atomic {
        do
        :: control_owner == nobody -> control_owner = holder; break
        :: else -> wait(me, control_changed)
        od
    }
}

inline control_release(holder) {
    atomic { assert(control_owner == holder); control_owner = nobody; notify_all(control_changed) }
}

/* ---- RepBlock: waiters have it in the order in which they came ---------------------------------- */

mtype:holder block_owner = nobody, block_lent_to = nobody;
bool block_borrowed, block_shut;
chan block_waiters = [3] of { mtype:holder };

#define may_take(holder) (block_owner == nobody && block_waiters?[eval(holder)] || \
                          block_owner != nobody && block_lent_to == holder && !block_borrowed)
#define is_shut(always) (block_shut && !always)

/* acquire(), or acquire_always() for what a shutdown must not stop. */
inline block_acquire(me, holder, always, result) {
    atomic {
        assert(block_owner != holder && !(block_borrowed && block_lent_to == holder));  /* EDEADLK */
        block_waiters!holder;
        do
        :: is_shut(always) -> result = canceled; break
        :: !is_shut(always) && may_take(holder) ->
            result = acquired;
            if
            :: block_owner == nobody -> block_owner = holder
            :: else -> block_borrowed = true
            fi;
            break
        :: else -> wait(me, block_changed)
        od;
        block_waiters??eval(holder);
        notify_all(block_changed)
    }
}

inline block_release(holder) {
    atomic {
        if
        :: block_borrowed && block_lent_to == holder -> block_borrowed = false
        :: else -> assert(block_owner == holder && block_lent_to == nobody); block_owner = nobody
        fi;
        notify_all(block_changed)
    }
}

inline block_lend(holder, borrower) {
    atomic {
        assert(block_owner == holder && block_lent_to == nobody);
        block_lent_to = borrower;
        notify_all(block_changed)
    }
}

inline block_take_back(me, holder) {
    atomic {
        assert(block_owner == holder && block_lent_to != nobody);
        do
        :: block_borrowed -> wait(me, block_changed)
        :: else -> block_lent_to = nobody; break
        od
    }
}
