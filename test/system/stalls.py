"""Whether the machine itself stood still while a test measured.

A machine that others use too gives its processors to nobody for 100 ms now and then, and all that runs there stands still. What weft promises in
seconds it promises on a machine that works: so time is counted without the stalls, and a rate is measured again if there were any. On
a machine without stalls nothing is taken off and nothing is repeated; what is too slow by itself is so in each try.

    begin = now()
    …
    assert worked(begin) < 1
"""
import json
import os
import subprocess
import sys
import time

import pytest

# A thread on each processor sleeps a moment and looks how long that was. A line in asks for all that was seen; the answer waits until each
# thread has been awake since, so a stall that goes on is in it. It is a process of its own: a thread of ours would wait for Python's lock as well.
PROGRAM = """
import json, os, sys, threading, time
TICK, LATE = 0.005, 0.02
beats, seen, awake = {}, [], threading.Condition()
def watch(processor):
    os.sched_setaffinity(0, {processor})
    last = time.time()
    while True:
        time.sleep(TICK)
        now = time.time()
        with awake:
            if now - last > TICK + LATE:
                seen.append((last + TICK, now))
            beats[processor] += 1
            awake.notify()
        last = now
for processor in os.sched_getaffinity(0):
    beats[processor] = 0
for processor in list(beats):
    threading.Thread(target=watch, args=(processor,), daemon=True).start()
for _ in sys.stdin:
    with awake:
        then = dict(beats)
        awake.wait_for(lambda: all(beats[processor] > then[processor] + 1 for processor in beats))
        print(json.dumps(seen), flush=True)
"""
watcher = None


def ask():
    """The stalls so far, of all processors: [[begin, end] …] in seconds since 1970."""
    global watcher
    if not watcher or watcher.poll() is not None:
        watcher = subprocess.Popen([sys.executable, "-S", "-c", PROGRAM], env={**os.environ, "LD_PRELOAD": ""}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    watcher.stdin.write("\n")
    watcher.stdin.flush()
    return json.loads(watcher.stdout.readline())


def now():
    """Seconds since 1970; from here on stalls are noticed."""
    ask()
    return time.time()


def within(stalls, begin, end):
    """For how long of this time one processor at least stood still."""
    total, until = 0, begin
    for first, last in sorted(stalls):
        total += max(0, min(last, end) - max(first, until))
        until = max(until, min(last, end))
    return total


def worked(begin, end=None):
    """How much of the time since `begin`, which now() gave, the machine worked."""
    end = end or time.time()
    return end - begin - within(ask(), begin, end)


def longest_gap(times):
    """The longest time between two of them in which nothing came though the machine worked."""
    stalls = ask()
    gaps = [(after - before - within(stalls, before, after), after - before) for before, after in zip(times, times[1:])]
    gap, with_stalls = max(gaps, default=(0, 0))
    if with_stalls > gap:
        print(f"{with_stalls:.3f} s without an answer, in {with_stalls - gap:.3f} s of which the machine stood still")
    return gap


def measured(measure, holds, tries=3):
    """What measure() gives, for which holds() is true. If it is not, and the machine stood still meanwhile, it is measured again."""
    found = []
    for _ in range(tries):
        begin = now()
        figure = measure()
        if holds(figure):
            return figure
        end = time.time()
        found.append((figure, round(within(ask(), begin, end), 3)))
        if not found[-1][1]:
            break
    pytest.fail(f"measured, and seconds of it in which the machine stood still: {found}")
