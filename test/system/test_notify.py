"""Nova is told what becomes of its guests' ports, by weftd's notifications to a real HTTP server."""
import http.server
import json
import threading
import uuid

import pytest

from conftest import wait_until
from weftd import Weftd

SERVER = str(uuid.uuid4())


class Nova(http.server.ThreadingHTTPServer):
    """Answers each request with the next of `answers`, or 200; keeps what it was sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.answers = [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/os-server-external-events"

    @property
    def events(self):
        """Those that were accepted, in order."""
        return [event for status, _, body in self.requests if status < 300 for event in body["events"]]

    def names(self, port):
        return [event["name"] for event in self.events if event["tag"] == port["id"]]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.server.requests.append((status, self.headers, body))
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def nova():
    server = Nova()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def cloud(tmp_path, nova):
    """A weftd that notifies, a network with a subnet, and a host that reports what the test says."""
    (tmp_path / "token").write_text("nova-secret\n")
    weftd = Weftd(tmp_path, notify={"url": nova.url, "token-file": tmp_path / "token"}).start()
    weftd.api = weftd.client()
    weftd.host = weftd.api.make("host", name="h1", tunnel_ips=["192.0.2.1"])
    weftd.net = weftd.api.make("network", name="n")
    weftd.api.make("subnet", network_id=weftd.net["id"], ip_version=4, cidr="10.0.0.0/24")
    yield weftd
    weftd.stop()


def make_port(cloud, owner="compute:nova"):
    return cloud.api.make("port", network_id=cloud.net["id"], device_owner=owner, device_id=SERVER, **{"binding:host_id": "h1"})


def report(cloud, port, wired):
    state = {"wired": True} if wired else {"wired": False, "reason": "unplugged"}
    body = {"instance": str(uuid.uuid4()), "revision": 1, "full": False, "ports": {port["id"]: state}, "agent": {}}
    answer = cloud.client(cloud.host["credential"]).call("POST", "/weft/v1/hosts/h1/report", body)
    assert answer.status == 200, answer.text


def test_a_guests_life(cloud, nova):
    """B9: plugged, changed, unplugged and deleted, in this order, with what Nova finds the guest by; others' ports say nothing."""
    port, other = make_port(cloud), make_port(cloud, "network:dhcp")
    report(cloud, other, True)
    report(cloud, port, True)
    cloud.api.call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"fixed_ips": [{"ip_address": "10.0.0.77"}]}})
    report(cloud, port, False)
    for one in (other, port):
        assert cloud.api.call("DELETE", f"/v2.0/ports/{one['id']}").status == 204
    wait_until(lambda: "network-vif-deleted" in nova.names(port), what="told of the end")
    assert nova.names(port) == ["network-vif-plugged", "network-changed", "network-vif-unplugged", "network-vif-deleted"]
    assert nova.names(other) == []
    assert nova.events[0] == {"name": "network-vif-plugged", "server_uuid": SERVER, "tag": port["id"], "status": "completed"}
    assert {headers["X-Auth-Token"] for _, headers, _ in nova.requests} == {"nova-secret"}
    assert "nova-secret" not in "".join(cloud.lines)


def test_nova_is_away_for_a_while(cloud, nova):
    """What can't be delivered is sent again, in order and once; weftd itself goes on meanwhile."""
    nova.answers += [503, 503]
    ports = [make_port(cloud) for _ in range(3)]
    for port in ports:
        report(cloud, port, True)
    wait_until(lambda: any(status == 503 for status, _, _ in nova.requests), what="refused once")
    assert cloud.api.get("/v2.0/ports").status == 200
    wait_until(lambda: len(nova.events) == 3, what="all delivered")
    assert [event["tag"] for event in nova.events] == [port["id"] for port in ports]
    counted = lambda metrics: "weft_notify_sent_total 3\n" in metrics and "weft_notify_failures_total 2\n" in metrics
    wait_until(lambda: counted(cloud.api.get("/metrics").text.decode()), what="weftd has the answers, too")


def restart(cloud, kill):
    """Ends weftd, and starts it with the same store."""
    if kill:
        cloud.kill()
    else:
        cloud.stop()
    cloud.start()
    cloud.api = cloud.client()


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_nothing_is_lost_with_weftd(cloud, nova, kill):
    """What Nova has not been told when weftd is killed, or stopped, it is told by the next one, in order; and no later one repeats it."""
    nova.answers += [503] * 1000
    ports = [make_port(cloud) for _ in range(3)]
    for port in ports:
        report(cloud, port, True)
    cloud.api.call("DELETE", f"/v2.0/ports/{ports[0]['id']}")
    restart(cloud, kill)
    nova.answers.clear()
    expected = [(port["id"], "network-vif-plugged") for port in ports] + [(ports[0]["id"], "network-vif-deleted")]
    told = lambda: [(event["tag"], event["name"]) for event in nova.events]
    wait_until(lambda: len(told()) >= 4, what="all delivered")
    assert told() == expected
    pending = lambda: 'weft_objects{kind="notification"} 0\n' in cloud.api.get("/metrics").text.decode()
    wait_until(pending, what="forgotten")
    restart(cloud, kill)
    later = make_port(cloud)
    report(cloud, later, True)
    wait_until(lambda: nova.names(later), what="a new one")
    assert told() == [*expected, (later["id"], "network-vif-plugged")]
    assert cloud.api.get("/v2.0/notifications").status == 404


def test_what_nova_refuses_is_not_sent_again(cloud, nova):
    """404: Nova knows no such guest. It is logged, and the next event goes."""
    nova.answers += [404]
    gone, here = make_port(cloud), make_port(cloud)
    report(cloud, gone, True)
    wait_until(lambda: nova.requests, what="refused")
    report(cloud, here, True)
    wait_until(lambda: nova.names(here) == ["network-vif-plugged"], what="the next is delivered")
    assert nova.names(gone) == []
    wait_until(lambda: any("refuses 1 event(s) with answer 404" in line and gone["id"] in line for line in cloud.lines))


@pytest.mark.parametrize("notify, says", [({"url": "nova"}, "give an http or https URL"), ({}, "no url"),
                                          ({"url": "http://x/", "token-file": "/nonexistent"}, "token-file = /nonexistent")])
def test_bad_configuration(tmp_path, notify, says):
    assert says in Weftd(tmp_path, notify=notify).refused()
