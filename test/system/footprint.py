"""What a host of a lab is made of, to compare before and after: nothing twice, nothing leaked, nothing lost."""
import json
import pathlib
import re

import bpf_maps
from conftest import run, wait_until

# What traffic fills, or a ring that has no entries to count.
TRANSIENT = {"flows4", "flows6", "connections", "connections_gone", "project_connections", "project_connections_gone", "embryos", "fragments",
             "port_cache", "sources", "drops", "punts", "steps", "log_events", "counters", "events", "limits", "stages", "rule_hits", "rooms",
             "learnt", "nats", "nats_made", "nats_gone", "nat_cursors", "nat_embryos", "nat_lines", "verdicts4", "verdicts6", "verdict_lines", "translated_fragments", "owned_fragments", "unknown_connections", "judgements"}


def output(*words):
    return json.loads(run(*words).stdout or "[]")


def devices(lab, host):
    """Devices of the host: what the kernel has of each, and the filters of the edge switch on it."""
    netns, found = lab.netns(host), {}
    for link in output("ip", "-n", netns, "-j", "-d", "address"):
        name = link["ifname"]
        filters = run("tc", "-n", netns, "filter", "show", "dev", name, "ingress").stdout
        addresses = sorted(a["local"] for a in link["addr_info"])
        found[name] = (link["ifindex"], link["mtu"], link["operstate"], addresses, filters.count("direct-action"))
    return found


def qdiscs(lab, host):
    return sorted((q["dev"], q["kind"]) for q in output("tc", "-n", lab.netns(host), "-j", "qdisc", "show"))


def map_pins(lab, host):
    """The pins of maps; programs and what build they are of are pinned beside them."""
    return sorted(pin for pin in (lab.folder / host / "bpf").glob("maps-*/*") if not re.match("program-|build-", pin.name))


def map_entries(lab, host):
    """Entries of each pinned map, with the id of the map: a new map in its place would be noticed."""
    found = {}
    for pin in map_pins(lab, host):
        if re.sub(r"-\d+$", "", pin.name) in TRANSIENT:
            continue
        info = bpf_maps.about(pin)
        found[pin.name] = (info["id"], stated(pin, info))
    return found


def stated(pin, info):
    """Of a hash the number of its keys; of an array, where all elements exist, of those that are not zero."""
    return sum("array" not in info["type"] or any(value) for _, value in bpf_maps.entries(pin, info))


def maps_with(lab, host, *wanted):
    """The maps of a host in which any of these bytes are. Not flows: they are derived, mean nothing once their epoch is over,
    and age; nor the room in which a program works on its packet."""
    found, derived = [], {"punts", "steps", "log_events", "judgements", "stages", "flows4", "flows6", "embryos", "rooms"}
    for pin in map_pins(lab, host):
        if re.sub(r"-\d+$", "", pin.name) in derived:
            continue
        if any(one in key or one in value for key, value in bpf_maps.entries(pin, bpf_maps.about(pin)) for one in wanted):
            found.append(pin.name)
    return found


def map_ids(lab, host):
    return {bpf_maps.about(pin)["id"] for pin in map_pins(lab, host)}


def programs(lab, host):
    """Ids of the programs in the kernel that use this host's maps."""
    ids = map_ids(lab, host)
    return {one["id"] for one in output("bpftool", "-j", "prog", "show") if ids & set(one.get("map_ids", []))}


def pins(lab, host):
    top = lab.folder / host / "bpf"
    return sorted(re.sub(r"(stages|build)-[0-9a-f]+", r"\1", str(p.relative_to(top))) for p in top.glob("*/*"))


def view(lab, host):
    """What the host knows; not since when, which a snapshot changes."""
    records = lab.agent(host, "view")["records"]
    return sorted(((r["kind"], r["id"], r["scope"], r["data"]) for r in records), key=lambda record: record[:2])


def state(lab, host):
    """The files of its state; None while one is being written beside the old, or was left so."""
    names = sorted(p.name for p in (lab.folder / host / "state").iterdir())
    return None if any(re.search(r"\.\w{6}$", name) for name in names) else names


def footprint(lab, host):
    """All of it, but for the programs' ids, which each start changes."""
    return {"view": view(lab, host), "devices": devices(lab, host), "qdiscs": qdiscs(lab, host),
            "maps": map_entries(lab, host), "pins": pins(lab, host), "programs": len(programs(lab, host)),
            "state": wait_until(lambda: state(lab, host), what=f"no file of {host}'s state is left half written")}


def mounts_below(folder):
    return [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f"{folder}/" in line]
