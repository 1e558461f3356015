"""Two appliances that are one router, on bridges of a namespace that stands for two hypervisors and their switch.

    hv ─┬─ br-m ── 192.0.2.5 a, 192.0.2.6 b                       they talk to each other here
        ├─ br-out ─ 203.0.113.1 far, (203.0.113.5, .6) the master
        └─ br-in ── 10.0.0.10 g1, 10.0.0.11 g2, (10.0.0.1) the master
"""
import json
import os
import pathlib
import re
import select
import signal
import subprocess

import stalls
from conftest import BUILD, run, wait_until

PROGRAM = BUILD / "src/appliance/weft-appliance-netns"
MACS = {"public": "00:00:5e:00:01:33", "guest0": "00:00:5e:00:01:34"}
BRIDGES = {"mgmt": "br-m", "public": "br-out", "guest0": "br-in"}
VRID = 51


class Machine:
    """One weft-appliance-netns."""

    def __init__(self, pair, name, number, priority):
        self.pair, self.name, self.number, self.priority = pair, name, number, priority
        self.folder = pathlib.Path(f"/run/{pair.prefix}-{name}")
        self.path, self.log = pair.folder / f"{name}.json", pair.folder / f"{name}.log"
        self.process = None

    def document(self, revision, **more):
        mac = f"fa:16:3e:00:0{self.number}"
        own, peer = ("192.0.2.5", "192.0.2.6") if self.number == 1 else ("192.0.2.6", "192.0.2.5")
        guests = self.pair.guests
        return {
            "id": f"0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a000{self.number}", "revision": revision,
            "interfaces": [
                {"name": "mgmt", "role": "management", "mac_address": f"{mac}:01", "addresses": [f"{own}/24"]},
                {"name": "public", "role": "public", "mac_address": f"{mac}:02", "virtual_mac_address": MACS["public"],
                 "virtual_addresses": ["203.0.113.5/24", "203.0.113.6/32"]},
                {"name": "guest0", "role": "guest", "mac_address": f"{mac}:03", "virtual_mac_address": MACS["guest0"],
                 "virtual_addresses": ["10.0.0.1/24"]}],
            "routes": [{"destination": "198.51.100.0/24", "nexthop": "203.0.113.1"}],
            "dhcp": {"subnets": [{"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1", "dns_nameservers": ["10.0.0.1"]}],
                     "hosts": [{"mac_address": mac, "ip_address": address, "hostname": name} for name, (mac, address) in guests.items()]},
            "dns": {"domain": "example.org", "names": [{"name": name, "addresses": [address]} for name, (_, address) in guests.items()]},
            "snat": [{"cidr": "10.0.0.0/24", "address": "203.0.113.5"}],
            "floating_ips": [{"floating_ip_address": "203.0.113.6", "fixed_ip_address": "10.0.0.10"}],
            "redundancy": {"vrid": VRID, "priority": self.priority, "interface": "mgmt", "peer_address": peer}, **more}

    def device(self, nic):
        return f"{self.name}-{nic}"

    def write(self, revision, **more):
        nics = [{"name": nic, "device": self.device(nic)} for nic in BRIDGES]
        self.path.write_text(json.dumps({"nics": nics, "config": self.document(revision, **more)}))

    def launch(self, log):
        return self.pair.popen("hv", PROGRAM, "--folder", self.folder, self.path, stderr=log)

    def start(self):
        with open(self.log, "a") as log:
            self.process = self.launch(log)
        self.connect()

    def tell(self, revision, **more):
        self.write(revision, **more)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.status().get("revision") == revision, what=f"revision {revision} of {self.name}")

    def connect(self):
        """Its NICs, which are new with each machine, to the bridges."""
        def connected():
            links = {link["ifname"]: link for link in json.loads(self.pair.exec("hv", "ip", "-j", "link").stdout)}
            mine = {nic: links.get(self.device(nic)) for nic in BRIDGES}
            for nic, link in mine.items():
                if link and not link.get("master"):
                    self.pair.exec("hv", "ip", "link", "set", self.device(nic), "master", BRIDGES[nic], check=False)
            return all(link and link.get("master") for link in mine.values())
        wait_until(connected, what=f"the NICs of {self.name}")
        self.await_active()

    def await_active(self):
        wait_until(lambda: self.status().get("status") == "ACTIVE", what=f"{self.name} is ACTIVE")

    def get(self, what):
        try:
            credential = (self.folder / "credential").read_text()
        except FileNotFoundError:
            return {}
        done = run("curl", "-s", "-m", "20", "--unix-socket", self.folder / "api.sock", "-H", f"Authorization: Bearer {credential}",
                   f"http://appliance/v1/{what}", check=False)
        return json.loads(done.stdout or "{}")

    def status(self):
        return self.get("status")

    @property
    def state(self):
        return self.status().get("redundancy", {}).get("state")

    @property
    def pid(self):
        """Of weft-appliance, as it is seen here: the grandchild of what was started."""
        words = run("pgrep", "-P", str(self.process.pid), check=False).stdout.split()
        words = run("pgrep", "-P", words[0], check=False).stdout.split() if words else []
        return int(words[0]) if words else None

    def inside(self, *words, **options):
        """Runs a program in its network."""
        return run("nsenter", f"--net=/proc/{self.pid}/ns/net", *words, **options)

    def heard_of(self):
        """What the other one has told it of connections."""
        return run("nsenter", "-t", self.pid, "-n", "-m", "conntrackd", "-C", "/run/weft-appliance/conntrackd.conf", "-e", check=False).stdout

    def kill(self):
        """The whole machine, at once."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)


def settled(machines):
    """The master, and who is not; None while that is not so."""
    states = {machine: machine.state for machine in machines}
    if sorted(map(str, states.values())) != ["BACKUP", "MASTER"]:
        return None
    return sorted(machines, key=lambda machine: states[machine], reverse=True)


class Pair:
    guests = {"g1": ("fa:16:3e:00:01:01", "10.0.0.10"), "g2": ("fa:16:3e:00:01:02", "10.0.0.11")}

    def __init__(self, folder, prefix="pair"):
        self.folder, self.prefix, self.processes = folder, f"{prefix}-{os.getpid()}", []
        self.names = {name: f"{self.prefix}-{name}" for name in ("hv", "far", *self.guests)}
        self.machines = [Machine(self, "a", 1, 150), Machine(self, "b", 2, 100)]

    def up(self):
        for namespace in self.names.values():
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        for bridge in BRIDGES.values():
            self.exec("hv", "ip", "link", "add", bridge, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
            self.exec("hv", "ip", "link", "set", bridge, "up")
        self.plug("far", "br-out", "203.0.113.1/24")
        self.exec("far", "ip", "address", "add", "198.51.100.1/32", "dev", "lo")
        for name, (mac, address) in self.guests.items():
            self.plug(name, "br-in", f"{address}/24", mac)
            self.exec(name, "ip", "route", "add", "default", "via", "10.0.0.1")
        for machine in self.machines:
            machine.write(1)
            machine.start()
        return self

    def plug(self, namespace, bridge, address, mac=None):
        self.exec("hv", "ip", "link", "add", namespace, "type", "veth", "peer", "name", "eth0", *(("address", mac) if mac else ()),
                  "netns", self.names[namespace])
        self.exec("hv", "ip", "link", "set", namespace, "up", "master", bridge)
        self.exec(namespace, "ip", "address", "add", address, "dev", "eth0")
        self.exec(namespace, "ip", "link", "set", "eth0", "up")

    def master(self):
        return settled(self.machines)

    def exec(self, namespace, *words, **options):
        return run("ip", "netns", "exec", self.names[namespace], *words, **options)

    def popen(self, namespace, *words, **options):
        self.processes.append(subprocess.Popen([str(word) for word in ("ip", "netns", "exec", self.names[namespace], *words)], **options))
        return self.processes[-1]

    def down(self):
        for machine in self.machines:
            machine.stop()
            print(machine.log.read_text()[-4000:] if machine.log.exists() else "")
        for process in self.processes:
            process.kill()
            process.wait()
        for namespace in self.names.values():
            run("ip", "netns", "del", namespace, check=False)


class Connection:
    """An established TCP connection; `bed` has exec() and popen()."""

    def __init__(self, bed, client, server, address, port):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.server = bed.popen(server, "socat", "-", f"TCP4-LISTEN:{port},reuseaddr", **pipes)
        wait_until(lambda: f":{port} " in bed.exec(server, "ss", "-ltn").stdout, what=f"{server} serves port {port}")
        self.client = bed.popen(client, "socat", "-", f"TCP4:{address}:{port},connect-timeout=5", **pipes)
        self.talk("hello")

    def talk(self, text):
        """The server first: what it sends needs the state of the connection, what the client sends could make a new one."""
        for sender, receiver in ((self.server, self.client), (self.client, self.server)):
            sender.stdin.write(f"{text}\n")
            sender.stdin.flush()
            assert select.select([receiver.stdout], [], [], 10)[0], f"\"{text}\" does not arrive"
            assert receiver.stdout.readline() == f"{text}\n"

    def end(self):
        for process in (self.client, self.server):
            process.kill()
            process.wait()


class Pings:
    """Fifty a second, for as long as it is in use; afterwards the longest time without an answer, less what of it the machine stood still."""

    def __init__(self, bed, namespace, address):
        stalls.now()
        self.path = bed.folder / f"pings-{namespace}-{address}"
        with open(self.path, "w") as out:
            self.process = bed.popen(namespace, "ping", "-D", "-i", "0.02", address, stdout=out)
        self.await_more()

    def answers(self):
        return [float(time) for time in re.findall(r"^\[([\d.]+)\] \d+ bytes from", self.path.read_text(), re.M)]

    def await_more(self):
        before = len(self.answers())
        wait_until(lambda: len(self.answers()) > before + 10, what="pings are answered")

    def end(self):
        self.await_more()
        self.process.kill()
        self.process.wait()
        return stalls.longest_gap(self.answers())
