"""A weft-appliance by itself, with its three NICs, and what is beyond each of them.

    ctl ─ 192.0.2.1 ──────── mgmt ┐
    out ─ 203.0.113.1 ───── public├─ box (weft-appliance)
    g1, g2 ─ br0 (in lan) ─ guest0┘ 10.0.0.1
"""
import json
import os
import re
import subprocess

from conftest import BUILD, run, wait_until

APPLIANCE = BUILD / "src/appliance/weft-appliance"
CREDENTIAL = "the-credential-of-one-appliance"
ID = "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001"
MACS = {name: f"fa:16:3e:00:00:0{i}" for i, name in enumerate(("mgmt", "public", "guest0"), 1)}
GUESTS = {"g1": ("fa:16:3e:00:01:01", "10.0.0.10"), "g2": ("fa:16:3e:00:01:02", "10.0.0.11"), "g3": ("fa:16:3e:00:01:03", "10.0.0.12")}
URL = "https://192.0.2.5:9797"


def document(revision, guests=("g1", "g2"), **more):
    """What a virtual router of one network is told."""
    return {
        "id": ID, "revision": revision,
        "interfaces": [
            {"name": "mgmt", "role": "management", "mac_address": MACS["mgmt"], "addresses": ["192.0.2.5/24"]},
            {"name": "public", "role": "public", "mac_address": MACS["public"], "addresses": ["203.0.113.5/24", "203.0.113.6/32"]},
            {"name": "guest0", "role": "guest", "mac_address": MACS["guest0"], "addresses": ["10.0.0.1/24"]}],
        "routes": [{"destination": "0.0.0.0/0", "nexthop": "203.0.113.1"}],
        "dhcp": {"lease_s": 3600, "mtu": 1450, "subnets": [{"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1", "dns_nameservers": ["10.0.0.1"]}],
                 "hosts": [{"mac_address": GUESTS[name][0], "ip_address": GUESTS[name][1], "hostname": name} for name in guests]},
        "dns": {"domain": "example.org", "names": [{"name": name, "addresses": [GUESTS[name][1]]} for name in guests]},
        "snat": [{"cidr": "10.0.0.0/24", "address": "203.0.113.5"}],
        "floating_ips": [{"floating_ip_address": "203.0.113.6", "fixed_ip_address": "10.0.0.10"}],
        "port_forwardings": [{"protocol": "tcp", "external_ip_address": "203.0.113.5", "external_port": "8080:8081",
                              "internal_ip_address": "10.0.0.11", "internal_port": "80:81"}],
        "firewall": {"rules": [{"action": "deny", "protocol": "tcp", "destination_port": "25"}, {"action": "allow"}]},
        **more}


class Bed:
    def __init__(self, folder, number):
        self.folder, self.process = folder, None
        self.names = {name: f"appl-{os.getpid()}-{number}-{name}" for name in ("box", "ctl", "out", "lan", *GUESTS)}

    def up(self):
        for namespace in self.names.values():
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        self.veth("mgmt", "nic0", "ctl", "eth0", "192.0.2.1/24")
        self.veth("public", "nic1", "out", "eth0", "203.0.113.1/24")
        self.veth("guest0", "nic2", "lan", "port0")
        self.exec("box", "ip", "address", "add", "192.0.2.5/24", "dev", "nic0")  # a runtime does that
        self.exec("lan", "ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.exec("lan", "ip", "link", "set", "br0", "up")
        self.exec("lan", "ip", "link", "set", "port0", "master", "br0")
        for name, (mac, _) in GUESTS.items():
            self.exec("lan", "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", self.names[name])
            self.exec("lan", "ip", "link", "set", name, "up", "master", "br0")
        self.write()
        self.start()
        return self

    def veth(self, nic, device, namespace, peer, address=None):
        self.exec("box", "ip", "link", "add", device, "address", MACS[nic], "type", "veth", "peer", "name", peer, "netns", self.names[namespace])
        self.exec("box", "ip", "link", "set", device, "up")
        self.exec(namespace, "ip", "link", "set", peer, "up")
        if address:
            self.exec(namespace, "ip", "address", "add", address, "dev", peer)

    def write(self):
        self.certificate("cert.pem", "key.pem", "box")
        self.certificate("client.pem", "client-key.pem", "controller")
        (self.folder / "credential").write_text(CREDENTIAL + "\n")
        (self.folder / "credential").chmod(0o600)
        (self.folder / "appliance.conf").write_text(
            f"[appliance]\nlisten = 192.0.2.5:9797\ncredential-file = {self.folder}/credential\n"
            f"tls-cert = {self.folder}/cert.pem\ntls-key = {self.folder}/key.pem\ntls-client-cert = {self.folder}/client.pem\nfolder = {self.files}\n")

    def certificate(self, name, key, subject):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={subject}",
            "-addext", "subjectAltName=IP:192.0.2.5", "-keyout", self.folder / key, "-out", self.folder / name)

    @property
    def files(self):
        """dnsmasq reads there as a user of its own, who may not enter a folder of pytest's."""
        return f"/run/{self.names['box']}"

    def start(self):
        self.log = open(self.folder / "log", "a+")
        self.process = subprocess.Popen(["ip", "netns", "exec", self.names["box"], APPLIANCE, "--config", self.folder / "appliance.conf"],
                                        stderr=self.log)
        wait_until(lambda: self.call("/v1/status", check=False)[0] == 200, what="weft-appliance listens")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def call(self, path, body=None, credential=CREDENTIAL, check=True, url=URL, client=("client.pem", "client-key.pem")):
        """Status and JSON of one request by curl."""
        shown = ["--cert", self.folder / client[0], "--key", self.folder / client[1]] if client else []
        words = ["curl", "-s", "-m", "20", "--cacert", self.folder / "cert.pem", *shown, "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {credential}"]
        if body is not None:
            words += ["-X", "PUT", "--data-binary", "@-"]
        done = self.exec("ctl", *words, url + path, check=check, input=body if body is None or isinstance(body, str) else json.dumps(body))
        text, _, status = done.stdout.rpartition("\n")
        return int(status or 0), json.loads(text) if text else None

    def put(self, body):
        status, answer = self.call("/v1/config", body)
        assert status == 200, answer
        return answer

    def get(self, path):
        status, answer = self.call(path)
        assert status == 200, answer
        return answer

    def exec(self, namespace, *words, **options):
        return run("ip", "netns", "exec", self.names[namespace], *words, **options)

    def popen(self, namespace, *words, **options):
        return subprocess.Popen(["ip", "netns", "exec", self.names[namespace], *words], **options)

    def lease(self, guest):
        """The lease that dhclient gets, as its script sees it; None without one."""
        script = self.folder / "script"
        script.write_text('#!/bin/sh\ncase $reason in BOUND|REBOOT) env > "$OUT"; ip address replace "$new_ip_address/24" dev eth0;'
                          ' ip route replace default via "$new_routers";; PREINIT) ip link set eth0 up;; esac\n')
        script.chmod(0o755)
        out = self.folder / f"{guest}.lease"
        out.unlink(missing_ok=True)
        self.exec(guest, "dhclient", "-4", "-1", "-sf", script, "-lf", self.folder / f"{guest}.leases", "-pf", self.folder / f"{guest}.pid",
                  "-e", f"OUT={out}", "eth0", check=False)
        return dict(re.findall(r"^new_(\w+)=(.*)$", out.read_text(), re.M)) if out.exists() else None

    def down(self):
        self.process.terminate()
        self.process.wait(10)
        for namespace in self.names.values():  # each lease has left a dhclient, and each server has children
            for pid in run("ip", "netns", "pids", namespace, check=False).stdout.split():
                run("kill", pid, check=False)
            run("ip", "netns", "del", namespace, check=False)
        run("rm", "-rf", self.files)
