"""Firewall groups of routers that virtual routers have: what passes is decided in the appliance (Z2; docs/firewall.md).

    [h1] g1 10.1.0.x ─ guest0 ┐
                              ├ router r (an appliance) ─ public ─ network out, 203.0.113.0/24 ─ [h2] far
    [h2] g2 10.2.0.x ─ guest1 ┘
"""
import sys

import pytest

from conftest import run, wait_until
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


def events_of(bed, host, **members):
    """The events that the host's agent has written down, with these members."""
    return [event for event in bed.lab.agent(host, "logs")["events"] if all(event.get(key) == value for key, value in members.items())]


def hits_of(rules):
    return {rule["id"]: rule["hits"] for rule in rules}


def verdict(bed, *words):
    answer = bed.lab.json("why", *words)
    return answer["verdict"], "\n".join(answer["decisions"])


def test_what_it_decides_is_known(bed):
    """Z2: what a virtual router's firewall decides is logged, counted by rule, and explained like what hosts decide; a denied packet can be told from a lost one."""
    lab, (a, b) = bed.lab, (bed.ip["g1"], bed.ip["g2"])
    web = bed.make("firewall_rule", name="web", protocol="tcp", destination_port="80", action="allow")
    telnet = bed.make("firewall_rule", name="telnet", protocol="tcp", destination_port="23", action="deny")
    policy = bed.make("firewall_policy", name="in", firewall_rules=[web, telnet])
    port = bed.interfaces["net2"]
    group = bed.make("firewall_group", name="servers", ports=[port], ingress_firewall_policy_id=policy, egress_firewall_policy_id=bed.policy({}))
    log = bed.call("POST", "/v2.0/log/logs", {"log": {"name": "all", "resource_type": "firewall_group", "resource_id": group, "event": "ALL"}})["log"]
    wait_until(lambda: bed.status(group) == "ACTIVE", what="ACTIVE", deadline=WAIT_S)
    appliance = bed.api.get("/v2.0/appliances", object_id=bed.router["id"]).json["appliances"][0]
    host = appliance["host"]
    known = {"port_id": port, "router_id": bed.router["id"], "appliance_id": appliance["id"], "direction": "ingress",
             "firewall_group": {"id": group, "name": "servers"}, "firewall_policy": {"id": policy, "name": "in"}, "log_ids": [log["id"]]}

    def event(action, rule, **members):
        def find():
            found = events_of(bed, host, action=action, rule_id=rule, src_ip=a, dst_ip=b, protocol="tcp", **members)
            return found and found[-1]
        return wait_until(find, what=f"{action} by {rule}", deadline=WAIT_S)

    bed.becomes(True, "a page that is written down", lambda: bed.page("g1", b) == a and events_of(bed, host, action="ACCEPT", rule_id=web))
    accepted = event("ACCEPT", web, dst_port=80, rule_name="web")
    assert accepted.items() >= known.items() and "reason" not in accepted and accepted["tcp_flags"] == 2
    bed.becomes(True, "what no rule allows", lambda: bed.page("g1", b, 81) is None and events_of(bed, host, action="DROP", dst_port=81))
    assert event("DROP", None, dst_port=81).items() >= {**known, "reason": "denied-firewall"}.items()
    bed.becomes(True, "what a rule denies", lambda: bed.page("g1", b, 23) is None and events_of(bed, host, action="DROP", dst_port=23))
    assert event("DROP", telnet, dst_port=23)["rule_name"] == "telnet"
    journal = lab.weft("lab", "logs", host).stdout
    assert f"DROP ingress at the router's port {port} (of the firewall group servers), asked in the appliance {appliance['id']}: tcp from {a}" in journal

    for rules in (lab.json("port", "rules", port), lab.json("port", "rules", "g1")):
        assert hits_of(rules)[web] >= 1 and hits_of(rules)[telnet] >= 1, rules
        assert {rule["firewall_group"] for rule in rules if rule["id"] == web} == {"servers"}
    assert verdict(bed, "g1", "g2", "tcp/80")[0] == "let through"
    said, why = verdict(bed, "g1", "g2", "tcp/23")
    assert said == "refused" and f"ingress at the router's port {port}" in why and f"the rule {telnet} of the policy in in the firewall group servers denies it" in why, why
    said, why = verdict(bed, "g1", "g2", "tcp/81")
    assert said == "refused" and "no rule of its firewall group matches it" in why, why
    traced = lab.json("trace", "g1", "--to", b, "--proto", "tcp", "--dport", "23")
    assert traced["verdict"] == "refused" and any(f"In the appliance {appliance['id']}" == leg["at"] for leg in traced["steps_at_routers"]), traced
    assert verdict(bed, "g1", "far", "tcp/80")[0] == "let through"
    outside = lab.json("trace", "g1", "--to", "198.51.100.1")
    assert outside["verdict"] == "sent on by the appliance" and "no port here has the next hop" in outside["steps_at_routers"][-1]["steps"][0], outside
    denied = f"import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [s.sendto(b'x', ('{b}', 9)) for _ in range(1000)]"
    lab.exec("g1", sys.executable, "-c", denied)

    def told():
        return len(events_of(bed, host, action="DROP", protocol="udp", dst_port=9)), sum(one["suppressed"] for one in events_of(bed, host, action="SUPPRESSED"))
    wait_until(lambda: sum(told()) == 1000, what=f"1000 events told or counted as suppressed, not {told()}", deadline=WAIT_S)
    assert told()[0] < 500

    def drops():
        return {row["reason"]: row["count"] for row in lab.json("drops", port) if row.get("appliance")}
    assert drops()["denied-firewall"] >= 2
    before = drops().get("not-let-in", 0)
    gateway = bed.api.get(f"/v2.0/ports/{bed.gateway}").json["port"]["fixed_ips"][0]["ip_address"]
    lab.exec("far", "ip", "route", "replace", "10.1.0.0/24", "via", gateway)
    bed.becomes(True, "what nobody has asked for is no matter of rules", lambda: not lab.pings("far", a) and drops().get("not-let-in", 0) > before)
    lab.exec("far", "ip", "route", "delete", "10.1.0.0/24")
    assert verdict(bed, "g1", "g2", "icmp")[0] == "refused"
    assert bed.api.call("PUT", f"/v2.0/log/logs/{log['id']}", {"log": {"enabled": False}}).status == 200
    bed.set_group(group, ports=[])
    bed.becomes(True, "without a group", lambda: bed.page("g1", b) == a and verdict(bed, "g1", "g2", "icmp")[0] == "let through")
    counters = ("nsenter", "--net", "--target", bed.inside(appliance).parent.name, "nft", "list", "counters")
    assert "firewall_dropped" in run(*counters).stdout and "rule_" not in run(*counters).stdout
