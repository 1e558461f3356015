"""Load balancers of the provider virtual-router, from the API to the packets (Z33; docs/load-balancer.md).

    weftd ── views ──► [h1] [h2]  the virtual router of network in: mgmt (network m), guest0, the VIP
    [h1] g1, [h2] g2 and client on network in
"""
import collections
import json
import re
import sys

import pytest

from conftest import run, wait_until
from test_virtual_router import Cloud

LB = "/load-balancer/v2.0/lbaas/"
SERVE = """
import http.server, sys
class Say(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((sys.argv[1] + " " + self.headers.get("X-Forwarded-For", "")).encode())
http.server.ThreadingHTTPServer(("", 80), Say).serve_forever()
"""


@pytest.fixture(scope="module")
def cloud(module_lab):
    one = Cloud(module_lab)
    one.offering(default=True)
    one.net = one.network("in", "10.0.0.0/24")
    lab = module_lab
    one.guests = {name: lab.guest(name, host, "in") for name, host in (("g1", 1), ("g2", 2), ("client", 2))}
    for guest in one.guests.values():
        assert one.api.call("PUT", f"/v2.0/ports/{guest['id']}", {"port": {"port_security_enabled": False, "security_groups": []}}).status == 200
    one.servers = {name: lab.popen(name, sys.executable, "-c", SERVE, name) for name in ("g1", "g2")}
    for name in one.servers:
        wait_until(lambda: ":80 " in lab.exec(name, "ss", "-ltn").stdout, what=f"{name} serves")
    try:
        yield one
    finally:
        for process in one.servers.values():
            process.kill()
            process.wait()
        for log in lab.folder.glob("h*/run/appliance/*.log"):
            print(log, log.read_text()[-3000:])


def make(cloud, path, kind, **inner):
    answer = cloud.api.call("POST", LB + path, {kind: inner})
    assert answer.status == 201, answer.text
    return answer.json[kind]


def show(cloud, path, one):
    return next(iter(cloud.api.get(f"{LB}{path}/{one['id']}").json.values()))


def has_status(cloud, path, one, provisioning, operating):
    def check():
        now = show(cloud, path, one)
        return (now["provisioning_status"], now["operating_status"]) == (provisioning, operating)
    wait_until(check, what=f"{provisioning} {operating}")


def curl(cloud, url, *words):
    return cloud.lab.exec("client", "curl", "-s", "-m", "3", *words, url, check=False).stdout


def test_from_the_api_to_the_packets(cloud, tmp_path):
    """HTTP and TLS by the VIP, members by their statuses, policies, and nothing left when it is deleted."""
    lab = cloud.lab
    balancer = make(cloud, "loadbalancers", "loadbalancer", name="lb", vip_subnet_id=cloud.net["subnet"]["id"], provider="virtual-router")
    vip = balancer["vip_address"]
    has_status(cloud, "loadbalancers", balancer, "ACTIVE", "ONLINE")
    listener = make(cloud, "listeners", "listener", loadbalancer_id=balancer["id"], protocol="HTTP", protocol_port=80, insert_headers={"X-Forwarded-For": "true"})
    pool = make(cloud, "pools", "pool", listener_id=listener["id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    members = {name: make(cloud, f"pools/{pool['id']}/members", "member", address=lab.address(cloud.guests[name]), protocol_port=80) for name in ("g1", "g2")}
    make(cloud, "healthmonitors", "healthmonitor", pool_id=pool["id"], type="HTTP", delay=1, timeout=1, max_retries=1, max_retries_down=1)
    for member in members.values():
        has_status(cloud, f"pools/{pool['id']}/members", member, "ACTIVE", "ONLINE")
    has_status(cloud, "pools", pool, "ACTIVE", "ONLINE")
    own = lab.address(cloud.guests["client"])
    assert collections.Counter(curl(cloud, f"http://{vip}/") for _ in range(4)) == {f"g1 {own}": 2, f"g2 {own}": 2}
    cloud.servers["g2"].kill()
    cloud.servers["g2"].wait()
    has_status(cloud, f"pools/{pool['id']}/members", members["g2"], "ACTIVE", "ERROR")
    has_status(cloud, "loadbalancers", balancer, "ACTIVE", "DEGRADED")
    assert {curl(cloud, f"http://{vip}/") for _ in range(3)} == {f"g1 {own}"}
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=www.example.org",
        "-addext", "subjectAltName=DNS:www.example.org", "-keyout", tmp_path / "key", "-out", tmp_path / "cert")
    certificate = make(cloud, "certificates", "certificate", certificate=(tmp_path / "cert").read_text(), private_key=(tmp_path / "key").read_text())
    secure = make(cloud, "listeners", "listener", loadbalancer_id=balancer["id"], protocol="TERMINATED_HTTPS", protocol_port=443, default_pool_id=pool["id"],
                  default_tls_container_ref=certificate["id"])
    policy = make(cloud, "l7policies", "l7policy", listener_id=secure["id"], action="REDIRECT_TO_URL", redirect_url="https://example.org/")
    make(cloud, f"l7policies/{policy['id']}/rules", "rule", type="PATH", compare_type="STARTS_WITH", value="/old")
    words = ("--cacert", tmp_path / "cert", "--resolve", f"www.example.org:443:{vip}")
    wait_until(lambda: curl(cloud, "https://www.example.org/", *words) == "g1 ", what="an answer by TLS")
    head = wait_until(lambda: re.search("location: .*", curl(cloud, "https://www.example.org/old", "-i", *words)), what="the policy")
    assert head[0].strip() == "location: https://example.org/"
    appliance = cloud.appliance(cloud.net)
    assert "PRIVATE" not in str(appliance) and "PRIVATE" not in str(cloud.attachment(cloud.net))
    assert len(cloud.api.get("/v2.0/appliances").json["appliances"]) == 1
    assert cloud.api.call("DELETE", LB + f"loadbalancers/{balancer['id']}?cascade=true").status == 204
    wait_until(lambda: not curl(cloud, f"http://{vip}/"), what="the VIP is gone")
    cloud.has_status(cloud.net)


def counted(cloud, listener):
    return cloud.api.get(f"{LB}listeners/{listener['id']}/stats").json["stats"]


def neighbour(cloud, address):
    """The MAC address that the client sends to."""
    shown = json.loads(cloud.lab.exec("client", "ip", "-j", "neigh", "show", address).stdout)
    return shown[0].get("lladdr") if shown else None


def move(cloud, router, url, vip):
    """The network goes to another router, and the VIP with it: a client that would not ask for an hour where the VIP is gets its answers from there."""
    api, body = cloud.api, {"subnet_id": cloud.net["subnet"]["id"]}
    other = api.make("router", service_providers={"router": "virtual-router"})
    cloud.lab.exec("client", "sysctl", "-qw", "net.ipv4.neigh.eth0.base_reachable_time_ms=3600000")
    cloud.lab.exec("client", "ip", "neigh", "flush", "all")
    assert curl(cloud, url).startswith("g1")
    before = neighbour(cloud, vip)
    assert api.call("PUT", f"/v2.0/routers/{router['id']}/remove_router_interface", body).status == 200
    assert api.call("PUT", f"/v2.0/routers/{other['id']}/add_router_interface", body).status == 200
    wait_until(lambda: cloud.appliance(other) and cloud.appliance(other)["status"] == "ACTIVE", what="the other router's appliance serves")
    port = next(port for port in api.get("/v2.0/ports", device_id=other["id"]).json["ports"] if port["network_id"] == cloud.net["id"])
    wait_until(lambda: neighbour(cloud, vip) == port["mac_address"], what=f"the client has learnt where the VIP is, unasked: {neighbour(cloud, vip)}, before {before}")
    wait_until(lambda: curl(cloud, url).startswith("g1"), what="an answer by the other router")
    assert before != port["mac_address"] and not cloud.appliance(cloud.net)
    return other


def test_on_a_network_of_a_router(cloud):
    """Z31, Z33, Z36: where a router's virtual router serves the network it does the load balancers too, hands them on to another router, and back when it goes."""
    router = cloud.api.make("router", service_providers={"router": "virtual-router"})
    body = {"subnet_id": cloud.net["subnet"]["id"]}
    assert cloud.api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", body).status == 200
    wait_until(lambda: not cloud.appliance(cloud.net), what="the network has no virtual router of its own")
    balancer = make(cloud, "loadbalancers", "loadbalancer", name="routed", vip_subnet_id=cloud.net["subnet"]["id"], provider="virtual-router")
    has_status(cloud, "loadbalancers", balancer, "ACTIVE", "ONLINE")
    listener = make(cloud, "listeners", "listener", loadbalancer_id=balancer["id"], protocol="HTTP", protocol_port=80)
    pool = make(cloud, "pools", "pool", listener_id=listener["id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    make(cloud, f"pools/{pool['id']}/members", "member", address=cloud.lab.address(cloud.guests["g1"]), protocol_port=80)
    url = f"http://{balancer['vip_address']}/"
    wait_until(lambda: curl(cloud, url).startswith("g1"), what="an answer by the router's appliance")
    has_status(cloud, "loadbalancers", balancer, "ACTIVE", "ONLINE")
    total = lambda: counted(cloud, listener)["total_connections"]
    for _ in range(4):
        assert curl(cloud, url).startswith("g1")
    base = wait_until(lambda: total() >= 4 and total(), what="connections are counted", deadline=30)
    now = counted(cloud, listener)
    assert now["bytes_in"] > 0 and now["bytes_out"] > 0 and now["request_errors"] == now["active_connections"] == 0
    assert cloud.api.get(f"{LB}loadbalancers/{balancer['id']}/stats").json["stats"] == now
    cloud.lab.stop(cloud.appliance(router)["host"], kill=True)
    cloud.lab.start(cloud.appliance(router)["host"])
    assert curl(cloud, url).startswith("g1")
    wait_until(lambda: total() > base, what="the next agent goes on counting", deadline=30)
    assert total() <= base + 2, "nothing is counted twice"
    router = move(cloud, router, url, balancer["vip_address"])
    has_status(cloud, "loadbalancers", balancer, "ACTIVE", "ONLINE")
    assert cloud.api.call("PUT", f"/v2.0/routers/{router['id']}", {"router": {"admin_state_up": False}}).status == 200
    has_status(cloud, "loadbalancers", balancer, "PENDING_CREATE", "OFFLINE")
    assert cloud.api.call("PUT", f"/v2.0/routers/{router['id']}/remove_router_interface", body).status == 200
    wait_until(lambda: cloud.appliance(cloud.net), what="the network's own")
    has_status(cloud, "loadbalancers", balancer, "ACTIVE", "ONLINE")

    def answers():
        cloud.lab.exec("client", "ip", "neigh", "flush", "all")  # it would ask again by itself, some time
        return curl(cloud, url).startswith("g1")
    wait_until(answers, what="an answer by the network's own")
    assert total() > base, "what the former one has counted stays"
    assert cloud.api.call("DELETE", LB + f"loadbalancers/{balancer['id']}?cascade=true").status == 204
