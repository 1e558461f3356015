"""The table of firewalls: what rules and members cost, beside nftables on a bridge and Open vSwitch, in one run, in turn, medians;
and how long it takes until a changed rule holds at all ports of a large group (firewall_change.py)."""
import sys

import firewall_change
import measure
from datapath import idle
from figures import median, own_cost, own_costs, ratio
from firewall_variants import VARIANTS, cases as all_cases
from shell import remove_all

TESTS = ["tcp4", "rr", "crr", "path", "known", "flows"]
LATENCY = {"rr50": "request/response, median µs", "rr99": "request/response, 99 % in µs"}  # of the test rr
PATH_COST = "a connection of the path, µs more than bare veth"
TITLES = {**{test: measure.TESTS[test][0] for test in TESTS}, **LATENCY}
SPREAD = 0.03       # what the number of rules and members may change
ESTABLISHED = 0.95  # of the throughput without a firewall
CONNECTIONS = 2     # times those of nftables


def cases(options):
    return [case for case in all_cases(options.members) if case.name in options.cases]


def tests(options):
    return [test for test in TESTS if test in (options.tests or TESTS)]


def run(options):
    """Returns {"paths": {variant: {case: {test: [samples]}}}, "change": …}. Cases of one test follow each other: the machine's speed drifts."""
    try:
        names = [name for name in VARIANTS if name in options.firewalls or name == "bare"]
        standing = {name: VARIANTS[name][1](f"fw-{name}", options.mtu[0]) for name in names}
        results = {name: {case.name: {test: [] for test in TITLES} for case in cases(options)} for name in names}
        for repetition in range(options.reps):
            for test in tests(options):
                for case in cases(options):
                    for name, variant in standing.items():
                        if test not in variant.tests:
                            continue
                        variant.apply(case)
                        variant.check(case)
                        for figure, value in sample(name, variant, case, test, options).items():
                            results[name][case.name][figure].append(value)
            print(f"  repetition {repetition + 1} of {options.reps} done", file=sys.stderr, flush=True)
    finally:
        remove_all()
    print_table(results, options)
    return {"paths": results, "change": firewall_change.run(options) if options.group else None}


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
    width = max(len(title) for title in [*(title for title, _ in VARIANTS.values()), *TITLES.values(), PATH_COST])
    for test, title in TITLES.items():
        if not any(own[names[0]][test] for own in results.values()):
            continue
        print(f"\n{title:{width}s}" + "".join(f"{name:>18s}" for name in names))
        for variant, own in results.items():
            if own[names[0]][test]:
                print(f"{VARIANTS[variant][0]:{width}s}" + "".join(
                    f"{cell(median(own[name][test]), None if name == 'off' else ratio(own[name][test], own.get('off', {}).get(test, []))):>18s}"
                    for name in names))
    if any(results["bare"][name]["path"] for name in names):
        print(f"\n{PATH_COST:{width}s}" + "".join(f"{name:>18s}" for name in names))
        for variant in (name for name in results if name != "bare"):
            print(f"{VARIANTS[variant][0]:{width}s}" + "".join(
                f"{cell(own_cost(results['bare'][name]['path'], results[variant][name]['path']), None):>18s}" for name in names))
    if "weft" in results:
        print_targets(results, names[1:])
    sys.stdout.flush()


def print_targets(results, names):
    own = results["weft"]
    print("\nweft, what is to be reached")
    for title, kinds, value in (
            (f"to the case of 0 rules ± {SPREAD:.0%}", TESTS,
             lambda test, name: verdict(ratio(own[name][test], own["0 rules"][test]), 1 - SPREAD, 1 + SPREAD)),
            ("established, to no firewall", ["tcp4", "rr", "known"], lambda test, name: verdict(ratio(own[name][test], own["off"][test]), ESTABLISHED)),
            ("connections, to nftables", ["crr", "path", "flows"], lambda test, name: verdict(
                ratio(own[name][test], results["nft"][name][test]) if "nft" in results else None, CONNECTIONS)),
            ("connections, to nftables at both ports", ["crr", "path", "flows"], lambda test, name: verdict(
                ratio(own[name][test], results["nft2"][name][test]) if "nft2" in results else None, CONNECTIONS)),
            ("cost of nftables, more than bare veth, to that of weft", ["path"], lambda test, name: verdict(
                costs(results, "nft", name), CONNECTIONS))):
        for test in kinds:
            if not any(own[name][test] for name in names):
                continue
            print(f"  {title}: {TITLES[test]}: " + "; ".join(f"{name} {value(test, name)}" for name in names))


def costs(results, than, case):
    """How many times what weft's path costs another's does."""
    samples = (results.get(name, {}).get(case, {}).get("path", []) for name in ("bare", "weft", than))
    return own_costs(*samples)[1]
