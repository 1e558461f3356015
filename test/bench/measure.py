"""One sample of one figure between two guests. Client on CPU 0, server on CPU 1, except where said.

TCP uses cubic: with bbr and no fq qdisc, as some kernels have it by default, the kernel's pacing timers would be measured.
A request/response pair shares one CPU, so that the cost of the path shows and not the wake-up of another CPU.
"""
import contextlib
import dataclasses
import json
import os
import pathlib

from shell import sh, spawn, stop, wait_line

BUILD = pathlib.Path(os.environ.get("WEFT_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
NETTOOL = BUILD / "test/bench/nettool"
CLIENT, SERVER = "taskset -c 0", "taskset -c 1"


def tcp(guests, streams, seconds, client=CLIENT):
    """Gb/s received."""
    server = spawn(f"{SERVER} iperf3 -s -1 -p 5201 --forceflush", guests.server)
    try:
        wait_line(server, "listening")
        out = sh(f"{client} iperf3 -c {guests.address} -p 5201 -t {max(1, round(seconds))} -P {streams} -C cubic -J", guests.client, check=False)
        report = json.loads(out)
        if "error" in report:
            raise RuntimeError(report["error"])
        return report["end"]["sum_received"]["bits_per_second"] / 1e9
    finally:
        stop(server)


def tcp_on_one_cpu(guests, streams, seconds):
    """The same without waking the other CPU, which on virtual machines costs more than the path."""
    return tcp(guests, streams, seconds, SERVER)


def udp(guests, _, seconds):
    """Million 64-byte datagrams per second received while the sender sends all it can."""
    server = spawn(f"{SERVER} {NETTOOL} udp-receive 7000 {seconds + 0.7}", guests.server)
    try:
        wait_line(server, "ready")
        sh(f"{CLIENT} {NETTOOL} udp-send {guests.address} 7000 64 {seconds}", guests.client)
        return float(server.communicate(timeout=seconds + 10)[0]) / 1e6
    finally:
        stop(server)


def round_trips(guests, kind, seconds):
    """One byte each way, one transaction at a time: how many a second, and within how many microseconds 50 and 99 % of them were done."""
    server = spawn(f"{SERVER} {NETTOOL} tcp-serve 7001", guests.server)
    try:
        wait_line(server, "ready")
        out = sh(f"{SERVER} {NETTOOL} tcp-{kind} {guests.address} 7001 {seconds}", guests.client)
        return [float(word) for word in out.split()]
    finally:
        stop(server)


def transactions(guests, kind, seconds):
    """Thousand transactions per second."""
    return round_trips(guests, kind, seconds)[0] / 1e3


FLOWS_PORT = 7002
CONNECTIONS_PORT = 7003
SEGMENTS = 6  # of a connection that nettool plays, but for data
ROUNDS = 33   # exchanges of one whose known packets are measured


@dataclasses.dataclass
class Way:
    """From a guest to an address."""
    device: str
    mac: str  # of the next hop
    address: str  # its own


def way(netns, address):
    route = json.loads(sh(f"ping -c1 -W1 {address} >/dev/null; ip -j route get {address}", netns))[0]
    hop = json.loads(sh(f"ip -j neigh show {route.get('gateway', address)}", netns))[0]["lladdr"]
    return Way(route["dev"], hop, route["prefsrc"])


@contextlib.contextmanager
def arrivals(netns, match):
    """Drops what matches where it comes in, before the guest's stack; yields a function that says how much has come."""
    here = next(link["ifname"] for link in json.loads(sh("ip -j link show", netns)) if link["ifname"] != "lo")
    sh(f"nft 'add table netdev flows; add chain netdev flows arrived {{ type filter hook ingress device {here} priority 0; }}; "
       f"add rule netdev flows arrived {match} counter drop'", netns)

    def arrived():
        rules = json.loads(sh("nft -j list table netdev flows", netns))["nftables"]
        return next(e["counter"]["packets"] for rule in rules if "rule" in rule for e in rule["rule"]["expr"] if "counter" in e)
    try:
        yield arrived
    finally:
        sh("nft delete table netdev flows", netns)


def new_flows(guests, n, _):
    """Thousand new UDP flows per second, one datagram each, sent on one CPU; the server's end counts and drops them."""
    to = way(guests.client, guests.address)
    with arrivals(guests.server, f"udp dport {FLOWS_PORT}") as arrived:
        rate = sh(f"{CLIENT} {NETTOOL} udp-flows {to.device} {to.mac} {to.address} {guests.address} {FLOWS_PORT} {n}", guests.client)
        if arrived() < n:
            raise RuntimeError(f"only {arrived()} of {n} flows arrived")
    return float(rate) / 1e3


def play(guests, n, rounds):
    """Processor time in µs of each of n TCP connections with so many exchanges of a byte, without the guests' TCP; each segment must arrive."""
    to = way(guests.client, guests.address)
    back = way(guests.server, to.address)
    with arrivals(guests.server, f"tcp dport {CONNECTIONS_PORT}") as at_server, arrivals(guests.client, f"tcp sport {CONNECTIONS_PORT}") as at_client:
        us = sh(f"{CLIENT} {NETTOOL} tcp-connections {guests.client} {to.device} {to.mac} {to.address} "
                f"{guests.server} {back.device} {back.mac} {back.address} {guests.address} {CONNECTIONS_PORT} {n} {rounds}")
        came = at_server() + at_client()
    sent = n * (SEGMENTS + 2 * rounds)
    if came < sent:
        raise RuntimeError(f"{sent - came} of {sent} segments were lost")
    return float(us)


def path_connections(guests, n, _):
    """Thousand whole connections per second that a CPU plays through the path, one byte each way."""
    return 1e3 / play(guests, n, 1)


def path_packets(guests, n, _):
    """Million packets of known connections per second that a CPU plays through the path: what more exchanges take."""
    return 2 * (ROUNDS - 1) / (play(guests, n, ROUNDS) - play(guests, n, 1))


# name -> (what the figure is, function, its argument)
TESTS = {
    "tcp1": ("TCP 1 stream, Gb/s", tcp, 1),
    "tcp1cpu": ("TCP 1 stream, 1 CPU", tcp_on_one_cpu, 1),
    "tcp4": ("TCP 4 streams, Gb/s", tcp, 4),
    "udp": ("UDP 64 B, Mpps", udp, None),
    "rr": ("request/response, k/s", transactions, "rr"),
    "crr": ("connections, k/s", transactions, "crr"),
    "flows": ("new UDP flows, k/s", new_flows, 64 * 128),
    "path": ("connections of the path, k/s", path_connections, 64 * 128),
    "known": ("known packets of the path, M/s", path_packets, 8 * 128),
}


def sample(test, guests, seconds):
    _, function, argument = TESTS[test]
    return function(guests, argument, seconds)
