"""A far VTEP on a lab's underlay: another's product, or the test itself with a packet socket.

    weft-LAB-h1 ── br0 (weft-LAB-net) ── u0 [FarVtep.namespace] 192.0.2.200 or fd77::c8

The cable to it carries what a cable between machines does: complete packets, with no work left to the receiver.
"""
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile

from conftest import run, wait_until

numbers = itertools.count()


class FarVtep:
    """A namespace with an address on the underlay, gone with remove(). Subclasses put a switch there."""

    def __init__(self, lab):
        self.lab = lab
        self.v6 = lab.shape.get("underlay") == 6
        self.address, self.local = ("fd77::c8", "fd77::1") if self.v6 else ("192.0.2.200", "192.0.2.1")
        self.namespaces, self.processes, self.folder = [], [], None
        self.namespace = self.add_namespace("far")
        self.ip("link", "add", "u0", "type", "veth", "peer", "name", "far", "netns", lab.netns("net"))
        run("ip", "-n", lab.netns("net"), "link", "set", "far", "master", "br0", "up")
        for namespace, device in ((lab.netns("net"), "far"), (self.namespace, "u0")):
            run("ip", "netns", "exec", namespace, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off")
        self.ip("link", "set", "u0", "up")
        self.add_address("u0")

    def add_address(self, device):
        self.ip("address", "add", *([f"{self.address}/64", "nodad"] if self.v6 else [f"{self.address}/24"]), "dev", device)

    def add_namespace(self, what):
        name = f"interop{os.getpid()}x{next(numbers)}-{what}"
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        return name

    def ip(self, *words, namespace=None):
        return run("ip", "-n", namespace or self.namespace, *words).stdout

    def declare(self, network, encapsulation, mac, address, name="far"):
        """Tells weft of the VTEP and of one machine behind it; the port."""
        self.lab.weft("host", "create", "--name", name, "--tunnel-ip", self.address, "--encapsulation", encapsulation,
                      "--no-managed")
        return self.lab.json("port", "create", f"at-{name}", "--network", network["id"], "--host", name,
                             "--mac-address", mac, "--fixed-ip", f"ip-address={address}")

    def remove(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(10)
        for name in self.namespaces:
            run("ip", "netns", "delete", name, check=False)
        if self.folder:
            shutil.rmtree(self.folder)


class KernelVxlan(FarVtep):
    """Linux's own vxlan device; the machine behind it is its namespace."""

    def serve(self, vni, encapsulation, mac, address, mtu):
        assert encapsulation == "vxlan"
        # Outer checksums are optional over IPv4; over IPv6 a receiver must be told that none is fine (RFC 7348 allows it).
        options = ["udp6zerocsumtx", "udp6zerocsumrx"] if self.v6 else []
        self.ip("link", "add", "vx0", "address", mac, "mtu", mtu, "type", "vxlan", "id", vni, "local", self.address,
                "remote", self.local, "dstport", 4789, *options)
        self.ip("address", "add", f"{address}/24", "dev", "vx0")
        self.ip("link", "set", "vx0", "up")
        return self.namespace


class OpenVSwitch(FarVtep):
    """Debian's Open vSwitch, user-space datapath; br-phy has the underlay's address, a veth of br-int leads to the machine."""

    def start(self, *words):
        env = dict(os.environ, OVS_RUNDIR=self.folder, OVS_LOGDIR=self.folder, OVS_DBDIR=self.folder)
        with open(f"{self.folder}/log", "a") as log:
            self.processes.append(subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.namespace}", *words], env=env, stdout=log, stderr=log))

    def vsctl(self, *words):
        run("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "--timeout=20", *words)

    def serve(self, vni, encapsulation, mac, address, mtu):
        self.folder = tempfile.mkdtemp(prefix="weft-ovs-")
        run("ovsdb-tool", "create", f"{self.folder}/conf.db", "/usr/share/openvswitch/vswitch.ovsschema")
        self.start("ovsdb-server", f"{self.folder}/conf.db", f"--remote=punix:{self.folder}/db.sock",
                   f"--unixctl={self.folder}/ovsdb.ctl")
        wait_until(pathlib.Path(self.folder, "db.sock").exists, what="ovsdb-server listens")
        self.vsctl("--no-wait", "init")
        self.start("ovs-vswitchd", f"unix:{self.folder}/db.sock", f"--unixctl={self.folder}/vswitchd.ctl")
        guest = self.add_namespace("machine")
        self.ip("link", "add", "p0", "mtu", mtu, "type", "veth", "peer", "name", "eth0", "mtu", mtu, "address", mac,
                "netns", guest)
        self.ip("link", "set", "p0", "up")
        run("ip", "netns", "exec", guest, "ethtool", "-K", "eth0", "tx", "off")
        self.ip("address", "add", f"{address}/24", "dev", "eth0", namespace=guest)
        self.ip("link", "set", "eth0", "up", namespace=guest)
        self.ip("address", "flush", "dev", "u0")
        self.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", "--",
                   "add-port", "br-phy", "u0")
        self.ip("link", "set", "br-phy", "up")
        self.add_address("br-phy")
        self.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev", "--",
                   "add-port", "br-int", "tun0", "--", "set", "interface", "tun0", f"type={encapsulation}",
                   f"options:local_ip={self.address}", f"options:remote_ip={self.local}", f"options:key={vni}", "--",
                   "add-port", "br-int", "p0")
        return guest
