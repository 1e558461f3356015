"""The view stream of a host, read line by line as an agent does (ARCHITECTURE.md, "Views and scopes").

    this test ── GET /weft/v1/hosts/h1/view ──► weftd ◄── API calls
"""
import http.client
import json
import threading
import urllib.parse
import uuid

import pytest

from weftd import MEMBER, Weftd


class Stream:
    """One open stream; the records as an agent would hold them."""

    def __init__(self, weftd, host, credential, since=None, store=None, instance="one"):
        query = {"instance": instance, **({"since": since} if since is not None else {}), **({"store": store} if store else {})}
        self.connection = http.client.HTTPConnection("127.0.0.1", weftd.port, timeout=10)
        self.connection.request("GET", f"/weft/v1/hosts/{host}/view?{urllib.parse.urlencode(query)}",
                                headers={"Authorization": f"Bearer {credential}"})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            self.hello = self.line()
        else:
            self.text = self.answer.read()

    def line(self):
        text = self.answer.readline()
        assert text, "the stream ended"
        return json.loads(text)

    def until(self, revision):
        """Lines up to the sync line that has at least the revision."""
        lines = []
        while True:
            line = self.line()
            if line["op"] == "ping":
                continue
            lines.append(line)
            if line["op"] == "sync" and line["rev"] >= revision:
                return lines

    def close(self):
        self.connection.close()


def apply(view, lines):
    """What an agent's view is after the lines."""
    for line in lines:
        if line["op"] == "put":
            view[line["kind"], line["id"]] = line["scope"], line["data"]
        elif line["op"] == "delete":
            view.pop((line["kind"], line["id"]), None)
        elif line["op"] == "drop":
            for key in [key for key, (scope, _) in view.items() if scope == line["scope"]]:
                del view[key]
    return view


@pytest.fixture
def weftd(tmp_path):
    server = Weftd(tmp_path).start()
    yield server
    server.stop()


class Cloud:
    """Two hosts and a network with a subnet."""

    def __init__(self, weftd):
        self.weftd, self.api = weftd, weftd.client()
        self.hosts = {name: self.api.make("host", name=name, tunnel_ips=[address])
                      for name, address in (("h1", "192.0.2.1"), ("h2", "192.0.2.2"))}
        self.network = self.new_network("10.0.0.0/24")

    def new_network(self, cidr):
        network = self.api.make("network", name="n")
        self.api.make("subnet", network_id=network["id"], cidr=cidr, ip_version=4)
        return network["id"]

    def port(self, host, network=None):
        return self.api.make("port", **{"network_id": network or self.network, "binding:host_id": host})["id"]

    def delete(self, port):
        answer = self.api.call("DELETE", f"/v2.0/ports/{port}")
        assert answer.status == 204
        return answer.revision

    def revision(self):
        return self.api.get("/weft/v1/status").json["revision"]

    def stream(self, host="h1", **options):
        return Stream(self.weftd, host, self.hosts[host]["credential"], **options)

    def report(self, host, revision, ports, instance="one", full=False):
        client = self.weftd.client(token=None)
        return client.call("POST", f"/weft/v1/hosts/{host}/report",
                           {"instance": instance, "revision": revision, "full": full, "ports": ports},
                           {"Authorization": f"Bearer {self.hosts[host]['credential']}"})


@pytest.fixture
def cloud(weftd):
    return Cloud(weftd)


def kinds(lines):
    return sorted((line["op"], line["kind"]) for line in lines if line["op"] in ("put", "delete"))


def test_why_a_member_is_dead_is_no_hosts_record(cloud):
    """Hosts are told that a member is dead, which each of them acts by, and not why: that may change often."""
    port = cloud.port("h1")
    address = cloud.api.get(f"/v2.0/ports/{port}").json["port"]["fixed_ips"][0]

    def make(path, **body):
        answer = cloud.api.call("POST", "/load-balancer/v2.0/lbaas/" + path, body)
        assert answer.status == 201, answer.text
        return next(iter(answer.json.values()))["id"]

    def judge(reason):
        answer = cloud.weftd.client(cloud.hosts["h1"]["credential"]).call("POST", "/weft/v1/hosts/h1/report", {
            "instance": "one", "revision": 0, "ports": {}, "members": {member: {"alive": False, "reason": reason}}})
        assert answer.status == 200, answer.text
        lines = stream.until(cloud.revision())
        return [line for line in lines if line.get("kind") == "load_balancer"]

    balancer = make("loadbalancers", loadbalancer={"vip_subnet_id": address["subnet_id"]})
    pool = make("pools", pool={"loadbalancer_id": balancer, "protocol": "TCP", "lb_algorithm": "SOURCE_IP"})
    make("healthmonitors", healthmonitor={"pool_id": pool, "type": "TCP", "delay": 1, "timeout": 1, "max_retries": 1})
    member = make(f"pools/{pool}/members", member={"address": address["ip_address"], "protocol_port": 80})
    stream = cloud.stream()
    stream.until(cloud.revision())
    before = cloud.revision()
    assert len(judge("refused")) == 1
    assert judge("timed out") == [] and cloud.revision() == before + 2
    stream.close()


def test_a_host_has_what_concerns_it(cloud):
    """B1, B38, B42: a host is told of the networks that it has ports on, and of nothing else."""
    mine, other = cloud.port("h1"), cloud.port("h2")
    elsewhere = cloud.new_network("10.1.0.0/24")
    cloud.port("h2", elsewhere)
    view = apply({}, cloud.stream().until(cloud.revision()))
    assert ("port", mine) in view and ("endpoint", mine) in view and ("endpoint", other) in view
    assert ("port", other) not in view
    assert ("network", cloud.network) in view and ("network", elsewhere) not in view
    group, = cloud.api.get(f"/v2.0/ports/{mine}").json["port"]["security_groups"]
    assert {scope for scope, _ in view.values()} == {f"host/{cloud.hosts['h1']['id']}", f"network/{cloud.network}",
                                                     f"security-group/{group}", f"group-members/{group}"}
    assert {("security-group", group), ("group-member", f"{group}/{mine}"), ("group-member", f"{group}/{other}")} <= set(view)
    assert view["member", f"{cloud.network}/{cloud.hosts['h2']['id']}"][1]["tunnel_ips"] == ["192.0.2.2"]


def test_deltas_are_only_what_changed(cloud):
    """L4, B39: a change costs its own records; interest comes with the first port and goes with the last."""
    stream = cloud.stream()
    stream.until(cloud.revision())
    first = cloud.port("h1")
    lines = stream.until(cloud.revision())
    assert ("put", "network") in kinds(lines) and ("put", "port") in kinds(lines)
    second = cloud.port("h2")
    lines = stream.until(cloud.revision())
    assert kinds(lines) == [("put", "endpoint"), ("put", "group-member"), ("put", "member")]
    third = cloud.port("h2")
    assert kinds(stream.until(cloud.revision())) == [("put", "endpoint"), ("put", "group-member")]
    assert kinds(stream.until(cloud.delete(third))) == [("delete", "endpoint"), ("delete", "group-member")]
    assert kinds(stream.until(cloud.delete(second))) == [("delete", "endpoint"), ("delete", "group-member"), ("delete", "member")]
    lines = stream.until(cloud.delete(first))
    dropped = {line["scope"].split("/")[0] for line in lines if line["op"] == "drop"}
    assert dropped == {"network", "security-group", "group-members"}
    assert ("delete", "port") in kinds(lines)


def test_resume_equals_a_snapshot(cloud):
    """A host that was away gets what it missed, gained and lost; the result is what a snapshot gives."""
    kept, lost = cloud.port("h1"), cloud.port("h1", cloud.new_network("10.1.0.0/24"))
    stream = cloud.stream()
    view = apply({}, stream.until(cloud.revision()))
    since, store = cloud.revision(), stream.hello["store"]
    stream.close()
    gained = cloud.new_network("10.2.0.0/24")
    cloud.port("h1", gained)
    cloud.delete(lost)
    cloud.port("h2")
    cloud.api.call("PUT", f"/v2.0/ports/{kept}", {"port": {"name": "renamed"}})
    again = cloud.stream(since=since, store=store)
    assert again.hello["mode"] == "resume"
    apply(view, again.until(cloud.revision()))
    again.close()
    fresh = cloud.stream()
    assert fresh.hello["mode"] == "snapshot"
    assert view == apply({}, fresh.until(cloud.revision()))


def test_nothing_missed_is_nothing_sent(cloud):
    cloud.port("h1")
    stream = cloud.stream()
    stream.until(cloud.revision())
    since, store = cloud.revision(), stream.hello["store"]
    stream.close()
    again = cloud.stream(since=since, store=store)
    assert again.hello["mode"] == "resume" and [line["op"] for line in again.until(since)] == ["sync"]


@pytest.mark.parametrize("since, store", [("ahead", "same"), ("same", "other"), ("zero", "same")])
def test_snapshot_when_it_can_not_resume(cloud, since, store):
    cloud.port("h1")
    stream = cloud.stream()
    stream.until(cloud.revision())
    stream.close()
    revision = {"ahead": cloud.revision() + 1, "same": cloud.revision(), "zero": 0}[since]
    again = cloud.stream(since=revision, store=stream.hello["store"] if store == "same" else str(uuid.uuid4()))
    assert again.hello["mode"] == "snapshot"


def test_resume_after_a_restart_of_weftd(cloud):
    """L8: a controller that comes back does not make its hosts start over."""
    port = cloud.port("h1")
    stream = cloud.stream()
    stream.until(cloud.revision())
    since = cloud.revision()
    cloud.weftd.kill()
    cloud.weftd.start()
    cloud.api = cloud.weftd.client()
    again = cloud.stream(since=since, store=stream.hello["store"])
    assert again.hello["mode"] == "resume"
    again.until(since)
    assert ("delete", "port") in kinds(again.until(cloud.delete(port)))


def test_one_host_one_agent(cloud):
    first = cloud.stream(instance="one")
    second = cloud.stream(instance="two")
    assert second.status == 409 and "127.0.0.1" in json.loads(second.text)["NeutronError"]["message"]
    assert cloud.report("h1", 1, {}, instance="two").status == 409
    assert cloud.stream(instance="one").status == 200, "the same agent may connect again"
    first.close()


def test_looking_beside_the_agent(cloud):
    """Without an instance the view is shown once, to an administrator too, and the agent is not disturbed."""
    cloud.port("h1")
    agent = cloud.stream()
    view = apply({}, agent.until(cloud.revision()))
    looked = cloud.api.get("/weft/v1/hosts/h1/view")
    lines = [json.loads(line) for line in looked.text.splitlines()]
    assert (lines[0]["op"], lines[-1]["op"], lines[-1]["rev"]) == ("hello", "sync", cloud.revision())
    assert apply({}, lines) == view
    revision = cloud.delete(cloud.port("h1"))
    agent.until(revision)


def test_only_its_own_credential(cloud, weftd):
    """Q9: a host reads and writes only what is its own."""
    for token in (cloud.hosts["h2"]["credential"], MEMBER, "wrong"):
        assert Stream(weftd, "h1", token).status in (401, 403)
    assert Stream(weftd, "nowhere", cloud.hosts["h1"]["credential"]).status == 401


def test_active_when_reported(cloud):
    """A port is ACTIVE only once its host says that it has wired it; who waits is told at once."""
    port = cloud.port("h1")
    assert cloud.api.get(f"/v2.0/ports/{port}").json["port"]["status"] == "DOWN"
    waited = []
    thread = threading.Thread(target=lambda: waited.append(
        cloud.weftd.client().get("/weft/v1/wait", port=port, status="ACTIVE", timeout=10)))
    thread.start()
    assert cloud.report("h1", cloud.revision(), {port: {"wired": True}}).status == 200
    thread.join()
    assert waited[0].status == 200
    assert cloud.api.get(f"/v2.0/ports/{port}").json["port"]["status"] == "ACTIVE"
    assert cloud.report("h1", cloud.revision(), {port: {"wired": False, "reason": "no device"}}).status == 200
    answer = cloud.api.get("/weft/v1/wait", port=port, status="DOWN", timeout=10)
    assert answer.status == 200
    assert cloud.api.get(f"/v2.0/ports/{port}").json["port"]["status_reason"] == "no device"


def test_reports_about_others_are_ignored(cloud):
    port = cloud.port("h2")
    assert cloud.report("h1", 1, {port: {"wired": True}, str(uuid.uuid4()): {"wired": True}}).status == 200
    assert cloud.report("h1", 1, {}, full=True).status == 200
    assert cloud.api.get(f"/v2.0/ports/{port}").json["port"]["status"] == "DOWN"


def test_a_full_report_names_everything(cloud):
    port = cloud.port("h1")
    cloud.report("h1", 1, {port: {"wired": True}})
    assert cloud.api.get("/weft/v1/wait", port=port, status="ACTIVE", timeout=10).status == 200
    cloud.report("h1", 1, {}, full=True)
    assert cloud.api.get("/weft/v1/wait", port=port, status="DOWN", timeout=10).status == 200


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"instance": 1, "revision": 1}', '{"instance": "i", "revision": -1}',
                                  '{"instance": "i", "revision": 1, "ports": []}',
                                  '{"instance": "i", "revision": 1, "ports": {"x": {"wired": "yes"}}}', '{"instance": "i"'])
def test_bad_reports(cloud, body):
    client = cloud.weftd.client(token=None)
    answer = client.call("POST", "/weft/v1/hosts/h1/report", body, {"Authorization": f"Bearer {cloud.hosts['h1']['credential']}"})
    assert answer.status == 400 and answer.message


@pytest.mark.parametrize("query", ["revision=x", "timeout=-1", "timeout=100000", "port=nonsense", "port={port}&status=GREEN"])
def test_bad_waits(cloud, query):
    answer = cloud.api.call("GET", "/weft/v1/wait?" + query.format(port=cloud.port("h1")))
    assert answer.status in (400, 404) and answer.message


def test_waiting_for_the_hosts(cloud):
    """A revision is waited for until every connected host has confirmed it; the time-out names those that have not."""
    port = cloud.port("h1")
    stream = cloud.stream()
    stream.until(cloud.revision())
    revision = cloud.revision()
    late = cloud.api.get("/weft/v1/wait", revision=revision, timeout=0)
    assert late.status == 504 and "h1" in late.message
    assert cloud.report("h1", revision, {port: {"wired": True}}).status == 200
    assert cloud.api.get("/weft/v1/wait", revision=revision, timeout=10).status == 200


def test_waiting_right_after_a_restart_of_weftd(cloud):
    """L8: hosts that have not had the time to connect again have not got what was changed before: who waits is not told that they have."""
    port = cloud.port("h1")
    stream = cloud.stream()
    stream.until(cloud.revision())
    revision = cloud.revision()
    cloud.weftd.kill()
    cloud.weftd.start()
    cloud.api = cloud.weftd.client()
    late = cloud.api.get("/weft/v1/wait", revision=revision, timeout=0)
    assert late.status == 504 and "h1 (has 0)" in late.message and "h2 (has 0)" in late.message, late.text
    streams = [cloud.stream(host) for host in ("h1", "h2")]
    late = cloud.api.get("/weft/v1/wait", revision=revision, timeout=0)
    assert late.status == 504 and "h1 (has 0)" in late.message, late.text
    for host, ports in (("h1", {port: {"wired": True}}), ("h2", {})):
        assert cloud.report(host, revision, ports).status == 200
    assert cloud.api.get("/weft/v1/wait", revision=revision, timeout=10).status == 200
    for one in streams:
        one.close()


def test_what_the_store_refused_is_never_told(tmp_path):
    """Nothing that is not durable leaves weftd: neither as a line nor in memory afterwards."""
    server = Weftd(tmp_path, store="memory:fail-once=8").start()
    cloud = Cloud(server)
    stream = cloud.stream()
    view = apply({}, stream.until(cloud.revision()))
    answers = [cloud.api.call("POST", "/v2.0/ports", {"port": {"network_id": cloud.network, "binding:host_id": "h1"}})
               for _ in range(6)]
    made = {answer.json["port"]["id"] for answer in answers if answer.status == 201}
    assert any(answer.status == 503 for answer in answers) and made
    apply(view, stream.until(cloud.revision()))
    assert {key[1] for key in view if key[0] == "port"} == made
    fresh = apply({}, cloud.stream().until(cloud.revision()))
    assert fresh == view
    server.stop()
