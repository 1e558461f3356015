"""A guest moves to another host while others talk to it: the bindings of its port (docs/api.md, "Bindings for live migration").

    h1: a  m ─┐                  ┌─ b (m) :h2      (m): the guest's device on its next host
              └── edge ═════ edge
"""
import http.client
import socket
import subprocess
import urllib.parse

import pytest

from conftest import run, wait_until
from packets import inside
from tcp_repair import Frozen
from traffic import Ping
from twin import Twin
from weftd import Client

INACTIVE = "its binding to this host is not the active one"


def api(lab):
    client = Client(0, lab.env["WEFT_TOKEN"])
    client.connection = http.client.HTTPConnection(urllib.parse.urlsplit(lab.env["WEFT_URL"]).netloc, timeout=20)
    return client


@pytest.fixture
def moving(lab):
    """The lab of the drawing, with m at home on h1 and its twin on h2, not yet plugged."""
    lab.network("net1")
    lab.ports = {name: lab.guest(name, host, "net1") for name, host in (("a", 1), ("b", 2), ("m", 1))}
    lab.m = lab.address(lab.ports["m"])
    lab.path = f"/v2.0/ports/{lab.ports['m']['id']}"
    for peer in ("a", "b"):
        wait_until(lambda: lab.pings(peer, lab.m), what=f"{peer} reaches m")
    lab.twin = Twin(lab, "h2", lab.ports["m"])
    yield lab
    lab.twin.remove()


def state(lab):
    port = api(lab).get(lab.path).json["port"]
    return port["binding:host_id"], port["status"]


def bind(lab):
    answer = api(lab).call("POST", lab.path + "/bindings", {"binding": {"host": "h2"}})
    assert answer.status == 201, answer.text
    lab.weft("wait", "revision")


def seen(lab, host):
    """What the agent of a host has of the port: the record's data, and the port."""
    records = [r for r in lab.agent(host, "view", kind="port")["records"] if r["id"] == lab.ports["m"]["id"]]
    ports = lab.agent(host, "ports", port=lab.ports["m"]["id"])["ports"] if records else [None]
    return (records[0]["data"] if records else None), ports[0]


def test_the_next_host_is_made_ready(moving):
    """B6: with an inactive binding the next host has all that the port needs, and forwards nothing of it."""
    lab = moving
    assert seen(lab, "h2") == (None, None)
    bind(lab)
    data, port = seen(lab, "h2")
    assert data["active"] is False and (port["wired"], port["reason"]) == (False, "no device is plugged")
    assert lab.twin.plug()["device"] == "twin0", "the hypervisor plugs before it activates"
    _, port = seen(lab, "h2")
    assert (port["device"], port["wired"], port["reason"]) == ("twin0", False, INACTIVE)
    assert not lab.twin.pings(lab.address(lab.ports["b"])), "what is not active does not speak"
    assert seen(lab, "h2")[1]["drop_reasons"], "and its drops are counted"
    assert state(lab) == ("h1", "ACTIVE") and lab.pings("a", lab.m) and lab.pings("b", lab.m)
    assert api(lab).call("DELETE", lab.path + "/bindings/h2").status == 204
    lab.weft("wait", "revision")
    assert seen(lab, "h2") == (None, None) and state(lab) == ("h1", "ACTIVE")


def test_activation_moves_the_traffic(moving):
    """B6: peers on both hosts reach the guest on its new host at once; the old host says and hears nothing any more."""
    lab = moving
    bind(lab)
    lab.twin.plug()
    pings = [Ping(lab.netns(peer), lab.m, 0.005) for peer in ("a", "b")]
    wait_until(lambda: all(ping.answered() > 20 for ping in pings))
    answer = api(lab).call("PUT", lab.path + "/bindings/h2/activate")
    assert (answer.status, answer.json["status"]) == (200, "ACTIVE")
    wait_until(lambda: state(lab) == ("h2", "ACTIVE"), what="the new host has wired it")
    run("ip", "-n", lab.netns("m"), "link", "set", "eth0", "down")
    wait_until(lambda: lab.twin.pings(lab.address(lab.ports["a"])), what="the guest speaks from h2")
    answered = [ping.answered() for ping in pings]
    wait_until(lambda: all(ping.answered() > n + 20 for ping, n in zip(pings, answered)), what="answers from h2")
    for ping in pings:
        sent, lost = ping.stop()
        assert ping.gap_s < 0.5, (sent, lost, ping.gap_s)
        assert ping.duplicates == 0, "never on both hosts at once"
    bindings = api(lab).get(lab.path + "/bindings").json["bindings"]
    assert [(b["host"], b["status"]) for b in bindings] == [("h2", "ACTIVE"), ("h1", "INACTIVE")]
    assert seen(lab, "h1")[1]["reason"] == INACTIVE
    assert "active" not in seen(lab, "h2")[0]
    assert api(lab).call("DELETE", lab.path + "/bindings/h1").status == 204
    lab.weft("wait", "revision")
    assert seen(lab, "h1") == (None, None)
    assert lab.pings("a", lab.m) and lab.pings("b", lab.m)


def test_an_activation_is_not_lost(moving):
    """B45: what was acknowledged holds when weftd dies right behind the answer, and hosts arrive there."""
    lab = moving
    bind(lab)
    lab.twin.plug()
    assert api(lab).call("PUT", lab.path + "/bindings/h2/activate").status == 200
    lab.stop("weftd", kill=True)
    lab.start("weftd")
    wait_until(lambda: state(lab) == ("h2", "ACTIVE"), 30, "the new host has wired it")
    wait_until(lambda: lab.pings("a", lab.m) and lab.twin.pings(lab.address(lab.ports["b"])), what="traffic is on h2")
    assert seen(lab, "h1")[1]["reason"] == INACTIVE


def server_group(lab):
    """m lets TCP ports 80 and 81 in, and nothing out that is no answer. Returns the rule's id of each."""
    client = api(lab)
    group = client.call("POST", "/v2.0/security-groups", {"security_group": {"name": "server"}}).json["security_group"]
    for rule in group["security_group_rules"]:
        assert client.call("DELETE", f"/v2.0/security-group-rules/{rule['id']}").status == 204
    rules = {port: client.call("POST", "/v2.0/security-group-rules", {"security_group_rule": {
        "security_group_id": group["id"], "direction": "ingress", "protocol": "tcp", "port_range_min": port,
        "port_range_max": port}}).json["security_group_rule"]["id"] for port in (80, 81)}
    answer = client.call("PUT", lab.path, {"port": {"security_groups": [group["id"]]}})
    assert answer.status == 200, answer.text
    lab.weft("wait", "revision")
    return rules


def connect(lab, port):
    """(client at a, server at m)"""
    with inside(lab.netns("m")):
        listener = socket.create_server((lab.m, port))
    with inside(lab.netns("a")):
        client = socket.socket()
    client.settimeout(5)
    listener.settimeout(5)
    client.connect((lab.m, port))
    server, _ = listener.accept()
    listener.close()
    client.send(b"hello")
    assert server.recv(100) == b"hello"
    return client, server


def drops(lab, host):
    return seen(lab, host)[1]["drop_reasons"]


def test_connections_move_with_the_guest(moving):
    """B6, Z8: an established connection goes on under a stateful group that has no rule for its answers alone; one whose rule
    has gone does not, and nobody but the host that the guest leaves can say which there are."""
    lab = moving
    for guest in ("a", "m"):  # the moved socket has no clock to go on with
        run("ip", "netns", "exec", lab.netns(guest), "sysctl", "-qw", "net.ipv4.tcp_timestamps=0")
    rules = server_group(lab)
    client, server = connect(lab, 80)
    cut, cut_server = connect(lab, 81)
    bind(lab)
    lab.twin.plug()
    refused = hand_over(lab, "h1", "h1", {"port": lab.ports["m"]["id"], "connections": []})
    assert refused.status == 409 and b"has not moved from host h1" in refused.text
    frozen, frozen_cut = Frozen(server), Frozen(cut_server)
    run("ip", "-n", lab.netns("m"), "link", "set", "eth0", "down")
    assert api(lab).call("DELETE", f"/v2.0/security-group-rules/{rules[81]}").status == 204
    assert api(lab).call("PUT", lab.path + "/bindings/h2/activate").status == 200
    wait_until(lambda: "connections taken over from its former host" in lab.log("h2"), what="h2 has the connections")
    moved = frozen.thaw(lab.twin.netns)
    moved.send(b"from the new host")  # which no rule allows: it is an answer
    assert client.recv(100) == b"from the new host"
    client.send(b"to the new host")
    assert moved.recv(100) == b"to the new host"
    before = drops(lab, "h2").get("denied-ingress", 0)
    moved_cut = frozen_cut.thaw(lab.twin.netns)
    moved_cut.send(b"past the rules")
    wait_until(lambda: drops(lab, "h2").get("denied-ingress", 0) > before, what="what its rule no longer allows is refused")
    cut.setblocking(False)
    with pytest.raises(BlockingIOError):
        cut.recv(100)
    fresh = subprocess.run(["ip", "netns", "exec", lab.twin.netns, "ping", "-c", "1", "-W", "0.2", lab.address(lab.ports["a"])],
                           capture_output=True, check=False)
    assert fresh.returncode, "what is new is judged as ever"
    texts_are_refused(lab)


def hand_over(lab, host, credential_of, body):
    client = Client(0, (lab.folder / credential_of / "credential").read_text().strip())
    client.connection = http.client.HTTPConnection(urllib.parse.urlsplit(lab.env["WEFT_URL"]).netloc, timeout=20)
    return client.call("POST", f"/weft/v1/hosts/{host}/connections", body)


def texts_are_refused(lab):
    """What others say, and what is none."""
    port = lab.ports["m"]["id"]
    assert hand_over(lab, "h1", "h2", {"port": port, "connections": []}).status == 401
    assert hand_over(lab, "h2", "h2", {"port": port, "connections": []}).status == 409, "it has the port"
    assert hand_over(lab, "h1", "h1", {"port": lab.ports["b"]["id"], "connections": []}).status == 409
    for wrong in ({}, {"port": "m", "connections": []}, {"port": port, "connections": {}}):
        answer = hand_over(lab, "h1", "h1", wrong)
        assert answer.status == 400 and b"connections" in answer.text, answer.text
    assert hand_over(lab, "h1", "h1", {"port": port, "connections": [1, {"protocol": 6}]}).status == 200
    wait_until(lambda: "a connection that was handed over" in lab.log("h2"), what="the agent says what it did not take")
    assert lab.pings("a", lab.address(lab.ports["b"])), "and goes on"
