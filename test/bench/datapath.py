"""The datapath table: every variant beside bare veth, in one run, in turn, medians.

A ratio is the median of the ratios of each repetition, whose samples stand side by side: on a machine that shares its CPUs
the drift between repetitions is larger than most differences between variants.
"""
import os
import statistics
import sys
import time

import measure
import variants
from shell import remove_all

# ratio to bare veth that weft has to reach: (path, test) -> ratio
TARGETS = {("same", "tcp4"): 0.90, ("same", "udp"): 0.90, ("same", "rr"): 0.94,
           ("cross", "tcp1"): 0.95, ("cross", "tcp4"): 0.70, ("cross", "udp"): 0.78, ("cross", "rr"): 0.79}
FIREWALL_TESTS = ["flows", "path", "known"]  # theirs, and of routing
AIM = {"same": 0.95, "cross": 0.85}


def idle(seconds=5):
    """Waits, within limits, until other processes leave the machine alone; returns their share of a CPU."""
    def busy():
        with open("/proc/stat") as stat:
            fields = [int(x) for x in stat.readline().split()[1:]]
        return sum(fields[:3]) + sum(fields[5:8])
    end = time.monotonic() + seconds
    while True:
        before = busy()
        time.sleep(0.2)
        share = (busy() - before) / (0.2 * os.sysconf("SC_CLK_TCK"))
        if share < 0.08 or time.monotonic() > end:
            return share


def tests(options):
    return options.tests or [test for test in measure.TESTS if test not in FIREWALL_TESTS]


def run(options):
    """Returns {mtu: {variant: {path: {test: [samples]}}}}."""
    results = {}
    for mtu in options.mtu:
        standing = {}
        try:
            for name in options.variants:
                standing[name] = variants.VARIANTS[name][1](f"{name.replace('weft-vxlan', 'wv')}{mtu % 97}", mtu)
                standing[name].check()
            results[mtu] = sample_all(standing, options)
        finally:
            remove_all()
        print_table(mtu, results[mtu], options)
    return results


def sample_all(standing, options):
    results = {name: {path: {test: [] for test in tests(options)} for path in options.paths} for name in standing}
    for repetition in range(options.reps):
        for path in options.paths:
            for test in tests(options):
                for name, variant in standing.items():
                    idle(options.wait)
                    try:
                        value = measure.sample(test, variant.ends(path), options.seconds)
                    except (RuntimeError, ValueError) as error:
                        print(f"{name} {path} {test}: {error}", file=sys.stderr)
                        value = None
                    results[name][path][test].append(value)
        print(f"  repetition {repetition + 1} of {options.reps} done", file=sys.stderr, flush=True)
    return results


def median(samples):
    samples = [sample for sample in samples if sample is not None]
    return statistics.median(samples) if samples else None


def ratio(results, name, path, test):
    limits = results.get("bare", {}).get(path, {}).get(test, [])
    return median([mine / limit for mine, limit in zip(results[name][path][test], limits) if mine and limit])


def verdict(path, test, value):
    target = TARGETS.get((path, test))
    if value is None:
        return "no figure"
    if target is None:
        return ""
    if value < target:
        return f"below {target:.2f}"
    return f"ok ({target:.2f})" if value < AIM[path] else f"ok, aim {AIM[path]:.2f}"


def print_table(mtu, results, options):
    print(f"\nDatapath, underlay MTU {mtu}: median of {options.reps}, in brackets the ratio to bare veth on the same path\n"
          "(the median of the repetitions' ratios)")
    width = max(len(variants.VARIANTS[name][0]) for name in results)
    for path in options.paths:
        print(f"\n{'same host' if path == 'same' else 'cross host':{width}s}"
              + "".join(f"{measure.TESTS[test][0]:>24s}" for test in tests(options)))
        for name in results:
            line = f"{variants.VARIANTS[name][0]:{width}s}"
            for test in tests(options):
                value, share = median(results[name][path][test]), ratio(results, name, path, test)
                cell = "-" if value is None else f"{value:.3g}" + (f" ({share:.2f})" if share else "")
                line += f"{cell:>24s}"
            print(line)
        for name in results:
            if name.startswith("weft") and mtu == 1500:
                line = f"{'  target: ' + name:{width}s}"
                print(line + "".join(f"{verdict(path, test, ratio(results, name, path, test)):>24s}" for test in tests(options)))
    sys.stdout.flush()
