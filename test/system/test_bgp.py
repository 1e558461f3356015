"""BGP: hosts announce floating IPs and what is behind gateways, and a router outside reaches them by what it has learnt. Proves B42.

    net1 10.1.0.0/24 ── r1 (SNAT) ─────┐
    net2 10.77.0.0/24, 2001:db8:77::/64 ── r2 (routed) ─┴─ public: 203.0.113.0/24, 2001:db8:1::/64, floating IPs of 198.18.0.0/24
    h1: a (net1), c (net2)    h2: b (net1)
    the world of outside.py, whose router runs FRR: zebra and bgpd of AS 65000, and knows nothing of 198.18.0.0/24
"""
import json
import os
import pathlib
import shutil
import signal
import tempfile

import pytest

import outside
from conftest import BUILD, labs, run, wait_until
from openstack_cli import Cli
from traffic import Ping

FRR = "/usr/lib/frr"
AS, ROUTER_AS = 4200000001, 65000
PASSWORD = "a-s3cret"
CONFIG = f"""
router bgp {ROUTER_AS}
 bgp router-id {outside.ROUTER}
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 neighbor hosts peer-group
 neighbor hosts remote-as {AS}
 neighbor hosts password {PASSWORD}
 neighbor hosts6 peer-group
 neighbor hosts6 remote-as {AS}
 bgp listen range 203.0.113.0/24 peer-group hosts
 bgp listen range 2001:db8:1::/64 peer-group hosts6
 address-family ipv4 unicast
  neighbor hosts activate
 exit-address-family
 address-family ipv6 unicast
  neighbor hosts6 activate
 exit-address-family
"""


class Frr:
    """A bgpd somewhere in the world."""

    def __init__(self, world, config, namespace=None):
        self.world, self.namespace = world, namespace
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-frr-"))
        self.folder.chmod(0o755)
        (self.folder / "bgpd.conf").write_text(config)
        (self.folder / "zebra.conf").write_text("")
        run("chown", "-R", "frr:frr", self.folder)

    def start(self, name, *words):
        self.world.exec(f"{FRR}/{name}", "-d", "-f", self.folder / f"{name}.conf", "-i", self.folder / f"{name}.pid",
                        "--vty_socket", self.folder, "-z", self.folder / "zserv", *words, namespace=self.namespace)

    def ask(self, command):
        return json.loads(run("vtysh", "--vty_socket", self.folder, "-d", "bgpd", "-c", command + " json").stdout)

    def sessions(self, family="ipv4"):
        """{address of a host: how often its session was established} of those that are."""
        peers = self.ask(f"show bgp {family} unicast summary").get("peers", {})
        return {ip: peer["connectionsEstablished"] for ip, peer in peers.items() if peer["state"] == "Established"}

    def paths(self, prefix):
        """{(next hop, AS path)} of a prefix that it was told."""
        return {(path["nexthops"][0]["ip"], path["aspath"]["string"]) for path in self.ask(f"show bgp ipv4 unicast {prefix}").get("paths", [])}

    def stop(self):
        for name in ("bgpd", "zebra"):
            pid = self.folder / f"{name}.pid"
            if pid.exists():
                os.kill(int(pid.read_text()), signal.SIGTERM)
        shutil.rmtree(self.folder)


class Router(Frr):
    """The FRR of the world's router, with a kernel's table."""

    def __init__(self, world):
        super().__init__(world, CONFIG)
        self.start("zebra")
        wait_until(lambda: (self.folder / "zserv").exists(), what="zebra runs")
        self.start("bgpd", "--vty_port", "0")

    def route(self, prefix):
        """Next hops in the kernel's table of a prefix that was learnt."""
        family = "-6" if ":" in prefix else "-4"
        routes = json.loads(self.world.ip(family, "-j", "route", "show", prefix, "proto", "bgp").stdout or "[]")
        return {route.get("gateway") for route in routes}


class Cloud:
    """The drawing."""

    def __init__(self, lab, world, router):
        self.lab, self.world, self.frr = lab, world, router
        for number, host in enumerate(world.hosts, 11):
            world.address("ext0", f"203.0.113.{number}/24", f"2001:db8:1::{number}/64", namespace=lab.netns(host))
        scope = {version: self.make("address_scope", name=f"s{version}", ip_version=version)["id"] for version in (4, 6)}
        pools = {4: self.pool(scope[4], 24, "203.0.113.0/24", "198.18.0.0/24", "10.77.0.0/16"),
                 6: self.pool(scope[6], 64, "2001:db8:1::/64", "2001:db8:77::/48")}
        self.public = self.make("network", name="public", **{"router:external": True, "provider:network_type": "flat",
                                                                  "provider:physical_network": "public"})
        self.link = self.subnet(self.public, "203.0.113.0/24", pools, enable_dhcp=False,
                                allocation_pools=[{"start": "203.0.113.50", "end": "203.0.113.60"}])
        self.floats = self.subnet(self.public, "198.18.0.0/24", pools, enable_dhcp=False, gateway_ip=None)
        self.subnet(self.public, "2001:db8:1::/64", pools, enable_dhcp=False)
        self.allow_all()
        net1, net2 = (self.make("network", name=name) for name in ("net1", "net2"))
        self.r1 = self.router("r1", True, self.subnet(net1, "10.1.0.0/24"))
        self.r2 = self.router("r2", False, self.subnet(net2, "10.77.0.0/24", pools),
                              self.subnet(net2, "2001:db8:77::/64", pools, ipv6_ra_mode="slaac", ipv6_address_mode="slaac"))
        self.ports = {name: self.guest(name, host, net) for name, host, net in (("a", 1, net1), ("b", 2, net1), ("c", 1, net2))}

    @property
    def api(self):
        return self.lab.api()

    def make(self, kind, **attributes):
        answer = self.api.call("POST", f"/v2.0/{kind.replace('_', '-')}s", {kind: attributes})
        assert answer.status == 201, answer.text
        return answer.json[kind]

    def pool(self, scope, length, *prefixes):
        return self.make("subnetpool", name=f"pool{length}", prefixes=prefixes, default_prefixlen=length, address_scope_id=scope)["id"]

    def subnet(self, network, cidr, pools=None, **more):
        version = 6 if ":" in cidr else 4
        pool = {"subnetpool_id": pools[version]} if pools else {}
        return self.make("subnet", network_id=network["id"], cidr=cidr, **{"ip_version": version, **pool, **more})

    def router(self, name, snat, *subnets):
        info = {"network_id": self.public["id"], "enable_snat": snat, "external_fixed_ips": [{"subnet_id": self.link["id"]}]}
        if len(subnets) > 1:
            del info["external_fixed_ips"]
        router = self.make("router", name=name, external_gateway_info=info)
        for subnet in subnets:
            self.put(f"routers/{router['id']}/add_router_interface", subnet_id=subnet["id"])
        return router

    def allow_all(self):
        group = self.api.get("/v2.0/security-groups", name="default", project_id=self.public["project_id"]).json["security_groups"][0]
        for version in ("IPv4", "IPv6"):
            self.make("security_group_rule", security_group_id=group["id"], direction="ingress", ethertype=version)

    def guest(self, name, host, network):
        port = self.make("port", name=name, network_id=network["id"], **{"binding:host_id": f"h{host}"})
        self.lab.guest(name, host, None, port=port["id"])
        return port

    def put(self, path, **body):
        answer = self.api.call("PUT", f"/v2.0/{path}", body)
        assert answer.status == 200, answer.text
        return answer.json

    def float(self, name):
        made = self.make("floatingip", floating_network_id=self.public["id"], subnet_id=self.floats["id"], port_id=self.ports[name]["id"])
        return made["id"], made["floating_ip_address"]

    def speaker(self, name):
        return self.api.get("/v2.0/bgp-speakers", name=name).json["bgp_speakers"][0]

    def advertised(self, name):
        routes = self.api.get(f"/v2.0/bgp-speakers/{self.speaker(name)['id']}/get_advertised_routes").json["advertised_routes"]
        return {(route["destination"], route["next_hop"]) for route in routes}

    def make_speaker(self, version, peer_ip, **peer):
        """Speaks with the world's router, once all hosts do."""
        speaker = self.make("bgp_speaker", name=f"v{version}", local_as=AS, ip_version=version)
        made = self.make("bgp_peer", name=f"p{version}", peer_ip=peer_ip, remote_as=ROUTER_AS, **peer)
        self.put(f"bgp-speakers/{speaker['id']}/add_gateway_network", network_id=self.public["id"])
        self.put(f"bgp-speakers/{speaker['id']}/add_bgp_peer", bgp_peer_id=made["id"])
        wait_until(lambda: self.speaker(f"v{version}")["status"] == "ACTIVE", deadline=30, what="all hosts have a session")
        return speaker, made

    def bgpd(self, host, speaker):
        """The folder of a host's bgpd."""
        name, = (path for path in pathlib.Path("/run/weft-bgp").glob(f"*-{speaker['id']}")
                 if self.netns_of(path) == self.lab.netns(host))
        return name

    def netns_of(self, folder):
        try:
            return run("ip", "netns", "identify", (folder / "bgpd.pid").read_text().strip()).stdout.strip()
        except OSError:
            return None


@pytest.fixture(scope="module")
def cloud(request):
    make = labs(request)
    lab = next(make)(hosts=2)
    world, router, cloud = outside.World(lab, ["h1", "h2"]), None, None
    try:
        world.up()
        router = Router(world)
        cloud = Cloud(lab, world, router)
        cloud.v4, cloud.peer4 = cloud.make_speaker(4, outside.ROUTER, auth_type="md5", password=PASSWORD)
        yield cloud
    finally:
        for host in ("h1", "h2") if cloud else ():  # they would go on
            lab.stop(host)
            run("ip", "netns", "exec", lab.netns(host), BUILD / "src/agent/weft-agent", "--cleanup", "--config",
                lab.folder / host / "agent.conf")
        if router:
            router.stop()
        world.down()
        next(make, None)


def test_floating_ip(cloud):
    """Announced from the host where it is; moves with its guest, and no session ends for it."""
    first, at = cloud.float("a")
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.11"}, what="h1 has announced it")
    for namespace in (cloud.world.out, cloud.world.small):
        wait_until(lambda: cloud.world.pings(at, namespace=namespace), what="the outside reaches it by the route")
    assert cloud.advertised("v4") >= {(f"{at}/32", "203.0.113.11")}
    second, other = cloud.float("b")
    wait_until(lambda: cloud.frr.route(other) == {"203.0.113.12"}, what="h2 has announced its own")
    wait_until(lambda: cloud.world.pings(other))
    cloud.api.call("DELETE", f"/v2.0/floatingips/{second}")
    wait_until(lambda: not cloud.frr.route(other), what="it is withdrawn")
    sessions = cloud.frr.sessions()
    assert set(sessions) == {"203.0.113.11", "203.0.113.12"}
    ping = Ping(cloud.world.out, at, 0.02)
    wait_until(ping.answered)
    cloud.put(f"floatingips/{first}", floatingip={"port_id": cloud.ports["b"]["id"], "fixed_ip_address": None})
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.12"}, what="it is announced from h2 alone")
    wait_until(lambda: cloud.world.pings(at))
    answered = ping.answered()
    wait_until(lambda: ping.answered() > answered + 5)
    ping.stop()
    print(f"a floating IP that moves was silent for {ping.gap_s:.2f} s")
    assert ping.gap_s < 4
    cloud.api.call("DELETE", f"/v2.0/floatingips/{first}")
    wait_until(lambda: not cloud.frr.route(at), what="it is withdrawn")
    assert cloud.frr.sessions() == sessions


def test_prefixes_behind_gateways(cloud):
    """Of the external network's address scope, by the gateway's address, if nothing translates; IPv4 and IPv6."""
    gateway = cloud.api.get("/v2.0/ports", device_id=cloud.r2["id"], device_owner="network:router_gateway").json["ports"][0]
    hop = {version: cloud.lab.address(gateway, version) for version in (4, 6)}
    cloud.make_speaker(6, outside.ROUTER6, auth_type="none")
    for version, prefix in ((4, "10.77.0.0/24"), (6, "2001:db8:77::/64")):
        wait_until(lambda: cloud.frr.route(prefix) == {hop[version]}, what=f"{prefix} is announced")
        assert cloud.advertised(f"v{version}") == {(prefix, hop[version])}
        wait_until(lambda: cloud.world.pings(cloud.lab.address(cloud.ports["c"], version)), what="the guest is reached")
    assert not cloud.frr.route("10.1.0.0/24")  # translated, and of no scope
    info, outer = {"network_id": cloud.public["id"], "enable_snat": False}, "2001:db8:78::/64"
    cloud.put(f"routers/{cloud.r2['id']}", router={"external_gateway_info": {
        **info, "nptv6_prefixes": [{"internal_prefix": "2001:db8:77::/64", "external_prefix": outer}]}})
    wait_until(lambda: cloud.frr.route(outer) == {hop[6]} and not cloud.frr.route("2001:db8:77::/64"), what="the prefix outside is announced instead")
    assert cloud.advertised("v6") == {(outer, hop[6])}
    cloud.put(f"routers/{cloud.r2['id']}", router={"external_gateway_info": {**info, "nptv6_prefixes": []}})
    wait_until(lambda: cloud.frr.route("2001:db8:77::/64") == {hop[6]} and not cloud.frr.route(outer), what="the subnet is announced again")
    speaker = cloud.speaker("v6")
    cloud.put(f"bgp-speakers/{speaker['id']}", bgp_speaker={"advertise_tenant_networks": False})
    wait_until(lambda: not cloud.frr.route("2001:db8:77::/64"), what="it is withdrawn")
    assert cloud.frr.sessions("ipv6").keys() == {"2001:db8:1::11", "2001:db8:1::12"}
    assert cloud.api.call("DELETE", f"/v2.0/bgp-speakers/{speaker['id']}").status == 204
    wait_until(lambda: not cloud.frr.sessions("ipv6"), what="the hosts are silent")
    wait_until(lambda: not list(pathlib.Path("/run/weft-bgp").glob(f"*-{speaker['id']}")), what="nothing is left")


def test_agents_and_peers(cloud):
    """Off an agent, and on again; another password, and the right one; all of it seen at the speaker."""
    path = f"bgp-speakers/{cloud.v4['id']}"
    agents = cloud.api.get(f"/v2.0/{path}/bgp-dragents").json["agents"]
    assert {agent["host"]: agent["agent_type"] for agent in agents} == dict.fromkeys(("h1", "h2"), "BGP dynamic routing agent")
    agent, = (agent["id"] for agent in agents if agent["host"] == "h2")
    assert [s["id"] for s in cloud.api.get(f"/v2.0/agents/{agent}/bgp-drinstances").json["bgp_speakers"]] == [cloud.v4["id"]]
    assert cloud.api.call("DELETE", f"/v2.0/agents/{agent}/bgp-drinstances/{cloud.v4['id']}").status == 204
    wait_until(lambda: cloud.frr.sessions().keys() == {"203.0.113.11"}, what="h2 is silent")
    assert cloud.speaker("v4")["status"] == "ACTIVE"
    cloud.put(f"bgp-peers/{cloud.peer4['id']}", bgp_peer={"password": "wrong"})
    wait_until(lambda: cloud.speaker("v4")["status"] == "DOWN", what="the session fails")
    assert f"h1: no session with {outside.ROUTER}" in cloud.speaker("v4")["status_reason"]
    cloud.put(f"bgp-peers/{cloud.peer4['id']}", bgp_peer={"password": PASSWORD})
    assert cloud.api.call("POST", f"/v2.0/agents/{agent}/bgp-drinstances", {"bgp_speaker_id": cloud.v4["id"]}).status == 201
    wait_until(lambda: cloud.speaker("v4")["status"] == "ACTIVE" and len(cloud.frr.sessions()) == 2, what="both speak")
    shown = cloud.api.get(f"/v2.0/bgp-peers/{cloud.peer4['id']}").json["bgp_peer"]
    assert "password" not in shown and PASSWORD not in json.dumps(cloud.api.get("/v2.0/bgp-peers").json)


def test_agent_restarts(cloud):
    """Killed and started again: the sessions are the same, and what has changed meanwhile is announced."""
    sessions = cloud.frr.sessions()
    cloud.lab.stop("h1", kill=True)
    made, at = cloud.float("a")
    cloud.lab.start("h1")
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.11"}, what="it is announced")
    assert cloud.frr.sessions() == sessions
    cloud.api.call("DELETE", f"/v2.0/floatingips/{made}")


def test_bgpd_fails(cloud):
    """Killed: started again. Not there: said so, and tried again; nothing else is affected."""
    made, at = cloud.float("a")
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.11"}, what="it is announced")
    folder = cloud.bgpd("h1", cloud.v4)
    before = (folder / "bgpd.pid").read_text()
    os.kill(int(before), signal.SIGKILL)
    wait_until(lambda: not cloud.frr.route(at), what="the router forgets what it said")
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.11"}, what="it is announced again")
    assert (folder / "bgpd.pid").read_text() != before
    conf = cloud.lab.folder / "h1/agent.conf"
    text = conf.read_text()
    conf.write_text(text + "bgpd = /nowhere/bgpd\n")
    cloud.lab.stop("h1")
    os.kill(int((folder / "bgpd.pid").read_text()), signal.SIGKILL)
    cloud.lab.start("h1")
    wait_until(lambda: "h1: /nowhere/bgpd is not there: install FRR (Debian's package frr)" in cloud.speaker("v4")["status_reason"],
               deadline=20, what="the speaker says what is missing")
    assert cloud.speaker("v4")["status"] == "DOWN" and not cloud.frr.route(at)
    assert cloud.api.get(f"/v2.0/floatingips/{made}").json["floatingip"]["status"] == "ACTIVE"
    conf.write_text(text)
    cloud.lab.stop("h1")
    cloud.lab.start("h1")
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.11"} and cloud.speaker("v4")["status"] == "ACTIVE")
    cloud.api.call("DELETE", f"/v2.0/floatingips/{made}")


def test_host_fails(cloud):
    """A host that falls silent: its routes go in the hold time, which is 9 s."""
    made, at = cloud.float("a")
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.11"}, what="it is announced")
    cloud.world.ip("link", "set", "h1", "down")
    wait_until(lambda: not cloud.frr.route(at), deadline=20, what="its routes are gone")
    cloud.world.ip("link", "set", "h1", "up")
    wait_until(lambda: cloud.frr.route(at) == {"203.0.113.11"}, what="they are back")
    cloud.api.call("DELETE", f"/v2.0/floatingips/{made}")


@pytest.mark.parametrize(("address", "remote_as", "path"), [("198.51.100.130", 65001, str(AS)), ("198.51.100.131", AS, "Local")])
def test_a_peer_behind_a_router(cloud, address, remote_as, path):
    """Multihop, of another AS and of the same one (iBGP): it is told the same, by the same next hop."""
    if address != outside.SMALL:
        cloud.world.address("eth0", f"{address}/25", namespace=cloud.world.small)
    hosts = {"203.0.113.11", "203.0.113.12"}
    for host in ("h1", "h2"):
        run("ip", "-n", cloud.lab.netns(host), "route", "replace", "198.51.100.128/25", "via", outside.ROUTER)
    neighbours = "".join(f" neighbor {ip} remote-as {AS}\n" + (f" neighbor {ip} ebgp-multihop 2\n" if remote_as != AS else "") for ip in sorted(hosts))
    frr = Frr(cloud.world, f"router bgp {remote_as}\n bgp router-id {address}\n no bgp ebgp-requires-policy\n{neighbours}", cloud.world.small)
    try:
        frr.start("bgpd", "--vty_port", "0", "-n", "-l", address)
        made = cloud.make("bgp_peer", name="far", peer_ip=address, remote_as=remote_as, auth_type="none")
        cloud.put(f"bgp-speakers/{cloud.v4['id']}/add_bgp_peer", bgp_peer_id=made["id"])
        wait_until(lambda: frr.sessions().keys() == hosts and cloud.speaker("v4")["status"] == "ACTIVE", deadline=30, what="both hosts have a session")
        floating, at = cloud.float("a")
        wait_until(lambda: frr.paths(f"{at}/32") == {("203.0.113.11", path)}, what="h1 has announced it")
        cloud.api.call("DELETE", f"/v2.0/floatingips/{floating}")
        wait_until(lambda: not frr.paths(f"{at}/32"), what="it is withdrawn")
        cloud.put(f"bgp-speakers/{cloud.v4['id']}/remove_bgp_peer", bgp_peer_id=made["id"])
        assert cloud.api.call("DELETE", f"/v2.0/bgp-peers/{made['id']}").status == 204
        wait_until(lambda: not frr.sessions(), what="the hosts are silent")
    finally:
        frr.stop()


def test_openstack_commands(cloud):
    """Every verb of the client."""
    cli = Cli(**{name: value for name, value in cloud.lab.env.items() if name.startswith("OS_")})

    def ask(words):
        return cli.json(*words.split())

    def do(words):
        cli(*words.split())
    peer = ask("bgp peer create --peer-ip 192.0.2.9 --remote-as 65009 --auth-type md5 --password x9 cli")
    assert (peer["peer_ip"], peer["remote_as"], peer["auth_type"]) == ("192.0.2.9", 65009, "md5")
    do("bgp peer set --name other cli")
    assert ask("bgp peer show other")["name"] == "other"
    speaker = ask("bgp speaker create --local-as 65010 --no-advertise-tenant-networks cli")
    assert (speaker["local_as"], speaker["ip_version"], speaker["advertise_tenant_networks"]) == (65010, 4, False)
    do("bgp speaker set --advertise-tenant-networks cli")
    do("bgp speaker add network cli public")
    do("bgp speaker add peer cli other")
    shown = ask("bgp speaker show cli")
    assert shown["networks"] == [cloud.public["id"]] and shown["peers"] == [peer["id"]]
    agents = ask("bgp dragent list --bgp-speaker cli")
    assert {a["Host"] for a in agents} == {"h1", "h2"} and {a["Host"] for a in ask("bgp dragent list")} == {"h1", "h2"}
    do(f"bgp dragent remove speaker {agents[0]['ID']} cli")
    assert {s["Name"] for s in ask(f"bgp speaker list --agent {agents[0]['ID']}")} == {"v4"}
    do(f"bgp dragent add speaker {agents[0]['ID']} cli")
    assert ask("bgp speaker list advertised routes cli") == []  # to nobody
    do("bgp speaker remove peer cli other")
    do("bgp speaker remove network cli public")
    do("bgp speaker delete cli")
    do("bgp peer delete other")
    assert "other" not in [p["Name"] for p in ask("bgp peer list")]
