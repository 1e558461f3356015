"""Networks and routers whose services are mapped to virtual routers (Z1, Z9, Z10, Z11, Z13, Z14, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31, Z32, Z41, Z42; docs/virtual-router.md).

    weftd ── views ──► [h1] [h2]  an appliance per network: mgmt (network m), public (network out), guest0
    [h2] g1, g2 on network in; far on network out
"""
import ipaddress
import json
import os
import pathlib
import re
import signal
import sys

import pytest

from conftest import run, wait_until
from packets import Wire, tunnelled

WHO = """
import http.server
class Who(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.client_address[0].encode())
http.server.HTTPServer(("", 80), Who).serve_forever()
"""
MAPPED = {"dhcp": "virtual-router", "dns": "virtual-router"}


class Cloud:
    def __init__(self, lab):
        self.lab, self.api = lab, lab.api()
        self.networks = {name: lab.network(name, cidr) for name, cidr in (("m", "192.0.2.0/24"), ("out", "203.0.113.0/24"))}

    def offering(self, **metainfo):
        metainfo = {"management_network": self.networks["m"]["id"], **metainfo}
        return self.api.make("service_profile", driver="virtual-router", metainfo=json.dumps(metainfo))

    def network(self, name, cidr, **more):
        one = self.api.make("network", name=name, service_providers=MAPPED, **more)
        one["subnet"] = self.api.make("subnet", network_id=one["id"], ip_version=4, cidr=cidr)
        return one

    def subnet6(self, network, cidr, mode=None):
        modes = {"ipv6_ra_mode": mode, "ipv6_address_mode": mode} if mode else {"enable_dhcp": False}
        return self.api.make("subnet", network_id=network["id"], ip_version=6, cidr=cidr, **modes)

    def attachment(self, thing):
        found = self.api.get("/v2.0/service_attachments", object_id=thing["id"]).json["service_attachments"]
        return found[0] if found else None

    def has_status(self, thing, status="ACTIVE", reason=""):
        def check():
            found = self.attachment(thing)
            return found if found and found["status"] == status and reason in found["status_reason"] else None
        return wait_until(check, what=f"{status}, not {self.attachment(thing)}")

    def appliance(self, thing):
        found = self.api.get("/v2.0/appliances", object_id=thing["id"]).json["appliances"]
        return found[0] if found else None

    def ports(self, appliance):
        return {port["name"]: port for port in self.api.get("/v2.0/ports", device_id=appliance["id"]).json["ports"]}

    def folder(self, appliance):
        return self.lab.folder / appliance["host"] / "run/appliance" / appliance["id"]

    def process(self, appliance):
        """Of weft-appliance-netns, or None."""
        words = run("pgrep", "-f", f"weft-appliance-netns --folder {self.folder(appliance)} ", check=False).stdout.split()
        return int(words[0]) if words else None

    def inside(self, appliance):
        """The root folder of the machine."""
        def child(pid):
            return pid and next(iter(run("pgrep", "-P", str(pid), check=False).stdout.split()), None)
        pid = wait_until(lambda: child(child(self.process(appliance))), what="the machine is made")
        return pathlib.Path(f"/proc/{pid}/root")

    def lease(self, guest, script="/bin/true"):
        """What dhclient says of its lease; with a script, what that says."""
        done = self.lab.exec(guest, "timeout", "3", "dhclient", "-4", "-1", "-d", "-lf", "/dev/null", "-pf", "/dev/null", "-sf", script, "eth0", check=False)
        if script != "/bin/true":
            return done.stdout
        return next((line for line in done.stderr.splitlines() if line.startswith("DHCPACK")), "")

    def dig(self, guest, name, server="10.0.0.1"):
        return self.lab.exec(guest, "dig", "+short", "+search", "+time=1", "+tries=1", f"@{server}", name, check=False).stdout.strip()


@pytest.fixture(scope="module")
def cloud(module_lab):
    one = Cloud(module_lab)
    one.profile = one.offering(public_network=one.networks["out"]["id"], default=True)
    try:
        yield one
    finally:
        for log in module_lab.folder.glob("h*/run/appliance/*.log"):
            print(log, log.read_text()[-3000:])


def test_made_with_the_first_guest(cloud):
    """Z3, Z4, Z5, Z20, Z22, Z23, Z24, Z25, Z26, Z30, Z32: nothing runs before there is a guest; then there is one router, with three NICs, and the guest has its address, names and way out, which leads to a network like others."""
    lab = cloud.lab
    lab.net = cloud.network("in", "10.0.0.0/24", dns_domain="example.org.")
    attachment = cloud.has_status(lab.net)
    assert sorted(attachment["services"]) == ["dhcp", "dns"] and not cloud.appliance(lab.net)
    lab.g1 = lab.guest("g1", 2, "in")
    cloud.has_status(lab.net)
    appliance = cloud.appliance(lab.net)
    ports = cloud.ports(appliance)
    assert set(ports) == {"mgmt", "public", "guest0"} == {nic["name"] for nic in appliance["nics"]}
    assert {port["binding:host_id"] for port in ports.values()} == {appliance["host"]} and appliance["status"] == "ACTIVE"
    assert ports["guest0"]["fixed_ips"][0]["ip_address"] == "10.0.0.1"
    lab.g2 = lab.guest("g2", 2, "in")
    cloud.has_status(lab.net)
    assert not cloud.networks["out"]["router:external"], "by NICs of guests' networks alone, no outside of the cloud"
    assert lab.address(lab.g1) in wait_until(lambda: cloud.lease("g1"), what="a lease") and "from 10.0.0.1" in cloud.lease("g1")
    for name in ("g2", "g2.example.org"):
        assert wait_until(lambda: cloud.dig("g1", name), what=name) == lab.address(lab.g2)
    lab.exec("g1", "ip", "route", "replace", "default", "via", "10.0.0.1")
    far = lab.guest("far", 2, "out")
    assert cloud.api.call("PUT", f"/v2.0/ports/{far['id']}", {"port": {"port_security_enabled": False, "security_groups": []}}).status == 200
    server = lab.popen("far", sys.executable, "-c", WHO)
    wait_until(lambda: ":80 " in lab.exec("far", "ss", "-ltn").stdout, what="far serves")
    answer = lab.exec("g1", "curl", "-s", "-m", "20", f"http://{lab.address(far)}/").stdout
    assert answer.strip() == ports["public"]["fixed_ips"][0]["ip_address"]
    server.terminate()
    assert cloud.has_status(lab.net)["id"] == attachment["id"] and len(cloud.api.get("/v2.0/appliances").json["appliances"]) == 1


LIE = """
import socket, sys, time
own, other, router, router_ip = (bytes.fromhex(word) for word in sys.argv[1:])
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
while True:  # ARP: that address is mine
    wire.send(router + own + bytes.fromhex("0806" "0001080006040002") + own + other + router + router_ip)
    time.sleep(0.05)
"""
META = "http://169.254.169.254"
HEADERS = ("-H", "X-Forwarded-For: {0}", "-H", "X-Real-IP: {0}", "-H", "Forwarded: for={0}", "-H", "X-Instance-ID: 00000000-0000-4000-8000-000000000000")


def told(cloud, guest, path="/openstack/latest/meta_data.json", *flags):
    """What the guest is told of itself; None: nothing."""
    done = cloud.lab.exec(guest, "curl", "-sS", "-f", "-m", "3", *flags, META + path, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def test_metadata(cloud):
    """Z3, Z32, Z42 and the metadata service in the virtual router: guests are told of themselves by their network's appliance, the way to it by DHCP; who asks is known by the port, whatever headers or borrowed addresses say."""
    lab = cloud.lab
    mine = {"g1": lab.g1, "g2": lab.g2}
    lost = cloud.api.make("network", name="lost", service_providers={"metadata": "virtual-router"})
    cloud.has_status(lost, "ERROR", "DHCP tells guests the way to it")
    assert cloud.api.call("DELETE", f"/v2.0/networks/{lost['id']}").status == 204
    assert cloud.api.call("PUT", f"/v2.0/networks/{lab.net['id']}", {"network": {"service_providers": {**MAPPED, "metadata": "virtual-router"}}}).status == 200
    for name, port in mine.items():
        body = {"port": {"metadata": {"hostname": f"{name}.example.org", "user_data": f"#!/bin/sh\n# of {name}\n"}}}
        assert cloud.api.call("PUT", f"/v2.0/ports/{port['id']}", body).status == 200
        lab.exec(name, "ip", "route", "replace", "169.254.169.254", "via", "10.0.0.1")
    wait_until(lambda: "32 169 254 169 254 10 0 0 1" in cloud.lease("g1", "/usr/bin/env"), what="the way by DHCP")
    for name, port in mine.items():
        other = lab.address(mine["g2" if name == "g1" else "g1"])
        flags = [word.format(other) for word in HEADERS]
        data = wait_until(lambda: (found := told(cloud, name, "/openstack/latest/meta_data.json", *flags)) and found["hostname"] == f"{name}.example.org" and found, what=f"{name}'s metadata")
        assert data["uuid"] == (port["device_id"] or port["id"]) and data["project_id"] == port["project_id"]
        network = told(cloud, name, "/openstack/latest/network_data.json")
        assert network["links"][0]["ethernet_mac_address"] == port["mac_address"] and network["networks"][0]["ip_address"] == lab.address(port)
        assert f"# of {name}" in lab.exec(name, "curl", "-s", "-m", "5", META + "/latest/user-data").stdout
    many = [cloud.api.make("port", network_id=lab.net["id"], device_owner="compute:nova", metadata={"user_data": f"{number} " + "x" * 65000}) for number in range(20)]
    cloud.has_status(lab.net)
    body = {"port": {"metadata": {"hostname": "renamed"}}}
    assert cloud.api.call("PUT", f"/v2.0/ports/{lab.g2['id']}", body).status == 200
    wait_until(lambda: (told(cloud, "g2") or {}).get("hostname") == "renamed", what="a change of a document of more than a MiB")
    for port in many:
        assert cloud.api.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    appliance = cloud.appliance(lab.net)
    pid = int(run("pgrep", "-f", "--ns", run("pgrep", "-P", run("pgrep", "-P", str(cloud.process(appliance))).stdout.strip()).stdout.strip(), "--nslist", "pid", "--", "--metadata").stdout)
    assert re.search(r"CapEff:\s*0+\n", pathlib.Path(f"/proc/{pid}/status").read_text()), "it has none of root's powers"
    os.kill(pid, signal.SIGSTOP)
    assert told(cloud, "g1") is None, "by the appliance, and nobody else"
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: told(cloud, "g1"), what="it goes on")
    body = {"port": {"port_security_enabled": False, "security_groups": []}}
    assert cloud.api.call("PUT", f"/v2.0/ports/{lab.g2['id']}", body).status == 200
    lab.exec("g2", "ip", "address", "add", lab.address(lab.g1) + "/32", "dev", "eth0")
    assert wait_until(lambda: told(cloud, "g2"), what="its own")["hostname"] == "renamed"
    words = [lab.g2["mac_address"], lab.address(lab.g1), cloud.ports(appliance)["guest0"]["mac_address"], "10.0.0.1"]
    liar = lab.popen("g2", sys.executable, "-c", LIE, *(ipaddress.ip_address(word).packed.hex() if "." in word else word.replace(":", "") for word in words))
    inside = ["nsenter", f"--net={cloud.inside(appliance).parent}/ns/net", "ip", "neigh", "show", lab.address(lab.g1)]
    wait_until(lambda: lab.g2["mac_address"] in run(*inside).stdout, what="the router is lied to")
    for _ in range(3):
        assert told(cloud, "g2", "/openstack/latest/meta_data.json", "--interface", lab.address(lab.g1)) is None, "another port's address, and not its MAC address"
    liar.terminate()
    lab.exec("g2", "ip", "address", "delete", lab.address(lab.g1) + "/32", "dev", "eth0")
    for guest in mine:
        assert lab.exec(guest, "curl", "-sS", "-f", "-m", "2", "http://10.0.0.1/", check=False).returncode, "it is there at its own address alone"
    body = {"port": {"port_security_enabled": True, "security_groups": lab.g2["security_groups"]}}
    assert cloud.api.call("PUT", f"/v2.0/ports/{lab.g2['id']}", body).status == 200


def as_it_was(cloud, digest, pid=None):
    """The appliance is ACTIVE, of the same digest, in another process than pid."""
    appliance = cloud.appliance(cloud.lab.net)
    new = cloud.process(appliance)
    return appliance["status"] == "ACTIVE" and appliance["digest"] == digest and new not in (None, pid) and new


def test_stateless(cloud):
    """Z13, Z14: stopped, destroyed, reconnected, edited by hand: each time the same bytes, and guests are served."""
    lab = cloud.lab
    appliance = cloud.appliance(lab.net)
    digest, pid = appliance["digest"], cloud.process(appliance)
    assert digest and appliance["applied_revision"] == appliance["revision"]
    os.kill(pid, signal.SIGTERM)
    pid = wait_until(lambda: as_it_was(cloud, digest, pid), what="the stopped one is started again")
    os.kill(pid, signal.SIGKILL)
    pid = wait_until(lambda: as_it_was(cloud, digest, pid), what="the killed one is made again")
    again = cloud.api.call("PUT", f"/v2.0/appliances/{appliance['id']}/reconnect")
    assert again.status == 200 and again.json["appliance"]["generation"] == appliance["generation"] + 1
    pid = wait_until(lambda: as_it_was(cloud, digest, pid), what="reconnected")
    leases = cloud.inside(appliance) / "run/weft-appliance/dhcp-hosts"
    wait_until(leases.exists, what="the reconnected one has its files")
    with open(leases, "a") as file:
        file.write("fa:16:3e:00:01:03,10.0.0.66\n")
    wait_until(lambda: "dhcp-hosts" in cloud.attachment(lab.net)["drift"], what="the edited file is reported")
    assert wait_until(lambda: as_it_was(cloud, digest), what="and repaired") == pid
    wait_until(lambda: "10.0.0.66" not in leases.read_text(), what="in the file as well")
    assert wait_until(lambda: cloud.dig("g1", "g2.example.org"), what="a name") == lab.address(lab.g2)
    inside = ["nsenter", f"--net={cloud.inside(appliance).parent / 'ns/net'}"]
    rules = run(*inside, "nft", "-s", "list", "ruleset").stdout
    for command, part in ((("nft", "flush", "ruleset"), "packet filter"), (("sysctl", "net.ipv4.ip_forward=0"), "sysctls")):
        run(*inside, *command)
        wait_until(lambda: f"{part} was changed inside of it; repaired" in cloud.attachment(lab.net)["drift"], what=f"{part}: what is in no file is reported too")
        assert cloud.appliance(lab.net)["drift"] == part
        wait_until(lambda: f'weft_appliance_repairs_total{{appliance="{appliance["id"]}",what="{part}"}} 1\n' in lab.agent(appliance["host"], "metrics")["text"],
                   what="the exporter counts it")
    wait_until(lambda: run(*inside, "sysctl", "-n", "net.ipv4.ip_forward").stdout == "1\n", what="who may write it has repaired it")
    assert run(*inside, "nft", "-s", "list", "ruleset").stdout == rules and as_it_was(cloud, digest) == pid
    wait_until(lambda: f'weft_appliance_drops_total{{appliance="{appliance["id"]}",reason="' in lab.agent(appliance["host"], "metrics")["text"],
               what="what it drops is in the exporter")


def test_the_agent_and_the_controller_may_be_down(cloud):
    """Z11, Z13: with its agent killed and weftd stopped the router goes on; the next agent finds it as it is."""
    lab = cloud.lab
    appliance = cloud.appliance(lab.net)
    host, pid = appliance["host"], cloud.process(appliance)
    lab.stop("weftd")
    lab.stop(host, kill=True)
    assert cloud.process(appliance) == pid and cloud.dig("g1", "g2") == lab.address(lab.g2) and cloud.lease("g1")
    lab.start("weftd")
    lab.start(host)
    cloud.api = lab.api()
    assert wait_until(lambda: as_it_was(cloud, appliance["digest"]), what="found again") == pid
    cloud.has_status(lab.net)


def test_isolated_network_of_another_offering(cloud):
    """Z11, Z26, Z27, Z28, Z29, Z30, Z31, Z41: another network has another router; the tag of its offering says which NICs and which host; without a public network there is no way out."""
    lab = cloud.lab
    missing = cloud.network("lost", "10.8.0.0/24", tags=["guestL3Network::0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001"])
    cloud.has_status(missing, "ERROR", "there is no offering for it")
    inner = cloud.offering(host_tags=["routers"])
    other = cloud.network("other", "10.7.0.0/24", mtu=1300, tags=[f"guestL3Network::{inner['id']}"])
    g3 = cloud.api.make("port", network_id=other["id"], device_owner="compute:nova")
    cloud.has_status(other, "ERROR", 'lack one of its host_tags ["routers"]')
    hosts = {host["name"]: host for host in cloud.api.get("/v2.0/hosts").json["hosts"]}
    assert cloud.api.call("PUT", f"/v2.0/hosts/{hosts['h2']['id']}", {"host": {"tags": ["routers"]}}).status == 200
    cloud.has_status(other)
    appliance = cloud.appliance(other)
    ports = cloud.ports(appliance)
    assert appliance["host"] == "h2" and set(ports) == {"mgmt", "guest0"} and ports["guest0"]["fixed_ips"][0]["ip_address"] != "10.7.0.1"
    assert len(cloud.api.get("/v2.0/appliances").json["appliances"]) == 2
    g4, ctl = lab.guest("g7", 1, "other"), lab.guest("ctl", 2, "m")
    assert cloud.api.call("PUT", f"/v2.0/ports/{ctl['id']}", {"port": {"port_security_enabled": False, "security_groups": []}}).status == 200
    wait_until(lambda: cloud.lease("g7"), what="a lease")
    lab.exec("g7", "ip", "route", "replace", "default", "via", ports["guest0"]["fixed_ips"][0]["ip_address"])
    lab.exec("ctl", "ip", "route", "replace", "10.7.0.0/24", "via", ports["mgmt"]["fixed_ips"][0]["ip_address"])
    assert lab.pings("g7", ports["guest0"]["fixed_ips"][0]["ip_address"]) and not lab.pings("g7", lab.address(ctl)), "a guest reaches the management network"
    for port in (g3, g4):
        assert cloud.api.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    for network in (other, missing):
        assert cloud.api.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204
    wait_until(lambda: not cloud.attachment(other) and not cloud.appliance(other), what="the attachment is gone")
    assert not cloud.ports(appliance)
    wait_until(lambda: not cloud.folder(appliance).exists() and not re.search(appliance["id"][:8], lab.exec("h2", "ip", "link").stdout), what="nothing is left")


def test_management_doubles_as_public(cloud):
    """Z23, Z26, Z29: of an offering that names its network by a tag; without a public network of its own a router's management NIC leads out, with its address and by its gateway; there are two NICs."""
    lab = cloud.lab
    network = cloud.network("flat", "10.6.0.0/24")
    cloud.offering(public_network=cloud.networks["m"]["id"], tags=[f"guestL3Network::{network['id']}"])
    lab.guest("g6", 1, "flat")
    ctl = cloud.api.get("/v2.0/ports", name="ctl").json["ports"][0]
    cloud.has_status(network)
    appliance = cloud.appliance(network)
    ports = cloud.ports(appliance)
    assert set(ports) == {"mgmt", "guest0"} and ports["guest0"]["fixed_ips"][0]["ip_address"] == "10.6.0.1"
    serve(lab, "ctl")
    lab.exec("g6", "ip", "route", "replace", "default", "via", "10.6.0.1")
    seen = wait_until(lambda: curl(lab, "g6", f"http://{lab.address(ctl)}/"), what="a way out")
    assert seen == ports["mgmt"]["fixed_ips"][0]["ip_address"]
    routes = run("nsenter", f"--net={cloud.inside(appliance).parent}/ns/net", "ip", "route", "show", "default").stdout
    assert "via 192.0.2.1 dev mgmt" in routes
    def switch(wanted):
        assert cloud.api.call("PUT", f"/v2.0/subnets/{network['subnet']['id']}", {"subnet": {"enable_dhcp": wanted}}).status == 200
    wait_until(lambda: cloud.lease("g6"), what="a lease")
    switch(False)
    wait_until(lambda: not cloud.lease("g6"), what="no lease where DHCP is switched off")
    assert cloud.has_status(network) and curl(lab, "g6", f"http://{lab.address(ctl)}/") == seen, "it goes on as a router"
    switch(True)
    wait_until(lambda: cloud.lease("g6"), what="a lease again")


def test_mapped_to_somebody_else(cloud):
    """Z42: with its services at the edge again the network has no router, and its guests are served as before."""
    lab = cloud.lab
    appliance = cloud.appliance(lab.net)
    change = {"network": {"service_providers": {name: "edge" for name in (*MAPPED, "metadata")}}}
    assert cloud.api.call("PUT", f"/v2.0/networks/{lab.net['id']}", change).status == 200
    wait_until(lambda: not cloud.attachment(lab.net), what="the attachment is gone")
    wait_until(lambda: not cloud.folder(appliance).exists(), what="the machine is gone")
    assert not cloud.ports(appliance) and not cloud.appliance(lab.net)
    wait_until(lambda: cloud.lease("g1"), what="a lease of the edge")


def curl(lab, guest, url):
    return lab.exec(guest, "curl", "-s", "-m", "3", url, check=False).stdout.strip()


def serve(lab, guest):
    lab.popen(guest, sys.executable, "-c", WHO)
    wait_until(lambda: ":80 " in lab.exec(guest, "ss", "-ltn").stdout, what=f"{guest} serves")


def test_router(cloud):
    """Z3, Z5, Z6, Z7, Z30, Z31, Z36: of a router the appliance has the interfaces, the gateway, floating IPs and port forwardings, and the edge none of it; what it lacks is refused."""
    lab = cloud.lab
    lab.networks = {name: lab.network(name, cidr) for name, cidr in (("web", "10.1.0.0/24"), ("db", "10.2.0.0/24"))}
    for name, cidr, mode in (("web", "fd00:1::/64", "dhcpv6-stateful"), ("db", "fd00:2::/64", "slaac")):
        cloud.subnet6(lab.networks[name], cidr, mode)
    cloud.subnet6(cloud.networks["out"], "fd00:f::/64")
    change = {"network": {"service_providers": MAPPED}}
    assert cloud.api.call("PUT", f"/v2.0/networks/{lab.networks['web']['id']}", change).status == 200
    external = cloud.networks["out"]
    assert cloud.api.call("PUT", f"/v2.0/networks/{external['id']}", {"network": {"router:external": True}}).status == 200
    refused = cloud.api.call("POST", "/v2.0/routers", {"router": {"service_providers": {"load-balancer": "virtual-router"}}})
    assert refused.status == 400 and "it has dhcp, dns, metadata, router, snat, floating-ip, port-forwarding, firewall, vpn, gre" in refused.json["NeutronError"]["message"]
    flavor = cloud.api.make("flavor", service_type="L3_ROUTER_NAT", service_profiles=[cloud.profile["id"]])
    router = cloud.api.make("router", flavor_id=flavor["id"], external_gateway_info={"network_id": external["id"]})
    assert router["service_providers"]["snat"] == router["service_providers"]["router"] == "virtual-router"
    for name in lab.networks:
        for subnet in cloud.api.get("/v2.0/subnets", network_id=lab.networks[name]["id"]).json["subnets"]:
            body = {"subnet_id": subnet["id"]}
            assert cloud.api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", body).status == 200
    cloud.has_status(router)
    assert not cloud.appliance(router)
    lab.g4, lab.g5 = lab.guest("g4", 1, "web"), lab.guest("g5", 2, "db")
    cloud.has_status(router)
    cloud.has_status(lab.networks["web"])
    appliance = cloud.appliance(router)
    assert {nic["name"] for nic in appliance["nics"]} == {"mgmt", "public", "guest0", "guest1", "guest2", "guest3"} and not cloud.appliance(lab.networks["web"])
    assert "from 10.1.0.1" in wait_until(lambda: cloud.lease("g4"), what="a lease") and "from 10.1.0.1" in cloud.lease("g4")
    assert wait_until(lambda: lab.pings("g5", lab.address(lab.g4)), what="one tier reaches the other")
    group = cloud.api.get("/v2.0/ports/" + lab.g4["id"]).json["port"]["security_groups"][0]
    rule = {"security_group_id": group, "direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80}
    assert cloud.api.call("POST", "/v2.0/security-group-rules", {"security_group_rule": rule}).status == 201
    serve(lab, "g4")
    serve(lab, "g5")
    serve(lab, "far")
    far = next(port for port in cloud.api.get("/v2.0/ports", network_id=external["id"]).json["ports"] if port["device_owner"].startswith("compute"))
    gateway = cloud.api.get(f"/v2.0/routers/{router['id']}").json["router"]["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]
    wait_until(lambda: curl(lab, "g5", f"http://{lab.address(far)}/") == gateway, what="the router's address")
    ip = cloud.api.make("floatingip", floating_network_id=external["id"], port_id=lab.g4["id"])
    wait_until(lambda: cloud.api.get(f"/v2.0/floatingips/{ip['id']}").json["floatingip"]["status"] == "ACTIVE", what="the floating IP is ACTIVE")
    wait_until(lambda: curl(lab, "g4", f"http://{lab.address(far)}/") == ip["floating_ip_address"], what="the floating IP outward")
    wait_until(lambda: curl(lab, "far", f"http://{ip['floating_ip_address']}/") == lab.address(far), what="the floating IP inward")
    other = cloud.api.make("floatingip", floating_network_id=external["id"])
    forwarding = {"protocol": "tcp", "external_port": 8080, "internal_port": 80, "internal_port_id": lab.g5["id"], "internal_ip_address": lab.address(lab.g5)}
    made = cloud.api.call("POST", f"/v2.0/floatingips/{other['id']}/port_forwardings", {"port_forwarding": forwarding})
    assert made.status == 201, made.json
    wait_until(lambda: curl(lab, "far", f"http://{other['floating_ip_address']}:8080/") == lab.address(far), what="a forwarded port")
    ports = lambda: {port["device_owner"] + port["status"] + port["status_reason"] for port in cloud.api.get("/v2.0/ports", device_id=router["id"]).json["ports"]}
    wait_until(lambda: not any("DOWN" in port for port in ports()), what=f"all ACTIVE of {ports()}")
    os.kill(cloud.process(appliance), signal.SIGKILL)
    wait_until(lambda: curl(lab, "far", f"http://{other['floating_ip_address']}:8080/") == lab.address(far), what="all of it again")
    wait_until(lambda: cloud.appliance(router)["digest"] and cloud.appliance(router)["status"] == "ACTIVE", what="ACTIVE")
    assert cloud.api.call("DELETE", f"/v2.0/floatingips/{ip['id']}").status == 204
    wait_until(lambda: curl(lab, "g4", f"http://{lab.address(far)}/") == gateway, what="the router's own address again")
    lab.router, lab.gateway = router, gateway


def test_ipv6_of_a_router(cloud):
    """Z3, Z4, Z27: leases by DHCPv6 where the router's provider has the network's DHCP, the edge's advertisements elsewhere, both of the same router; IPv6 is routed, not translated."""
    lab = cloud.lab
    own = {name: lab.address(guest, 6) for name, guest in (("g4", lab.g4), ("g5", lab.g5))}
    for name in own:  # lab guests have their addresses by DHCPv6, and from advertisements
        assert "default via fe80::" in wait_until(lambda: lab.exec(name, "ip", "-6", "route", "show", "default").stdout, what=f"{name}'s router", deadline=30)
    assert wait_until(lambda: lab.pings("g5", own["g4"]), what="one tier reaches the other", deadline=30)
    said = wait_until(lambda: lab.exec("g4", "rdisc6", "-1", "eth0", check=False).stdout.replace(" ", ""), what="an advertisement", deadline=30)
    assert "Statefuladdressconf.:Yes" in said and "Routerlifetime:1800" in said and "RecursiveDNSserver:fd00:1::1" in said, said
    name = wait_until(lambda: lab.exec("g4", "dig", "+short", "+time=2", "+tries=1", "@fd00:1::1", "g4", "AAAA", check=False).stdout.strip(), what="a name", deadline=30)
    assert name == own["g4"]
    lab.exec("far", "ip", "address", "add", "fd00:f::99/64", "dev", "eth0", "nodad")
    outer = cloud.api.get(f"/v2.0/routers/{lab.router['id']}").json["router"]["external_gateway_info"]["external_fixed_ips"]
    via = next(ip["ip_address"] for ip in outer if ":" in ip["ip_address"])
    lab.exec("far", "ip", "route", "add", "fd00::/14", "via", via)
    lab.popen("far", "socat", "TCP6-LISTEN:7006,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR")
    wait_until(lambda: ":7006 " in lab.exec("far", "ss", "-ltn").stdout, what="far serves")
    for name, address in own.items():
        seen = wait_until(lambda: lab.exec(name, "socat", "-T5", "-", "TCP6:[fd00:f::99]:7006,connect-timeout=2", check=False).stdout.strip(" []\n"), what=f"{name}'s way out", deadline=30)
        assert str(ipaddress.ip_address(seen)) == address
        via, mac = re.search(r"(fe80::\S+) dev eth0 lladdr (\S+) router", lab.exec(name, "ip", "-6", "neigh").stdout).groups()
        lab.exec(name, "ip", "neigh", "change", via, "lladdr", mac, "dev", "eth0", "nud", "probe")
        wait_until(lambda: "REACHABLE" in lab.exec(name, "ip", "-6", "neigh", "show", via).stdout, what="the router answers", deadline=30)
        assert via in lab.exec(name, "ip", "-6", "route", "show", "default").stdout, "it says that it is a router"
    assert not lab.pings("far", own["g4"]), "its security group allows nothing of IPv6"
    rule = {"security_group_id": lab.g4["security_groups"][0], "direction": "ingress", "ethertype": "IPv6", "protocol": "ipv6-icmp"}
    assert cloud.api.call("POST", "/v2.0/security-group-rules", {"security_group_rule": rule}).status == 201
    wait_until(lambda: lab.pings("far", own["g4"]), what="a way in", deadline=30)


def test_router_that_does_not_translate(cloud, tmp_path):
    """Z3, Z5: with `enable_snat` false guests leave by IPv4 with their own addresses, which the outside reaches them by; with it again by the router's, and what goes on all the time does so too."""
    lab, own = cloud.lab, cloud.lab.address(cloud.lab.g5)
    far = next(port for port in cloud.api.get("/v2.0/ports", network_id=cloud.networks["out"]["id"]).json["ports"] if port["device_owner"].startswith("compute"))
    lab.exec("far", "ip", "route", "add", "10.2.0.0/24", "via", lab.gateway)
    appliance = cloud.appliance(lab.router)
    def seen():
        return curl(lab, "g5", f"http://{lab.address(far)}/")
    def translate(wanted):
        info = {"network_id": cloud.networks["out"]["id"], "enable_snat": wanted}
        assert cloud.api.call("PUT", f"/v2.0/routers/{lab.router['id']}", {"router": {"external_gateway_info": info}}).status == 200
    wait_until(lambda: seen() == lab.gateway, what="the router's address", deadline=30)
    translate(False)
    wait_until(lambda: seen() == own, what="the guest's own address", deadline=30)
    wait_until(lambda: curl(lab, "far", f"http://{own}/") == lab.address(far), what="a way in", deadline=30)
    pairs = {pair["ip_address"] for pair in cloud.ports(appliance)["public"]["allowed_address_pairs"]}
    assert {"10.1.0.0/24", "10.2.0.0/24"} <= pairs
    with open(tmp_path / "pings", "w") as out:
        pings = lab.popen("g5", "ping", "-i", "0.2", lab.address(far), stdout=out)
    def answered():
        return (tmp_path / "pings").read_text().count("bytes from")
    wait_until(lambda: answered() > 3, what="pings with the guest's own address", deadline=30)
    translate(True)
    wait_until(lambda: seen() == lab.gateway, what="the router's address again", deadline=30)
    before = answered()
    wait_until(lambda: answered() > before + 3, what="the same pings with the router's", deadline=30)
    pings.kill()
    wait_until(lambda: not any(pair["ip_address"].startswith("10.") for pair in cloud.ports(appliance)["public"]["allowed_address_pairs"]), what="nobody else's addresses")
    assert cloud.appliance(lab.router)["id"] == appliance["id"]


def test_gateway_that_moves(cloud):
    """Z3, Z6: an interface goes from one virtual router to another, and back to the one that runs: a guest that pings its address all the time, and would believe for minutes what it has learnt, is told of the new MAC."""
    lab, api = cloud.lab, cloud.api
    subnet = api.get("/v2.0/subnets", network_id=lab.network("moved", "10.4.0.0/24")["id"]).json["subnets"][0]["id"]
    first, second = lab.router, api.make("router", flavor_id=lab.router["flavor_id"])
    process = cloud.process(cloud.appliance(first))
    def interface(router, action):
        assert api.call("PUT", f"/v2.0/routers/{router['id']}/{action}_router_interface", {"subnet_id": subnet}).status == 200
    interface(first, "add")
    lab.guest("g9", 1, "moved")
    lab.exec("g9", "sysctl", "-qw", "net.ipv4.neigh.eth0.base_reachable_time_ms=3600000")
    wait_until(lambda: lab.pings("g9", "10.4.0.1"), what="its gateway", deadline=30)
    lab.popen("g9", "ping", "-q", "-i", "0.2", "10.4.0.1")
    for there, here in ((first, second), (second, first)):
        before = lab.exec("g9", "ip", "neigh", "show", "10.4.0.1").stdout.split()[4]
        interface(there, "remove")
        interface(here, "add")
        wait_until(lambda: lab.pings("g9", "10.4.0.1"), what="its gateway, elsewhere", deadline=30)
        assert lab.exec("g9", "ip", "neigh", "show", "10.4.0.1").stdout.split()[4] != before
    assert cloud.process(cloud.appliance(first)) == process, "it takes NICs while it runs"


def test_plain_underlay(cloud):
    """Z10: what guests, virtual routers and the outside send each other between hosts is UDP between the hosts' addresses, unicast; the underlay sees no guest, and nobody stands before the hosts."""
    lab = cloud.lab
    with Wire(lab.netns("h1"), "uplink0") as uplink:
        for name in ("g4", "g5"):
            assert lab.pings(name, lab.gateway) or wait_until(lambda: lab.pings(name, lab.gateway), what="the router")
        assert wait_until(lambda: lab.pings("g5", lab.address(lab.g4)), what="one tier reaches the other")
        assert wait_until(lambda: cloud.lease("g4"), what="a lease") and lab.exec("g5", "ping", "-b", "-c", "2", "-W", "1", "10.2.0.255", check=False)
        wait_until(lambda: uplink.received() is not None and any(map(tunnelled, uplink.seen)), what="tunnelled frames")
    assert not [frame.hex() for frame in uplink.seen if b"\xfa\x16\x3e" in (frame[:3], frame[6:9])], "a guest's MAC address on the underlay"
    assert not [frame.hex() for frame in uplink.seen if tunnelled(frame) and frame[0] & 1], "multicast of the underlay"
