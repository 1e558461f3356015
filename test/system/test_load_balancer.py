"""Load balancers at the edge: the host where a connection enters chooses the member; no proxy, and the client's address stays.

    net1 10.1.0.0/24, fd01::/64 ── r ── net2 10.2.0.0/24, fd02::/64
                          └─ public 203.0.113.0/24, 2001:db8:1::/64 (h1 alone is connected; outside.py)
    h1: c1, m1 (net1)   h2: m2 (net1), m3 (net2), far (net2)          VIPs on net1

Every member serves on port 8080 by TCP and UDP and says who it is and whom it sees. Requirements Z27 (edge form), B49.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

import outside
from conftest import wait_until

LB = "/load-balancer/v2.0/lbaas/"

SERVER = r"""
import socket, socketserver, sys, threading
name = sys.argv[1]
class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        while word := self.request.recv(1000):
            self.request.sendall(f"{name} {self.client_address[0]}\n".encode() * (5000 if word == b"much" else 1))
class Datagram(socketserver.BaseRequestHandler):
    def handle(self):  # as long as the question
        answer = f"{name} {self.client_address[0]}\n".encode()
        self.request[1].sendto(answer.ljust(len(self.request[0])), self.client_address)
class Tcp(socketserver.ThreadingTCPServer):
    address_family, allow_reuse_address, daemon_threads, request_queue_size = socket.AF_INET6, True, True, 200
class Udp(socketserver.UDPServer):
    address_family, max_packet_size = socket.AF_INET6, 65536
servers = [Tcp(("::", 8080), Stream), Udp(("::", 8080), Datagram)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

ASK = r"""
import json, socket, sys
address, port, kind, count, size = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
answers = []
for _ in range(count):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as s:
        s.settimeout(4)
        try:
            s.connect((address, port))
            s.sendall(b"x" * size)
            answer = s.recv(65536)
            answers.append(answer.decode().split() if len(answer) >= size else [f"{len(answer)} bytes", ""])
        except OSError as error:
            answers.append([type(error).__name__, ""])
print(json.dumps(answers))
"""

MUCH = r"""
import socket, sys
for _ in range(40):
    with socket.create_connection((sys.argv[1], 80), 20) as s:
        s.sendall(b"much")
        text = b""
        while len(text) < 5000 or len(text) < 5000 * (text.index(b"\n") + 1):
            text += s.recv(65536)
    print(text.split()[0].decode())
"""

HOLD = r"""
import socket, sys
s = socket.create_connection((sys.argv[1], 80), 5)
for line in sys.stdin:
    s.sendall(b"x")
    print(s.recv(100).decode().strip(), flush=True)
"""


class Bed:
    def __init__(self, lab, world):
        self.lab, self.world, self.api, self.ports, self.servers = lab, world, lab.api(), {}, {}
        api = self.api
        self.public = api.make("network", name="public", mtu=1400, **{"router:external": True, "provider:network_type": "flat",
                                                             "provider:physical_network": "public"})
        api.make("subnet", network_id=self.public["id"], ip_version=4, cidr="203.0.113.0/24", enable_dhcp=False,
                 allocation_pools=[{"start": "203.0.113.10", "end": "203.0.113.99"}])
        api.make("subnet", network_id=self.public["id"], ip_version=6, cidr="2001:db8:1::/64", enable_dhcp=False)
        self.networks = {n: api.make("network", name=f"net{n}") for n in (1, 2)}
        self.subnets = {}
        router = api.make("router", name="r", external_gateway_info={"network_id": self.public["id"]})
        self.gateway = {("6" if ":" in ip["ip_address"] else "4"): ip["ip_address"]
                        for ip in router["external_gateway_info"]["external_fixed_ips"]}
        for n, network in self.networks.items():
            for version, cidr in ((4, f"10.{n}.0.0/24"), (6, f"fd0{n}::/64")):
                more = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"} if version == 6 else {}
                subnet = self.subnets[n, version] = api.make("subnet", network_id=network["id"], ip_version=version, cidr=cidr, **more)
                assert api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200
        self.group = self.post("/v2.0/security-groups", security_group={"name": "servers"})
        for protocol in ("tcp", "udp"):
            for ethertype in ("IPv4", "IPv6"):
                self.post("/v2.0/security-group-rules", security_group_rule={
                    "security_group_id": self.group["id"], "direction": "ingress", "protocol": protocol, "ethertype": ethertype,
                    "port_range_min": 8080, "port_range_max": 8080})
        for name, host, network in (("c1", 1, 1), ("m1", 1, 1), ("m2", 2, 1), ("m3", 2, 2), ("far", 2, 2)):
            more = {"security_groups": [self.group["id"]]} if name[0] == "m" else {}
            port = api.make("port", name=name, network_id=self.networks[network]["id"], **{"binding:host_id": f"h{host}"}, **more)
            self.ports[name] = port
            lab.guest(name, host, None, port=port["id"])
        for name in ("m1", "m2", "m3"):
            self.serve(name)

    def serve(self, name):
        server = self.servers[name] = self.lab.popen(name, "python3", "-c", SERVER, name)
        assert server.stdout.readline() == "ready\n"

    def post(self, path, **body):
        answer = self.api.call("POST", path, body)
        assert answer.status == 201, answer.text
        return next(iter(answer.json.values()))

    def make(self, path, **inner):
        return self.post(LB + path, **{path.split("/")[-1].rstrip("s"): inner})

    def update(self, path, **inner):
        answer = self.api.call("PUT", LB + path, {path.split("/")[-2].rstrip("s"): inner})
        assert answer.status == 200, answer.text
        self.settle(answer)

    def settle(self, answer):
        """Waits until the hosts have what was answered."""
        waited = self.api.get("/weft/v1/wait", revision=answer.headers["X-Weft-Revision"], timeout=10)
        assert waited.status == 200, waited.text

    def address(self, name, version=4):
        return self.lab.address(self.ports[name], version)

    def balancer(self, members, version=4, protocol="TCP", algorithm="SOURCE_IP_PORT", **more):
        """A load balancer whose port 80 goes to port 8080 of the members; its object with the pool's id."""
        balancer = self.make("loadbalancers", vip_subnet_id=self.subnets[1, version]["id"], **more)
        listener = self.make("listeners", loadbalancer_id=balancer["id"], protocol=protocol, protocol_port=80)
        pool = self.make("pools", listener_id=listener["id"], protocol=protocol, lb_algorithm=algorithm)
        body = [{"address": self.address(name, version), "protocol_port": 8080, "name": name,
                 **({"subnet_id": self.subnets[2, version]["id"]} if name == "m3" else {})} for name in members]
        answer = self.api.call("PUT", f"{LB}pools/{pool['id']}/members", {"members": body})
        assert answer.status == 202, answer.text
        self.settle(answer)
        found = {member["name"]: member["id"] for member in self.api.get(f"{LB}pools/{pool['id']}/members").json["members"]}
        return {**balancer, "listener": listener["id"], "pool": pool["id"], "members": found}

    def remove(self, balancer):
        assert self.api.call("DELETE", f"{LB}loadbalancers/{balancer['id']}?cascade=true").status == 204

    def ask(self, client, balancer, count=30, kind="tcp", size=1):
        """Who answered how often; asserts that each saw the client itself."""
        text = self.lab.exec(client, "python3", "-c", ASK, balancer["vip_address"], "80", kind, str(count), str(size)).stdout
        answers = json.loads(text)
        own = {ip["ip_address"] for ip in self.ports[client]["fixed_ips"]}
        for name, seen in answers:
            expected = {balancer["vip_address"]} if name == client else own
            assert not seen or seen.removeprefix("::ffff:") in expected, (client, name, seen)
        return collections.Counter(name for name, _ in answers)


@pytest.fixture(scope="module")
def bed(module_lab):
    world = outside.World(module_lab, ["h1"])
    try:
        world.up()
        yield Bed(module_lab, world)
    finally:
        world.down()


@pytest.mark.parametrize("version", [4, 6])
def test_tcp(bed, version):
    """B49: from both hosts, on the VIP's network and from another one: each member gets its share, and sees the client."""
    balancer = bed.balancer(["m1", "m2", "m3"], version)
    wait_until(lambda: bed.api.get(f"{LB}loadbalancers/{balancer['id']}").json["loadbalancer"]["operating_status"] == "ONLINE")
    for client in ("c1", "m2", "far"):
        counts = bed.ask(client, balancer, 60)  # by chance: of 30 one in a thousand runs has a member with less
        assert set(counts) == {"m1", "m2", "m3"} and min(counts.values()) >= 2, (client, counts)
    for member in ("m1", "m3"):  # a member gets some of its own, from the VIP
        assert set(bed.ask(member, balancer)) == {"m1", "m2", "m3"}, member
    bed.remove(balancer)


def test_udp_and_persistence(bed):
    """UDP, and SOURCE_IP: what one client sends goes to one member."""
    balancer = bed.balancer(["m1", "m2", "m3"], protocol="UDP")
    for client in ("c1", "far"):
        assert set(bed.ask(client, balancer, kind="udp")) == {"m1", "m2", "m3"}
        # in fragments: whole to one member, and its answer back
        assert set(bed.ask(client, balancer, kind="udp", size=5000)) == {"m1", "m2", "m3"}, client
    bed.lab.exec("m1", "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")
    end(bed, "m1")  # its system says that nobody listens: an ICMP error, which is about the VIP to the client
    for client in ("c1", "far"):
        assert set(bed.ask(client, balancer, kind="udp")) == {"ConnectionRefusedError", "m2", "m3"}, client
    bed.serve("m1")
    # at an address that nobody has asked: who by chance has a port again that he had, has its member again
    sticky = bed.balancer(["m1", "m2", "m3"], protocol="UDP")
    bed.update(f"pools/{sticky['pool']}", session_persistence={"type": "SOURCE_IP"})
    assert {len(bed.ask(client, sticky, 20, "udp")) for client in ("c1", "m2", "far")} == {1}
    bed.remove(sticky)
    # one listener, at an IPv6 address too: members of that version
    dual = bed.balancer(["m1", "m2"], protocol="UDP", additional_vips=[{"subnet_id": bed.subnets[1, 6]["id"]}])
    six = bed.post(f"{LB}pools/{dual['pool']}/members", member={"address": bed.address("m2", 6), "protocol_port": 8080})
    bed.update(f"pools/{dual['pool']}/members/{six['id']}", name="six")
    for client in ("c1", "far"):
        assert set(bed.ask(client, dual, kind="udp")) == {"m1", "m2"}
        assert set(bed.ask(client, {"vip_address": dual["additional_vips"][0]["ip_address"]}, 5, "udp")) == {"m2"}
    bed.remove(dual)
    assert "no-listener" in bed.lab.weft("trace", bed.ports["c1"]["id"], "--to", balancer["vip_address"], "--proto", "tcp", "--dport", "80").stdout
    bed.remove(balancer)


def test_allowed_cidrs(bed):
    """Who is in none of them is dropped where he is, and counted there; what is taken away cuts what there is."""
    balancer = bed.balancer(["m1", "m2"])
    held = bed.lab.popen("c1", "python3", "-c", HOLD, balancer["vip_address"], stdin=subprocess.PIPE)
    assert say(held).startswith("m")

    def drops():
        return bed.lab.agent("h1", "ports", port=bed.ports["c1"]["id"])["ports"][0]["drop_reasons"].get("not-allowed", 0)

    before = drops()
    bed.update(f"listeners/{balancer['listener']}", allowed_cidrs=["10.2.0.0/24", "192.0.2.1"])
    assert bed.api.get(f"{LB}listeners/{balancer['listener']}").json["listener"]["allowed_cidrs"] == ["10.2.0.0/24", "192.0.2.1/32"]
    assert set(bed.ask("c1", balancer, 1)) == {"TimeoutError"} and drops() > before
    assert set(bed.ask("far", balancer)) == {"m1", "m2"}
    before = drops()
    held.stdin.write("\n")
    held.stdin.flush()
    wait_until(lambda: drops() > before, what="the connection is cut")
    held.kill()
    bed.update(f"listeners/{balancer['listener']}", allowed_cidrs=["10.1.0.0/24", "10.2.0.0/24"])
    assert set(bed.ask("c1", balancer)) == {"m1", "m2"}
    wrong = bed.api.call("PUT", f"{LB}listeners/{balancer['listener']}", {"listener": {"allowed_cidrs": ["fd00::/8"]}})
    assert wrong.status == 400 and "fd00::/8, of IPv6" in wrong.json["faultstring"], wrong.text
    bed.remove(balancer)


def test_members_come_and_go(bed):
    """Weights; a drained member keeps its connections and gets no new ones; one that is removed gets nothing; backups."""
    balancer = bed.balancer(["m1", "m2"])
    pool = f"pools/{balancer['pool']}/members/"
    held = {}
    for client in ("c1", "far"):
        while True:  # until there is one to m2
            one = bed.lab.popen(client, "python3", "-c", HOLD, balancer["vip_address"], stdin=subprocess.PIPE)
            if say(one).startswith("m2 "):
                break
            one.stdin.close()
        held[client] = one
    bed.update(pool + balancer["members"]["m2"], weight=0)
    assert [say(one).split()[0] for one in held.values()] == ["m2", "m2"]
    assert {name for client in ("c1", "m2", "far") for name in bed.ask(client, balancer, 20)} == {"m1"}
    assert [say(one).split()[0] for one in held.values()] == ["m2", "m2"]
    bed.update(pool + balancer["members"]["m2"], weight=3)
    counts = bed.ask("far", balancer, 200)
    assert counts["m2"] > 1.5 * counts["m1"] > 0, counts
    bed.update(pool + balancer["members"]["m1"], backup=True)
    assert set(bed.ask("c1", balancer, 20)) == {"m2"}
    bed.update(pool + balancer["members"]["m2"], admin_state_up=False)
    assert set(bed.ask("c1", balancer, 20)) == {"m1"}
    bed.settle(bed.api.call("DELETE", LB + pool + balancer["members"]["m1"]))
    assert set(bed.ask("c1", balancer, 1)) == {"TimeoutError"}
    for one in held.values():
        one.kill()
    bed.remove(balancer)


# Knows one name.
NAMED = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.headers["Host"] == "a.example.org" else 421)
        self.end_headers()
http.server.HTTPServer(("", 8081), Handler).serve_forever()
"""
HEALTH = (("HTTP", "TCP"), ("TCP", "TCP"), ("UDP-CONNECT", "UDP"), ("PING", "TCP"))


def test_health(bed):
    """A member that does not answer is in ERROR and gets no new connections, within delay × max_retries_down; one that answers again gets them again."""
    balancers, monitors = {}, {}
    for kind, protocol in HEALTH:
        balancers[kind] = bed.balancer(["m1", "m3"], protocol=protocol)
        more = {"expected_codes": "200", "url_path": "/x"} if kind == "HTTP" else {}
        monitors[kind] = bed.make("healthmonitors", pool_id=balancers[kind]["pool"], type=kind, delay=1, timeout=1, max_retries=1, max_retries_down=2, **more)

    def states(kind):
        return {member["name"]: member["operating_status"] for member in bed.api.get(f"{LB}pools/{balancers[kind]['pool']}/members").json["members"]}

    def whys(kind, name="m3"):
        return [member["status_reason"] for member in bed.api.get(f"{LB}pools/{balancers[kind]['pool']}/members").json["members"] if member["name"] == name]

    def who(kind, count=20):
        return set(bed.ask("c1", balancers[kind], count, dict(HEALTH)[kind].lower()))

    def status(kind):
        return bed.api.get(f"{LB}pools/{balancers[kind]['pool']}").json["pool"]["operating_status"]

    alive = [kind for kind, _ in HEALTH if kind != "HTTP"]
    wait_until(lambda: all(states(kind) == {"m1": "ONLINE", "m3": "ONLINE"} for kind in alive))
    wait_until(lambda: states("HTTP") == {"m1": "ERROR", "m3": "ERROR"}, what="an answer that is no HTTP is none")
    assert status("HTTP") == "ERROR" and who("HTTP", 1) == {"TimeoutError"}
    named = bed.lab.popen("m1", "python3", "-c", NAMED)
    bed.update(f"pools/{balancers['HTTP']['pool']}/members/{balancers['HTTP']['members']['m1']}", monitor_port=8081)
    bed.update(f"healthmonitors/{monitors['HTTP']['id']}", domain_name="a.example.org")
    wait_until(lambda: states("HTTP") == {"m1": "ONLINE", "m3": "ERROR"}, what="the name is asked for")
    assert whys("HTTP") == ["what TCP port 8080 answers is not HTTP"] and whys("HTTP", "m1") == [""]
    named.kill()
    end(bed, "m3")
    bed.lab.exec("m3", "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
    wait_until(lambda: all(states(kind) == {"m1": "ONLINE", "m3": "ERROR"} for kind in alive))
    assert [whys(kind) for kind in alive] == [["refused: nobody listens on TCP port 8080"], ["refused: nobody listens on UDP port 8080"],
                                              ["timed out: no answer to an echo request within 1 s"]]
    for kind in alive:
        assert status(kind) == "DEGRADED"
        wait_until(lambda kind=kind: who(kind) == {"m1"}, what=f"c1's host has been told of {kind}'s dead member")
    bed.serve("m3")
    bed.lab.exec("m3", "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=0")
    wait_until(lambda: all(states(kind) == {"m1": "ONLINE", "m3": "ONLINE"} for kind in alive))
    for kind in alive:
        wait_until(lambda kind=kind: who(kind) == {"m1", "m3"})
    bed.lab.agent("h2", "unplug", port=bed.ports["m3"]["id"])  # a guest that is switched off: its port stays bound
    wait_until(lambda: all(states(kind) == {"m1": "ONLINE", "m3": "ERROR"} and whys(kind) == ["no guest is plugged into its port"] for kind in alive))
    for kind in alive:
        wait_until(lambda kind=kind: who(kind) == {"m1"}, what=f"{kind}'s connections go to who is there")
    bed.lab.agent("h2", "plug", port=bed.ports["m3"]["id"], device="v-m3")
    wait_until(lambda: all(states(kind) == {"m1": "ONLINE", "m3": "ONLINE"} for kind in alive))
    for balancer in balancers.values():
        bed.remove(balancer)


def test_a_host_of_members_fails(bed):
    """L34: nobody asks after the members of a host that has failed, so no host chooses them any more, backups take their place, and they are in ERROR;
    connections of others go on, and all is back with it."""
    balancer, spare = bed.balancer(["m1", "m2"]), bed.balancer(["m1", "m2"])
    bed.update(f"pools/{spare['pool']}/members/{spare['members']['m1']}", backup=True)
    bed.make("healthmonitors", pool_id=balancer["pool"], type="TCP", delay=1, timeout=1, max_retries=1, max_retries_down=3)

    def statuses(one):
        pool = f"{LB}pools/{one['pool']}"
        states = {member["name"]: member["operating_status"] for member in bed.api.get(pool + "/members").json["members"]}
        return states | {"pool": bed.api.get(pool).json["pool"]["operating_status"]}

    well = {"m1": "ONLINE", "m2": "ONLINE", "pool": "ONLINE"}
    wait_until(lambda: statuses(balancer) == well)
    assert statuses(spare) == {"m1": "NO_MONITOR", "m2": "NO_MONITOR", "pool": "ONLINE"}
    assert set(bed.ask("c1", spare, 10)) == {"m2"}
    held = {}
    while set(held) != {"m1", "m2"}:
        one = bed.lab.popen("c1", "python3", "-c", HOLD, balancer["vip_address"], stdin=subprocess.PIPE)
        held[say(one).split()[0]] = one
    os.kill(bed.lab.pid("h2"), signal.SIGSTOP)  # its edge switch goes on, and so do connections through it
    try:
        wait_until(lambda: set(bed.ask("c1", balancer, 20)) == {"m1"}, what="m2 gets no new connections")
        assert all(say(one).startswith(name) for name, one in held.items())
        assert set(bed.ask("c1", spare, 10)) == {"m1"}, "the backup takes over"
        wait_until(lambda: statuses(balancer) == {"m1": "ONLINE", "m2": "ERROR", "pool": "DEGRADED"})
        assert statuses(spare) == {"m1": "NO_MONITOR", "m2": "ERROR", "pool": "DEGRADED"}
    finally:
        os.kill(bed.lab.pid("h2"), signal.SIGCONT)
    wait_until(lambda: set(bed.ask("c1", balancer, 20)) == {"m1", "m2"}, what="m2 gets its share again")
    assert set(bed.ask("c1", spare, 10)) == {"m2"}
    wait_until(lambda: statuses(balancer) == well)
    os.kill(bed.lab.pid("weftd"), signal.SIGSTOP)  # hosts find out by themselves
    bed.lab.exec("h2", "ip", "link", "set", "uplink0", "down")
    try:
        wait_until(lambda: set(bed.ask("c1", balancer, 10)) == {"m1"}, what="nobody is led to the host that has failed")
        assert say(held["m1"]).startswith("m1 ")
        assert set(bed.ask("c1", spare, 10)) == {"m1"}
    finally:
        bed.lab.exec("h2", "ip", "link", "set", "uplink0", "up")
        os.kill(bed.lab.pid("weftd"), signal.SIGCONT)
    wait_until(lambda: set(bed.ask("c1", balancer, 20)) == {"m1", "m2"}, what="the host is back")
    for one in held.values():
        one.kill()
    bed.remove(balancer)
    bed.remove(spare)


def test_from_outside(bed):
    """By a floating IP on the VIP, and by IPv6 with no translation: members on both hosts see who it is outside."""
    four, six = bed.balancer(["m1", "m2", "m3"]), bed.balancer(["m1", "m2", "m3"], 6)
    floating = bed.api.make("floatingip", floating_network_id=bed.public["id"], port_id=four["vip_port_id"])
    bed.world.ip("route", "add", "fd01::/64", "via", bed.gateway["6"])
    wait_until(lambda: bed.api.get(f"/v2.0/floatingips/{floating['id']}").json["floatingip"]["status"] == "ACTIVE")
    for address, seen in ((floating["floating_ip_address"], "203.0.113.1"), (six["vip_address"], "2001:db8:1::1")):
        def ask(count, address=address):
            return json.loads(bed.world.exec("python3", "-c", ASK, address, "80", "tcp", str(count), "1").stdout)
        wait_until(lambda: ask(1)[0][1])
        answers = ask(30)
        assert {name for name, _ in answers} == {"m1", "m2", "m3"}, (address, answers)
        assert {client.removeprefix("::ffff:") for _, client in answers} == {seen}
    # by the outside's 1400 bytes, of which the member's host tells it, to a link of 1300, whose router alone knows: "too big" comes to the member that has the connection
    bed.world.ip("route", "replace", "default", "via", "198.51.100.129", "advmss", "1410", namespace=bed.world.small)
    words = ["python3", "-c", MUCH, floating["floating_ip_address"]]
    assert set(bed.world.exec(*words, namespace=bed.world.small).stdout.split()) == {"m1", "m2", "m3"}
    for member in ("m1", "m2", "m3"):
        assert "mtu 1300" in bed.lab.exec(member, "ip", "route", "get", outside.SMALL).stdout, member
    assert bed.api.call("DELETE", f"/v2.0/floatingips/{floating['id']}").status == 204
    bed.world.ip("route", "del", "fd01::/64", "via", bed.gateway["6"])
    for balancer in (four, six):
        bed.remove(balancer)


def test_trace_and_restart(bed):
    """`weft trace` says who gets the connection; a restarted agent finds all as it was, no connection breaks, and nothing is counted twice."""
    balancer = bed.balancer(["m2"])

    def stats():
        return bed.api.get(f"{LB}listeners/{balancer['listener']}/stats").json["stats"]

    text = bed.lab.weft("trace", bed.ports["c1"]["id"], "--to", balancer["vip_address"], "--proto", "tcp", "--dport", "80").stdout
    assert f"the load balancer gives the connection to its member {bed.address('m2')} port 8080, on another host" in text
    one = bed.lab.popen("c1", "python3", "-c", HOLD, balancer["vip_address"], stdin=subprocess.PIPE)
    assert say(one).startswith("m2 ")
    assert set(bed.ask("far", balancer, 5)) == {"m2"}
    counted = re.search(rf'^weft_listener_connections_total{{listener="{balancer["listener"]}"[^}}]*}} (\d+)', bed.lab.agent("h2", "metrics")["text"], re.MULTILINE)
    assert int(counted[1]) == 6
    for host in ("h1", "h2"):
        bed.lab.stop(host, kill=True)
    for host in ("h1", "h2"):
        bed.lab.start(host)
    assert say(one).startswith("m2 ")
    wait_until(lambda: stats()["total_connections"] == 6, what="all is told again, and counted once")
    assert 1 <= stats()["active_connections"] <= 6 and 500 < stats()["bytes_in"] < 10000 and stats()["bytes_out"] > 500 and not stats()["request_errors"]
    assert set(bed.ask("c1", balancer, 5)) == {"m2"}
    one.kill()
    bed.remove(balancer)


def say(one):
    """Sends a word on a connection that is held; the answer."""
    one.stdin.write("\n")
    one.stdin.flush()
    return one.stdout.readline()


def end(bed, name):
    """The member's server is gone, and its namespace with all else stays."""
    pids = bed.lab.exec(name, "sh", "-c", "ip netns pids $(ip netns identify $$)").stdout.split()
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if b"socketserver" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(int(pid), signal.SIGKILL)
    bed.servers[name].wait(10)
