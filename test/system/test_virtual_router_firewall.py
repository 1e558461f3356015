"""Firewall groups of routers that virtual routers have: what passes is decided in the appliance (Z2; docs/firewall.md).

    [h1] g1 10.1.0.x ─ guest0 ┐
                              ├ router r (an appliance) ─ public ─ network out, 203.0.113.0/24 ─ [h2] far
    [h2] g2 10.2.0.x ─ guest1 ┘
"""
import sys

import pytest

from conftest import wait_until
from test_virtual_router import WHO, Cloud, curl

SERVICES = {service: "virtual-router" for service in ("router", "snat", "floating-ip", "firewall")}
OPEN = {"port_security_enabled": False, "security_groups": []}
WAIT_S = 60


class Bed(Cloud):
    def __init__(self, lab):
        super().__init__(lab)
        self.offering(default=True)
        out = self.networks["out"]["id"]
        self.call("PUT", f"/v2.0/networks/{out}", {"network": {"router:external": True}})
        self.router = self.api.make("router", name="r", external_gateway_info={"network_id": out}, service_providers=SERVICES)
        self.interfaces = {}
        for n in (1, 2):
            network = lab.network(f"net{n}", f"10.{n}.0.0/24")
            subnet = self.api.get("/v2.0/subnets", network_id=network["id"]).json["subnets"][0]
            path = f"/v2.0/routers/{self.router['id']}/add_router_interface"
            self.interfaces[f"net{n}"] = self.call("PUT", path, {"subnet_id": subnet["id"]})["port_id"]
        self.guests = {name: lab.guest(name, host, network) for name, host, network in (("g1", 1, "net1"), ("g2", 2, "net2"), ("far", 2, "out"))}
        self.ip = {name: lab.address(port) for name, port in self.guests.items()}
        for port in self.guests.values():
            self.call("PUT", f"/v2.0/ports/{port['id']}", {"port": OPEN})
        self.gateway = self.api.get("/v2.0/ports", device_id=self.router["id"], device_owner="network:router_gateway").json["ports"][0]["id"]

    def call(self, method, path, body=None):
        answer = self.api.call(method, path, body)
        assert answer.status in (200, 201, 204), answer.text
        return answer.json if answer.text else None

    def make(self, kind, **attributes):
        return self.call("POST", f"/v2.0/fwaas/{kind.replace('policy', 'policie')}s", {kind: attributes})[kind]["id"]

    def policy(self, *rules):
        return self.make("firewall_policy", firewall_rules=[self.make("firewall_rule", **{"action": "allow", **rule}) for rule in rules])

    def set_group(self, group, **attributes):
        self.call("PUT", f"/v2.0/fwaas/firewall_groups/{group}", {"firewall_group": attributes})

    def status(self, group):
        return self.api.get(f"/v2.0/fwaas/firewall_groups/{group}").json["firewall_group"]["status"]

    def becomes(self, expected, what, check):
        wait_until(lambda: bool(check()) is expected, what=f"{what}: {expected}", deadline=WAIT_S)

    def page(self, source, address, port=80):
        """None: no answer; "refused": at once; else who the page says is asking."""
        done = self.lab.exec(source, "curl", "-s", "-m", "2", f"http://{address}:{port}/", check=False)
        return "refused" if done.returncode == 7 else done.stdout or None


@pytest.fixture(scope="module")
def bed(module_lab):
    one = Bed(module_lab)
    servers = [module_lab.popen(name, sys.executable, "-c", WHO) for name in ("g2", "far")]
    try:
        wait_until(lambda: curl(module_lab, "g1", f"http://{one.ip['g2']}/") == one.ip["g1"], what="g1 reaches g2", deadline=WAIT_S)
        yield one
    finally:
        for server in servers:
            server.terminate()
        for log in module_lab.folder.glob("h*/run/appliance/*.log"):
            print(log, log.read_text()[-3000:])


def test_between_networks(bed):
    """Z2: a group of an interface lets through what its policy does, and tells guests what it rejects; it is ACTIVE then, and a change is in force for what is going on."""
    lab, (a, b) = bed.lab, (bed.ip["g1"], bed.ip["g2"])
    bed.becomes(True, "a ping", lambda: lab.pings("g1", b))
    icmp = bed.make("firewall_rule", protocol="icmp", action="allow")
    web = bed.make("firewall_rule", protocol="tcp", destination_port="80", source_ip_address="10.1.0.0/24", action="allow")
    rest = bed.make("firewall_rule", protocol="tcp", action="reject")
    policy = bed.make("firewall_policy", firewall_rules=[web, rest, icmp])
    group = bed.make("firewall_group", name="servers", ports=[bed.interfaces["net2"]], ingress_firewall_policy_id=policy)
    wait_until(lambda: bed.status(group) == "ACTIVE", what="ACTIVE", deadline=WAIT_S)
    bed.becomes(True, "a rejected port", lambda: bed.page("g1", b, 81) == "refused")
    bed.becomes(True, "what is allowed", lambda: bed.page("g1", b) == a and lab.pings("g1", b))
    assert not lab.pings("g2", a)  # egress has no policy
    pings = lab.popen("g1", "ping", "-n", "-O", "-w", str(WAIT_S), "-i", "0.2", b)
    assert any("bytes from" in line for line in pings.stdout)
    bed.call("PUT", f"/v2.0/fwaas/firewall_rules/{icmp}", {"firewall_rule": {"action": "deny"}})
    assert any("no answer yet" in line for line in pings.stdout)
    pings.terminate()
    bed.becomes(False, "a ping that is denied", lambda: lab.pings("g1", b))
    bed.becomes(True, "still allowed", lambda: bed.page("g1", b) == a)
    bed.set_group(group, admin_state_up=False)
    bed.becomes(True, "nothing passes", lambda: bed.page("g1", b) is None)
    assert bed.status(group) == "DOWN"
    bed.set_group(group, ports=[])
    bed.becomes(True, "without a group", lambda: bed.page("g1", b, 81) == "refused" and lab.pings("g2", a))


def test_groups_and_the_outside(bed):
    """Z2: rules between groups go by the NICs that packets come and go by; at the gateway a floating IP's guest has its own address."""
    lab, b = bed.lab, bed.ip["g2"]
    office = bed.make("firewall_group", name="office", ports=[bed.interfaces["net1"]], egress_firewall_policy_id=bed.policy({}), ingress_firewall_policy_id=bed.policy({}))
    servers = bed.make("firewall_group", name="zone", ports=[bed.interfaces["net2"]], egress_firewall_policy_id=bed.policy({}),
                       ingress_firewall_policy_id=bed.policy({"source_firewall_group_id": office}, {"protocol": "tcp", "destination_port": "80"}))
    floating_ip = bed.api.make("floatingip", floating_network_id=bed.networks["out"]["id"], port_id=bed.guests["g2"]["id"])["floating_ip_address"]
    bed.becomes(True, "a page by the floating IP", lambda: bed.page("far", floating_ip))
    bed.becomes(True, "from the office", lambda: lab.pings("g1", b))
    bed.becomes(False, "from outside", lambda: lab.pings("far", floating_ip))
    inner = bed.policy({"destination_ip_address": b, "protocol": "tcp"})
    gateway = bed.make("firewall_group", name="out", ports=[bed.gateway], egress_firewall_policy_id=inner)
    wait_until(lambda: bed.status(gateway) == "ACTIVE", what="ACTIVE", deadline=WAIT_S)
    bed.becomes(True, "a page by the inner address", lambda: bed.page("far", floating_ip))
    bed.becomes(True, "nothing goes out", lambda: bed.page("g1", bed.ip["far"]) is None)
    for group in (gateway, servers, office):
        bed.set_group(group, ports=[])
    bed.becomes(True, "out again", lambda: bed.page("g1", bed.ip["far"]))
