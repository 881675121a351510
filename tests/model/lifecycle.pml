/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of one eswitch of the manager, for spin: its queue, control lock, generation and block, a
 * provider that comes and goes, operations, and the tear-down. doc/threads.md says what it shows.
 *
 * Names are the code's. An atomic is what happens under one mutex; where it blocks, in wait(), the
 * mutex is free. Who is not notified sleeps on, so that a forgotten notification is a deadlock.
 *
 * Each name in an #ifdef is a mistake or a bound that tests/model/run-models chooses.
 */

#include "locks.pml"
#include "eswitch.pml"

/* ---- the threads ------------------------------------------------------------------------------- */

/* WorkQueue::run() */
proctype queue_thread() {
    mtype:outcome result;
    byte scratch;
    bool again, may_again = true;
    do
    :: atomic {
            running = TEAR_DOWN;
            do
            :: running == NOTHING -> wait(QUEUE, queue_changed); running = TEAR_DOWN
            :: running != NOTHING && !pending[running] -> running++
            :: running != NOTHING && pending[running] -> break
            od;
            running_fresh = fresh[running];
            running_obsolete = obsolete[running];
            take(running)
        }
        if
        :: running == TEAR_DOWN -> control_acquire_last(QUEUE, worker); tear_down(result);
            control_release(worker); break
        :: running == PROVIDERS -> sync_providers(QUEUE, worker, result, scratch)
        :: else ->
            control_acquire(QUEUE, worker, result);
            if
            :: result == acquired ->
                assert(!stamped(running) || !running_obsolete);  /* no stale item runs */
                if
                :: running == UNLOAD -> handle_unload(result)
                :: running == INSPECT -> handle_inspect(result, scratch)
                :: running == LOAD -> handle_load(result, scratch)
                :: running == LOAD && may_again -> again = true  /* kAgain */
                fi;
                control_release(worker)
            :: else
            fi
        fi;
        atomic {
            if
#ifdef REQUEUE_WITH_NEW_STAMP
            :: again -> push(running)
#else
            :: again && running_fresh -> push(running)
#endif
            :: else
            fi;
#ifndef REQUEUE_FOR_EVER
            may_again = may_again && !again;
#endif
            again = false;
            running = NOTHING; running_fresh = false; running_obsolete = false;
            notify_all(queue_changed)
        }
    od
}

#ifndef REQUESTS
#define REQUESTS 2
#endif
chan requests = [2] of { bit };  /* the mode that each wants */
byte answers;
bit last_request;

proctype requester() {
    if
    :: atomic { requests!SWITCHDEV; last_request = SWITCHDEV }
    :: atomic { requests!(!SWITCHDEV); last_request = !SWITCHDEV }
    fi
}

inline suspend() {
#ifdef RAISE_BEFORE_STOP
    atomic { raise_generation() }
    suspended = true;
#else
    suspended = true;
    atomic { raise_generation() }
#endif
    drain(OPERATION)
}

inline resume() {
    atomic {
        suspended = false;
#ifndef RESUME_WITHOUT_EVALUATING
        request_inspection();
        evaluate()
#endif
    }
}

/* An mlx5 device takes its RDMA device away for the change and makes another. */
inline change_mode(wanted_mode, result, scratch) {
    unload_rep();
    scratch = k_device;
    kernel_set_mode(wanted_mode);
#ifdef RESCAN_BY_QUEUE
    block_lend(operation, worker);
#elif !defined(RESCAN_WITHOUT_LENDING)
    block_lend(operation, rescan);
#endif
    if
    :: atomic { /* until the device is back, or not so long: it may come late */
            do
            :: wanted > scratch || closed -> break
            :: else -> wait(OPERATION, wanted_changed)
            od
        }
    :: true
    fi;
#ifdef RESCAN_BY_QUEUE
    provider > scratch || closed;
#else
    sync_providers(OPERATION, rescan, result, scratch);
#endif
    block_take_back(OPERATION, operation);
    scratch = 0
}

proctype operation_thread() {
    mtype:outcome result;
    bit wanted_mode;
    byte scratch;
    do
    :: answers == REQUESTS -> break
    :: atomic { requests?wanted_mode ->
            if
            :: nempty(requests) -> answers++; goto answered  /* superseded */
            :: empty(requests)
            fi
        }
        control_acquire_first(OPERATION, operation, result);
        if
        :: result == acquired ->
            suspend();
            block_acquire(OPERATION, operation, false, result);
            if
            :: result == acquired ->
                atomic { assert(!torn_down); make_obsolete() }
                if
                :: k_mode != wanted_mode -> change_mode(wanted_mode, result, scratch)
                :: else
                fi;
                atomic { mode = k_mode; evaluate() }
                block_release(operation)
            :: else
            fi;
            resume();
            control_release(operation)
        :: else
        fi;
        answers++;
answered:
        skip
    od
}

/* "esw events". One turn may stand for several messages of the kernel. */
proctype events_thread() {
    do
    :: atomic { !closed && k_said ->
            k_said = false;
            facts_port = k_port;
            news = true;
            request_inspection();
            evaluate()
        }
    :: atomic { !closed && wanted != k_device -> /* set_provider() */
            wanted = k_device;
            push(PROVIDERS);
            notify_all(wanted_changed)
        }
    :: closed -> break
    od
}

/* What happens meanwhile: one of these. */
bool others_done;

proctype others() {
    mtype:outcome result;
    if
    :: true
#ifdef OTHERS_SET_MODE
    :: kernel_set_mode(!k_mode)  /* by hand, and not announced */
#endif
#ifdef OTHERS_RELOAD
    :: k_device = NONE; atomic { k_made++; k_device = k_made }  /* mlx5_ib is loaded again */
#endif
#ifdef OTHERS_REGISTER
    :: block_acquire(FRONT, registration, true, result);  /* unregister_provider() */
        remove_provider();
        block_release(registration);
        block_acquire(FRONT, registration, false, result);  /* register_provider() */
        if
        :: result == acquired ->
            if
            :: provider == NONE && wanted != NONE -> install_provider(wanted)
            :: else  /* EBUSY */
            fi;
            block_release(registration)
        :: else
        fi
#endif
    fi;
    others_done = true
}

#define settled  (answers == REQUESTS && others_done && running == NOTHING && !pending[UNLOAD] && \
                  !pending[PROVIDERS] && !pending[INSPECT] && !pending[LOAD] && \
                  !k_said && wanted == k_device)
#define all_free (control_owner == nobody && block_owner == nobody && block_lent_to == nobody && \
                  empty(block_waiters))

init {
    atomic {
        run queue_thread(); run operation_thread(); run events_thread(); run others();
#if REQUESTS > 0
        run requester();
#endif
#if REQUESTS > 1
        run requester()
#endif
    }
#ifndef CLOSE_AT_ANY_TIME
    atomic { settled ->
        assert(all_free && !suspended && mode == k_mode && provider == k_device);
#ifndef OTHERS_SET_MODE
        assert(k_mode == last_request);
#endif
        /* No load is lost. */
        assert(k_mode == SWITCHDEV -> rep == loaded && rep_port == k_port : rep == unregistered)
    }
#endif
    /* close() */
    atomic {
        closed = true;
#ifndef CLOSE_WITHOUT_WAKING
        notify_all(wanted_changed)
#endif
    }
    atomic { control_shut = true; notify_all(control_changed) }
    atomic { block_shut = true; notify_all(block_changed) }
    atomic { raise_generation() }
    atomic { push(TEAR_DOWN); queue_closed = true }
    _nr_pr == 1;
    assert(torn_down && all_free && rep == unregistered && provider == NONE && answers == REQUESTS)
}
