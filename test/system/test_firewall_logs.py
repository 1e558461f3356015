"""Network logs, written by the hosts: what security groups accept and drop, with the names of what decided; and counters of rules.

    h1: a                     h2: b, c                 net: 10.0.0.0/24, fd00::/64, project red
        └── edge ════════════════ edge ┘
"""
import json
import os
import signal
import subprocess
import threading

import pytest

from conftest import WEFT, run, wait_until
from firewall_lab import icmp, passes, refused, tcp, udp
from tiers import Tiers, denied

OUT = [{"direction": "egress", "version": 4}, {"direction": "egress", "version": 6}]


@pytest.fixture(scope="module")
def red(module_lab):
    """The drawing; b lets TCP to port 80 in, a and c may send anything. The limits and the file of h2 are in its configuration."""
    lab = module_lab
    red = Tiers(lab, "red", {"a": 1, "b": 2, "c": 2})
    red.file = lab.folder / "h2/firewall.log"
    with open(lab.folder / "h2/agent.conf", "a") as conf:
        conf.write(f"\n[network_log]\nrate_limit = 20\nburst_limit = 25\nlocal_output_log_base = {red.file}\n")
    lab.stop("h2")
    lab.start("h2")
    red.out = red.group("out", rules=OUT)
    red.web = red.group("web", rules=[{"protocol": "tcp", "ports": (80, 80)}, {"version": 6, "protocol": "tcp", "ports": (80, 80)}])
    for guest, groups in (("a", [red.out]), ("b", [red.web, red.out]), ("c", [red.out])):
        red.set_groups(red[guest], *groups)
    wait_until(lambda: lab.agent("h2", "status")["ports"] == {"total": 2, "wired": 2}, what="h2 has its ports again")
    return red


class Follow:
    """`weft logs --follow` of h2, in the background: the events as they come."""

    def __init__(self, red, *words):
        self.events = []
        self.process = subprocess.Popen([WEFT, "logs", "--follow", "--host", "h2", *words], env=red.lab.env,
                                        stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def expect(self, **members):
        """The first event that has the members; it is forgotten then."""
        def find():
            return next((event for event in self.events if all(event.get(key) == value for key, value in members.items())), None)
        event = wait_until(find, what=f"{members} among {self.events}")
        self.events.remove(event)
        return event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def follow(red, *words):
    before = red.lab.agent("h2", "status")["logs"]["followers"]
    stream = Follow(red, *words)
    wait_until(lambda: red.lab.agent("h2", "status")["logs"]["followers"] == before + 1, what="weft logs follows")
    return stream


@pytest.fixture
def log(red):
    """Makes logs, which go with the test."""
    made = []

    def make(**attributes):
        body = {"log": {"resource_type": "security_group", "project_id": red["b"].port["project_id"], **attributes}}
        made.append(red.call("POST", "/v2.0/log/logs", body, admin=True)["log"]["id"])
        return made[-1]
    yield make
    for one in made:
        red.call("DELETE", f"/v2.0/log/logs/{one}", admin=True)


def test_accepted_and_denied(red, log):
    """Each with port, project, rule and groups, in both IP versions; a denied packet tells what would have had to allow it."""
    a, b = red["a"], red["b"]
    one = log(name="b", target_id=b.id)
    with follow(red) as events:
        for version in (4, 6):
            passes(tcp(a, b, 80, version))
            refused(lambda: tcp(a, b, 81, version), b)
            accepted = events.expect(action="ACCEPT", ethertype=f"IPv{version}", dst_port=80)
            denied = events.expect(action="DROP", ethertype=f"IPv{version}", dst_port=81)
            rule = next(r for r in red.lab.agent("h2", "rules", port=b.id)["rules"]
                        if r["direction"] == "ingress" and r["ethertype"] == f"IPv{version}")
            for event in (accepted, denied):
                assert event == {**event, "direction": "ingress", "port_id": b.id, "port_name": "b", "protocol": "tcp",
                                 "project_id": b.port["project_id"], "network_id": red.network["id"], "log_ids": [one],
                                 "src_ip": a.ip[version], "dst_ip": b.ip[version], "device": "v-red-b"}, event
                assert event["time"].endswith("Z") and event["src_port"] and event["tcp_flags"] == 2
            assert accepted["rule_id"] == rule["id"] and accepted["security_groups"] == [{"id": red.web, "name": "web"}]
            assert rule["hits"] >= 1 and rule["security_group"] == "web"
            assert denied["rule_id"] is None and denied["reason"] == "denied-ingress"
            assert sorted(group["name"] for group in denied["security_groups"]) == ["out", "web"]
        refused(lambda: icmp(a, b, 8), b)
        assert events.expect(action="DROP", protocol="icmp")["icmp_type"] == 8
        refused(lambda: udp(b, red["c"], 9), red["c"])
        out = events.expect(action="ACCEPT", direction="egress", protocol="udp", dst_port=9)
        assert out["port_id"] == b.id and out["security_groups"] == [{"id": red.out, "name": "out"}]
        assert not [event for event in events.events if event["port_id"] == red["c"].id], "c has no log"
    lines = red.lab.weft("logs", "--host", "h2", "--lines", "1").stdout.splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["port_id"] == b.id
    assert "DROP ingress at port " + b.id + " (b): tcp from " + a.ip[4] in red.lab.log("h2")
    metrics = red.lab.agent("h2", "metrics")["text"]
    assert f'weft_rule_hits_total{{rule="{accepted["rule_id"]}",security_group="{red.web}"}}' in metrics
    assert "weft_firewall_log_events_total 0" not in metrics


def test_which_ports(red, log):
    """A log of a group, of a group at one port, of a project; of others, and of one that is not enabled, nothing is written."""
    a, b, c = red["a"], red["b"], red["c"]
    with follow(red) as events:
        of_web = log(resource_id=red.web, event="DROP")
        for to in (b, c):
            refused(lambda: tcp(a, to, 82), to)
        passes(tcp(a, b, 80))
        assert events.expect(dst_port=82)["log_ids"] == [of_web]
        of_project = log(event="ALL")
        of_others = log(event="ALL", project_id="others")
        refused(lambda: tcp(a, c, 83), c)
        assert events.expect(dst_port=83)["log_ids"] == [of_project]
        refused(lambda: tcp(a, b, 84), b)
        assert sorted(events.expect(dst_port=84)["log_ids"]) == sorted([of_web, of_project])
        for one in (of_web, of_project):
            red.call("PUT", f"/v2.0/log/logs/{one}", {"log": {"enabled": False}}, admin=True)
        refused(lambda: tcp(a, b, 85), b)
        red.call("PUT", f"/v2.0/log/logs/{of_web}", {"log": {"enabled": True}}, admin=True)
        refused(lambda: tcp(a, b, 86), b)
        events.expect(dst_port=86)
        assert events.events == [], "neither port 80 of b, nor 82 of c, nor 85"
        assert of_others
        red.set_groups(b, red.out)  # it has the group no more
        refused(lambda: tcp(a, b, 87), b)
        red.set_groups(b, red.web, red.out)
        refused(lambda: tcp(a, b, 88), b)
        events.expect(dst_port=88)
        assert events.events == []


def test_tiers(red, log):
    """What the provider decides is told with its policy and tier, and `weft port rules` has its rules, in the order they are asked in."""
    a, b = red["a"], red["b"]
    tier = red.tier("first", 5)
    policy = red.policy(tier, 1, name="no ssh", ports=[b.id])
    rules = [red.rule_of(policy, 1, "deny", protocol="tcp", ports=(22, 22)), red.rule_of(policy, 2, "allow", protocol="tcp", ports=(23, 23))]
    log(target_id=b.id)
    named = {"security_policy": {"id": policy, "name": "no ssh"}, "security_tier": {"id": tier, "name": "first"}}
    with follow(red) as events:
        denied(lambda: tcp(a, b, 22), b)
        passes(tcp(a, b, 23))
        for port, rule, action in ((22, rules[0], "DROP"), (23, rules[1], "ACCEPT")):
            event = events.expect(dst_port=port)
            assert event == {**event, **named, "action": action, "rule_id": rule, "port_id": b.id, "security_groups": []}, event
    shown = red.lab.agent("h2", "rules", port=b.id)["rules"]
    assert [rule["id"] for rule in shown[:2]] == rules and shown[2]["of"].startswith("security group ")
    assert shown[0] == {**shown[0], "of": "tier first, policy no ssh", "action": "deny", "port_range_min": 22} and shown[0]["hits"] >= 1
    assert f'weft_rule_hits_total{{rule="{rules[0]}",security_policy="{policy}"}}' in red.lab.agent("h2", "metrics")["text"]
    assert "of the policy no ssh in the provider's tier first" in red.lab.log("h2")
    red.clear()


def test_the_rate_is_limited(red, log):
    """What is above a port's rate is dropped as ever, not written, and counted; another port's events are not touched by it."""
    a, b, c = red["a"], red["b"], red["c"]
    log(event="DROP")
    with follow(red) as events:
        before = b.drops()["ingress"]
        run("nsenter", f"--net=/run/netns/{a.netns}", "python3", "-c",
            f"import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfor i in range(500): s.sendto(b'x', ('{b.ip[4]}', 999))")
        wait_until(lambda: b.drops()["ingress"] == before + 500, what="all are refused")
        refused(lambda: udp(a, c, 999), c)
        events.expect(port_id=c.id, action="DROP", dst_port=999)
        wait_until(lambda: sum(event.get("suppressed", 1) for event in events.events) == 500, what="told and suppressed are all")
        told = [event for event in events.events if event["action"] == "DROP"]
        assert 25 <= len(told) <= 100, len(told)
        assert {event["port_name"] for event in events.events} == {"b"}
    metrics = red.lab.agent("h2", "metrics")["text"]
    assert f"weft_firewall_log_suppressed_total {500 - len(told)}\n" in metrics


def test_the_file(red, log):
    """One JSON object a line; it may be renamed, with SIGHUP, or copied and truncated."""
    a, b, lab = red["a"], red["b"], red.lab
    log(target_id=b.id)

    def ports():
        return [json.loads(line).get("dst_port") for line in red.file.read_text().splitlines()]
    refused(lambda: tcp(a, b, 100), b)
    wait_until(lambda: 100 in ports(), what="the event is in the file")
    old = red.file.rename(red.file.with_suffix(".1"))
    refused(lambda: tcp(a, b, 101), b)
    wait_until(lambda: '"dst_port":101' in old.read_text(), what="until the signal the renamed file is written")
    os.kill(lab.pid("h2"), signal.SIGHUP)
    wait_until(red.file.exists, what="a new file")
    refused(lambda: tcp(a, b, 102), b)
    wait_until(lambda: ports() == [102], what="what comes is in the new file alone")
    os.truncate(red.file, 0)
    refused(lambda: tcp(a, b, 103), b)
    wait_until(lambda: ports() == [103], what="the truncated file has no hole")


def test_a_restart_keeps_the_logs(red, log):
    a, b, lab = red["a"], red["b"], red.lab
    log(target_id=b.id, event="DROP")
    lab.stop("h2", kill=True)
    lab.start("h2")
    refused(lambda: tcp(a, b, 110), b)
    wait_until(lambda: '"dst_port":110' in lab.weft("logs", b.id).stdout, what="it is logged")


def test_rules_that_decide(red):
    """`weft port rules` counts; `weft why` tells what is refused from what is lost."""
    a, b, lab = red["a"], red["b"], red.lab

    def hits():
        rows = lab.json("port", "rules", b.id)
        return next(row["hits"] for row in rows if row["direction"] == "ingress" and row["ethertype"] == "IPv4")
    before = hits()
    passes(tcp(a, b, 80))
    assert hits() == before + 1
    answer = lab.json("why", a.id, b.id, "tcp/80")
    assert answer["verdict"] == "let through" and f"(it has decided {before + 1} times)" in answer["decisions"][1], answer
    assert lab.json("why", a.id, b.id, "tcp/81")["verdict"] == "refused"
    red.set_port(b, admin_state_up=False)
    answer = lab.json("why", a.id, b.id, "tcp/80")
    assert answer["verdict"] == "lost" and "receiver-down" in answer["decisions"][-1], answer
    red.set_port(b, admin_state_up=True)
