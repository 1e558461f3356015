"""Trunks that hosts wire: guests that reach subports by VLAN tags, on one host and across two.

    h1: a ── untagged: net        h2: b ── untagged: net
        ├── VLAN 10: web 10.1.0.0/24  ├── VLAN 20: web          net: 10.0.0.0/24
        └── edge ═══════════════ edge ┘   c ── web, a port of its own
"""
import os
import select
import struct

import pytest

from conftest import wait_until
from firewall_lab import passes, refused, tcp
from packets import ICMP, Wire, checksum, ip4, mac_bytes
from vlan import Vlan, open_tap


def echo(source, destination):
    """An ICMP echo request in an IPv4 packet."""
    icmp = struct.pack("!BBHHH", 8, 0, 0, 7, 7) + bytes(40)
    return ip4(source, destination, ICMP, icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:])


def frames(tap):
    """What has come to the guest's end of a tap."""
    while select.select([tap], [], [], 0)[0]:
        yield os.read(tap, 65536)


class Sub:
    """A subport, as firewall_lab's functions know guests: its guest's namespace, its addresses, its drops."""

    def __init__(self, bed, guest, host, port, tag):
        self.bed, self.name, self.host, self.port, self.tag = bed, f"{guest}.{tag}", host, port, tag
        self.id, self.netns = port["id"], bed.lab.netns(guest)
        self.ip = {4: bed.lab.address(port)}
        self.vlan = Vlan(self.netns, "eth0", tag, f"vlan{tag}", port["mac_address"])
        self.vlan.ip("address", "add", self.ip[4] + "/24", "dev", f"vlan{tag}")

    def state(self):
        return self.bed.lab.agent(self.host, "ports", port=self.id)["ports"][0]

    def drops(self):
        reasons = self.state()["drop_reasons"]
        return {"ingress": reasons.get("denied-ingress", 0), "egress": reasons.get("denied-egress", 0), **reasons}


class Bed:
    def __init__(self, lab):
        self.lab, self.api = lab, lab.api()
        self.net = self.network("net", "10.0.0.0/24")
        self.web = self.network("web", "10.1.0.0/24")
        lab.guest("a", 1, "net")
        lab.guest("b", 2, "net")
        lab.guest("c", 2, "web")
        self.parents = {name: self.port_named(name) for name in ("a", "b")}
        self.trunks = {name: self.api.make("trunk", name=f"t{name}", port_id=port["id"]) for name, port in self.parents.items()}
        self.group = self.make("security-group", name="all")["id"]
        for version in (4, 6):
            self.make("security-group-rule", security_group_id=self.group, direction="ingress", ethertype=f"IPv{version}")
        for name in ("a", "b", "c"):
            self.call("PUT", f"/v2.0/ports/{self.port_named(name)['id']}", {"port": {"security_groups": [self.group]}})
        self.subs = {"a": self.sub("a", "h1", 10), "b": self.sub("b", "h2", 20)}

    def make(self, kind, **attributes):
        return self.call("POST", f"/v2.0/{kind}s", {kind.replace("-", "_"): attributes})[kind.replace("-", "_")]

    def network(self, name, cidr):
        network = self.api.make("network", name=name)
        self.api.make("subnet", network_id=network["id"], cidr=cidr, ip_version=4)
        return network

    def port_named(self, name):
        return self.api.get("/v2.0/ports", name=name).json["ports"][0]

    def call(self, method, path, body=None):
        answer = self.api.call(method, path, body)
        assert answer.status in (200, 201, 204), answer.text
        self.lab.weft("wait", "revision", answer.headers["X-Weft-Revision"])
        return answer.json if answer.text else None

    def add(self, name, port, tag):
        item = {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": tag}
        return self.call("PUT", f"/v2.0/trunks/{self.trunks[name]['id']}/add_subports", {"sub_ports": [item]})

    def remove(self, name, port):
        return self.call("PUT", f"/v2.0/trunks/{self.trunks[name]['id']}/remove_subports", {"sub_ports": [{"port_id": port["id"]}]})

    def sub(self, name, host, tag, **attributes):
        port = self.api.make("port", name=f"sub-{name}", network_id=self.web["id"], security_groups=[self.group], **attributes)
        self.add(name, port, tag)
        self.expect(name, "ACTIVE")
        return Sub(self, name, host, port, tag)

    def port(self, port):
        return self.api.get(f"/v2.0/ports/{port['id']}").json["port"]

    def expect(self, name, status):
        trunk = f"/v2.0/trunks/{self.trunks[name]['id']}"
        wait_until(lambda: self.api.get(trunk).json["trunk"]["status"] == status, what=f"the trunk of {name} is {status}")


@pytest.fixture(scope="module")
def bed(module_lab):
    bed = Bed(module_lab)
    yield bed
    for sub in bed.subs.values():
        sub.vlan.close()


def test_traffic(bed):
    """Across hosts, to a port without a trunk, and beside the parents'; each is counted where it belongs."""
    lab, a, b = bed.lab, bed.subs["a"], bed.subs["b"]
    before = {sub.name: sub.state()["counters"] for sub in (a, b)}
    for source, address in (("a", b.ip[4]), ("b", a.ip[4]), ("a", lab.address(bed.port_named("c"))), ("c", a.ip[4]), ("c", b.ip[4]),
                            ("a", lab.address(bed.parents["b"])), ("b", lab.address(bed.parents["a"]))):
        wait_until(lambda: lab.pings(source, address), what=f"{source} reaches {address}")
    for sub in (a, b):
        now = sub.state()
        assert now["counters"]["rx_packets"] > before[sub.name]["rx_packets"] and now["counters"]["tx_packets"] > before[sub.name]["tx_packets"]
        assert (now["device"], now["segmentation_id"], now["wired"]) == (f"v-{sub.name[0]}", sub.tag, True)
        port = bed.port(sub.port)
        assert (port["status"], port["binding:host_id"], port["device_owner"]) == ("ACTIVE", sub.host, "trunk:subport")
    details = bed.port(bed.parents["a"])["trunk_details"]
    assert [(s["segmentation_id"], s["mac_address"]) for s in details["sub_ports"]] == [(10, a.port["mac_address"])]
    assert lab.exec("a", "busybox", "udhcpc", "-i", "vlan10", "-n", "-q", "-s", "/bin/true").returncode == 0, "DHCP by the tag"


def test_rules_of_a_subport(bed):
    """Its own security groups and addresses: not those of the parent, nor of the other subports."""
    a, b = bed.subs["a"], bed.subs["b"]
    web = bed.make("security-group", name="web")["id"]
    bed.make("security-group-rule", security_group_id=web, direction="ingress", ethertype="IPv4", protocol="tcp",
                 port_range_min=80, port_range_max=80)
    bed.call("PUT", f"/v2.0/ports/{b.id}", {"port": {"security_groups": [web]}})
    passes(tcp(a, b, 80))
    refused(lambda: tcp(a, b, 81), b)
    answer = bed.lab.json("why", a.id, b.id, "tcp/81")
    assert answer["verdict"] == "refused" and "no rule of the security group web" in answer["decisions"][1], answer
    assert "VLAN 10" in answer["steps"][0] and "VLAN 20" in "".join(answer["steps_at_receiver"]), answer
    assert bed.lab.json("why", a.id, b.id, "tcp/80")["verdict"] == "let through"
    bed.call("PUT", f"/v2.0/ports/{b.id}", {"port": {"security_groups": [bed.group]}})
    with Wire(a.netns, "eth0") as wire:
        parent = mac_bytes(bed.parents["a"]["mac_address"])
        before = a.drops().get("spoofed-mac", 0)
        wire.send(mac_bytes(b.port["mac_address"]) + parent + b"\x81\x00\x00\x0a\x88\xb5" + bytes(46))
        wait_until(lambda: a.drops().get("spoofed-mac", 0) == before + 1, what="the parent's MAC is not the subport's")


def test_subports_come_and_go(bed):
    """Live; what is not on the trunk any more is dropped at the parent, and its port is free again."""
    lab, a, b = bed.lab, bed.subs["a"], bed.subs["b"]

    def untagged():
        ports = lab.agent("h1", "ports", port=bed.parents["a"]["id"])["ports"]
        return ports[0]["drop_reasons"].get("vlan-tagged", 0)
    third = bed.sub("a", "h1", 11, fixed_ips=[{"ip_address": "10.1.0.77"}])
    third.vlan.ip("address", "del", "10.1.0.77/24", "dev", "vlan11")
    third.vlan.ip("address", "add", "10.1.0.77/32", "dev", "vlan11")
    wait_until(lambda: lab.exec("a", "ping", "-c1", "-W1", "-I", "vlan11", b.ip[4], check=False).returncode == 0 or
               lab.pings("b", "10.1.0.77"), what="a third subport")
    third.vlan.close()
    bed.remove("a", third.port)
    port = bed.port(third.port)
    assert (port["binding:host_id"], port["device_owner"], port["status"]) == ("", "", "DOWN")
    bed.expect("a", "ACTIVE")
    before = untagged()
    with Wire(a.netns, "eth0") as wire:
        wire.send(bytes(12) + b"\x81\x00\x00\x0b\x08\x00" + bytes(46))
        wait_until(lambda: untagged() == before + 1, what="its tag is nobody's")
    assert lab.pings("a", b.ip[4]), "the others are as they were"


def test_status(bed):
    """DEGRADED while a subport is not wired, DOWN without the parent's device; a restart changes nothing."""
    lab, b = bed.lab, bed.subs["b"]
    lab.stop("h2", kill=True)
    assert lab.pings("a", b.ip[4]), "forwarding needs no agent"
    lab.start("h2")
    wait_until(lambda: lab.agent("h2", "status")["ports"] == {"total": 3, "wired": 3}, what="all are wired again")
    bed.expect("b", "ACTIVE")
    assert lab.pings("a", b.ip[4])
    far = bed.api.make("network", **{"name": "far", "mtu": 1400, "provider:network_type": "flat", "provider:physical_network": "elsewhere"})
    port = bed.api.make("port", network_id=far["id"])
    bed.add("b", port, 30)
    bed.expect("b", "DEGRADED")
    assert "elsewhere" in lab.agent("h2", "ports", port=port["id"])["ports"][0]["reason"]
    bed.remove("b", port)
    bed.expect("b", "ACTIVE")
    lab.agent("h2", "unplug", port=bed.parents["b"]["id"])
    bed.expect("b", "DOWN")
    lab.agent("h2", "plug", port=bed.parents["b"]["id"], device="v-b")
    bed.expect("b", "ACTIVE")
    wait_until(lambda: lab.pings("a", b.ip[4]), what="b's subport again")


def test_the_parent_moves(bed):
    """Its subports go with it."""
    lab, b = bed.lab, bed.subs["b"]
    bed.call("PUT", f"/v2.0/ports/{bed.parents['b']['id']}", {"port": {"binding:host_id": "h1"}})
    assert bed.port(b.port)["binding:host_id"] == "h1"
    bed.expect("b", "DOWN")
    assert lab.agent("h1", "ports", port=b.id)["ports"][0]["reason"] == "the parent of its trunk is not wired here"
    bed.call("PUT", f"/v2.0/ports/{bed.parents['b']['id']}", {"port": {"binding:host_id": "h2"}})
    wait_until(lambda: lab.agent("h2", "ports", port=bed.parents["b"]["id"])["ports"], what="it is back")
    lab.agent("h2", "plug", port=bed.parents["b"]["id"], device="v-b")
    bed.expect("b", "ACTIVE")
    wait_until(lambda: lab.pings("a", b.ip[4]), what="b's subport again")


def test_routed(bed):
    """Over a router: forwarded, answered by it, and told of errors, all by the tag."""
    lab, a = bed.lab, bed.subs["a"]
    bed.network("db", "10.2.0.0/24")
    lab.guest("e", 2, "db")
    far = bed.port_named("e")
    router = bed.make("router", name="r")["id"]
    for cidr in ("10.1.0.0/24", "10.2.0.0/24"):
        subnet = bed.api.get("/v2.0/subnets", cidr=cidr).json["subnets"][0]["id"]
        bed.call("PUT", f"/v2.0/routers/{router}/add_router_interface", {"subnet_id": subnet})
    bed.call("PUT", f"/v2.0/ports/{far['id']}", {"port": {"security_groups": [bed.group]}})
    a.vlan.ip("route", "add", "10.2.0.0/24", "via", "10.1.0.1")
    wait_until(lambda: lab.pings("a", "10.1.0.1"), what="the router answers")
    wait_until(lambda: lab.pings("a", lab.address(far)), what="what is behind it")
    told = lab.exec("a", "ping", "-c1", "-W1", "-t1", lab.address(far), check=False).stdout
    assert "Time to live exceeded" in told and "10.1.0.1" in told, told


def test_a_tap(bed):
    """As virtual machines have it: the tag is in the frame, in both directions; other hosts' answers too."""
    lab, b = bed.lab, bed.subs["b"]
    parent = bed.api.make("port", name="d", network_id=bed.net["id"], **{"binding:host_id": "h1"})
    port = bed.api.make("port", name="sub-d", network_id=bed.web["id"], security_groups=[bed.group])
    bed.trunks["d"] = bed.api.make("trunk", name="td", port_id=parent["id"])
    bed.add("d", port, 40)
    tap = open_tap(lab.netns("h1"), "tap-d")
    try:
        lab.agent("h1", "plug", port=parent["id"], device="tap-d")
        bed.expect("d", "ACTIVE")
        for to in (b, bed.subs["a"]):
            head = mac_bytes(to.port["mac_address"]) + mac_bytes(port["mac_address"]) + b"\x81\x00\x00\x28\x08\x00"
            back = head[6:12] + head[:6] + head[12:]
            for _ in range(2):  # the second by the flow entry
                os.write(tap, head + echo(lab.address(port), to.ip[4]))
                wait_until(lambda: any(frame.startswith(back) and frame[38] == 0 for frame in frames(tap)), what="the echo reply, tagged")
    finally:
        os.close(tap)
    bed.expect("d", "DOWN")
