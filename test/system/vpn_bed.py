"""Two weft-appliances, each the router of a site, and the network between them.

    guest_a 10.0.0.10 ─ 10.0.0.1 box_a 203.0.113.5 ─┐
                                                    ├─ br0 (in wan, where tcpdump listens)
    guest_b 10.1.0.10 ─ 10.1.0.1 box_b 203.0.113.9 ─┘

By IPv6 it is fd00:a::10 ─ fd00:a::1 box_a fd00:f::5, and fd00:b::10 ─ fd00:b::1 box_b fd00:f::9.
"""
import json
import os
import re
import signal
import subprocess

from conftest import BUILD, run, wait_until

APPLIANCE = BUILD / "src/appliance/weft-appliance"
CREDENTIAL = "the-credential-of-one-site"
ADDRESS = {"a": "203.0.113.5", "b": "203.0.113.9"}
ADDRESS6 = {"a": "fd00:f::5", "b": "fd00:f::9"}
NET = {"a": "10.0", "b": "10.1"}
PEER = {"a": "b", "b": "a"}
PSK = 'a "secret" of # two = sites\\'


class Site:
    """One of the two: its box and its guest."""

    def __init__(self, bed, name, number):
        self.bed, self.name, self.revision, self.process = bed, name, 0, None
        self.box, self.guest = (f"vpn-{os.getpid()}-{number}-{what}_{name}" for what in ("box", "guest"))
        self.folder = bed.folder / name
        self.files = f"/run/{self.box}"
        self.number = 1 if name == "a" else 2

    def up(self):
        self.folder.mkdir()
        for namespace in (self.box, self.guest):
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        mac = f"fa:16:3e:00:0{self.number}:0"
        run("ip", "-n", self.box, "link", "add", "nic0", "address", mac + "1", "type", "veth", "peer", "name", "mgmt_peer", "netns", self.guest)
        run("ip", "-n", self.box, "link", "add", "nic1", "address", mac + "2", "type", "veth", "peer", "name", f"wan_{self.name}", "netns", self.bed.wan)
        run("ip", "-n", self.box, "link", "add", "nic2", "address", mac + "3", "type", "veth", "peer", "name", "eth0", "netns", self.guest)
        run("ip", "-n", self.bed.wan, "link", "set", "dev", f"wan_{self.name}", "up", "master", "br0")
        run("ip", "-n", self.guest, "address", "add", f"{NET[self.name]}.0.10/24", "dev", "eth0")
        run("ip", "-n", self.guest, "link", "set", "eth0", "up")
        run("ip", "-n", self.guest, "route", "add", "default", "via", f"{NET[self.name]}.0.1")
        run("ip", "-n", self.guest, "address", "add", f"fd00:{self.name}::10/64", "dev", "eth0", "nodad")
        run("ip", "-n", self.guest, "route", "add", "default", "via", f"fd00:{self.name}::1")
        (self.folder / "credential").write_text(CREDENTIAL + "\n")
        (self.folder / "credential").chmod(0o600)
        (self.folder / "conf").write_text(f"[appliance]\nlisten = 127.0.0.1:9797\ncredential-file = {self.folder}/credential\nfolder = {self.files}\n")
        self.start()

    def start(self):
        """With a /run/wireguard of its own: its sockets are named by the device alone."""
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.box, "sh", "-c", "mkdir -p /run/wireguard && mount -t tmpfs wg /run/wireguard && exec \"$@\"", "sh",
                 APPLIANCE, "--config", self.folder / "conf"], stderr=log)
        wait_until(lambda: self.call("/v1/status")[0] == 200, what="weft-appliance listens")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def call(self, path, body=None):
        words = ["curl", "-s", "-m", "20", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {CREDENTIAL}"]
        if body is not None:
            words += ["-X", "PUT", "--data-binary", "@-"]
        done = self.exec(*words, f"http://127.0.0.1:9797{path}", check=False, input=body and json.dumps(body))
        text, _, status = done.stdout.rpartition("\n")
        return int(status or 0), json.loads(text) if text else None

    def document(self, **more):
        self.revision += 1
        mac, net, address = f"fa:16:3e:00:0{self.number}:0", NET[self.name], ADDRESS[self.name]
        return {
            "id": f"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a000{self.number}", "revision": self.revision,
            "interfaces": [{"name": "mgmt", "role": "management", "mac_address": mac + "1"},
                           {"name": "public", "role": "public", "mac_address": mac + "2", "addresses": [f"{address}/24", f"{ADDRESS6[self.name]}/64"]},
                           {"name": "guest0", "role": "guest", "mac_address": mac + "3", "addresses": [f"{net}.0.1/24", f"fd00:{self.name}::1/64"]}],
            "routes": [{"destination": "0.0.0.0/0", "nexthop": ADDRESS[PEER[self.name]]}],
            "snat": [{"cidr": f"{net}.0.0/16", "address": address}], **more}

    def put(self, **more):
        status, answer = self.call("/v1/config", self.document(**more))
        assert status == 200, answer
        assert answer["drift"] == []

    def status(self):
        status, answer = self.call("/v1/status")
        assert status == 200
        return answer

    def tunnel(self, kind):
        return self.status()["tunnels"][kind][0]

    def ipsec(self, psk=PSK, **more):
        peer = PEER[self.name]
        return {"name": "to-the-other", "local_address": ADDRESS[self.name], "peer_address": ADDRESS[peer], "psk": psk,
                "local_cidrs": [f"{NET[self.name]}.0.0/24"], "peer_cidrs": [f"{NET[peer]}.0.0/24"], **more}

    def ipsec_of(self, outer, inner):
        """The connection of IPv4 or IPv6 packets (4, 6) by IPv4 or IPv6."""
        peer = PEER[self.name]
        more = {"local_address": ADDRESS6[self.name], "peer_address": ADDRESS6[peer]} if outer == 6 else {}
        if inner == 6:
            more.update(local_cidrs=[f"fd00:{self.name}::/64"], peer_cidrs=[f"fd00:{peer}::/64"])
        return self.ipsec(**more)

    def exec(self, *words, **options):
        return run("ip", "netns", "exec", self.box, *words, **options)

    def inside(self, *words, **options):
        """In the box as weft-appliance sees it, with its own /run/wireguard."""
        return run("nsenter", "-t", str(self.process.pid), "-m", "-n", *words, **options)

    def in_guest(self, *words, **options):
        return run("ip", "netns", "exec", self.guest, *words, **options)

    def ping(self, count=1, version=4):
        """Packets that the other site's guest has answered."""
        peer = PEER[self.name]
        address = f"fd00:{peer}::10" if version == 6 else f"{NET[peer]}.0.10"
        done = self.in_guest("ping", "-c", str(count), "-i", "0.05", "-W", "1", address, check=False)
        found = re.search(r"(\d+) received", done.stdout)
        return int(found[1]) if found else 0

    def down(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
        for namespace in (self.box, self.guest):
            run("ip", "netns", "del", namespace, check=False)
        run("rm", "-rf", self.files)


class Bed:
    def __init__(self, folder, number):
        self.folder = folder
        self.wan = f"vpn-{os.getpid()}-{number}-wan"
        self.sites = {name: Site(self, name, number) for name in "ab"}

    def up(self):
        run("ip", "netns", "add", self.wan)
        run("ip", "-n", self.wan, "link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        run("ip", "-n", self.wan, "link", "set", "br0", "up")
        for site in self.sites.values():
            site.up()
        return self

    def capture(self):
        """tcpdump between the sites, from now on."""
        return Capture(self)

    def down(self):
        for site in self.sites.values():
            site.down()
        run("ip", "netns", "del", self.wan, check=False)


class Capture:
    def __init__(self, bed):
        self.path = bed.folder / "pcap"
        self.path.unlink(missing_ok=True)
        with open(bed.folder / "tcpdump", "w") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", bed.wan, "tcpdump", "-n", "-i", "wan_a", "-U", "--immediate-mode", "-Z", "root", "-w", self.path],
                                            stderr=log)
        wait_until(lambda: "listening" in (bed.folder / "tcpdump").read_text(), what="tcpdump listens")

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(10)

    def count(self, *expression):
        """Packets of an expression, in what was captured."""
        self.end()
        return len(run("tcpdump", "-n", "-r", self.path, *expression).stdout.splitlines())

    def has(self, text):
        self.end()
        return text.encode() in self.path.read_bytes()
