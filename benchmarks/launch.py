"""Runs commands for run.py and says what each has used, as lines of JSON.

A process of its own, and a small one: what a child is said to have had in memory at its peak begins
with what the process had that it was forked from.
"""

import json
import os
import resource
import select
import sys
import time


def run(command, folder, limit):
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
            os.chdir(folder)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    status, used = wait(pid, begun + limit)
    wall = time.monotonic() - begun
    return status, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def wait(pid, end):
    """Waits for the process, without looking again and again: the machine is its own meanwhile. What
    takes too long is killed, with its children."""
    ended = os.pidfd_open(pid)
    in_time, _, _ = select.select([ended], [], [], max(0, end - time.monotonic()))
    os.close(ended)
    if not in_time:
        os.killpg(pid, 9)
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status) if in_time else -9, used


for line in sys.stdin:
    print(json.dumps(run(*json.loads(line))), flush=True)
