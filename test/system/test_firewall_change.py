"""Security groups that change while connections run, and what else there is between rules and ports.

    h1: a                     h2: b, d                 net: 10.0.0.0/24, fd00::/64, project red
    h1: x                     h2: y                    net2: the same addresses, no router
        └── edge ════════════════ edge ┘
"""
import json

import pytest

from conftest import wait_until
from firewall_lab import Connection, Firewall, Guest, passes, refused, tcp
from traffic import Ping

EVERYTHING_OUT = [{"direction": "egress", "version": 4}, {"direction": "egress", "version": 6}]


@pytest.fixture(scope="module")
def red(module_lab):
    """The drawing without net2. Whatever its groups, a may send anything."""
    red = Firewall(module_lab, "red", {"a": 1, "b": 2, "d": 2})
    red.out = red.group("out", rules=EVERYTHING_OUT)
    for name in red.guests:
        red.set_groups(red[name], red.out)
    return red


@pytest.mark.parametrize("version", [4, 6])
def test_a_deleted_rule_cuts_what_it_alone_allowed(red, version):
    a, b = red["a"], red["b"]
    group = red.group("two doors")
    one = red.rule(group, version=version, protocol="tcp", ports=(80, 80))
    red.rule(group, version=version, protocol="tcp", ports=(80, 90))
    alone = red.rule(group, version=version, protocol="tcp", ports=(22, 22))
    red.set_groups(b, group)
    twice, once = Connection(a, b, 80, version), Connection(a, b, 22, version)
    assert twice.works() and once.works()
    red.drop_rule(one)
    assert twice.works(), "another rule allows it too"
    red.drop_rule(alone)
    refused(once.send, b)
    assert twice.works()
    red.rule(group, version=version, protocol="tcp", ports=(22, 22))
    once.server.settimeout(10)
    assert once.server.recv(100) == b"more", "TCP sends again what was refused"


def test_changes_disturb_nothing_else(red):
    """Rules, members and groups come and go, of this port and others: no ping of a running flow is lost, and TCP runs on."""
    a, b, d = red["a"], red["b"], red["d"]
    friends = red.group("friends")
    group = red.group("steady", rules=[{"protocol": "icmp"}, {"protocol": "tcp", "ports": (80, 80), "remote_group_id": friends},
                                       {"protocol": "tcp", "ports": (80, 80), "remote_ip_prefix": "10.0.0.0/24"}])
    red.set_groups(b, group)
    red.set_groups(a, red.out, friends)
    connection, ping = Connection(a, b, 80), Ping(a.netns, b.ip[4])
    wait_until(lambda: ping.answered() > 20, what="pings run")
    for n in range(3):
        rule = red.rule(group, protocol="udp", ports=(1000 + n, 2000 + n))
        other = red.rule(friends, protocol="tcp", ports=(1 + n, 80), remote_ip_prefix=f"10.{n}.0.0/16")
        assert connection.works()
        red.set_groups(d, friends, group)
        red.set_groups(b, group, friends)
        red.drop_rule(rule)
        assert connection.works()
        red.set_groups(b, group)
        red.set_groups(d, red.out)
        red.drop_rule(other)
        red.set_groups(a, red.out)
        red.set_groups(a, red.out, friends)
        assert connection.works()
    sent, lost = ping.stop()
    assert sent > 100 and lost == 0, (sent, lost)
    red.set_groups(a, red.out)


def test_a_restarted_agent_cuts_nothing(red):
    """The agents end, by SIGTERM and by SIGKILL, and come back: not a ping is lost, the rules hold all the time."""
    a, b = red["a"], red["b"]
    friends = red.group("restart friends", rules=EVERYTHING_OUT)
    red.set_groups(a, friends)
    red.set_groups(b, red.group("restart", rules=[{"protocol": "icmp", "remote_group_id": friends},
                                                  {"protocol": "tcp", "ports": (80, 80), "remote_ip_prefix": "10.0.0.0/24"}]))
    connection, ping = Connection(a, b, 80), Ping(a.netns, b.ip[4])
    wait_until(lambda: ping.answered() > 20, what="pings run")
    for kill in (False, True):
        for host in ("h1", "h2"):
            red.lab.stop(host, kill)
            assert connection.works()
            red.lab.start(host)
    red.lab.weft("wait", "revision")
    assert connection.works()
    sent, lost = ping.stop()
    assert sent > 100 and lost == 0, (sent, lost)
    refused(lambda: tcp(a, b, 81), b)
    passes(tcp(a, b, 80))
    red.set_groups(a, red.out)


def test_the_same_address_on_another_network_is_another(red):
    """Members of a group count on their own network, and on those that routers join with it."""
    a, b = red["a"], red["b"]
    friends = red.group("here", rules=EVERYTHING_OUT)
    web = red.group("apart", rules=[{"protocol": "tcp", "remote_group_id": friends}])
    red.set_groups(a, friends)
    red.set_groups(b, web)
    passes(tcp(a, b, 80))
    net2 = red.api.make("network", name="net2")["id"]
    red.api.make("subnet", network_id=net2, cidr="10.0.0.0/24", ip_version=4)
    guests = {}
    for name, host, groups, fixed in (("x", 1, [red.out], [{"ip_address": a.ip[4]}]), ("y", 2, [web], None)):
        port = red.api.make("port", name=name, network_id=net2, security_groups=groups, **({"fixed_ips": fixed} if fixed else {}))
        red.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"binding:host_id": f"h{host}"}}, admin=True)
        red.lab.guest(f"red-{name}", host, None, port=port["id"])
        port["fixed_ips"].append({"ip_address": "::"})  # it has none of IPv6
        guests[name] = Guest(red.lab, "red", name, host, port)
    refused(lambda: tcp(guests["x"], guests["y"], 80), guests["y"])
    red.set_groups(guests["x"], friends)
    passes(tcp(guests["x"], guests["y"], 80))
    red.set_groups(a, red.out)
    passes(tcp(guests["x"], guests["y"], 80))
    refused(lambda: tcp(a, b, 80), b)


def test_shared_groups(red):
    """A group of another project, shared to this one: its owner's changes count at our ports."""
    a, b = red["a"], red["b"]
    theirs = red.lab.api(red.lab.environment("blue"))
    made = theirs.call("POST", "/v2.0/security-groups", {"security_group": {"name": "blue's"}}).json["security_group"]
    shared = theirs.call("POST", "/v2.0/rbac-policies", {"rbac_policy": {
        "object_type": "security_group", "object_id": made["id"], "action": "access_as_shared", "target_tenant": "red"}})
    assert shared.status == 201, shared.text
    red.set_groups(b, made["id"])
    refused(lambda: tcp(a, b, 80), b)
    answer = theirs.call("POST", "/v2.0/security-group-rules", {"security_group_rule": {
        "security_group_id": made["id"], "direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80}})
    assert answer.status == 201, answer.text
    red.settle(answer)
    passes(tcp(a, b, 80))


def test_templates_of_default_rules(red):
    """What an administrator puts into the templates is what new groups let through."""
    a, b = red["a"], red["b"]
    template = red.call("POST", "/v2.0/default-security-group-rules", {"default_security_group_rule": {
        "direction": "ingress", "protocol": "tcp", "port_range_min": 2222, "port_range_max": 2222,
        "used_in_non_default_sg": True}}, admin=True)["default_security_group_rule"]
    try:
        group = red.make("security_group", name="from templates")["id"]
    finally:
        red.call("DELETE", f"/v2.0/default-security-group-rules/{template['id']}", admin=True)
    red.set_groups(b, group)
    passes(tcp(a, b, 2222))
    refused(lambda: tcp(a, b, 2223), b)


def test_one_member_is_one_line_to_the_hosts_concerned(red):
    """A port more in a group that rules name: one record for each host that has such a rule, and none for others."""
    friends = red.group("counted")
    red.set_groups(red["b"], red.group("names it", rules=[{"protocol": "tcp", "remote_group_id": friends}]))

    def records(host):
        return [record for record in red.lab.agent(host, "view", kind="group-member")["records"] if record["id"].startswith(friends)]
    assert (records("h1"), records("h2")) == ([], [])
    port = red.api.make("port", network_id=red.network["id"], security_groups=[friends])
    red.lab.weft("wait", "revision")
    assert [record["id"] for record in records("h2")] == [f"{friends}/{port['id']}"]
    assert records("h1") == []
    assert red.api.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    red.lab.weft("wait", "revision")
    assert records("h2") == []
    red.set_groups(red["b"], red.out)
    assert not [r for r in red.lab.agent("h2", "view", kind="security-group")["records"] if "names it" in json.dumps(r)]
