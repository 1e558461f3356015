"""What a full table of connections costs: memory of an entry, and the time of a packet, with few and with a million of them.

    a ── pa ┐
            ├ the edge switch, driven by edge_tool: no agent        a sends to b; all connections are a's
    b ── pb ┘
The packet of another connection each time: what it needs of the table is in no cache.
"""
import os
import re
import sys

from measure import BUILD
from shell import folder, namespace, remove_all, sh
from packet import udp_frame

TOOL = BUILD / "test/bpf/edge_tool"
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
ADDRESSES = ("10.0.0.1", "10.0.0.2")
FEW = 16
RUNS = 20000


def host():
    """A host with two guests' devices; what edge_tool is told first."""
    netns = namespace("table")
    words = ["network 100 1400 - -"]
    for device, mac, address in zip(("pa", "pb"), MACS, ADDRESSES):
        sh(f"ip link add {device} type veth peer name g{device}; ip link set {device} up; ip link set g{device} up", netns=netns)
        words += [f"port {device} veth 100 {mac} 1 {mac},{address}/32", f"endpoint 100 {mac} {device}", f"neighbour 100 {address} {mac}"]
    return netns, words


def run(options):
    """Returns {"entries", "bytes", "few": {ns, p99}, "many": {…}}."""
    try:
        result = measure_table(options)
    finally:
        remove_all()
    print_table(result)
    return result


def measure_table(options):
    netns, words = host()
    frame = udp_frame(*MACS, *ADDRESSES).hex()
    size = 1 << (options.connections - 1).bit_length()
    pins = folder("table")
    words += [f"fill pa {frame} {FEW}", f"spread pa {frame} {FEW} {RUNS}", f"cost pa {frame}",
              f"fill pa {frame} {options.connections}", f"spread pa {frame} {options.connections} {RUNS}", f"cost pa {frame}"]
    printed = sh(f"{TOOL} {pins}/bpf; {TOOL} {pins}/bpf destroy", netns, stdin="\n".join(words) + "\n",
                 env=dict(os.environ, WEFT_FLOW_ENTRIES=str(2 * size)))
    filled = re.findall(r"(\d+) connections, (\d+) bytes each", printed)
    spread = [dict(zip(("ns", "p99_ns"), map(int, pair))) for pair in re.findall(r"(\d+) ns, 99 of 100 below (\d+) ns", printed)]
    same = [int(ns) for ns in re.findall(r"^(\d+) ns$", printed, re.MULTILINE)]
    if len(filled) != 2 or len(spread) != 2 or len(same) != 2:
        raise RuntimeError(f"edge_tool said: {printed}")
    return {"entries": int(filled[1][0]), "bytes": int(filled[1][1]), "few": {**spread[0], "same_ns": same[0]},
              "many": {**spread[1], "same_ns": same[1]}}


def print_table(result):
    print(f"\nThe table of flows with {result['entries']:,} connections: {result['bytes']} bytes each, "
          f"{result['bytes'] * result['entries'] / 2**20:.0f} MiB")
    print(f"{'a packet, ns':32s}{f'{FEW} connections':>20s}{'all':>20s}")
    for title, key in (("of one connection (in caches)", "same_ns"), ("of any, median", "ns"), ("of any, 99 of 100 below", "p99_ns")):
        print(f"{title:32s}{result['few'][key]:20d}{result['many'][key]:20d}")
    sys.stdout.flush()
