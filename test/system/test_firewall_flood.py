"""A flood of openings at a port, from addresses that do not answer.

    h1: evil, peer            h2: victim, other        net: 10.0.0.0/24, fd00::/64, project red
        └── edge ════════════════ edge ┘
evil has no port security. victim and other let TCP port 80 in. The flood has more openings than a port may have half open.
"""
import multiprocessing
import re
import socket
import statistics
import struct
import time

import pytest

from conftest import wait_until
from firewall_lab import Connection, Firewall
from packets import IP4, TCP, Wire, ethernet, inside, ip4

FLOOD_S = 2.5
HALF_OPEN = 4096  # of a port, unless the agent's configuration says otherwise
EVERYTHING_OUT = [{"direction": "egress", "version": 4}, {"direction": "egress", "version": 6}]


@pytest.fixture(scope="module")
def red(module_lab):
    red = Firewall(module_lab, "red", {"evil": 1, "peer": 1, "victim": 2, "other": 2})
    web = red.group("web", rules=EVERYTHING_OUT + [{"protocol": "tcp", "ports": (80, 80)}])
    for name in ("peer", "victim", "other"):
        red.set_groups(red[name], web)
    red.set_port(red["evil"], security_groups=[], port_security_enabled=False)
    return red


def metric(guest, name):
    text = guest.lab.agent(guest.host, "metrics")["text"]
    return int(re.search(rf'^{name}{{port="{guest.id}"[^}}]*}} (\d+)', text, re.MULTILINE)[1])


def send_openings(netns, frames, until, sent):
    with Wire(netns, "eth0") as wire:
        while time.monotonic() < until:
            wire.send(*frames)
            sent.value += len(frames)


class Flood:
    """SYNs to port 80, each from another address and port, as fast as one process sends."""

    def __init__(self, evil, victim, seconds):
        syn = struct.pack("!HHIIBBHHH", 0, 80, 1, 0, 0x50, 2, 65535, 0, 0)
        packets = (ip4(f"10.0.0.{100 + n % 100}", victim.ip[4], TCP, struct.pack("!H", 1024 + n) + syn[2:]) for n in range(3 * HALF_OPEN))
        frames = [ethernet(victim.port["mac_address"], evil.port["mac_address"], IP4, packet) for packet in packets]
        self.sent = multiprocessing.Value("Q", 0)
        self.process = multiprocessing.Process(target=send_openings,
                                               args=(evil.netns, frames, time.monotonic() + seconds, self.sent))
        self.process.start()

    def is_on(self):
        return self.process.is_alive()


def connect(source, to, deadline=3):
    """How long it takes to open a connection, in seconds."""
    with inside(source.netns):
        made = socket.socket()
    with made:
        made.settimeout(deadline)
        begin = time.monotonic()
        made.connect((to.ip[4], 80))
        return time.monotonic() - begin


def listen(guest):
    with inside(guest.netns):
        return socket.create_server((guest.ip[4], 80), backlog=4096)


def milliseconds(times):
    return f"median {statistics.median(times) * 1000:.1f} ms, most {max(times) * 1000:.1f} ms, of {len(times)}"


def test_a_flood_pushes_out_its_own(red):
    """Z8: what is established goes on, what is opened in earnest is opened, and other ports notice nothing but the load."""
    peer, victim, other = red["peer"], red["victim"], red["other"]
    old = Connection(peer, victim, 80)
    listeners = [listen(guest) for guest in (victim, other)]
    quiet = [connect(peer, victim) for _ in range(20)]
    flood = Flood(red["evil"], victim, FLOOD_S)
    wait_until(lambda: metric(victim, "weft_port_half_open_connections") >= HALF_OPEN, what="the flood fills the quota")
    times = {"victim": [], "other": []}
    begin, before = time.monotonic(), flood.sent.value
    while flood.is_on():
        times["victim"].append(connect(peer, victim))
        times["other"].append(connect(peer, other))
        assert old.works()
        assert metric(victim, "weft_port_half_open_connections") <= HALF_OPEN + 64  # those in the making on other CPUs
    rate = (flood.sent.value - before) / (time.monotonic() - begin)
    evicted = metric(victim, "weft_port_connections_evicted_total")
    print(f"\n{rate:.0f} openings/s; {evicted} evicted; to connect to the port: without the flood {milliseconds(quiet)}; "
          f"in it {milliseconds(times['victim'])}; to another port of the host {milliseconds(times['other'])}")
    assert evicted > 0 and min(len(times[name]) for name in times) >= 5
    assert metric(other, "weft_port_connections_evicted_total") == 0 == metric(other, "weft_port_half_open_connections")
    text = victim.lab.agent("h2", "metrics")["text"]
    assert 'weft_connections_refused_total{quota="port-half-open"} 0' in text
    assert int(re.search(r'weft_table_max{table="flows4"} (\d+)', text)[1]) == 262144
    wait_until(lambda: metric(victim, "weft_port_half_open_connections") == 0, 45, "what nobody answered goes in seconds")
    for listener in listeners:
        listener.close()


def test_hping3(red):
    """Z8: the same by hping3, from any address there is: no more are half open than may be, and who comes in earnest gets in."""
    peer, victim = red["peer"], red["victim"]
    old, listener = Connection(peer, victim, 80), listen(victim)
    evicted = metric(victim, "weft_port_connections_evicted_total")
    flood = red.lab.popen("red-evil", "hping3", "--syn", "--flood", "--rand-source", "--quiet", "--destport", "80", victim.ip[4])
    wait_until(lambda: metric(victim, "weft_port_connections_evicted_total") > evicted, what="the flood pushes out its own")
    for _ in range(5):
        assert metric(victim, "weft_port_half_open_connections") <= HALF_OPEN + 64
        connect(peer, victim)
        assert old.works()
    assert flood.poll() is None
    flood.terminate()
    flood.wait()
    listener.close()
