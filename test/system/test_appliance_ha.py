"""A pair of appliances on two hosts: whose the address is is decided by one, whatever they believe (Z15, Z37; docs/high-availability.md).

    weftd ── [h1] the machine "a" ┐ mgmt on network m, each its own; public on network out, guest0 on network in: one port for both,
          └─ [h2] the machine "b" ┘ with a binding to each host. g on network in, far on network out, both of host 2
"""
import json
import pathlib
import re
import subprocess
import time

import pytest

from appliance_pair import PROGRAM, Connection, Machine, Pings, settled
from conftest import wait_until

DOWNTIME_S = 1.5
SHARED = {"public": ("out", "203.0.113.5"), "guest0": ("in", "10.0.0.1")}


class OnHost(Machine):
    """The NICs that the two share have the same ports, and their MAC addresses."""

    def __init__(self, bed, name, number, priority):
        self.bed, self.lab, self.host = bed, bed.lab, f"h{number}"
        super().__init__(bed, name, number, priority)
        port = self.lab.api().make("port", name=f"{name}-mgmt", network_id=self.lab.networks["m"]["id"], port_security_enabled=False,
                                   fixed_ips=[{"ip_address": f"192.0.2.{4 + number}"}], device_owner="network:appliance", **{"binding:host_id": self.host})
        self.ports = {"mgmt": port, **bed.ports}

    def document(self, revision, **more):
        body = super().document(revision, **more)
        for nic in body["interfaces"]:
            nic["mtu"] = 1400
            if nic["name"] == "mgmt":
                nic["mac_address"] = self.ports["mgmt"]["mac_address"]
            else:
                nic["virtual_mac_address"] = self.ports[nic["name"]]["mac_address"]
                nic["virtual_addresses"] = [f"{SHARED[nic['name']][1]}/24"]
        return {**body, "floating_ips": [], "routes": [], "dhcp": {"subnets": [{"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1"}]}}

    def write(self, revision, **more):
        nics = [{"name": nic, "device": self.device(nic), "port_id": port["id"]} for nic, port in self.ports.items()]
        self.path.write_text(json.dumps({"nics": nics, "config": self.document(revision, **more)}))

    def launch(self, log):
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.lab.netns(self.host)}", PROGRAM, "--folder", self.folder, self.path], stderr=log)

    def connect(self):
        self.await_active()


class Bed:
    guests = {}

    def __init__(self, lab, folder):
        self.lab, self.folder, self.prefix = lab, folder, f"weft-{lab.name}"
        api = lab.api()
        lab.networks = {name: lab.network(name, cidr) for name, cidr in (("m", "192.0.2.0/24"), ("out", "203.0.113.0/24"), ("in", "10.0.0.0/24"))}
        for subnet in api.get("/v2.0/subnets").json["subnets"]:
            assert api.call("PUT", f"/v2.0/subnets/{subnet['id']}", {"subnet": {"enable_dhcp": False}}).status == 200
        self.ports = {}
        for nic, (network, address) in SHARED.items():
            port = api.make("port", name=nic, network_id=lab.networks[network]["id"], port_security_enabled=False, fixed_ips=[{"ip_address": address}],
                            device_owner="network:ha_appliance", **{"binding:host_id": "h1"})
            assert api.call("POST", f"/v2.0/ports/{port['id']}/bindings", {"binding": {"host": "h2"}}).status in (200, 201)
            self.ports[nic] = port
        lab.guests = {name: lab.guest(name, 2, network) for name, network in (("g", "in"), ("far", "out"))}
        body = {"port": {"port_security_enabled": False, "security_groups": []}}
        assert api.call("PUT", f"/v2.0/ports/{lab.guests['far']['id']}", body).status == 200
        lab.exec("g", "ip", "address", "replace", f"{lab.address(lab.guests['g'])}/24", "dev", "eth0")
        lab.exec("far", "ip", "address", "replace", f"{lab.address(lab.guests['far'])}/24", "dev", "eth0")
        lab.exec("g", "ip", "route", "replace", "default", "via", "10.0.0.1")
        self.far = lab.address(lab.guests["far"])
        self.machines = [OnHost(self, "a", 1, 150), OnHost(self, "b", 2, 100)]

    def up(self):
        for machine in self.machines:
            machine.write(1)
            machine.start()
        return self

    def exec(self, *words, **options):
        return self.lab.exec(*words, **options)

    def popen(self, *words, **options):
        return self.lab.popen(*words, **options)

    def active(self):
        """The host that each port of the two is bound to, as the API says; None where they differ."""
        hosts = {self.lab.api().get(f"/v2.0/ports/{port['id']}").json["port"]["binding:host_id"] for port in self.ports.values()}
        return hosts.pop() if len(hosts) == 1 else None

    def down(self):
        for machine in self.machines:
            machine.stop()
            print(machine.log.read_text()[-3000:] if machine.log.exists() else "")


@pytest.fixture(scope="module")
def bed(module_lab, tmp_path_factory):
    one = Bed(module_lab, tmp_path_factory.mktemp("ha"))
    try:
        yield one.up()
    finally:
        one.down()


def test_master_dies(bed):
    """Z15, Z37: the address is where the master is; its machine is killed, TCP connections go on by the other host in less than 1.5 s, and nothing flaps when it is back."""
    master, backup = wait_until(lambda: settled(bed.machines), what="one is master")
    wait_until(lambda: bed.active() == master.host, what="the ports are the master's")
    wait_until(lambda: bed.lab.pings("g", bed.far), what="the way out")
    out = Connection(bed, "g", "far", bed.far, 7001)
    wait_until(lambda: re.search(r"tcp.*ESTABLISHED.*dport=7001 ", backup.heard_of()), what="the backup knows the connection")
    pings = Pings(bed, "g", bed.far)
    started = master.pid
    master.kill()
    wait_until(lambda: backup.state == "MASTER", what="the other one is master")
    out.talk("still there")
    gap = pings.end()
    print(f"takeover across hosts: {gap:.3f} s without an answer")
    assert gap < DOWNTIME_S and bed.active() == backup.host
    wait_until(lambda: master.pid not in (None, started), what="the machine is made again")
    master.connect()
    wait_until(lambda: master.state == "BACKUP", what="it is backup now")
    out.talk("and after that")
    out.end()
    assert backup.state == "MASTER" and bed.active() == backup.host


def vrrp(machines, cut):
    """They hear each other no more, and again: what one sends the other goes to a MAC address that nobody has, as filters and routes would be repaired. The
    master is not to hear the other one become master as well."""
    for machine in sorted(machines, key=lambda machine: machine.state == "MASTER"):
        text = pathlib.Path(f"/proc/{machine.pid}/root/run/weft-appliance/keepalived.conf").read_text()
        device, peer = re.search(r"interface (\S+)", text)[1], re.search(r"unicast_peer \{\s*(\S+)", text)[1]
        if cut:
            machine.inside("ip", "neighbour", "replace", peer, "lladdr", "02:00:00:00:00:66", "nud", "permanent", "dev", device)
        else:
            machine.inside("ip", "neighbour", "delete", peer, "dev", device)


def echoes(bed):
    names, numbers = (line.split() for line in bed.exec("g", "grep", "^Icmp:", "/proc/net/snmp").stdout.splitlines())
    return int(numbers[names.index("InEchos")])


def received(machine):
    return {nic: machine.get("counters")["interfaces"][nic]["rx_packets"] for nic in SHARED}


def test_partition(bed):
    """Z37: two that take themselves for masters, and one that is heard: the other's frames go nowhere, and none come to it; pings are answered all the time."""
    master, backup = wait_until(lambda: settled(bed.machines), what="one is master")
    pings = Pings(bed, "g", bed.far)
    vrrp(bed.machines, True)
    wait_until(lambda: [machine.state for machine in bed.machines] == ["MASTER", "MASTER"], what="both take themselves for masters")
    before, heard = received(backup), echoes(bed)
    assert backup.inside("ping", "-c", "3", "-i", "0.2", "-W", "1", bed.lab.address(bed.lab.guests["g"]), check=False).returncode
    bed.exec("g", "ip", "neighbour", "flush", "dev", "eth0")
    assert bed.lab.pings("g", "10.0.0.1") and bed.lab.pings("g", bed.far)
    assert received(backup) == before and echoes(bed) == heard, "the other one is heard"
    assert bed.active() == master.host
    vrrp(bed.machines, False)
    wait_until(lambda: settled(bed.machines), what="one is master again")
    wait_until(lambda: bed.active() == settled(bed.machines)[0].host, what="the ports are the master's")
    wait_until(lambda: bed.lab.pings("g", bed.far), what="the way out")
    pings.end()


def test_without_controller(bed):
    """Z37: weftd is away and the master's host too: the other hosts find out by BFD whose the address is."""
    master, backup = wait_until(lambda: settled(bed.machines), what="one is master")
    if master.host == "h2":  # where the guests are
        started = master.pid
        master.kill()
        wait_until(lambda: backup.state == "MASTER", what="the other one is master")
        wait_until(lambda: master.pid not in (None, started), what="the machine is made again")
        master.connect()
        master, backup = wait_until(lambda: settled(bed.machines), what="one is master")
    wait_until(lambda: bed.active() == "h1", what="the ports are the master's")
    wait_until(lambda: bed.lab.pings("g", bed.far), what="the way out")
    bed.lab.stop("weftd")
    started = time.monotonic()
    bed.lab.stop("h1")
    master.stop()
    wait_until(lambda: bed.lab.pings("g", bed.far), what="the way out by the other host")
    print(f"without the controller: {time.monotonic() - started:.2f} s until the other host has it")
    bed.lab.start("weftd")
    wait_until(lambda: bed.active() == "h2", what="the controller has learnt it")
    assert bed.lab.pings("g", bed.far)
