"""VPN services of routers that virtual routers have, from the `openstack` command to the packets (Z2, Z34; docs/vpn.md).

    [h1] ga 10.1.0.x ─ router a (an appliance) ─┐
                                                 ├─ network out, 203.0.113.0/24, by which nothing goes in clear text
    [h2] gb 10.2.0.x ─ router b (an appliance) ─┘
"""
import contextlib
import json
import signal
import subprocess
import sys

import pytest

from conftest import run, wait_until
from test_virtual_router import WHO, Cloud
from virtual_router_pair import One

SERVICES = {service: "virtual-router" for service in ("router", "snat", "vpn")}
PEER = {"a": "b", "b": "a"}
CIDR = {"a": "10.1.0.0/24", "b": "10.2.0.0/24"}
WAIT_S = 60
SECRET = "a secret of two sites"


class Site:
    """A router with a network behind it and a guest there."""

    def __init__(self, cloud, name, host, services=SERVICES, **more):
        lab, api = cloud.lab, cloud.api
        self.cloud, self.name, self.guest = cloud, name, f"g{name}"
        network = lab.network(f"net{name}", CIDR[name])
        self.subnet = api.get("/v2.0/subnets", network_id=network["id"]).json["subnets"][0]
        self.router = api.make("router", name=name, external_gateway_info={"network_id": cloud.networks["out"]["id"]}, service_providers=services, **more)
        outside = [ip["ip_address"] for ip in self.router["external_gateway_info"]["external_fixed_ips"]]
        self.address, self.address6 = next(ip for ip in outside if "." in ip), next((ip for ip in outside if ":" in ip), None)
        assert api.call("PUT", f"/v2.0/routers/{self.router['id']}/add_router_interface", {"subnet_id": self.subnet["id"]}).status == 200
        port = lab.guest(self.guest, host, f"net{name}")
        assert api.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"port_security_enabled": False, "security_groups": []}}).status == 200
        self.guest_address = lab.address(port)

    def connection(self):
        return self.cloud.api.get("/v2.0/vpn/ipsec-site-connections", name=f"to-{PEER[self.name]}").json["ipsec_site_connections"][0]

    def has(self, status, reason=""):
        def check():
            now = self.connection()
            return now["status"] == status and reason in (now["status_reason"] or "")
        wait_until(check, what=f"{self.name} is {status} {reason}: {self.connection()}", deadline=WAIT_S)

    def pings(self):
        return self.cloud.lab.pings(self.guest, self.cloud.sites[PEER[self.name]].guest_address)

    def wire(self):
        """The namespace and the device at the other end of the appliance's public NIC."""
        appliance = self.cloud.appliance(self.router)
        namespace = self.cloud.lab.netns(appliance["host"])
        port = next(nic["port_id"] for nic in appliance["nics"] if nic["name"] == "public")
        links = json.loads(run("ip", "-n", namespace, "-j", "link").stdout)
        return namespace, next(link["ifname"] for link in links if port in link.get("ifalias", ""))


@pytest.fixture(scope="module")
def cloud(module_lab):
    import openstack_cli
    one = Cloud(module_lab)
    one.offering(default=True)
    assert one.api.call("PUT", f"/v2.0/networks/{one.networks['out']['id']}", {"network": {"router:external": True}}).status == 200
    one.subnet6(one.networks["out"], "fd00:f::/64")
    one.cli = openstack_cli.Cli(**{key: value for key, value in module_lab.env.items() if key.startswith("OS_")})
    one.sites = {name: Site(one, name, host) for name, host in (("a", 1), ("b", 2))}
    server = module_lab.popen("gb", sys.executable, "-c", WHO)
    try:
        yield one
    finally:
        server.terminate()
        one.cli.close()
        for log in module_lab.folder.glob("h*/run/appliance/*.log"):
            print(log, log.read_text()[-3000:])


@contextlib.contextmanager
def captured(cloud, path):
    """What passes outside of both routers meanwhile: a function that counts packets of an expression."""
    dumps = []
    for name, site in cloud.sites.items():
        namespace, device = site.wire()
        with open(path / f"{name}.log", "w") as log:
            words = ["ip", "netns", "exec", namespace, "tcpdump", "-n", "-i", device, "-U", "--immediate-mode", "-Z", "root", "-w", path / f"{name}.pcap"]
            dumps.append(subprocess.Popen(words, stderr=log))
        wait_until(lambda: "listening" in (path / f"{name}.log").read_text(), what="tcpdump listens")
    yield lambda *words: sum(len(run("tcpdump", "-n", "-r", path / f"{name}.pcap", *words).stdout.splitlines()) for name in cloud.sites)
    for dump in dumps:
        dump.send_signal(signal.SIGINT)
        dump.wait(20)


CLEAR = ("net", "10.0.0.0/8", "and", "not", "arp")


def connect(cloud):
    """Both ends by the command line."""
    cli = cloud.cli
    cli("vpn", "ike", "policy", "create", "--ike-version", "v2", "--encryption-algorithm", "aes-256", "--auth-algorithm", "sha256", "--pfs", "group14", "ike")
    cli("vpn", "ipsec", "policy", "create", "--auth-algorithm", "sha256", "--pfs", "group14", "esp")
    for name, site in cloud.sites.items():
        peer = cloud.sites[PEER[name]]
        service = cli.json("vpn", "service", "create", "--router", name, "--subnet", site.subnet["id"], f"vpn-{name}")
        assert (service["external_v4_ip"], service["Status"]) == (site.address, "DOWN")
        made = cli.json("vpn", "ipsec", "site", "connection", "create", "--vpnservice", f"vpn-{name}", "--ikepolicy", "ike", "--ipsecpolicy", "esp",
                        "--peer-address", peer.address, "--peer-id", peer.address, "--peer-cidr", CIDR[peer.name], "--psk", SECRET,
                        "--dpd", "action=restart,interval=2,timeout=5", f"to-{peer.name}")
        assert made["Status"] == "DOWN"


def test_two_sites(cloud, tmp_path):
    """Z34: two sites reach each other by their own addresses; outside there is ESP in UDP alone; both connections and services are ACTIVE."""
    lab, (a, b) = cloud.lab, cloud.sites.values()
    for site in (a, b):
        cloud.has_status(site.router)
    assert not a.pings()
    connect(cloud)
    with captured(cloud, tmp_path) as count:
        for site in (a, b):
            site.has("ACTIVE")
        wait_until(a.pings, what="a ping through the tunnel", deadline=WAIT_S)
        wait_until(b.pings, what="a ping back", deadline=WAIT_S)
        answer = wait_until(lambda: lab.exec("ga", "curl", "-s", "-m", "30", f"http://{b.guest_address}/", check=False).stdout, what="a page", deadline=WAIT_S)
        assert answer == a.guest_address
        wait_until(lambda: count("udp", "port", "4500") > 10, what="what it carried is in the capture")
    assert count(*CLEAR) == 0
    shown = {one["Name"]: one["Status"] for one in cloud.cli.json("vpn", "ipsec", "site", "connection", "list")}
    assert shown == {"to-a": "ACTIVE", "to-b": "ACTIVE"}
    assert cloud.cli.json("vpn", "service", "show", "vpn-a")["Status"] == "ACTIVE"
    assert SECRET.encode() not in cloud.api.get("/v2.0/appliances").text


def test_what_it_needs_stays(cloud):
    """Z2: a router without a provider of vpn has no service, and says who has it; what a service needs is not taken away."""
    api, a = cloud.api, cloud.sites["a"]
    plain = api.make("router", name="plain", external_gateway_info={"network_id": cloud.networks["out"]["id"]})
    assert "no provider of the service vpn; there is virtual-router" in cloud.cli.fails("vpn", "service", "create", "--router", "plain", "none")
    path = f"/v2.0/routers/{a.router['id']}"
    taken = api.call("PUT", f"{path}/remove_router_interface", {"subnet_id": a.subnet["id"]})
    assert taken.status == 409 and taken.error == "SubnetInUseByVPNService", taken.text
    for change in ({"external_gateway_info": None}, {"service_providers": {"vpn": None}}):
        taken = api.call("PUT", path, {"router": change})
        assert taken.status == 409 and taken.error == "RouterInUseByVPNService", taken.text
    assert api.call("DELETE", f"/v2.0/routers/{plain['id']}").status == 204


def test_what_the_host_lacks(cloud):
    """Z34: a connection that needs what the kernel of its host lacks is ERROR, and says what; the others go on."""
    a, name = cloud.sites["a"], "to-far"
    policy = {"transform_protocol": "ah", "encapsulation_mode": "transport"}
    policy = cloud.api.call("POST", "/v2.0/vpn/ipsecpolicies", {"ipsecpolicy": policy}).json["ipsecpolicy"]
    old = a.connection()
    path = "/v2.0/vpn/ipsec-site-connections"
    given = {"name": name, "psk": SECRET, "peer_address": "203.0.113.99", "peer_id": "203.0.113.99", "peer_cidrs": ["203.0.113.0/24"], "ipsecpolicy_id": policy["id"]}
    given.update({key: old[key] for key in ("vpnservice_id", "ikepolicy_id")})
    refused = cloud.api.call("POST", path, {"ipsec_site_connection": given})
    assert refused.status == 400 and "give '203.0.113.99/32' alone" in refused.text.decode()
    made = cloud.api.call("POST", path, {"ipsec_site_connection": {**given, "peer_cidrs": ["203.0.113.99/32"]}}).json["ipsec_site_connection"]
    def connection():
        return cloud.api.get(f"{path}/{made['id']}").json["ipsec_site_connection"]
    in_user_space = One(cloud, cloud.appliance(a.router)).get("status")["tunnels"]["ipsec"][0]["data_path"] == "user space"
    expected = ("ERROR", "no AH") if in_user_space else ("DOWN", "")
    wait_until(lambda: connection()["status"] == expected[0] and expected[1] in connection()["status_reason"], what="it says what is missing", deadline=WAIT_S)
    a.has("ACTIVE")
    assert cloud.api.call("DELETE", f"{path}/{made['id']}").status == 204
    a.has("ACTIVE")


def test_down(cloud, tmp_path):
    """Z34: switched off, or with another secret, both ends are DOWN and nothing passes, in clear text neither; as before it is ACTIVE again, also of a new appliance."""
    cli, (a, b) = cloud.cli, cloud.sites.values()
    with captured(cloud, tmp_path) as count:
        cli("vpn", "ipsec", "site", "connection", "set", "--disable", "to-b")
        assert a.connection()["status"] == "DOWN"
        b.has("DOWN")
        wait_until(lambda: not a.pings(), what="nothing passes", deadline=WAIT_S)
        assert not b.pings()
        path = f"/v2.0/vpn/ipsec-site-connections/{a.connection()['id']}"
        for change, status, reason in (({"psk": "another", "admin_state_up": True}, "DOWN", "AUTHENTICATION_FAILED"), ({"psk": SECRET}, "ACTIVE", "")):
            assert cloud.api.call("PUT", path, {"ipsec_site_connection": change}).status == 200
            a.has(status, reason)
            b.has(status)
        wait_until(b.pings, what="a ping as before", deadline=WAIT_S)
        appliance = cloud.appliance(a.router)
        pid = cloud.process(appliance)
        assert cloud.api.call("PUT", f"/v2.0/appliances/{appliance['id']}/reconnect").status == 200
        wait_until(lambda: cloud.process(appliance) not in (None, pid), what="another machine", deadline=WAIT_S)
        wait_until(a.pings, what="a ping by the new one", deadline=WAIT_S)
        a.has("ACTIVE")
    assert count(*CLEAR) == 0


def test_by_ipv6(cloud, tmp_path):
    """Z34: the same two sites by the IPv6 addresses of their routers."""
    with captured(cloud, tmp_path) as count:
        for site in cloud.sites.values():
            peer = cloud.sites[PEER[site.name]].address6
            path = f"/v2.0/vpn/ipsec-site-connections/{site.connection()['id']}"
            assert cloud.api.call("PUT", path, {"ipsec_site_connection": {"peer_address": peer, "peer_id": peer}}).status == 200
        # until then the former tunnels, by IPv4, carry them
        wait_until(lambda: all(site.pings() for site in cloud.sites.values()) and count("ip6", "and", "udp", "port", "4500") > 4,
                   what="pings by IPv6", deadline=WAIT_S)
        for site in cloud.sites.values():
            site.has("ACTIVE")
    assert count(*CLEAR) == 0
