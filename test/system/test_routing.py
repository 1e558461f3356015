"""Routers at the edge: what a guest sends to another subnet goes from its host to the destination's host in one hop. Proves B36, L16, L34.

    net1 10.1.0.0/24, fd01::/64 ── r ── net2 10.2.0.0/24, fd02::/64
    h1: a (net1), c (net2)              h2: b (net2)
"""
import re
import subprocess
import sys

import pytest

from conftest import wait_until
from traffic import Iperf, Ping


class Topology:
    """The drawing, in a project of its own; objects by name."""

    def __init__(self, lab, project):
        self.lab, self.project = lab, project
        self.environment = lab.environment(project)
        self.networks, self.subnets = {}, {}
        for n in (1, 2):
            name = f"net{n}"
            self.networks[name] = self.api.make("network", name=name)
            self.subnets[name] = self.subnet(name, f"10.{n}.0.0/24")
            self.subnets[f"{name}-6"] = self.subnet(name, f"fd0{n}::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
        self.router = self.api.make("router", name="r")
        for subnet in self.subnets.values():
            self.connect(self.router, subnet)

    @property
    def api(self):
        """A connection of its own each time: weftd is restarted meanwhile."""
        return self.lab.api(self.environment)

    def subnet(self, network, cidr, **more):
        return self.api.make("subnet", network_id=self.networks[network]["id"], cidr=cidr, **{"ip_version": 4, **more})

    def act(self, router, verb, **body):
        answer = self.api.call("PUT", f"/v2.0/routers/{router['id']}/{verb}", body)
        assert answer.status == 200, answer.text
        return answer.json

    def connect(self, router, subnet):
        return self.act(router, "add_router_interface", subnet_id=subnet["id"])

    def disconnect(self, router, subnet):
        return self.act(router, "remove_router_interface", subnet_id=subnet["id"])

    def set_routes(self, router, **routes):
        """set_routes(r, **{"10.9.0.0/24": "10.2.0.9"})"""
        body = {"router": {"routes": [{"destination": to, "nexthop": via} for to, via in routes.items()]}}
        answer = self.api.call("PUT", f"/v2.0/routers/{router['id']}", body)
        assert answer.status == 200, answer.text

    def guest(self, name, host, network, **attributes):
        port = self.api.make("port", name=name, network_id=self.networks[network]["id"], **attributes)
        admin = self.lab.api()
        answer = admin.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"binding:host_id": f"h{host}"}})
        assert answer.status == 200, answer.text
        self.lab.guest(f"{self.project}-{name}", host, None, port=port["id"])
        return port

    def pings(self, source, address):
        return self.lab.pings(f"{self.project}-{source}", address)

    def exec(self, source, *words, **options):
        return self.lab.exec(f"{self.project}-{source}", *words, **options)


@pytest.fixture(scope="module")
def red(module_lab):
    """The drawing, and its addresses: red.ip["a"], red.ip6["b"]."""
    red = Topology(module_lab, "red")
    red.ports = {name: red.guest(name, host, network) for name, host, network in (("a", 1, "net1"), ("c", 1, "net2"), ("b", 2, "net2"))}
    red.ip = {name: module_lab.address(port) for name, port in red.ports.items()}
    red.ip6 = {name: module_lab.address(port, 6) for name, port in red.ports.items()}
    return red


def interface(red, subnet):
    ports = red.api.get("/v2.0/ports", device_id=red.router["id"]).json["ports"]
    return next(port for port in ports if any(ip["subnet_id"] == red.subnets[subnet]["id"] for ip in port["fixed_ips"]))


def test_guests_of_different_subnets_talk(red):
    """Same host and across hosts, both families, one hop; the router's own addresses answer."""
    for name in ("b", "c"):
        wait_until(lambda: red.pings("a", red.ip[name]), what=f"a reaches {name}")
        wait_until(lambda: red.pings("a", red.ip6[name]), what=f"a reaches {name} over IPv6")
    for options in ([], ["--ipv6"]):
        answer = red.lab.json("why", red.ports["a"]["id"], red.ports["b"]["id"], "tcp/443", *options)
        assert answer["verdict"] == "let through" and answer["steps_at_receiver"], answer
    out = red.exec("a", "ping", "-c", "3", "-i", "0.05", red.ip["b"]).stdout
    assert out.count("ttl=63") == 3, out
    for address in ("10.1.0.1", "10.2.0.1", "fd01::1", "fd02::1"):
        assert red.pings("a", address), address
    wait_until(lambda: {interface(red, subnet)["status"] for subnet in red.subnets} == {"ACTIVE"}, what="the interfaces are ACTIVE")


def test_traceroute_names_the_router(red):
    for address, gateway in ((red.ip["b"], "10.1.0.1"), (red.ip6["b"], "fd01::1")):
        out = red.exec("a", "traceroute", "-n", "-q", "1", "-w", "2", "-m", "4", address).stdout
        hops = re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE)
        assert hops == [gateway, address], out
        out = red.exec("a", "traceroute", "-n", "-q", "1", "-w", "2", "-m", "4", gateway).stdout
        assert re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE) == [gateway], out


def test_tcp_runs(red):
    for name in ("b", "c"):
        bits, _ = Iperf(red.lab.netns("red-a"), red.lab.netns(f"red-{name}"), red.ip[name], 1).result()
        assert bits > 1e8, f"{bits / 1e9:.2f} Gb/s to {name}"


def test_no_route_is_told(red):
    out = red.exec("a", "ping", "-c", "1", "-W", "2", "10.77.0.1", check=False).stdout
    assert "From 10.1.0.1" in out and "Net Unreachable" in out, out
    out = red.exec("a", "ping", "-c", "1", "-W", "2", "10.2.0.200", check=False).stdout
    assert "From 10.1.0.1" in out and "Host Unreachable" in out, out
    out = red.exec("a", "ping", "-c", "1", "-W", "2", "fd02::dead", check=False).stdout
    assert "From fd01::1" in out and "Address unreachable" in out, out


def test_small_mtu_is_told(red):
    """A network with a smaller MTU behind the router: too big is told, and TCP finds its way."""
    net3 = red.networks["net3"] = red.api.make("network", name="net3", mtu=1300)
    subnet = red.subnet("net3", "10.3.0.0/24")
    red.connect(red.router, subnet)
    d = red.guest("d", 2, "net3")
    address = red.lab.address(d)
    wait_until(lambda: red.pings("a", address), what="a reaches d")
    out = red.exec("a", "ping", "-c", "2", "-W", "2", "-M", "do", "-s", "1350", address, check=False).stdout
    assert "mtu = 1300" in out, out
    bits, _ = Iperf(red.lab.netns("red-a"), red.lab.netns("red-d"), address, 1).result()
    assert bits > 1e8
    red.lab.weft("lab", "remove", "red-d")
    assert red.api.call("DELETE", f"/v2.0/ports/{d['id']}").status == 204
    red.disconnect(red.router, subnet)
    assert red.api.call("DELETE", f"/v2.0/networks/{net3['id']}").status == 204


def test_tenants_with_the_same_subnets(red):
    """L16, B10: each router is a table of its own: blue has the same addresses, and neither reaches the other."""
    blue = Topology(red.lab, "blue")
    blue.guest("e", 1, "net1")
    f = blue.guest("f", 2, "net2", fixed_ips=[{"subnet_id": blue.subnets["net2"]["id"], "ip_address": "10.2.0.222"}])
    wait_until(lambda: blue.pings("e", "10.2.0.222"), what="e reaches f")
    assert not red.pings("a", "10.2.0.222")
    assert red.pings("a", red.ip["b"])
    assert not blue.pings("e", red.ip["b"]) or red.ip["b"] == blue.lab.address(f)
    for name in ("e", "f"):
        red.lab.weft("lab", "remove", f"blue-{name}")


def test_interface_comes_and_goes(red):
    """A connection is cut when the interface goes, and lives again when it comes back."""
    wait_until(lambda: red.pings("a", red.ip["b"]), what="a reaches b")
    red.disconnect(red.router, red.subnets["net2"])
    wait_until(lambda: not red.pings("a", red.ip["b"]), what="b is cut off")
    assert red.pings("a", red.ip6["b"]), "the IPv6 subnet's interface is another one"
    red.connect(red.router, red.subnets["net2"])
    wait_until(lambda: red.pings("a", red.ip["b"]), what="b is back")
    body = {"router": {"admin_state_up": False}}
    assert red.api.call("PUT", f"/v2.0/routers/{red.router['id']}", body).status == 200
    wait_until(lambda: not red.pings("a", red.ip["b"]), what="the router is down")
    body["router"]["admin_state_up"] = True
    assert red.api.call("PUT", f"/v2.0/routers/{red.router['id']}", body).status == 200
    wait_until(lambda: red.pings("a", red.ip["b"]) and red.pings("a", red.ip6["b"]), what="the router is up")


def test_extra_route_to_a_guest(red):
    """A guest that is a router itself: what is behind it is reached by a route of the router, by its own address or by another that it alone may have."""
    port = red.ports["b"]
    pairs = {"port": {"allowed_address_pairs": [{"ip_address": "192.168.77.0/24"}, {"ip_address": "10.2.0.222"}, {"ip_address": "fd02::222"}]}}
    assert red.api.call("PUT", f"/v2.0/ports/{port['id']}", pairs).status == 200
    red.exec("b", "ip", "address", "add", "192.168.77.1/32", "dev", "lo")
    red.set_routes(red.router, **{"192.168.77.0/24": red.ip["b"]})
    wait_until(lambda: red.pings("a", "192.168.77.1"), what="a reaches what is behind b")
    for address in ("10.2.0.222/32", "fd02::222/128"):
        red.exec("b", "ip", "address", "add", address, "dev", "lo")
    wait_until(lambda: red.pings("a", "10.2.0.222") and red.pings("a", "fd02::222"), what="a reaches b's other addresses")
    red.set_routes(red.router, **{"192.168.77.0/24": "10.2.0.222"})
    wait_until(lambda: red.pings("a", "192.168.77.1"), what="they are next hops too")
    red.set_routes(red.router)
    wait_until(lambda: not red.pings("a", "192.168.77.1"), what="the route is gone")


def test_next_hops_share(red):
    """Two guests that are routers to the same place: connections spread over both, each keeps its way."""
    for name in ("b", "c"):
        pairs = {"port": {"allowed_address_pairs": [{"ip_address": "192.168.88.1"}]}}
        assert red.api.call("PUT", f"/v2.0/ports/{red.ports[name]['id']}", pairs).status == 200
        red.exec(name, "ip", "address", "add", "192.168.88.1/32", "dev", "lo")
    routes = [{"destination": "192.168.88.0/24", "nexthop": red.ip[name]} for name in ("b", "c")]
    answer = red.api.call("PUT", f"/v2.0/routers/{red.router['id']}", {"router": {"routes": routes}})
    assert answer.status == 200, answer.text
    servers = {name: red.lab.popen(f"red-{name}", "socat", "TCP-LISTEN:7070,fork,reuseaddr", f"SYSTEM:echo {name}") for name in ("b", "c")}
    ask = "for n in $(seq 40); do socat -u TCP:192.168.88.1:7070,connect-timeout=2 - || echo lost; done"
    seen = set()
    once = lambda: red.exec("a", "socat", "-u", "TCP:192.168.88.1:7070,connect-timeout=1", "-", check=False).stdout.strip()
    wait_until(lambda: seen.add(once()) or {"b", "c"} <= seen, what="both next hops answer")
    answers = red.exec("a", "sh", "-c", ask).stdout.split()
    for server in servers.values():
        server.terminate()
        server.wait()
    assert sorted(set(answers)) == ["b", "c"] and len(answers) == 40, answers
    red.set_routes(red.router)


HOLD = """
import socket, sys
held = [socket.create_connection(("192.168.88.1", 7071), 20) for _ in range(24)]
names = [one.recv(1).decode() for one in held]
print(*names, flush=True)
gone = sys.stdin.readline().strip()
for one, name in zip(held, names):
    one.settimeout(20)
    if name != gone:
        one.sendall(b"x")
        assert one.recv(1) == b"x", name
print(*[socket.create_connection(("192.168.88.1", 7071), 20).recv(1).decode() for _ in range(16)], flush=True)
"""
ECHO = """
import socketserver, sys
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(sys.argv[1].encode())
        while word := self.request.recv(100):
            self.request.sendall(word)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
server = Server(("192.168.88.1", 7071), Handler)
print("ready", flush=True)
server.serve_forever()
"""


def test_a_next_hop_goes(red):
    """L34: of two ways, one goes, by its route or with its host: connections on the other keep it and go on, new ones take it."""
    for name in ("b", "c"):
        pairs = {"port": {"allowed_address_pairs": [{"ip_address": "192.168.88.1"}]}}
        assert red.api.call("PUT", f"/v2.0/ports/{red.ports[name]['id']}", pairs).status == 200
        red.exec(name, "ip", "address", "replace", "192.168.88.1/32", "dev", "lo")
    servers = [red.lab.popen(f"red-{name}", sys.executable, "-c", ECHO, name) for name in ("b", "c")]
    for server in servers:
        assert server.stdout.readline() == "ready\n"
    routes = [{"destination": "192.168.88.0/24", "nexthop": red.ip[name]} for name in ("b", "c")]
    assert red.api.call("PUT", f"/v2.0/routers/{red.router['id']}", {"router": {"routes": routes}}).status == 200
    wait_until(lambda: red.pings("a", "192.168.88.1"), what="a reaches one of them")
    client = red.lab.popen("red-a", sys.executable, "-c", HOLD, stdin=subprocess.PIPE)
    names = client.stdout.readline().split()
    assert set(names) == {"b", "c"} and len(names) == 24, names
    answer = red.api.call("PUT", f"/v2.0/routers/{red.router['id']}", {"router": {"routes": routes[:1]}})
    assert answer.status == 200, answer.text
    red.lab.weft("wait", "revision", answer.headers["X-Weft-Revision"])
    rest, _ = client.communicate("c\n", timeout=120)
    assert client.returncode == 0 and rest.split() == ["b"] * 16, rest
    # nobody says so: the host of one of them fails
    assert red.api.call("PUT", f"/v2.0/routers/{red.router['id']}", {"router": {"routes": routes}}).status == 200
    client = red.lab.popen("red-a", sys.executable, "-c", HOLD, stdin=subprocess.PIPE)
    assert set(client.stdout.readline().split()) == {"b", "c"}
    red.lab.exec("h2", "ip", "link", "set", "uplink0", "down")
    try:
        rest, _ = client.communicate("b\n", timeout=120)
    finally:
        red.lab.exec("h2", "ip", "link", "set", "uplink0", "up")
    assert client.returncode == 0 and rest.split() == ["c"] * 16, rest
    for server in servers:
        server.terminate()
        server.wait()
    red.set_routes(red.router)


def test_two_routers_in_a_row(red):
    """net1 ── r ── net2 ── r2 ── net4: a host of net1 routes all the way by itself."""
    red.networks["net4"] = red.api.make("network", name="net4")
    subnet = red.subnet("net4", "10.4.0.0/24")
    r2 = red.api.make("router", name="r2")
    red.connect(r2, subnet)
    port = red.api.make("port", network_id=red.networks["net2"]["id"], fixed_ips=[{"subnet_id": red.subnets["net2"]["id"], "ip_address": "10.2.0.254"}])
    red.act(r2, "add_router_interface", port_id=port["id"])
    red.set_routes(red.router, **{"10.4.0.0/24": "10.2.0.254"})
    red.set_routes(r2, **{"10.1.0.0/24": "10.2.0.1"})
    g = red.guest("g", 2, "net4")
    address = red.lab.address(g)
    wait_until(lambda: red.pings("a", address), what="a reaches g over two routers")
    out = red.exec("a", "traceroute", "-n", "-q", "1", "-w", "2", "-m", "5", address).stdout
    assert re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE) == ["10.1.0.1", "10.2.0.254", address], out
    red.lab.weft("lab", "remove", "red-g")
    red.set_routes(red.router)
    assert red.api.call("DELETE", f"/v2.0/ports/{g['id']}").status == 204


def drops(red, host):
    """What a host has dropped, by reason."""
    env = {**red.lab.env, "WEFT_AGENT_SOCKET": str(red.lab.folder / host / "run/agent.sock")}
    return dict(re.findall(r"^(\S+) +(\d+)", red.lab.weft("drops", env=env).stdout, re.MULTILINE))


def test_link_local_addresses_stay_on_their_link(red):
    """RFC 4291 section 2.5.6: a guest that sends to another network from its link-local address is not routed, and counted; to its neighbours, the router among them, it is as ever."""
    own = re.search(r"inet6 (fe80\S+)/64", red.exec("a", "ip", "-6", "address", "show", "dev", "eth0").stdout)[1]
    before = int(drops(red, "h1").get("not-routed", 0))
    red.exec("a", "ping", "-c", "1", "-W", "1", "-I", f"{own}%eth0", red.ip6["b"], check=False)
    wait_until(lambda: int(drops(red, "h1").get("not-routed", 0)) > before, what="it is counted")
    assert red.exec("a", "ping", "-c", "1", "-W", "20", "-I", f"{own}%eth0", "fd01::1").returncode == 0


def test_loops_end(red):
    """Two routers that lead to each other: the sender is told, or the drop is counted."""
    r2 = red.api.get("/v2.0/routers", name="r2").json["routers"][0]
    red.set_routes(red.router, **{"10.66.0.0/16": "10.2.0.254"})
    red.set_routes(r2, **{"10.66.0.0/16": "10.2.0.1"})
    wait_until(lambda: "Time to live exceeded" in red.exec("a", "ping", "-c", "1", "-W", "1", "-t", "6", "10.66.0.1", check=False).stdout)
    before = int(drops(red, "h1").get("ttl-expired", 0))
    red.exec("a", "ping", "-c", "1", "-W", "1", "10.66.0.1", check=False)
    wait_until(lambda: int(drops(red, "h1").get("ttl-expired", 0)) > before, what="it is counted")
    red.set_routes(red.router)
    red.set_routes(r2)


def test_network_without_layer_2(red):
    """B36: l2_adjacency false: guests of one network and subnet reach each other through the router alone."""
    network = red.networks["net5"] = red.api.make("network", name="net5", l2_adjacency=False)
    assert network["l2_adjacency"] is False and red.networks["net1"]["l2_adjacency"] is True
    for cidr, more in (("10.5.0.0/24", {}), ("fd05::/64", {"ip_version": 6, "ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"})):
        red.connect(red.router, red.subnet("net5", cidr, **more))
    ports = {name: red.guest(name, host, "net5") for name, host in (("p", 1), ("q", 1), ("s", 2))}
    ip, ip6 = ({name: red.lab.address(port, v) for name, port in ports.items()} for v in (4, 6))
    router = red.api.get("/v2.0/ports", device_id=red.router["id"], network_id=network["id"]).json["ports"][0]["mac_address"]
    for other in ("q", "s"):
        wait_until(lambda: red.pings("p", ip[other]) and red.pings("p", ip6[other]), what=f"p reaches {other}")
        out = red.exec("p", "traceroute", "-n", "-q", "1", "-w", "2", "-m", "5", ip[other]).stdout
        assert re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE) == ["10.5.0.1", ip[other]], out
        assert router in red.exec("p", "ip", "neigh", "show", ip[other]).stdout
    assert red.pings("p", red.ip["b"]) and red.pings("b", ip["s"])
    red.exec("p", "ping", "-b", "-c", "1", "-W", "1", "10.5.0.255", check=False)
    wait_until(lambda: int(drops(red, "h1").get("not-adjacent", 0)) >= 1, what="it is counted")
    wrong = {"l2_adjacency": False, "provider:network_type": "vlan", "provider:physical_network": "phys", "provider:segmentation_id": 5}
    answer = red.lab.api().call("POST", "/v2.0/networks", {"network": wrong})
    assert answer.status == 400 and "geneve or vxlan" in answer.json["NeutronError"]["message"]
    for name, port in ports.items():
        red.lab.weft("lab", "remove", f"red-{name}")
        assert red.api.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204


def test_daemons_may_die(red):
    """With weftd killed, and then each agent killed and started again, nothing is lost."""
    lab = red.lab
    wait_until(lambda: red.pings("a", red.ip["b"]), what="a reaches b")
    ping = Ping(lab.netns("red-a"), red.ip["b"])
    lab.stop("weftd", kill=True)
    lab.start("weftd")
    for host in ("h1", "h2"):
        lab.stop(host, kill=True)
        lab.start(host)
    lab.weft("wait", "revision")
    sent, lost = ping.stop()
    assert sent > 20 and lost == 0, f"{lost} of {sent} lost"


def test_trace_explains(red):
    text = red.lab.weft("trace", red.ports["a"]["id"], "--to", red.ip["b"], "--proto", "tcp", "--dport", "80").stdout
    assert "routed to VNI" in text and "(the destination itself)" in text and "sent to another host" in text, text
