"""Networks whose DHCP and DNS are mapped to virtual routers (Z1, Z9, Z13, Z14, Z20–Z23, Z25, Z27, Z28, Z30, Z32, Z42; docs/appliances.md).

    weftd ──signed──► weft-virtual-router on h1 ──► a machine per network: mgmt (network m), public (network out), guest0
    [h2] g1, g2 on network in; g3 on network other; far on network out
"""
import hashlib
import hmac
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.parse

import pytest

from conftest import BUILD, run, wait_until

PROGRAM = BUILD / "src/appliance/weft-virtual-router"
SECRET = "a-secret-of-more-than-16-bytes"
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


class Provider:
    """The daemon on h1, and weftd's knowledge of it."""

    def __init__(self, lab, folder):
        self.lab, self.folder, self.process = lab, folder, None
        controller = urllib.parse.urlsplit(lab.env["WEFT_URL"]).hostname
        self.listen = f"{controller.rpartition('.')[0]}.2:9798"  # h1's management address
        self.url = f"http://{self.listen}/"
        self.runs = pathlib.Path(f"/run/weft-{lab.name}-vr")
        self.api = lab.api()
        (folder / "secret").write_text(SECRET + "\n")
        (folder / "token").write_text(lab.env["WEFT_TOKEN"] + "\n")
        for name in ("secret", "token"):
            (folder / name).chmod(0o600)

    def configure(self, **more):
        settings = {"listen": self.listen, "allow-plain-http": "true", "secret-file": self.folder / "secret", "controller": self.lab.env["WEFT_URL"],
                    "token-file": self.folder / "token", "host": "h1", "state-dir": self.folder / "state", "run-dir": self.runs,
                    "management-network": self.lab.networks["m"]["id"], **more}
        lines = [f"{key} = {value}" for key, value in settings.items()]
        (self.folder / "vr.conf").write_text("\n".join(["[virtual-router]", *lines, ""]))

    def start(self):
        enter = ["nsenter", f"--net=/run/netns/{self.lab.netns('h1')}"]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen([*enter, PROGRAM, "--config", self.folder / "vr.conf"], stderr=log)
        wait_until(lambda: ":9798 " in self.lab.exec("h1", "ss", "-ltn").stdout, what="weft-virtual-router listens")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0

    def attachment(self, network):
        found = self.api.get("/v2.0/service_attachments", object_id=network["id"]).json["service_attachments"]
        return found[0] if found else None

    def is_active(self, network):
        def check():
            found = self.attachment(network)
            return found if found and found["status"] == "ACTIVE" else None
        return wait_until(check, what=f"ACTIVE, not {self.attachment(network)}")

    def own_ports(self, attachment):
        return {port["name"]: port for port in self.api.get("/v2.0/ports", device_id=attachment["id"]).json["ports"]}

    def ask(self, attachment, what):
        """The appliance itself; {} while there is none."""
        folder = self.runs / attachment["id"]
        if not (folder / "credential").exists():
            return {}
        done = run("curl", "-s", "-m", "5", "--unix-socket", folder / "api.sock", "-H", f"Authorization: Bearer {(folder / 'credential').read_text()}",
                   f"http://appliance/v1/{what}", check=False)
        return json.loads(done.stdout or "{}")

    def machines(self):
        """Process ids of weft-appliance-netns for this lab."""
        return [int(pid) for pid in run("pgrep", "-f", f"weft-appliance-netns --folder {self.runs}/", check=False).stdout.split()]

    def post(self, event, body, secret=SECRET):
        """What weftd, or an administrator, sends: by a client on h1."""
        text, stamp = json.dumps(body), str(int(time.time()))
        signature = "sha256=" + hmac.new(secret.encode(), f"{stamp}.{text}".encode(), hashlib.sha256).hexdigest()
        done = self.lab.exec("h1", "curl", "-s", "-m", "20", "-w", "\n%{http_code}", "-H", f"X-Weft-Event: {event}", "-H", f"X-Weft-Timestamp: {stamp}",
                             "-H", f"X-Weft-Signature: {signature}", "--data-binary", text, self.url)
        return int(done.stdout.rpartition("\n")[2]), done.stdout


@pytest.fixture(scope="module")
def provider(module_lab, tmp_path_factory):
    lab = module_lab
    lab.networks = {name: lab.network(name, cidr) for name, cidr in (("m", "192.0.2.0/24"), ("out", "203.0.113.0/24"))}
    one = Provider(lab, tmp_path_factory.mktemp("vr"))
    one.configure(**{"public-network": lab.networks["out"]["id"]})
    conf = lab.folder / "weftd/weftd.conf"
    conf.write_text(conf.read_text() + "[providers]\nreconcile-interval = 2\n[provider virtual-router]\ntype = webhook\n"
                    f"url = {one.url}\nsecret-file = {one.folder}/secret\nservices = dhcp, dns\n")
    try:
        one.start()
        lab.stop("weftd")
        lab.start("weftd")
        wait_until(lambda: lab.weft("status", check=False).returncode == 0, what="weftd is back")
        one.api = lab.api()
        yield one
    finally:
        print((one.folder / "log").read_text()[-8000:])
        if one.process:
            one.process.terminate()
            one.process.wait(10)
        for pid in one.machines():
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not one.machines(), what="no machine is left")
        run("rm", "-rf", one.runs)


def network(provider, name, cidr, **more):
    one = provider.api.make("network", name=name, service_providers=MAPPED, **more)
    one["subnet"] = provider.api.make("subnet", network_id=one["id"], ip_version=4, cidr=cidr)
    return one


def test_made_with_the_first_guest(provider):
    """Z20, Z22, Z23, Z25, Z30, Z32: nothing runs before there is a guest; then there is one router, with three NICs, and the guest has its address, names and way out."""
    lab = provider.lab
    lab.net = network(provider, "in", "10.0.0.0/24", dns_domain="example.org.")
    attachment = provider.is_active(lab.net)
    assert sorted(attachment["services"]) == ["dhcp", "dns"]
    assert not provider.machines() and not provider.own_ports(attachment)
    lab.g1 = lab.guest("g1", 2, "in")
    ports = provider.own_ports(attachment)
    assert set(ports) == {"mgmt", "public", "guest0"} and {port["binding:host_id"] for port in ports.values()} == {"h1"}
    assert ports["guest0"]["fixed_ips"][0]["ip_address"] == "10.0.0.1"
    assert "example.org" in pathlib.Path(f"/etc/netns/{lab.netns('g1')}/resolv.conf").read_text()
    lab.g2 = lab.guest("g2", 2, "in")
    assert len(provider.machines()) == 1
    for name in ("g2", "g2.example.org"):
        answer = lab.exec("g1", "dig", "+short", "+search", "+time=2", "@10.0.0.1", name).stdout
        assert answer.strip() == lab.address(lab.g2), name
    far = lab.guest("far", 2, "out")
    assert provider.api.call("PUT", f"/v2.0/ports/{far['id']}", {"port": {"port_security_enabled": False, "security_groups": []}}).status == 200
    server = lab.popen("far", sys.executable, "-c", WHO)
    wait_until(lambda: ":80 " in lab.exec("far", "ss", "-ltn").stdout, what="far serves")
    answer = lab.exec("g1", "curl", "-s", "-m", "5", f"http://{lab.address(far)}/").stdout
    assert answer.strip() == ports["public"]["fixed_ips"][0]["ip_address"]
    server.terminate()
    assert provider.is_active(lab.net)["id"] == attachment["id"]


def test_who_may_ask(provider):
    """Z21: what is not signed with the secret is refused; a router's services are no business of it."""
    status, text = provider.post("remove", {"attachment": provider.attachment(provider.lab.net)["id"]}, secret="not-the-secret-of-this-one")
    assert status == 401 and "signature" in text and len(provider.machines()) == 1
    status, text = provider.post("apply", {"attachment": "../../etc/passwd"})
    assert status == 400
    status, text = provider.post("reconnect", {"attachment": "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001"})
    assert status == 404


def test_stateless(provider):
    """Z13, Z14: killed, reconnected, edited by hand, or with the daemon started again: each time the same bytes, and guests are served."""
    lab = provider.lab
    attachment = provider.is_active(lab.net)
    digest = provider.ask(attachment, "digest")["digest"]

    def is_as_it_was(but):
        return provider.machines() not in ([], but) and provider.ask(attachment, "digest").get("digest") == digest
    before = provider.machines()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: is_as_it_was(before), what="the killed one is made again by the reconciliation", deadline=20)
    before = provider.machines()
    status, text = provider.post("reconnect", {"attachment": attachment["id"]})
    assert status == 200, text
    assert is_as_it_was(before)
    provider.stop()
    provider.start()
    inner = run("pgrep", "-P", str(provider.machines()[0])).stdout.split()[0]
    inner = run("pgrep", "-P", inner).stdout.split()[0]
    with open(f"/proc/{inner}/root/run/weft-appliance/dhcp-hosts", "a") as file:
        file.write("fa:16:3e:00:01:03,10.0.0.66\n")
    wait_until(lambda: provider.ask(attachment, "digest").get("digest") == digest, what="the edited file is repaired", deadline=20)
    assert lab.exec("g1", "dig", "+short", "+time=2", "@10.0.0.1", "g2.example.org").stdout.strip() == lab.address(lab.g2)


def test_isolated_network(provider):
    """Z11, Z27, Z28, Z30: without a public network guests have leases and no way out; another network has another router."""
    lab = provider.lab
    provider.stop()
    provider.configure()
    provider.start()
    other = network(provider, "other", "10.7.0.0/24", mtu=1300)
    attachment = provider.is_active(other)
    g3 = lab.guest("g3", 2, "other")
    ports = provider.own_ports(attachment)
    assert set(ports) == {"mgmt", "guest0"} and ports["guest0"]["fixed_ips"][0]["ip_address"] != "10.7.0.1"
    assert lab.address(g3) in lab.exec("g3", "ip", "-br", "address").stdout
    assert not lab.pings("g3", "203.0.113.2") and not lab.pings("g3", lab.address(lab.g1))
    assert provider.api.call("DELETE", f"/v2.0/ports/{g3['id']}").status == 204
    lab.weft("lab", "remove", "g3", check=False)
    assert provider.api.call("DELETE", f"/v2.0/networks/{other['id']}").status == 204
    wait_until(lambda: not provider.attachment(other), what="the attachment is gone")
    assert not provider.own_ports(attachment) and not (provider.runs / attachment["id"]).exists()
    assert not re.search(attachment["id"][:8], lab.exec("h1", "ip", "link").stdout)


def test_mapped_to_somebody_else(provider):
    """Z42: with its services at the edge again the network has no router, and its guests are served as before."""
    lab = provider.lab
    attachment = provider.attachment(lab.net)
    change = {"network": {"service_providers": {"dhcp": "edge", "dns": "edge"}}}
    assert provider.api.call("PUT", f"/v2.0/networks/{lab.net['id']}", change).status == 200
    wait_until(lambda: not provider.attachment(lab.net), what="the attachment is gone")
    assert not provider.machines() and not provider.own_ports(attachment) and not list((provider.folder / "state").iterdir())
    wait_until(lambda: "DHCPACK" in lab.exec("g1", "timeout", "3", "dhclient", "-4", "-1", "-d", "-lf", "/dev/null", "-pf", "/dev/null", "-sf", "/bin/true", "eth0",
                                     check=False).stderr, what="a lease of the edge")
