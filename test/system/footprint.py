"""What a host of a lab is made of, to compare before and after: nothing twice, nothing leaked, nothing lost."""
import ctypes
import errno
import json
import os
import pathlib
import re

from conftest import run

# What traffic fills, or a ring that has no entries to count.
TRANSIENT = {"flows4", "flows6", "connections", "connections_gone", "project_connections", "project_connections_gone", "embryos", "fragments",
             "port_cache", "sources", "drops", "punts", "steps", "log_events", "counters", "events", "limits", "stages", "rule_hits", "rooms",
             "learnt", "nats", "nats_made", "nats_gone", "translated_fragments", "owned_fragments", "judgements"}


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


def map_entries(lab, host):
    """Entries of each pinned map, with the id of the map: a new map in its place would be noticed."""
    found = {}
    for pin in sorted((lab.folder / host / "bpf").glob("maps-*/*")):
        if re.sub(r"-\d+$", "", pin.name) in TRANSIENT:
            continue
        about = output("bpftool", "-j", "map", "show", "pinned", pin)
        found[pin.name] = (about["id"], entries(pin, about))
    return found


def entries(pin, about):
    """Of a hash its keys; of an array, where all elements exist, those that are not zero."""
    if about["type"] == "array":
        return array_elements(pin, about["max_entries"], about["bytes_value"])
    return len(output("bpftool", "-j", "map", "dump", "pinned", pin))


def array_elements(pin, n, size):
    """By libbpf: bpftool takes seconds to write a large array."""
    libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    size = (size + 7) // 8 * 8
    fd, first, count = libbpf.bpf_obj_get(str(pin).encode()), ctypes.c_uint32(), ctypes.c_uint32(n)
    assert fd >= 0, f"{pin}: {os.strerror(ctypes.get_errno())}"
    values = ctypes.create_string_buffer(n * size)
    rc = libbpf.bpf_map_lookup_batch(fd, None, ctypes.byref(first), (ctypes.c_uint32 * n)(), values, ctypes.byref(count), None)
    os.close(fd)
    assert (rc == 0 or ctypes.get_errno() == errno.ENOENT) and count.value == n, f"{pin}: {os.strerror(ctypes.get_errno())}"
    raw, zeros = values.raw, bytes(size)
    return sum(raw[at:at + size] != zeros for at in range(0, n * size, size))


def map_text(lab, host):
    """What is stated in each map of a host, without blanks: to look for what should be in none. Flows are not, they are
    derived: of an epoch that is over they mean nothing, and age."""
    dumps = {pin.name: run("bpftool", "map", "dump", "pinned", pin).stdout
             for pin in (lab.folder / host / "bpf").glob("maps-*/*")
             if re.sub(r"-\d+$", "", pin.name) not in {"punts", "steps", "log_events", "judgements", "stages", "flows4", "flows6", "embryos"}}
    return {name: "".join(dump.split()).replace('"', "") for name, dump in dumps.items()}


def map_ids(lab, host):
    return {output("bpftool", "-j", "map", "show", "pinned", pin)["id"]
            for pin in (lab.folder / host / "bpf").glob("maps-*/*")}


def programs(lab, host):
    """Ids of the programs in the kernel that use this host's maps."""
    ids = map_ids(lab, host)
    return {one["id"] for one in output("bpftool", "-j", "prog", "show") if ids & set(one.get("map_ids", []))}


def pins(lab, host):
    top = lab.folder / host / "bpf"
    return sorted(re.sub(r"stages-\d+", "stages", str(p.relative_to(top))) for p in top.glob("*/*"))


def view(lab, host):
    """What the host knows; not since when, which a snapshot changes."""
    records = lab.agent(host, "view")["records"]
    return sorted(((r["kind"], r["id"], r["scope"], r["data"]) for r in records), key=lambda record: record[:2])


def footprint(lab, host):
    """All of it, but for the programs' ids, which each start changes."""
    return {"view": view(lab, host), "devices": devices(lab, host), "qdiscs": qdiscs(lab, host),
            "maps": map_entries(lab, host), "pins": pins(lab, host), "programs": len(programs(lab, host)),
            "state": sorted(p.name for p in (lab.folder / host / "state").iterdir())}


def mounts_below(folder):
    return [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f"{folder}/" in line]
