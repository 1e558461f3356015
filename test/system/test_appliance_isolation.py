"""Two tenants' routers on one machine: what happens to one is nothing to the other (Z11, Z12), and what one learns by BGP (docs/appliances.md).

The topology is that of appliance_pair.py with one machine, once for each tenant. The packets of a tenant are worked on by the processor that
sends them, so each tenant has a processor here: this kernel's control groups may lack the controller that would share one, and what
forwards packets is not in a machine's group anyway. What is left to share is tables, queues and locks.
"""
import json
import os
import subprocess

import pytest

from appliance_pair import Machine, Pair
from conftest import run, wait_until

STREAM_MBIT = 20
FALL = 0.05


class Router(Machine):
    """A machine by itself: it has its addresses always."""

    def document(self, revision, **more):
        body = super().document(revision, **more)
        del body["redundancy"]
        body["routes"] = []
        for nic in body["interfaces"]:
            nic.pop("virtual_mac_address", None)
            nic["addresses"] = nic.pop("virtual_addresses", None) or nic["addresses"]
        return {**body, **more}


class Tenant(Pair):
    def __init__(self, folder, number):
        super().__init__(folder, f"tenant{number}")
        self.cpu = number
        self.machines = [Router(self, "r", 1, 100)]
        self.router = self.machines[0]

    def bound(self, *words):
        return ("taskset", "-c", str(self.cpu), *words)

    def serve(self):
        self.popen("far", *self.bound("iperf3", "-s"), stdout=subprocess.DEVNULL)
        wait_until(lambda: ":5201 " in self.exec("far", "ss", "-ltn").stdout, what="far serves")

    def stream(self):
        """What arrives of a paced stream of three seconds, in Mbit/s, and how many of its packets are lost."""
        words = self.bound("iperf3", "-c", "203.0.113.1", "-u", "-l", "1000", "-b", f"{STREAM_MBIT}M", "-t", "3", "-J")
        end = json.loads(self.exec("g1", *words).stdout)["end"]["sum"]
        return end["bits_per_second"] * (1 - end["lost_percent"] / 100) / 1e6, end["lost_packets"]

    def flood(self):
        """As many small packets as its processor can send, each stream another connection to its router."""
        return self.popen("g2", *self.bound("iperf3", "-c", "203.0.113.1", "-u", "-l", "64", "-b", "0", "-P", "4", "-t", "60"), stdout=subprocess.DEVNULL)

    def forwarded(self):
        return self.router.get("counters")["interfaces"]["public"]["tx_packets"]


@pytest.fixture(scope="module")
def tenants(tmp_path_factory):
    both = [Tenant(tmp_path_factory.mktemp(f"tenant{number}"), number) for number in (0, 1)]
    try:
        yield [tenant.up() for tenant in both]
    finally:
        for tenant in both:
            tenant.down()


def streams_beside_a_flood(noisy, quiet):
    """The quiet tenant's stream (Mbit/s, packets lost) while nothing else is sent, and beside a flood."""
    before = quiet.stream()
    flood = noisy.flood()
    try:
        first = noisy.forwarded()
        wait_until(lambda: noisy.forwarded() > first + 20000, what="the flood is on its way")
        start = noisy.forwarded()
        during = quiet.stream()
        packets = noisy.forwarded() - start
    finally:
        flood.kill()
        flood.wait()
    print(f"flood of {packets / 3 / 1000:.0f} kpps: the other tenant's stream {before[0]:.2f} -> {during[0]:.2f} Mbit/s, {before[1]} and {during[1]} packets lost")
    return before, during


@pytest.mark.alone
@pytest.mark.skipif(os.cpu_count() < 2, reason="a tenant's processor can't be kept free on a machine with one")
def test_a_flood_stays_at_home(tenants):
    """Z12: a tenant floods its router; the other's stream falls by less than 5 % and loses no packet. Whatever else the machine does takes packets
    too, of a stream by itself as well: then it is tried again, and what the flood does it does each time."""
    noisy, quiet = tenants
    for tenant in tenants:
        tenant.serve()
    tries = []
    while len(tries) < 5:
        before, during = streams_beside_a_flood(noisy, quiet)
        tries.append((before, during))
        if before[1] == during[1] == 0 and before[0] > STREAM_MBIT * 0.95 and during[0] > before[0] * (1 - FALL):
            return
    pytest.fail(f"Mbit/s and packets lost of the stream by itself, and beside the flood: {tries}")


def test_a_router_dies_alone(tenants):
    """Z11: a router is killed: its tenant is without one, and the other loses nothing."""
    dying, other = tenants
    pings = [tenant.popen("g1", "ping", "-i", "0.01", "-c", "300", "-W", "2", "203.0.113.1", stdout=subprocess.PIPE, text=True) for tenant in tenants]
    dying.router.kill()
    said = [process.communicate()[0] for process in pings]
    assert " 0% packet loss" in said[1] and " 0% packet loss" not in said[0], said
    assert other.router.status()["status"] == "ACTIVE"


BGPD = """router bgp 65000
 bgp router-id 203.0.113.1
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 203.0.113.5 remote-as 65001
 neighbor 203.0.113.5 password s3cret
 neighbor 203.0.113.5 timers 1 3
 neighbor 203.0.113.5 timers connect 1
 neighbor fd00:f::5 remote-as 65001
 neighbor fd00:f::5 timers 1 3
 neighbor fd00:f::5 timers connect 1
 address-family ipv4 unicast
  network 198.51.100.0/24
 exit-address-family
 address-family ipv6 unicast
  neighbor fd00:f::5 activate
  network fd00:51::/64
 exit-address-family
"""


def test_bgp(tenants):
    """FRR in the router: it announces its networks with a password, its guests get where the neighbor says, and nowhere when that is silent."""
    tenant = tenants[1]
    folder = tenant.folder / "frr"
    folder.mkdir()
    (folder / "bgpd.conf").write_text(BGPD)
    tenant.exec("far", "ip", "address", "add", "fd00:f::1/64", "dev", "eth0", "nodad")
    peer = tenant.popen("far", "/usr/lib/frr/bgpd", "-S", "--no_zebra", "-f", folder / "bgpd.conf", "-i", folder / "pid", "--vty_socket", folder, "-P", "0",
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    session = {"remote_as": 65000, "keepalive_s": 1, "hold_s": 3}
    neighbors = [{"address": "203.0.113.1", "password": "s3cret", **session}, {"address": "fd00:f::1", **session}]
    bgp = {"local_as": 65001, "networks": ["10.0.0.0/24", "fd00:1::/64"], "neighbors": neighbors, "import": True}
    interfaces = tenant.router.document(2)["interfaces"]
    interfaces[1]["addresses"].append("fd00:f::5/64")
    assert not tenant.exec("g1", "ping", "-c", "1", "-W", "1", "198.51.100.1", check=False).stdout.count("bytes from")
    tenant.router.tell(2, routes=[], bgp=bgp, interfaces=interfaces)

    def show(what):
        return tenant.exec("far", "vtysh", "--vty_socket", folder, "-d", "bgpd", "-c", what, check=False).stdout
    wait_until(lambda: "10.0.0.0/24" in show("show bgp ipv4 unicast"), what="the neighbor has the router's network")
    wait_until(lambda: "fd00:1::/64" in show("show bgp ipv6 unicast"), what="and that of IPv6")
    wait_until(lambda: "198.51.100.0/24 via 203.0.113.1" in tenant.router.inside("ip", "route", "show", "proto", "bgp").stdout, what="the router has the neighbor's")
    wait_until(lambda: "fd00:51::/64 via fd00:f::1" in tenant.router.inside("ip", "-6", "route", "show", "proto", "bgp").stdout, what="and that of IPv6")
    inside = run("vtysh", "--vty_socket", f"/proc/{tenant.router.pid}/root/run/weft-appliance", "-d", "bgpd", "-c", "show bgp ipv4 unicast").stdout
    assert "*> 198.51.100.0/24" in inside
    assert tenant.exec("g1", "ping", "-c", "1", "-W", "2", "198.51.100.1", check=False).returncode == 0
    status = tenant.router.status()
    assert status["status"] == "ACTIVE" and status["daemons"]["bgpd"]["running"]
    peer.kill()
    wait_until(lambda: not any(tenant.router.inside("ip", family, "route", "show", "proto", "bgp").stdout for family in ("-4", "-6")), what="what a silent neighbor said is forgotten")
