"""The table of firewalls: what rules and members cost, beside nftables on a bridge and Open vSwitch, in one run, in turn, medians;
and how long it takes until a changed rule holds at all ports of a large group (firewall_change.py)."""
import statistics
import sys

import firewall_change
import measure
from datapath import idle
from firewall_variants import VARIANTS, cases as all_cases
from shell import remove_all

TESTS = ["tcp4", "rr", "crr", "flows"]
LATENCY = {"rr50": "request/response, median µs", "rr99": "request/response, 99 % in µs"}  # of the test rr
TITLES = {**{test: measure.TESTS[test][0] for test in TESTS}, **LATENCY}
SPREAD = 0.03       # what the number of rules and members may change
ESTABLISHED = 0.95  # of the throughput without a firewall
CONNECTIONS = 2     # times those of nftables


def cases(options):
    return [case for case in all_cases(options.members) if case.name in options.cases]


def run(options):
    """Returns {"paths": {variant: {case: {test: [samples]}}}, "change": …}."""
    try:
        names = [name for name in VARIANTS if name in options.firewalls]
        standing = {name: VARIANTS[name][1](f"fw{name[0]}", options.mtu[0]) for name in names}
        results = {name: {case.name: {test: [] for test in TITLES} for case in cases(options)} for name in names}
        for repetition in range(options.reps):
            for case in cases(options):
                for variant in standing.values():
                    variant.apply(case)
                    variant.check(case)
                for test in TESTS:
                    for name, variant in standing.items():
                        for figure, value in sample(name, variant, case, test, options).items():
                            results[name][case.name][figure].append(value)
            print(f"  repetition {repetition + 1} of {options.reps} done", file=sys.stderr, flush=True)
    finally:
        remove_all()
    print_table(results, options)
    change = firewall_change.run(options)
    return {"paths": results, "change": change}


def sample(name, variant, case, test, options):
    """What a test yields, by name; None: it has failed."""
    idle(options.wait)
    try:
        if test != "rr":
            return {test: measure.sample(test, variant.ends(), options.seconds)}
        rate, half, most = measure.round_trips(variant.ends(), "rr", options.seconds)
        return {"rr": rate / 1e3, "rr50": half, "rr99": most}
    except (RuntimeError, ValueError) as error:
        print(f"{name} {case.name} {test}: {error}", file=sys.stderr)
        return dict.fromkeys([test, *LATENCY] if test == "rr" else [test])


def median(samples):
    samples = [sample for sample in samples if sample is not None]
    return statistics.median(samples) if samples else None


def ratio(mine, theirs):
    """The median of the repetitions' ratios."""
    return median([a / b for a, b in zip(mine, theirs) if a and b])


def cell(value, share):
    return "-" if value is None else f"{value:.3g}" + (f" ({share:.2f})" if share else "")


def verdict(value, least, most=None):
    if value is None:
        return "no figure"
    within = value >= least and (most is None or value <= most)
    aim = f"{least:.2f}" if most is None else f"{least:.2f}…{most:.2f}"
    return f"{value:.2f} {'ok' if within else 'misses'} ({aim})"


def print_table(results, options):
    names = [case.name for case in cases(options)]
    print(f"\nFirewalls, two guests of one host, MTU {options.mtu[0]}: median of {options.reps}, in brackets the ratio to the same switch without a "
          "firewall\n(the median of the repetitions' ratios)")
    width = max(len(title) for title in [*(title for title, _ in VARIANTS.values()), *TITLES.values()])
    for test, title in TITLES.items():
        print(f"\n{title:{width}s}" + "".join(f"{name:>18s}" for name in names))
        for variant, own in results.items():
            print(f"{VARIANTS[variant][0]:{width}s}" + "".join(
                f"{cell(median(own[name][test]), None if name == 'off' else ratio(own[name][test], own['off'][test])):>18s}" for name in names))
    if "weft" in results:
        print_targets(results, names[1:])
    sys.stdout.flush()


def print_targets(results, names):
    own = results["weft"]
    print("\nweft, what is to be reached")
    for title, tests, value in (
            (f"to the case of 0 rules ± {SPREAD:.0%}", TESTS,
             lambda test, name: verdict(ratio(own[name][test], own["0 rules"][test]), 1 - SPREAD, 1 + SPREAD)),
            ("established, to no firewall", ["tcp4", "rr"], lambda test, name: verdict(ratio(own[name][test], own["off"][test]), ESTABLISHED)),
            ("connections, to nftables", ["crr", "flows"], lambda test, name: verdict(
                ratio(own[name][test], results["nft"][name][test]) if "nft" in results else None, CONNECTIONS))):
        for test in tests:
            print(f"  {title}: {TITLES[test]}: " + "; ".join(f"{name} {value(test, name)}" for name in names))
