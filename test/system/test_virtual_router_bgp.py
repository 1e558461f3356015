"""BGP of routers that virtual routers have, with FRR as the neighbour outside (Z2; docs/bgp.md).

    [h1] g1 10.1.0.x ── r1 (an appliance, SNAT) ─────┐
                                                      ├─ network pub, 198.51.100.0/24 ── far [h2]: FRR of AS 65000
    [h2] g2 10.77.0.x ─ r2 (an appliance, no SNAT) ──┘  floating IPs of 198.18.0.0/24, which far has no way to but by BGP
            fd00:77::x       with fd00:f::/64 outside
"""
import json
import os
import signal
import time

import pytest

from conftest import run, wait_until
from test_bgp import Frr
from test_virtual_router import Cloud

AS, FAR_AS = 4200000001, 65000
PASSWORD = "a$b@(c)~"
WAIT_S = 90
SERVICES = {service: "virtual-router" for service in ("router", "snat", "floating-ip")}
CONFIG = f"""
router bgp {FAR_AS}
 no bgp ebgp-requires-policy
 neighbor routers peer-group
 neighbor routers remote-as {AS}
 neighbor routers password {PASSWORD}
 neighbor routers6 peer-group
 neighbor routers6 remote-as {AS}
 bgp listen range 198.51.100.0/24 peer-group routers
 bgp listen range fd00:f::/64 peer-group routers6
 address-family ipv6 unicast
  neighbor routers6 activate
 exit-address-family
"""


class Far:
    """Where FRR runs: a guest."""

    def __init__(self, lab):
        self.lab = lab

    def exec(self, *words, namespace=None):
        return self.lab.exec("far", *words)


class Neighbour(Frr):
    def __init__(self, lab, config=CONFIG):
        super().__init__(Far(lab), config)
        self.start("zebra")
        wait_until((self.folder / "zserv").exists, what="zebra runs")
        self.speak()

    def speak(self):
        self.start("bgpd", "--vty_port", "0")
        wait_until((self.folder / "bgpd.vty").exists, what="bgpd runs")

    def be_silent(self):
        os.kill(int((self.folder / "bgpd.pid").read_text()), signal.SIGKILL)
        wait_until(lambda: run("vtysh", "--vty_socket", self.folder, "-d", "bgpd", "-c", "show version", check=False).returncode, what="bgpd is dead")
        for name in ("bgpd.pid", "bgpd.vty"):
            (self.folder / name).unlink(missing_ok=True)

    def ages(self):
        """{address: how long its session has lasted, in seconds}. (How often a neighbour of a listen range was established is forgotten with each session.)"""
        peers = self.ask("show bgp ipv4 unicast summary").get("peers", {})
        return {ip: peer["peerUptimeMsec"] / 1000 for ip, peer in peers.items() if peer["state"] == "Established"}

    def route(self, prefix):
        """Next hops in far's own table of a prefix that was learnt."""
        family = "-6" if ":" in prefix else "-4"
        routes = json.loads(self.world.exec("ip", family, "-j", "route", "show", prefix, "proto", "bgp").stdout or "[]")
        return {route.get("gateway") for route in routes}


class Site:
    """A router, the network behind it, a guest there."""

    def __init__(self, cloud, name, host, cidr, **more):
        api = cloud.api
        self.network = api.make("network", name=f"net-{name}")
        pool = {"subnetpool_id": cloud.pool["id"]} if name == "r2" else {}
        subnets = [api.make("subnet", network_id=self.network["id"], ip_version=4, cidr=cidr, **pool)]
        outside = [cloud.link]
        if name == "r2":
            subnets.append(api.make("subnet", network_id=self.network["id"], ip_version=6, cidr="fd00:77::/64", subnetpool_id=cloud.pool6["id"],
                                    ipv6_ra_mode="slaac", ipv6_address_mode="slaac"))
            outside.append(cloud.link6)
        info = {"network_id": cloud.pub["id"], "external_fixed_ips": [{"subnet_id": subnet["id"]} for subnet in outside], **more}
        self.router = api.make("router", name=name, external_gateway_info=info, service_providers=SERVICES)
        ips = [ip["ip_address"] for ip in self.router["external_gateway_info"]["external_fixed_ips"]]
        self.address, self.address6 = next(ip for ip in ips if "." in ip), next((ip for ip in ips if ":" in ip), None)
        for subnet in subnets:
            assert api.call("PUT", f"/v2.0/routers/{self.router['id']}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200
        self.port = cloud.guest(f"g{name[1]}", host, self.network)


class BgpCloud(Cloud):
    def build(self):
        scope, scope6 = (self.api.call("POST", "/v2.0/address-scopes", {"address_scope": {"name": f"s{version}", "ip_version": version}}).json["address_scope"]
                         for version in (4, 6))
        self.pool6 = self.api.make("subnetpool", name="p6", prefixes=["fd00:f::/64", "fd00:77::/48"], default_prefixlen=64, address_scope_id=scope6["id"])
        self.pool = self.api.make("subnetpool", name="p", prefixes=["198.51.100.0/24", "198.18.0.0/24", "10.77.0.0/16"], default_prefixlen=24,
                                  address_scope_id=scope["id"])
        self.pub = self.api.make("network", name="pub", **{"router:external": True})
        self.link, self.floats = (self.api.make("subnet", network_id=self.pub["id"], ip_version=4, cidr=cidr, subnetpool_id=self.pool["id"], enable_dhcp=False,
                                                gateway_ip=None) for cidr in ("198.51.100.0/24", "198.18.0.0/24"))
        self.link6 = self.api.make("subnet", network_id=self.pub["id"], ip_version=6, cidr="fd00:f::/64", subnetpool_id=self.pool6["id"], enable_dhcp=False,
                                   gateway_ip=None)
        self.far = self.guest("far", 2, self.pub, fixed_ips=[{"subnet_id": link["id"]} for link in (self.link, self.link6)])
        self.far_address = self.lab.address(self.far)
        self.r1 = Site(self, "r1", 1, "10.1.0.0/24")
        self.r2 = Site(self, "r2", 2, "10.77.0.0/24", enable_snat=False)

    def guest(self, name, host, network, **more):
        port = self.api.make("port", name=name, network_id=network["id"], device_owner="compute:nova", port_security_enabled=False,
                             **{"binding:host_id": f"h{host}"}, **more)
        self.lab.guest(name, host, None, port=port["id"])
        return port

    def put(self, path, body):
        answer = self.api.call("PUT", f"/v2.0/{path}", body)
        assert answer.status == 200, answer.text

    def speaker(self, name="v4"):
        return self.api.get("/v2.0/bgp-speakers", name=name).json["bgp_speakers"][0]

    def is_spoken(self, status, reason="", name="v4"):
        def check():
            now = self.speaker(name)
            return now["status"] == status and reason in now["status_reason"]
        wait_until(check, what=f"{status} {reason}: {self.speaker(name)}", deadline=WAIT_S)

    def advertised(self, name="v4"):
        routes = self.api.get(f"/v2.0/bgp-speakers/{self.speaker(name)['id']}/get_advertised_routes").json["advertised_routes"]
        return {(route["destination"], route["next_hop"]) for route in routes}

    def learns(self, prefix, *hops):
        wait_until(lambda: self.frr.route(prefix) == set(hops), what=f"{prefix} by {hops}, not {self.frr.route(prefix)}", deadline=WAIT_S)

    def float(self, site):
        made = self.api.make("floatingip", floating_network_id=self.pub["id"], subnet_id=self.floats["id"], port_id=site.port["id"])
        return f"/v2.0/floatingips/{made['id']}", made["floating_ip_address"]


@pytest.fixture(scope="module")
def cloud(module_lab):
    import openstack_cli
    one = BgpCloud(module_lab)
    one.offering(default=True)
    one.build()
    one.frr = Neighbour(module_lab)
    one.cli = openstack_cli.Cli(**{key: value for key, value in module_lab.env.items() if key.startswith("OS_")})
    try:
        yield one
    finally:
        one.cli.close()
        one.frr.stop()
        for log in module_lab.folder.glob("h*/run/appliance/*.log"):
            print(log, log.read_text()[-3000:])


def test_routers_speak(cloud):
    """Z2: by the `openstack` command a speaker gets a peer and a network, and each router there has a session; what it routes is announced, what it translates is not."""
    cli, r1, r2 = cloud.cli, cloud.r1, cloud.r2
    for site in (r1, r2):
        cloud.has_status(site.router)
    cli("bgp", "speaker", "create", "--local-as", str(AS), "--ip-version", "4", "v4")
    cli("bgp", "peer", "create", "--peer-ip", cloud.far_address, "--remote-as", str(FAR_AS), "--auth-type", "md5", "--password", PASSWORD, "far")
    cli("bgp", "speaker", "add", "network", "v4", "pub")
    assert cloud.speaker()["status"] == "DOWN" and "no peers" in cloud.speaker()["status_reason"]
    cli("bgp", "speaker", "add", "peer", "v4", "far")
    cloud.is_spoken("ACTIVE")
    wait_until(lambda: cloud.frr.sessions().keys() == {r1.address, r2.address}, what="far says so too", deadline=WAIT_S)
    cloud.learns("10.77.0.0/24", r2.address)
    assert cloud.frr.paths("10.77.0.0/24") == {(r2.address, str(AS))} and not cloud.frr.paths("10.1.0.0/24")
    wait_until(lambda: cloud.lab.pings("far", cloud.lab.address(r2.port)), what="the guest behind it is reached", deadline=WAIT_S)
    assert cloud.advertised() == {("10.77.0.0/24", r2.address)}
    for site in (r1, r2):
        cloud.has_status(site.router)
    assert PASSWORD.encode() not in cloud.api.get("/v2.0/appliances").text


def test_floating_ips_come_and_go(cloud):
    """Z2: a floating IP is announced by its router when it is made and withdrawn when it goes, while no session ends."""
    r1, r2 = cloud.r1, cloud.r2
    wait_until(lambda: min(cloud.frr.ages().values()) > 5, what="sessions are old enough to be told from new ones", deadline=WAIT_S)
    ages, then = cloud.frr.ages(), time.monotonic()
    (first, at), (second, other) = cloud.float(r1), cloud.float(r2)
    for address, site in ((at, r1), (other, r2)):
        cloud.learns(f"{address}/32", site.address)
        wait_until(lambda: cloud.lab.pings("far", address), what="far reaches it by the route", deadline=WAIT_S)
    assert set(cloud.cli.json("bgp", "speaker", "list", "advertised", "routes", "v4")[0]) == {"Destination", "Nexthop"}
    wait_until(lambda: cloud.advertised() == {("10.77.0.0/24", r2.address), (f"{at}/32", r1.address), (f"{other}/32", r2.address)}, what="all of it is shown")
    assert cloud.api.call("DELETE", first).status == 204
    cloud.learns(f"{at}/32")
    path = f"bgp-speakers/{cloud.speaker()['id']}"
    cloud.put(path, {"bgp_speaker": {"advertise_floating_ip_host_routes": False}})
    cloud.learns(f"{other}/32")
    cloud.put(path, {"bgp_speaker": {"advertise_floating_ip_host_routes": True}})
    cloud.learns(f"{other}/32", r2.address)
    assert cloud.api.call("DELETE", second).status == 204
    cloud.learns(f"{other}/32")
    cloud.learns("10.77.0.0/24", r2.address)
    passed = time.monotonic() - then
    now = cloud.frr.ages()
    assert ages.keys() == now.keys() and all(now[ip] > age + passed - 3 for ip, age in ages.items()), (ages, passed, now)


def test_ipv6(cloud):
    """Z2: a speaker of IPv6 is spoken by the routers that have an IPv6 address outside, by sessions of their own beside those of IPv4; what is behind them is announced, whether they translate IPv4 or not."""
    cli, r2 = cloud.cli, cloud.r2
    address, ages = cloud.lab.address(cloud.far, 6), cloud.frr.ages()
    cli("bgp", "speaker", "create", "--local-as", str(AS), "--ip-version", "6", "v6")
    cli("bgp", "peer", "create", "--peer-ip", address, "--remote-as", str(FAR_AS), "--auth-type", "none", "far6")
    cli("bgp", "speaker", "add", "network", "v6", "pub")
    cli("bgp", "speaker", "add", "peer", "v6", "far6")
    cloud.is_spoken("ACTIVE", name="v6")
    assert cloud.frr.sessions("ipv6").keys() == {r2.address6}
    cloud.learns("fd00:77::/64", r2.address6)
    wait_until(lambda: cloud.lab.pings("far", cloud.lab.address(r2.port, 6)), what="the guest behind it is reached by IPv6", deadline=WAIT_S)
    assert cloud.advertised("v6") == {("fd00:77::/64", r2.address6)}
    cloud.is_spoken("ACTIVE")
    assert ages.keys() == {ip for ip in cloud.frr.ages() if "." in ip} and cloud.advertised() == {("10.77.0.0/24", r2.address)}
    cli("bgp", "peer", "create", "--peer-ip", "198.51.100.222", "--remote-as", str(FAR_AS), "--auth-type", "none", "wrong")
    cli("bgp", "speaker", "add", "peer", "v6", "wrong")
    cloud.is_spoken("DOWN", "router r2: no session with 198.51.100.222 (it is no IPv6 address)", name="v6")
    cli("bgp", "peer", "delete", "wrong")
    cloud.is_spoken("ACTIVE", name="v6")
    other = cloud.api.call("POST", "/v2.0/bgp-speakers", {"bgp_speaker": {"name": "v6-2", "local_as": 65009, "ip_version": 6}}).json["bgp_speaker"]
    assert cloud.api.call("DELETE", f"/v2.0/bgp-speakers/{cloud.speaker('v6')['id']}").status == 204
    cloud.learns("fd00:77::/64")
    cloud.put(f"bgp-speakers/{other['id']}/add_gateway_network", {"network_id": cloud.pub["id"]})
    cloud.put(f"bgp-speakers/{other['id']}/add_bgp_peer", {"bgp_peer_id": cloud.api.get("/v2.0/bgp-peers", name="far6").json["bgp_peers"][0]["id"]})
    cloud.is_spoken("DOWN", f"router r2: its appliance speaks for speaker {cloud.speaker()['id']}, of AS {AS}, and is of one AS alone", name="v6-2")
    assert cloud.api.call("DELETE", f"/v2.0/bgp-speakers/{other['id']}").status == 204


def test_sessions_that_fail(cloud):
    """Z2: with another password, or nobody there, the speaker is DOWN and says of whom, and nothing is said to be announced; then, and of a new appliance, all is as before."""
    r2 = cloud.r2
    path = f"bgp-peers/{cloud.speaker()['peers'][0]}"
    cloud.put(path, {"bgp_peer": {"password": "another"}})
    cloud.is_spoken("DOWN", f"router r1: no session with {cloud.far_address}")
    wait_until(lambda: not cloud.advertised(), what="nothing is announced", deadline=WAIT_S)
    cloud.put(path, {"bgp_peer": {"password": PASSWORD}})
    cloud.is_spoken("ACTIVE")
    cloud.frr.be_silent()
    cloud.is_spoken("DOWN", f"router r2: no session with {cloud.far_address}")
    cloud.frr.speak()
    cloud.is_spoken("ACTIVE")
    cloud.learns("10.77.0.0/24", r2.address)
    appliance = cloud.appliance(r2.router)
    pid = cloud.process(appliance)
    cloud.put(f"appliances/{appliance['id']}/reconnect", None)
    wait_until(lambda: cloud.process(appliance) not in (None, pid), what="another machine", deadline=WAIT_S)
    wait_until(lambda: cloud.frr.sessions().get(r2.address) and cloud.frr.route("10.77.0.0/24") == {r2.address}, what="it speaks again", deadline=WAIT_S)
    cloud.is_spoken("ACTIVE")


def test_one_speaker_alone(cloud):
    """Z2: of two speakers of a network a router speaks for the one with the lowest id; the other one says so. It goes back when that is deleted."""
    first = cloud.speaker()
    second, peer = (cloud.api.call("POST", f"/v2.0/{kind.replace('_', '-')}s", {kind: body}).json[kind] for kind, body in (
        ("bgp_speaker", {"name": "other", "local_as": 65009, "ip_version": 4}),
        ("bgp_peer", {"peer_ip": "198.51.100.200", "remote_as": 65010, "auth_type": "none"})))
    cloud.put(f"bgp-speakers/{second['id']}/add_gateway_network", {"network_id": cloud.pub["id"]})
    cloud.put(f"bgp-speakers/{second['id']}/add_bgp_peer", {"bgp_peer_id": peer["id"]})
    winner, loser = sorted((first, second), key=lambda speaker: speaker["id"])
    reasons = {one["id"]: one["status_reason"] for one in cloud.api.get("/v2.0/bgp-speakers").json["bgp_speakers"]}
    assert f"router r1: its appliance speaks for speaker {winner['id']}" in reasons[loser["id"]]
    assert not cloud.api.get(f"/v2.0/bgp-speakers/{loser['id']}/get_advertised_routes").json["advertised_routes"]
    assert cloud.api.call("DELETE", f"/v2.0/bgp-speakers/{second['id']}").status == 204
    cloud.is_spoken("ACTIVE")
    cloud.learns("10.77.0.0/24", cloud.r2.address)


def test_silent(cloud):
    """Z2: without the network the speaker speaks for none of its routers, which go on."""
    path = f"bgp-speakers/{cloud.speaker()['id']}"
    cloud.put(f"{path}/remove_gateway_network", {"network_id": cloud.pub["id"]})
    wait_until(lambda: not cloud.frr.sessions(), what="the routers are silent", deadline=WAIT_S)
    cloud.learns("10.77.0.0/24")
    assert cloud.speaker()["status"] == "DOWN" and "no router there" in cloud.speaker()["status_reason"]
    for site in (cloud.r1, cloud.r2):
        cloud.has_status(site.router)
