#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether processes are at rest: no thread of theirs runs without end.

usage: quiet.py PID... -- COMMAND [ARGUMENT...]

COMMAND, which must not concern them, is run again and again. A thread had rest during one such run
when it sleeps before and after it, and the kernel has not switched it in or out in between
(proc(5), voluntary_ctxt_switches): so it was not on a CPU at all, however fast or busy the machine
is. A thread that has something to do now and then has rest during most runs, one that spins during
none. Succeeds when each thread has had rest ENOUGH times; fails, and names the others, after RUNS
runs. Processes that have ended are at rest.
"""

import os
import re
import subprocess
import sys

ENOUGH = 5
RUNS = 200


def read_thread(pid, tid):
    """Name of the thread, and what would differ if it had run; that is None while it runs."""
    with open(f"/proc/{pid}/task/{tid}/status", encoding="utf-8") as file:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    switches = tuple(fields[key] for key in fields if re.fullmatch(r"(non)?voluntary_ctxt_switches", key))
    return fields["Name"], switches if fields["State"][0] == "S" else None


def read_threads(pids):
    threads = {}
    for pid in pids:
        try:
            tids = os.listdir(f"/proc/{pid}/task")
        except FileNotFoundError:
            continue
        for tid in tids:
            try:
                threads[pid, tid] = read_thread(pid, tid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
    return threads


def main():
    end = sys.argv.index("--")
    pids, command = sys.argv[1:end], sys.argv[end + 1:]
    rests = {}
    for _ in range(RUNS):
        before = read_threads(pids)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = read_threads(pids)
        for thread, (_, switches) in before.items():
            if thread in after and switches and after[thread][1] == switches:
                rests[thread] = rests.get(thread, 0) + 1
        restless = {thread: name for thread, (name, _) in after.items() if rests.get(thread, 0) < ENOUGH}
        if not restless:
            return 0
    for (pid, tid), name in sorted(restless.items()):
        print(f"process {pid}: thread {tid} ({name}) had rest in {rests.get((pid, tid), 0)} of {RUNS} "
              "runs", file=sys.stderr)
    return 1


sys.exit(main())
