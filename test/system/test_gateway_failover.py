"""Gateways of routers move to another host and back, and what becomes of connections. Proves Z5, Z36.

    net1 10.1.0.0/24 ── r ── public (flat, 203.0.113.0/24) ── the world of outside.py
    h1: a, d (net1)     h2: b (net1)     h3: c (net1), not connected to the outside
"""
import functools
import struct
import time

import pytest

import bpf_maps
import footprint
import outside
from conftest import wait_until
from outside_cloud import Connection, clouds
from traffic import Ping


@pytest.fixture(scope="module")
def cloud(request):
    yield from clouds(request)


def active(cloud):
    """The hosts that `openstack network agent list --router r --long` has as the active ones."""
    agents = cloud.api.get(f"/v2.0/routers/{cloud.router['id']}/l3-agents").json["agents"]
    return [agent["host"] for agent in agents if agent.get("ha_state") == "active"]


@pytest.mark.alone
def test_wire_without_carrier(cloud):
    """The NIC of the gateway's host dies, and nothing else: the next one takes over within a second, and gives it back when the NIC has worked for a while."""
    first = cloud.gateway()["binding:host_id"]
    second = {"h1": "h2", "h2": "h1"}[first]
    wait_until(lambda: cloud.here(first) and all(h["state"] == "up" for n in ("h1", "h2", "h3") for h in cloud.lab.agent(n, "status")["hosts"]))
    pings = [Ping(cloud.lab.netns(name), outside.FAR, 0.01) for name in ("a", "b", "c")]
    wait_until(lambda: all(ping.answered() for ping in pings))
    for state, host in (("down", second), ("up", first)):
        cloud.world.ip("link", "set", first, state)
        if state == "up":  # what flaps stays where it is
            time.sleep(1)
            assert cloud.here(second)
            cloud.world.ip("link", "set", first, "down")
            cloud.world.ip("link", "set", first, "up")
        wait_until(lambda: cloud.here(host) and not cloud.here({first: second, second: first}[host]), what=f"{host} has the gateway")
        wait_until(lambda: active(cloud) == [host], what=f"{host} is shown as the active one")
        answered = [ping.answered() for ping in pings]
        wait_until(lambda: all(ping.answered() > before + 10 for ping, before in zip(pings, answered)), what="all are answered again")
    for ping in pings:
        ping.stop()
        assert ping.gap_s < 1, f"silent for {ping.gap_s:.2f} s"


class Announcements:
    """When a host said on its wire what addresses it has, by gratuitous ARP: a list of seconds, since 1970."""

    def __init__(self, cloud, host):
        self.process = cloud.lab.popen(host, "tcpdump", "-tt", "-n", "-l", "--immediate-mode", "-Z", "root", "-Q", "out", "-i", "ext0",
                                       "arp[6:2] == 1 and arp[14:4] == arp[24:4]")
        next(line for line in self.process.stdout if line.startswith("listening on"))

    def stop(self):
        self.process.terminate()
        return [float(line.split()[0]) for line in self.process.communicate()[0].splitlines() if "ARP" in line]


@pytest.mark.alone
def test_failover(cloud):
    """A gateway's host that is cut off from the others: the next one has the gateway within a second, without the controller. An underlay that comes
    and goes moves nothing back; one that stays does."""
    wait_until(lambda: cloud.pings("c", outside.FAR))
    first = cloud.gateway()["binding:host_id"]
    second = {"h1": "h2", "h2": "h1"}[first]
    wait_until(lambda: all(h["state"] == "up" for name in ("h1", "h2", "h3") for h in cloud.lab.agent(name, "status")["hosts"]))
    address, near = cloud.gateway_ip(), {"h1": "a", "h2": "b"}[first]
    cloud.lab.stop("weftd")
    ping = Ping(cloud.lab.netns("c"), outside.FAR, 0.01)
    wait_until(ping.answered)
    connection = Connection(cloud.lab, {"h1": "a", "h2": "b"}[second], outside.FAR, 7003)
    assert connection.asks("before") == "before"
    said = Announcements(cloud, first), Announcements(cloud, second)
    cloud.lab.exec(first, "ip", "link", "set", "uplink0", "down")
    wait_until(lambda: cloud.lab.agent(second, "status")["gateways"][0]["here"], what="the second host has it")
    answered = ping.answered()
    wait_until(lambda: ping.answered() > answered + 10, what="the outside answers again")
    ping.stop()
    assert cloud.pings(near, outside.FAR) and cloud.asks(near) == address  # on the host that is cut off, by its own wire
    wait_until(lambda: all(h["state"] == "down" and h["since_s"] >= 3 for h in cloud.lab.agent(first, "status")["hosts"]))
    before, after = (one.stop() for one in said)
    assert after and max(before, default=0) < min(after), (before, after)  # else the outside could go on to send to the first
    cloud.lab.start("weftd")
    cloud.lab.stop(second, kill=True)  # who is dead is remembered: it keeps what it took over
    cloud.lab.start(second)
    assert cloud.here(second) and cloud.pings("c", outside.FAR)
    assert connection.asks("after") == "after"  # another host's connection survives
    assert ping.gap_s < 1, f"silent for {ping.gap_s:.2f} s"
    ping = Ping(cloud.lab.netns("c"), outside.FAR, 0.01)
    for state in ("up", "down", "up"):
        cloud.lab.exec(first, "ip", "link", "set", "uplink0", state)
        heard = ["up" if state == "up" else "down"] * 2
        wait_until(lambda: [h["state"] for h in cloud.lab.agent(first, "status")["hosts"]] == heard, what=f"{first} notices that its uplink is {state}")
        wait_until(lambda: cloud.here(first) == (state == "down"), what="who is heard again gives way to who took over")
        assert cloud.here(second)
    ping.stop()
    assert ping.gap_s < 1, f"silent for {ping.gap_s:.2f} s"
    wait_until(lambda: not cloud.lab.agent(second, "status")["gateways"][0]["here"], what="the first one has it again")
    assert connection.asks("again") == "again"
    connection.close()
    wait_until(lambda: cloud.pings("c", outside.FAR))


def test_disabled_agent_gives_its_gateways_away(cloud):
    """Before maintenance: `openstack network agent set --disable` of a host's L3 agent moves its gateways; enabled again it takes none back."""
    def enable(host, state):
        [agent] = cloud.api.get("/v2.0/agents", agent_type="L3 agent", host=host).json["agents"]
        assert cloud.api.call("PUT", f"/v2.0/agents/{agent['id']}", {"agent": {"admin_state_up": state}}).status == 200
    first = cloud.gateway()["binding:host_id"]
    second = {"h1": "h2", "h2": "h1"}[first]
    wait_until(lambda: cloud.here(first) and cloud.pings("c", outside.FAR))
    ping = Ping(cloud.lab.netns("c"), outside.FAR, 0.01)
    wait_until(ping.answered)
    for host, other in ((first, second), (second, first)):
        enable(host, False)
        assert cloud.gateway()["binding:host_id"] == other
        wait_until(lambda: cloud.here(other) and not cloud.here(host) and active(cloud) == [other], what=f"{other} has the gateway")
        answered = ping.answered()
        wait_until(lambda: ping.answered() > answered + 10, what="the outside answers")
        enable(host, True)
        assert cloud.gateway()["binding:host_id"] == other
    enable(first, False), enable(second, False)  # somebody must have it
    wait_until(lambda: [cloud.here(first), cloud.here(second)].count(True) == 1, what="one has it")
    enable(second, True), enable(first, True)
    if cloud.gateway()["binding:host_id"] != first:  # as it was
        enable(second, False), enable(second, True)
    wait_until(lambda: cloud.here(first) and not cloud.here(second), what="it is as it was")
    ping.stop()


def test_taken_for_dead_in_error(cloud):
    """A host that hears the gateway's no more, but is heard, has the gateway for a while; then the wire goes back to the first at once."""
    first = cloud.gateway()["binding:host_id"]
    second = {"h1": "h2", "h2": "h1"}[first]
    wait_until(lambda: all(h["state"] == "up" for name in ("h1", "h2", "h3") for h in cloud.lab.agent(name, "status")["hosts"]))
    assert cloud.here(first) and not cloud.here(second)
    connection = Connection(cloud.lab, {"h1": "a", "h2": "b"}[second], outside.FAR, 7003)
    assert connection.asks("before") == "before"
    underlay = cloud.lab.exec(first, "ip", "-4", "-o", "address", "show", "dev", "uplink0").stdout.split()[3].split("/")[0]
    nft = functools.partial(cloud.lab.exec, second, "nft")
    nft("add table ip deaf; add chain ip deaf input { type filter hook input priority 0; }; "
        f"add rule ip deaf input ip saddr {underlay} udp dport 3784 drop")
    try:
        wait_until(lambda: cloud.here(second), what="the second host has it")
        assert cloud.here(first)  # it is alive, and knows nothing
        wait_until(lambda: cloud.world.behind(cloud.gateway()["mac_address"]) == second, what="the switch outside believes it")
        assert connection.asks("meanwhile") == "meanwhile"
    finally:
        nft("delete table ip deaf")
    wait_until(lambda: not cloud.here(second), what="the second host has it no more")
    wait_until(lambda: cloud.world.behind(cloud.gateway()["mac_address"]) == first, what="the switch outside knows it")
    wait_until(lambda: active(cloud) == [first], what="who gives it back says so")
    assert connection.asks("after") == "after"
    connection.close()


@pytest.mark.parametrize("name", ["a", "b"])
def test_connections_that_no_host_knows_are_reset(cloud, name):
    """On the gateway's host and on another: the guest hears of it, when a while has passed; what opens works."""
    def maps(table):
        return [pin for host in ("h1", "h2") for pin in footprint.map_pins(cloud.lab, host) if pin.name == table]

    def older(_, value):
        since, last = struct.unpack("QQ", value)
        return struct.pack("QQ", since - 6 * 10**9, last)
    connection = Connection(cloud.lab, name, outside.FAR, 7003)
    assert connection.asks("known") == "known"
    own = cloud.lab.exec(name, "ss", "-Htn", "state", "established", "dst", outside.FAR).stdout.split()[2]
    sport = struct.pack("!H", int(own.rpartition(":")[2]))
    for pin in maps("nats"):
        bpf_maps.edit(pin, lambda key, value: None)

    def noticed():  # what was decided a moment ago holds for a second
        connection.process.stdin.write("lost\n")
        connection.process.stdin.flush()
        return any(key[20:22] == sport for pin in maps("unknown_connections") for key, _ in bpf_maps.entries(pin, bpf_maps.about(pin)))
    wait_until(noticed, what="it is noticed", interval=0.2)
    assert connection.process.poll() is None
    for pin in maps("unknown_connections"):
        bpf_maps.edit(pin, older)
    wait_until(lambda: connection.process.poll() is not None, what="the connection has ended")
    assert cloud.asks(name) == cloud.gateway_ip()
