"""Load balancers whose VIP is on a provider network: outside, routed and guest clients; one host has the VIP for the wire. Proves Z27 (edge form).

    lan (flat, 203.0.113.0/24, 2001:db8:1::/64) ── the world of outside.py: 203.0.113.1 on it, 198.51.100.130 behind that
    h1: m1, c1     h2: m2, c2           members serve on port 8080 and say who they are and whom they see
"""
import collections
import concurrent.futures
import json
import re
import subprocess
import time

import pytest

import outside
from conftest import labs, wait_until
from test_load_balancer import ASK, HOLD, LB, SERVER

PLACES = {"m1": 1, "c1": 1, "m2": 2, "c2": 2}


class Bed:
    def __init__(self, lab, world):
        self.lab, self.world, self.api, self.servers = lab, world, lab.api(), []
        api = self.api
        lan = api.make("network", name="lan", **{"provider:network_type": "flat", "provider:physical_network": "public"})
        subnet = api.make("subnet", network_id=lan["id"], ip_version=4, cidr="203.0.113.0/24", gateway_ip=outside.ROUTER,
                          allocation_pools=[{"start": "203.0.113.100", "end": "203.0.113.150"}])
        six = api.make("subnet", network_id=lan["id"], ip_version=6, cidr="2001:db8:1::/64", gateway_ip=outside.ROUTER6,
                       ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
        group = api.get("/v2.0/security-groups", name="default", project_id=lan["project_id"]).json["security_groups"][0]
        for version in ("IPv4", "IPv6"):
            rule = {"security_group_id": group["id"], "direction": "ingress", "ethertype": version, "protocol": "tcp", "port_range_min": 8080,
                    "port_range_max": 8080}
            for protocol in ("tcp", "udp"):
                assert api.call("POST", "/v2.0/security-group-rules", {"security_group_rule": {**rule, "protocol": protocol}}).status == 201
        self.ports = {}
        for name, host in PLACES.items():
            self.ports[name] = api.make("port", name=name, network_id=lan["id"], **{"binding:host_id": f"h{host}"})
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: lab.guest(name, PLACES[name], None, port=self.ports[name]["id"]), PLACES))
        for name in ("m1", "m2"):
            server = lab.popen(name, "python3", "-c", SERVER, name)
            assert server.stdout.readline() == "ready\n"
            self.servers.append(server)
        self.balancer = self.post("loadbalancers", vip_subnet_id=subnet["id"], additional_vips=[{"subnet_id": six["id"]}])
        self.vip, self.vip6 = self.balancer["vip_address"], self.balancer["additional_vips"][0]["ip_address"]
        self.pools = {}
        for protocol in ("TCP", "UDP"):
            listener = self.post("listeners", loadbalancer_id=self.balancer["id"], protocol=protocol, protocol_port=80)
            self.pools[protocol] = self.post("pools", listener_id=listener["id"], protocol=protocol, lb_algorithm="SOURCE_IP_PORT")
            members = [{"address": lab.address(self.ports[name], version), "protocol_port": 8080, "name": f"{name}-{version}"}
                       for name in ("m1", "m2") for version in (4, 6)]
            answer = api.call("PUT", f"{LB}pools/{self.pools[protocol]['id']}/members", {"members": members})
            assert answer.status == 202, answer.text
        self.mac = api.get(f"/v2.0/ports/{self.balancer['vip_port_id']}").json["port"]["mac_address"]

    def post(self, path, **body):
        answer = self.api.call("POST", LB + path, {path.rstrip("s"): body})
        assert answer.status == 201, answer.text
        return next(iter(answer.json.values()))

    def status(self):
        return self.api.get(f"{LB}loadbalancers/{self.balancer['id']}").json["loadbalancer"]

    def exec(self, where, *words):
        if where in PLACES:
            return self.lab.exec(where, *words, check=False)
        return self.world.exec(*words, namespace={"router": self.world.out, "far": self.world.small}[where], check=False)

    def ask(self, where, address=None, kind="tcp", count=30, size=1):
        """Who answers how often, and whom they see."""
        answers = json.loads(self.exec(where, "python3", "-c", ASK, address or self.vip, "80", kind, str(count), str(size)).stdout or "[]")
        return collections.Counter(name for name, _ in answers), {seen.replace("::ffff:", "") for _, seen in answers}

    def has_vip(self):
        """The host where the switch outside has seen the VIP's MAC last."""
        table = self.world.exec("bridge", "fdb", "show", "br", "br0", "dynamic").stdout
        return dict(re.findall(r"^(\S+) dev (h\d)", table, re.MULTILINE)).get(self.mac)


@pytest.fixture(scope="module")
def bed(request):
    make = labs(request)
    lab = next(make)(hosts=2)
    world = outside.World(lab, ["h1", "h2"])
    try:
        world.up()
        bed = Bed(lab, world)
        wait_until(lambda: bed.ask("router")[0].keys() == {"m1", "m2"}, what="both members answer")
        yield bed
    finally:
        world.down()
        next(make, None)


def test_clients_everywhere(bed):
    """Outside, behind a router there, on both hosts, and the members themselves: both members get connections and see who asks."""
    assert bed.status()["provisioning_status"] == "ACTIVE"
    own = {"router": outside.ROUTER, "far": outside.SMALL, **{name: bed.lab.address(port) for name, port in bed.ports.items()}}
    for where, address in own.items():
        for kind in ("tcp", "udp"):
            names, seen = bed.ask(where, kind=kind)
            assert names.keys() == {"m1", "m2"} and sum(names.values()) == 30, (where, kind, names)
            assert seen <= {address, bed.vip} and address in seen, (where, kind, seen)
    for where in ("router", "c1", "c2"):
        for kind in ("tcp", "udp"):
            names, seen = bed.ask(where, bed.vip6, kind)
            assert names.keys() == {"m1", "m2"} and len(seen) == 1, (where, kind, names, seen)
    for where in ("router", "c1"):  # fragments
        names, _ = bed.ask(where, kind="udp", count=12, size=4000)
        assert names.keys() == {"m1", "m2"}, (where, names)


def test_macs_are_in_one_place(bed):
    """The switch sees the VIP's MAC at one host, which answers for it, and each guest's at its own."""
    host = bed.has_vip()
    assert host in ("h1", "h2")
    for where in ("c1", "c2", "router"):
        bed.ask(where)
    assert bed.has_vip() == host
    table = bed.world.exec("bridge", "fdb", "show", "br", "br0", "dynamic").stdout
    at = dict(re.findall(r"^(\S+) dev (h\d)", table, re.MULTILINE))
    assert {name: at[port["mac_address"]] for name, port in bed.ports.items()} == {name: f"h{n}" for name, n in PLACES.items()}
    other = bed.exec("router", "arping", "-c", "2", "-w", "2", "-I", "br0", bed.vip).stdout
    assert set(re.findall(r"\[(\S+)\]", other.lower())) <= {bed.mac}, other


def test_refused_and_dropped(bed):
    """A port without a listener; who is in no allowed CIDR."""
    listener = bed.api.get(f"{LB}listeners", protocol="TCP").json["listeners"][0]
    for cidrs, works in ((["192.0.2.0/24"], False), (["203.0.113.1/32"], True), ([], True)):
        answer = bed.api.call("PUT", f"{LB}listeners/{listener['id']}", {"listener": {"allowed_cidrs": cidrs}})
        assert answer.status == 200, answer.text
        assert bed.api.get("/weft/v1/wait", revision=answer.headers["X-Weft-Revision"], timeout=10).status == 200
        names, _ = bed.ask("router", count=1)
        assert (names.keys() <= {"m1", "m2"}) == works, (cidrs, names)
    trace = bed.lab.weft("trace", bed.ports["c1"]["id"], "--to", bed.vip, "--proto", "tcp", "--dport", "80").stdout
    assert "balance" in trace or "member" in trace, trace


def test_health(bed):
    """Members are asked by their own hosts, from the VIP."""
    monitor = bed.post("healthmonitors", pool_id=bed.pools["TCP"]["id"], type="TCP", delay=1, timeout=1, max_retries=1)
    path = f"{LB}pools/{bed.pools['TCP']['id']}/members"
    wait_until(lambda: {m["operating_status"] for m in bed.api.get(path).json["members"]} == {"ONLINE"}, what="all answer")
    assert bed.api.call("DELETE", f"{LB}healthmonitors/{monitor['id']}").status == 204


def test_another_host_takes_over(bed):
    """The wire of the VIP's host is cut: the other one has it within a second, and a connection with its member goes on; then it is back."""
    host = bed.has_vip()
    other, member = {"h1": ("h2", "m2"), "h2": ("h1", "m1")}[host]
    held, name = None, None
    while name != member:
        if held:
            held.kill()
        held = subprocess.Popen(["ip", "netns", "exec", bed.world.out, "python3", "-c", HOLD, bed.vip], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True, bufsize=1)
        held.stdin.write("x\n")
        name = held.stdout.readline().split()[0]
    bed.world.ip("link", "set", host, "down")
    began = time.monotonic()
    wait_until(lambda: bed.has_vip() == other, what="the other host has the VIP")
    print(f"the VIP has moved in {time.monotonic() - began:.2f} s")
    held.stdin.write("x\n")
    assert held.stdout.readline().split()[0] == member
    bed.world.ip("link", "set", host, "up")
    wait_until(lambda: bed.has_vip() == host, what="it is back")
    held.stdin.write("x\n")
    assert held.stdout.readline().split()[0] == member
    held.kill()
    wait_until(lambda: bed.ask("router")[0].keys() == {"m1", "m2"}, what="both members answer")
