"""Firewall groups of routers' ports: the real `openstack firewall` CLI, and traffic over a router between two networks and to the outside.

    net1 10.1.0.0/24, fd01::/64 ── r ── net2 10.2.0.0/24, fd02::/64       r's gateway: public (flat, 203.0.113.0/24), the world of outside.py
    h1: a (net1), c (net2)     h2: b (net2)     interfaces: of net1 for IPv4, for IPv6, of net2 likewise
"""
import errno
import select
import socket
import struct
import types

import pytest

import outside
from conftest import labs, wait_until
from edge_balancer import balancer
from firewall_lab import Connection, icmp, passes, tcp, udp
from openstack_cli import Cli
from packets import inside


class Guest:
    def __init__(self, bed, name, host, network):
        port = bed.api.make("port", name=name, network_id=network["id"], **{"binding:host_id": host})
        bed.lab.guest(name, int(host[1:]), None, port=port["id"])
        self.lab, self.name, self.host, self.id, self.netns = bed.lab, name, host, port["id"], bed.lab.netns(name)
        self.ip = {version: bed.lab.address(port, version) for version in (4, 6)}

    def denied(self):
        return self.lab.agent(self.host, "ports", port=self.id)["ports"][0]["drop_reasons"].get("denied-firewall", 0)


class Bed:
    """The drawing."""

    def __init__(self, lab, world):
        self.lab, self.world = lab, world
        self.public = self.api.make("network", name="public", **{"router:external": True, "provider:network_type": "flat",
                                                                  "provider:physical_network": "public"})
        self.call("PUT", f"/v2.0/quotas/{self.public['project_id']}", {"quota": {"firewall_policy": -1, "firewall_group": -1}})
        self.subnet(self.public, "203.0.113.0/24", enable_dhcp=False)
        self.router = self.api.make("router", name="r", external_gateway_info={"network_id": self.public["id"]})
        self.interfaces = []
        nets = [self.net(n) for n in (1, 2)]
        self.allow_all()
        self.a, self.b, self.c = Guest(self, "a", "h1", nets[0]), Guest(self, "b", "h2", nets[1]), Guest(self, "c", "h1", nets[1])

    @property
    def api(self):
        return self.lab.api()

    def subnet(self, network, cidr, **more):
        return self.api.make("subnet", network_id=network["id"], cidr=cidr, **{"ip_version": 4, **more})

    def net(self, n):
        network = self.api.make("network", name=f"net{n}")
        for subnet in (self.subnet(network, f"10.{n}.0.0/24"),
                       self.subnet(network, f"fd0{n}::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac")):
            answer = self.call("PUT", f"/v2.0/routers/{self.router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
            self.interfaces.append(answer["port_id"])
        return network

    def allow_all(self):
        group = self.api.get("/v2.0/security-groups", name="default", project_id=self.public["project_id"]).json["security_groups"][0]
        for version in ("IPv4", "IPv6"):
            self.call("POST", "/v2.0/security-group-rules",
                      {"security_group_rule": {"security_group_id": group["id"], "direction": "ingress", "ethertype": version}})

    def call(self, method, path, body=None):
        answer = self.api.call(method, path, body)
        assert answer.status in (200, 201, 204), answer.text
        if method != "GET":
            self.lab.weft("wait", "revision", answer.headers["X-Weft-Revision"])
        return answer.json if answer.text else None

    def make(self, kind, **attributes):
        path = f"/v2.0/fwaas/{kind[:-1] + 'ies' if kind.endswith('y') else kind + 's'}"
        return self.call("POST", path, {kind: attributes})[kind]["id"]

    def rule(self, action, **attributes):
        return self.make("firewall_rule", action=action, **attributes)

    def policy(self, *rules):
        return self.make("firewall_policy", firewall_rules=list(rules))

    def group(self, *ports, **policies):
        return self.make("firewall_group", ports=list(ports), **policies)

    def set(self, path, **attributes):
        kind = {"firewall_groups": "firewall_group", "firewall_policies": "firewall_policy", "firewall_rules": "firewall_rule"}[path.split("/")[0]]
        return self.call("PUT", f"/v2.0/fwaas/{path}", {kind: attributes})[kind]

    def clear(self):
        for group in self.api.get("/v2.0/fwaas/firewall_groups").json["firewall_groups"]:
            if group["ports"]:
                self.set(f"firewall_groups/{group['id']}", ports=[])

    def status(self, group):
        return self.api.get(f"/v2.0/fwaas/firewall_groups/{group}").json["firewall_group"]["status"]

    def gateway(self):
        return self.api.get("/v2.0/ports", device_id=self.router["id"], device_owner="network:router_gateway").json["ports"][0]


@pytest.fixture(scope="module")
def bed(request):
    make = labs(request)
    lab = next(make)()
    world = outside.World(lab, ["h1", "h2"])
    try:
        world.up()
        world.who()
        bed = Bed(lab, world)
        wait_until(lambda: lab.pings("a", bed.b.ip[6]) and lab.pings("a", outside.FAR), what="a reaches b and the outside")
        yield bed
    finally:
        world.down()
        next(make, None)


@pytest.fixture(autouse=True)
def clean(bed):
    yield
    bed.clear()


def denied(send, at):
    """What send() sends is counted at @at as denied by a firewall group, and does not arrive."""
    before = at.denied()
    kept, arrived = send()
    wait_until(lambda: at.denied() > before, what=f"a firewall group denies it at {at.name}", interval=0.001)
    assert not arrived()
    del kept


def forget(connection):
    """What it has sent is not sent again: that would be counted, too."""
    connection.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.client.close()


def test_between_networks(bed):
    """L13, Z8: rules in their order decide what one network opens to the other; answers pass; a change cuts at once; `weft trace` names the rule."""
    a, b, c = bed.a, bed.b, bed.c
    telnet = bed.rule("deny", protocol="tcp", destination_port="20:23")
    pinhole = bed.rule("allow", protocol="tcp", destination_port=22, destination_ip_address=b.ip[4])
    source = bed.rule("deny", protocol="tcp", source_ip_address="10.1.0.0/16", destination_ip_address=c.ip[4], destination_port=80)
    rest, rest6 = bed.rule("allow"), bed.rule("allow", ip_version=6, protocol="tcp", destination_port="1:1023")
    policy, open_ = bed.policy(telnet, source, rest, rest6), bed.policy(rest, bed.rule("allow", ip_version=6))
    before = [Connection(a, to, 21, version) for to in (b, c) for version in (4, 6)]
    other = Connection(b, a, 2000)
    group = bed.group(*bed.interfaces[:2], egress_firewall_policy_id=policy, ingress_firewall_policy_id=open_)
    wait_until(lambda: bed.status(group) == "ACTIVE", what="the group is ACTIVE")
    for connection, version in zip(before, (4, 6, 4, 6)):
        if version == 4:
            denied(connection.send, a)
            forget(connection)
        else:
            assert connection.works()
    assert other.works(), "what the other side has opened goes on"
    for to in (b, c):  # over the tunnel, and on the same host
        denied(lambda: tcp(a, to, 23), a)
        passes(tcp(a, to, 24))
        passes(tcp(a, to, 80, 6))
        denied(lambda: tcp(a, to, 1024, 6), a)
        denied(lambda: udp(a, to, 80, 6), a)
        passes(udp(a, to, 22))
        passes(icmp(a, to, 8))
        passes(tcp(to, a, 23))  # the other way is the ingress policy's
    denied(lambda: tcp(a, c, 80), a)
    passes(tcp(a, b, 80))
    denied(lambda: tcp(a, b, 22), a)
    bed.call("PUT", f"/v2.0/fwaas/firewall_policies/{policy}/insert_rule", {"firewall_rule_id": pinhole, "insert_before": telnet})
    passes(tcp(a, b, 22))
    denied(lambda: tcp(a, c, 22), a)
    here = Connection(a, b, 22)
    bed.set(f"firewall_rules/{pinhole}", enabled=False)
    denied(here.send, a)
    forget(here)
    metrics = bed.lab.agent("h1", "metrics")["text"]
    assert f'weft_rule_hits_total{{rule="{telnet}",firewall_group="{group}"}}' in metrics
    trace = bed.lab.weft("why", "a", "b", "tcp/23", check=False).stdout
    assert telnet in trace and "refused" in trace, trace
    bed.set(f"firewall_groups/{group}", admin_state_up=False)
    assert bed.status(group) == "DOWN"
    denied(lambda: tcp(a, b, 24), a)
    denied(lambda: tcp(b, a, 24), b)
    bed.set(f"firewall_groups/{group}", ports=[], admin_state_up=True)
    assert bed.status(group) == "INACTIVE"
    passes(tcp(a, b, 23))


def rejected(send, at):
    """What send() sends is counted at @at as denied by a firewall group, and its sender is refused.

    Of TCP perhaps by the second SYN, a second later: here the error about the first may arrive before connect() has let go of
    the socket, and Linux then takes no notice of it.
    """
    before = at.denied()
    passes(send(), "that it is refused")
    assert at.denied() > before


def test_reject(bed):
    """A guest is told what a rule rejects, and fails; of what a rule denies it hears nothing."""
    a, b, c = bed.a, bed.b, bed.c
    silent = bed.rule("deny", protocol="tcp", destination_port=22)
    loud, loud6 = bed.rule("reject", protocol="tcp"), bed.rule("reject", ip_version=6)
    policy = bed.policy(silent, loud, loud6, bed.rule("allow"))
    bed.group(*bed.interfaces[:2], egress_firewall_policy_id=policy)
    for to in (b, c):
        rejected(lambda: tcp(a, to, 23), a)
        rejected(lambda: tcp(a, to, 23, 6), a)
        rejected(lambda: udp(a, to, 23, 6), a)
    denied(lambda: tcp(a, b, 22), a)
    passes(udp(a, b, 23))
    why = bed.lab.weft("why", "a", "b", "tcp/23", check=False).stdout
    assert loud in why and "rejects" in why and "refused" in why, why
    spec = {"proto": "tcp", "dst": b.ip[4], "dst_port": 23}
    assert "the sender is told: ICMP type 3, code 3" in bed.lab.agent("h1", "trace", port=a.id, spec=spec)["steps"]
    bed.clear()


def test_ingress(bed):
    """What leaves to a network is refused where it was sent; without a policy nothing passes."""
    a, b, c = bed.a, bed.b, bed.c
    only = bed.policy(bed.rule("allow", protocol="tcp", source_port="4000:5000"), bed.rule("allow", protocol="udp", destination_port=53))
    bed.group(bed.interfaces[2], ingress_firewall_policy_id=only)
    passes(udp(a, b, 53))
    denied(lambda: udp(a, c, 54), a)
    denied(lambda: tcp(a, b, 80), a)
    denied(lambda: tcp(b, a, 80), b)  # no egress policy
    with inside(a.netns):
        client = socket.socket()
    client.bind((a.ip[4], 4500))
    client.setblocking(False)
    client.connect_ex((b.ip[4], 80))
    wait_until(lambda: select.select([], [client], [], 0)[1], what="from that port it passes")
    passes(tcp(c, b, 80), "what is not routed")


def test_outside(bed):
    """To the outside and from there, by the gateway's port: translated addresses are seen as they are inside."""
    a, b, world = bed.a, bed.b, bed.world
    made = bed.call("POST", "/v2.0/floatingips", {"floatingip": {"floating_network_id": bed.public["id"], "port_id": b.id}})["floatingip"]
    wait_until(lambda: world.pings(made["floating_ip_address"]), what="the floating IP works")
    web, loud = bed.rule("allow", protocol="tcp", destination_port=7000), bed.rule("reject")
    to_b = bed.rule("allow", protocol="tcp", destination_ip_address=b.ip[4], destination_port=80)
    group = bed.group(bed.gateway()["id"], egress_firewall_policy_id=bed.policy(to_b, loud), ingress_firewall_policy_id=bed.policy(web, loud))
    far = types.SimpleNamespace(netns=world.out, ip={4: made["floating_ip_address"]})
    beyond = types.SimpleNamespace(ip={4: outside.FAR})
    for guest in (a, b):
        asked = bed.lab.exec(guest.name, "socat", "-u", f"TCP:{outside.FAR}:7000,connect-timeout=5", "-", check=False)
        assert asked.stdout.strip(), "what may leave is answered"
        rejected(lambda: tcp(guest, beyond, 7001), guest)
    passes(tcp(far, far, 80))
    denied(lambda: tcp(far, far, 81), b)  # who is outside is told nothing
    assert not world.pings(made["floating_ip_address"])
    passes(tcp(a, b, 81), "the gateway has no part in it")
    bed.set(f"firewall_groups/{group}", ports=[])
    passes(tcp(far, far, 81))
    bed.call("DELETE", f"/v2.0/floatingips/{made['id']}")


def refuses(sender, port):
    """Whether its own address is reached, where nobody listens."""
    with inside(sender.netns):
        client = socket.socket()
    with client:
        client.settimeout(5)
        return client.connect_ex((sender.ip[4], port)) == errno.ECONNREFUSED


def test_load_balancer(bed):
    """Nobody gets past a group by a load balancer, wherever its member is: groups are asked about the VIP before it, and about the
    member behind it, if that is on another network; so is who sends from outside, and who is on the VIP's network or another.
    """
    a, b, c, world = bed.a, bed.b, bed.c, bed.world
    members = {81: b, 82: c, 83: a}
    made, outer = balancer(bed, members.values())
    far = types.SimpleNamespace(netns=world.out, ip={4: outer["floating_ip_address"]})
    vip = types.SimpleNamespace(ip={4: made["vip_address"]})
    hosts = types.SimpleNamespace(name="a host", denied=lambda: sum(
        bed.lab.agent(host, "drops")["host"].get("denied-firewall", {"count": 0})["count"] for host in ("h1", "h2")))
    for port in members:
        wait_until(lambda: refuses(far, port), what=f"the floating IP's port {port} works")
    to_vip = bed.rule("allow", protocol="tcp", destination_ip_address=vip.ip[4], destination_port="81:83")
    to_members = bed.rule("allow", protocol="tcp", destination_port=9000)
    about_vip, about_members, all_ = bed.policy(to_vip), bed.policy(to_members), bed.policy(bed.rule("allow"))
    gateway = bed.group(bed.gateway()["id"], egress_firewall_policy_id=about_members, ingress_firewall_policy_id=all_)
    for port in members:
        denied(lambda: tcp(far, far, port), hosts)
    bed.set(f"firewall_groups/{gateway}", egress_firewall_policy_id=about_vip)
    for port in members:
        passes(tcp(far, far, port))
    vips = bed.group(bed.interfaces[0], name="vips", ingress_firewall_policy_id=about_members, egress_firewall_policy_id=all_)
    log = bed.call("POST", "/v2.0/log/logs", {"log": {"resource_type": "firewall_group", "resource_id": vips}})["log"]["id"]
    for port in members:
        denied(lambda: tcp(far, far, port), hosts)
        denied(lambda: tcp(c, vip, port), c)
    events = [one for host in ("h1", "h2") for one in bed.lab.agent(host, "logs")["events"] if log in one.get("log_ids", [])]
    seen = next(one for one in events if one["src_ip"] == outside.ROUTER and one["dst_port"] == 81)
    assert seen["action"] == "DROP" and seen["dst_ip"] == vip.ip[4] and "guest_port_id" not in seen, seen
    bed.call("DELETE", f"/v2.0/log/logs/{log}")
    bed.set(f"firewall_groups/{vips}", ingress_firewall_policy_id=about_vip, egress_firewall_policy_id=about_members)
    loud = bed.rule("reject", protocol="tcp", destination_ip_address=b.ip[4])
    inner = bed.group(bed.interfaces[2], ingress_firewall_policy_id=bed.policy(loud), egress_firewall_policy_id=all_)
    for port in (81, 82):
        denied(lambda: tcp(far, far, port), hosts)
        denied(lambda: tcp(a, vip, port), a)
    rejected(lambda: tcp(c, vip, 81), c)
    spec = {"proto": "tcp", "dst": vip.ip[4], "dst_port": 81}
    steps = "\n".join(bed.lab.agent("h1", "trace", port=a.id, spec=spec)["steps"])
    assert loud in steps and "denied-firewall" in steps, steps
    for sender in (far, a, c):
        passes(tcp(sender, far if sender is far else vip, 83), "its member is not behind that port")
    bed.set(f"firewall_groups/{inner}", ingress_firewall_policy_id=about_members)
    for port, member in members.items():
        passes(tcp(far, far, port))
        passes(tcp(a, vip, port))
    why = bed.lab.weft("why", "a", "b", "tcp/81", "--vip", vip.ip[4]).stdout
    assert to_members in why and "Verdict: let through" in why, why
    assert "to its member " + b.ip[4] in bed.lab.weft("why", "a", "c", "tcp/81", "--vip", vip.ip[4], check=False).stderr
    bed.clear()
    bed.call("DELETE", f"/v2.0/floatingips/{outer['id']}")
    bed.call("DELETE", f"/load-balancer/v2.0/lbaas/loadbalancers/{made['id']}?cascade=true")


def test_rules_about_groups(bed):
    """A rule about another group is about where a connection comes in or goes out, whatever its addresses; who joins or leaves that
    group, and a restart of the controller, change no rule."""
    a, b, world = bed.a, bed.b, bed.world
    made = bed.call("POST", "/v2.0/floatingips", {"floatingip": {"floating_network_id": bed.public["id"], "port_id": b.id}})["floatingip"]
    far = types.SimpleNamespace(netns=world.out, ip={4: made["floating_ip_address"]})
    inner, outer = bed.group(name="inner"), bed.group(name="outer")
    rules = [bed.rule("allow", protocol="tcp", destination_port=80, source_firewall_group_id=inner),
             bed.rule("allow", protocol="tcp", destination_port=80, ip_version=6, source_firewall_group_id=inner),
             bed.rule("allow", protocol="tcp", destination_port=443, source_firewall_group_id=outer)]
    policy, open_ = bed.policy(*rules), bed.policy(bed.rule("allow"), bed.rule("allow", ip_version=6))
    both = {"ingress_firewall_policy_id": open_, "egress_firewall_policy_id": open_}
    guarded = bed.group(*bed.interfaces[2:], ingress_firewall_policy_id=policy, egress_firewall_policy_id=open_)
    denied(lambda: tcp(a, b, 80), a)
    bed.set(f"firewall_groups/{inner}", ports=bed.interfaces[:2], **both)
    bed.set(f"firewall_groups/{outer}", ports=[bed.gateway()["id"]], **both)
    for version in (4, 6):
        passes(tcp(a, b, 80, version))
        denied(lambda: tcp(a, b, 443, version), a)
    passes(tcp(far, far, 443))
    denied(lambda: tcp(far, far, 80), b)
    here = Connection(a, b, 80)
    bed.set(f"firewall_groups/{inner}", ports=bed.interfaces[1:2])
    denied(here.send, a)
    forget(here)
    passes(tcp(a, b, 80, 6))
    bed.set(f"firewall_groups/{inner}", ports=bed.interfaces[:2])
    passes(tcp(a, b, 80))
    bed.lab.stop("weftd")
    bed.lab.start("weftd")
    for host in ("h1", "h2"):
        wait_until(lambda: bed.lab.agent(host, "status")["controller"]["state"] == "connected", what=f"{host} hears of changes again")
    path = f"/v2.0/fwaas/firewall_groups/{inner}"
    bed.set(f"firewall_groups/{inner}", ports=[])
    answer = bed.api.call("DELETE", path)
    assert answer.status == 409 and "2 firewall_rules" in answer.json["NeutronError"]["message"], answer.text
    passes(tcp(far, far, 443))
    denied(lambda: tcp(a, b, 80), a)
    bed.set(f"firewall_rules/{rules[0]}", source_firewall_group_id=None)
    passes(tcp(a, b, 80))
    bed.clear()
    bed.call("DELETE", f"/v2.0/floatingips/{made['id']}")
    for group in (guarded, outer):
        assert bed.api.call("DELETE", f"/v2.0/fwaas/firewall_groups/{group}").status == (409 if group == outer else 204)
    bed.call("DELETE", f"/v2.0/fwaas/firewall_policies/{policy}")
    for rule in rules:
        bed.call("DELETE", f"/v2.0/fwaas/firewall_rules/{rule}")
    for group in (inner, outer):
        bed.call("DELETE", f"/v2.0/fwaas/firewall_groups/{group}")


def test_icmp_errors(bed):
    """No group lets ICMP through: an error about a connection passes with it, also from outside; any other is refused."""
    a, b, c = bed.a, bed.b, bed.c
    beyond = types.SimpleNamespace(ip={4: outside.FAR})
    only = bed.policy(bed.rule("allow", protocol="udp", destination_port=53),
                      bed.rule("allow", protocol="udp", destination_port=53, ip_version=6))
    bed.group(*bed.interfaces[:2], egress_firewall_policy_id=only)
    bed.group(bed.gateway()["id"], ingress_firewall_policy_id=only)
    for to in (b, c):
        for version in (4, 6):
            passes(udp(a, to, 53, version), "that nobody listens there")
        denied(lambda: icmp(to, a, 3, 3), to)  # quotes nothing that a has sent
    passes(udp(a, beyond, 53), "that nobody listens there")


def test_log(bed):
    """What a group decides is written where it is decided, with its port, policy and rule; `weft port rules` counts it."""
    a, b = bed.a, bed.b
    web = bed.rule("allow", name="to web", protocol="tcp", destination_port=80)
    policy = bed.make("firewall_policy", name="plan", firewall_rules=[web])
    group = bed.group(*bed.interfaces[:1], name="zone", egress_firewall_policy_id=policy)
    assert {"type": "firewall_group"} in bed.api.get("/v2.0/log/loggable-resources").json["loggable_resources"]
    log = bed.call("POST", "/v2.0/log/logs", {"log": {"resource_type": "firewall_group", "resource_id": group}})["log"]["id"]
    other = bed.call("POST", "/v2.0/log/logs",
                     {"log": {"resource_type": "firewall_group", "target_id": bed.interfaces[2], "event": "DROP"}})["log"]["id"]
    seen = len(bed.lab.agent("h1", "logs")["events"])

    def event(**members):
        def find():
            events = bed.lab.agent("h1", "logs")["events"][seen:]
            return next((event for event in events if all(event.get(key) == value for key, value in members.items())), None)
        return wait_until(find, what=f"an event with {members}")
    passes(tcp(a, b, 80))
    denied(lambda: tcp(a, b, 81), a)
    common = {"direction": "egress", "port_id": bed.interfaces[0], "guest_port_id": a.id, "guest_port_name": "a", "protocol": "tcp",
              "router_id": bed.router["id"], "firewall_group": {"id": group, "name": "zone"}, "src_ip": a.ip[4], "dst_ip": b.ip[4],
              "firewall_policy": {"id": policy, "name": "plan"}, "log_ids": [log]}
    accepted, dropped = event(action="ACCEPT", dst_port=80), event(action="DROP", dst_port=81)
    assert accepted == {**accepted, **common, "rule_id": web, "rule_name": "to web"}
    assert dropped == {**dropped, **common, "rule_id": None, "reason": "denied-firewall"}
    assert f"at the router's port {bed.interfaces[0]} (of the firewall group zone)" in bed.lab.log("h1")
    rule = next(one for one in bed.lab.agent("h1", "rules", port=a.id)["rules"] if one["id"] == web)
    assert rule == {**rule, "of": "firewall group zone, policy plan", "action": "allow", "direction": "egress", "destination_port": "80",
                    "router_port_id": bed.interfaces[0]} and rule["hits"] >= 1, rule
    assert "in the firewall group zone" in bed.lab.weft("why", "a", "b", "tcp/80").stdout
    bed.clear()
    bed.call("DELETE", f"/v2.0/fwaas/firewall_groups/{group}")
    assert [one["id"] for one in bed.api.get("/v2.0/log/logs").json["logs"]] == [other], "its log has gone with it"
    bed.call("DELETE", f"/v2.0/log/logs/{other}")


def test_restart(bed):
    """What is refused stays refused while the agent is away, and behind its restart."""
    a, b = bed.a, bed.b
    bed.group(bed.interfaces[0], egress_firewall_policy_id=bed.policy(bed.rule("allow", protocol="tcp", destination_port=80)),
              ingress_firewall_policy_id=bed.policy(bed.rule("allow")))
    passes(tcp(a, b, 80))
    denied(lambda: tcp(a, b, 81), a)
    bed.lab.stop("h1")
    passes(tcp(a, b, 80))
    kept, arrived = tcp(a, b, 81)
    bed.lab.start("h1")
    denied(lambda: tcp(a, b, 82), a)
    assert not arrived()
    passes(tcp(a, b, 80))
    del kept


def test_cli(bed):
    """Each verb of `openstack firewall group`."""
    cli = Cli(**{name: value for name, value in bed.lab.env.items() if name.startswith("OS_")})

    def show(kind, name):
        return cli.json(*kind, "show", name)
    rule, policy, group = ("firewall", "group", "rule"), ("firewall", "group", "policy"), ("firewall", "group")
    made = cli.json(*rule, "create", "--name", "web", "--protocol", "tcp", "--destination-port", "80:81", "--action", "allow",
                    "--source-ip-address", "10.1.0.0/24")
    assert (made["Protocol"], made["Destination Port"], made["Action"]) == ("tcp", "80:81", "allow")
    cli.json(*rule, "create", "--name", "dns", "--protocol", "udp", "--destination-port", "53", "--action", "allow")
    cli(*rule, "set", "--disable-rule", "dns")
    assert show(rule, "dns")["Enabled"] is False
    cli(*rule, "unset", "--destination-port", "dns")
    cli.json(*policy, "create", "p", "--firewall-rule", "web")
    cli(*policy, "add", "rule", "p", "dns", "--insert-before", "web")
    assert [show(rule, name)["ID"] for name in ("dns", "web")] == show(policy, "p")["Firewall Rules"]
    cli(*policy, "remove", "rule", "p", "dns")
    cli(*policy, "set", "--audited", "p")
    assert show(policy, "p")["Audited"] is True
    cli(*policy, "unset", "--audited", "p")
    cli.json(*group, "create", "--name", "g", "--ingress-firewall-policy", "p", "--port", bed.interfaces[0])
    cli(*group, "set", "g", "--egress-firewall-policy", "p", "--port", bed.interfaces[2])
    cli.json(*rule, "create", "--name", "inner", "--source-firewall-group", "g", "--destination-firewall-group", "g")
    assert cli.fails(*group, "delete", "g")
    shown = show(rule, "inner")
    assert shown["Source Firewall Group ID"] == shown["Destination Firewall Group ID"] == show(group, "g")["ID"], shown
    cli(*rule, "set", "--no-source-firewall-group", "inner")
    shown = show(rule, "inner")
    assert shown["Source Firewall Group ID"] is None and shown["Destination Firewall Group ID"], shown
    cli(*rule, "delete", "inner")
    shown = show(group, "g")
    assert set(shown["Ports"]) == {bed.interfaces[0], bed.interfaces[2]} and shown["Status"] == "ACTIVE", shown
    assert {"g", "default"} <= {one["Name"] for one in cli.json(*group, "list")}
    cli(*group, "unset", "--all-port", "g")
    cli(*group, "delete", "g")
    cli(*policy, "delete", "p")
    cli(*rule, "delete", "web", "dns")
