"""What is measured: each variant builds guests on two hosts that talk through it.

    client ---- host 1 ======= host 2 ---- remote          === is the underlay, one veth pair
    neighbour --- host 1
The path `same` is client to neighbour, `cross` is client to remote. All variants stand at once.
"""
import dataclasses
import os

from shell import folder, namespace, sh, spawn, wait_until
from weft import Weft as WeftCloud

QUEUES = "numtxqueues 2 numrxqueues 2"
GUESTS = {  # name -> (host, MAC, address)
    "client": (0, "02:00:00:00:00:11", "10.0.0.11"),
    "neighbour": (0, "02:00:00:00:00:12", "10.0.0.12"),
    "remote": (1, "02:00:00:00:00:21", "10.0.0.21"),
}
TUNNEL = ["192.0.2.1", "192.0.2.2"]
UNDERLAY_MAC = ["02:00:00:00:ff:01", "02:00:00:00:ff:02"]


@dataclasses.dataclass
class Guests:
    client: str   # namespaces
    server: str
    address: str  # of the server


class Variant:
    """Two hosts with an underlay and three guests; what joins them is the subclass's."""
    overhead = 50
    guest_offloads = ""

    def __init__(self, name, mtu):
        self.name, self.mtu = name, mtu
        self.hosts = [namespace(f"{name}-h{i}") for i in range(2)]
        self.guests = {guest: namespace(f"{name}-{guest[0]}") for guest in GUESTS}
        self.underlay()
        for guest in GUESTS:
            self.guest(guest)
        self.join()

    def underlay(self):
        a, b = self.hosts
        sh(f"ip link add u0 netns {a} address {UNDERLAY_MAC[0]} mtu {self.mtu} {QUEUES} type veth "
           f"peer name u0 netns {b} address {UNDERLAY_MAC[1]} mtu {self.mtu} {QUEUES}")
        for i, host in enumerate(self.hosts):
            sh(f"ip addr add {TUNNEL[i]}/24 dev u0; ip link set u0 up; "
               f"ip neigh replace {TUNNEL[1 - i]} lladdr {UNDERLAY_MAC[1 - i]} dev u0", netns=host)

    def guest(self, guest):
        host, mac, address = GUESTS[guest]
        mtu = self.mtu - self.overhead
        sh(f"ip link add p-{guest} netns {self.hosts[host]} mtu {mtu} {QUEUES} type veth "
           f"peer name eth0 netns {self.guests[guest]} address {mac} mtu {mtu} {QUEUES}")
        sh(f"ip link set p-{guest} up", netns=self.hosts[host])
        sh(f"ip addr add {address}/24 dev eth0; ip link set eth0 up", netns=self.guests[guest])
        if self.guest_offloads:
            sh(f"ethtool -K eth0 {self.guest_offloads}", netns=self.guests[guest])

    def ends(self, path):
        server = "neighbour" if path == "same" else "remote"
        return Guests(self.guests["client"], self.guests[server], GUESTS[server][2])

    def check(self):
        for path in ("same", "cross"):
            ends = self.ends(path)
            wait_until(lambda: "1 received" in sh(f"ping -c1 -W1 {ends.address}", ends.client, check=False),
                       f"ping of {self.name} on the path {path}")


class Bare(Variant):
    """No switch and no host at all: one veth pair between the guests. The limit."""

    def __init__(self, name, mtu):
        self.name = name
        self.pairs = {}
        for path in ("same", "cross"):
            a, b = namespace(f"{name}-{path}-a"), namespace(f"{name}-{path}-b")
            sh(f"ip link add eth0 netns {a} mtu {mtu} {QUEUES} type veth peer name eth0 netns {b} mtu {mtu} {QUEUES}")
            for end, address in ((a, "10.0.0.11"), (b, "10.0.0.21")):
                sh(f"ip addr add {address}/24 dev eth0; ip link set eth0 up", netns=end)
            self.pairs[path] = Guests(a, b, "10.0.0.21")

    def ends(self, path):
        return self.pairs[path]


class Bridge(Variant):
    """What Neutron's Linux bridge agent builds, without its firewall."""

    def join(self):
        for i, host in enumerate(self.hosts):
            sh(f"""ip link add br0 type bridge mcast_snooping 0
                   ip link add vx0 mtu {self.mtu - 50} type vxlan id 100 local {TUNNEL[i]} remote {TUNNEL[1 - i]} dstport 4789 dev u0
                   ip link set vx0 master br0; ip link set vx0 up; ip link set br0 up
                   sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 || true""", netns=host)
            for guest, (where, _, _) in GUESTS.items():
                if where == i:
                    sh(f"ip link set p-{guest} master br0", netns=host)


class OpenVSwitch(Variant):
    """Debian's Open vSwitch with its user-space datapath. Its packets have no checksum offload."""
    guest_offloads = "tx off"

    def join(self):
        for i, host in enumerate(self.hosts):
            self.daemon(host, i)

    def daemon(self, host, i):
        run = folder(f"ovs{i}")
        env = dict(os.environ, OVS_RUNDIR=run, OVS_LOGDIR=run, OVS_DBDIR=run)
        sh(f"ovsdb-tool create {run}/conf.db /usr/share/openvswitch/vswitch.ovsschema", env=env)
        spawn(f"ovsdb-server {run}/conf.db --remote=punix:{run}/db.sock --unixctl={run}/ovsdb.ctl", host, env, f"{run}/log")
        wait_until(lambda: os.path.exists(f"{run}/db.sock"), "ovsdb-server")
        vsctl = f"ovs-vsctl --db=unix:{run}/db.sock"
        sh(f"{vsctl} --no-wait init", env=env)
        spawn(f"ovs-vswitchd unix:{run}/db.sock --unixctl={run}/vswitchd.ctl", host, env, f"{run}/log")
        ports = "".join(f" -- add-port br-int p-{guest}" for guest, (where, _, _) in GUESTS.items() if where == i)
        sh(f"ip addr flush dev u0; {vsctl} add-br br-phy -- set bridge br-phy datapath_type=netdev "
           f"other_config:hwaddr={UNDERLAY_MAC[i]} -- add-port br-phy u0", netns=host, env=env)
        sh(f"ip link set br-phy mtu {self.mtu} up; ip addr add {TUNNEL[i]}/24 dev br-phy; "
           f"ip neigh replace {TUNNEL[1 - i]} lladdr {UNDERLAY_MAC[1 - i]} dev br-phy", netns=host)
        sh(f"{vsctl} add-br br-int -- set bridge br-int datapath_type=netdev -- add-port br-int tun0 -- set interface tun0 "
           f"type=vxlan options:local_ip={TUNNEL[i]} options:remote_ip={TUNNEL[1 - i]} options:key=100{ports}", netns=host, env=env)


class Weft(Variant):
    """The product as users run it: weftd, two agents, ports with port security."""
    encapsulation = "geneve"
    overhead = 78  # what weftd leaves for the largest of its headers, whichever is used

    def join(self):
        self.cloud = WeftCloud(self.name, self.hosts, TUNNEL, self.encapsulation, self.mtu)
        self.cloud.network("net", "10.0.0.0/24")
        for guest, (host, mac, address) in GUESTS.items():
            self.cloud.plug(self.cloud.port("net", host, mac, address), host, f"p-{guest}")


class WeftVxlan(Weft):
    encapsulation = "vxlan"


VARIANTS = {
    "bare": ("bare veth (the limit)", Bare),
    "bridge": ("Linux bridge + kernel vxlan", Bridge),
    "ovs": ("Open vSwitch user space, vxlan", OpenVSwitch),
    "weft": ("weft, Geneve", Weft),
    "weft-vxlan": ("weft, VXLAN", WeftVxlan),
}
