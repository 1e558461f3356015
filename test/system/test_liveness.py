"""BFD between hosts: each knows within a second that another does not answer.

    [a] :h1 ═══ underlay ═══ h2: [b]        both have net1, so each watches the other
"""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

import pytest

import stalls
from conftest import labs, run, wait_until

SEND = """
import socket, sys
to, ttl, packet = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
v6 = ":" in to
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if v6 else (socket.IPPROTO_IP, socket.IP_TTL)), ttl)
s.sendto(packet, (to, 3784))
"""


@pytest.fixture(scope="module", params=[4, 6])
def pair(request):
    make = labs(request)
    lab = next(make)(underlay=request.param)
    lab.network("net1")
    lab.guest("a", 1, "net1")
    lab.guest("b", 2, "net1")
    yield lab
    next(make, None)


def peer(lab, host):
    """What the host says of the other one."""
    hosts = lab.agent(host, "status")["hosts"]
    assert len(hosts) == 1, hosts
    return hosts[0]


def test_hosts_watch_each_other(pair):
    for host in ("h1", "h2"):
        wait_until(lambda: peer(pair, host)["state"] == "up", what=f"{host} has heard of the other")


def test_a_silent_host_is_noticed(pair):
    """An agent that is stopped is taken for dead within a second, and for alive again when it goes on."""
    wait_until(lambda: peer(pair, "h1")["state"] == "up")
    pid = pair.pid("h2")
    os.kill(pid, signal.SIGSTOP)
    start = stalls.now()
    try:
        wait_until(lambda: peer(pair, "h1")["state"] == "down")
        took = stalls.worked(start)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert peer(pair, "h1")["diagnostic"] == "control-detection-time-expired"
    assert took < 1.0, f"noticed after {took:.2f} s"
    for host in ("h1", "h2"):
        wait_until(lambda: peer(pair, host)["state"] == "up", what="it goes on")


def down_packet(your_discriminator=0, **change):
    """What a neighbour that has just started sends, and any session believes."""
    fields = {"version": 0x20, "state": 1 << 6, "multiplier": 3, "length": 24, **change}
    return struct.pack("!BBBBIIIII", fields["version"], fields["state"], fields["multiplier"], fields["length"], 0x1234,
                       your_discriminator, 1000000, 200000, 0)


def discarded(lab, host):
    return lab.agent(host, "status")["bfd"]["discarded"]


def test_garbage_disturbs_nothing(pair):
    """Packets from behind a router, malformed ones and those of other sessions are counted, and the session stays up."""
    wait_until(lambda: peer(pair, "h1")["state"] == "up")
    to = pair.agent("h1", "status")["tunnel_ips"][0]
    bad = [(64, down_packet()), (254, down_packet()), (255, down_packet(version=0x40)), (255, down_packet(length=60)),
           (255, down_packet(state=1 << 6 | 4)), (255, down_packet(your_discriminator=1)), (255, b""), (255, b"\x20" * 23)]
    before = discarded(pair, "h1")
    for ttl, packet in bad:
        run("ip", "netns", "exec", pair.netns("h2"), sys.executable, "-c", SEND, to, ttl, packet.hex())
    wait_until(lambda: discarded(pair, "h1") >= before + len(bad), what="all are counted")
    assert peer(pair, "h1")["state"] == "up" and peer(pair, "h1")["since_s"] >= 0
    run("ip", "netns", "exec", pair.netns("h2"), sys.executable, "-c", SEND, to, 255, down_packet().hex())
    wait_until(lambda: peer(pair, "h1")["diagnostic"] == "neighbour-signalled-down", what="that one was good, and is believed")
    wait_until(lambda: peer(pair, "h1")["state"] == "up")


class Frr:
    """FRRouting's bfdd in the namespace of a host, with one peer."""

    def __init__(self, namespace, address):
        self.namespace, self.processes = namespace, []
        self.folder = tempfile.mkdtemp(prefix="weft-frr")
        with open(f"{self.folder}/bfdd.conf", "w") as file:
            file.write(f"bfd\n peer {address}\n  detect-multiplier 3\n  receive-interval 200\n  transmit-interval 200\n !\n!\n")
        open(f"{self.folder}/zebra.conf", "w").close()
        shutil.chown(self.folder, "frr", "frr")
        for name, more in (("zebra", []), ("bfdd", ["--bfdctl", f"{self.folder}/bfdd.sock"])):
            self.processes.append(subprocess.Popen(
                ["ip", "netns", "exec", namespace, f"/usr/lib/frr/{name}", "--vty_socket", self.folder, "-z", f"{self.folder}/zserv.api",
                 "-i", f"{self.folder}/{name}.pid", "-f", f"{self.folder}/{name}.conf", *more],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_until(lambda: os.path.exists(f"{self.folder}/{name}.vty"), what=f"{name} runs")

    def peer(self):
        out = run("ip", "netns", "exec", self.namespace, "vtysh", "--vty_socket", self.folder, "-c", "show bfd peers json").stdout
        return json.loads(out)[0]

    def end(self):
        for process in self.processes[::-1]:
            process.terminate()
            process.wait(10)
        shutil.rmtree(self.folder)


def test_frr_is_a_neighbour(pair):
    """FRR's bfdd at the place of the other agent: up, the agreed intervals, and each notices when the other is silent."""
    pair.stop("h2", kill=True)
    wait_until(lambda: peer(pair, "h1")["state"] == "down")
    frr = Frr(pair.netns("h2"), pair.agent("h1", "status")["tunnel_ips"][0])
    try:
        wait_until(lambda: peer(pair, "h1")["state"] == "up", what="h1 hears FRR")
        wait_until(lambda: frr.peer()["status"] == "up", what="FRR hears h1")
        wait_until(lambda: frr.peer()["remote-transmit-interval"] == 200, what="the poll sequence has ended")
        assert frr.peer()["remote-detect-multiplier"] == 3
        os.kill(pair.pid("h1"), signal.SIGSTOP)
        try:
            wait_until(lambda: frr.peer()["status"] != "up", what="FRR notices")
        finally:
            os.kill(pair.pid("h1"), signal.SIGCONT)
        wait_until(lambda: peer(pair, "h1")["state"] == "up" and frr.peer()["status"] == "up")
    finally:
        frr.end()
    wait_until(lambda: peer(pair, "h1")["state"] == "down", what="h1 notices")
    pair.start("h2")
    wait_until(lambda: peer(pair, "h1")["state"] == "up")


def test_no_network_in_common_no_session(pair):
    """Hosts that have no network in common do not watch each other."""
    pair.weft("lab", "remove", "b")
    for port in pair.json("port", "list", "--host", "h2"):
        pair.weft("port", "delete", port["id"])
    for host in ("h1", "h2"):
        wait_until(lambda: pair.agent(host, "status")["hosts"] == [], what="nobody to watch")
    pair.guest("b", 2, "net1")
    wait_until(lambda: peer(pair, "h1")["state"] == "up")
