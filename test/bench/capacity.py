"""What a router carries with more of the machine in its offering (Z40): each size is given to the router that stands, which is made anew for it.

By `cpu_percent` where the kernel can limit namespaces (cgroup v2's controller of processors), by `vcpus` in virtual machines.
"""
import pathlib
import statistics

import measure
from datapath import idle
from shell import sh, spawn, stop, wait_line

CLIENTS = 4  # at once: one alone asks for no more than one processor's work
PORT = 7010
SIZES = {"netns": [{"cpu_percent": 25}, {"cpu_percent": 50}, {"cpu_percent": 100}], "qemu": [{"vcpus": 1}, {"vcpus": 2}]}


def can_limit():
    mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line]
    return any("cpu" in pathlib.Path(mount, "cgroup.controllers").read_text().split() for mount in mounts)


def connections(guests, seconds):
    """Thousand a second, of all clients."""
    servers = [spawn(f"{measure.SERVER} {measure.NETTOOL} tcp-serve {PORT + i}", guests.server) for i in range(CLIENTS)]
    try:
        for server in servers:
            wait_line(server, "ready")
        ask = f"{measure.CLIENT} {measure.NETTOOL} tcp-crr {guests.address}"
        out = sh("".join(f"{ask} {PORT + i} {seconds} & " for i in range(CLIENTS)) + "wait", guests.client)
        return sum(float(line.split()[0]) for line in out.splitlines()) / 1e3
    finally:
        for server in servers:
            stop(server)


TESTS = {"TCP 4 streams, Gb/s": lambda guests, seconds: measure.sample("tcp4", guests, seconds), f"connections of {CLIENTS} clients, k/s": connections}


def text_of(size):
    return ", ".join(f"{name} {value}" for name, value in size.items())


def run(standing, options):
    """{variant: {size: {test: [samples]}}}; None of one that can't be limited here."""
    results = {}
    for name, sizes in SIZES.items():
        if name not in standing:
            continue
        results[name] = None if name == "netns" and not can_limit() else {}
        for size in sizes if results[name] is not None else []:
            standing[name].resize(**size)
            samples = results[name][text_of(size)] = {test: [] for test in TESTS}
            for _ in range(options.reps):
                for test, sample in TESTS.items():
                    idle(options.wait)
                    samples[test].append(sample(standing[name].ends(), options.seconds))
    return results


def print_table(results):
    for name, sizes in results.items():
        if sizes is None:
            print(f"capacity by offering, {name}: not measured, as this machine has no controller \"cpu\" of cgroup v2, which keeps cpu_percent")
            continue
        print(f"capacity by offering, {name}: median, in brackets the ratio to the smallest")
        for size, of in sizes.items():
            first = next(iter(sizes.values()))
            cells = [f"{statistics.median(of[test]):.3g} ({statistics.median(of[test]) / statistics.median(first[test]):.2f})" for test in TESTS]
            print(f"  {size:16s}" + "".join(f"{test}: {cell:16s}" for test, cell in zip(TESTS, cells)), flush=True)
