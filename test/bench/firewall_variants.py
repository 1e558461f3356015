"""The stateful firewalls that are compared: two guests of one host, and what is between them.

    client 10.0.0.11 ── host ── server 10.0.0.12        client opens; rules are those of the server's port, into it
A case is a set of rules. `off`: no firewall. `N rules`: N about TCP ports that nobody uses, and the one that lets the client in
behind them. `N members`: the rule is about a group of N, one of which is the client.
"""
import dataclasses
import os

import measure
from shell import folder, namespace, sh, spawn, wait_until
from variants import QUEUES, Guests
from weft import Weft as WeftCloud

OVERHEAD = 78  # what weftd leaves to its tunnels, for all variants alike
SUBNET = "10.0.0.0/16"
GUESTS = {"client": ("02:00:00:00:00:11", "10.0.0.11"), "server": ("02:00:00:00:00:12", "10.0.0.12")}
CLIENT, SERVER = GUESTS["client"][1], GUESTS["server"][1]
SMALL_GROUP = 10
FIRST_PORT = 20000  # of the rules that let nobody in


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    rules: int = 0
    members: int = 0
    off: bool = False

    def others(self):
        """The members but the client; each group has addresses of its own."""
        block = 64 if self.members > SMALL_GROUP else 32
        return [f"10.0.{block + i // 250}.{1 + i % 250}" for i in range(self.members - 1)]


def cases(members_max):
    return [Case("off", off=True), *(Case(f"{n} rules", rules=n) for n in (0, 10, 100, 1000)),
            *(Case(f"{n} members", members=n) for n in (SMALL_GROUP, members_max))]


class Variant:
    guest_offloads = ""
    tests = list(measure.TESTS)

    def __init__(self, name, mtu):
        self.name, self.mtu = name, mtu - OVERHEAD
        self.host = namespace(f"{name}-h")
        self.guests = {guest: namespace(f"{name}-{guest[0]}") for guest in GUESTS}
        for guest, (mac, address) in GUESTS.items():
            sh(f"ip link add p-{guest} netns {self.host} mtu {self.mtu} {QUEUES} type veth "
               f"peer name eth0 netns {self.guests[guest]} address {mac} mtu {self.mtu} {QUEUES}")
            sh(f"ip link set p-{guest} up", netns=self.host)
            sh(f"ip addr add {address}/16 dev eth0; ip link set eth0 up", netns=self.guests[guest])
            if self.guest_offloads:
                sh(f"ethtool -K eth0 {self.guest_offloads}", netns=self.guests[guest])
        self.join()

    def ends(self):
        return Guests(self.guests["client"], self.guests["server"], SERVER)

    def check(self, case):
        wait_until(lambda: "1 received" in sh(f"ping -c1 -W1 {SERVER}", self.guests["client"], check=False),
                   f"ping of {self.name} with {case.name}")


class Bare:
    """No switch at all: one veth pair between the guests. What it takes is taken off the others' time for a connection of the path."""
    tests = ["path", "known"]

    def __init__(self, name, mtu):
        self.guests = [namespace(f"{name}-{guest[0]}") for guest in GUESTS]
        sh(f"ip link add eth0 netns {self.guests[0]} mtu {mtu - OVERHEAD} {QUEUES} type veth peer name eth0 netns {self.guests[1]} mtu {mtu - OVERHEAD} {QUEUES}")
        for guest, address in zip(self.guests, (CLIENT, SERVER)):
            sh(f"ip addr add {address}/16 dev eth0; ip link set eth0 up", netns=guest)

    def ends(self):
        return Guests(*self.guests, SERVER)

    def apply(self, _):
        pass

    def check(self, _):
        pass


class Nftables(Variant):
    """A bridge whose packets pass nftables with connection tracking (br_netfilter), as Neutron's hybrid firewall has it; one
    chain with the rules of one port alone, and a set for a group."""

    def bridge(self, name, *ports):
        sh(f"ip link add {name} type bridge mcast_snooping 0; ip link set {name} up", netns=self.host)
        for port in ports:
            sh(f"ip link set {port} master {name} up", netns=self.host)

    def join(self):
        self.bridge("br0", *(f"p-{guest}" for guest in GUESTS))
        sh("sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=1 || true", netns=self.host)

    def apply(self, case):
        sh(f"nft flush ruleset; sysctl -qw net.bridge.bridge-nf-call-iptables={int(not case.off)}", netns=self.host)
        if case.off:
            return
        lines = ["table ip filter {", "set members { type ipv4_addr; }", *self.chains(case), "}"]
        if case.members:
            lines.append(f"add element ip filter members {{ {', '.join([CLIENT, *case.others()])} }}")
        sh("nft -f -", netns=self.host, stdin="\n".join(lines) + "\n")

    def chains(self, case):
        return ["chain forwarded {", "type filter hook forward priority 0; policy drop;", *self.into_server(case), "}"]

    def into_server(self, case):
        rules = ["ct state established,related accept", "ct state invalid drop"]
        rules += [f"tcp dport {FIRST_PORT + i} accept" for i in range(case.rules)]
        return [*rules, "ip saddr @members accept" if case.members else f"ip saddr {SUBNET} accept"]


class NftablesPerPort(Nftables):
    """What weft does, done by nftables as Neutron's hybrid firewall places it: a bridge for each port, with that port's rules in both directions, the
    sender's address among them, and a zone of connection tracking of its own. Between the bridges, where Neutron has Open vSwitch, is one veth pair."""

    def join(self):
        sh("ip link add j-client type veth peer name j-server", netns=self.host)
        for guest in GUESTS:
            self.bridge(f"br-{guest}", f"p-{guest}", f"j-{guest}")

    def chains(self, case):
        zones = ["chain zones {", "type filter hook prerouting priority raw;",
                 *(f"iifname br-{guest} ct zone set {zone}" for zone, guest in enumerate(GUESTS, 1)), "}"]
        client = ["chain client {", "ct state established,related accept", "ct state invalid drop", f"ip saddr {CLIENT} accept", "drop", "}"]
        server = ["chain server {", *self.into_server(case), "drop", "}"]
        return [*zones, *client, *server, "chain forwarded {", "type filter hook forward priority 0; policy drop;",
                *(f"iifname br-{guest} jump {guest}" for guest in GUESTS), "}"]


class OpenVSwitch(Variant):
    """Debian's Open vSwitch with its user-space datapath and its own connection tracking."""
    guest_offloads = "tx off"

    def join(self):
        self.run = folder(f"{self.name}-ovs")
        self.env = dict(os.environ, OVS_RUNDIR=self.run, OVS_LOGDIR=self.run, OVS_DBDIR=self.run)
        sh(f"ovsdb-tool create {self.run}/conf.db /usr/share/openvswitch/vswitch.ovsschema", env=self.env)
        spawn(f"ovsdb-server {self.run}/conf.db --remote=punix:{self.run}/db.sock --unixctl={self.run}/ovsdb.ctl", self.host, self.env,
              f"{self.run}/log")
        wait_until(lambda: os.path.exists(f"{self.run}/db.sock"), "ovsdb-server")
        vsctl = f"ovs-vsctl --db=unix:{self.run}/db.sock"
        sh(f"{vsctl} --no-wait init", env=self.env)
        spawn(f"ovs-vswitchd unix:{self.run}/db.sock --unixctl={self.run}/vswitchd.ctl", self.host, self.env, f"{self.run}/log")
        ports = "".join(f" -- add-port br0 p-{guest}" for guest in GUESTS)
        sh(f"{vsctl} add-br br0 -- set bridge br0 datapath_type=netdev{ports}", netns=self.host, env=self.env)

    def apply(self, case):
        flows = ["priority=0 actions=NORMAL"]
        if not case.off:
            who = [CLIENT, *case.others()] if case.members else [SUBNET]
            flows += ["priority=10,ip,ct_state=-trk actions=ct(table=1)", "table=1,priority=10,ip,ct_state=+trk+est actions=NORMAL",
                      "table=1,priority=10,ip,ct_state=+trk+rel actions=NORMAL", "table=1,priority=0 actions=drop"]
            flows += [f"table=1,priority=5,tcp,ct_state=+trk+new,tp_dst={FIRST_PORT + i} actions=ct(commit),NORMAL" for i in range(case.rules)]
            flows += [f"table=1,priority=4,ip,ct_state=+trk+new,nw_src={address} actions=ct(commit),NORMAL" for address in who]
        sh(f"ovs-ofctl -O OpenFlow14 --bundle replace-flows unix:{self.run}/br0.mgmt -", netns=self.host, env=self.env, stdin="\n".join(flows) + "\n")


class Weft(Variant):
    """The product as users run it. A group's other members are ports that are bound nowhere; `off` is without port security."""

    def join(self):
        sh("ip link add u0 type veth peer name u1; ip addr add 192.0.2.1/24 dev u0; ip link set u0 up; ip link set u1 up", netns=self.host)
        self.cloud = WeftCloud(self.name, [self.host], ["192.0.2.1"], "geneve", self.mtu + OVERHEAD,
                               settings=["half-open-per-port = 65536"])  # the other variants have no quota that new flows could meet
        self.cloud.network("net", SUBNET)
        self.ports, self.groups = {}, {}
        for guest, (mac, address) in GUESTS.items():
            self.ports[guest] = self.cloud.port("net", 0, mac, address)
            self.cloud.plug(self.ports[guest], 0, f"p-{guest}")
        self.out = self.group("out")

    def group(self, name):
        return self.cloud.api("POST", "/v2.0/security-groups", {"security_group": {"name": name}})["security_group"]["id"]

    def make(self, case):
        """(group of the client, group of the server)"""
        group, members = self.group(case.name), self.group(f"{case.name}: who") if case.members else self.out
        allow = {"security_group_id": group, "direction": "ingress", "ethertype": "IPv4"}
        rules = [{**allow, "protocol": "tcp", "port_range_min": FIRST_PORT + i, "port_range_max": FIRST_PORT + i} for i in range(case.rules)]
        rules.append({**allow, **({"remote_group_id": members} if case.members else {"remote_ip_prefix": SUBNET})})
        self.make_all("security_group_rules", rules)
        ports = [{"network_id": self.cloud.ids["net"], "security_groups": [members], "fixed_ips": [{"ip_address": address}]}
                 for address in case.others()]
        self.make_all("ports", ports)
        return members, group

    def make_all(self, collection, items):
        """At most 1,000 a request."""
        made = []
        for i in range(0, len(items), 1000):
            made += self.cloud.api("POST", f"/v2.0/{collection.replace('_', '-')}", {collection: items[i:i + 1000]})[collection]
        return made

    def apply(self, case):
        if not case.off and case not in self.groups:
            self.groups[case] = self.make(case)
        for guest, group in zip(GUESTS, [None, None] if case.off else self.groups[case]):
            groups = [] if case.off else [group]
            self.cloud.api("PUT", f"/v2.0/ports/{self.ports[guest]}", {"port": {"port_security_enabled": not case.off, "security_groups": groups}})
        self.cloud.api("GET", "/weft/v1/wait?timeout=30")


VARIANTS = {"bare": ("bare veth (the limit)", Bare), "nft": ("bridge + nftables, conntrack", Nftables),
            "nft2": ("the same at both ports, as Neutron's hybrid firewall", NftablesPerPort), "ovs": ("Open vSwitch user space, ct", OpenVSwitch), "weft": ("weft", Weft)}
