"""The table of virtual routers: guests of a network reach the outside through an appliance, beside a plain Linux router namespace.

    client 10.0.0.11 ── network `in` ── router 10.0.0.1 · 203.0.113.10 ── network `out` ── world 203.0.113.1
Plain: bridges, and a namespace that forwards and translates by nftables. weft: the edge switch, and a `virtual-router` with the
runtime netns or qemu, whose document is the controller's. What the runtime costs is what its share of plain says (Z18, Z43). Then
times, with guests that ask all the time: from the request for a network's first guest until the router serves, and of a reconnect; and
the memory of one more router. At last the offering is changed, and each time what its router carries is measured (Z40).
"""
import json
import os
import pathlib
import statistics
import sys
import time

import capacity
import measure
from datapath import idle
from shell import folder, namespace, remove_all, sh, spawn, stop, wait_until
from variants import QUEUES, Guests
from weft import Weft as WeftCloud

OVERHEAD = 78  # what weftd leaves to its tunnels, for both alike
GUESTS = {"client": ("in", "02:00:00:00:00:11", "10.0.0.11"), "world": ("out", "02:00:00:00:ee:01", "203.0.113.1")}
INSIDE, OUTSIDE = "10.0.0.1", "203.0.113.10"
TESTS = ["tcp1cpu", "tcp4", "rr", "crr"]
BOOT_S = 180  # in which an emulated machine must have started
READY_MS = 500  # to reach: from the first guest to its services
# Asks the router for a name until it answers; prints when, by the clock that time.monotonic() reads.
ASK = """
import socket, time
question = bytes.fromhex("000101000001000000000000") + b"\\x06client\\0" + bytes.fromhex("00010001")
while True:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.01)
        try:
            asker.connect(("%s", 53))
            asker.send(question)
            if asker.recv(512)[3] & 15 == 0:
                break
        except OSError:
            time.sleep(0.002)
print(time.monotonic(), flush=True)
"""


class Variant:
    def __init__(self, name, mtu):
        self.name, self.mtu = name, mtu - OVERHEAD
        self.host = namespace(f"{name}-h")
        self.guests = {guest: self.guest(guest) for guest in GUESTS}
        sh(f"ip route add default via {INSIDE}", netns=self.guests["client"])
        self.join()
        wait_until(lambda: "1 received" in sh(f"ping -c1 -W1 {self.ends().address}", self.guests["client"], check=False), f"way out of {name}")

    def guest(self, guest):
        _, mac, address = GUESTS[guest]
        netns = namespace(f"{self.name}-{guest[0]}")
        sh(f"ip link add p-{guest} mtu {self.mtu} {QUEUES} type veth peer name eth0 netns {netns} address {mac} mtu {self.mtu} {QUEUES}; "
           f"ip link set p-{guest} up", netns=self.host)
        sh(f"ip addr add {address}/24 dev eth0; ip link set eth0 up", netns=netns)
        return netns

    def ends(self):
        return Guests(self.guests["client"], self.guests["world"], GUESTS["world"][2])


class Plain(Variant):
    def join(self):
        router = namespace(f"{self.name}-r")
        for guest, (network, _, _) in GUESTS.items():
            address = INSIDE if network == "in" else OUTSIDE
            sh(f"""ip link add br-{network} type bridge mcast_snooping 0; ip link set br-{network} up; ip link set p-{guest} master br-{network}
                   ip link add q-{network} mtu {self.mtu} {QUEUES} type veth peer name q-{network} netns {router} mtu {self.mtu} {QUEUES}
                   ip link set q-{network} up master br-{network}""", netns=self.host)
            sh(f"ip addr add {address}/24 dev q-{network}; ip link set q-{network} up", netns=router)
        sh(f"""sysctl -qw net.ipv4.ip_forward=1
               nft 'add table ip nat; add chain ip nat post {{ type nat hook postrouting priority 100; }}
                    add rule ip nat post oifname q-out snat to {OUTSIDE}'""", netns=router)


class Appliance(Variant):
    RUNTIME = "netns"
    offering, settings = {}, ()

    def join(self):
        sh("ip link add u0 type veth peer name nobody; ip addr add 192.0.2.1/24 dev u0; ip link set u0 up; ip link set nobody up", netns=self.host)
        self.cloud = WeftCloud(self.name, [self.host], ["192.0.2.1"], "geneve", self.mtu + OVERHEAD, settings=self.settings)
        for name, cidr in (("mgmt", "198.18.0.0/24"), ("out", "203.0.113.0/24")):
            self.cloud.network(name, cidr)
        self.profile = self.post("service_profile", driver="virtual-router", metainfo=self.metainfo())["id"]
        self.open_to_all()
        self.network("in", INSIDE)
        for guest in ("world", "client"):
            network, mac, address = GUESTS[guest]
            self.first_guest(network, mac, address, f"p-{guest}")
        begin = time.monotonic()
        self.wait_served()
        self.first_s = time.monotonic() - begin

    def metainfo(self, **size):
        return json.dumps({"management_network": self.cloud.ids["mgmt"], "public_network": self.cloud.ids["out"], "default": True, **self.offering, **size})

    def wait_served(self):
        wait_until(lambda: self.appliance("in")["status"] == "ACTIVE", f"router of {self.name}", BOOT_S)
        wait_until(lambda: "1 received" in sh(f"ping -c1 -W1 {self.ends().address}", self.guests["client"], check=False), f"way out of {self.name}", BOOT_S)

    def resize(self, **size):
        """Another offering is another machine; until it serves."""
        if self.metainfo(**size) == self.metainfo():
            return
        old = self.processes(self.appliance("in")["id"])
        self.cloud.api("PUT", f"/v2.0/service_profiles/{self.profile}", {"service_profile": {"metainfo": self.metainfo(**size)}})
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in old), f"end of the former router of {self.name}")
        self.wait_served()

    def appliance(self, name):
        found = self.cloud.api("GET", f"/v2.0/appliances?object_id={self.cloud.ids[name]}")["appliances"]
        return found[0] if found else {"status": None}

    def host_object(self):
        return self.cloud.api("GET", "/v2.0/hosts?name=h0")["hosts"][0]

    def post(self, kind, **body):
        return self.cloud.api("POST", f"/v2.0/{kind}s", {kind: body})[kind]

    def open_to_all(self):
        group = self.cloud.api("GET", "/v2.0/security-groups?name=default")["security_groups"][0]["id"]
        self.cloud.api("POST", "/v2.0/security-group-rules", {"security_group_rule": {"security_group_id": group, "direction": "ingress"}})

    def network(self, name, gateway):
        """One whose services are a virtual router's."""
        services = {"dhcp": "virtual-router", "dns": "virtual-router"}
        self.cloud.ids[name] = self.post("network", name=name, service_providers=services)["id"]
        self.post("subnet", network_id=self.cloud.ids[name], cidr=gateway.rsplit(".", 1)[0] + ".0/24", ip_version=4)

    def first_guest(self, network, mac, address, device):
        port = self.post("port", network_id=self.cloud.ids[network], mac_address=mac, fixed_ips=[{"ip_address": address}], device_owner="compute:nova",
                         dns_name="client", **{"binding:host_id": "h0"})["id"]
        self.cloud.plug(port, 0, device)

    def answers_at(self, gateway, netns, change):
        """Seconds from a change until the router answers a guest."""
        asker = spawn([sys.executable, "-c", ASK % gateway], netns)
        try:
            begin = time.monotonic()
            change()
            return float(asker.communicate(timeout=60)[0]) - begin
        finally:
            stop(asker)

    def one_more(self, number):
        """A network with its first guest; (its name, address of its router, namespace of the guest, seconds until it is served)."""
        name, net = f"n{number}", f"10.{number}.0"
        self.network(name, f"{net}.1")
        netns = namespace(f"{self.name}-n{number}")
        mac = f"02:00:00:00:01:{number:02x}"
        sh(f"ip link add p-{name} mtu {self.mtu} type veth peer name eth0 netns {netns} address {mac} mtu {self.mtu}; ip link set p-{name} up", netns=self.host)
        # a guest that asked for its router's MAC too early would ask again after a second
        sh(f"ip addr add {net}.11/24 dev eth0; ip link set eth0 up; sysctl -qw net.ipv4.neigh.eth0.retrans_time_ms=5", netns=netns)
        took = self.answers_at(f"{net}.1", netns, lambda: self.first_guest(name, mac, f"{net}.11", f"p-{name}"))
        return name, f"{net}.1", netns, took

    def reconnect(self, name, gateway, netns):
        """Seconds from the call until the new one answers; what the old one answers before it has gone does not count."""
        found = self.appliance(name)
        old = self.processes(found["id"])
        begin = time.monotonic()
        self.cloud.api("PUT", f"/v2.0/appliances/{found['id']}/reconnect")
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in old[1:]), "end of the old router")
        return time.monotonic() - begin + self.answers_at(gateway, netns, lambda: None)

    def processes(self, appliance):
        """Of the appliance, what watches over it first."""
        pids = [int(line.split()[0]) for line in sh("ps -eo pid,args").splitlines()[1:]
                if line.split()[1].endswith(f"weft-appliance-{self.RUNTIME}") and appliance in line]
        for pid in pids:
            pids += [int(child) for child in sh(f"pgrep -P {pid}", check=False).split() if int(child) not in pids]
        return pids

    def memory(self, name):
        """MiB that are one router's: proportional set size of its processes."""
        sizes = [sh(f"grep ^Pss: /proc/{pid}/smaps_rollup").split()[1] for pid in self.processes(self.appliance(name)["id"])]
        return sum(map(int, sizes)) / 1024


class Virtual(Appliance):
    RUNTIME = "qemu"
    offering = {"runtime": "qemu", "memory_mib": 256, "vcpus": 1}

    def join(self):
        images = folder("images")
        os.chmod(images, 0o755)  # QEMU is nobody
        tool = measure.BUILD / "src/appliance"
        sh(f"{pathlib.Path(__file__).resolve().parents[2]}/tools/build-appliance --programs {tool} --small --services none -o {images}/weft-appliance kernel")
        self.settings = (f"appliance-images = {images}",)
        super().join()
        self.accelerator = self.host_object()["agent"]["virtual_machines"]["accelerator"]


VARIANTS = {"plain": ("Linux router namespace", Plain), "netns": ("virtual router, netns", Appliance), "qemu": ("virtual router, qemu", Virtual)}


def run(options):
    """Returns {"rates": {variant: {test: [samples]}}, "ready_s": […], "reconnect_s": […], "memory_mib": […], "capacity": as capacity.py has it,
    "qemu": {"accelerator", "ready_s", "memory_mib"}}; the last one without that variant None."""
    try:
        standing = {name: VARIANTS[name][1](f"vr{name[0]}", options.mtu[0]) for name in options.routers}
        rates = {name: {test: [] for test in TESTS} for name in standing}
        for _ in range(options.reps):
            for test in TESTS:
                for name, variant in standing.items():
                    idle(options.wait)
                    rates[name][test].append(measure.sample(test, variant.ends(), options.seconds))
        results = {"rates": rates, "ready_s": [], "reconnect_s": [], "memory_mib": [], "qemu": None}
        if "qemu" in standing:
            one = standing["qemu"]
            results["qemu"] = {"accelerator": one.accelerator, "ready_s": one.first_s, "memory_mib": one.memory("in")}
        for number in range(1, options.reps + 1):
            idle(options.wait)
            name, gateway, netns, took = standing["netns"].one_more(number)
            results["ready_s"].append(took)
            idle(options.wait)
            results["reconnect_s"].append(standing["netns"].reconnect(name, gateway, netns))
            results["memory_mib"].append(standing["netns"].memory(name))
        results["capacity"] = capacity.run(standing, options)
    finally:
        remove_all()
    print_table(results, options)
    return results


def print_table(results, options):
    rates = results["rates"]
    print(f"\nVirtual routers, SNAT to the outside, MTU {options.mtu[0]}: median of {options.reps}, in brackets the ratio to plain of the same repetition")
    width = max(len(title) for title, _ in VARIANTS.values())
    print(f"{'':{width}s}" + "".join(f"{measure.TESTS[test][0]:>24s}" for test in TESTS))
    for name, of in rates.items():
        cells = []
        for test in TESTS:
            share = statistics.median(a / b for a, b in zip(of[test], rates["plain"][test]))
            cells.append(f"{statistics.median(of[test]):.3g} ({share:.2f})")
        print(f"{VARIANTS[name][0]:{width}s}" + "".join(f"{cell:>24s}" for cell in cells))
    ready = statistics.median(results["ready_s"]) * 1000
    print(f"first guest to its services: {ready:.0f} ms ({'ok' if ready < READY_MS else 'above'} {READY_MS}); "
          f"reconnect: {statistics.median(results['reconnect_s']) * 1000:.0f} ms; "
          f"memory of a router: {statistics.median(results['memory_mib']):.1f} MiB", flush=True)
    if results["qemu"]:
        print_virtual(results["qemu"])
    capacity.print_table(results["capacity"])


def print_virtual(qemu):
    if qemu["accelerator"] == "tcg":
        print("qemu: there is no KVM here, so each instruction of the machine is emulated in software (TCG): its loss is the emulation's, not a virtual machine's")
    print(f"qemu, by {qemu['accelerator']}: first guest to its services {qemu['ready_s']:.1f} s; memory of a router: {qemu['memory_mib']:.0f} MiB", flush=True)
