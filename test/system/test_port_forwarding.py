"""Port forwardings of floating IPs, and IPv6 prefixes that are others outside: where the router's gateway is. Proves Z7, Z36.

    net1 10.1.0.0/24 ── r ── public (flat, 203.0.113.0/24) ── the world of outside.py, on the hosts of test_outside.py
    h1: a, d     h2: b     h3: c, not connected to the outside
"""
import ipaddress
import re
import socket
import subprocess
import sys
import textwrap

import pytest

import openstack_cli
import outside
from conftest import labs, run, wait_until
from outside_cloud import Cloud, Connection
from packets import inside

# Says back what it is told, and to whom, by TCP or UDP.
ECHO = textwrap.dedent("""
    import socket, sys, threading
    kind, port = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]], int(sys.argv[2])
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    def serve(connection, peer):
        with connection:
            while data := connection.recv(65536):
                connection.sendall(peer.encode() + b" " + data)
    if kind == socket.SOCK_STREAM:
        s.listen()
    print("serving", flush=True)
    while kind == socket.SOCK_DGRAM:
        data, peer = s.recvfrom(65536)
        s.sendto(peer[0].encode() + b" " + data, peer)
    while True:
        connection, peer = s.accept()
        threading.Thread(target=serve, args=(connection, peer[0]), daemon=True).start()
    """)
# Says lines of its input by one socket, and prints the answers.
CLIENT = textwrap.dedent("""
    import socket, sys
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(2)
    try:
        s.connect((sys.argv[2], int(sys.argv[3])))
        for line in sys.stdin.buffer:
            s.sendall(line.strip())
            got = s.recv(65536)
            while b" " not in got or got.count(b"x") < line.count(b"x"):
                got += s.recv(65536)
            print(got.decode(), flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
    """)


class Client:
    """Of a server in a namespace."""

    def __init__(self, namespace, protocol, address, port):
        self.process = subprocess.Popen(["ip", "netns", "exec", namespace, sys.executable, "-c", CLIENT, protocol, address, str(port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, text="hello"):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def ask(namespace, protocol, address, port, text="hello"):
    client = Client(namespace, protocol, address, port)
    try:
        return client.ask(text)
    finally:
        client.close()


class Forwarding(Cloud):
    def __init__(self, lab, world):
        super().__init__(lab, world)
        self.cli = openstack_cli.Cli(**{key: value for key, value in lab.env.items() if key.startswith("OS_")})
        for name, protocol, port in (("b", "tcp", 8080), ("b", "tcp", 22), ("c", "udp", 5300), ("c", "udp", 5301), ("c", "tcp", 8080)):
            server = lab.popen(name, sys.executable, "-c", ECHO, protocol, str(port), stdout=subprocess.PIPE, text=True)
            world.processes.append(server)
            assert server.stdout.readline() == "serving\n"
        self.floating = self.api.make("floatingip", floating_network_id=self.public["id"])
        self.at = self.floating["floating_ip_address"]

    def path(self, forwarding=None):
        return f"/v2.0/floatingips/{self.floating['id']}/port_forwardings" + (f"/{forwarding['id']}" if forwarding else "")

    def forward(self, name, protocol="tcp", **ports):
        body = {"internal_port_id": self.ports[name]["id"], "internal_ip_address": self.ip[name], "protocol": protocol, **ports}
        answer = self.api.call("POST", self.path(), {"port_forwarding": body})
        assert answer.status == 201, answer.text
        return answer.json["port_forwarding"]

    def settle(self):
        self.lab.weft("wait", "revision")

    def status(self):
        return self.api.get(f"/v2.0/floatingips/{self.floating['id']}").json["floatingip"]["status"]

    def outside(self, protocol, port, text="hello"):
        return ask(self.world.out, protocol, self.at, port, text)


@pytest.fixture(scope="module")
def cloud(request):
    make = labs(request)
    lab = next(make)(hosts=3)
    world = outside.World(lab, ["h1", "h2"])
    try:
        world.up()
        cloud = Forwarding(lab, world)
        wait_until(lambda: cloud.gateway()["status"] == "ACTIVE", what="the gateway is ACTIVE")
        yield cloud
        cloud.cli.close()
    finally:
        world.down()
        next(make, None)


@pytest.fixture(autouse=True)
def clean(cloud):
    yield
    for made in cloud.api.get(cloud.path()).json["port_forwardings"]:
        assert cloud.api.call("DELETE", cloud.path(made)).status == 204
    cloud.settle()


def test_openstack_command(cloud):
    """Each verb of `openstack floating ip port forwarding`, and what it does to a client outside."""
    verb = ["floating", "ip", "port", "forwarding"]
    made = cloud.cli.json(*verb, "create", "--port", "b", "--internal-ip-address", cloud.ip["b"], "--internal-protocol-port", "8080",
                          "--external-protocol-port", "80", "--protocol", "tcp", cloud.at)
    wait_until(lambda: cloud.status() == "ACTIVE", what="the floating IP is ACTIVE")
    assert cloud.outside("tcp", 80) == f"{outside.ROUTER} hello"  # the client's own address
    assert cloud.world.pings(cloud.at)
    listed = cloud.cli.json(*verb, "list", cloud.at)
    assert [(f["ID"], f["Internal Port"], f["External Port"]) for f in listed] == [(made["id"], 8080, 80)]
    cloud.cli(*verb, "set", cloud.at, made["id"], "--external-protocol-port", "81", "--internal-protocol-port", "22")
    cloud.settle()
    assert cloud.outside("tcp", 81) == f"{outside.ROUTER} hello" and cloud.outside("tcp", 80) == "TimeoutError"
    assert cloud.cli.json(*verb, "show", cloud.at, made["id"])["external_port"] == 81
    cloud.cli(*verb, "delete", cloud.at, made["id"])
    assert cloud.status() == "DOWN"
    cloud.settle()
    assert not cloud.world.pings(cloud.at)


def test_ranges_and_protocols(cloud):
    """Ranges one to one and many to one, by TCP and UDP, to guests on hosts with and without the outside."""
    cloud.forward("c", "udp", external_port_range="5300:5301", internal_port_range="5300:5301")
    cloud.forward("c", external_port=80, internal_port=8080)
    cloud.forward("b", external_port_range="2200:2299", internal_port=22)
    cloud.settle()
    for protocol, port in (("udp", 5300), ("udp", 5301), ("tcp", 80), ("tcp", 2200), ("tcp", 2277), ("tcp", 2299)):
        assert cloud.outside(protocol, port) == f"{outside.ROUTER} hello", port
    long = "x" * 6000  # in fragments, both ways, once the client has been told of the MTU inside
    wait_until(lambda: cloud.outside("udp", 5300, long) == f"{outside.ROUTER} {long}", what="fragments are forwarded")
    # What is closed says so: the error comes from the address that was asked.
    cloud.forward("c", "udp", external_port=99, internal_port=99)
    cloud.settle()
    assert cloud.outside("udp", 99) == "ConnectionRefusedError"


def test_hairpin(cloud):
    """Guests of the router reach each other, and themselves, at the forwarded address, with the router's; with and without SNAT."""
    cloud.forward("b", external_port=80, internal_port=8080)
    cloud.forward("c", "udp", external_port=53, internal_port=5300)
    cloud.settle()
    for enable_snat in (True, False):
        cloud.update("router", cloud.router, external_gateway_info={"network_id": cloud.public["id"], "enable_snat": enable_snat})
        cloud.settle()
        for name in ("a", "b", "c"):
            for protocol, port in (("tcp", 80), ("udp", 53)):
                assert ask(cloud.lab.netns(name), protocol, cloud.at, port) == f"{cloud.gateway_ip()} hello", (name, port, enable_snat)
            # large segments too, which come out of a tunnel and go into the next
            assert ask(cloud.lab.netns(name), "tcp", cloud.at, 80, 300_000 * "x").count("x") == 300_000, name
    assert cloud.outside("tcp", 80) == f"{outside.ROUTER} hello"
    cloud.update("router", cloud.router, external_gateway_info={"network_id": cloud.public["id"], "enable_snat": True})


def test_firewall_and_trace(cloud):
    """The receiving port's groups decide about the packet as it arrives there; a trace tells what it was and becomes."""
    cloud.forward("b", external_port=80, internal_port=8080)
    cloud.settle()
    here = "a" if cloud.gateway()["binding:host_id"] == "h1" else "b"
    steps = cloud.lab.weft("trace", here, "--to", cloud.at, "--proto", "tcp", "--dport", "80").stdout
    assert f"a port forwarding of {cloud.at}: the receiver is port 80 there" in steps, steps
    assert f"the receiver becomes {cloud.ip['b']} port 8080" in steps, steps
    steps = cloud.lab.weft("trace", here, "--to", cloud.at, "--proto", "tcp", "--dport", "81", check=False).stdout
    assert "not-forwarded" in steps, steps
    groups = cloud.ports["b"]["security_groups"]
    cloud.update("port", cloud.ports["b"], security_groups=[])
    cloud.settle()
    assert cloud.outside("tcp", 80) == "TimeoutError"
    cloud.update("port", cloud.ports["b"], security_groups=groups)
    cloud.settle()
    assert cloud.outside("tcp", 80) == f"{outside.ROUTER} hello"


def refused_at(cloud, victim, sender, address, port):
    """Whether a datagram is seen to be refused by the victim's rules; @sender: a guest, or None: somebody outside."""
    def denied():
        return cloud.lab.agent(f"h{dict(cloud.PLACES)[victim]}", "ports", port=cloud.ports[victim]["id"])["ports"][0]["drop_reasons"].get("denied-ingress", 0)
    before = denied()
    with inside(cloud.lab.netns(sender) if sender else cloud.world.out):
        client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    def sends():
        try:
            return client.sendto(b"past the rules", (address, port))
        except OSError:  # it has no route yet
            return 0
    with client:
        wait_until(sends, what=f"{sender} has a route to {address}")
    try:
        wait_until(lambda: denied() > before, 5, interval=0.02)
    except pytest.fail.Exception:
        return False
    return True


def socket_in(netns, port):
    with inside(netns):
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)  # of both families
    made.bind(("::", port))
    made.setblocking(False)
    return made


def arrived(heard):
    try:
        return heard.recv(100)
    except BlockingIOError:
        return None


def test_no_way_past_the_rules(cloud):
    """L7: whichever way a packet takes to a guest, by floating IPs, forwarded ports or routes, from inside, from outside or from itself, its rules are asked; whoever sends."""
    cloud.forward("d", "udp", external_port=9, internal_port=9)
    made = {name: cloud.float(name) for name in ("a", "b")}
    groups = {name: cloud.ports[name]["security_groups"] for name in ("b", "d")}
    out = cloud.api.call("POST", "/v2.0/security-groups", {"security_group": {"name": "out"}}).json["security_group"]  # lets nothing in
    for name in groups:
        cloud.update("port", cloud.ports[name], security_groups=[out["id"]])
    cloud.settle()
    ways = [("b", sender, made["b"]["floating_ip_address"]) for sender in ("a", "c", "b", None)] + [("d", sender, cloud.at) for sender in ("a", "c", "d", None)]
    ways += [("b", sender, cloud.ip["b"]) for sender in ("a", "c")] + [("b", sender, cloud.ip6["b"]) for sender in ("a", "c")]
    heard = {name: socket_in(cloud.lab.netns(name), 9) for name in groups}  # another drop may be counted meanwhile
    passed = [way for way in ways if not refused_at(cloud, *way, 9) or arrived(heard[way[0]])]
    for name, had in groups.items():
        cloud.update("port", cloud.ports[name], security_groups=had)
    for floating in made.values():
        cloud.delete("floatingip", floating)
    for one in heard.values():
        one.close()
    assert not passed


def test_refuses(cloud):
    """A floating IP of a port that is forwarded to would take its answers away; one with forwardings can't be deleted."""
    cloud.forward("b", external_port=80, internal_port=8080)
    refused = cloud.api.call("POST", "/v2.0/floatingips", {"floatingip": {"floating_network_id": cloud.public["id"], "port_id": cloud.ports["b"]["id"]}})
    assert refused.status == 400 and "Port Forwarding" in refused.message
    assert cloud.api.call("DELETE", f"/v2.0/floatingips/{cloud.floating['id']}").status == 409


def test_failover_keeps_connections(cloud):
    """The next host goes on with what the first has forwarded, without the controller."""
    cloud.forward("c", external_port=80, internal_port=8080)
    cloud.settle()
    first = cloud.gateway()["binding:host_id"]
    second = {"h1": "h2", "h2": "h1"}[first]
    wait_until(lambda: all(h["state"] == "up" for name in ("h1", "h2", "h3") for h in cloud.lab.agent(name, "status")["hosts"]))
    cloud.lab.stop("weftd")
    client = Client(cloud.world.out, "tcp", cloud.at, 80)
    assert client.ask() == f"{outside.ROUTER} hello"
    run("ip", "-n", cloud.lab.netns(first), "link", "set", "uplink0", "down")
    wait_until(lambda: cloud.lab.agent(second, "status")["forwarded_ips"][0]["here"], what="the second host has it")
    assert client.ask("again") == f"{outside.ROUTER} again"
    client.close()
    run("ip", "-n", cloud.lab.netns(first), "link", "set", "uplink0", "up")
    cloud.lab.start("weftd")
    wait_until(lambda: [cloud.lab.agent(host, "status")["forwarded_ips"][0]["here"] for host in (first, second)] == [True, False],
               what="the first one alone has it again")
    assert cloud.outside("tcp", 80) == f"{outside.ROUTER} hello" and cloud.status() == "ACTIVE"


def outer_prefixes(cloud, *pairs):
    info = {"network_id": cloud.public["id"], "nptv6_prefixes": [{"internal_prefix": i, "external_prefix": e} for i, e in pairs]}
    return cloud.update("router", cloud.router, external_gateway_info=info)["external_gateway_info"].get("nptv6_prefixes")


def test_ipv6_prefix_is_another_outside(cloud):
    """NPTv6 (RFC 6296): an address outside for each inside, with no state: both ways, errors, fragments, between guests, and over a failover."""
    outer, world = ipaddress.ip_network("2001:db8:5::/48"), cloud.world
    world.who()
    world.who(7003, "EXEC:cat")
    world.ip("-6", "route", "add", str(outer), "via", cloud.gateway_ip(6))
    assert outer_prefixes(cloud, ("fd01::/48", str(outer))) == [{"internal_prefix": "fd01::/48", "external_prefix": str(outer)}]
    seen = {}
    for name in ("a", "b", "c"):
        def address():
            text = cloud.asks(name, outside.FAR6).strip("[]")
            return text and (found := ipaddress.ip_address(text)) in outer and str(found)
        seen[name] = wait_until(address, what=f"{name} is seen with the other prefix")
        assert world.pings(seen[name]), f"the outside reaches {name}"
    wait_until(lambda: cloud.lab.exec("c", "ping", "-c", "1", "-W", "1", "-s", "3000", outside.FAR6, check=False).returncode == 0,
               what="fragments pass both ways")  # the first are too big for the network: the outside is told
    assert cloud.pings("a", seen["b"]) and cloud.pings("b", seen["c"])
    out = cloud.lab.exec("c", "traceroute", "-n", "-q", "1", "-w", "2", "-m", "5", outside.FAR6).stdout
    assert re.findall(r"^ *\d+ +(\S+)", out, re.MULTILINE) == ["fd01::1", outside.FAR6], out
    first = cloud.gateway()["binding:host_id"]
    guest = {"h1": "a", "h2": "b"}[first]
    env = {**cloud.lab.env, "WEFT_AGENT_SOCKET": str(cloud.lab.folder / first / "run/agent.sock")}
    becomes = lambda: re.findall(r"the sender becomes (\S+)", cloud.lab.weft("trace", cloud.ports[guest]["id"], "--to", outside.FAR6, env=env).stdout)
    assert becomes() == [seen[guest]]
    held = Connection(cloud.lab, "c", f"[{outside.FAR6}]", 7003)
    assert held.asks("before", seconds=20) == "before"
    world.ip("link", "set", first, "down")
    assert held.asks("during", seconds=30) == "during"
    world.ip("link", "set", first, "up")
    wait_until(lambda: cloud.here(first), what="the gateway is back")
    assert held.asks("after", seconds=30) == "after"
    held.close()
    assert outer_prefixes(cloud) is None
    wait_until(lambda: not becomes(), what="guests keep their addresses again")
    world.ip("-6", "route", "del", str(outer))
